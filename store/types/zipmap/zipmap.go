// Package zipmap reads zipmaps, the packing of small hashes in RDB files of
// Redis before 2.6. Nothing writes them any more: ToListpack turns them into
// what took their place.
//
//	Zipmap:  | count u8, 254 or more: unknown | pair … | 0xFF |
//	Pair:    | length | field | length | free u8 | value | free × garbage |
//	Length:  | 0..253 |  or  | 0xFE | u32le |
//
// Some descriptions of the format have 253 as the marker of a long length;
// every Redis writes a field of 253 bytes with one byte of length.
//
// Bytes go through Validate first: after it no function here reads out of
// bounds. Without it they may panic, but Validate never does.
package zipmap

import (
	"encoding/binary"
	"slices"
	"strconv"

	"dragonfly/store/types/listpack"
)

const (
	headerSize   = 1
	endByte      = 0xFF
	longLength   = 0xFE
	unknownCount = 0xFE // or more
)

// First returns the offset of the first pair, -1 if there is none.
func First(zm []byte) int { return orNone(zm, headerSize) }

// GetNext returns field and value of the pair at p, which lie in zm, and the
// offset of the pair that follows, -1 if none does.
func GetNext(zm []byte, p int) (field, value []byte, next int) {
	size, p := length(zm, p)
	field = zm[p : p+size : p+size]
	size, p = length(zm, p+size)
	free := int(zm[p])
	p++
	value = zm[p : p+size : p+size]
	return field, value, orNone(zm, p+size+free)
}

// ToListpack returns the fields and values of zm, in turn, as a listpack in
// dst's memory. dst must not overlap zm.
func ToListpack(dst, zm []byte) []byte {
	lp := slices.Grow(listpack.New(dst), len(zm)) // about what it will take
	for p := First(zm); p >= 0; {
		var field, value []byte
		field, value, p = GetNext(zm, p)
		lp = listpack.Append(listpack.Append(lp, field), value)
	}
	return lp
}

// CorruptError says what is wrong with bytes that should be a zipmap.
type CorruptError struct {
	Offset int    // from the start of the zipmap
	Reason string // in words
}

func (e *CorruptError) Error() string {
	return "zipmap: offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Validate checks that all pairs lie within bounds, and the count. It does not
// look for duplicate fields.
func Validate(zm []byte) error {
	if len(zm) < headerSize+1 {
		return &CorruptError{0, "shorter than an empty zipmap"}
	}
	end := len(zm) - 1
	if zm[end] != endByte {
		return &CorruptError{end, "no end byte"}
	}
	n := 0
	for p := headerSize; p < end; n++ {
		next, ok := pairEnd(zm[:end], p)
		if !ok {
			return &CorruptError{p, "pair reaches past the end"}
		}
		p = next
	}
	if zm[0] < unknownCount && int(zm[0]) != n {
		return &CorruptError{0, "count differs from the number of pairs"}
	}
	return nil
}

// pairEnd returns the offset behind the pair at p, if it lies within zm, which
// ends before the end byte.
func pairEnd(zm []byte, p int) (end int, ok bool) {
	size, p, ok := safeLength(zm, p)
	if !ok || size > len(zm)-p {
		return 0, false
	}
	size, p, ok = safeLength(zm, p+size)
	if !ok || p == len(zm) { // no byte for free
		return 0, false
	}
	free := int(zm[p])
	p++
	if size > len(zm)-p || free > len(zm)-p-size {
		return 0, false
	}
	return p + size + free, true
}

// length reads the length at p and returns the offset behind it.
func length(zm []byte, p int) (size, next int) {
	if zm[p] == longLength {
		return int(binary.LittleEndian.Uint32(zm[p+1:])), p + 5
	}
	return int(zm[p]), p + 1
}

// safeLength is length for bytes that may be anything.
func safeLength(zm []byte, p int) (size, next int, ok bool) {
	if p >= len(zm) || zm[p] == endByte || zm[p] == longLength && len(zm)-p < 5 {
		return 0, 0, false
	}
	size, next = length(zm, p)
	return size, next, size >= 0 // negative where an int has 32 bits
}

// orNone returns p, or -1 if the zipmap ends there.
func orNone(zm []byte, p int) int {
	if zm[p] == endByte {
		return -1
	}
	return p
}
