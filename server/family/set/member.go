package set

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/set"
)

// find returns the set at a key for reading, the zero Cell if there is none. If the key holds something else it
// answers so and returns false.
func find(c *command.Ctx, key []byte) (cell object.Cell, ok bool) {
	cell, ok = c.DB.FindAs(key, object.Set)
	if !ok {
		c.Fail(resperr.WrongType)
	}
	return cell, ok
}

// edit is find for changing the set.
func edit(c *command.Ctx, key []byte) (cell object.Cell, ok bool) {
	cell, ok = c.DB.EditAs(key, object.Set)
	if !ok {
		c.Fail(resperr.WrongType)
	}
	return cell, ok
}

// add adds a set that is about to get n members, the first of them being first.
func add(c *command.Ctx, key, first []byte, n int) object.Cell {
	cell := c.DB.Add(key, object.Attrs{Type: object.Set, Encoding: object.Intset}, 0)
	set.Init(cell, first, n, c.DB.Limits())
	return cell
}

// membersRemoved reports that members were removed, and deletes the set if none is left.
func membersRemoved(c *command.Ctx, key []byte, cell object.Cell, event string) {
	if set.Len(cell) > 0 {
		c.DB.Changed(key, store.EventSet, event)
		return
	}
	c.DB.Delete(key)
	c.DB.Changed(key, store.EventSet, event)
	c.DB.Event(key, store.EventGeneric, "del")
}

func sadd(c *command.Ctx) {
	key, members := c.Args[1], c.Args[2:]
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	lim := c.DB.Limits()
	if cell.Ok() {
		set.Prepare(cell, len(members), lim)
	} else {
		cell = add(c, key, members[0], len(members))
	}
	added := 0
	for _, m := range members {
		if set.Add(cell, m, lim) {
			added++
		}
	}
	if added > 0 {
		c.DB.Changed(key, store.EventSet, "sadd")
		moreChanges(c, added)
	}
	c.Reply.Int(int64(added))
}

// moreChanges counts n changes where one was counted.
func moreChanges(c *command.Ctx, n int) {
	if n > 1 {
		c.DB.Store().AddDirty(int64(n) - 1)
	}
}

func srem(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	removed := 0
	for _, m := range c.Args[2:] {
		if !cell.Ok() || set.Len(cell) == 0 {
			break
		}
		if set.Remove(cell, m) {
			removed++
		}
	}
	if removed > 0 {
		membersRemoved(c, key, cell, "srem")
		moreChanges(c, removed)
	}
	c.Reply.Int(int64(removed))
}

func smove(c *command.Ctx) {
	from, to, member := c.Args[1], c.Args[2], c.Args[3]
	source := c.DB.Peek(from)
	if !source.Ok() {
		c.Reply.Int(0)
		return
	}
	if source.Type() != object.Set {
		c.Fail(resperr.WrongType)
		return
	}
	target := c.DB.Edit(to)
	if target.Ok() && target.Type() != object.Set {
		c.Fail(resperr.WrongType)
		return
	}
	exists := target.Ok()
	// Looking target up may have removed it, expired, and so moved what source refers to.
	source = c.DB.Edit(from)
	if string(from) == string(to) {
		c.Reply.Flag(set.Contains(source, member))
		return
	}
	deadline := int64(0)
	if source.HasFieldTTL() {
		deadline, _ = set.Deadline(source, member)
	}
	if !set.Remove(source, member) {
		c.Reply.Int(0)
		return
	}
	membersRemoved(c, from, source, "srem")
	// That may have deleted source, or target is to be added: either way what target refers to has moved.
	if exists {
		target = c.DB.Edit(to)
	} else {
		target = add(c, to, member, 1)
	}
	var added bool
	if deadline == 0 {
		added = set.Add(target, member, c.DB.Limits())
	} else if added = set.AddUntil(target, member, deadline, true); added {
		c.DB.NoteFieldDeadline(to, deadline)
	}
	if added {
		c.DB.Changed(to, store.EventSet, "sadd")
	}
	c.Reply.Int(1)
}

func sismember(c *command.Ctx) {
	if cell, ok := find(c, c.Args[1]); ok {
		c.Reply.Flag(cell.Ok() && set.Contains(cell, c.Args[2]))
	}
}

func smismember(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	members := c.Args[2:]
	c.Reply.Array(len(members))
	for _, m := range members {
		c.Reply.Flag(cell.Ok() && set.Contains(cell, m))
	}
}

func scard(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	switch {
	case !ok:
	case cell.Ok():
		c.Reply.Int(int64(set.Len(cell)))
	default:
		c.Reply.Int(0)
	}
}

func smembers(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	switch {
	case !ok:
	case cell.Ok() && c.Long(set.Len(cell)):
	case cell.Ok():
		answer(c, cell)
	default:
		c.Reply.Set(0)
	}
}

// answer answers with all members of a set.
func answer(c *command.Ctx, cell object.Cell) {
	c.Reply.Set(set.Len(cell))
	it := set.NewIter(cell)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		c.Reply.Bulk(m)
		c.Breathe()
	}
}

func sscan(c *command.Ctx) {
	cursor, err := command.ScanCursor(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	if !cell.Ok() {
		c.Reply.CloseScan(c.Reply.Defer(), 0, 0)
		return
	}
	o, err := command.ParseScan(c.Args[3:], command.ScanOthers)
	if err != nil {
		c.Fail(err)
		return
	}
	mark, n := c.Reply.Defer(), 0
	cursor = set.Scan(cell, cursor, o.Count, func(m []byte) {
		if o.Match(m) {
			c.Reply.Bulk(m)
			n++
		}
	})
	c.Reply.CloseScan(mark, cursor, n)
}
