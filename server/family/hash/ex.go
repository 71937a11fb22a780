package hash

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hash"
)

// purge removes those of some fields that have expired, of which every step-th argument is one, and returns the hash
// then, the zero Cell if there is none any more.
func purge(c *command.Ctx, cell object.Cell, args [][]byte, step int) object.Cell {
	if !cell.Ok() || !cell.HasFieldTTL() || c.DB.Store().NoExpire.Load() {
		return cell
	}
	key, expired := c.Args[1], 0
	for i := 0; i < len(args); i += step {
		if !hash.HasExpired(cell, args[i], c.DB.NowMs) {
			continue
		}
		if expired == 0 {
			cell = c.DB.Edit(key)
		}
		hash.Remove(cell, args[i])
		expired++
	}
	if c.DB.FieldsExpired(key, cell, expired) {
		return object.Cell{}
	}
	return cell
}

// answerNulls answers for fields of a hash that does not exist.
func answerNulls(c *command.Ctx, n int) {
	c.Reply.Array(n)
	for range n {
		c.Reply.Null()
	}
}

// answerField answers the value of a field, null if there is none, and tells which.
func answerField(c *command.Ctx, cell object.Cell, field []byte, scratch *hash.Scratch) bool {
	value, ok := hash.Get(cell, field, c.DB.ExpiryMs(), scratch)
	if ok {
		c.Reply.Bulk(value)
	} else {
		c.Reply.Null()
	}
	return ok
}

func hgetdel(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	fields, err := parseFields(c.Args[2:], resperr.FieldsPositive)
	if err != nil {
		c.Fail(err)
		return
	}
	if cell = purge(c, cell, fields, 1); !cell.Ok() {
		answerNulls(c, len(fields))
		return
	}
	c.Reply.Array(len(fields))
	var scratch hash.Scratch
	removed := 0
	for _, field := range fields {
		if answerField(c, cell, field, &scratch) {
			hash.Remove(cell, field)
			removed++
		}
	}
	if removed > 0 {
		fieldsRemoved(c, key, cell)
		moreChanges(c, removed)
	}
}

func hgetex(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := find(c, key)
	if !ok {
		return
	}
	a, err := parseEx(c.Cmd.Name, c.Args[2:], hgetexGrammar(), c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	if cell = purge(c, cell, a.fields, 1); !cell.Ok() {
		answerNulls(c, len(a.fields))
		return
	}
	if a.timed || a.persist {
		cell = c.DB.Edit(key)
	}
	if a.timed {
		hash.AllowTTL(cell)
	}
	c.Reply.Array(len(a.fields))
	var scratch hash.Scratch
	changed, deleted := 0, 0
	for _, field := range a.fields {
		if !answerField(c, cell, field, &scratch) {
			continue
		}
		switch a.redate(cell, field, c.DB.ExpiryMs()) {
		case hash.Done:
			changed++
		case hash.Deleted:
			deleted++
		}
	}
	switch {
	case deleted > 0:
		fieldsRemoved(c, key, cell)
	case changed > 0 && a.persist:
		c.DB.Changed(key, store.EventHash, "hpersist")
	case changed > 0:
		c.DB.NoteFieldDeadline(key, a.deadline)
		c.DB.Changed(key, store.EventHash, "hexpire")
	}
	moreChanges(c, changed+deleted)
}

// redate does with the deadline of a field what the options say.
func (a *exArgs) redate(cell object.Cell, field []byte, nowMs int64) hash.Result {
	switch {
	case a.timed:
		return hash.SetDeadline(cell, field, a.deadline, nowMs, hash.Always)
	case a.persist:
		return hash.Persist(cell, field, nowMs)
	}
	return hash.Unmet
}

func hsetex(c *command.Ctx) {
	key := c.Args[1]
	a, err := parseHsetex(c.Args[2:], c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	cell = purge(c, cell, a.fields, 2)
	if !a.mayWrite(cell, c.DB.ExpiryMs()) {
		c.Reply.Int(0)
		return
	}
	if !cell.Ok() {
		cell = add(c, key, a.fields)
	}
	hash.Prepare(cell, a.fields, c.DB.Limits())
	if a.timed {
		hash.AllowTTL(cell)
	}
	w := a.write(c, cell)
	if w.written > 0 {
		w.report(c, cell, &a)
	}
	if a.count {
		c.Reply.Int(int64(w.created))
	} else {
		c.Reply.Int(1)
	}
}

// mayWrite tells whether a condition holds that is for all fields together.
func (a *exArgs) mayWrite(cell object.Cell, nowMs int64) bool {
	if a.existence != noneExists && a.existence != allExist {
		return true
	}
	for i := 0; i < len(a.fields); i += 2 {
		if exists := cell.Ok() && hash.Has(cell, a.fields[i], nowMs); exists != (a.existence == allExist) {
			return false
		}
	}
	return true
}

// written counts what HSETEX has done to fields.
type written struct {
	written, created, timed, deleted int
}

// write sets fields and their deadlines.
func (a *exArgs) write(c *command.Ctx, cell object.Cell) (w written) {
	lim, now := c.DB.Limits(), c.DB.ExpiryMs()
	for i := 0; i < len(a.fields); i += 2 {
		field := a.fields[i]
		exists := hash.Has(cell, field, now)
		if exists && a.existence == skipOld {
			continue
		}
		hash.Set(cell, field, a.fields[i+1], a.keepTTL, lim)
		w.written++
		if !exists {
			w.created++
		}
		if !a.timed || a.keepTTL && exists {
			continue
		}
		if hash.SetDeadline(cell, field, a.deadline, now, hash.Always) == hash.Deleted {
			w.deleted++
		} else {
			w.timed++
		}
	}
	return w
}

// report tells what has changed, and deletes the hash if the deadline has come already and left none of its fields.
func (w *written) report(c *command.Ctx, cell object.Cell, a *exArgs) {
	key := c.Args[1]
	if w.timed > 0 {
		c.DB.NoteFieldDeadline(key, a.deadline)
	}
	empty := hash.Len(cell) == 0
	if empty {
		c.DB.Delete(key)
	}
	c.DB.Changed(key, store.EventHash, "hset")
	switch {
	case w.deleted > 0:
		c.DB.Event(key, store.EventHash, "hdel")
	case w.timed > 0:
		c.DB.Event(key, store.EventHash, "hexpire")
	}
	if empty {
		c.DB.Event(key, store.EventGeneric, "del")
	}
	moreChanges(c, w.written)
}
