// Package ziplist reads and makes ziplists, the packing of small collections
// and list nodes in RDB files before Redis 7. No value is kept in this form:
// ToListpack turns a ziplist into what took its place, FromListpack makes one
// for a file that an old Redis is to read.
//
// # Layout
//
//	Ziplist:  | total bytes u32le | offset of the last entry u32le | count u16le | entry … | 0xFF |
//	Entry:    | size of the previous entry, 0 for the first | encoding | data |
//
// count 65535 means "unknown". The size of the previous entry is one byte up to
// 253, or FE and u32le; a small size may be in the long form. Encodings, by
// their first byte; lengths of strings are big endian, integers little endian:
//
//	00nnnnnn                  string of up to 63 bytes
//	01nnnnnn nnnnnnnn         string of up to 16383 bytes
//	10______ u32be            longer string
//	C0 D0 E0 + 2 4 8          signed integer of 16, 32, 64 bits
//	F0 + 3, FE + 1            signed integer of 24, 8 bits
//	F1 … FD                   integer 0 … 12
//	FF                        end of the ziplist
//
// Bytes from outside go through Validate first: after it no function here reads
// out of bounds. Without it they may panic, but Validate never does.
package ziplist

import (
	"encoding/binary"
	"slices"
	"strconv"

	"dragonfly/store/types/listpack"
)

const (
	headerSize   = 10
	endByte      = 0xFF
	longPrev     = 0xFE
	unknownCount = 65535
)

// First bytes of the encodings, and masks that tell those of strings.
const (
	encStr6  = 0x00
	encStr14 = 0x40
	encStr32 = 0x80
	encInt16 = 0xC0
	encInt32 = 0xD0
	encInt64 = 0xE0
	encInt24 = 0xF0
	encInt8  = 0xFE
	encInt0  = 0xF1 // the integer 0, up to
	encInt12 = 0xFD // the integer 12
	strMask  = 0xC0
)

// First returns the offset of the first entry, -1 if there is none.
func First(zl []byte) int { return orNone(zl, headerSize) }

// GetNext returns the element at p, the integer n if isInt, else the string s,
// which lies in zl, and the offset of the entry that follows, -1 if none does.
func GetNext(zl []byte, p int) (s []byte, n int64, isInt bool, next int) {
	p += prevSize(zl[p])
	header, data := layout(zl[p:])
	p += header
	next = p + data
	if zl[p-header]&strMask != strMask {
		s = zl[p:next:next]
	} else {
		n, isInt = integer(zl[p-header], zl[p:next]), true
	}
	return s, n, isInt, orNone(zl, next)
}

// ToListpack returns the elements of zl as a listpack in dst's memory. dst must
// not overlap zl.
func ToListpack(dst, zl []byte) []byte {
	lp := slices.Grow(listpack.New(dst), len(zl)) // about what it will take
	for p := First(zl); p >= 0; {
		var s []byte
		var n int64
		var isInt bool
		if s, n, isInt, p = GetNext(zl, p); isInt {
			lp = listpack.AppendInt(lp, n)
		} else {
			lp = listpack.Append(lp, s)
		}
	}
	return lp
}

// CorruptError says what is wrong with bytes that should be a ziplist.
type CorruptError struct {
	Offset int    // from the start of the ziplist
	Reason string // in words
}

func (e *CorruptError) Error() string {
	return "ziplist: offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Validate checks the header and all entries: each must lie within bounds and
// state the size of the one before it, and count and the offset of the last
// entry must be right.
func Validate(zl []byte) error {
	if len(zl) < headerSize+1 {
		return &CorruptError{0, "shorter than an empty ziplist"}
	}
	if uint64(binary.LittleEndian.Uint32(zl)) != uint64(len(zl)) {
		return &CorruptError{0, "total bytes differ from the length"}
	}
	end := len(zl) - 1
	if zl[end] != endByte {
		return &CorruptError{end, "no end byte"}
	}
	last, n, prev := headerSize, 0, 0
	for p := headerSize; p < end; n++ {
		size, err := validateEntry(zl[:end], p, prev)
		if err != nil {
			return err
		}
		last, prev = p, size
		p += size
	}
	if tail := binary.LittleEndian.Uint32(zl[4:]); uint64(tail) != uint64(last) {
		return &CorruptError{4, "the last entry is elsewhere"}
	}
	if count := int(binary.LittleEndian.Uint16(zl[8:])); count != unknownCount && count != n {
		return &CorruptError{8, "count differs from the number of entries"}
	}
	return nil
}

// validateEntry checks the entry at p, which follows one of prev bytes, and
// returns its size. zl ends before the end byte.
func validateEntry(zl []byte, p, prev int) (size int, err error) {
	entry := zl[p:]
	if entry[0] == endByte { // also where 255 would be the right size: it needs the long form
		return 0, &CorruptError{p, "end byte before the end"}
	}
	pos := prevSize(entry[0])
	if pos >= len(entry) {
		return 0, &CorruptError{p, "entry reaches past the end"}
	}
	stated := uint32(entry[0])
	if pos > 1 {
		stated = binary.LittleEndian.Uint32(entry[1:])
	}
	if uint64(stated) != uint64(prev) {
		return 0, &CorruptError{p, "the previous entry has another size"}
	}
	enc := entry[pos]
	if enc == endByte || enc > encInt16 && enc < encInt0 && enc != encInt32 && enc != encInt64 && enc != encInt24 {
		return 0, &CorruptError{p, "invalid encoding"}
	}
	if enc&strMask == encStr14 && len(entry)-pos < 2 || enc&strMask == encStr32 && len(entry)-pos < 5 {
		return 0, &CorruptError{p, "entry reaches past the end"}
	}
	header, data := layout(entry[pos:])
	if data < 0 || data > len(entry)-pos-header { // negative where an int has 32 bits
		return 0, &CorruptError{p, "entry reaches past the end"}
	}
	return pos + header + data, nil
}

// orNone returns p, or -1 if the ziplist ends there.
func orNone(zl []byte, p int) int {
	if zl[p] == endByte {
		return -1
	}
	return p
}

// prevSize returns how many bytes hold the size of the previous entry, by the
// first of them.
func prevSize(first byte) int {
	if first == longPrev {
		return 5
	}
	return 1
}

// layout returns the sizes of the encoding at the start of b and of its data.
func layout(b []byte) (header, data int) {
	switch enc := b[0]; enc & strMask {
	case encStr6:
		return 1, int(enc)
	case encStr14:
		return 2, int(enc&^strMask)<<8 | int(b[1])
	case encStr32:
		return 5, int(binary.BigEndian.Uint32(b[1:]))
	}
	switch b[0] {
	case encInt8:
		return 1, 1
	case encInt16:
		return 1, 2
	case encInt24:
		return 1, 3
	case encInt32:
		return 1, 4
	case encInt64:
		return 1, 8
	default: // 0 … 12
		return 1, 0
	}
}

// integer reads the data of an integer encoding.
func integer(enc byte, data []byte) int64 {
	switch enc {
	case encInt8:
		return int64(int8(data[0]))
	case encInt16:
		return int64(int16(binary.LittleEndian.Uint16(data)))
	case encInt24:
		return int64(int32(data[0])<<8|int32(data[1])<<16|int32(data[2])<<24) >> 8
	case encInt32:
		return int64(int32(binary.LittleEndian.Uint32(data)))
	case encInt64:
		return int64(binary.LittleEndian.Uint64(data))
	default:
		return int64(enc - encInt0)
	}
}
