package btree

import "dragonfly/store/arena"

// Relocate moves nodes that leave their places in the arena (arena.Evacuate). It goes on from the item of rank *pos, which
// starts at 0, passes about n items, and tells whether it came to the end; the tree may change in between.
func (t Tree) Relocate(pos *uint64, n int) (done bool) {
	for n > 0 {
		if *pos >= uint64(t.count) {
			return true
		}
		rank := uint32(*pos)
		at := &t.Root.node
		for level := int(t.depth); level > 0; level-- {
			t.move(at, level)
			inner := t.at(*at, level)
			i := 0
			for ; rank >= *inner.count(i); i++ {
				rank -= *inner.count(i)
			}
			at = inner.child(i)
		}
		t.move(at, 0)
		passed := t.at(*at, 0).len() - int(rank)
		*pos += uint64(passed)
		n -= passed
	}
	return false
}

// move gives the node that a reference is to another place, if it leaves its own. Neighbours of a leaf refer to it, too.
func (t *Tree) move(at *arena.Ref, level int) {
	if !t.A.Leaves(*at) {
		return
	}
	*at = t.A.Move(*at)
	if level > 0 {
		return
	}
	l := t.at(*at, 0).leaf()
	if l.prev != arena.Nil {
		t.at(l.prev, 0).leaf().next = *at
	}
	if l.next != arena.Nil {
		t.at(l.next, 0).leaf().prev = *at
	}
}
