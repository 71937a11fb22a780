package s3test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AWS Signature Version 4. What is signed, lines that end in "\n" but for the last:
//
//	canonical request: method, path, query, each signed header as "name:value", "", signed header names, hash of the body
//	string to sign:    "AWS4-HMAC-SHA256", time, scope, SHA-256 of the canonical request
//	scope:             date "/" region "/s3/aws4_request"
//	key:               HMAC chain over "AWS4"+secret, date, region, "s3", "aws4_request"
//
// The hash of the body is the header X-Amz-Content-Sha256, which may also say UNSIGNED-PAYLOAD or one of the
// STREAMING forms: then the body comes in chunks, each with a signature that covers the one before (see chunked.go).
const (
	algorithm       = "AWS4-HMAC-SHA256"
	timeLayout      = "20060102T150405Z"
	unsignedPayload = "UNSIGNED-PAYLOAD"
	maxSkew         = 15 * time.Minute
)

// signature is how a request is signed.
type signature struct {
	when  string // as in X-Amz-Date
	scope string
	key   []byte // what signs
	hex   string
}

// authenticate verifies who sent a request. The body is not read.
func (s *Server) authenticate(r *http.Request) (signature, *failure) {
	denied := func(code, message string) (signature, *failure) {
		return signature{}, &failure{http.StatusForbidden, code, message}
	}
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return denied("AccessDenied", "Anonymous access is forbidden for this operation")
	}
	var credential, signedHeaders, given string
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			signedHeaders = value
		case "Signature":
			given = value
		}
	}
	accessKey, scope, _ := strings.Cut(credential, "/")
	part := strings.Split(scope, "/")
	if len(part) != 4 || part[2] != "s3" || part[3] != "aws4_request" {
		return denied("AuthorizationHeaderMalformed", "The credential is mal-formed")
	}
	if accessKey != s.AccessKey {
		return denied("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	}
	// A client that asks for the region does not know it yet.
	if !r.URL.Query().Has("location") && part[1] != s.Region {
		return signature{}, &failure{http.StatusBadRequest, "AuthorizationHeaderMalformed",
			"The authorization header is malformed; the region '" + part[1] + "' is wrong; expecting '" + s.Region + "'"}
	}
	when := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(timeLayout, when)
	if err != nil || at.Format("20060102") != part[0] {
		return denied("AccessDenied", "X-Amz-Date is missing, mal-formed or of another day than the credential")
	}
	if age := time.Since(at); age > maxSkew || age < -maxSkew {
		return denied("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	}
	request, ok := canonicalRequest(r, strings.Split(signedHeaders, ";"))
	if !ok {
		return denied("AccessDenied", "There were headers present in the request which were not signed")
	}
	key := []byte("AWS4" + s.SecretKey)
	for _, p := range part {
		key = mac(key, p)
	}
	sum := sha256.Sum256([]byte(request))
	sig := signature{when: when, scope: scope, key: key}
	sig.hex = sig.sign(algorithm, when, scope, hex.EncodeToString(sum[:]))
	if !hmac.Equal([]byte(sig.hex), []byte(given)) {
		return denied("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
	}
	return sig, nil
}

// canonicalRequest returns the text that is signed; ok is false if headers that matter are not among the signed.
func canonicalRequest(r *http.Request, signed []string) (text string, ok bool) {
	if !slices.Contains(signed, "host") {
		return "", false
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(signed, name) {
			return "", false
		}
	}
	lines := []string{r.Method, encodePath(r.URL.Path), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")}
	for _, name := range signed {
		values := slices.Clone(r.Header.Values(name))
		switch name { // net/http moves these out of the headers
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		for i, v := range values {
			values[i] = strings.Join(strings.Fields(v), " ")
		}
		lines = append(lines, name+":"+strings.Join(values, ","))
	}
	lines = append(lines, "", strings.Join(signed, ";"), r.Header.Get("X-Amz-Content-Sha256"))
	return strings.Join(lines, "\n"), true
}

// encodePath escapes all but unreserved characters and slashes.
func encodePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(p), "+", "%20")
	}
	return strings.Join(parts, "/")
}

func (g signature) sign(lines ...string) string {
	return hex.EncodeToString(mac(g.key, strings.Join(lines, "\n")))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// readBody reads the body of a request and verifies that it is what was signed.
func readBody(r *http.Request, sig signature) ([]byte, *failure) {
	declared := r.Header.Get("X-Amz-Content-Sha256")
	if strings.HasPrefix(declared, "STREAMING-") {
		return readChunked(r, sig, declared)
	}
	if r.ContentLength < 0 {
		return nil, &failure{http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header."}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &failure{http.StatusBadRequest, "IncompleteBody", err.Error()}
	}
	if sum := sha256.Sum256(body); declared != unsignedPayload && declared != hex.EncodeToString(sum[:]) {
		return nil, &failure{http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."}
	}
	if declared := r.Header.Get("Content-Md5"); declared != "" {
		sum := md5.Sum(body)
		if given, err := base64.StdEncoding.DecodeString(declared); err != nil || !bytes.Equal(given, sum[:]) {
			return nil, &failure{http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received."}
		}
	}
	return body, nil
}
