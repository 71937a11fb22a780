package hash

import (
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// Builder makes a hash of fields that arrive one by one, as from a file.
type Builder struct {
	c   object.Cell
	lim *object.Limits
}

// Build makes the entry an empty hash that is about to get n fields.
func Build(c object.Cell, n int, lim *object.Limits) Builder {
	if n > lim.HashMaxListpackEntries {
		r, _ := newRoot(c.A)
		setRoot(c, r)
	} else {
		Init(c)
	}
	return Builder{c, lim}
}

// Add adds a field, with a deadline unless that is 0. It reports whether the field was not there before; a file
// that repeats one is corrupt.
func (b *Builder) Add(field, value []byte, deadline int64) (added bool) {
	if deadline != 0 {
		AllowTTL(b.c)
	}
	if b.c.Encoding() != object.Hashtable {
		if _, there := Deadline(b.c, field, 0); there {
			return false
		}
		if Set(b.c, field, value, false, b.lim); deadline != 0 {
			putDeadline(b.c, field, deadline)
		}
		return true
	}
	rt := rootOf(b.c)
	t := rt.table(b.c.A)
	if t.Find(dash.Hash(field), field).Ok() {
		return false
	}
	rt.insert(&t, field, value, deadline)
	if deadline != 0 {
		b.c.SetHasFieldTTL(true)
	}
	return true
}
