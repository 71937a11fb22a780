package generic

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/set"
)

// What FIELDTTL and FIELDEXPIRE answer instead of a time. A field is one of a hash or a member of a set.
const (
	fieldHasNoTTL = -1
	noSuchKey     = -2
	noSuchField   = -3 // FIELDEXPIRE says -2
)

// fieldexpire answers 1 for a field that expires now, and as for a missing key if the key holds neither a hash nor a set.
func fieldexpire(c *command.Ctx) {
	key, fields := c.Args[1], c.Args[3:]
	deadline, err := command.MemberDeadline(c.Args[2], c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	cell := c.DB.Edit(key)
	changed := 0
	c.Reply.Array(len(fields))
	for _, field := range fields {
		if cell.Ok() && setFieldDeadline(cell, field, deadline, c.DB.NowMs) {
			changed++
			c.Reply.Int(1)
		} else {
			c.Reply.Int(noSuchKey)
		}
	}
	if changed == 0 {
		return
	}
	c.DB.NoteFieldDeadline(key, deadline)
	if cell.Type() == object.Set {
		c.DB.Changed(key, store.EventSet, "sexpire")
	} else {
		c.DB.Changed(key, store.EventHash, "hexpire")
	}
	c.DB.Store().AddDirty(int64(changed) - 1)
}

// setFieldDeadline gives a field of a hash, or a member of a set, a deadline; it returns false if there is none.
func setFieldDeadline(cell object.Cell, field []byte, deadline, now int64) bool {
	switch cell.Type() {
	case object.Set:
		return set.SetDeadline(cell, field, deadline)
	case object.Hash:
		if !hash.Has(cell, field, now) {
			return false
		}
		hash.AllowTTL(cell)
		return hash.SetDeadline(cell, field, deadline, now, hash.Always) == hash.Done
	}
	return false
}

func fieldttl(c *command.Ctx) {
	cell := c.DB.Find(c.Args[1])
	if !cell.Ok() {
		c.Reply.Int(noSuchKey)
		return
	}
	var deadline int64
	var ok bool
	switch cell.Type() {
	case object.Set:
		deadline, ok = set.Deadline(cell, c.Args[2])
	case object.Hash:
		deadline, ok = hash.Deadline(cell, c.Args[2], c.DB.NowMs)
	default:
		c.Fail(resperr.WrongType)
		return
	}
	switch {
	case !ok:
		c.Reply.Int(noSuchField)
	case deadline == 0:
		c.Reply.Int(fieldHasNoTTL)
	case deadline <= c.DB.NowMs:
		c.Reply.Int(0) // seen only while expiry is suspended
	default:
		c.Reply.Int((deadline-c.DB.NowMs-1)/1000 + 1)
	}
}
