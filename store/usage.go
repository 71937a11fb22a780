package store

import "dragonfly/store/object"

// Usage returns the bytes of memory that a key takes: its entry, what its value has outside of it, and its part of the
// table of the database. It is no access. ok is false if there is no such key.
func (v *View) Usage(key []byte) (bytes int, ok bool) {
	h := v.hash(key)
	db := v.db(h)
	p := v.lookup(db, h, key)
	if !p.Ok() {
		return 0, false
	}
	return MemUsage(object.Cell{A: db.A, Slot: p.Slot()}) + db.Table.Share(p), true
}
