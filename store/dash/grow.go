package dash

import (
	"unsafe"

	"dragonfly/store/arena"
)

const (
	segSlots = (1<<bucketBits + 3) * bucketSlots
	// A merge leaves the segment at most this full, so that it does not split again soon.
	mergeMax = segSlots / 2
	// The directory may have this many entries per segment; keys that would ask for more share a position
	// prefix by intent, and are chained instead.
	dirPerSegment = 16
)

// grow makes room at a position: a bigger only segment, or a split. It returns false where that would not
// help, see dirPerSegment.
func (t *Table) grow(pos uint64) bool {
	if t.depth == 0 && t.log < bucketBits {
		t.resize(t.log + 1)
		return true
	}
	s := t.segment(pos)
	h := s.header()
	if h.depth == t.depth {
		// deep counts the segments of full depth; were all others one level up, there would be
		// (2^depth - deep)/2 of them. Growing is fair if the directory is not sparse.
		if t.depth >= 6 && uint64(1)<<t.depth > dirPerSegment*(t.count/segSlots+8) {
			return false
		}
		if t.depth == dirBits {
			return false
		}
		t.double()
	}
	t.split(s)
	return true
}

// resize replaces the only segment by one with 2^log home buckets.
func (t *Table) resize(log uint8) {
	old, from := t.dir, Segment{t.A.Ptr(t.dir), t.log}
	r, to := t.newSegment(log, 0, 0)
	to.header().minDeadline = from.header().minDeadline
	t.EachBucket(from, func(b *Bucket) {
		t.hook(b)
		for i := range bucketSlots {
			if b.fps[i] != 0 {
				t.placeChained(to, Hash(t.KeyOf(t.A, b.refs[i])), b.fps[i], b.refs[i])
			}
		}
	})
	t.dir, t.log = r, log
	t.freeSegment(old, from)
}

// double makes the directory one level deeper.
func (t *Table) double() {
	old := t.directory()
	r := t.A.Alloc(len(old) * 2 * 4)
	dir := unsafe.Slice((*arena.Ref)(t.A.Ptr(r)), len(old)*2)
	for i, s := range old {
		dir[2*i], dir[2*i+1] = s, s
	}
	if t.depth > 0 {
		t.A.Free(t.dir)
	}
	t.dir = r
	t.depth++
	t.deep = 0
}

// halve makes the directory one level flatter; no segment has full depth.
func (t *Table) halve() {
	old := t.directory()
	if t.depth == 1 {
		r := t.dir
		t.dir = old[0]
		t.depth, t.deep = 0, 1
		t.A.Free(r)
		return
	}
	r := t.A.Alloc(len(old) / 2 * 4)
	dir := unsafe.Slice((*arena.Ref)(t.A.Ptr(r)), len(old)/2)
	deep := uint32(0)
	for i := range dir {
		dir[i] = old[2*i]
		if (Segment{t.A.Ptr(dir[i]), t.log}).header().depth == t.depth-1 {
			deep++
		}
	}
	t.A.Free(t.dir)
	t.dir = r
	t.depth--
	t.deep = deep
}

// setRange points the directory entries of all positions that the segment covers at r.
func (t *Table) setRange(s Segment, r arena.Ref) {
	dir := t.directory()
	if t.depth == 0 {
		dir[0] = r
		return
	}
	from, to := t.dirIndex(s.first()), t.dirIndex(s.end()-1)
	for i := from; i <= to; i++ {
		dir[i] = r
	}
}

// split moves the upper half of a segment's positions to a new one. The directory is deeper than the segment.
func (t *Table) split(s Segment) {
	h := s.header()
	t.EachBucket(s, t.hook)
	h.depth++
	upper := h.prefix | 1<<(dirBits-uint32(h.depth))
	r, to := t.newSegment(t.log, upper, h.depth)
	to.header().minDeadline = h.minDeadline
	limit := uint64(upper) << bucketBits
	for i := range 1 << s.log {
		b := s.bucket(i)
		t.moveUpper(s, to, b, nil, limit)
	}
	t.eachStash(s, func(b *Bucket) bool {
		t.moveUpper(s, to, b, b, limit)
		return false
	})
	t.dropChain(s)
	t.setRange(to, r)
	t.segs++
	if h.depth == t.depth {
		t.deep += 2
	}
}

// moveUpper moves the entries of b from limit on to another segment. Entries of a stash bucket that stay go
// home if there is room by now.
func (t *Table) moveUpper(s, to Segment, b, stash *Bucket, limit uint64) {
	for i := range bucketSlots {
		fp, r := b.fps[i], b.refs[i]
		if fp == 0 {
			continue
		}
		hash := Hash(t.KeyOf(t.A, r))
		home := s.bucket(s.home(hash))
		switch {
		case PosOf(hash) >= limit:
			t.placeChained(to, hash, fp, r)
			b.clear(i)
			s.header().count--
			if stash != nil {
				home.overflow--
			}
		case stash != nil:
			if j := home.room(); j >= 0 {
				home.put(j, fp, r)
				home.overflow--
				b.clear(i)
			}
		}
	}
}

// dropChain frees the chained buckets of a segment that have become empty.
func (t *Table) dropChain(s Segment) {
	for at := &s.header().chain; *at != arena.Nil; {
		c := *at
		ch := (*chained)(t.A.Ptr(c))
		if ch.fps != [bucketSlots]uint8{} {
			at = &ch.next
			continue
		}
		*at = ch.next
		t.A.Free(c)
	}
}

// shrink looks whether the segment at a position can be merged with its neighbour, or the only one be smaller.
func (t *Table) shrink(pos uint64) {
	s := t.segment(pos)
	h := s.header()
	if t.depth == 0 {
		log := t.log
		for log > 0 && int(h.count) <= bucketSlots<<log/8 {
			log--
		}
		if log != t.log {
			t.resize(log)
		}
		return
	}
	if h.depth == 0 || h.count > mergeMax/2 {
		return
	}
	// The buddy covers the other half of the positions of the segment that both came from.
	bit := uint32(1) << (dirBits - uint32(h.depth))
	buddy := t.segment(uint64(h.prefix^bit) << bucketBits)
	if buddy.header().depth != h.depth || int(h.count)+int(buddy.header().count) > mergeMax {
		return
	}
	lower, upper := s, buddy
	if h.prefix&bit != 0 {
		lower, upper = buddy, s
	}
	t.merge(lower, upper)
}

// merge moves all entries of upper to lower, its buddy.
func (t *Table) merge(lower, upper Segment) {
	t.EachBucket(lower, t.hook)
	t.EachBucket(upper, t.hook)
	gone := t.segRef(upper.first())
	t.EachBucket(upper, func(b *Bucket) {
		for i := range bucketSlots {
			if b.fps[i] != 0 {
				t.placeChained(lower, Hash(t.KeyOf(t.A, b.refs[i])), b.fps[i], b.refs[i])
			}
		}
	})
	h := lower.header()
	h.minDeadline = min(h.minDeadline, upper.header().minDeadline)
	if h.depth == t.depth {
		t.deep -= 2
	}
	h.depth--
	kept := t.segRef(lower.first())
	t.setRange(lower, kept)
	t.freeSegment(gone, upper)
	t.segs--
	for t.depth > 0 && t.deep == 0 {
		t.halve()
	}
}

// checkInvariants panics if the table is not what it should be; for tests.
func (t *Table) checkInvariants() {
	if t.dir == arena.Nil {
		if t.count != 0 {
			panic("dash: entries in an empty table")
		}
		return
	}
	total, deep, segs := 0, uint32(0), uint32(0)
	for pos := uint64(0); pos < EndPos; {
		s := t.segment(pos)
		h := s.header()
		if s.first() != pos {
			panic("dash: a segment does not begin where it should")
		}
		if h.depth == t.depth {
			deep++
		}
		n := 0
		overflow := map[*Bucket]uint16{}
		check := func(b *Bucket, stash bool) {
			for i := range bucketSlots {
				if (b.fps[i] == 0) != (b.refs[i] == arena.Nil) {
					panic("dash: fingerprint and reference disagree")
				}
				if b.fps[i] == 0 {
					continue
				}
				n++
				hash := Hash(t.KeyOf(t.A, b.refs[i]))
				home := s.bucket(s.home(hash))
				if p := PosOf(hash); p < s.first() || p >= s.end() || fingerprint(hash) != b.fps[i] {
					panic("dash: an entry is in the wrong segment")
				}
				if stash {
					overflow[home]++
				} else if home != b {
					panic("dash: an entry is in the wrong bucket")
				}
			}
		}
		for i := range 1 << s.log {
			check(s.bucket(i), false)
		}
		t.eachStash(s, func(b *Bucket) bool { check(b, true); return false })
		for i := range 1 << s.log {
			if b := s.bucket(i); b.overflow != overflow[b] {
				panic("dash: a bucket miscounts its overflow")
			}
		}
		if n != int(h.count) {
			panic("dash: a segment miscounts its entries")
		}
		total += n
		segs++
		pos = s.end()
	}
	if total != int(t.count) || deep != t.deep || segs != t.segs {
		panic("dash: the table miscounts its entries or segments")
	}
}
