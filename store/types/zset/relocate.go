package zset

import (
	"encoding/binary"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
	"dragonfly/store/types/btree"
)

// Relocate moves what leaves its place in the arena (arena.Evacuate), outside the entry: not the nodes of the tree. It goes
// on from *pos, which starts at 0, looks at about n members, and tells whether it is done; the sorted set may change in
// between.
func Relocate(c object.Cell, pos *uint64, n int) (done bool) {
	if c.Encoding() == object.Listpack {
		return true
	}
	if r := rootOf(c); *pos == 0 && c.A.Leaves(r) {
		binary.LittleEndian.PutUint32(c.View(), uint32(c.A.Move(r)))
	}
	b := openBig(c)
	for n > 0 {
		s, next, ok := b.table.SegmentAt(*pos)
		if !ok {
			return true
		}
		b.table.EachBucket(s, func(k *dash.Bucket) { k.Each(b.relocate) })
		n -= s.Count() + 1
		*pos = next
	}
	return false
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
