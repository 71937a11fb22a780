package hll

import (
	"math"
	"strconv"
)

// SelfTest checks the package against itself: that sparse and dense values have equal registers, and that
// estimates are as good as they should be. It takes some tens of milliseconds.
func SelfTest() (ok bool) {
	const most = 100000
	s := New(make([]byte, 0, DenseSize))
	d, _ := ToDense(s)
	text := make([]byte, 0, 20)
	for n, next := 1, 1; n <= most; n++ {
		text = strconv.AppendInt(text[:0], int64(n), 10)
		s, _, ok = Add(s, text, DenseSize)
		d, _, _ = Add(d, text, DenseSize)
		if !ok {
			return false
		}
		if n != next {
			continue
		}
		next *= 10
		var x, y Registers
		if !x.Load(s) || !y.Load(d) || x != y {
			return false
		}
		estimate, ok := Count(s)
		// Four standard errors, and one for small numbers.
		if wrong := math.Abs(float64(estimate) - float64(n)); !ok || wrong > 4*0.0081*float64(n)+1 {
			return false
		}
	}
	return true
}
