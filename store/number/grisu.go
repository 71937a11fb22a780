package number

import (
	"math"
	"math/bits"
)

// maxDigits is the most digits that Grisu2 makes of a double.
const maxDigits = 17

// extFloat is frac * 2^exp.
type extFloat struct {
	frac uint64
	exp  int
}

// mul returns the product with the upper 64 bits of the fraction, rounded half up.
func (a extFloat) mul(b extFloat) extFloat {
	hi, lo := bits.Mul64(a.frac, b.frac)
	return extFloat{hi + lo>>63, a.exp + b.exp + 64}
}

// normalized shifts the fraction's top bit up to bit 63.
func (a extFloat) normalized() extFloat {
	shift := bits.LeadingZeros64(a.frac)
	return extFloat{a.frac << shift, a.exp - shift}
}

// pow10 holds the powers of ten 1, 10, … 10^19.
var pow10 = [20]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// grisu2 writes the digits of f, finite and greater than 0, and returns them
// with the decimal exponent k of the last one: f ≈ digits * 10^k.
//
// This is Grisu2 of Florian Loitsch, "Printing Floating-Point Numbers Quickly
// and Accurately with Integers" (PLDI 2010): scale f and the ends of the
// interval that reads back as f by a cached power of ten, then make digits of
// the upper end until they lie within the interval. 64-bit arithmetic has an
// error below one unit, so the interval is narrowed by one on each side: the
// result always reads back as f but, now and then, is not the shortest.
func grisu2(f float64, digits *[maxDigits]byte) (n, k int) {
	const mantBits, hiddenBit, bias = 52, 1 << 52, 1023 + 52
	b := math.Float64bits(f)
	w := extFloat{b & (hiddenBit - 1), int(b >> mantBits & 0x7FF)}
	if w.exp != 0 {
		w.frac |= hiddenBit
		w.exp -= bias
	} else {
		w.exp = 1 - bias
	}
	// The neighbours' midpoints. Below a power of two the gap is half as wide.
	upper := extFloat{w.frac<<1 + 1, w.exp - 1}.normalized()
	lower := extFloat{w.frac<<1 - 1, w.exp - 1}
	if w.frac == hiddenBit {
		lower = extFloat{w.frac<<2 - 1, w.exp - 2}
	}
	lower = extFloat{lower.frac << (lower.exp - upper.exp), upper.exp}

	power, k := cachedPower(upper.exp)
	w, lower, upper = w.normalized().mul(power), lower.mul(power), upper.mul(power)
	lower.frac++
	upper.frac--
	n, kappa := makeDigits(w, lower, upper, digits)
	return n, kappa - k
}

// cachedPower returns a cached power of ten that brings a fraction of exponent
// exp to an exponent in [-60, -32], and its decimal exponent. Two powers can
// do; which one is taken shows in the last digit, so the guess that the search
// starts from truncates twice, as Redis's does.
func cachedPower(exp int) (power extFloat, k int) {
	const log10of2 = 0.30102999566398114
	i := (int(-float64(exp+len(powers))*log10of2) - firstPower) / powerStep
	for {
		switch e := exp + int(powers[i].exp) + 64; {
		case e < -60:
			i++
		case e > -32:
			i--
		default:
			return extFloat{powers[i].frac, int(powers[i].exp)}, firstPower + i*powerStep
		}
	}
}

// makeDigits writes the shortest digits of upper that are within the interval
// and returns their number and the decimal exponent of the last. All three
// share one exponent in [-60, -32].
func makeDigits(w, lower, upper extFloat, digits *[maxDigits]byte) (n, kappa int) {
	toW, delta := upper.frac-w.frac, upper.frac-lower.frac
	shift := uint(-upper.exp)
	one := uint64(1) << shift
	whole, fraction := upper.frac>>shift, upper.frac&(one-1)
	for kappa = 9; kappa >= 0; kappa-- { // whole < 2^32, ten digits
		digit := whole / pow10[kappa]
		if digit != 0 || n != 0 {
			digits[n] = '0' + byte(digit)
			n++
		}
		whole -= digit * pow10[kappa]
		if rest := whole<<shift + fraction; rest <= delta {
			roundLast(&digits[n-1], delta, rest, pow10[kappa]<<shift, toW)
			return n, kappa
		}
	}
	for unit := 1; ; unit++ {
		fraction *= 10
		delta *= 10
		digit := fraction >> shift
		if digit != 0 || n != 0 {
			digits[n] = '0' + byte(digit)
			n++
		}
		fraction &= one - 1
		if fraction < delta {
			roundLast(&digits[n-1], delta, fraction, one, toW*pow10[unit])
			return n, -unit
		}
	}
}

// roundLast lowers the last digit while that stays in the interval and comes
// closer to the true value, which is toW below the upper end; rest is how far
// below it the digits are, unit what one step of the digit means.
func roundLast(digit *byte, delta, rest, unit, toW uint64) {
	for rest < toW && delta-rest >= unit && (rest+unit < toW || toW-rest > rest+unit-toW) {
		*digit--
		rest += unit
	}
}
