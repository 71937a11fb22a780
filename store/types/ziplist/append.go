package ziplist

import (
	"encoding/binary"
	"math"

	"dragonfly/store/number"
	"dragonfly/store/types/listpack"
)

const (
	maxShortPrev = longPrev - 1 // largest size that is stated in one byte
	maxStr6      = 1<<6 - 1
	maxStr14     = 1<<14 - 1
	maxInt24     = 1<<23 - 1
)

// EmptySize is the size of a ziplist without elements.
const EmptySize = headerSize + 1

// New returns an empty ziplist in dst's memory.
func New(dst []byte) []byte {
	zl := append(dst[:0], make([]byte, EmptySize)...)
	binary.LittleEndian.PutUint32(zl, EmptySize)
	binary.LittleEndian.PutUint32(zl[4:], headerSize)
	zl[headerSize] = endByte
	return zl
}

// Append adds s behind the last element, as an integer if it is the text of one.
func Append(zl, s []byte) []byte {
	if n, ok := number.ParseInt(s); ok {
		return AppendInt(zl, n)
	}
	at := len(zl) - 1
	zl = appendPrev(zl)
	switch n := len(s); {
	case n <= maxStr6:
		zl = append(zl, encStr6|byte(n))
	case n <= maxStr14:
		zl = append(zl, encStr14|byte(n>>8), byte(n))
	default:
		zl = binary.BigEndian.AppendUint32(append(zl, encStr32), uint32(n))
	}
	return finish(append(zl, s...), at)
}

// AppendInt adds n behind the last element.
func AppendInt(zl []byte, n int64) []byte {
	at := len(zl) - 1
	zl = appendPrev(zl)
	switch {
	case n >= 0 && n <= encInt12-encInt0:
		zl = append(zl, encInt0+byte(n))
	case n == int64(int8(n)):
		zl = append(zl, encInt8, byte(n))
	case n == int64(int16(n)):
		zl = binary.LittleEndian.AppendUint16(append(zl, encInt16), uint16(n))
	case n >= -maxInt24-1 && n <= maxInt24:
		zl = append(zl, encInt24, byte(n), byte(n>>8), byte(n>>16))
	case n == int64(int32(n)):
		zl = binary.LittleEndian.AppendUint32(append(zl, encInt32), uint32(n))
	default:
		zl = binary.LittleEndian.AppendUint64(append(zl, encInt64), uint64(n))
	}
	return finish(zl, at)
}

// FromListpack returns the elements of lp as a ziplist in dst's memory. dst must not overlap lp.
func FromListpack(dst, lp []byte) []byte {
	zl := New(dst)
	for p := listpack.First(lp); p >= 0; {
		var s []byte
		var n int64
		var isInt bool
		if s, n, isInt, p = listpack.GetNext(lp, p); isInt {
			zl = AppendInt(zl, n)
		} else {
			zl = Append(zl, s)
		}
	}
	return zl
}

// appendPrev takes the end byte off and begins an entry with the size of the one before it, which is the last.
func appendPrev(zl []byte) []byte {
	end := len(zl) - 1
	size := end - int(binary.LittleEndian.Uint32(zl[4:]))
	if zl = zl[:end]; size <= maxShortPrev {
		return append(zl, byte(size))
	}
	return binary.LittleEndian.AppendUint32(append(zl, longPrev), uint32(size))
}

// finish completes zl, of which the entry at the offset at is new.
func finish(zl []byte, at int) []byte {
	zl = append(zl, endByte)
	binary.LittleEndian.PutUint32(zl, uint32(len(zl)))
	binary.LittleEndian.PutUint32(zl[4:], uint32(at))
	count := binary.LittleEndian.Uint16(zl[8:])
	if count < math.MaxUint16 { // unknown from there on
		count++
	}
	binary.LittleEndian.PutUint16(zl[8:], count)
	return zl
}
