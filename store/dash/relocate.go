package dash

import "dragonfly/store/arena"

// Relocate moves what leaves its place in the arena (arena.Evacuate): entries, segments and the directory. It goes on from
// *pos, which starts at 0, looks at about n entries, and tells whether it has come to the end; the table may change in
// between. visit, unless nil, is called with the slot of every entry and moves it, or does not.
func (t *Table) Relocate(pos *uint64, n int, visit func(slot *arena.Ref)) (done bool) {
	if *pos == 0 && t.depth > 0 && t.A.Leaves(t.dir) {
		t.dir = t.A.Move(t.dir)
	}
	for n > 0 {
		s, next, ok := t.SegmentAt(*pos)
		if !ok {
			return true
		}
		if r := t.segRef(*pos); t.A.Leaves(r) {
			r = t.A.Move(r)
			s = Segment{t.A.Ptr(r), t.log}
			t.setRange(s, r)
		}
		t.EachBucket(s, func(b *Bucket) {
			if visit != nil {
				b.Prefetch(t.A)
				b.Each(visit)
				return
			}
			b.Each(func(slot *arena.Ref) {
				if t.A.Leaves(*slot) {
					*slot = t.A.Move(*slot)
				}
			})
		})
		n -= s.Count() + 1
		*pos = next
	}
	return false
}
