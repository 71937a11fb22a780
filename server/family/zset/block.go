package zset

import (
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// The commands here do what the command without B does, or wait until there is something to do it with.

// wait makes the client wait for members in one of the sets.
func wait(c *command.Ctx, timeout time.Duration, keys [][]byte) {
	c.Wait(command.Wait{Keys: keys, Timeout: timeout, Alike: "any member", TimedOut: timedOut})
}

func timedOut(w *reply.Writer) { w.NullArray() }

func bzpopmin(c *command.Ctx) { blockingPop(c, false) }

func bzpopmax(c *command.Ctx) { blockingPop(c, true) }

func blockingPop(c *command.Ctx, max bool) {
	last := len(c.Args) - 1
	timeout, err := command.Timeout(c.Args[last], c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	keys := c.Args[1:last]
	key, cell, ok := firstOf(c, keys)
	switch {
	case !ok:
	case cell.Ok():
		c.Reply.Array(3)
		c.Reply.Bulk(key)
		pop(c, key, cell, 1, max, false)
	default:
		wait(c, timeout, keys)
	}
}

func bzmpop(c *command.Ctx) {
	a, err := parseMultiPop(c.Args[2:])
	if err != nil {
		c.Fail(err)
		return
	}
	timeout, err := command.Timeout(c.Args[1], c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	if answered := a.pop(c); !answered {
		wait(c, timeout, a.keys)
	}
}

// firstOf returns the first of some keys that has a sorted set, and its entry; none if there is no set. If one before it
// has another type it answers so, and ok is false; but to a client that has waited such a key counts as missing, since
// it waits for what else may become of it.
func firstOf(c *command.Ctx, keys [][]byte) (key []byte, cell object.Cell, ok bool) {
	for _, key := range keys {
		cell, ok := c.DB.EditAs(key, object.Zset)
		switch {
		case !ok && !c.Resumed:
			c.Fail(resperr.WrongType)
			return nil, object.Cell{}, false
		case ok && cell.Ok():
			return key, cell, true
		}
	}
	return nil, object.Cell{}, true
}
