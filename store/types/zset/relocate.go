package zset

import (
	"encoding/binary"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
	"dragonfly/store/types/btree"
)

// Relocate moves what leaves its place in the arena (arena.Evacuate), outside the entry. It goes on from *pos, which starts
// at 0, looks at about n elements, and tells whether it is done; the sorted set may change in between.
func Relocate(c object.Cell, pos *uint64, n int) (done bool) {
	if c.Encoding() == object.Listpack {
		return true
	}
	if r := rootOf(c); *pos == 0 && c.A.Leaves(r) {
		binary.LittleEndian.PutUint32(c.View(), uint32(c.A.Move(r)))
	}
	b := openBig(c)
	if *pos < dash.EndPos {
		if b.table.Relocate(pos, n, b.relocate) {
			*pos = dash.EndPos // and the tree from here on
		}
		return false
	}
	rank := *pos - dash.EndPos
	done = b.tree.Relocate(&rank, n)
	*pos = dash.EndPos + rank
	return done
}

// relocate moves the block of a member, if it leaves. The tree compares members, so it must have the new place before the
// old one is gone.
func (b *big) relocate(slot *arena.Ref) {
	a, r := b.tree.A, *slot
	if !a.Leaves(r) {
		return
	}
	score := *scoreOf(a, r)
	to := newMember(a, score, textOf(a, r))
	k := btree.Key{Hi: orderOf(score), Text: textOf(a, to)}
	it := newItem(score, to)
	b.tree.Update(k, k, it[:])
	*slot = to
	a.Free(r)
}
