package store

import (
	"dragonfly/store/object"
)

// Replace makes key a value of the given kind with valLen bytes of undefined content, whatever it was before and
// without expiry, and returns its entry.
func (v *View) Replace(key []byte, t object.Type, e object.Encoding, valLen int) object.Cell {
	h := v.hash(key)
	db := v.db(h)
	p := v.lookup(db, h, key)
	if !p.Ok() {
		return v.Add(key, object.Attrs{Type: t, Encoding: e}, valLen)
	}
	c := object.Cell{A: db.A, Slot: p.Slot()}
	db.beforeChange(p, c)
	db.freeValue(c)
	c.SetKind(t, e)
	c.Resize(valLen)
	db.setDeadline(p, c, 0)
	v.renew(c)
	return c
}
