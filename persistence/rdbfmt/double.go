package rdbfmt

import (
	"encoding/binary"
	"math"
)

// A text double (TypeZset) is one byte n and n bytes of decimal text, where
// three values of n stand for what has no digits.
const (
	TextNaN    = 253
	TextPosInf = 254
	TextNegInf = 255
)

// AppendDouble appends f as a binary double: 8 bytes IEEE 754.
func AppendDouble(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

// Double reads a binary double from the first 8 bytes of b.
func Double(b []byte) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}
