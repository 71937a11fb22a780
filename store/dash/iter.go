package dash

import (
	"math/bits"
	"math/rand/v2"
	"unsafe"

	"dragonfly/store/arena"
)

// Iter walks over all entries of a table. It may be kept and continued later, as long as the table does not gain
// or lose entries in between; slots may be changed.
type Iter struct {
	t    Table
	seg  Segment
	next uint64    // position behind the segment
	b    *Bucket   // current bucket, nil before the first
	i    int       // next slot of b
	n    int       // buckets of the segment that were begun
	link arena.Ref // next chained bucket of the segment
}

// Iter returns an iterator that stands before the first entry.
func (t *Table) Iter() Iter { return Iter{t: *t} }

// Next returns the slot of the next entry, nil at the end.
func (it *Iter) Next() *arena.Ref {
	for {
		if it.b != nil {
			for it.i < bucketSlots {
				i := it.i
				it.i++
				if it.b.fps[i] != 0 {
					return &it.b.refs[i]
				}
			}
		}
		if !it.bucket() {
			return nil
		}
	}
}

// bucket steps to the next bucket.
func (it *Iter) bucket() bool {
	it.i = 0
	switch {
	case it.seg.p != nil && it.n < segBuckets(it.seg.log):
		it.b = it.seg.bucket(it.n)
		it.n++
		return true
	case it.link != arena.Nil:
		ch := (*chained)(it.t.A.Ptr(it.link))
		it.b, it.link = &ch.Bucket, ch.next
		return true
	}
	s, next, ok := it.t.SegmentAt(it.next)
	if !ok {
		it.b, it.seg.p, it.next = nil, nil, EndPos
		return false
	}
	it.seg, it.next, it.link = s, next, s.header().chain
	it.b, it.n = s.bucket(0), 1
	return true
}

// Sample calls fn for the slots of n different entries, 0 ≤ n ≤ Len, chosen at random. fn must not change the
// table.
func (t *Table) Sample(n int, fn func(slot *arena.Ref)) {
	// Drawing becomes slow when most draws hit what was drawn before; from a third on a walk is cheaper.
	if 3*n > t.Len() {
		t.sampleWalk(n, fn)
		return
	}
	if n > 0 {
		t.sampleDraw(n, fn)
	}
}

// sampleWalk passes every entry and takes it with the probability still needed / still to come.
func (t *Table) sampleWalk(n int, fn func(slot *arena.Ref)) {
	it := t.Iter()
	for left := t.Len(); n > 0; left-- {
		slot := it.Next()
		if rand.IntN(left) < n {
			fn(slot)
			n--
		}
	}
}

// sampleDraw draws until it has n different entries. What was drawn is kept in an open-addressing table of
// references in the arena.
func (t *Table) sampleDraw(n int, fn func(slot *arena.Ref)) {
	log := bits.Len(uint(2*n - 1))
	r := t.A.AllocZero(4 << log)
	seen := unsafe.Slice((*arena.Ref)(t.A.Ptr(r)), 1<<log)
	for n > 0 {
		slot := t.Random()
		i := uint32(*slot) * 0x9e3779b1 >> (32 - log)
		for seen[i] != arena.Nil && seen[i] != *slot {
			i = (i + 1) & (1<<log - 1)
		}
		if seen[i] == arena.Nil {
			seen[i] = *slot
			fn(slot)
			n--
		}
	}
	t.A.Free(r)
}
