package dash

import (
	"fmt"
	"testing"

	"dragonfly/store/arena"
)

// TestNear: every entry comes, none twice in a call, and none much more often than others.
func TestNear(t *testing.T) {
	for _, n := range []int{0, 1, 20, 600, 5_000} {
		tab := newTable(t)
		for i := range n {
			tab.add(fmt.Sprint(i))
		}
		const calls, each = 20_000, 5
		times := map[arena.Ref]int{}
		total := 0
		for range calls {
			seen := map[arena.Ref]bool{}
			tab.Near(each, func(s Segment, slot *arena.Ref) bool {
				if seen[*slot] {
					t.Fatalf("%d keys: one came twice", n)
				}
				seen[*slot] = true
				times[*slot]++
				total++
				return true
			})
			if len(seen) > each || len(seen) < min(n, each) {
				t.Fatalf("%d keys: %d came", n, len(seen))
			}
		}
		if len(times) != n {
			t.Errorf("%d of %d keys came", len(times), n)
		}
		for _, k := range times {
			if mean := total / n; k > 3*mean {
				t.Errorf("%d keys: one came %d times, on average they come %d times", n, k, mean)
				break
			}
		}
	}
}

// TestNearChained: what is in a chain has its chance.
func TestNearChained(t *testing.T) {
	tab := newTable(t)
	for i := range 700 {
		tab.add(fmt.Sprint(i))
	}
	for i := 700; i < 2_000; i++ {
		k := fmt.Sprint(i)
		r := tab.A.Alloc(1 + len(k))
		copy(tab.A.Bytes(r, 1+len(k)), string(rune(len(k)))+k)
		h := Hash([]byte(k))
		tab.placeChained(tab.segment(PosOf(h)), h, fingerprint(h), r)
		tab.count++
	}
	tab.checkInvariants()
	seen := map[arena.Ref]bool{}
	for range 30_000 {
		tab.Near(5, func(s Segment, slot *arena.Ref) bool {
			seen[*slot] = true
			return true
		})
	}
	if len(seen) != 2_000 {
		t.Errorf("%d of 2000 keys came", len(seen))
	}
}

func TestFindRef(t *testing.T) {
	tab := newTable(t)
	refs := map[string]arena.Ref{}
	for i := range 3_000 {
		k := fmt.Sprint(i)
		tab.add(k)
		refs[k] = *tab.Find(Hash([]byte(k)), []byte(k)).Slot()
	}
	for k, r := range refs {
		h := Hash([]byte(k))
		if p := tab.FindRef(h, r); p != tab.Find(h, []byte(k)) {
			t.Fatalf("%s: FindRef finds another place", k)
		}
		if tab.FindRef(h+1, r).Ok() || tab.FindRef(h, r+1).Ok() {
			t.Fatalf("%s: found with what is not its own", k)
		}
	}
	for k, r := range refs {
		tab.del(k)
		if tab.FindRef(Hash([]byte(k)), r).Ok() {
			t.Fatalf("%s: found after it was removed", k)
		}
	}
	tab.checkInvariants()
}
