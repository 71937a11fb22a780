package number

import (
	"math"
	"strconv"
)

// ParseFloat parses a double as Redis does for scores and increments: what
// C's strtod takes when it consumes all of s. NaN, leading space, and texts
// whose value overflows to infinity or underflows to zero are refused.
func ParseFloat(s []byte) (f float64, ok bool) {
	if n, ok := ParseInt(s); ok && -1<<53 <= n && n <= 1<<53 {
		return float64(n), true // most scores: exact, and cheaper
	}
	kind := floatForm(s)
	var err error
	switch kind {
	case formNone:
		return 0, false
	case formInf:
		return math.Inf(int(sign(s))), true
	case formHex: // the exponent is optional in C, not in Go
		var buf [40]byte
		f, err = strconv.ParseFloat(string(append(append(buf[:0], s...), "p0"...)), 64)
	default:
		f, err = strconv.ParseFloat(string(s), 64)
	}
	if err != nil || f == 0 && !allZero(s, kind) {
		return 0, false // out of range
	}
	return f, true
}

// form is the kind of number that a text is, as strtod sees it.
type form uint8

const (
	formNone    form = iota // not a number, or followed by something else
	formInf                 // inf, infinity
	formDecimal             // 1.5e3
	formHex                 // 0x1.8, without an exponent
	formHexExp              // 0x1.8p3
)

// floatForm recognises the grammar shared by strtod and strtold, NaN excepted.
func floatForm(s []byte) form {
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	if foldEqual(s, "inf") || foldEqual(s, "infinity") {
		return formInf
	}
	isHex := len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x'
	i, digits, exponent := 0, 0, byte('e')
	if isHex {
		i, exponent = 2, 'p'
	}
	point := false
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case '0' <= c && c <= '9', isHex && 'a' <= c|0x20 && c|0x20 <= 'f':
			digits++
		case c == '.' && !point:
			point = true
		case c|0x20 == exponent && digits > 0:
			if !isExponent(s[i+1:]) {
				return formNone
			}
			if isHex {
				return formHexExp
			}
			return formDecimal
		default:
			return formNone
		}
	}
	switch {
	case digits == 0:
		return formNone
	case isHex:
		return formHex
	default:
		return formDecimal
	}
}

// isExponent reports whether s is decimal digits with an optional sign.
func isExponent(s []byte) bool {
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) > 0
}

// allZero reports whether the digits of s before the exponent are all zeros,
// so that a value of 0 is exact.
func allZero(s []byte, kind form) bool {
	exponent := byte('e')
	if kind != formDecimal {
		exponent = 'p'
	}
	for _, c := range s {
		switch {
		case c|0x20 == exponent:
			return true
		case '1' <= c && c <= '9', kind != formDecimal && 'a' <= c|0x20 && c|0x20 <= 'f':
			return false
		}
	}
	return true
}

// sign returns -1 for a text that starts with a minus, else 1.
func sign(s []byte) int8 {
	if len(s) > 0 && s[0] == '-' {
		return -1
	}
	return 1
}

// foldEqual reports whether s is the lower-case ASCII word, in any case.
func foldEqual(s []byte, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i, c := range s {
		if c|0x20 != word[i] {
			return false
		}
	}
	return true
}

// FloatToInt converts f to an integer where Redis does: if it is integral and
// |f| <= 2^62. Such scores are stored and shown as integers; -0 becomes 0.
func FloatToInt(f float64) (n int64, ok bool) {
	if !(-1<<62 <= f && f <= 1<<62) { // also NaN
		return 0, false
	}
	n = int64(f)
	return n, float64(n) == f
}
