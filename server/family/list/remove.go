package list

import (
	"dragonfly/server/command"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/list"
)

func lrem(c *command.Ctx) {
	count, err := parseCount(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case !cell.Ok():
		c.Reply.Int(0)
		return
	}
	n := list.Remove(cell, int(count), c.Args[3])
	if n > 0 {
		removed(c, key, cell, "lrem")
	}
	c.Reply.Int(int64(n))
}

func ltrim(c *command.Ctx) {
	start, stop, err := parseRange(c)
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case !cell.Ok():
		c.Reply.OK()
		return
	}
	size := list.Len(cell)
	first, count := clamp(start, stop, size)
	list.Delete(cell, first+count, size-first-count)
	list.Delete(cell, 0, first)
	removed(c, key, cell, "ltrim")
	c.Reply.OK()
}
