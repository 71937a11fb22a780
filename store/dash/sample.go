package dash

import (
	"math/rand/v2"

	"dragonfly/store/arena"
)

// nearBuckets is how many buckets Near looks at: a table that was emptied lately has few entries in many.
const nearBuckets = 64

// Near calls fn for up to n entries that lie together, from a random place on, until it returns false. s is the
// segment of the entry; the later ones may be in the segments behind that of the first. It is much cheaper than n calls
// of Random, since the memory of all is fetched at the same time. Every entry comes with about the same probability, but
// those of one call are neighbours. fn must not change the table.
func (t *Table) Near(n int, fn func(s Segment, slot *arena.Ref) bool) {
	if t.count == 0 {
		return
	}
	s, next, _ := t.SegmentAt(rand.Uint64() & (EndPos - 1))
	// Stash buckets are as likely as the others: their entries have no other.
	i := rand.IntN(segBuckets(s.log))
	start := s.bucket(i)
	for steps := 0; steps < nearBuckets; steps++ {
		switch b := s.bucket(i); {
		case steps > 0 && b == start:
			return // once round
		case s.header().chain != arena.Nil:
			// Keys made by intent are in the chain: they must have their chance.
			if slot := t.randomChained(s); slot != nil {
				fn(s, slot)
				return
			}
			i = segBuckets(s.log)
		case s.Count() == 0:
			i = segBuckets(s.log)
		default:
			if n = t.nearIn(s, b, n, fn); n == 0 {
				return
			}
			i++
		}
		if i == segBuckets(s.log) {
			i = 0
			s, next, _ = t.SegmentAt(next % EndPos)
		}
	}
}

// nearIn calls fn for up to n entries of a bucket, from a random one on, and returns how many of n are left, 0 if fn does
// not want them.
func (t *Table) nearIn(s Segment, b *Bucket, n int, fn func(s Segment, slot *arena.Ref) bool) (left int) {
	var used [bucketSlots]uint8
	k := 0
	for i, fp := range b.fps {
		used[k] = uint8(i)
		if fp != 0 {
			k++
		}
	}
	if k == 0 {
		return n
	}
	first, count := rand.IntN(k), min(k, n)
	for j := range count {
		t.A.Prefetch(b.refs[used[(first+j)%k]])
	}
	for j := range count {
		if !fn(s, &b.refs[used[(first+j)%k]]) {
			return 0
		}
	}
	return n - count
}

// FindRef returns the place of the entry with this reference, if it still has the key with hash h: for those who
// kept a reference while the table may have changed.
func (t *Table) FindRef(h uint64, r arena.Ref) (p Pos) {
	if t.count == 0 {
		return Pos{}
	}
	s := t.segment(PosOf(h))
	home := s.bucket(s.home(h))
	if i := home.findRef(r); i >= 0 {
		p = Pos{home, home, s, i}
	} else if home.overflow > 0 {
		t.eachStash(s, func(b *Bucket) bool {
			i := b.findRef(r)
			if i >= 0 {
				p = Pos{b, home, s, i}
			}
			return i >= 0
		})
	}
	// The block may have become another key's.
	if p.Ok() && Hash(t.KeyOf(t.A, r)) != h {
		return Pos{}
	}
	return p
}

// findRef returns the place of a reference, or -1.
func (b *Bucket) findRef(r arena.Ref) int {
	for i := range b.refs {
		if b.refs[i] == r && b.fps[i] != 0 {
			return i
		}
	}
	return -1
}
