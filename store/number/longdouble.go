package number

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// LongDouble is a number of the x87 80-bit format, in which Redis computes
// INCRBYFLOAT and HINCRBYFLOAT. The zero value is 0.
//
// Invariant: mant is 0 or has its top bit set; the value is mant * 2^exp.
type LongDouble struct {
	mant uint64
	exp  int32
	neg  bool
	inf  bool // or NaN: nothing here tells them apart, both are errors to a client
}

const (
	maxLongDoubleText = 5*1024 - 1 // of a text to parse, as in Redis
	maxLongDoubleExp  = 16383 - 63 // of LongDouble.exp, beyond is infinity
	minLongDoubleLog2 = -16446     // values up to 2^this round to 0
)

// ParseLongDouble parses a long double as Redis does for the increments of
// INCRBYFLOAT: what C's strtold takes when it consumes all of s. NaN, leading
// space, texts whose value overflows or underflows to zero, and those of 5 KiB
// or more are refused; infinities are not, see Finite.
func ParseLongDouble(s []byte) (x LongDouble, ok bool) {
	if len(s) > maxLongDoubleText {
		return LongDouble{}, false
	}
	switch kind := floatForm(s); kind {
	case formNone:
		return LongDouble{}, false
	case formInf:
		return LongDouble{neg: sign(s) < 0, inf: true}, true
	case formDecimal:
		x, ok = parseDecimal(s)
	default:
		x, ok = parseHex(s)
	}
	x.neg = sign(s) < 0
	return x, ok && !x.inf
}

// parseDecimal parses the magnitude of a text of formDecimal.
func parseDecimal(s []byte) (x LongDouble, ok bool) {
	var m uint64 // of the first 19 digits that count
	n, exp, point := 0, 0, false
scan:
	for i, c := range s {
		switch {
		case c == '.':
			point = true
		case c|0x20 == 'e':
			exp += saturatedInt(s[i+1:])
			break scan
		case '0' <= c && c <= '9':
			if point {
				exp--
			}
			if n == 0 && c == '0' {
				continue
			}
			if n++; n <= 19 {
				m = m*10 + uint64(c-'0')
			}
		}
	}
	switch {
	case n == 0:
		return LongDouble{}, true
	case n > 19 || exp < -19 || exp > 19:
		return parseBigDecimal(s, n, exp)
	case exp < 0:
		return divide(m, pow10[-exp]), true
	default:
		hi, lo := bits.Mul64(m, pow10[exp])
		return rounded(hi, lo, false, 64), true
	}
}

// divide returns m/d, neither of which is 0.
func divide(m, d uint64) LongDouble {
	mShift, dShift := bits.LeadingZeros64(m), bits.LeadingZeros64(d)
	m, d = m<<mShift, d<<dShift
	// The quotient of the normalized numbers lies in (1/2, 2); bring it into
	// [2^63, 2^64) for a full mantissa. One more bit and the remainder round it.
	hi, lo, exp := m, uint64(0), dShift-mShift-64
	if m >= d {
		hi, lo, exp = m>>1, m<<63, exp+1
	}
	quo, rem := bits.Div64(hi, lo, d)
	half, rem := bits.Div64(rem, 0, d)
	return rounded(quo, half, rem != 0, exp)
}

// parseBigDecimal parses a text of formDecimal exactly: n digits that count,
// times 10^exp.
func parseBigDecimal(s []byte, n, exp int) (LongDouble, bool) {
	if n+exp > 4940 || n+exp < -4960 { // out of range for sure: spare us the power
		return LongDouble{}, false
	}
	digits := make([]byte, 0, len(s))
	for _, c := range s {
		if c|0x20 == 'e' {
			break
		}
		if '0' <= c && c <= '9' {
			digits = append(digits, c)
		}
	}
	m, _ := new(big.Int).SetString(string(digits), 10)
	power := big.NewInt(int64(max(exp, -exp)))
	power.Exp(big.NewInt(10), power, nil)
	f := new(big.Float).SetPrec(64)
	if exp >= 0 {
		f.SetInt(m.Mul(m, power))
	} else {
		f.Quo(new(big.Float).SetInt(m), new(big.Float).SetInt(power))
	}
	return fromBig(f)
}

// parseHex parses the magnitude of a text of formHex or formHexExp.
func parseHex(s []byte) (LongDouble, bool) {
	digits := make([]byte, 0, len(s))
	exp, point := 0, false
	for i, c := range s {
		switch {
		case c == '.':
			point = true
		case c|0x20 == 'p':
			exp += saturatedInt(s[i+1:])
		case '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f':
			digits = append(digits, c)
			if point {
				exp -= 4
			}
		}
		if c|0x20 == 'p' {
			break
		}
	}
	m, _ := new(big.Int).SetString(string(digits), 16)
	f := new(big.Float).SetPrec(64).SetInt(m)
	return fromBig(f.SetMantExp(f, exp))
}

// fromBig converts a number of 64 bits of precision, and reports whether it is
// in range.
func fromBig(f *big.Float) (LongDouble, bool) {
	if f.Sign() == 0 {
		return LongDouble{}, true
	}
	mant := new(big.Float)
	exp := f.MantExp(mant) - 64 // mant is now in [1/2, 1)
	m, _ := mant.SetMantExp(mant, 64).Uint64()
	if log2 := exp + 63; exp > maxLongDoubleExp || log2 < minLongDoubleLog2 || log2 == minLongDoubleLog2 && m == 1<<63 {
		return LongDouble{}, false
	}
	return LongDouble{mant: m, exp: int32(exp)}, true
}

// saturatedInt parses an exponent, and keeps it within ±1e6 so that sums with
// it do not overflow: far beyond what a long double or a text can make up for.
func saturatedInt(s []byte) int {
	n := 0
	for _, c := range s {
		if '0' <= c && c <= '9' {
			n = min(n*10+int(c-'0'), 1e6)
		}
	}
	return n * int(sign(s))
}

// LongDoubleFromInt converts n, exactly.
func LongDoubleFromInt(n int64) LongDouble {
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	x := rounded(u, 0, false, 0)
	x.neg = n < 0
	return x
}

// LongDoubleFromFloat converts f, exactly.
func LongDoubleFromFloat(f float64) LongDouble {
	if f-f != 0 {
		return LongDouble{neg: f < 0, inf: true}
	}
	frac, exp := math.Frexp(math.Abs(f)) // frac in [1/2, 1)
	x := rounded(uint64(frac*(1<<53)), 0, false, exp-53)
	x.neg = math.Signbit(f)
	return x
}

// Finite reports whether x is neither an infinity nor NaN, the sum of two
// opposite infinities.
func (x LongDouble) Finite() bool { return !x.inf }

// Float64 returns the float64 next to x, but 0 only for 0.
func (x LongDouble) Float64() float64 {
	f := math.Ldexp(float64(x.mant), int(x.exp))
	switch {
	case x.inf:
		f = math.Inf(1)
	case f == 0 && x.mant != 0:
		f = math.SmallestNonzeroFloat64
	}
	if x.neg {
		return -f
	}
	return f
}

// Add returns x + y, rounded to nearest even.
func (x LongDouble) Add(y LongDouble) LongDouble {
	switch {
	case x.inf || y.mant == 0 && !y.inf:
		return x
	case y.inf || x.mant == 0:
		return y
	}
	if y.exp > x.exp || y.exp == x.exp && y.mant > x.mant {
		x, y = y, x // now |x| >= |y|, and x's sign is the result's
	}
	// Both as 128-bit fractions at x's exponent. What falls off y's right end
	// is remembered in sticky.
	hi, lo, sticky := shiftRight(y.mant, uint(x.exp-y.exp))
	carry := uint64(0)
	if x.neg == y.neg {
		hi, carry = bits.Add64(x.mant, hi, 0)
	} else {
		borrow := uint64(0)
		if sticky { // y is a bit more than its fraction: subtract one more, then the result is a bit more
			lo++ // does not overflow: bits were lost, so the top bit of lo is 0
		}
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(x.mant, hi, borrow)
	}
	exp := int(x.exp)
	if carry != 0 {
		sticky = sticky || lo&1 != 0
		hi, lo, exp = hi>>1|1<<63, lo>>1|hi<<63, exp+1
	}
	sum := rounded(hi, lo, sticky, exp)
	sum.neg = x.neg && (sum.mant != 0 || sum.inf)
	return sum
}

// shiftRight returns mant * 2^-n as a 128-bit fraction, hi.lo, and whether
// something was lost.
func shiftRight(mant uint64, n uint) (hi, lo uint64, sticky bool) {
	switch {
	case n < 64:
		return mant >> n, mant << (64 - n), false
	case n < 128:
		n -= 64
		return 0, mant >> n, mant<<(64-n) != 0
	default:
		return 0, 0, mant != 0
	}
}

// rounded returns (hi + lo/2^64) * 2^exp rounded to 64 bits, half to even;
// sticky says that the true value is a bit more.
func rounded(hi, lo uint64, sticky bool, exp int) LongDouble {
	if hi == 0 {
		if lo == 0 {
			return LongDouble{}
		}
		hi, lo, exp = lo, 0, exp-64
	}
	if shift := bits.LeadingZeros64(hi); shift > 0 {
		hi, lo, exp = hi<<shift|lo>>(64-shift), lo<<shift, exp-shift
	}
	const half = 1 << 63
	if lo > half || lo == half && (sticky || hi&1 != 0) {
		if hi++; hi == 0 {
			hi, exp = half, exp+1
		}
	}
	if exp > maxLongDoubleExp {
		return LongDouble{inf: true}
	}
	return LongDouble{mant: hi, exp: int32(exp)}
}

// Append appends x as Redis shows a long double: as C's printf does with
// %.17Lf, without the trailing zeros, and never "-0".
func (x LongDouble) Append(dst []byte) []byte {
	whole, fraction := x.split()
	if x.neg && (whole|fraction != 0 || x.inf) {
		dst = append(dst, '-')
	}
	switch {
	case x.inf:
		return append(dst, "inf"...)
	case x.exp > 0: // an integer of more than 64 bits
		n := new(big.Int).SetUint64(x.mant)
		return n.Lsh(n, uint(x.exp)).Append(dst, 10)
	}
	dst = strconv.AppendUint(dst, whole, 10)
	if fraction == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := pow10[fractionDigits-1]; fraction != 0; unit /= 10 {
		dst = append(dst, '0'+byte(fraction/unit))
		fraction %= unit
	}
	return dst
}

const fractionDigits = 17

// split returns |x| as whole + fraction/10^17, rounded half to even, if it is
// less than 2^64.
func (x LongDouble) split() (whole, fraction uint64) {
	if x.exp >= 0 {
		return x.mant, 0
	}
	var hi, lo uint64 // the fraction in 1/2^128
	switch n := uint(-x.exp); {
	case n < 64:
		whole, hi = x.mant>>n, x.mant<<(64-n)
	case n <= 128:
		n -= 64
		hi, lo = x.mant>>n, x.mant<<(64-n)
	default: // below 2^-64, rounds to 0
	}
	const scale = 1e17
	top, mid := bits.Mul64(hi, scale)
	carry, low := bits.Mul64(lo, scale)
	mid, carry = bits.Add64(mid, carry, 0)
	fraction = top + carry
	const half = 1 << 63
	if mid > half || mid == half && (low != 0 || fraction&1 != 0) {
		fraction++
	}
	if fraction == scale {
		whole, fraction = whole+1, 0
	}
	return whole, fraction
}
