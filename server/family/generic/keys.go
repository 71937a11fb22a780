package generic

import (
	"dragonfly/persistence/rdbfmt"
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

func del(c *command.Ctx) {
	removed := 0
	for _, key := range c.Args[1:] {
		if c.DB.Delete(key) {
			c.DB.Changed(key, store.EventGeneric, "del")
			removed++
		}
	}
	c.Reply.Int(int64(removed))
}

// exists is a read that counts as no access, unlike TOUCH.
func exists(c *command.Ctx) { c.Reply.Int(count(c, true)) }

// touch is what TOUCH is for, so CLIENT NO-TOUCH does not hold for it.
func touch(c *command.Ctx) { c.Reply.Int(count(c, false)) }

// count returns how many of the keys exist, each as often as it is named.
func count(c *command.Ctx, noTouch bool) (n int64) {
	v := c.DB
	v.NoTouch = noTouch
	for _, key := range c.Args[1:] {
		if v.Find(key).Ok() {
			n++
		}
	}
	return n
}

func typeOf(c *command.Ctx) {
	v := c.DB
	v.NoTouch = true
	if cell := v.Find(c.Args[1]); cell.Ok() {
		c.Reply.Simple(typeName(cell))
		return
	}
	c.Reply.Simple("none")
}

// typeName returns what TYPE answers. The type of a module's value is in its id, which comes first.
func typeName(cell object.Cell) string {
	if cell.Type() != object.Module {
		return cell.Type().String()
	}
	id, _, _ := rdbfmt.ParseLen(cell.View())
	name, _ := rdbfmt.ModuleName(id)
	return name
}

func stick(c *command.Ctx) {
	n := 0
	for _, key := range c.Args[1:] {
		if cell := c.DB.Peek(key); !cell.Ok() || cell.Sticky() {
			continue
		}
		c.DB.Edit(key).SetSticky(true)
		c.DB.Changed(key, store.EventGeneric, "")
		n++
	}
	c.Reply.Int(int64(n))
}

// shrink answers how many bytes it released: none, since a table gives memory back as members go.
func shrink(c *command.Ctx) {
	cell := c.DB.Peek(c.Args[1])
	switch {
	case !cell.Ok():
		c.Reply.Null()
	case cell.Encoding() == object.Hashtable:
		c.Reply.Int(0)
	default:
		c.Fail(resperr.ShrinkType)
	}
}
