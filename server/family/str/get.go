package str

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// answer replies the string value of a key, null if it is missing. It reports whether the key could have one;
// else it has replied the error.
func answer(c *command.Ctx, key []byte) bool {
	cell, ok := c.DB.FindAs(key, object.String)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case cell.Ok():
		c.Reply.Bulk(cell.View())
	default:
		c.Reply.Null()
	}
	return ok
}

func get(c *command.Ctx) { answer(c, c.Args[1]) }

func mget(c *command.Ctx) {
	c.Reply.Array(len(c.Args) - 1)
	for _, key := range c.Args[1:] {
		if cell, ok := c.DB.FindAs(key, object.String); ok && cell.Ok() {
			c.Reply.Bulk(cell.View())
		} else {
			c.Reply.Null() // also for a key of another type
		}
	}
}

func getdel(c *command.Ctx) {
	key := c.Args[1]
	if answer(c, key) && c.DB.Delete(key) {
		c.DB.Changed(key, store.EventGeneric, "del")
	}
}

func getex(c *command.Ctx) {
	var o options
	if err := o.parse(c.Args[2:], ofGetex); err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	cell, ok := c.DB.FindAs(key, object.String)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case !cell.Ok():
		c.Reply.Null()
		return
	}
	var deadline int64
	if o.expiry == setExpiry {
		ms, err := deadlineOf(c, o.when, o.unit)
		if err != nil {
			c.Fail(err)
			return
		}
		deadline = ms
	}
	c.Reply.Bulk(cell.View())
	_, volatile := cell.Deadline()
	switch {
	case o.expiry == setExpiry && o.unit&relative == 0 && deadline <= c.DB.ExpiryMs():
		c.DB.Delete(key)
		c.DB.Changed(key, store.EventGeneric, "del")
	case o.expiry == setExpiry:
		c.DB.SetDeadline(key, deadline)
		c.DB.Changed(key, store.EventGeneric, "expire")
	case o.expiry == persist && volatile:
		c.DB.SetDeadline(key, 0)
		c.DB.Changed(key, store.EventGeneric, "persist")
	}
}

func strlen(c *command.Ctx) {
	cell, ok := c.DB.FindAs(c.Args[1], object.String)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case cell.Ok():
		c.Reply.Int(int64(cell.Len()))
	default:
		c.Reply.Int(0)
	}
}

func getrange(c *command.Ctx) {
	start, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	end, err := command.Int(c.Args[3])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := c.DB.FindAs(c.Args[1], object.String)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case cell.Ok():
		c.Reply.Bulk(cut(cell.View(), start, end))
	default:
		c.Reply.Bulk(nil)
	}
}

// cut returns the bytes from start to end, end included; negative indexes count from the end.
func cut(s []byte, start, end int64) []byte {
	if start < 0 && end < 0 && start > end {
		return nil
	}
	size := int64(len(s))
	if start < 0 {
		start = max(size+start, 0)
	}
	if end < 0 {
		end = max(size+end, 0)
	}
	end = min(end, size-1)
	if start > end {
		return nil
	}
	return s[start : end+1]
}
