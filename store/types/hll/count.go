package hll

import "math"

// histogram counts the registers that have each value.
type histogram [64]int

// Count estimates the number of elements of a value. ok is false if it is corrupted.
func Count(b []byte) (n uint64, ok bool) {
	var h histogram
	if IsSparse(b) {
		r := runs(b)
		for r.next() {
			h[r.rank] += r.length
		}
		if !r.complete() {
			return 0, false
		}
		return h.estimate(), true
	}
	regs := b[headerSize:]
	for ; len(regs) >= 3; regs = regs[3:] { // four registers in three bytes
		x := uint32(regs[0]) | uint32(regs[1])<<8 | uint32(regs[2])<<16
		h[x&63]++
		h[x>>6&63]++
		h[x>>12&63]++
		h[x>>18]++
	}
	return h.estimate(), true
}

// estimate is the improved raw estimator of Ertl's paper, algorithm 6.
func (h *histogram) estimate() uint64 {
	const (
		m     = float64(registers)
		alpha = 0.721347520444481703680 // 1/(2 ln 2)
	)
	z := m * tau((m-float64(h[rankMax]))/m)
	for j := rankMax - 1; j >= 1; j-- {
		z += float64(h[j])
		z *= 0.5
	}
	z += float64(m * sigma(float64(h[0])/m))
	return uint64(math.Round(alpha * m * m / z))
}

// The conversions below keep compilers from fusing multiplication and addition, which would round differently.

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += float64(x * y)
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= float64((1 - x) * (1 - x) * y)
		if z == before {
			return z / 3
		}
	}
}

// Registers is the union of values in the making: a byte for each register.
type Registers [registers]uint8

// Merge adds the elements of a value. ok is false if it is corrupted.
func (u *Registers) Merge(b []byte) (ok bool) {
	if IsSparse(b) {
		r := runs(b)
		for r.next() {
			for i := r.first; r.rank > 0 && i < r.first+r.length; i++ {
				u[i] = max(u[i], r.rank)
			}
		}
		return r.complete()
	}
	regs := b[headerSize:]
	for i := 0; i+4 <= len(u); i += 4 {
		x := uint32(regs[0]) | uint32(regs[1])<<8 | uint32(regs[2])<<16
		regs = regs[3:]
		u[i] = max(u[i], uint8(x&63))
		u[i+1] = max(u[i+1], uint8(x>>6&63))
		u[i+2] = max(u[i+2], uint8(x>>12&63))
		u[i+3] = max(u[i+3], uint8(x>>18))
	}
	return true
}

// Load makes u the registers of a value. ok is false if it is corrupted.
func (u *Registers) Load(b []byte) (ok bool) {
	*u = Registers{}
	return u.Merge(b)
}

// Count estimates the number of elements of the union.
func (u *Registers) Count() uint64 {
	var h histogram
	for _, rank := range u {
		h[rank&63]++
	}
	return h.estimate()
}

// Store raises the registers of a value to those of the union, as Add does. ok is false if it is corrupted.
func (u *Registers) Store(b []byte, maxSparse int) (_ []byte, ok bool) {
	for i, rank := range u {
		if rank > 0 {
			if b, _, ok = raise(b, i, rank, maxSparse); !ok {
				return b, false
			}
		}
	}
	Invalidate(b)
	return b, true
}
