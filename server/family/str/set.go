package str

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/str"
)

func set(c *command.Ctx) {
	key, value := c.Args[1], c.Args[2]
	if len(c.Args) == 3 { // nearly all
		assign(c, key, value, 0)
		c.Reply.OK()
		return
	}
	var o options
	if err := o.parse(c.Args[3:], false); err != nil {
		c.Fail(err)
		return
	}
	setWith(c, key, value, &o)
}

// setWith is SET with options that are syntactically right.
func setWith(c *command.Ctx, key, value []byte, o *options) {
	var deadline int64
	switch o.expiry {
	case setExpiry:
		ms, err := deadlineOf(c, o.when, o.unit)
		if err != nil {
			c.Fail(err)
			return
		}
		deadline = ms
	case keepTTL:
		deadline = store.KeepDeadline
	}
	if o.get && !answer(c, key) {
		return
	}
	if o.nx || o.xx {
		if exists := c.DB.Peek(key); exists.Ok() == o.nx {
			if !o.get {
				c.Reply.Null()
			}
			return
		}
	}
	assign(c, key, value, deadline)
	if !o.get {
		c.Reply.OK()
	}
}

// assign makes key a string that expires at deadline ms, 0 = never.
func assign(c *command.Ctx, key, value []byte, deadline int64) {
	c.DB.SetString(key, value, str.EncodingOf(value), deadline)
	c.DB.Changed(key, store.EventString, "set")
	if deadline > 0 {
		c.DB.Event(key, store.EventGeneric, "expire")
	}
}

func setnx(c *command.Ctx) {
	key := c.Args[1]
	if c.DB.Peek(key).Ok() {
		c.Reply.Int(0)
		return
	}
	assign(c, key, c.Args[2], 0)
	c.Reply.Int(1)
}

func setex(c *command.Ctx) { setExpiring(c, relative|seconds) }

func psetex(c *command.Ctx) { setExpiring(c, relative) }

func setExpiring(c *command.Ctx, u unit) {
	setWith(c, c.Args[1], c.Args[3], &options{expiry: setExpiry, unit: u, when: c.Args[2]})
}

func getset(c *command.Ctx) {
	if answer(c, c.Args[1]) {
		assign(c, c.Args[1], c.Args[2], 0)
	}
}

func mset(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	for i := 1; i < len(c.Args); i += 2 {
		assign(c, c.Args[i], c.Args[i+1], 0)
	}
	c.Reply.OK()
}

func msetnx(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	for i := 1; i < len(c.Args); i += 2 {
		if c.DB.Peek(c.Args[i]).Ok() {
			c.Reply.Int(0)
			return
		}
	}
	for i := 1; i < len(c.Args); i += 2 {
		assign(c, c.Args[i], c.Args[i+1], 0)
	}
	c.Reply.Int(1)
}

func appendValue(c *command.Ctx) {
	key, tail := c.Args[1], c.Args[2]
	cell, ok := c.DB.EditAs(key, object.String)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	size := len(tail)
	switch {
	case !cell.Ok():
		c.DB.SetString(key, tail, str.EncodingOf(tail), 0)
	case cell.Len()+len(tail) > str.MaxLen:
		c.Fail(resperr.StringTooLong)
		return
	default:
		size = str.Append(cell, tail)
	}
	c.DB.Changed(key, store.EventString, "append")
	c.Reply.Int(int64(size))
}

func setrange(c *command.Ctx) {
	key, value := c.Args[1], c.Args[3]
	offset, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	if offset < 0 {
		c.Fail(resperr.OffsetRange)
		return
	}
	cell, ok := c.DB.EditAs(key, object.String)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case len(value) == 0:
		size := 0
		if cell.Ok() {
			size = cell.Len()
		}
		c.Reply.Int(int64(size))
		return
	case offset > int64(str.MaxLen-len(value)):
		c.Fail(resperr.StringTooLong)
		return
	case !cell.Ok():
		cell = c.DB.Add(key, object.Attrs{Type: object.String, Encoding: object.Raw}, 0)
	}
	b := str.Extend(cell, int(offset)+len(value))
	copy(b[offset:], value)
	c.DB.Changed(key, store.EventString, "setrange")
	c.Reply.Int(int64(len(b)))
}
