package hash

import (
	"dragonfly/server/command"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hash"
)

// find returns the hash at a key for reading, the zero Cell if there is none. If the key holds something else it
// answers so and returns false.
func find(c *command.Ctx, key []byte) (cell object.Cell, ok bool) {
	cell, ok = c.DB.FindAs(key, object.Hash)
	if !ok {
		c.Fail(resperr.WrongType)
	}
	return cell, ok
}

// get returns the value of a field, valid until the hash changes. A field that has expired is removed on the way;
// the number of such fields is added to *expired, which the caller reports with c.DB.FieldsExpired.
func get(c *command.Ctx, cell object.Cell, key, field []byte, scratch *hash.Scratch, expired *int) (value []byte, ok bool) {
	value, ok = hash.Get(cell, field, c.DB.NowMs, scratch)
	if !ok && hash.HasExpired(cell, field, c.DB.NowMs) && !c.DB.Store().NoExpire.Load() {
		hash.Remove(c.DB.Edit(key), field)
		*expired++
	}
	return value, ok
}

// getOne is get for commands that look at one field only.
func getOne(c *command.Ctx, cell object.Cell, scratch *hash.Scratch) (value []byte, ok bool) {
	if !cell.Ok() {
		return nil, false
	}
	expired := 0
	key := c.Args[1]
	value, ok = get(c, cell, key, c.Args[2], scratch, &expired)
	c.DB.FieldsExpired(key, cell, expired)
	return value, ok
}

func hget(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	var scratch hash.Scratch
	if value, ok := getOne(c, cell, &scratch); ok {
		c.Reply.Bulk(value)
	} else {
		c.Reply.Null()
	}
}

func hexists(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	var scratch hash.Scratch
	_, exists := getOne(c, cell, &scratch)
	c.Reply.Flag(exists)
}

func hstrlen(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	var scratch hash.Scratch
	value, _ := getOne(c, cell, &scratch)
	c.Reply.Int(int64(len(value)))
}

func hmget(c *command.Ctx) {
	key, fields := c.Args[1], c.Args[2:]
	cell, ok := find(c, key)
	if !ok {
		return
	}
	c.Reply.Array(len(fields))
	var scratch hash.Scratch
	expired := 0
	for _, field := range fields {
		if !cell.Ok() {
			c.Reply.Null()
		} else if value, ok := get(c, cell, key, field, &scratch, &expired); ok {
			c.Reply.Bulk(value)
		} else {
			c.Reply.Null()
		}
	}
	if cell.Ok() {
		c.DB.FieldsExpired(key, cell, expired)
	}
}

func hlen(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	switch {
	case !ok:
	case cell.Ok():
		c.Reply.Int(int64(hash.Len(cell)))
	default:
		c.Reply.Int(0)
	}
}

// live returns the number of fields that have not expired.
func live(c *command.Ctx, cell object.Cell) int {
	if !cell.Ok() {
		return 0
	}
	n := hash.Len(cell)
	if cell.HasFieldTTL() {
		n -= hash.Expired(cell, c.DB.NowMs)
	}
	return n
}

func hgetall(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok || c.Long(live(c, cell)) {
		return
	}
	c.Reply.Map(live(c, cell))
	if !cell.Ok() {
		return
	}
	it := hash.NewIter(cell, c.DB.NowMs)
	for field, value, ok := it.Next(); ok; field, value, ok = it.Next() {
		c.Breathe()
		c.Reply.Bulk(field)
		c.Reply.Bulk(value)
	}
}

func hkeys(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok || c.Long(live(c, cell)) {
		return
	}
	c.Reply.Array(live(c, cell))
	if !cell.Ok() {
		return
	}
	it := hash.NewIter(cell, c.DB.NowMs)
	for field, _, ok := it.Next(); ok; field, _, ok = it.Next() {
		c.Breathe()
		c.Reply.Bulk(field)
	}
}

func hvals(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok || c.Long(live(c, cell)) {
		return
	}
	c.Reply.Array(live(c, cell))
	if !cell.Ok() {
		return
	}
	it := hash.NewIter(cell, c.DB.NowMs)
	for _, value, ok := it.Next(); ok; _, value, ok = it.Next() {
		c.Breathe()
		c.Reply.Bulk(value)
	}
}

func hscan(c *command.Ctx) {
	cursor, err := command.ScanCursor(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	if !cell.Ok() {
		c.Reply.CloseScan(c.Reply.Defer(), 0, 0)
		return
	}
	o, err := command.ParseScan(c.Args[3:], command.ScanFields)
	if err != nil {
		c.Fail(err)
		return
	}
	mark, n := c.Reply.Defer(), 0
	cursor = hash.Scan(cell, cursor, o.Count, c.DB.NowMs, func(field, value []byte) {
		if !o.Match(field) {
			return
		}
		c.Reply.Bulk(field)
		n++
		if !o.NoValues {
			c.Reply.Bulk(value)
			n++
		}
	})
	c.Reply.CloseScan(mark, cursor, n)
}
