package generic

import (
	"bytes"
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/resperr"
)

func rename(c *command.Ctx) {
	source, target := c.Args[1], c.Args[2]
	if !c.DB.Edit(source).Ok() {
		c.Fail(resperr.NoSuchKey)
		return
	}
	if !bytes.Equal(source, target) {
		c.DB.Delete(target)
		moveKey(c, source, target)
	}
	c.Reply.OK()
}

func renamenx(c *command.Ctx) {
	source, target := c.Args[1], c.Args[2]
	if !c.DB.Edit(source).Ok() {
		c.Fail(resperr.NoSuchKey)
		return
	}
	if c.DB.Peek(target).Ok() {
		c.Reply.Int(0)
		return
	}
	moveKey(c, source, target)
	c.Reply.Int(1)
}

// moveKey renames source, which exists, to target, which does not.
func moveKey(c *command.Ctx, source, target []byte) {
	c.DB.Rename(source, &c.DB, target)
	c.DB.Changed(source, store.EventGeneric, "rename_from")
	c.DB.Changed(target, store.EventGeneric, "rename_to")
	c.DB.Store().AddDirty(-1) // both are one change
}

func copyKey(c *command.Ctx) {
	source, target := c.Args[1], c.Args[2]
	to, replace, err := parseCopy(c)
	if err != nil {
		c.Fail(err)
		return
	}
	if to.Index == c.DB.Index && bytes.Equal(source, target) {
		c.Fail(resperr.SameObject)
		return
	}
	if !c.DB.Find(source).Ok() {
		c.Reply.Int(0)
		return
	}
	if to.Peek(target).Ok() {
		if !replace {
			c.Reply.Int(0)
			return
		}
		to.Delete(target)
	}
	c.DB.Copy(source, &to, target)
	to.Changed(target, store.EventGeneric, "copy_to")
	c.Reply.Int(1)
}

func parseCopy(c *command.Ctx) (to store.View, replace bool, err error) {
	to = c.DB
	for args := c.Args[3:]; len(args) > 0; args = args[1:] {
		switch {
		case command.Is(args[0], "replace"):
			replace = true
		case command.Is(args[0], "db") && len(args) > 1:
			if to, err = database(c, args[1]); err != nil {
				return to, false, err
			}
			args = args[1:]
		default:
			return to, false, resperr.Syntax
		}
	}
	return to, replace, nil
}

// database returns the view of the database whose number is the argument.
func database(c *command.Ctx, arg []byte) (v store.View, err error) {
	n, err := command.Int(arg)
	switch {
	case err != nil:
		return v, err
	case n < math.MinInt32 || n > math.MaxInt32:
		return v, resperr.Int32Range
	case n < 0 || int(n) >= c.DB.Store().NumDBs():
		return v, resperr.DBIndex
	}
	return c.DB.At(int(n)), nil
}

func move(c *command.Ctx) {
	key := c.Args[1]
	to, err := database(c, c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	if to.Index == c.DB.Index {
		c.Fail(resperr.SameObject)
		return
	}
	if !c.DB.Edit(key).Ok() || to.Peek(key).Ok() {
		c.Reply.Int(0)
		return
	}
	c.DB.Rename(key, &to, key)
	c.DB.Changed(key, store.EventGeneric, "move_from")
	to.Changed(key, store.EventGeneric, "move_to")
	c.DB.Store().AddDirty(-1) // both are one change
	c.Reply.Int(1)
}
