package dash

import (
	"math/rand/v2"

	"dragonfly/store/arena"
)

const (
	// nearTries is how often Near looks for a place with an entry; most tables are filled to more than a third.
	nearTries = 32
	// nearBuckets is how many buckets Near looks at from there on.
	nearBuckets = 64
)

// Near calls fn for up to n entries that lie together, from a random one on, until it returns false. s is the segment of
// the entry; the later ones may be in the segments behind that of the first. It is much cheaper than n calls of Random,
// since the memory of all is fetched at the same time. Every entry comes with about the same probability, but those of
// one call are neighbours. fn must not change the table.
func (t *Table) Near(n int, fn func(s Segment, slot *arena.Ref) bool) {
	if t.count == 0 {
		return
	}
	s, next, i, at := t.randomPlace()
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
			if n = t.nearIn(s, b, at, n, fn); n == 0 {
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

// randomPlace chooses a segment, with the position behind it, a bucket of it and a place in that: one with an entry, if
// that is not hard to find. Stash buckets are as likely as others.
func (t *Table) randomPlace() (s Segment, next uint64, bucket, at int) {
	for range nearTries {
		s, next, _ = t.SegmentAt(rand.Uint64() & (EndPos - 1))
		bucket, at = rand.IntN(segBuckets(s.log)), rand.IntN(bucketSlots)
		if s.bucket(bucket).fps[at] != 0 || s.header().chain != arena.Nil {
			break
		}
	}
	return s, next, bucket, at
}

// nearIn calls fn for up to n entries of a bucket, from a place on, and returns how many of n are left, 0 if fn does not
// want them.
func (t *Table) nearIn(s Segment, b *Bucket, from, n int, fn func(s Segment, slot *arena.Ref) bool) (left int) {
	var chosen [bucketSlots]uint8
	k := 0
	for j := 0; j < bucketSlots && k < n; j++ {
		if i := (from + j) % bucketSlots; b.fps[i] != 0 {
			t.A.Prefetch(b.refs[i])
			chosen[k] = uint8(i)
			k++
		}
	}
	for _, i := range chosen[:k] {
		if !fn(s, &b.refs[i]) {
			return 0
		}
	}
	return n - k
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
