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
		popOne(c, key, cell, e)
	}
}

// popOne replies and removes the element at an end.
func popOne(c *command.Ctx, key []byte, cell object.Cell, e end) {
	index := e.index(list.Len(cell))
	elem, _ := list.Index(cell, index)
	answer(c, elem)
	list.Delete(cell, index, 1)
	removed(c, key, cell, e.popEvent())
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

// multiPop are the parsed arguments of LMPOP.
type multiPop struct {
	keys  [][]byte
	end   end
	count int64
}

// parseMultiPop parses the arguments from numkeys on.
func parseMultiPop(args [][]byte) (a multiPop, err error) {
	n, err := command.IntFrom(args[0], 1, resperr.NumKeysZero)
	if err != nil {
		return a, err
	}
	if n >= int64(len(args)-1) {
		return a, resperr.Syntax
	}
	var ok bool
	if a.end, ok = parseEnd(args[1+n]); !ok {
		return a, resperr.Syntax
	}
	a.keys, a.count = args[1:1+n], 1
	rest := args[2+n:]
	for i := 0; i < len(rest); i += 2 {
		if i > 0 || i+1 == len(rest) || !command.Is(rest[i], "count") {
			return a, resperr.Syntax
		}
		if a.count, err = command.IntFrom(rest[i+1], 1, resperr.CountZero); err != nil {
			return a, err
		}
	}
	return a, nil
}

func lmpop(c *command.Ctx) {
	a, err := parseMultiPop(c.Args[1:])
	if err != nil {
		c.Fail(err)
		return
	}
	if answered := a.pop(c); !answered {
		c.Reply.NullArray()
	}
}

// pop replies and removes elements of the first list there is. If there is none, it answers nothing and returns false.
func (a *multiPop) pop(c *command.Ctx) (answered bool) {
	key, cell, ok := firstOf(c, a.keys)
	if ok && cell.Ok() {
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		popMany(c, key, cell, a.end, a.count)
	}
	return !ok || cell.Ok()
}

func lmove(c *command.Ctx) {
	from, to, err := parseEnds(c.Args[3:])
	if err != nil {
		c.Fail(err)
		return
	}
	move(c, from, to)
}

// parseEnds parses the ends that an element is moved from and to.
func parseEnds(args [][]byte) (from, to end, err error) {
	from, ok := parseEnd(args[0])
	to, ok2 := parseEnd(args[1])
	if !ok || !ok2 {
		return from, to, resperr.Syntax
	}
	return from, to, nil
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
