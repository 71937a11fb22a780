package store

import (
	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// Detached is an entry that was taken out of its table and still has its value: for a command that may yet fail to
// replace it. It must be put back or discarded while its shard is locked. The zero Detached is nothing.
type Detached struct {
	db   *DB
	hash uint64
	ref  arena.Ref
}

// Detach takes the entry of a key, if there is one, out of the database.
func (v *View) Detach(key []byte) (d Detached, ok bool) {
	h := v.hash(key)
	db := v.db(h)
	p := v.lookup(db, h, key)
	if !p.Ok() {
		return Detached{}, false
	}
	return Detached{db, h, db.take(p, object.Cell{A: db.A, Slot: p.Slot()})}, true
}

// PutBack makes the entry a key again. No key has its name now.
func (d Detached) PutBack() {
	if d.db == nil {
		return
	}
	p := d.db.Table.Insert(d.hash, d.ref)
	c := object.Cell{A: d.db.A, Slot: p.Slot()}
	if ms, ok := c.Deadline(); ok {
		d.db.expires++
		p.NoteDeadline(ms)
	}
	if c.HasFieldTTL() {
		p.NoteDeadline(minFieldDeadline(c))
	}
}

// Discard frees the entry.
func (d Detached) Discard() {
	if d.db != nil {
		d.db.sh.discard(d.ref)
	}
}

// take removes an entry from the table without freeing it.
func (db *DB) take(p dash.Pos, c object.Cell) arena.Ref {
	db.beforeChange(p, c)
	if _, ok := c.Deadline(); ok {
		db.expires--
	}
	r := *p.Slot()
	db.Table.Remove(p)
	return r
}
