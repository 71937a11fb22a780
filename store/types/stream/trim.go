package stream

import "dragonfly/store/arena"

// Trim says what to remove from the head of a stream.
type Trim struct {
	ByID   bool
	MaxLen int64 // entries to keep, unless ByID
	MinID  ID    // smallest ID to keep, if ByID
	// Approx removes whole nodes only.
	Approx bool
	// Limit is the number of entries that may be removed, 0 = any. A node with more live entries than are left of it
	// ends the work.
	Limit int64
}

// Trim removes entries from the head and returns how many.
func (s Stream) Trim(t Trim) int64 {
	removed, whole := int64(0), 0
	c := s.nodes().First()
	for ; c.Ok(); c.Next() {
		if !t.ByID && int64(s.r.length) <= t.MaxLen {
			break
		}
		item := nodeOf(c.Item())
		n := openNode(item.id, s.block(item.lp))
		if t.Limit > 0 && removed+n.count > t.Limit {
			break
		}
		if s.wholeNode(&n, &t) {
			s.a.Free(item.lp)
			item.lp = arena.Nil
			whole++
			s.r.length -= uint64(n.count)
			removed += n.count
			continue
		}
		if !t.Approx {
			removed += s.trimNode(item, &t)
		}
		break
	}
	if whole > 0 {
		s.nodes().DeleteRange(0, whole, nil)
		if s.Nodes() == 0 {
			s.resetTail()
		}
	}
	if removed > 0 {
		s.resetFirst()
	}
	return removed
}

// wholeNode tells whether all of a node may go.
func (s Stream) wholeNode(n *node, t *Trim) bool {
	if t.ByID {
		return n.last().Less(t.MinID)
	}
	return int64(s.r.length)-n.count >= t.MaxLen
}

// trimNode marks entries of a node as deleted until the stream is as t demands, and returns how many.
func (s Stream) trimNode(item *nodeItem, t *Trim) int64 {
	n := s.edit(item)
	before := n.count
	for p := n.first(); p >= 0; {
		e := n.entryAt(p)
		if t.ByID && !e.id.Less(t.MinID) || !t.ByID && int64(s.r.length) <= t.MaxLen {
			break
		}
		if e.flags&flagDeleted == 0 {
			n.tombstone(p)
			s.r.length--
			e = n.entryAt(p)
		}
		p = n.after(&e)
	}
	n.storeCounts()
	s.a.SetUsed(item.lp, len(n.lp))
	return before - n.count
}
