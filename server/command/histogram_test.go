package command

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestHistogramIndex(t *testing.T) {
	last := -1
	for n := time.Duration(0); n < 1<<16; n++ {
		i := histogramIndex(n)
		if i != last && i != last+1 {
			t.Fatalf("%d: index %d after %d", n, i, last)
		}
		if n >= below(i) || i > 0 && n < below(i-1) {
			t.Fatalf("%d has index %d, below %d", n, i, below(i))
		}
		last = i
	}
	if i := histogramIndex(1 << 60); i != histogramSize-1 {
		t.Errorf("longest: %d", i)
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	for range 1000 {
		h.Add(time.Duration(rand.Int64N(1_000_000)), 1)
	}
	h.Add(time.Second, 1)
	if p := h.Percentile(50); p < 400_000 || p > 600_000 {
		t.Errorf("median %v", p)
	}
	if p := h.Percentile(100); p < time.Second || p > time.Second*107/100 {
		t.Errorf("maximum %v", p)
	}
	last := int64(0)
	h.Doublings(func(limit time.Duration, n int64) {
		if n <= last {
			t.Errorf("%v: %d after %d", limit, n, last)
		}
		last = n
	})
	if last != 1001 {
		t.Errorf("total %d", last)
	}
}

func TestHistogramLongest(t *testing.T) {
	var h Histogram
	h.Add(1<<62, 1)
	n := 0
	h.Doublings(func(time.Duration, int64) { n++ })
	if n != 1 {
		t.Errorf("%d steps", n)
	}
}
