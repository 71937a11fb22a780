package listpack

import (
	"encoding/binary"

	"dragonfly/store/number"
)

const (
	// EmptySize is the size of a listpack without entries.
	EmptySize = headerSize + 1

	// MaxSize bounds what SafeToAdd lets a listpack grow to.
	MaxSize = 1 << 30

	headerSize   = 6
	endByte      = 0xFF
	unknownCount = 65535 // in the header: too many to say, walk
)

// First bytes of the encodings; the short ones carry value bits below.
const (
	encStr6  = 0x80
	encInt13 = 0xC0
	encStr12 = 0xE0
	encStr32 = 0xF0
	encInt16 = 0xF1
	encInt24 = 0xF2
	encInt32 = 0xF3
	encInt64 = 0xF4
)

// New returns an empty listpack in dst's memory, whose contents are dropped.
func New(dst []byte) []byte {
	return append(dst[:0], EmptySize, 0, 0, 0, 0, 0, endByte)
}

// Bytes returns the total size that the header states.
func Bytes(lp []byte) int { return int(binary.LittleEndian.Uint32(lp)) }

// Len returns the number of elements. It walks the listpack when the header
// does not know, which takes 65535 elements to happen.
func Len(lp []byte) int {
	if n := headerCount(lp); n != unknownCount {
		return n
	}
	n := 0
	for p := headerSize; lp[p] != endByte; p += EntrySize(lp, p) {
		n++
	}
	return n
}

// SafeToAdd reports whether lp may grow by n bytes without passing MaxSize.
// A nil lp counts as no bytes.
func SafeToAdd(lp []byte, n int) bool { return n <= MaxSize-len(lp) }

// First returns the offset of the first entry, -1 if there is none.
func First(lp []byte) int {
	if lp[headerSize] == endByte {
		return -1
	}
	return headerSize
}

// Last returns the offset of the last entry, -1 if there is none.
func Last(lp []byte) int { return Prev(lp, len(lp)-1) }

// Next returns the offset of the entry after the one at p, -1 if p is the last.
func Next(lp []byte, p int) int {
	p += EntrySize(lp, p)
	if lp[p] == endByte {
		return -1
	}
	return p
}

// Prev returns the offset of the entry before the one at p, -1 if p is the
// first. p may also be the offset of the end byte.
func Prev(lp []byte, p int) int {
	if p == headerSize {
		return -1
	}
	size := int(lp[p-1])
	if size < 128 {
		return p - 1 - size
	}
	size &= 127
	for shift, q := 7, p-2; ; shift, q = shift+7, q-1 {
		size |= int(lp[q]&127) << shift
		if lp[q] < 128 {
			return q - size
		}
	}
}

// Seek returns the offset of the element at index, -1 if there is none.
// Negative indexes count from the tail, -1 being the last element. It walks
// from the nearer end.
func Seek(lp []byte, index int) int {
	fromHead := index >= 0
	if count := headerCount(lp); count != unknownCount {
		if index < 0 {
			index += count
		}
		if index < 0 || index >= count {
			return -1
		}
		if fromHead = index < count/2; !fromHead {
			index -= count
		}
	}
	if fromHead {
		p := headerSize
		for ; lp[p] != endByte; p += EntrySize(lp, p) {
			if index == 0 {
				return p
			}
			index--
		}
		return -1
	}
	p := Last(lp)
	for ; p >= 0 && index < -1; index++ {
		p = Prev(lp, p)
	}
	return p
}

// Get returns the element at p: the integer n if isInt, else the string s,
// which lies in lp and is good until lp is edited.
func Get(lp []byte, p int) (s []byte, n int64, isInt bool) {
	s, n, isInt, _ = GetNext(lp, p)
	return s, n, isInt
}

// GetNext is Get and Next at the price of one: it also returns the offset of
// the entry that follows, -1 if there is none.
func GetNext(lp []byte, p int) (s []byte, n int64, isInt bool, next int) {
	b := lp[p]
	switch {
	case b < encStr6:
		n, isInt, next = int64(b), true, p+1
	case b < encInt13:
		next = p + 1 + int(b&0x3F)
		s = lp[p+1 : next : next]
	default:
		s, n, isInt = getLong(lp, p)
		next = p + bodySize(lp, p)
	}
	next += backlenSize(next - p)
	if lp[next] == endByte {
		next = -1
	}
	return s, n, isInt, next
}

// getLong is Get for the encodings with a header of more than one byte.
func getLong(lp []byte, p int) (s []byte, n int64, isInt bool) {
	data := lp[p+1:]
	switch b := lp[p]; {
	case b < encStr12:
		u := uint64(b&0x1F)<<8 | uint64(data[0])
		return nil, signExtend(u, 13), true
	case b < encStr32:
		size := int(b&0x0F)<<8 | int(data[0])
		return data[1 : 1+size : 1+size], 0, false
	case b == encStr32:
		size := int(binary.LittleEndian.Uint32(data))
		return data[4 : 4+size : 4+size], 0, false
	case b == encInt16:
		return nil, int64(int16(binary.LittleEndian.Uint16(data))), true
	case b == encInt24:
		u := uint64(data[0]) | uint64(data[1])<<8 | uint64(data[2])<<16
		return nil, signExtend(u, 24), true
	case b == encInt32:
		return nil, int64(int32(binary.LittleEndian.Uint32(data))), true
	default:
		return nil, int64(binary.LittleEndian.Uint64(data)), true
	}
}

// signExtend reads the low bits of u as a two's complement number.
func signExtend(u uint64, bits int) int64 { return int64(u<<(64-bits)) >> (64 - bits) }

// GetText returns the element at p as text: either bytes of lp, or an integer
// written into buf.
func GetText(lp []byte, p int, buf *[number.MaxIntLen]byte) []byte {
	s, n, isInt := Get(lp, p)
	if isInt {
		return number.AppendInt(buf[:0], n)
	}
	return s
}

// AppendElem appends the text of the element at p to dst.
func AppendElem(dst, lp []byte, p int) []byte {
	s, n, isInt := Get(lp, p)
	if isInt {
		return number.AppendInt(dst, n)
	}
	return append(dst, s...)
}

// EntrySize returns the bytes that the entry at p takes, backlen included.
func EntrySize(lp []byte, p int) int {
	size := bodySize(lp, p)
	return size + backlenSize(size)
}

// bodySize returns the size of encoding and data of the entry at p.
func bodySize(lp []byte, p int) int {
	switch b := lp[p]; {
	case b < encStr6:
		return 1
	case b < encInt13:
		return 1 + int(b&0x3F)
	case b < encStr12:
		return 2
	case b < encStr32:
		return 2 + (int(b&0x0F)<<8 | int(lp[p+1]))
	case b == encStr32:
		return 5 + int(binary.LittleEndian.Uint32(lp[p+1:]))
	case b == encInt64:
		return 9
	default: // F1 F2 F3
		return 2 + int(b-encStr32)
	}
}

// backlenSize returns the size of the backlen of an entry with size bytes of
// encoding and data.
func backlenSize(size int) int {
	switch {
	case size <= 127:
		return 1
	case size < 16383:
		return 2
	case size < 2097151:
		return 3
	case size < 268435455:
		return 4
	default:
		return 5
	}
}

// putBacklen writes size at the start of dst in n bytes, n = backlenSize(size).
func putBacklen(dst []byte, size, n int) {
	for i := n - 1; i > 0; i-- {
		dst[i] = byte(size&127 | 128)
		size >>= 7
	}
	dst[0] = byte(size)
}

// headerCount returns the count field, unknownCount included.
func headerCount(lp []byte) int { return int(binary.LittleEndian.Uint16(lp[4:])) }

// addCount changes the count by d. Unknown is sticky, as in Redis: only a
// rebuilt listpack gets a known count again.
func addCount(lp []byte, d int) {
	if n := headerCount(lp); n != unknownCount {
		binary.LittleEndian.PutUint16(lp[4:], uint16(min(n+d, unknownCount)))
	}
}
