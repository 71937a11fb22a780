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
	d.db.noteFields(p)
}

// Discard frees the entry.
func (d Detached) Discard() {
	if d.db != nil {
		d.db.sh.discard(d.ref)
	}
}

// NewDetached makes an entry that is in no table yet: for a value that is built in many steps, between which its shard
// may be unlocked. It must be attached or discarded. The shard of the key is locked.
func (s *Store) NewDetached(db int, key []byte, at object.Attrs, valLen int) *Detached {
	h := dash.Hash(key)
	d := s.shards[s.ShardOfHash(h)].dbs[db]
	return &Detached{d, h, object.New(d.A, key, valLen, at)}
}

// Cell returns the entry, which is not in a table: it stays valid until the entry is attached, put back or discarded.
func (d *Detached) Cell() object.Cell { return object.Cell{A: d.db.A, Slot: &d.ref} }

// Attach makes an entry of NewDetached a key: no event, no change counted. isNew is false if the key is there already: then
// it is replaced, or if it must not be nothing is done. The shard is locked.
func (d *Detached) Attach(replace bool) (isNew bool) {
	isNew = true
	if p := d.db.Table.Find(d.hash, d.Cell().Key()); p.Ok() {
		if !replace {
			return false
		}
		d.db.remove(p, object.Cell{A: d.db.A, Slot: p.Slot()})
		isNew = false
	}
	p := d.db.Table.Insert(d.hash, d.ref)
	c := object.Cell{A: d.db.A, Slot: p.Slot()}
	if ms, ok := c.Deadline(); ok {
		d.db.expires++
		d.db.note(p, ms)
	}
	d.db.noteFields(p)
	return isNew
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
