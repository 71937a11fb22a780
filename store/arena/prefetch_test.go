package arena

import (
	"math"
	"testing"
)

func TestPeek(t *testing.T) {
	a, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if a.Peek(0, 0, 8) != nil {
		t.Error("memory of an empty arena may be read")
	}
	r := a.Alloc(100)
	if p := a.Peek(r, 16, 84); p != a.Ptr(r+2) {
		t.Errorf("%p is not 16 bytes behind %p", p, a.Ptr(r))
	}
	end := Ref(a.enabled.Load() / unit)
	if a.Peek(end-1, 0, unit) == nil || a.Peek(end-1, 1, unit) != nil || a.Peek(end, 0, 1) != nil || a.Peek(math.MaxUint32, 0, 1) != nil {
		t.Error("Peek misses the end of what may be read")
	}
	for _, r := range []Ref{Nil, r, end, math.MaxUint32} {
		a.Prefetch(r)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if a.Peek(r, 0, 8) != nil {
		t.Error("memory of a closed arena may be read")
	}
}
