package dash

import (
	"fmt"
	"testing"

	"dragonfly/store/arena"
)

// TestIter: every entry once, chains included, and nothing in an empty table.
func TestIter(t *testing.T) {
	for _, n := range []int{0, 1, 30, 700, 5000} {
		tab := newTable(t)
		for i := range n {
			tab.add(fmt.Sprint(i))
		}
		chained := 0
		if n == 700 {
			for tab.log < bucketBits {
				tab.resize(tab.log + 1)
			}
			for ; chained < 900; chained++ {
				k := fmt.Sprint("chained", chained)
				r := tab.A.Alloc(1 + len(k))
				copy(tab.A.Bytes(r, 1+len(k)), append([]byte{byte(len(k))}, k...))
				h := Hash([]byte(k))
				tab.placeChained(tab.segment(PosOf(h)), h, fingerprint(h), r)
				tab.count++
			}
		}
		seen := map[string]bool{}
		it := tab.Iter()
		for slot := it.Next(); slot != nil; slot = it.Next() {
			k := string(testKey(tab.A, *slot))
			if seen[k] {
				t.Fatalf("%d keys: %s came twice", n, k)
			}
			seen[k] = true
		}
		if len(seen) != n+chained {
			t.Fatalf("%d keys: saw %d", n+chained, len(seen))
		}
		if it.Next() != nil {
			t.Fatal("an entry behind the end")
		}
	}
}

// TestSample: n different entries, all equally likely, and no memory left behind.
func TestSample(t *testing.T) {
	tab := newTable(t)
	const n = 900
	for i := range n {
		tab.add(fmt.Sprint(i))
	}
	used := tab.A.Used()
	for _, size := range []int{0, 1, 7, 299, 300, 301, 500, n} {
		count := map[string]int{}
		const rounds = 200
		for range rounds {
			seen := map[arena.Ref]bool{}
			tab.Sample(size, func(slot *arena.Ref) {
				seen[*slot] = true
				count[string(testKey(tab.A, *slot))]++
			})
			if len(seen) != size {
				t.Fatalf("Sample(%d) gave %d different entries", size, len(seen))
			}
		}
		if size < 299 {
			continue
		}
		// Each count is hypergeometric: mean rounds*size/n, variance below the mean.
		want := float64(rounds*size) / n
		for i := range n {
			if d := float64(count[fmt.Sprint(i)]) - want; d*d > 49*want {
				t.Fatalf("Sample(%d): %d was drawn %.0f times off the mean %.0f", size, i, d, want)
			}
		}
	}
	if tab.A.Used() != used {
		t.Fatalf("%d bytes left behind", tab.A.Used()-used)
	}
}
