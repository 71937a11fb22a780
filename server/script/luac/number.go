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
	digits, negative := s, false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits, negative = s[1:], s[0] == '-'
	}
	f, ok := parseUnsigned(digits)
	if negative {
		f = -f
	}
	return f, ok
}

func parseUnsigned(s string) (float64, bool) {
	if s == "" {
		return 0, false
	}
	if c := s[0]; c > '9' {
		return parseWord(s)
	}
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		if !wellFormed(s[2:], 'p', isHex) {
			return 0, false
		}
		if !strings.ContainsAny(s, "pP") {
			s += "p0"
		}
	} else if !wellFormed(s, 'e', isDigit) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || math.IsInf(f, 0) || f == 0
}

// parseWord converts the names of special numbers.
func parseWord(s string) (float64, bool) {
	s = strings.ToLower(s)
	if s == "inf" || s == "infinity" {
		return math.Inf(1), true
	}
	rest, ok := strings.CutPrefix(s, "nan")
	if !ok {
		return 0, false
	}
	if rest != "" {
		if rest[0] != '(' || rest[len(rest)-1] != ')' {
			return 0, false
		}
		for _, c := range rest[1 : len(rest)-1] {
			if !isName(int(c)) {
				return 0, false
			}
		}
	}
	return math.Copysign(math.NaN(), 1), true
}

func isHex(c int) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// wellFormed tells whether s is digits with at most one point, at least one of them, and perhaps an exponent.
func wellFormed(s string, exponent byte, digit func(int) bool) bool {
	n, points, i := 0, 0, 0
	for ; i < len(s); i++ {
		if s[i] == '.' && points == 0 {
			points++
		} else if digit(int(s[i])) {
			n++
		} else {
			break
		}
	}
	if n == 0 || i == len(s) {
		return n > 0
	}
	if s[i]|0x20 != exponent {
		return false
	}
	i++
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	if i == len(s) {
		return false
	}
	for ; i < len(s); i++ {
		if !isDigit(int(s[i])) {
			return false
		}
	}
	return true
}
