package rdbfmt

// CombineCRC64 returns the checksum of two pieces of data in a row from the checksums of each (both started at 0)
// and the length of the second. So pieces can be summed in parallel, and a header be decided on last.
//
// Appending n zero bytes is a linear map over GF(2) of the checksum; it is applied by squaring, as zlib does for
// CRC-32.
func CombineCRC64(first, second uint64, secondLen int64) uint64 {
	if secondLen <= 0 {
		return first
	}
	var odd, even [64]uint64
	// One zero bit.
	odd[0] = crcPoly
	for i := 1; i < 64; i++ {
		odd[i] = 1 << (i - 1)
	}
	square(&even, &odd) // two bits
	square(&odd, &even) // four bits
	for n := secondLen; ; {
		square(&even, &odd)
		if n&1 != 0 {
			first = times(&even, first)
		}
		if n >>= 1; n == 0 {
			break
		}
		square(&odd, &even)
		if n&1 != 0 {
			first = times(&odd, first)
		}
		if n >>= 1; n == 0 {
			break
		}
	}
	return first ^ second
}

func times(m *[64]uint64, v uint64) (sum uint64) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= m[i]
		}
	}
	return sum
}

func square(to, m *[64]uint64) {
	for i := range to {
		to[i] = times(m, m[i])
	}
}
