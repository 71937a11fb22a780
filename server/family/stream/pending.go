package stream

import (
	"dragonfly/server/command"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

func xack(c *command.Ctx) {
	key, ids := c.Args[1], c.Args[3:]
	s, found, ok := find(c, key)
	if !ok {
		return
	}
	var g stream.Group
	if found {
		g = s.Group(c.Args[2])
	}
	if !g.Ok() {
		c.Reply.Int(0) // Redis does not look at the IDs then
		return
	}
	if err := checkIDs(ids); err != nil {
		c.Fail(err)
		return
	}
	announce(c, key)
	acked := 0
	for _, arg := range ids {
		if id, _ := parseID(arg); g.Ack(id) {
			acked++
		}
	}
	noted(c, acked)
	c.Reply.Int(int64(acked))
}

// pendingArgs are the parsed arguments of XPENDING.
type pendingArgs struct {
	summary    bool
	minIdle    int64
	start, end stream.ID
	count      int64
	consumer   []byte // nil = all
}

func parsePending(args [][]byte) (a pendingArgs, err error) {
	if len(args) == 3 {
		a.summary = true
		return a, nil
	}
	if len(args) < 6 || len(args) > 9 {
		return a, resperr.Syntax
	}
	rest := args[3:]
	if command.Is(rest[0], "idle") {
		if a.minIdle, err = command.Int(rest[1]); err != nil {
			return a, err
		}
		if len(rest) < 5 {
			return a, resperr.Syntax
		}
		rest = rest[2:]
	}
	if a.count, err = command.Int(rest[2]); err != nil {
		return a, err
	}
	if a.start, a.end, err = parseRange(rest[0], rest[1]); err != nil {
		return a, err
	}
	if len(rest) > 3 {
		a.consumer = rest[3]
	}
	return a, nil
}

func xpending(c *command.Ctx) {
	a, err := parsePending(c.Args)
	if err != nil {
		c.Fail(err)
		return
	}
	_, g, ok := findGroup(c, c.Args[1], c.Args[2])
	switch {
	case !ok:
	case a.summary:
		summarise(c, g)
	default:
		a.answer(c, g)
	}
}

// summarise answers how much is pending in a group, its first and last ID, and how much of it each consumer has.
func summarise(c *command.Ctx, g stream.Group) {
	w := c.Reply
	w.Array(4)
	w.Int(int64(g.PendingLen()))
	if g.PendingLen() == 0 {
		w.Null()
		w.Null()
		w.NullArray()
		return
	}
	first, last := g.PendingBounds()
	replyID(w, first)
	replyID(w, last)
	mark, n := w.Defer(), 0
	for i := range g.Consumers() {
		consumer := g.ConsumerAt(i)
		if consumer.PendingLen() == 0 {
			continue
		}
		w.Array(2)
		w.Bulk(consumer.Name())
		w.BulkInt(int64(consumer.PendingLen()))
		n++
	}
	w.CloseArray(mark, n)
}

// answer answers the pending entries of a range.
func (a *pendingArgs) answer(c *command.Ctx, g stream.Group) {
	w := c.Reply
	it := g.PendingFrom(a.start)
	if a.consumer != nil {
		consumer := g.Consumer(a.consumer)
		if !consumer.Ok() {
			w.Array(0)
			return
		}
		it = g.PendingOf(consumer, a.start)
	}
	mark, n := w.Defer(), 0
	for int64(n) < a.count {
		p := it.Next()
		if p == nil || a.end.Less(p.ID) {
			break
		}
		idle := c.DB.NowMs - p.DeliveredMs
		if a.minIdle != 0 && idle < a.minIdle {
			continue
		}
		w.Array(4)
		replyID(w, p.ID)
		w.Bulk(g.Owner(p).Name())
		w.Int(max(idle, 0))
		w.Int(int64(p.Count))
		n++
	}
	w.CloseArray(mark, n)
}
