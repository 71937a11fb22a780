package listpack

import (
	"encoding/binary"
	"slices"

	"dragonfly/store/number"
)

// element is a value on its way into a listpack.
type element struct {
	s     []byte // the string, if !isInt
	n     int64  // the integer, if isInt
	size  int    // of encoding and data
	total int    // size and backlen
	isInt bool
}

// textElement chooses the encoding of a text.
func textElement(text []byte) element {
	if n, ok := number.ParseInt(text); ok {
		return intElement(n)
	}
	size := len(text)
	switch {
	case size < 64:
		size++
	case size < 4096:
		size += 2
	default:
		size += 5
	}
	return element{s: text, size: size, total: size + backlenSize(size)}
}

// intElement chooses the encoding of an integer.
func intElement(n int64) element {
	size := 9
	switch {
	case 0 <= n && n <= 127:
		size = 1
	case -1<<12 <= n && n < 1<<12:
		size = 2
	case -1<<15 <= n && n < 1<<15:
		size = 3
	case -1<<23 <= n && n < 1<<23:
		size = 4
	case -1<<31 <= n && n < 1<<31:
		size = 5
	}
	return element{n: n, size: size, total: size + 1, isInt: true}
}

// put writes the entry at the start of dst, which has room for it.
func (e *element) put(dst []byte) {
	if e.isInt {
		e.putInt(dst)
	} else {
		e.putString(dst)
	}
	putBacklen(dst[e.size:], e.size, e.total-e.size)
}

func (e *element) putInt(dst []byte) {
	switch u := uint64(e.n); e.size {
	case 1:
		dst[0] = byte(u)
	case 2:
		dst[0], dst[1] = encInt13|byte(u>>8)&0x1F, byte(u)
	case 3:
		dst[0] = encInt16
		binary.LittleEndian.PutUint16(dst[1:], uint16(u))
	case 4:
		dst[0], dst[1], dst[2], dst[3] = encInt24, byte(u), byte(u>>8), byte(u>>16)
	case 5:
		dst[0] = encInt32
		binary.LittleEndian.PutUint32(dst[1:], uint32(u))
	default:
		dst[0] = encInt64
		binary.LittleEndian.PutUint64(dst[1:], u)
	}
}

func (e *element) putString(dst []byte) {
	size := len(e.s)
	switch {
	case size < 64:
		dst[0] = encStr6 | byte(size)
	case size < 4096:
		dst[0], dst[1] = encStr12|byte(size>>8), byte(size)
	default:
		dst[0] = encStr32
		binary.LittleEndian.PutUint32(dst[1:], uint32(size))
	}
	copy(dst[e.size-size:], e.s)
}

// EncodedSize returns the bytes that elem takes as an entry, backlen included.
func EncodedSize(elem []byte) int { return textElement(elem).total }

// EncodedSizeInt returns the bytes that n takes as an entry, backlen included.
func EncodedSizeInt(n int64) int { return intElement(n).total }

// Append adds elem at the tail.
func Append(lp, elem []byte) []byte { return insert(lp, len(lp)-1, textElement(elem)) }

// AppendInt adds n at the tail.
func AppendInt(lp []byte, n int64) []byte { return insert(lp, len(lp)-1, intElement(n)) }

// Prepend adds elem at the head.
func Prepend(lp, elem []byte) []byte { return insert(lp, headerSize, textElement(elem)) }

// Insert adds elem before the entry at p; the new entry is then at p. p may
// also be the offset of the end byte.
func Insert(lp []byte, p int, elem []byte) []byte { return insert(lp, p, textElement(elem)) }

// InsertAfter adds elem after the entry at p.
func InsertAfter(lp []byte, p int, elem []byte) []byte {
	return insert(lp, p+EntrySize(lp, p), textElement(elem))
}

// Replace puts elem in the place of the entry at p.
func Replace(lp []byte, p int, elem []byte) []byte { return replace(lp, p, textElement(elem)) }

// ReplaceInt puts n in the place of the entry at p.
func ReplaceInt(lp []byte, p int, n int64) []byte { return replace(lp, p, intElement(n)) }

// Delete removes the entry at p and returns the offset of the entry that
// followed it, -1 if it was the last.
func Delete(lp []byte, p int) (_ []byte, next int) {
	lp = splice(lp, p, EntrySize(lp, p), 0)
	addCount(lp, -1)
	if lp[p] == endByte {
		return lp, -1
	}
	return lp, p
}

// DeleteRange removes up to count entries beginning with the one at p.
func DeleteRange(lp []byte, p, count int) []byte {
	end, n := skip(lp, p, count)
	lp = splice(lp, p, end-p, 0)
	addCount(lp, -n)
	return lp
}

// Slice makes a listpack of up to count entries of lp, beginning with the one
// at p, in dst's memory. dst must not overlap lp.
func Slice(dst, lp []byte, p, count int) []byte {
	end, n := skip(lp, p, count)
	dst = splice(New(dst), headerSize, 0, end-p)
	copy(dst[headerSize:], lp[p:end])
	addCount(dst, n)
	return dst
}

// Extend adds all entries of other at the tail of lp. other must not overlap lp.
func Extend(lp, other []byte) []byte {
	entries := other[headerSize : len(other)-1]
	p := len(lp) - 1
	lp = splice(lp, p, 0, len(entries))
	copy(lp[p:], entries)
	if n := headerCount(other); n != unknownCount {
		addCount(lp, n)
	} else {
		binary.LittleEndian.PutUint16(lp[4:], unknownCount)
	}
	return lp
}

// skip returns the offset after count entries from p, or that of the end byte
// if there are fewer, and how many it passed.
func skip(lp []byte, p, count int) (end, n int) {
	for n < count && lp[p] != endByte {
		p += EntrySize(lp, p)
		n++
	}
	return p, n
}

func insert(lp []byte, p int, e element) []byte {
	lp = splice(lp, p, 0, e.total)
	e.put(lp[p:])
	addCount(lp, 1)
	return lp
}

func replace(lp []byte, p int, e element) []byte {
	lp = splice(lp, p, EntrySize(lp, p), e.total)
	e.put(lp[p:])
	return lp
}

// splice turns the oldSize bytes at p into newSize bytes of room, moving what
// follows, and keeps the header's total right.
func splice(lp []byte, p, oldSize, newSize int) []byte {
	if newSize == oldSize {
		return lp
	}
	size := len(lp) + newSize - oldSize
	tail := lp[p+oldSize:]
	if newSize > oldSize {
		lp = slices.Grow(lp, newSize-oldSize)
	}
	lp = lp[:size]
	copy(lp[p+newSize:], tail) // also right if Grow moved lp: tail is still the old bytes
	binary.LittleEndian.PutUint32(lp, uint32(size))
	return lp
}
