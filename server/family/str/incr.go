package str

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

func incr(c *command.Ctx) { add(c, 1) }

func decr(c *command.Ctx) { add(c, -1) }

func incrby(c *command.Ctx) {
	n, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	add(c, n)
}

func decrby(c *command.Ctx) {
	n, err := command.Int(c.Args[2])
	switch {
	case err != nil:
		c.Fail(err)
	case n == math.MinInt64:
		c.Fail(resperr.DecrOverflow)
	default:
		add(c, -n)
	}
}

// add adds n to the integer value of the key.
func add(c *command.Ctx, n int64) {
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.String)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	old := int64(0)
	if cell.Ok() {
		if old, ok = number.ParseInt(cell.View()); !ok {
			c.Fail(resperr.NotInteger)
			return
		}
	}
	if n < 0 && old < math.MinInt64-n || n > 0 && old > math.MaxInt64-n {
		c.Fail(resperr.IncrOverflow)
		return
	}
	var scratch [number.MaxIntLen]byte
	put(c, key, cell, number.AppendInt(scratch[:0], old+n), object.Int)
	c.DB.Changed(key, store.EventString, "incrby")
	c.Reply.Int(old + n)
}

// put makes text the value of the key, whose entry is cell, or which is missing. Its expiry stays.
func put(c *command.Ctx, key []byte, cell object.Cell, text []byte, e object.Encoding) {
	if !cell.Ok() {
		cell = c.DB.Add(key, object.Attrs{Type: object.String, Encoding: e}, len(text))
		copy(cell.View(), text)
		return
	}
	cell.Set(text)
	cell.SetEncoding(e)
}

func incrbyfloat(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.String)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	old := number.LongDoubleFromInt(0)
	if cell.Ok() {
		if old, ok = number.ParseLongDouble(cell.View()); !ok {
			c.Fail(resperr.NotFloat)
			return
		}
	}
	n, ok := number.ParseLongDouble(c.Args[2])
	if !ok {
		c.Fail(resperr.NotFloat)
		return
	}
	sum := old.Add(n)
	if !sum.Finite() {
		c.Fail(resperr.IncrNaN)
		return
	}
	var scratch [64]byte
	text := sum.Append(scratch[:0])
	e := object.Embstr // never int, even if the sum is one
	if len(text) > object.EmbstrMax {
		e = object.Raw
	}
	put(c, key, cell, text, e)
	c.DB.Changed(key, store.EventString, "incrbyfloat")
	c.Reply.Bulk(text)
}
