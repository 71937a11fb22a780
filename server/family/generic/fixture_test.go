package generic

import (
	"strconv"
	"testing"

	"dragonfly/server/command"
	"dragonfly/server/command/commandtest"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/str"
	"dragonfly/store/types/zset"
)

// fixtures are bare forms of the commands of other families that the tests fill and read the store with.
var fixtures = []command.Command{
	{Name: "set", Arity: 3, Flags: command.Write, Keys: command.Key(1), Run: func(c *command.Ctx) {
		c.DB.SetString(c.Args[1], c.Args[2], str.EncodingOf(c.Args[2]), 0)
		c.DB.Changed(c.Args[1], store.EventString, "set")
		c.Reply.OK()
	}},
	{Name: "get", Arity: 2, Flags: command.ReadOnly, Keys: command.Key(1), Run: func(c *command.Ctx) {
		if cell := c.DB.Find(c.Args[1]); cell.Ok() {
			c.Reply.Bulk(cell.View())
			return
		}
		c.Reply.Null()
	}},
	{Name: "rpush", Arity: -3, Flags: command.Write, Keys: command.Key(1), Run: func(c *command.Ctx) {
		cell, fresh := collection(c, object.List)
		if fresh {
			list.Init(cell)
		}
		list.PushTail(cell, c.DB.Limits(), c.Args[2:]...)
		c.Reply.Int(int64(list.Len(cell)))
	}},
	{Name: "lrange", Arity: 4, Flags: command.ReadOnly, Keys: command.Key(1), Run: func(c *command.Ctx) {
		cell := c.DB.Find(c.Args[1])
		if !cell.Ok() {
			c.Reply.Array(0)
			return
		}
		c.Reply.Array(list.Len(cell))
		it := list.From(cell, 0)
		for e, ok := it.Next(); ok; e, ok = it.Next() {
			c.Reply.Bulk(e.Append(nil))
		}
	}},
	{Name: "sadd", Arity: -3, Flags: command.Write, Keys: command.Key(1), Run: func(c *command.Ctx) {
		cell, fresh := collection(c, object.Set)
		if fresh {
			set.Init(cell, c.Args[2], len(c.Args)-2, c.DB.Limits())
		}
		n := 0
		for _, m := range c.Args[2:] {
			if set.Add(cell, m, c.DB.Limits()) {
				n++
			}
		}
		c.Reply.Int(int64(n))
	}},
	{Name: "zadd", Arity: 4, Flags: command.Write, Keys: command.Key(1), Run: func(c *command.Ctx) {
		cell, fresh := collection(c, object.Zset)
		if fresh {
			zset.Init(cell, c.DB.Limits(), 1, len(c.Args[3]))
		}
		score, _ := strconv.ParseFloat(string(c.Args[2]), 64)
		_, outcome := zset.Add(cell, c.DB.Limits(), score, c.Args[3], 0)
		c.Reply.Flag(outcome == zset.Added)
	}},
	{Name: "hset", Arity: 4, Flags: command.Write, Keys: command.Key(1), Run: func(c *command.Ctx) {
		cell, fresh := collection(c, object.Hash)
		if fresh {
			hash.Init(cell)
		}
		c.Reply.Flag(hash.Set(cell, c.Args[2], c.Args[3], false, c.DB.Limits()))
	}},
	{Name: "hget", Arity: 3, Flags: command.ReadOnly, Keys: command.Key(1), Run: func(c *command.Ctx) {
		var scratch hash.Scratch
		if cell := c.DB.Find(c.Args[1]); cell.Ok() {
			if v, ok := hash.Get(cell, c.Args[2], c.DB.NowMs, &scratch); ok {
				c.Reply.Bulk(v)
				return
			}
		}
		c.Reply.Null()
	}},
}

// collection returns the entry of the command's key, which is added if it is not there.
func collection(c *command.Ctx, t object.Type) (cell object.Cell, fresh bool) {
	if cell = c.DB.Edit(c.Args[1]); cell.Ok() {
		return cell, false
	}
	return c.DB.Add(c.Args[1], object.Attrs{Type: t, Encoding: object.Listpack}, 0), true
}

func newDB(t testing.TB) *commandtest.DB {
	t.Helper()
	return commandtest.New(t, Commands, fixtures)
}

// checkEmpty checks that no key is left in the first database.
func checkEmpty(t *testing.T, d *commandtest.DB) {
	t.Helper()
	if got := d.Do("keys", "*"); got != "*0\r\n" {
		t.Errorf("keys are left: %q", got)
	}
	for i := range d.Store.NumShards() {
		if n := d.Store.Shard(i).Len(0); n != 0 {
			t.Errorf("shard %d: %d keys are left", i, n)
		}
	}
}
