package command

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts durations. A duration of n ns is counted in one of 16 equal parts between two powers of two, so
// what it says is right to 6 %.
//
//	index = 16*(e-3) + the 4 bits of n that follow its highest bit, where n has that bit at position e ≥ 4; below 16 ns: n
type Histogram struct {
	counts [histogramSize]atomic.Int64
}

const (
	histogramParts = 16
	// histogramSize is that of durations below 2^40 ns, 18 minutes; longer ones are counted as the longest.
	histogramSize = histogramParts * (40 - 3)
)

// Add counts a duration n times.
func (h *Histogram) Add(d time.Duration, n int64) { h.counts[histogramIndex(d)].Add(n) }

func histogramIndex(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < histogramParts {
		return int(n)
	}
	e := bits.Len64(n) - 1
	return min((e-3)*histogramParts+int(n>>(e-4)&(histogramParts-1)), histogramSize-1)
}

// below returns the shortest duration that is counted beyond index i.
func below(i int) time.Duration {
	if i < histogramParts {
		return time.Duration(i + 1)
	}
	e, part := i/histogramParts+3, i%histogramParts
	return time.Duration(histogramParts+part+1) << (e - 4)
}

// Count returns the number of durations.
func (h *Histogram) Count() int64 {
	n := int64(0)
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

// Percentile returns a duration that p percent of all do not exceed.
func (h *Histogram) Percentile(p float64) time.Duration {
	total := h.Count()
	want := max(1, int64(p/100*float64(total)+0.5))
	n := int64(0)
	for i := range h.counts {
		if n += h.counts[i].Load(); n >= want {
			return below(i) - 1
		}
	}
	return 0
}

// Doublings calls fn for 1024 ns, 2048 ns and so on with the number of durations below, as long as that grows.
// Limits below which there are no more than below the limit before are left out.
func (h *Histogram) Doublings(fn func(limit time.Duration, cumulative int64)) {
	const first = 1024
	total := h.Count()
	n, told, i := int64(0), int64(0), 0
	for limit := time.Duration(first); told < total; limit *= 2 {
		for ; i < histogramSize && (below(i) <= limit || i == histogramSize-1); i++ {
			n += h.counts[i].Load()
		}
		if n > told {
			fn(limit, n)
			told = n
		}
		if i == histogramSize {
			return
		}
	}
}
