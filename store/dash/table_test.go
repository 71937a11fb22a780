package dash

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"dragonfly/store/arena"
)

// testKey is the entry of these tests: one length byte and the key.
func testKey(a *arena.Arena, r arena.Ref) []byte {
	n := *(*uint8)(a.Ptr(r))
	return unsafe.Slice((*byte)(unsafe.Add(a.Ptr(r), 1)), n)
}

func newTable(t testing.TB) *Table {
	t.Helper()
	a, err := arena.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return &Table{Root: new(Root), A: a, KeyOf: testKey}
}

func (t *Table) add(key string) {
	r := t.A.Alloc(1 + len(key))
	b := t.A.Bytes(r, 1+len(key))
	b[0] = byte(len(key))
	copy(b[1:], key)
	t.Insert(Hash([]byte(key)), r)
}

func (t *Table) del(key string) bool {
	p := t.Find(Hash([]byte(key)), []byte(key))
	if !p.Ok() {
		return false
	}
	r := *p.Slot()
	t.Remove(p)
	t.A.Free(r)
	return true
}

// TestAgainstMap grows a table to many segments and shrinks it to nothing, with random operations all along.
func TestAgainstMap(t *testing.T) {
	tab := newTable(t)
	model := map[string]bool{}
	rng := rand.New(rand.NewPCG(3, 4))
	const keys = 12_000
	phase := func(ops, insertPercent int) {
		for i := range ops {
			k := fmt.Sprintf("key:%d", rng.IntN(keys))
			if rng.IntN(100) < insertPercent {
				if !model[k] {
					tab.add(k)
					model[k] = true
				}
			} else if tab.del(k) != model[k] {
				t.Fatalf("%s: delete found %v", k, !model[k])
			} else {
				delete(model, k)
			}
			if p := tab.Find(Hash([]byte(k)), []byte(k)); p.Ok() != model[k] {
				t.Fatalf("%s: find says %v", k, p.Ok())
			}
			if i%1000 == 0 || len(model) < 200 && i%10 == 0 {
				tab.checkInvariants()
			}
		}
		if tab.Len() != len(model) {
			t.Fatalf("Len = %d, want %d", tab.Len(), len(model))
		}
	}
	phase(300, 60)
	phase(40_000, 80)
	phase(60_000, 10)
	for k := range model {
		if !tab.del(k) {
			t.Fatalf("%s is lost", k)
		}
		delete(model, k)
	}
	tab.checkInvariants()
	if tab.depth != 0 || tab.log != 0 {
		t.Fatalf("empty table has depth %d, log %d", tab.depth, tab.log)
	}
	tab.Clear()
	if tab.A.Used() != 0 {
		t.Fatalf("%d bytes left", tab.A.Used())
	}
}

// TestScan: what is there all the time is seen, while other keys come and go.
func TestScan(t *testing.T) {
	for _, n := range []int{0, 1, 30, 700, 900, 20_000} {
		tab := newTable(t)
		for i := range n {
			tab.add(fmt.Sprintf("stay:%d", i))
		}
		rng := rand.New(rand.NewPCG(5, uint64(n)))
		seen := map[string]bool{}
		present := map[string]bool{}
		cursor := uint64(0)
		for {
			cursor = tab.Scan(cursor, func(slot *arena.Ref) { seen[string(testKey(tab.A, *slot))] = true })
			if cursor == 0 {
				break
			}
			for range 40 {
				k := fmt.Sprintf("go:%d", rng.IntN(3*n+10))
				if present[k] {
					tab.del(k)
					delete(present, k)
				} else {
					tab.add(k)
					present[k] = true
				}
			}
			if len(present) > 2*n {
				for k := range present {
					tab.del(k)
				}
				clear(present)
			}
		}
		for i := range n {
			if k := fmt.Sprintf("stay:%d", i); !seen[k] {
				t.Fatalf("%d keys: %s was not seen", n, k)
			}
		}
	}
}

// TestChain fills one segment beyond its places, as keys of one position would.
func TestChain(t *testing.T) {
	tab := newTable(t)
	for i := range 700 {
		tab.add(fmt.Sprint(i))
	}
	for tab.log < bucketBits {
		tab.resize(tab.log + 1)
	}
	for i := 700; i < 3000; i++ {
		k := fmt.Sprint(i)
		r := tab.A.Alloc(1 + len(k))
		b := tab.A.Bytes(r, 1+len(k))
		b[0] = byte(len(k))
		copy(b[1:], k)
		h := Hash([]byte(k))
		tab.placeChained(tab.segment(PosOf(h)), h, fingerprint(h), r)
		tab.count++
	}
	tab.checkInvariants()
	seen := 0
	for c := tab.Scan(0, func(*arena.Ref) { seen++ }); c != 0; c = tab.Scan(c, func(*arena.Ref) { seen++ }) {
	}
	if seen != 3000 {
		t.Fatalf("Scan saw %d of 3000", seen)
	}
	for i := range 3000 {
		if tab.Random() == nil {
			t.Fatal("Random found nothing")
		}
		if !tab.del(fmt.Sprint(i)) {
			t.Fatalf("%d is lost", i)
		}
		if i%100 == 0 {
			tab.checkInvariants()
		}
	}
}

// TestRandomIsFair draws from a table whose segments have different depths.
func TestRandomIsFair(t *testing.T) {
	tab := newTable(t)
	const n, draws = 1500, 150_000
	for i := range n {
		tab.add(fmt.Sprint(i))
	}
	count := map[string]int{}
	for range draws {
		count[string(testKey(tab.A, *tab.Random()))]++
	}
	chi := 0.0
	want := float64(draws) / n
	for i := range n {
		d := float64(count[fmt.Sprint(i)]) - want
		chi += d * d / want
	}
	// 1499 degrees of freedom: mean 1499, standard deviation 54.8; six of them.
	if chi > 1499+6*55 {
		t.Fatalf("chi square %.0f", chi)
	}
}

// TestHook: before any change of a bucket the hook has seen it.
func TestHook(t *testing.T) {
	tab := newTable(t)
	for i := range 3000 {
		tab.add(fmt.Sprint(i))
	}
	tab.Version = 1
	written := map[string]int{}
	tab.Hook = func(b *Bucket) {
		if b.Version < 1 {
			b.Version = 1
			b.Each(func(slot *arena.Ref) { written[string(testKey(tab.A, *slot))]++ })
		}
	}
	for i := range 6000 {
		tab.add(fmt.Sprint("new", i))
		if i%3 == 0 {
			tab.del(fmt.Sprint(i / 3))
		}
	}
	tab.checkInvariants()
	for pos := uint64(0); pos < EndPos; {
		s, next, ok := tab.SegmentAt(pos)
		if !ok {
			break
		}
		tab.EachBucket(s, tab.Hook)
		pos = next
	}
	if len(written) != 3000 {
		t.Fatalf("%d entries written, want 3000", len(written))
	}
	for k, n := range written {
		if n != 1 || k[0] == 'n' {
			t.Fatalf("%s was written %d times", k, n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	tab := newTable(b)
	const n = 1_000_000
	for i := range n {
		tab.add(fmt.Sprintf("key:%012d", i))
	}
	b.Logf("%.2f table bytes per key, %.1f%% full", float64(tab.Bytes())/n, 100*float64(n)/float64(tab.Capacity()))
	keys := make([][]byte, 4096)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key:%012d", rand.IntN(n))
	}
	for i := 0; b.Loop(); i++ {
		k := keys[i&4095]
		if !tab.Find(Hash(k), k).Ok() {
			b.Fatal("lost")
		}
	}
}

func BenchmarkInsert(b *testing.B) {
	tab := newTable(b)
	var key [16]byte
	for i := 0; b.Loop(); i++ {
		tab.add(string(fmt.Appendf(key[:0], "%d", i)))
	}
}
