package list

import (
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// The commands here do what the command without B does, or wait until there is something to do it with.

// wait makes the client wait for elements in one of the lists.
func wait(c *command.Ctx, timeout time.Duration, keys ...[]byte) {
	c.Wait(command.Wait{Keys: keys, Timeout: timeout, Alike: "any element", TimedOut: timedOut})
}

func timedOut(w *reply.Writer) { w.NullArray() }

func blpop(c *command.Ctx) { blockingPop(c, head) }

func brpop(c *command.Ctx) { blockingPop(c, tail) }

func blockingPop(c *command.Ctx, e end) {
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
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		popOne(c, key, cell, e)
	default:
		wait(c, timeout, keys...)
	}
}

func blmpop(c *command.Ctx) {
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
		wait(c, timeout, a.keys...)
	}
}

func blmove(c *command.Ctx) {
	from, to, err := parseEnds(c.Args[3:])
	if err != nil {
		c.Fail(err)
		return
	}
	blockingMove(c, from, to)
}

func brpoplpush(c *command.Ctx) { blockingMove(c, tail, head) }

func blockingMove(c *command.Ctx, from, to end) {
	timeout, err := command.Timeout(c.Args[len(c.Args)-1], c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	source := c.Args[1]
	_, cell, ok := firstOf(c, c.Args[1:2])
	switch {
	case !ok:
	case cell.Ok():
		move(c, from, to)
	case c.InExec:
		c.Reply.Null() // that of LMOVE, as in Redis; only who waited gets the array
	default:
		wait(c, timeout, source)
	}
}

// firstOf returns the first of some keys that has a list, and its entry; none if there is no list. If one before it has
// another type it answers so, and ok is false; but to a client that has waited such a key counts as missing, since it
// waits for what else may become of it.
func firstOf(c *command.Ctx, keys [][]byte) (key []byte, cell object.Cell, ok bool) {
	for _, key := range keys {
		cell, ok := c.DB.EditAs(key, object.List)
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
