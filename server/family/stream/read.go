package stream

import (
	"time"

	"dragonfly/server/command"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// readArgs are the parsed arguments of XREAD and XREADGROUP.
type readArgs struct {
	group, consumer []byte // of XREADGROUP, else nil
	count           int64  // entries per stream, 0 = any
	blocks          bool
	timeout         time.Duration // 0 = forever
	noAck           bool
	keys, ids       [][]byte // as many of each
}

func parseRead(c *command.Ctx, group bool) (a readArgs, err error) {
	args := c.Args
	grouped := false
	for i := 1; i < len(args); i++ {
		more := len(args) - 1 - i
		switch opt := args[i]; {
		case more > 0 && command.Is(opt, "block"):
			i++
			a.blocks = true
			a.timeout, err = command.TimeoutMs(args[i], c.DB.NowMs)
		case more > 0 && command.Is(opt, "count"):
			i++
			a.count, err = command.Int(args[i])
			a.count = max(a.count, 0)
		case more > 0 && command.Is(opt, "streams"):
			if more%2 != 0 {
				return a, unbalanced(c.Cmd.Name, group)
			}
			if group && !grouped {
				return a, resperr.StreamNoGroupOption
			}
			a.keys, a.ids = args[i+1:i+1+more/2], args[i+1+more/2:]
			return a, nil
		case more > 1 && command.Is(opt, "group"):
			if !group {
				return a, resperr.StreamXreadGroup
			}
			grouped = true
			a.group, a.consumer = args[i+1], args[i+2]
			i += 2
		case command.Is(opt, "noack"):
			if !group {
				return a, resperr.StreamXreadNoAck
			}
			a.noAck = true
		default:
			return a, resperr.Syntax
		}
		if err != nil {
			return a, err
		}
	}
	return a, resperr.Syntax
}

func unbalanced(cmd string, group bool) error {
	if group {
		return resperr.StreamUnbalanced(cmd, ">")
	}
	return resperr.StreamUnbalanced(cmd, "$")
}

// findStreams appends the indices of the keys of XREAD and XREADGROUP.
func findStreams(dst []int, args [][]byte) []int {
	for i := 1; i < len(args); i++ {
		switch opt := args[i]; {
		case command.Is(opt, "block"), command.Is(opt, "count"):
			i++
		case command.Is(opt, "group"):
			i += 2
		case command.Is(opt, "noack"):
		case command.Is(opt, "streams"):
			n := len(args) - 1 - i
			if n%2 != 0 {
				return dst
			}
			for k := range n / 2 {
				dst = append(dst, i+1+k)
			}
			return dst
		default:
			return dst
		}
	}
	return dst
}

// wanted is what is wanted of one stream.
type wanted struct {
	after stream.ID    // entries after this one
	fresh bool         // with a group: entries that it was not given yet
	group stream.Group // of XREADGROUP
}

func xread(c *command.Ctx) {
	group := c.Cmd.Name == "xreadgroup"
	a, err := parseRead(c, group)
	if err != nil {
		c.Fail(err)
		return
	}
	var buf [8]wanted
	want := buf[:0]
	for i := range a.keys {
		w, ok := a.resolve(c, a.keys[i], a.ids[i])
		if !ok {
			return
		}
		want = append(want, w)
	}
	switch {
	case a.answer(c, want):
	case a.blocks:
		a.wait(c, want)
	default:
		c.Reply.NullArray()
	}
}

// resolve finds out what is wanted of the stream at key. If that cannot be it answers so, and ok is false.
func (a *readArgs) resolve(c *command.Ctx, key, arg []byte) (w wanted, ok bool) {
	s, found, ok := a.open(c, key)
	if !ok {
		return w, false
	}
	grouped := a.group != nil
	if grouped {
		if found {
			w.group = s.Group(a.group)
		}
		if !w.group.Ok() {
			c.Fail(resperr.StreamNoGroupToRead(key, a.group))
			return w, false
		}
	}
	var err error
	switch string(arg) {
	case "$":
		if grouped {
			err = resperr.StreamGroupDollar
		} else if found {
			w.after = s.LastID()
		}
	case "+":
		if grouped {
			err = resperr.StreamGroupPlus
		} else if found && s.Len() > 0 {
			w.after, _ = s.LastEntryID().Prev()
		}
	case ">":
		w.fresh = true
		if !grouped {
			err = resperr.StreamXreadNew
		}
	default:
		w.after, err = parseID(arg)
		// The largest ID is how Redis notes ">", so asking for it is the same.
		w.fresh = grouped && w.after == stream.MaxID
	}
	if err != nil {
		c.Fail(err)
		return w, false
	}
	return w, true
}

// answer answers what there is in the streams. If there is nothing it answers nothing and returns false.
func (a *readArgs) answer(c *command.Ctx, want []wanted) bool {
	mark, n := c.Reply.Defer(), 0
	for i, key := range a.keys {
		var any bool
		if a.group != nil {
			any = a.readGroup(c, key, &want[i])
		} else {
			any = a.read(c, key, want[i].after)
		}
		if any {
			n++
		}
	}
	switch {
	case n == 0:
		return false
	case c.Reply.RESP3():
		c.Reply.CloseMap(mark, n)
	default:
		c.Reply.CloseArray(mark, n)
	}
	return true
}

// head answers the name of a stream, before its entries.
func head(c *command.Ctx, key []byte) {
	if !c.Reply.RESP3() {
		c.Reply.Array(2)
	}
	c.Reply.Bulk(key)
}

// read answers the entries of a stream after an ID, if there are any.
func (a *readArgs) read(c *command.Ctx, key []byte, after stream.ID) bool {
	s, found, _ := a.open(c, key)
	if !found || s.Len() == 0 || !after.Less(s.LastEntryID()) {
		return false
	}
	head(c, key)
	start, _ := after.Next()
	it := s.Range(start, stream.MaxID)
	replyEntries(c.Reply, &it, a.count)
	return true
}

// readGroup answers what a consumer gets of a stream, if there is anything.
func (a *readArgs) readGroup(c *command.Ctx, key []byte, w *wanted) bool {
	s, _, _ := edit(c, key)
	g := w.group
	consumer := obtain(c, key, g, a.consumer)
	if !w.fresh {
		head(c, key)
		start, _ := w.after.Next()
		a.replyHistory(c, s, g, consumer, start)
		return true
	}
	if s.Len() == 0 || !g.LastID().Less(s.LastEntryID()) {
		return false
	}
	head(c, key)
	start, _ := g.LastID().Next()
	mark, n := c.Reply.Defer(), 0
	for it := s.Range(start, stream.MaxID); (a.count == 0 || int64(n) < a.count) && it.Next(); n++ {
		s.Advance(g, it.ID)
		replyEntry(c.Reply, &it)
		if !a.noAck {
			g.Deliver(consumer, it.ID, c.DB.NowMs)
		}
	}
	c.Reply.CloseArray(mark, n)
	noted(c, 1)
	return true
}

// replyHistory answers what is pending for a consumer, from an ID on, and counts it as delivered once more. Entries
// that were deleted meanwhile have no fields.
func (a *readArgs) replyHistory(c *command.Ctx, s stream.Stream, g stream.Group, consumer stream.Consumer, start stream.ID) {
	mark, n := c.Reply.Defer(), 0
	for it := g.PendingOf(consumer, start); a.count == 0 || int64(n) < a.count; n++ {
		p := it.Next()
		if p == nil {
			break
		}
		if replyEntryOf(c.Reply, s, p.ID) {
			p.DeliveredMs = c.DB.NowMs
			p.Count++
			continue
		}
		c.Reply.Array(2)
		replyID(c.Reply, p.ID)
		c.Reply.NullArray()
	}
	c.Reply.CloseArray(mark, n)
}

// obtain returns a consumer of a group, made if missing, and notes that it was seen.
func obtain(c *command.Ctx, key []byte, g stream.Group, name []byte) stream.Consumer {
	consumer := g.Consumer(name)
	if !consumer.Ok() {
		consumer, _ = g.CreateConsumer(name, c.DB.NowMs)
		noted(c, 1)
		c.DB.Event(key, eventClass, "xgroup-createconsumer")
	}
	consumer.SetSeenMs(c.DB.NowMs)
	return consumer
}
