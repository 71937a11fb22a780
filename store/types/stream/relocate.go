package stream

import "dragonfly/store/object"

// treeFrom is the position from which on Relocate is at the tree of nodes.
const treeFrom = uint64(1) << 40

// Relocate moves nodes that leave their places in the arena (arena.Evacuate), not what groups have. It goes on from *pos,
// which starts at 0, looks at about n elements, and tells whether it is done; the stream may change in between.
func Relocate(c object.Cell, pos *uint64, n int) (done bool) {
	s := Open(c)
	if *pos >= treeFrom {
		rank := *pos - treeFrom
		done = s.nodes().Relocate(&rank, n)
		*pos = treeFrom + rank
		return done
	}
	for cur := s.nodes().At(int(*pos)); cur.Ok(); cur.Next() {
		if n <= 0 {
			return false
		}
		if node := nodeOf(cur.Item()); s.a.Leaves(node.lp) {
			node.lp = s.a.Move(node.lp)
		}
		n -= nodeCost
		*pos++
	}
	*pos = treeFrom
	return false
}
