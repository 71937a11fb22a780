package rdbfmt

import (
	"encoding/binary"
	"math"
	"strconv"
)

// A length is, by the top two bits of its first byte:
//
//	00xxxxxx             6 bits
//	01xxxxxx b           14 bits, high bits first
//	10000000 + 4 bytes   32 bits, big-endian
//	10000001 + 8 bytes   64 bits, big-endian (version 8 and later)
//	11eeeeee             no length: the string is encoded in form e
const (
	len6  = 0
	len14 = 1
	len32 = 0x80
	len64 = 0x81
	// encMask marks a first byte that names a string encoding.
	encMask = 0xC0
)

// String encodings: the six low bits of a first byte 11eeeeee.
const (
	EncInt8  = 0
	EncInt16 = 1
	EncInt32 = 2
	EncLZF   = 3 // len compressed size, len size, compressed bytes
)

// MaxLenSize is the size of the longest length.
const MaxLenSize = 9

// ParseLen reads the length that begins b and its size. encoded means that the
// first byte names a string encoding, returned as n. size is 0 if b ends before
// the length does, and -1 if the first byte is none.
func ParseLen(b []byte) (n uint64, encoded bool, size int) {
	if len(b) == 0 {
		return 0, false, 0
	}
	switch c := b[0]; {
	case c>>6 == len6:
		return uint64(c), false, 1
	case c>>6 == len14:
		if len(b) < 2 {
			return 0, false, 0
		}
		return uint64(c&63)<<8 | uint64(b[1]), false, 2
	case c == len32:
		if len(b) < 5 {
			return 0, false, 0
		}
		return uint64(binary.BigEndian.Uint32(b[1:])), false, 5
	case c == len64:
		if len(b) < 9 {
			return 0, false, 0
		}
		return binary.BigEndian.Uint64(b[1:]), false, 9
	case c >= encMask:
		return uint64(c & 63), true, 1
	}
	return 0, false, -1
}

// AppendLen appends n in its shortest form.
func AppendLen(dst []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, len14<<6|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, len32), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, len64), n)
	}
}

// Strings shorter than minCompress are not worth an attempt at compression.
const minCompress = 21

// AppendString appends s as a string: an integer if its text is one in canonical
// form, LZF if compress is set and that saves something, plain bytes otherwise.
func AppendString(dst, s []byte, compress bool) []byte {
	if len(s) <= 11 {
		if n, ok := canonicalInt32(s); ok {
			return AppendInt(dst, int64(n))
		}
	}
	if compress && len(s) >= minCompress {
		if out, ok := appendLZFString(dst, s); ok {
			return out
		}
	}
	return AppendPlain(dst, s)
}

// CutString returns the string that begins b, decompressed, and what follows it. The string may be a part of b.
func CutString(b []byte) (s, rest []byte, err error) {
	n, encoded, size := ParseLen(b)
	if size <= 0 {
		return nil, nil, ErrString
	}
	b = b[size:]
	if !encoded {
		if n > uint64(len(b)) {
			return nil, nil, ErrString
		}
		return b[:n], b[n:], nil
	}
	if width := 1 << n; n <= EncInt32 {
		if width > len(b) {
			return nil, nil, ErrString
		}
		var v int64
		switch n {
		case EncInt8:
			v = int64(int8(b[0]))
		case EncInt16:
			v = int64(int16(binary.LittleEndian.Uint16(b)))
		default:
			v = int64(int32(binary.LittleEndian.Uint32(b)))
		}
		return strconv.AppendInt(nil, v, 10), b[width:], nil
	}
	if n != EncLZF {
		return nil, nil, ErrString
	}
	var sizes [2]uint64
	for i := range sizes {
		n, encoded, size := ParseLen(b)
		if size <= 0 || encoded {
			return nil, nil, ErrString
		}
		sizes[i], b = n, b[size:]
	}
	if sizes[0] > uint64(len(b)) {
		return nil, nil, ErrString
	}
	packed, rest := b[:sizes[0]], b[sizes[0]:]
	// What it really takes is counted before memory is taken for it.
	if plain, err := DecompressedSize(packed); err != nil || uint64(plain) != sizes[1] {
		return nil, nil, ErrString
	}
	s = make([]byte, sizes[1])
	if err := Decompress(s, packed); err != nil {
		return nil, nil, ErrString
	}
	return s, rest, nil
}

// StringError is what is wrong with an encoded string.
type StringError string

// Error returns the reason.
func (e StringError) Error() string { return string(e) }

// ErrString says that bytes are not a string as RDB encodes one.
const ErrString StringError = "not a string"

// AppendPlain appends s as a length and its bytes.
func AppendPlain(dst, s []byte) []byte {
	return append(AppendLen(dst, uint64(len(s))), s...)
}

// AppendInt appends the string that is the decimal text of n: as an encoded
// integer if it fits 32 bits, as plain text otherwise.
func AppendInt(dst []byte, n int64) []byte {
	switch {
	case n == int64(int8(n)):
		return append(dst, encMask|EncInt8, byte(n))
	case n == int64(int16(n)):
		return append(dst, encMask|EncInt16, byte(n), byte(n>>8))
	case n == int64(int32(n)):
		return binary.LittleEndian.AppendUint32(append(dst, encMask|EncInt32), uint32(n))
	}
	var text [20]byte
	return AppendPlain(dst, strconv.AppendInt(text[:0], n, 10))
}

// appendLZFString appends s compressed; not ok if that saves nothing.
func appendLZFString(dst, s []byte) ([]byte, bool) {
	// The compressed size stands before the bytes and is not known yet: compress
	// behind room for the longest header, then move down.
	const room = 1 + 2*MaxLenSize
	start := len(dst)
	var head [room]byte
	out, ok := Compress(append(dst, head[:]...), s)
	if !ok {
		return dst, false
	}
	body := out[start+room:]
	h := append(head[:0], encMask|EncLZF)
	h = AppendLen(h, uint64(len(body)))
	h = AppendLen(h, uint64(len(s)))
	n := copy(out[start:], h)
	n += copy(out[start+n:], body)
	return out[:start+n], true
}

// canonicalInt32 reads the text of a 32-bit integer that prints back as the same bytes.
func canonicalInt32(s []byte) (int32, bool) {
	digits, negative := s, false
	if len(s) > 1 && s[0] == '-' {
		digits, negative = s[1:], true
	}
	if len(digits) == 0 || len(digits) > 10 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return int32(n), n == int64(int32(n))
}
