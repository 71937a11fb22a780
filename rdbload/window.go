package rdbload

import (
	"encoding/binary"
	"io"
	"math"

	"dragonfly/persistence/rdbfmt"
)

const (
	// windowStart is the first size, so that a small input costs little.
	windowStart = 4 << 10
	// windowSize keeps the window within the second-level cache, so that the
	// checksum passes over bytes that parsing has just touched.
	windowSize = 128 << 10
	// streamWindow is the size for the pieces of one of many values under way.
	streamWindow = 16 << 10
	// windowKeep is the size above which a window that grew for a large string
	// is given up after the record.
	windowKeep = 4 << 20
	// progressStep is the least number of bytes between two reports.
	progressStep = 1 << 20
	// maxEmptyReads bounds reads that return neither data nor an error.
	maxEmptyReads = 100
)

// window is a sliding view of the input:
//
//	buf   | read and summed | read, not summed | unread  | free |
//	      0              summed                r         w      len(buf)
//
// What take returns lies in buf and is good until the next call that reads. The
// window grows only when the bytes it has room for have arrived, so a length in
// the input costs at most about twice the data that follows it.
type window struct {
	src    io.Reader // nil if buf is all there is
	size   int       // what buf grows to without need
	end    error     // what reading past the end gives, io.ErrUnexpectedEOF if nil
	buf    []byte
	r, w   int
	base   int64 // offset in the input of buf[0]
	crc    uint64
	summed int
	noSum  bool // no checksum is wanted

	// copied, while copying, is where in buf the bytes begin that are still to
	// be appended to copies.
	copying bool
	copied  int
	copies  []byte

	progress func(int64)
	reported int64
}

// offset returns the position in the input of the next byte.
func (in *window) offset() int64 { return in.base + int64(in.r) }

// need makes n bytes available from buf[r].
func (in *window) need(n int) error {
	if in.w-in.r >= n {
		return nil
	}
	return in.fill(n)
}

// fill reads until n bytes are available from buf[r].
func (in *window) fill(n int) error {
	if in.src == nil {
		return in.ended()
	}
	in.sumUp()
	if in.r > 0 {
		copy(in.buf, in.buf[in.r:in.w])
		in.base += int64(in.r)
		in.w -= in.r
		in.r, in.summed, in.copied = 0, 0, 0
		if len(in.buf) < in.size {
			in.grow(in.size)
		}
	}
	for empty := 0; in.w < n; {
		if in.w == len(in.buf) {
			in.grow(n)
		}
		k, err := in.src.Read(in.buf[in.w:])
		if k < 0 || k > len(in.buf)-in.w {
			return corrupt("the reader returned an impossible count")
		}
		in.w += k
		in.report(progressStep)
		if in.w >= n {
			return nil
		}
		if err == io.EOF {
			return in.ended()
		}
		if err != nil {
			return err
		}
		if k > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads {
			return io.ErrNoProgress
		}
	}
	return nil
}

// ended returns the error for what is not there any more.
func (in *window) ended() error {
	if in.end != nil {
		return in.end
	}
	return io.ErrUnexpectedEOF
}

// grow makes room in a full window on the way to n bytes.
func (in *window) grow(n int) {
	buf := make([]byte, max(windowStart, min(n, 2*len(in.buf))))
	copy(buf, in.buf[:in.w])
	in.buf = buf
}

// trim gives up a window that grew for one large string.
func (in *window) trim() {
	if len(in.buf) > windowKeep && in.src != nil && in.w-in.r <= in.size {
		in.shrink()
	}
}

// shrink goes back to the usual size, which must hold what is unread.
func (in *window) shrink() {
	in.sumUp()
	buf := make([]byte, in.size)
	in.w = copy(buf, in.buf[in.r:in.w])
	in.base += int64(in.r)
	in.r, in.summed, in.copied, in.buf = 0, 0, 0, buf
}

// sumUp brings the checksum, and the copy if one is made, up to the read position.
func (in *window) sumUp() {
	if !in.noSum {
		in.crc = rdbfmt.CRC64(in.crc, in.buf[in.summed:in.r])
	}
	in.summed = in.r
	if in.copying {
		in.copies = append(in.copies, in.buf[in.copied:in.r]...)
		in.copied = in.r
	}
}

// startCopy begins to copy what is read from now on, in place of buf's content.
func (in *window) startCopy(buf []byte) {
	in.copying, in.copied, in.copies = true, in.r, buf[:0]
}

// copyRoom reports whether n more bytes may be read as far as the copy goes.
func (in *window) copyRoom(n uint64) bool {
	return !in.copying || n <= maxOpaque && len(in.copies)+in.r-in.copied+int(n) <= maxOpaque
}

// endCopy ends it and returns the copy.
func (in *window) endCopy() []byte {
	in.sumUp()
	buf := in.copies
	in.copying, in.copies = false, nil
	return buf
}

// report tells how much has arrived if that is at least step more than last time.
func (in *window) report(step int64) {
	if n := in.base + int64(in.w); in.progress != nil && n-in.reported >= step {
		in.reported = n
		in.progress(n)
	}
}

// take returns the next n bytes.
func (in *window) take(n uint64) ([]byte, error) {
	if n > uint64(in.w-in.r) {
		if n > math.MaxInt/4 {
			return nil, corrupt("impossible length")
		}
		if err := in.fill(int(n)); err != nil {
			return nil, err
		}
	}
	end := in.r + int(n)
	s := in.buf[in.r:end:end]
	in.r = end
	return s, nil
}

// skip passes over n bytes without holding them.
func (in *window) skip(n uint64) error {
	for n > uint64(in.w-in.r) {
		n -= uint64(in.w - in.r)
		in.r = in.w
		if err := in.fill(1); err != nil {
			return err
		}
	}
	in.r += int(n)
	return nil
}

// appendNext appends the next n bytes to dst as they arrive.
func (in *window) appendNext(dst []byte, n uint64) ([]byte, error) {
	for n > 0 {
		if err := in.need(1); err != nil {
			return dst, err
		}
		k := min(n, uint64(in.w-in.r))
		dst = append(dst, in.buf[in.r:in.r+int(k)]...)
		in.r += int(k)
		n -= k
	}
	return dst, nil
}

// next returns the next byte.
func (in *window) next() (byte, error) {
	if in.r == in.w {
		if err := in.fill(1); err != nil {
			return 0, err
		}
	}
	c := in.buf[in.r]
	in.r++
	return c, nil
}

func (in *window) uint32() (uint32, error) {
	b, err := in.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (in *window) int64() (int64, error) {
	b, err := in.take(8)
	if err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(b)), nil
}

// length reads a length.
func (in *window) length() (uint64, error) {
	n, encoded, err := in.stringHead()
	if encoded && err == nil {
		return 0, corrupt("string encoding where a length is expected")
	}
	return n, err
}

// stringHead reads a length or the name of a string encoding.
func (in *window) stringHead() (n uint64, encoded bool, err error) {
	if err := in.need(1); err != nil {
		return 0, false, err
	}
	n, encoded, size := rdbfmt.ParseLen(in.buf[in.r:in.w])
	if size == 0 {
		// Nine bytes hold any length, but the input may end before.
		for want := in.w - in.r + 1; size == 0; want++ {
			if err := in.need(want); err != nil {
				return 0, false, err
			}
			n, encoded, size = rdbfmt.ParseLen(in.buf[in.r:in.w])
		}
	}
	if size < 0 {
		return 0, false, corrupt("invalid length byte")
	}
	in.r += size
	return n, encoded, nil
}
