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
	buf    []byte
	r, w   int
	base   int64 // offset in the input of buf[0]
	crc    uint64
	summed int
	noSum  bool // no checksum is wanted

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
		return io.ErrUnexpectedEOF
	}
	in.sumUp()
	if in.r > 0 {
		copy(in.buf, in.buf[in.r:in.w])
		in.base += int64(in.r)
		in.w -= in.r
		in.r, in.summed = 0, 0
		if len(in.buf) < windowSize {
			in.grow(windowSize)
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
			return io.ErrUnexpectedEOF
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

// grow makes room in a full window on the way to n bytes.
func (in *window) grow(n int) {
	buf := make([]byte, max(windowStart, min(n, 2*len(in.buf))))
	copy(buf, in.buf[:in.w])
	in.buf = buf
}

// trim gives up a window that grew for one large string.
func (in *window) trim() {
	if len(in.buf) <= windowKeep || in.src == nil || in.w-in.r > windowSize {
		return
	}
	in.sumUp()
	buf := make([]byte, windowSize)
	in.w = copy(buf, in.buf[in.r:in.w])
	in.base += int64(in.r)
	in.r, in.summed, in.buf = 0, 0, buf
}

// sumUp brings the checksum up to the read position.
func (in *window) sumUp() {
	if !in.noSum {
		in.crc = rdbfmt.CRC64(in.crc, in.buf[in.summed:in.r])
	}
	in.summed = in.r
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
