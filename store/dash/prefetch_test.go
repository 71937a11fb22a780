package dash

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"dragonfly/store/arena"
)

// TestPrefetch: the bucket whose memory is fetched is the one that a lookup begins with, in tables of all sizes.
func TestPrefetch(t *testing.T) {
	tab := newTable(t)
	check := func(key string) {
		t.Helper()
		h := Hash([]byte(key))
		tab.PrefetchBucket(tab.A, h)
		tab.PrefetchEntries(tab.A, h)
		p := tab.Find(h, []byte(key))
		seg, at := tab.homeOf(tab.A, h)
		if !p.Ok() {
			return
		}
		if got := (*Bucket)(tab.A.Peek(seg, at, unsafe.Sizeof(Bucket{}))); got != p.home {
			t.Fatalf("%d entries: bucket %p of %q, want %p", tab.Len(), got, key, p.home)
		}
	}
	check("missing")
	for i := range 20000 {
		tab.add(fmt.Sprint(i))
		check(fmt.Sprint(rand.IntN(i + 1)))
		check("missing")
	}
	for i := range 20000 {
		tab.del(fmt.Sprint(i))
		check("19999")
	}
}

// TestPrefetchOfAnything: a root that is seen while it changes, and memory that is something else by now, do no harm.
func TestPrefetchOfAnything(t *testing.T) {
	tab := newTable(t)
	for i := range 20000 {
		tab.add(fmt.Sprint(i))
	}
	for range 100000 {
		r := Root{dir: arena.Ref(rand.Uint32() >> rand.IntN(32)), depth: uint8(rand.Uint32()), log: uint8(rand.Uint32())}
		h := rand.Uint64()
		r.PrefetchBucket(tab.A, h)
		r.PrefetchEntries(tab.A, h)
	}
	r := Root{dir: math.MaxUint32, depth: 33}
	r.PrefetchEntries(tab.A, math.MaxUint64)
}
