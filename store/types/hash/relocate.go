package hash

import (
	"encoding/binary"

	"dragonfly/store/object"
)

// Relocate moves what leaves its place in the arena (arena.Evacuate), outside the entry. It goes on from *pos, which starts
// at 0, looks at about n fields, and tells whether it is done; the hash may change in between.
func Relocate(c object.Cell, pos *uint64, n int) (done bool) {
	if c.Encoding() != object.Hashtable {
		return true
	}
	if r := rootRef(c); *pos == 0 && c.A.Leaves(r) {
		binary.LittleEndian.PutUint32(c.View(), uint32(c.A.Move(r)))
	}
	t := rootOf(c).table(c.A)
	return t.Relocate(pos, n, nil)
}
