package luac

import (
	"math"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// AppendNumber appends a number as Lua writes it: with C's "%.14g".
func AppendNumber(dst []byte, f float64) []byte {
	if i := int64(f); float64(i) == f && -1e14 < f && f < 1e14 && (i != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, i, 10)
	}
	return AppendG(dst, f, 14)
}

// AppendG appends a number as C's "%.*g" does.
func AppendG(dst []byte, f float64, precision int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return AppendSpecial(dst, f)
	}
	return strconv.AppendFloat(dst, f, 'g', precision, 64)
}

// AppendSpecial appends what C writes for an infinity or for what is not a number, which has a sign.
func AppendSpecial(dst []byte, f float64) []byte {
	if math.Signbit(f) {
		dst = append(dst, '-')
	}
	if math.IsNaN(f) {
		return append(dst, "nan"...)
	}
	return append(dst, "inf"...)
}

// blanks are what C calls space.
const blanks = " \t\n\v\f\r"

// ParseNumber converts a string to a number where Lua does: what C's strtod takes, with blanks around it. That are decimal and
// hexadecimal numbers with fraction and exponent, "inf" and "nan". Like C it stops at a zero byte.
func ParseNumber(s string) (float64, bool) {
	s = strings.Trim(cString(s), blanks)
	f, n := ParsePrefix(s)
	return f, n > 0 && n == len(s)
}

// ParsePrefix converts the number at the beginning of s as C's strtod does, but for blanks, and returns its length: 0 if there is none.
func ParsePrefix(s string) (f float64, n int) {
	digits, sign := s, 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits, sign = s[1:], 1
	}
	if n = numberLength(digits); n == 0 {
		f, n = parseWord(digits)
	} else {
		f = parseDigits(digits[:n])
	}
	if n == 0 {
		return 0, 0
	}
	if s[0] == '-' {
		f = -f
	}
	return f, n + sign
}

// parseDigits converts what numberLength has found. What is out of range becomes infinite or zero.
func parseDigits(s string) float64 {
	if len(s) > 1 && s[1]|0x20 == 'x' && !strings.ContainsAny(s, "pP") {
		s += "p0" // Go wants an exponent
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// parseWord converts the names of special numbers.
func parseWord(s string) (f float64, n int) {
	begins := func(word string) bool { return len(s) >= len(word) && strings.EqualFold(s[:len(word)], word) }
	switch {
	case begins("infinity"):
		return math.Inf(1), len("infinity")
	case begins("inf"):
		return math.Inf(1), len("inf")
	case !begins("nan"):
		return 0, 0
	}
	n = len("nan")
	if n < len(s) && s[n] == '(' {
		end := n + 1
		for end < len(s) && isName(int(s[end])) {
			end++
		}
		if end < len(s) && s[end] == ')' {
			n = end + 1
		}
	}
	return math.Copysign(math.NaN(), 1), n
}

func isHex(c int) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// numberLength is how long the number without a sign is with which s begins.
func numberLength(s string) int {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		if n := digitsLength(s[2:], 'p', isHex); n > 0 {
			return 2 + n
		}
	}
	return digitsLength(s, 'e', isDigit)
}

// digitsLength is how long digits are with at most one point, at least one digit, and perhaps an exponent.
func digitsLength(s string, exponent byte, digit func(int) bool) int {
	digits, point, n := 0, false, 0
	for ; n < len(s); n++ {
		if s[n] == '.' && !point {
			point = true
		} else if digit(int(s[n])) {
			digits++
		} else {
			break
		}
	}
	if digits == 0 {
		return 0
	}
	if n == len(s) || s[n]|0x20 != exponent {
		return n
	}
	i := n + 1
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	first := i
	for i < len(s) && isDigit(int(s[i])) {
		i++
	}
	if i == first {
		return n
	}
	return i
}
