package hash

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hash"
)

// edit returns the hash at a key for changing it, the zero Cell if there is none. If the key holds something else
// it answers so and returns false.
func edit(c *command.Ctx, key []byte) (cell object.Cell, ok bool) {
	cell, ok = c.DB.EditAs(key, object.Hash)
	if !ok {
		c.Fail(resperr.WrongType)
	}
	return cell, ok
}

// add adds a hash that is about to get these fields and values.
func add(c *command.Ctx, key []byte, pairs [][]byte) object.Cell {
	size := hash.SizeFor(pairs, c.DB.Limits())
	cell := c.DB.Add(key, object.Attrs{Type: object.Hash, Encoding: object.Listpack}, size)
	hash.Init(cell)
	return cell
}

// setAll sets fields and values in turn and returns how many fields are new. It answers and returns false if the key
// holds something else.
func setAll(c *command.Ctx) (created int, ok bool) {
	key, pairs := c.Args[1], c.Args[2:]
	if len(pairs)%2 != 0 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return 0, false
	}
	cell, ok := edit(c, key)
	if !ok {
		return 0, false
	}
	if !cell.Ok() {
		cell = add(c, key, pairs)
	}
	lim := c.DB.Limits()
	hash.Prepare(cell, pairs, lim)
	for i := 0; i < len(pairs); i += 2 {
		if hash.Set(cell, pairs[i], pairs[i+1], false, lim) {
			created++
		}
	}
	c.DB.Changed(key, store.EventHash, "hset")
	moreChanges(c, len(pairs)/2)
	return created, true
}

// moreChanges counts n changes where one was counted.
func moreChanges(c *command.Ctx, n int) {
	if n > 1 {
		c.DB.Store().AddDirty(int64(n) - 1)
	}
}

func hset(c *command.Ctx) {
	if created, ok := setAll(c); ok {
		c.Reply.Int(int64(created))
	}
}

func hmset(c *command.Ctx) {
	if _, ok := setAll(c); ok {
		c.Reply.OK()
	}
}

// editField returns the hash at c.Args[1] for changing the field c.Args[2], without that field if it has expired.
func editField(c *command.Ctx) (cell object.Cell, ok bool) {
	key, field := c.Args[1], c.Args[2]
	cell, ok = edit(c, key)
	if !cell.Ok() || !ok || !hash.HasExpired(cell, field, c.DB.NowMs) || c.DB.Store().NoExpire.Load() {
		return cell, ok
	}
	hash.Remove(cell, field)
	if c.DB.FieldsExpired(key, cell, 1) {
		cell = object.Cell{}
	}
	return cell, true
}

func hsetnx(c *command.Ctx) {
	key, pair := c.Args[1], c.Args[2:]
	cell, ok := editField(c)
	if !ok {
		return
	}
	if cell.Ok() && hash.Has(cell, pair[0], c.DB.ExpiryMs()) {
		c.Reply.Int(0)
		return
	}
	if !cell.Ok() {
		cell = add(c, key, pair)
	}
	hash.Prepare(cell, pair, c.DB.Limits())
	hash.Set(cell, pair[0], pair[1], false, c.DB.Limits())
	c.Reply.Int(1)
	c.DB.Changed(key, store.EventHash, "hset")
}

func hdel(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	removed := 0
	for _, field := range c.Args[2:] {
		if !cell.Ok() || hash.Len(cell) == 0 {
			break
		}
		if hash.Remove(cell, field) {
			removed++
		}
	}
	if removed > 0 {
		fieldsRemoved(c, key, cell)
		moreChanges(c, removed)
	}
	c.Reply.Int(int64(removed))
}

// fieldsRemoved reports that fields were removed, and deletes the hash if none is left.
func fieldsRemoved(c *command.Ctx, key []byte, cell object.Cell) {
	if hash.Len(cell) > 0 {
		c.DB.Changed(key, store.EventHash, "hdel")
		return
	}
	c.DB.Delete(key)
	c.DB.Changed(key, store.EventHash, "hdel")
	c.DB.Event(key, store.EventGeneric, "del")
}

// storeResult sets a field to the result of a computation; its deadline stays.
func storeResult(c *command.Ctx, cell object.Cell, value []byte, event string) {
	key, field := c.Args[1], c.Args[2]
	if !cell.Ok() {
		cell = add(c, key, [][]byte{field, value})
	}
	hash.Set(cell, field, value, true, c.DB.Limits())
	c.DB.Changed(key, store.EventHash, event)
}

func hincrby(c *command.Ctx) {
	incr, err := command.Int(c.Args[3])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := editField(c)
	if !ok {
		return
	}
	var scratch hash.Scratch
	n := int64(0)
	if cell.Ok() {
		if value, ok := hash.Get(cell, c.Args[2], c.DB.ExpiryMs(), &scratch); ok {
			if n, ok = number.ParseInt(value); !ok {
				c.Fail(resperr.HashNotInteger)
				return
			}
		}
	}
	if incr > 0 && n > math.MaxInt64-incr || incr < 0 && n < math.MinInt64-incr {
		c.Fail(resperr.IncrOverflow)
		return
	}
	n += incr
	storeResult(c, cell, number.AppendInt(scratch[:0], n), "hincrby")
	c.Reply.Int(n)
}

func hincrbyfloat(c *command.Ctx) {
	incr, ok := number.ParseLongDouble(c.Args[3])
	switch {
	case !ok:
		c.Fail(resperr.NotFloat)
		return
	case !incr.Finite():
		c.Fail(resperr.NaNOrInfinity)
		return
	}
	cell, ok := editField(c)
	if !ok {
		return
	}
	var x number.LongDouble
	if cell.Ok() {
		var scratch hash.Scratch
		if value, ok := hash.Get(cell, c.Args[2], c.DB.ExpiryMs(), &scratch); ok {
			if x, ok = number.ParseLongDouble(value); !ok {
				c.Fail(resperr.HashNotFloat)
				return
			}
		}
	}
	if x = x.Add(incr); !x.Finite() {
		c.Fail(resperr.IncrNaN)
		return
	}
	var buf [64]byte
	text := x.Append(buf[:0])
	storeResult(c, cell, text, "hincrbyfloat")
	c.Reply.Bulk(text)
}
