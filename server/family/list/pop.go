package list

import (
	"bytes"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/list"
)

func lpop(c *command.Ctx) { pop(c, head) }

func rpop(c *command.Ctx) { pop(c, tail) }

func pop(c *command.Ctx, e end) {
	if len(c.Args) > 3 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	many, count := len(c.Args) == 3, int64(1)
	if many {
		var err error
		if count, err = command.IntFrom(c.Args[2], 0, resperr.NotPositive); err != nil {
			c.Fail(err)
			return
		}
	}
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case !cell.Ok() && many:
		c.Reply.NullArray()
	case !cell.Ok():
		c.Reply.Null()
	case many:
		popMany(c, key, cell, e, count)
	default:
		index := e.index(list.Len(cell))
		elem, _ := list.Index(cell, index)
		answer(c, elem)
		list.Delete(cell, index, 1)
		removed(c, key, cell, e.popEvent())
	}
}

// index returns the index of the element at this end of a list of so many.
func (e end) index(size int) int {
	if e == head {
		return 0
	}
	return size - 1
}

// popMany replies and removes up to count elements from an end, the outermost first.
func popMany(c *command.Ctx, key []byte, cell object.Cell, e end, count int64) {
	size := list.Len(cell)
	n := int(min(count, int64(size)))
	c.Reply.Array(n)
	if n == 0 {
		return
	}
	start, it := 0, list.Iter{}
	if e == head {
		it = list.From(cell, 0)
	} else {
		start, it = size-n, list.BackwardFrom(cell, size-1)
	}
	answerAll(c, &it, n)
	list.Delete(cell, start, n)
	removed(c, key, cell, e.popEvent())
}

// removed does what follows when elements were removed from a list: an empty one is deleted.
func removed(c *command.Ctx, key []byte, cell object.Cell, event string) {
	if list.Len(cell) > 0 {
		list.TryShrink(cell, c.DB.Limits())
		c.DB.Changed(key, store.EventList, event)
		return
	}
	c.DB.Changed(key, store.EventList, event)
	c.DB.Delete(key)
	c.DB.Event(key, store.EventGeneric, "del")
}

func lmpop(c *command.Ctx) {
	count, err := command.IntFrom(c.Args[1], 1, resperr.NumKeysZero)
	if err != nil {
		c.Fail(err)
		return
	}
	if count > int64(len(c.Args)-3) {
		c.Fail(resperr.Syntax)
		return
	}
	keys, rest := c.Args[2:2+count], c.Args[2+count:]
	e, ok := parseEnd(rest[0])
	if !ok {
		c.Fail(resperr.Syntax)
		return
	}
	most := int64(1)
	for i := 1; i < len(rest); i += 2 {
		if i > 1 || i+1 == len(rest) || !command.Is(rest[i], "count") {
			c.Fail(resperr.Syntax)
			return
		}
		if most, err = command.IntFrom(rest[i+1], 1, resperr.CountZero); err != nil {
			c.Fail(err)
			return
		}
	}
	for _, key := range keys {
		cell, ok := c.DB.EditAs(key, object.List)
		if !ok {
			c.Fail(resperr.WrongType)
			return
		}
		if cell.Ok() {
			c.Reply.Array(2)
			c.Reply.Bulk(key)
			popMany(c, key, cell, e, most)
			return
		}
	}
	c.Reply.NullArray()
}

func lmove(c *command.Ctx) {
	from, ok := parseEnd(c.Args[3])
	to, ok2 := parseEnd(c.Args[4])
	if !ok || !ok2 {
		c.Fail(resperr.Syntax)
		return
	}
	move(c, from, to)
}

func rpoplpush(c *command.Ctx) { move(c, tail, head) }

// move moves an element from an end of one list to an end of another, or the same, and replies it.
func move(c *command.Ctx, from, to end) {
	source, target := c.Args[1], c.Args[2]
	cell, ok := c.DB.EditAs(source, object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case !cell.Ok():
		c.Reply.Null()
		return
	}
	dst, ok := c.DB.EditAs(target, object.List)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	// Looking target up may move the slot of source, and so may adding it.
	cell = c.DB.Peek(source)
	index := from.index(list.Len(cell))
	text := answerAndKeep(c, cell, index)
	list.Delete(cell, index, 1)
	if !dst.Ok() {
		dst = add(c, target, [][]byte{text})
	}
	to.push(dst, c.DB.Limits(), text)
	c.DB.Changed(target, store.EventList, to.pushEvent())
	removed(c, source, c.DB.Peek(source), from.popEvent())
}

// answerAndKeep replies an element and returns its text as it stands in the reply, where it outlives the element.
func answerAndKeep(c *command.Ctx, cell object.Cell, index int) []byte {
	start := len(c.Reply.Buf)
	elem, _ := list.Index(cell, index)
	answer(c, elem)
	reply := c.Reply.Buf[start:]
	return reply[bytes.IndexByte(reply, '\n')+1 : len(reply)-len("\r\n")]
}
