package number

import (
	"math"
	"strconv"
)

// MaxIntLen is the length of the longest text of an int64, that of the
// smallest one with its sign.
const MaxIntLen = 20

// ParseInt parses canonical decimal int64 text: digits with an optional minus
// sign. It refuses a plus sign, leading zeros, spaces and "-0", because the
// text could not be restored from the number.
func ParseInt(s []byte) (n int64, ok bool) {
	digits := s
	if len(s) > 0 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 19 { // 9223372036854775808 has 19
		return 0, false
	}
	if digits[0] == '0' {
		return 0, len(s) == 1
	}
	var u uint64 // 19 nines fit
	for _, c := range digits {
		c -= '0'
		if c > 9 {
			return 0, false
		}
		u = u*10 + uint64(c)
	}
	if len(digits) == len(s) {
		return int64(u), u <= math.MaxInt64
	}
	return -int64(u), u <= -math.MinInt64 // the wrap of MinInt64 is its own negation
}

// AppendInt appends the decimal text of n, the inverse of ParseInt.
func AppendInt(dst []byte, n int64) []byte {
	return strconv.AppendInt(dst, n, 10)
}
