package set

import (
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// Free frees what the set has outside its entry. The value is then good for nothing but to be replaced or freed.
func Free(c object.Cell) {
	cursor := uint64(0)
	for !FreeStep(c, &cursor, 1<<20) {
	}
}

// FreeStep is Free in pieces of about n members. It goes on from *cursor, which starts at 0, and tells whether all
// is done. From the first call on the set must not be used otherwise.
func FreeStep(c object.Cell, cursor *uint64, n int) (done bool) {
	if c.Encoding() != object.Hashtable {
		return true
	}
	t := rootOf(c).table(c.A)
	if !t.FreeStep(cursor, n, c.A.Free) {
		return false
	}
	c.A.Free(rootRef(c))
	return true
}

// MemUsage returns the bytes of memory that the set has outside its entry.
func MemUsage(c object.Cell) int {
	if c.Encoding() != object.Hashtable {
		return 0
	}
	rt := rootOf(c)
	t := rt.table(c.A)
	return c.A.Size(rootRef(c)) + t.Bytes() + int(rt.bytes)
}

// Copy makes the value of target, an entry of any arena without anything outside itself, a copy of source.
func Copy(target, source object.Cell) {
	if source.Encoding() != object.Hashtable {
		target.Set(source.View())
		target.SetKind(object.Set, source.Encoding())
		return
	}
	to := initTable(target)
	from := rootOf(source).table(source.A)
	t := to.table(target.A)
	it := from.Iter()
	for slot := it.Next(); slot != nil; slot = it.Next() {
		m, deadline := readMember(source.A, *slot)
		if deadline == 0 {
			to.insert(&t, dash.Hash(m), m)
			continue
		}
		to.insertBlock(&t, dash.Hash(m), newTimed(target.A, m, deadline)).NoteDeadline(deadline)
	}
	setTiming(target, timingOf(source))
}
