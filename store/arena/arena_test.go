package arena

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func newArena(t testing.TB) *Arena {
	t.Helper()
	a, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func TestClasses(t *testing.T) {
	prev := 0
	for c := range classCount {
		size := classSize(c)
		if size <= prev || size%unit != 0 {
			t.Fatalf("class %d: size %d after %d", c, size, prev)
		}
		for n := prev + 1; n <= size; n++ {
			if got := classOf(n); got != c {
				t.Fatalf("classOf(%d) = %d, want %d", n, got, c)
			}
		}
		prev = size
	}
	if prev != maxSmall {
		t.Fatalf("largest class is %d, want %d", prev, maxSmall)
	}
}

// TestAgainstModel allocates, resizes and frees at random and compares every block with a copy on the Go heap.
func TestAgainstModel(t *testing.T) {
	a := newArena(t)
	rng := rand.New(rand.NewPCG(1, 2))
	model := map[Ref][]byte{}
	var refs []Ref
	size := func() int {
		switch rng.IntN(20) {
		case 0:
			return 1 + rng.IntN(300_000)
		case 1, 2, 3:
			return 1 + rng.IntN(20_000)
		default:
			return 1 + rng.IntN(200)
		}
	}
	put := func(n int) {
		r := a.Alloc(n)
		if a.Cap(r) < n {
			t.Fatalf("Cap = %d for %d bytes", a.Cap(r), n)
		}
		if _, dup := model[r]; dup {
			t.Fatalf("reference %d handed out twice", r)
		}
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(rng.Uint32())
		}
		copy(a.Bytes(r, n), want)
		model[r] = want
		refs = append(refs, r)
	}
	for range 6_000 {
		if len(refs) == 0 || rng.IntN(100) < 55 {
			put(size())
			continue
		}
		i := rng.IntN(len(refs))
		r := refs[i]
		want := model[r]
		if !bytes.Equal(a.Bytes(r, len(want)), want) {
			t.Fatalf("block %d changed", r)
		}
		delete(model, r)
		refs[i] = refs[len(refs)-1]
		refs = refs[:len(refs)-1]
		if rng.IntN(3) == 0 {
			n := size()
			keep := min(n, len(want))
			to := a.Realloc(r, keep, n)
			if !bytes.Equal(a.Bytes(to, keep), want[:keep]) {
				t.Fatal("Realloc lost bytes")
			}
			model[to] = append(want[:keep:keep], a.Bytes(to, n)[keep:]...)
			refs = append(refs, to)
			continue
		}
		a.Free(r)
	}
	for r, want := range model {
		if !bytes.Equal(a.Bytes(r, len(want)), want) {
			t.Fatalf("block %d changed", r)
		}
		a.Free(r)
	}
	a.Trim()
	if a.Used() != 0 || a.resident != 0 {
		t.Fatalf("after freeing all: used %d, resident %d", a.Used(), a.resident)
	}
	if len(a.runs.list) != 1 || a.runs.slabs != a.next-1 {
		t.Fatalf("free slabs are not merged: %v of %d", a.runs.list, a.next-1)
	}
}

func BenchmarkAllocFree(b *testing.B) {
	a := newArena(b)
	var ring [1024]Ref
	for i := 0; b.Loop(); i++ {
		a.Free(ring[i&1023])
		ring[i&1023] = a.Alloc(40 + i&63)
	}
}
