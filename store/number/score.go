package number

import (
	"math"
	"strconv"
)

// MaxScoreLen is the length of the longest text of AppendScore, AppendFpconv
// and AppendG17: sign, 17 digits and 7 zeros.
const MaxScoreLen = 25

// AppendScore appends f as replies show a double, in RESP2 and RESP3 alike:
// integers up to 2^62 as integers, anything else as AppendFpconv.
func AppendScore(dst []byte, f float64) []byte {
	if n, ok := FloatToInt(f); ok && (n != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, n, 10)
	}
	return AppendFpconv(dst, f)
}

// AppendFpconv appends f as Redis's fpconv_dtoa does, which DEBUG DIGEST
// hashes. Grisu2 digits are laid out by these rules, where k is the decimal
// exponent of the last of n digits and exp that of the first, as |k+n-1|:
//
//	k >= 0 and exp < n+7          integer padded with zeros   1e20 is 1e+20, 123e5 is 12300000
//	k < 0 and (k > -7 or exp < 4) plain decimal               0.00001, 2.5
//	otherwise                     d[.ddd]e±x, no padding      1e+8, 1.234e-6
func AppendFpconv(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, "nan"...)
	case math.Signbit(f):
		dst = append(dst, '-')
		f = -f
	}
	if f == 0 {
		return append(dst, '0')
	}
	if f > math.MaxFloat64 {
		return append(dst, "inf"...)
	}
	var buf [maxDigits]byte
	n, k := grisu2(f, &buf)
	return layOut(dst, buf[:n], k)
}

// layOut appends digits * 10^k by the rules of AppendFpconv.
func layOut(dst, digits []byte, k int) []byte {
	n := len(digits)
	first := k + n - 1
	exp := max(first, -first)
	switch {
	case k >= 0 && exp < n+7:
		dst = append(dst, digits...)
		return appendZeros(dst, k)
	case k < 0 && (k > -7 || exp < 4):
		if n <= -k {
			dst = append(dst, '0', '.')
			dst = appendZeros(dst, -k-n)
			return append(dst, digits...)
		}
		dst = append(dst, digits[:n+k]...)
		dst = append(dst, '.')
		return append(dst, digits[n+k:]...)
	}
	dst = append(dst, digits[0])
	if n > 1 {
		dst = append(dst, '.')
		dst = append(dst, digits[1:]...)
	}
	if first < 0 {
		dst = append(dst, 'e', '-')
	} else {
		dst = append(dst, 'e', '+')
	}
	return strconv.AppendInt(dst, int64(exp), 10)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}

// AppendG17 appends f as C's printf does with %.17g.
func AppendG17(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, "nan"...)
	case f > math.MaxFloat64:
		return append(dst, "inf"...)
	case f < -math.MaxFloat64:
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, 'g', 17, 64)
}
