package bitmap

import (
	"encoding/binary"
	"math/bits"
)

// getBit returns bit i of s, 0 beyond its end.
func getBit(s []byte, i int) int {
	if i>>3 >= len(s) {
		return 0
	}
	return int(s[i>>3] >> (7 - i&7) & 1)
}

// setBit sets bit i of s, which is within it, to v.
func setBit(s []byte, i, v int) {
	mask := byte(1) << (7 - i&7)
	if v == 1 {
		s[i>>3] |= mask
	} else {
		s[i>>3] &^= mask
	}
}

// countBits counts the set bits of s from first to last, both within s and included.
func countBits(s []byte, first, last int) int {
	a, b := first>>3, last>>3
	before := s[a] >> (8 - first&7)
	after := s[b] << (last&7 + 1)
	n := -bits.OnesCount8(before) - bits.OnesCount8(after)
	s = s[a : b+1]
	for ; len(s) >= 8; s = s[8:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(s))
	}
	for _, x := range s {
		n += bits.OnesCount8(x)
	}
	return n
}

// findBit returns the first of the bits from first to last, both within s and included, that is v, or -1.
func findBit(s []byte, first, last, v int) int {
	var flip uint64 // turns the search for a clear bit into one for a set bit
	if v == 0 {
		flip = ^uint64(0)
	}
	for i := first; i <= last; {
		if i&7 != 0 || i+63 > last {
			if getBit(s, i) == v {
				return i
			}
			i++
			continue
		}
		if x := binary.BigEndian.Uint64(s[i>>3:]) ^ flip; x != 0 {
			return i + bits.LeadingZeros64(x)
		}
		i += 64
	}
	return -1
}

// getField returns the n bits of s from offset on as a number. Bits beyond the end are 0.
func getField(s []byte, offset, n int) uint64 {
	v := uint64(0)
	for n > 0 {
		part := min(n, 8-offset&7)
		x := byte(0)
		if at := offset >> 3; at < len(s) {
			x = s[at]
		}
		x >>= 8 - offset&7 - part
		v = v<<part | uint64(x&(1<<part-1))
		offset += part
		n -= part
	}
	return v
}

// setField stores the low n bits of v in the bits of s from offset on, which are within it.
func setField(s []byte, offset, n int, v uint64) {
	for n > 0 {
		part := min(n, 8-offset&7)
		shift := 8 - offset&7 - part
		mask := byte(1<<part-1) << shift
		n -= part
		s[offset>>3] = s[offset>>3]&^mask | byte(v>>n)<<shift&mask
		offset += part
	}
}
