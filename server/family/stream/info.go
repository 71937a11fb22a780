package stream

import (
	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// describe returns the stream that a subcommand of XINFO describes. If there is none it answers so, and ok is false.
func describe(c *command.Ctx) (s stream.Stream, ok bool) {
	s, found, ok := find(c, c.Args[2])
	if ok && !found {
		c.Fail(resperr.NoSuchKey)
	}
	return s, found
}

func xinfoGroups(c *command.Ctx) {
	s, ok := describe(c)
	if !ok {
		return
	}
	w := c.Reply
	w.Array(s.Groups())
	for i := range s.Groups() {
		g := s.GroupAt(i)
		w.Map(6)
		bulkField(w, "name", g.Name())
		intField(w, "consumers", int64(g.Consumers()))
		intField(w, "pending", int64(g.PendingLen()))
		idField(w, "last-delivered-id", g.LastID())
		progress(w, s, g)
	}
}

// progress answers how far a group is.
func progress(w *reply.Writer, s stream.Stream, g stream.Group) {
	w.BulkString("entries-read")
	if g.EntriesRead() != stream.UnknownRead {
		w.Int(g.EntriesRead())
	} else {
		w.Null()
	}
	w.BulkString("lag")
	if lag, ok := s.Lag(g); ok {
		w.Int(lag)
	} else {
		w.Null()
	}
}

func xinfoConsumers(c *command.Ctx) {
	s, ok := describe(c)
	if !ok {
		return
	}
	g := s.Group(c.Args[3])
	if !g.Ok() {
		c.Fail(resperr.StreamNoGroupOfKey(c.Args[2], c.Args[3]))
		return
	}
	w := c.Reply
	w.Array(g.Consumers())
	for i := range g.Consumers() {
		consumer := g.ConsumerAt(i)
		inactive := int64(stream.NeverActive)
		if consumer.ActiveMs() != stream.NeverActive {
			inactive = c.DB.NowMs - consumer.ActiveMs()
		}
		w.Map(4)
		bulkField(w, "name", consumer.Name())
		intField(w, "pending", int64(consumer.PendingLen()))
		intField(w, "idle", max(0, c.DB.NowMs-consumer.SeenMs()))
		intField(w, "inactive", inactive)
	}
}

// infoArgs are the parsed arguments of XINFO STREAM.
type infoArgs struct {
	full  bool
	count int64 // entries and pending entries of FULL, 0 = all
}

func parseInfo(args [][]byte) (a infoArgs, err error) {
	a.count = 10
	rest := args[3:]
	switch {
	case len(rest) == 0:
		return a, nil
	case len(rest) == 1 && command.Is(rest[0], "full"):
	case len(rest) == 3 && command.Is(rest[0], "full") && command.Is(rest[1], "count"):
		var n int64
		if n, err = command.Int(rest[2]); err == nil && n >= 0 {
			a.count = n
		}
	default:
		err = resperr.SubcommandSyntax(args[1], "XINFO")
	}
	a.full = true
	return a, err
}

func xinfoStream(c *command.Ctx) {
	s, ok := describe(c)
	if !ok {
		return
	}
	a, err := parseInfo(c.Args)
	if err != nil {
		c.Fail(err)
		return
	}
	w := c.Reply
	if a.full {
		w.Map(9)
	} else {
		w.Map(10)
	}
	intField(w, "length", int64(s.Len()))
	intField(w, "radix-tree-keys", int64(s.Nodes()))
	intField(w, "radix-tree-nodes", int64(s.RadixNodes()))
	idField(w, "last-generated-id", s.LastID())
	idField(w, "max-deleted-entry-id", s.MaxDeletedID())
	intField(w, "entries-added", s.Added())
	idField(w, "recorded-first-entry-id", s.FirstID())
	if a.full {
		a.details(w, s)
		return
	}
	intField(w, "groups", int64(s.Groups()))
	w.BulkString("first-entry")
	it := s.Range(stream.ID{}, stream.MaxID)
	edge(w, &it)
	w.BulkString("last-entry")
	it = s.RevRange(stream.ID{}, stream.MaxID)
	edge(w, &it)
}

// edge answers the first entry of an iterator, null if there is none.
func edge(w *reply.Writer, it *stream.Iter) {
	if it.Next() {
		replyEntry(w, it)
	} else {
		w.Null()
	}
}

// details answers the entries and the groups of a stream.
func (a *infoArgs) details(w *reply.Writer, s stream.Stream) {
	w.BulkString("entries")
	it := s.Range(stream.ID{}, stream.MaxID)
	replyEntries(w, &it, a.count)
	w.BulkString("groups")
	w.Array(s.Groups())
	for i := range s.Groups() {
		g := s.GroupAt(i)
		w.Map(7)
		bulkField(w, "name", g.Name())
		idField(w, "last-delivered-id", g.LastID())
		progress(w, s, g)
		intField(w, "pel-count", int64(g.PendingLen()))
		w.BulkString("pending")
		a.pending(w, g.PendingFrom(stream.ID{}), &g)
		w.BulkString("consumers")
		w.Array(g.Consumers())
		for j := range g.Consumers() {
			consumer := g.ConsumerAt(j)
			w.Map(5)
			bulkField(w, "name", consumer.Name())
			intField(w, "seen-time", consumer.SeenMs())
			intField(w, "active-time", consumer.ActiveMs())
			intField(w, "pel-count", int64(consumer.PendingLen()))
			w.BulkString("pending")
			a.pending(w, g.PendingOf(consumer, stream.ID{}), nil)
		}
	}
}

// pending answers pending entries; those of a group with the names of their owners.
func (a *infoArgs) pending(w *reply.Writer, it stream.PendingIter, g *stream.Group) {
	mark, n := w.Defer(), 0
	for ; a.count == 0 || int64(n) < a.count; n++ {
		p := it.Next()
		if p == nil {
			break
		}
		if g != nil {
			w.Array(4)
			replyID(w, p.ID)
			w.Bulk(g.Owner(p).Name())
		} else {
			w.Array(3)
			replyID(w, p.ID)
		}
		w.Int(p.DeliveredMs)
		w.Int(int64(p.Count))
	}
	w.CloseArray(mark, n)
}

func intField(w *reply.Writer, name string, n int64) {
	w.BulkString(name)
	w.Int(n)
}

func idField(w *reply.Writer, name string, id stream.ID) {
	w.BulkString(name)
	replyID(w, id)
}

func bulkField(w *reply.Writer, name string, b []byte) {
	w.BulkString(name)
	w.Bulk(b)
}

func xinfoHelp(c *command.Ctx) {
	help(c,
		"XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"CONSUMERS <key> <groupname>",
		"    List the consumers of a group.",
		"GROUPS <key>",
		"    List the groups of a stream.",
		"STREAM <key> [FULL [COUNT <count>]",
		"    Describe a stream.",
		"HELP",
		"    Print this help.",
	)
}
