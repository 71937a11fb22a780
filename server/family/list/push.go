package list

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/list"
)

// end is an end of a list.
type end bool

const (
	head end = true
	tail end = false
)

// parseEnd parses LEFT or RIGHT.
func parseEnd(arg []byte) (e end, ok bool) {
	if command.Is(arg, "left") {
		return head, true
	}
	return tail, command.Is(arg, "right")
}

func (e end) pushEvent() string {
	if e == head {
		return "lpush"
	}
	return "rpush"
}

func (e end) popEvent() string {
	if e == head {
		return "lpop"
	}
	return "rpop"
}

// push adds elements at this end of a list.
func (e end) push(cell object.Cell, lim *object.Limits, elems ...[]byte) {
	if e == head {
		list.PushHead(cell, lim, elems...)
	} else {
		list.PushTail(cell, lim, elems...)
	}
}

func lpush(c *command.Ctx) { push(c, head, true) }

func rpush(c *command.Ctx) { push(c, tail, true) }

func lpushx(c *command.Ctx) { push(c, head, false) }

func rpushx(c *command.Ctx) { push(c, tail, false) }

// push adds the arguments at an end of the list at the key, which is created if missing and create says so.
func push(c *command.Ctx, e end, create bool) {
	key, elems := c.Args[1], c.Args[2:]
	cell, ok := c.DB.EditAs(key, object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case cell.Ok():
	case !create:
		c.Reply.Int(0)
		return
	default:
		cell = add(c, key, elems)
	}
	e.push(cell, c.DB.Limits(), elems...)
	size := list.Len(cell)
	c.DB.Changed(key, store.EventList, e.pushEvent())
	c.Reply.Int(int64(size))
}

// add makes an empty list with room for the elements that will be pushed.
func add(c *command.Ctx, key []byte, elems [][]byte) object.Cell {
	at := object.Attrs{Type: object.List, Encoding: object.Listpack}
	cell := c.DB.Add(key, at, list.SizeHint(c.DB.Limits(), elems))
	list.Init(cell)
	return cell
}

func linsert(c *command.Ctx) {
	key := c.Args[1]
	after := command.Is(c.Args[2], "after")
	if !after && !command.Is(c.Args[2], "before") {
		c.Fail(resperr.Syntax)
		return
	}
	cell, ok := c.DB.EditAs(key, object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case !cell.Ok():
		c.Reply.Int(0)
	case !list.Insert(cell, c.DB.Limits(), c.Args[3], c.Args[4], after):
		c.Reply.Int(-1)
	default:
		size := list.Len(cell)
		c.DB.Changed(key, store.EventList, "linsert")
		c.Reply.Int(int64(size))
	}
}

func lset(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case !cell.Ok():
		c.Fail(resperr.NoSuchKey)
		return
	}
	index, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	if !list.Set(cell, c.DB.Limits(), int(index), c.Args[3]) {
		c.Fail(resperr.IndexRange)
		return
	}
	list.TryShrink(cell, c.DB.Limits())
	c.DB.Changed(key, store.EventList, "lset")
	c.Reply.OK()
}
