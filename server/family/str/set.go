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
	if err := o.parse(c.Args[3:], ofSet); err != nil {
		c.Fail(err)
		return
	}
	setWith(c, key, value, &o)
}

// setWith is SET with options that are syntactically right.
func setWith(c *command.Ctx, key, value []byte, o *options) {
	deadline, err := o.deadline(c)
	if err != nil {
		c.Fail(err)
		return
	}
	may, err := o.allow(c, key)
	switch {
	case err != nil:
		c.Fail(err)
		return
	case o.get && !answer(c, key):
		return
	case !may:
		if !o.get {
			c.Reply.Null()
		}
		return
	}
	assign(c, key, value, deadline)
	if o.stick {
		c.DB.Edit(key).SetSticky(true)
	}
	if !o.get {
		c.Reply.OK()
	}
}

// allow tells whether the conditions of SET hold. A key that is missing has a value unlike any other.
func (o *options) allow(c *command.Ctx, key []byte) (bool, error) {
	if !o.nx && !o.xx && o.compare == always {
		return true, nil
	}
	cell := c.DB.Peek(key)
	switch {
	case o.nx || o.xx:
		return cell.Ok() == o.xx, nil
	case !cell.Ok():
		return o.compare == unequal || o.compare == unequalDigest, nil
	case cell.Type() != object.String:
		return false, resperr.WrongType
	}
	return o.compare.holds(cell.View(), o.operand)
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

// prepend is APPEND at the other end.
func prepend(c *command.Ctx) {
	key, head := c.Args[1], c.Args[2]
	cell, ok := c.DB.EditAs(key, object.String)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	size := len(head)
	switch {
	case !cell.Ok():
		c.DB.SetString(key, head, str.EncodingOf(head), 0)
	case cell.Len()+len(head) > str.MaxLen:
		c.Fail(resperr.StringTooLong)
		return
	default:
		size = str.Prepend(cell, head)
	}
	c.DB.Changed(key, store.EventString, "prepend")
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
