package server

import (
	"time"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// keyspaceCommands work on whole databases, or tell about the server in one word.
var keyspaceCommands = []command.Command{
	{
		Name: "dbsize", Arity: 1, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Group: "server",
		Summary: "Counts the keys of the database.",
		Run:     dbsize,
	},
	{
		Name: "flushdb", Arity: -1, Since: "1.0.0", Complexity: "O(1); the memory is freed in the background",
		Flags: command.Write | command.LockAll, ACL: command.CatKeyspace | command.CatDangerous, Group: "server",
		Summary: "Removes all keys of the database.", Syntax: "[ASYNC | SYNC]",
		Run: func(c *command.Ctx) { flush(c, c.DB.Index, c.DB.Index) },
	},
	{
		Name: "flushall", Arity: -1, Since: "1.0.0", Complexity: "O(1); the memory is freed in the background",
		Flags: command.Write | command.LockAll, ACL: command.CatKeyspace | command.CatDangerous, Group: "server",
		Summary: "Removes all keys of all databases.", Syntax: "[ASYNC | SYNC]",
		Run: func(c *command.Ctx) { flush(c, 0, c.DB.Store().NumDBs()-1) },
	},
	{
		Name: "swapdb", Arity: 3, Since: "4.0.0", Complexity: "O(N) in the number of keys that are watched",
		Flags: command.Write | command.Fast | command.LockAll, ACL: command.CatKeyspace | command.CatDangerous, Group: "server",
		Summary: "Exchanges two databases for all clients.", Syntax: "index1 index2",
		Run: swapdb,
	},
	{
		Name: "time", Arity: 1, Since: "2.6.0", Complexity: "O(1)",
		Flags:   command.Fast | command.WhileLoading,
		Summary: "Answers the time of the server, in seconds and microseconds.",
		Run: func(c *command.Ctx) {
			now := time.Now()
			c.Reply.Array(2)
			c.Reply.BulkInt(now.Unix())
			c.Reply.BulkInt(int64(now.Nanosecond() / 1000))
		},
	},
	{
		Name: "role", Arity: 1, Since: "2.8.12", Complexity: "O(1)",
		Flags: command.NoScript | command.Fast | command.WhileLoading, ACL: command.CatAdmin | command.CatDangerous,
		Group:   "server",
		Summary: "Tells the role of the server in replication.",
		Run: func(c *command.Ctx) {
			c.Reply.Array(3)
			c.Reply.BulkString("master")
			c.Reply.Int(0)
			c.Reply.Array(0)
		},
	},
	{
		Name: "lolwut", Arity: -1, Since: "5.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, Group: "server",
		Summary: "Answers a small picture and the version.", Syntax: "[VERSION version]",
		Run: lolwut,
	},
}

func dbsize(c *command.Ctx) {
	n := 0
	c.Tx.VisitAll(func(sh *store.Shard) { n += sh.Len(c.DB.Index) })
	c.Reply.Int(int64(n))
}

// flush empties databases. SYNC and ASYNC are the same here: the keys are gone at once and their memory soon.
func flush(c *command.Ctx, from, to int) {
	if len(c.Args) > 2 || len(c.Args) == 2 && !equalFold(c.Args[1], "sync") && !equalFold(c.Args[1], "async") {
		c.Fail(resperr.Syntax)
		return
	}
	st := c.DB.Store()
	removed := 0
	for i := from; i <= to; i++ {
		removed += st.FlushDB(i)
	}
	st.AddDirty(int64(max(removed, 1)))
	of(c).s.tracking.Flushed(c.Session.ID)
	c.Reply.OK()
}

func swapdb(c *command.Ctx) {
	var index [2]int
	for i, which := range [...]string{"first", "second"} {
		n, ok := number.ParseInt(c.Args[1+i])
		if !ok || n != int64(int32(n)) {
			c.Fail(resperr.New("invalid " + which + " DB index"))
			return
		}
		index[i] = int(n)
	}
	st := c.DB.Store()
	if min(index[0], index[1]) < 0 || max(index[0], index[1]) >= st.NumDBs() {
		c.Fail(resperr.DBIndex)
		return
	}
	st.SwapDB(index[0], index[1], c.DB.NowMs)
	st.AddDirty(1)
	c.Reply.OK()
}

func lolwut(c *command.Ctx) {
	const picture = "      o      \n" +
		" \\====|====/ \n" +
		"  \\===|===/  \n" +
		"      |      \n" +
		"      |      \n"
	c.Reply.Verbatim(picture + "\nRedis ver. " + redisVersion + "\nDragonfly ver. df-" + of(c).s.cfg.Version + "\n")
}

// replID returns the name of the history of writes that replicas would follow.
func (s *Server) replID() string { return *s.replid.Load() }

// newReplID begins another history.
func (s *Server) newReplID() {
	id := randomHex(40)
	s.replid.Store(&id)
}
