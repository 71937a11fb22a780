package arena

import "math/bits"

// SlabBytes is the size of a slab.
const SlabBytes = 1 << 16

const (
	unit      = 8 // bytes per Ref step
	slabBytes = SlabBytes
	slabUnits = slabBytes / unit
	slabShift = 13 // Ref >> slabShift = slab index

	fineMax   = 512     // up to here classes are 8 bytes apart
	maxSmall  = 1 << 14 // largest class; above it a block is large
	fineCount = fineMax / unit
	// From 512 on each doubling has eight classes: at most 12.5 % are lost to rounding.
	stepsPerDoubling = 8
	classCount       = fineCount + stepsPerDoubling*5 // 512→16384 is five doublings
)

// classOf returns the smallest class that holds n bytes, 1 ≤ n ≤ maxSmall.
func classOf(n int) int {
	if n <= fineMax {
		return (n - 1) / unit
	}
	// n-1 lies in [2^k, 2^(k+1)); the three bits below the top one select the step.
	k := bits.Len(uint(n-1)) - 1
	step := (n - 1) >> (k - 3) & 7
	return fineCount + (k-9)*stepsPerDoubling + step
}

// classSize returns the block size in bytes of class c.
func classSize(c int) int {
	if c < fineCount {
		return (c + 1) * unit
	}
	c -= fineCount
	k := 9 + c/stepsPerDoubling
	return 1<<k + (c%stepsPerDoubling+1)<<(k-3)
}

// Round returns the bytes a block of n bytes really takes.
func Round(n int) int {
	if n > maxSmall {
		return (n + pageBytes - 1) &^ (pageBytes - 1)
	}
	if n <= 0 {
		n = 1
	}
	return classSize(classOf(n))
}
