package dash

import (
	"math"

	"dragonfly/store/arena"
)

// expireBatch is how many entries of a segment are removed before it is looked at anew.
const expireBatch = 64

// Expire calls remove for up to limit entries whose deadline the time now has reached, and tells how many there were and
// whether there may be more. Segments that the bounds of NoteDeadline rule out are not searched. deadline returns the
// deadline of an entry, 0 if it has none; remove takes an entry out of the table. When there are no more, least is a time
// before which none of the others expires, MaxInt64 if none does.
func (t *Table) Expire(now int64, limit int, deadline func(arena.Ref) int64, remove func(arena.Ref)) (n int, more bool, least int64) {
	for pos := uint64(0); ; {
		s, next, ok := t.SegmentAt(pos)
		if !ok {
			break
		}
		if s.MinDeadline() > now {
			pos = next
			continue
		}
		if n >= limit {
			return n, true, 0
		}
		k, all := t.expireSegment(s, now, min(limit-n, expireBatch), deadline, remove)
		n += k
		if all {
			pos = next
		}
	}
	least = math.MaxInt64
	for pos := uint64(0); ; {
		s, next, ok := t.SegmentAt(pos)
		if !ok {
			return n, false, least
		}
		least = min(least, s.MinDeadline())
		pos = next
	}
}

// expireSegment removes up to limit, at most expireBatch, expired entries of a segment, and tells whether those were all.
func (t *Table) expireSegment(s Segment, now int64, limit int, deadline func(arena.Ref) int64, remove func(arena.Ref)) (n int, all bool) {
	var refs [expireBatch]arena.Ref
	least := int64(math.MaxInt64)
	all = true
	t.EachBucket(s, func(b *Bucket) {
		b.Each(func(slot *arena.Ref) {
			switch d := deadline(*slot); {
			case d == 0:
			case d > now:
				least = min(least, d)
			case n < limit:
				refs[n] = *slot
				n++
			default:
				all = false
			}
		})
	})
	if all {
		// Before removing: that may merge the segment with its neighbour, and the bounds with it.
		s.SetMinDeadline(least)
	}
	for _, r := range refs[:n] {
		remove(r)
	}
	return n, all
}
