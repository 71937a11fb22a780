package list

import "dragonfly/store/object"

// Relocate moves what leaves its place in the arena (arena.Evacuate), outside the entry. It goes on from *pos, which starts
// at 0, looks at about n elements, and tells whether it is done; the list may change in between.
func Relocate(c object.Cell, pos *uint64, n int) (done bool) {
	if isListpack(c) {
		return true
	}
	q := open(c)
	if r := q.dir(); *pos == 0 && c.A.Leaves(r) {
		le.PutUint32(q.value, uint32(c.A.Move(r)))
		q.load()
	}
	for ; *pos < uint64(q.nodes); *pos++ {
		if n <= 0 {
			return false
		}
		d := q.at(int(*pos))
		if c.A.Leaves(d.block) {
			d.block = c.A.Move(d.block)
		}
		n -= d.len()
	}
	return true
}
