package s3test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// A body in chunks ("aws-chunked"), lines that end in "\r\n":
//
//	chunk:   size in hex [";chunk-signature=" signature], then the bytes and "\r\n". The last has size 0 and no bytes
//	trailer: "name:value" …, then "x-amz-trailer-signature:" signature if chunks are signed, then an empty line
//
// The string to sign of a chunk is "AWS4-HMAC-SHA256-PAYLOAD", time, scope, the signature before (of the headers at
// first), SHA-256 of nothing, SHA-256 of the bytes; that of the trailer "AWS4-HMAC-SHA256-TRAILER", time, scope, the
// signature before, SHA-256 of its lines, each with "\n".
const (
	streamingSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamingSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

	maxChunk = 16 << 20
)

// chunkReader reads such a body.
type chunkReader struct {
	r      *bufio.Reader
	sig    signature
	signed bool
	prev   string // the signature before
}

func readChunked(r *http.Request, sig signature, form string) ([]byte, *failure) {
	malformed := func(err error) *failure {
		return &failure{http.StatusBadRequest, "IncompleteBody", "The body in chunks is mal-formed: " + err.Error()}
	}
	if form != streamingSigned && form != streamingSignedTrailer && form != streamingUnsignedTrailer {
		return nil, &failure{http.StatusBadRequest, "InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a streaming form or a hash."}
	}
	c := &chunkReader{r: bufio.NewReader(r.Body), sig: sig, signed: form != streamingUnsignedTrailer, prev: sig.hex}
	body, err := c.chunks()
	if err == nil && form != streamingSigned {
		err = c.trailer(r.Header.Values("X-Amz-Trailer"))
	} else if err == nil {
		_, err = c.line()
	}
	if err != nil {
		return nil, malformed(err)
	}
	if declared := r.Header.Get("X-Amz-Decoded-Content-Length"); declared != strconv.Itoa(len(body)) {
		return nil, malformed(fmt.Errorf("%d bytes, declared %s", len(body), declared))
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		return nil, malformed(fmt.Errorf("something follows the end: %w", err))
	}
	return body, nil
}

// chunks reads up to the last chunk, the one of size 0, but not the line end after it, which the trailer replaces.
func (c *chunkReader) chunks() (body []byte, err error) {
	for {
		header, err := c.line()
		if err != nil {
			return nil, err
		}
		digits, given, _ := strings.Cut(header, ";chunk-signature=")
		size, err := strconv.ParseUint(digits, 16, 32)
		if err != nil || size > maxChunk {
			return nil, fmt.Errorf("size of a chunk: %q", digits)
		}
		start := len(body)
		body = append(body, make([]byte, size)...)
		if _, err := io.ReadFull(c.r, body[start:]); err != nil {
			return nil, err
		}
		if c.signed {
			c.prev = c.sig.sign("AWS4-HMAC-SHA256-PAYLOAD", c.sig.when, c.sig.scope, c.prev, hash(nil), hash(body[start:]))
			if !hmac.Equal([]byte(c.prev), []byte(given)) {
				return nil, fmt.Errorf("signature of the chunk at %d", start)
			}
		}
		if size == 0 {
			return body, nil
		}
		if end, err := c.line(); err != nil || end != "" {
			return nil, fmt.Errorf("no line end after the chunk at %d: %w", start, err)
		}
	}
}

// trailer reads the headers behind the last chunk, which must be the announced ones.
func (c *chunkReader) trailer(announced []string) error {
	var text strings.Builder
	for range announced {
		line, err := c.line()
		if err != nil {
			return err
		}
		name, _, ok := strings.Cut(line, ":")
		if !ok || !strings.Contains(strings.ToLower(strings.Join(announced, ",")), name) {
			return fmt.Errorf("a trailer that was not announced: %q", line)
		}
		text.WriteString(line + "\n")
	}
	if c.signed {
		line, err := c.line()
		if line == "" && err == nil { // some clients end the trailer here
			line, err = c.line()
		}
		if err != nil {
			return err
		}
		want := c.sig.sign("AWS4-HMAC-SHA256-TRAILER", c.sig.when, c.sig.scope, c.prev, hash([]byte(text.String())))
		if line != "x-amz-trailer-signature:"+want {
			return fmt.Errorf("signature of the trailer")
		}
	}
	_, err := c.line()
	if rest, _ := c.r.Peek(2); err == nil && string(rest) == "\r\n" { // or here
		_, err = c.line()
	}
	return err
}

// line reads a line of a bounded length, without its end.
func (c *chunkReader) line() (string, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
