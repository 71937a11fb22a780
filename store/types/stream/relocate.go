package stream

import "dragonfly/store/object"

// Relocate moves nodes that leave their places in the arena (arena.Evacuate). It goes on from *pos, which starts at 0, looks
// at about n elements, and tells whether it is done; the stream may change in between.
func Relocate(c object.Cell, pos *uint64, n int) (done bool) {
	s := Open(c)
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
	return true
}
