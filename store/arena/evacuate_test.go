package arena

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// sparse fills an arena with blocks and frees most of them at random.
func sparse(t *testing.T, a *Arena, blocks, percent int) map[Ref][]byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(percent)))
	live := map[Ref][]byte{}
	for range blocks {
		n := []int{24, 56, 200, 1000, 9000}[rng.IntN(5)]
		r := a.Alloc(n)
		live[r] = bytes.Repeat([]byte{byte(rng.Uint32()), byte(n)}, n/2)
		copy(a.Bytes(r, n), live[r])
	}
	for r := range live {
		if rng.IntN(100) >= percent {
			a.Free(r)
			delete(live, r)
		}
	}
	return live
}

// evacuate chooses slabs of all classes.
func (a *Arena) evacuate(below float64) (slabs int) {
	for c := range a.Classes() {
		slabs += a.Evacuate(c, below)
	}
	return slabs
}

func TestEvacuate(t *testing.T) {
	for _, percent := range []int{3, 50, 80, 95} {
		a := newArena(t)
		live := sparse(t, a, 3_000, percent)
		before := a.Waste()
		slabs := a.evacuate(0.9)
		if percent <= 80 && slabs == 0 {
			t.Errorf("%d%% in use: %d slabs are chosen", percent, slabs)
		}
		left := map[Ref][]byte{}
		for r, want := range live {
			if a.Leaves(r) {
				r = a.Move(r)
				if a.Leaves(r) {
					t.Fatal("a block was moved to where it should not stay")
				}
			}
			left[r] = want
		}
		if len(left) != len(live) {
			t.Fatalf("%d blocks of %d have places", len(left), len(live))
		}
		for r, want := range left {
			if !bytes.Equal(a.Bytes(r, len(want)), want) {
				t.Fatal("a block changed")
			}
		}
		a.Settle()
		a.Trim()
		// A slab for each class, and the tails.
		if percent <= 80 && a.Waste() > 6*slabBytes+a.Used()*20/100 {
			t.Errorf("%d%% in use: %d bytes are wasted beside %d, of %d before", percent, a.Waste(), a.Used(), before)
		}
		for r := range left {
			a.Free(r)
		}
		a.Trim()
		if a.Used() != 0 || a.resident != 0 {
			t.Errorf("after freeing all: used %d, resident %d", a.Used(), a.resident)
		}
	}
}

// TestEvacuateInterrupted: blocks may come and go meanwhile, and not all be moved.
func TestEvacuateInterrupted(t *testing.T) {
	a := newArena(t)
	rng := rand.New(rand.NewPCG(5, 6))
	live := sparse(t, a, 2_000, 40)
	for round := range 20 {
		a.evacuate(0.95)
		for r, want := range live {
			switch rng.IntN(4) {
			case 0:
				a.Free(r)
				delete(live, r)
			case 1:
				if a.Leaves(r) {
					delete(live, r)
					live[a.Move(r)] = want
				}
			case 2:
				if len(live) < 1_500 {
					n := 1 + rng.IntN(2000)
					to := a.Alloc(n)
					if a.Leaves(to) || live[to] != nil {
						t.Fatal("a new block is where none should be")
					}
					live[to] = bytes.Repeat([]byte{byte(round)}, n)
					copy(a.Bytes(to, n), live[to])
				}
			}
		}
		if round%3 > 0 {
			a.Settle()
		}
	}
	a.Settle()
	for r, want := range live {
		if !bytes.Equal(a.Bytes(r, len(want)), want) {
			t.Fatal("a block changed")
		}
		a.Free(r)
	}
	a.Trim()
	if a.Used() != 0 || a.resident != 0 {
		t.Errorf("after freeing all: used %d, resident %d", a.Used(), a.resident)
	}
}
