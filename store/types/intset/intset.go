// Package intset reads and edits intsets: sorted arrays of unique integers in
// Redis's own bytes, the encoding of small sets whose members are all integers.
//
//	Intset:  | width u32le: 2, 4 or 8 | count u32le | count × signed width-byte little endian, ascending |
//
// Frozen: these bytes are on disk and on the wire. The width is that of the
// widest integer the set ever held: adding one that does not fit rewrites all
// of them, removing never narrows, as in Redis.
//
// An intset is a plain []byte whose length is 8 + width*count. Functions that
// edit do so in place if cap(set) suffices, so the bytes may live outside the
// Go heap; AddSize says what to reserve. Else they return a new slice, grown
// as append does.
//
// Bytes from outside go through Validate first: after it no function here
// reads out of bounds. Without it they may panic, but Validate never does.
package intset

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// EmptySize is the size of an intset without members.
const EmptySize = headerSize

const headerSize = 8

// New returns an empty intset in dst's memory, whose contents are dropped.
func New(dst []byte) []byte {
	return append(dst[:0], 2, 0, 0, 0, 0, 0, 0, 0)
}

// Len returns the number of members.
func Len(set []byte) int { return int(binary.LittleEndian.Uint32(set[4:])) }

// At returns the member at index i in ascending order, 0 <= i < Len.
func At(set []byte, i int) int64 { return at(set, width(set), i) }

// Find returns the index of n, or, if it is not a member, the index it would get.
func Find(set []byte, n int64) (i int, found bool) {
	w, count := width(set), Len(set)
	if count == 0 || n > at(set, w, count-1) { // ascending loads end here
		return count, false
	}
	lo, hi := 0, count
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if at(set, w, mid) < n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < count && at(set, w, lo) == n
}

// AddSize returns the size of the intset after adding n, if it is not a member.
func AddSize(set []byte, n int64) int {
	return headerSize + max(width(set), widthOf(n))*(Len(set)+1)
}

// Add adds n and reports whether it was no member before.
func Add(set []byte, n int64) (_ []byte, added bool) {
	if w := widthOf(n); w > width(set) {
		return widen(set, w, n), true
	}
	i, found := Find(set, n)
	if found {
		return set, false
	}
	w := width(set)
	p := headerSize + w*i
	size := len(set)
	set = slices.Grow(set, w)[:size+w]
	copy(set[p+w:], set[p:size])
	put(set, w, i, n)
	setLen(set, Len(set)+1)
	return set, true
}

// Remove removes n and reports whether it was a member.
func Remove(set []byte, n int64) (_ []byte, removed bool) {
	i, found := Find(set, n)
	if !found {
		return set, false
	}
	w := width(set)
	p := headerSize + w*i
	setLen(set, Len(set)-1)
	return append(set[:p], set[p+w:]...), true
}

// widen rewrites set with w bytes a member and adds n, which needs them and so
// is smaller or greater than all members.
func widen(set []byte, w int, n int64) []byte {
	old, count := width(set), Len(set)
	set = slices.Grow(set, headerSize+w*(count+1)-len(set))[:headerSize+w*(count+1)]
	first := 0
	if n < 0 {
		first = 1
	}
	for i := count - 1; i >= 0; i-- { // from the end: a member's new place covers the old ones after it
		put(set, w, first+i, at(set, old, i))
	}
	put(set, w, (1-first)*count, n)
	binary.LittleEndian.PutUint32(set, uint32(w))
	setLen(set, count+1)
	return set
}

// CorruptError says what is wrong with bytes that should be an intset.
type CorruptError struct {
	Offset int    // from the start of the intset
	Reason string // in words
}

func (e *CorruptError) Error() string {
	return "intset: offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Validate checks bytes from outside. Shallow, it looks at the header only;
// deep, also at the order of the members. As in Redis, no members is an error:
// a set without members does not exist.
func Validate(set []byte, deep bool) error {
	if len(set) < headerSize {
		return &CorruptError{0, "shorter than the header"}
	}
	w := binary.LittleEndian.Uint32(set)
	if w != 2 && w != 4 && w != 8 {
		return &CorruptError{0, "width is not 2, 4 or 8"}
	}
	count := binary.LittleEndian.Uint32(set[4:])
	if count == 0 {
		return &CorruptError{4, "no members"}
	}
	if uint64(len(set)) != headerSize+uint64(w)*uint64(count) {
		return &CorruptError{4, "count differs from the length"}
	}
	if !deep {
		return nil
	}
	prev := at(set, int(w), 0)
	for i := 1; i < int(count); i++ {
		n := at(set, int(w), i)
		if n <= prev {
			return &CorruptError{headerSize + int(w)*i, "members do not ascend"}
		}
		prev = n
	}
	return nil
}

// width returns the bytes of a member.
func width(set []byte) int { return int(binary.LittleEndian.Uint32(set)) }

// widthOf returns the bytes that n needs.
func widthOf(n int64) int {
	switch {
	case n < math.MinInt32 || n > math.MaxInt32:
		return 8
	case n < math.MinInt16 || n > math.MaxInt16:
		return 4
	default:
		return 2
	}
}

func at(set []byte, w, i int) int64 {
	p := set[headerSize+w*i:]
	switch w {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(p)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(p)))
	default:
		return int64(binary.LittleEndian.Uint64(p))
	}
}

func put(set []byte, w, i int, n int64) {
	p := set[headerSize+w*i:]
	switch w {
	case 2:
		binary.LittleEndian.PutUint16(p, uint16(n))
	case 4:
		binary.LittleEndian.PutUint32(p, uint32(n))
	default:
		binary.LittleEndian.PutUint64(p, uint64(n))
	}
}

func setLen(set []byte, n int) { binary.LittleEndian.PutUint32(set[4:], uint32(n)) }
