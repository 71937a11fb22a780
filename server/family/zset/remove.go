package zset

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/zset"
)

func zrem(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.Zset)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	removed := 0
	if cell.Ok() {
		for _, m := range c.Args[2:] {
			if zset.Remove(cell, m) {
				removed++
			}
		}
		settle(&c.DB, key, cell, removed, "zrem")
	}
	c.Reply.Int(int64(removed))
}

// settle reports the removal of members, and deletes the key when none is left.
func settle(v *store.View, key []byte, cell object.Cell, removed int, event string) {
	if removed == 0 {
		return
	}
	empty := zset.Len(cell) == 0
	if empty {
		v.Delete(key)
	}
	v.Changed(key, store.EventZset, event)
	if empty {
		v.Event(key, store.EventGeneric, "del")
	}
}

func zremrangebyrank(c *command.Ctx) { removeRange(c, byRank, "zremrangebyrank") }

func zremrangebyscore(c *command.Ctx) { removeRange(c, byScore, "zremrangebyscore") }

func zremrangebylex(c *command.Ctx) { removeRange(c, byLex, "zremrangebylex") }

func removeRange(c *command.Ctx, kind rangeKind, event string) {
	key := c.Args[1]
	r := rangeSpec{kind: kind}
	if err := r.parse(c.Args[2], c.Args[3]); err != nil {
		c.Fail(err)
		return
	}
	cell, ok := c.DB.EditAs(key, object.Zset)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	from, to := 0, 0
	if cell.Ok() {
		from, to = r.ranks(cell)
		if from < to {
			zset.RemoveRange(cell, from, to)
		}
		settle(&c.DB, key, cell, to-from, event)
	}
	c.Reply.Int(int64(to - from))
}

func zpopmin(c *command.Ctx) { popOne(c, false) }

func zpopmax(c *command.Ctx) { popOne(c, true) }

func popOne(c *command.Ctx, max bool) {
	count, nested := int64(1), false
	switch len(c.Args) {
	case 2:
	case 3:
		var err error
		if count, err = command.IntFrom(c.Args[2], 0, resperr.NotPositive); err != nil {
			c.Fail(err)
			return
		}
		nested = c.Reply.RESP3()
	default:
		c.Fail(resperr.Syntax)
		return
	}
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.Zset)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case !cell.Ok() || count == 0:
		c.Reply.Array(0)
	default:
		n := int(min(count, int64(zset.Len(cell))))
		if nested {
			c.Reply.Array(n)
		} else {
			c.Reply.Array(2 * n)
		}
		pop(c, key, cell, n, max, nested)
	}
}

// pop answers and removes n members from one end. The reply is begun.
func pop(c *command.Ctx, key []byte, cell object.Cell, n int, max, nested bool) {
	from, first, event := 0, 0, "zpopmin"
	if max {
		from = zset.Len(cell) - n
		first, event = from+n-1, "zpopmax"
	}
	it := zset.IterAt(cell, first, max)
	for range n {
		m, score, _ := it.Next()
		if nested {
			c.Reply.Array(2)
		}
		c.Reply.Bulk(m)
		c.Reply.Double(score)
	}
	zset.RemoveRange(cell, from, from+n)
	settle(&c.DB, key, cell, n, event)
}

// popArgs are the parsed arguments of ZMPOP.
type popArgs struct {
	keys  [][]byte
	max   bool
	count int64
}

// parseMultiPop parses the arguments from numkeys on.
func parseMultiPop(args [][]byte) (a popArgs, err error) {
	n, ok := number.ParseInt(args[0])
	if !ok || n < 1 {
		return a, resperr.NumKeysZero
	}
	if n >= int64(len(args)-1) {
		return a, resperr.Syntax
	}
	a.keys, args = args[1:n+1], args[n+1:]
	switch {
	case command.Is(args[0], "min"):
	case command.Is(args[0], "max"):
		a.max = true
	default:
		return a, resperr.Syntax
	}
	a.count = 1
	switch args = args[1:]; {
	case len(args) == 0:
	case command.Is(args[0], "count") && len(args) > 1:
		if a.count, err = command.IntFrom(args[1], 1, resperr.CountZero); err != nil {
			return a, err
		}
		if len(args) > 2 {
			return a, resperr.Syntax
		}
	default:
		return a, resperr.Syntax
	}
	return a, nil
}

func zmpop(c *command.Ctx) {
	a, err := parseMultiPop(c.Args[1:])
	if err != nil {
		c.Fail(err)
		return
	}
	if answered := a.pop(c); !answered {
		c.Reply.NullArray()
	}
}

// pop answers and removes members of the first set there is. If there is none, it answers nothing and returns false.
func (a *popArgs) pop(c *command.Ctx) (answered bool) {
	key, cell, ok := firstOf(c, a.keys)
	if ok && cell.Ok() {
		n := int(min(a.count, int64(zset.Len(cell))))
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		c.Reply.Array(n)
		pop(c, key, cell, n, a.max, true)
	}
	return !ok || cell.Ok()
}
