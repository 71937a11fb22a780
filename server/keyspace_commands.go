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
		Name: "wait", Arity: 3, Since: "3.0.0", Complexity: "O(1)",
		Flags: command.NoScript, ACL: command.CatConnection, Group: "generic",
		Summary: "Waits until so many replicas have the writes of this connection.", Syntax: "numreplicas timeout",
		Run: wait,
	},
	{
		Name: "waitaof", Arity: 4, Since: "7.2.0", Complexity: "O(1)",
		Flags: command.NoScript, ACL: command.CatConnection, Group: "generic",
		Summary: "Waits until the writes of this connection are in so many append only files.", Syntax: "numlocal numreplicas timeout",
		Run: waitaof,
	},
	{
		Name: "lolwut", Arity: -1, Since: "5.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, Group: "server",
		Summary: "Answers a small picture and the version.", Syntax: "[VERSION version]",
		Run: lolwut,
	},
	{
		Name: "acl", Arity: -2, Since: "6.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "server", Summary: "Works on users and what they may do.",
	},
	{
		Name: "acl|whoami", Arity: 2, Since: "6.0.0", Complexity: "O(1)", Flags: command.NoScript | command.WhileLoading,
		Summary: "Answers the name of the user of this connection.",
		Run:     func(c *command.Ctx) { c.Reply.BulkString(c.Session.User) },
	},
	{
		Name: "acl|cat", Arity: -2, Since: "6.0.0", Complexity: "O(N) in the number of commands", Flags: command.NoScript | command.WhileLoading,
		Summary: "Lists the categories of commands, or the commands of one.", Syntax: "[category]",
		Run: aclCat,
	},
	{
		Name: "acl|help", Arity: 2, Since: "6.0.0", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
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

// wait answers that there are no replicas: at once, since none will come while it waits.
func wait(c *command.Ctx) {
	if _, err := command.Int(c.Args[1]); err != nil {
		c.Fail(err)
		return
	}
	if _, err := timeoutArg(c.Args[2], c.DB.NowMs); err != nil {
		c.Fail(err)
		return
	}
	c.Reply.Int(0)
}

func waitaof(c *command.Ctx) {
	local, err := command.Int(c.Args[1])
	switch {
	case err != nil || local < 0 || local > 1:
		c.Fail(resperr.New("value is out of range, must be between 0 and 1"))
		return
	case local > 0:
		c.Fail(resperr.New("WAITAOF cannot be used when numlocal is set but appendonly is disabled."))
		return
	}
	if _, err := command.IntFrom(c.Args[2], 0, resperr.NotPositive); err != nil {
		c.Fail(err)
		return
	}
	if _, err := timeoutArg(c.Args[3], c.DB.NowMs); err != nil {
		c.Fail(err)
		return
	}
	c.Reply.Array(2)
	c.Reply.Int(0)
	c.Reply.Int(0)
}

func lolwut(c *command.Ctx) {
	const picture = "      o      \n" +
		" \\====|====/ \n" +
		"  \\===|===/  \n" +
		"      |      \n" +
		"      |      \n"
	c.Reply.Verbatim(picture + "\nRedis ver. " + redisVersion + "\nDragonfly ver. df-" + of(c).s.cfg.Version + "\n")
}

func aclCat(c *command.Ctx) {
	names := command.CategoryNames()
	if len(c.Args) == 2 {
		c.Reply.Strings(names...)
		return
	}
	if len(c.Args) > 3 {
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "ACL"))
		return
	}
	for i, name := range names {
		if equalFold(c.Args[2], name) {
			c.Reply.Strings(inCategory(c.Registry, 1<<i)...)
			return
		}
	}
	c.Fail(resperr.New("Unknown category '" + string(c.Args[2]) + "'"))
}

// inCategory lists the commands of a category. Of a container that is not in it itself its subcommands are named.
func inCategory(r *command.Registry, cat command.Categories) []string {
	var list []string
	for _, cmd := range r.All() {
		if cmd.ACL&cat != 0 && cmd.Flags&command.Container == 0 {
			list = append(list, cmd.Name)
		}
	}
	return list
}

// replID returns the name of the history of writes that replicas would follow.
func (s *Server) replID() string { return *s.replid.Load() }

// newReplID begins another history.
func (s *Server) newReplID() {
	id := randomHex(40)
	s.replid.Store(&id)
}
