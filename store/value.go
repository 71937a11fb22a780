package store

import (
	"dragonfly/store/arena"
	"dragonfly/store/object"
)

// freeAtOnce is how many elements of a value are freed on the spot; more are freed in the background.
const freeAtOnce = 256

// garbage is memory on its way back: an entry that is in no table any more, or a whole table.
type garbage struct {
	entry  arena.Ref
	db     *DB
	cursor uint64
}

// outside tells whether a value has memory outside its entry.
func outside(c object.Cell) bool {
	switch c.Encoding() {
	case object.Quicklist, object.Hashtable, object.Skiplist, object.StreamTree:
		return true
	}
	return false
}

// discard frees an entry that was taken out of its table.
func (sh *Shard) discard(r arena.Ref) {
	c := object.Cell{A: sh.A, Slot: &r}
	if outside(c) {
		cursor := uint64(0)
		if !freeStep(c, &cursor, freeAtOnce) {
			sh.garbage = append(sh.garbage, garbage{entry: r, cursor: cursor})
			return
		}
	}
	sh.A.Free(r)
}

// freeValue frees what a value has outside its entry; the value bytes are overwritten next. A value too big to
// free now moves, root and all, into an entry of its own that is freed later.
func (db *DB) freeValue(c object.Cell) {
	c.SetHasFieldTTL(false)
	if !outside(c) {
		return
	}
	v := c.View()
	r := object.New(db.A, nil, len(v), object.Attrs{Type: c.Type(), Encoding: c.Encoding()})
	copy(object.Cell{A: db.A, Slot: &r}.View(), v)
	db.sh.discard(r)
}

// clean frees about n elements of garbage and tells whether there is more.
func (sh *Shard) clean(n int) (more bool) {
	for len(sh.garbage) > 0 && n > 0 {
		g := &sh.garbage[len(sh.garbage)-1]
		last := len(sh.garbage) - 1
		n -= freeAtOnce
		if g.db != nil {
			db, cursor := g.db, g.cursor
			done := db.Table.FreeStep(&cursor, freeAtOnce, sh.discard)
			// discard may have appended.
			if done {
				sh.garbage[last] = sh.garbage[len(sh.garbage)-1]
				sh.garbage = sh.garbage[:len(sh.garbage)-1]
			} else {
				sh.garbage[last].cursor = cursor
			}
			continue
		}
		if freeStep(object.Cell{A: sh.A, Slot: &g.entry}, &g.cursor, freeAtOnce) {
			sh.A.Free(g.entry)
			sh.garbage = sh.garbage[:last]
		}
	}
	return len(sh.garbage) > 0
}

// freeStep frees about n elements of what a value has outside its entry and tells whether all is done.
func freeStep(c object.Cell, cursor *uint64, n int) (done bool) { return true }

// copyValue makes dst, an empty string, a deep copy of src.
func copyValue(dst, src object.Cell, t object.Type, e object.Encoding) {}

// minFieldDeadline returns the time at which the first field of a hash expires.
func minFieldDeadline(c object.Cell) int64 { return 1<<63 - 1 }

// expireFields removes the expired fields of a hash, and the hash if none is left.
func (v *View) expireFields(key []byte) {}
