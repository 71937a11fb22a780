package btree

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestRelocate: a tree of which most items are gone has the others, in order, after its nodes have moved together.
func TestRelocate(t *testing.T) {
	for _, n := range []int{1, 50, 3_000, 40_000} {
		a := newArena(t)
		shape := NewShape(24, 16, nil)
		trees := make([]Tree, 4)
		for i := range trees {
			trees[i] = Tree{Root: &Root{}, A: a, Shape: &shape}
		}
		rng := rand.New(rand.NewPCG(3, uint64(n)))
		for i := range uint64(n) { // by turns, so that their nodes lie among each other
			for _, tree := range trees {
				hi := rng.Uint64()
				tree.Insert(Key{Hi: hi}, pairItem(hi, 0, i))
			}
		}
		for i, tree := range trees {
			if i > 0 {
				tree.DeleteRange(0, tree.Len(), nil)
			}
		}
		tree := trees[0]
		want := tree.check()
		for i := range want {
			want[i] = bytes.Clone(want[i])
		}
		for c := range a.Classes() {
			a.Evacuate(c, 0.95)
		}
		pos := uint64(0)
		for steps := 0; !tree.Relocate(&pos, 100); steps++ {
			if steps > n/50+1 {
				t.Fatal("it takes for ever")
			}
		}
		if left := a.Settle(); left > 0 {
			t.Errorf("%d items: %d slabs have nodes left", n, left)
		}
		got := tree.check()
		if len(got) != len(want) {
			t.Fatalf("%d items of %d", len(got), len(want))
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("item %d changed", i)
			}
		}
	}
}
