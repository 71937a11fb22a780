package s3

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"sync"
)

// chunk is the unit in which buffers grow.
type chunk [64 << 10]byte

// pieces is a buffer that holds about as much memory as it has bytes, lent by a pool.
type pieces struct {
	pool   *sync.Pool // of *chunk
	chunks []*chunk
	size   int64
}

// append adds bytes at the end.
func (p *pieces) append(b []byte) {
	for len(b) > 0 {
		at := int(p.size % int64(len(chunk{})))
		if at == 0 {
			p.chunks = append(p.chunks, p.pool.Get().(*chunk))
		}
		n := copy(p.chunks[len(p.chunks)-1][at:], b)
		p.size += int64(n)
		b = b[n:]
	}
}

// overwrite changes bytes that are there, all in the first chunk.
func (p *pieces) overwrite(b []byte, at int) {
	copy(p.chunks[0][at:], b)
}

// free gives the memory back.
func (p *pieces) free() {
	for _, c := range p.chunks {
		p.pool.Put(c)
	}
	p.chunks, p.size = nil, 0
}

// each calls fn for the bytes, in order.
func (p *pieces) each(fn func(b []byte)) {
	left := p.size
	for _, c := range p.chunks {
		n := min(left, int64(len(c)))
		fn(c[:n])
		left -= n
	}
}

// checksums returns the MD5 checksum as the header Content-Md5 has it, and SHA-256, if wanted, as signatures do.
func (p *pieces) checksums(wantSHA256 bool) (md5Base64, sha256Hex string) {
	digest, hash := md5.New(), sha256.New()
	p.each(func(b []byte) {
		digest.Write(b)
		if wantSHA256 {
			hash.Write(b)
		}
	})
	if wantSHA256 {
		sha256Hex = hex.EncodeToString(hash.Sum(nil))
	}
	return base64.StdEncoding.EncodeToString(digest.Sum(nil)), sha256Hex
}

// piecesReader reads the bytes of a pieces, until it is stopped: an HTTP request that failed may be reading its body
// still when the caller goes on, and must not do so when the memory has another use.
//
// It does not seek, which also keeps the library from reading it twice: each attempt has a reader of its own.
type piecesReader struct {
	mu     sync.Mutex
	chunks []*chunk
	left   int64
	at     int // in the first chunk
}

func (p *pieces) reader() *piecesReader {
	return &piecesReader{chunks: p.chunks, left: p.size}
}

var errStopped = errors.New("the request is over")

// Read reads up to the end of a chunk.
func (r *piecesReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left < 0 {
		return 0, errStopped
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	rest := r.chunks[0][r.at:]
	n := copy(b[:min(int64(len(b)), r.left)], rest)
	r.left -= int64(n)
	if r.at += n; r.at == len(chunk{}) {
		r.chunks, r.at = r.chunks[1:], 0
	}
	return n, nil
}

// stop ends reading: when it returns, no byte is looked at any more.
func (r *piecesReader) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.chunks, r.left = nil, -1
}
