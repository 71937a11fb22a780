package server

import (
	"slices"

	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

// slowlogCommands are SLOWLOG and its subcommands.
var slowlogCommands = []command.Command{
	{
		Name: "slowlog", Arity: -2, Since: "2.2.12", Complexity: "That of the subcommand",
		Flags: command.Container, Summary: "Reads the log of slow commands.",
	},
	{
		Name: "slowlog|get", Arity: -2, Since: "2.2.12", Complexity: "O(N) in the number of entries",
		Flags:   command.Admin | command.WhileLoading,
		Summary: "Answers the latest entries: id, time, duration, arguments, address and name of the client; 10 unless told, -1 for all.",
		Syntax:  "[count]",
		Run:     slowlogGet,
	},
	{
		Name: "slowlog|len", Arity: 2, Since: "2.2.12", Complexity: "O(1)",
		Flags: command.Admin | command.WhileLoading, Summary: "Counts the entries.",
		Run: func(c *command.Ctx) { c.Reply.Int(int64(len(of(c).s.slow.list()))) },
	},
	{
		Name: "slowlog|reset", Arity: 2, Since: "2.2.12", Complexity: "O(N) in the number of entries",
		Flags: command.Admin | command.WhileLoading, Summary: "Drops all entries.",
		Run: func(c *command.Ctx) {
			of(c).s.slow.reset()
			c.Reply.OK()
		},
	},
	{
		Name: "slowlog|help", Arity: 2, Since: "6.2.0", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

// list returns the entries, oldest first.
func (l *slowlog) list() []slowEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

func (l *slowlog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

func slowlogGet(c *command.Ctx) {
	count := int64(10)
	if len(c.Args) > 3 {
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "SLOWLOG"))
		return
	}
	if len(c.Args) == 3 {
		n, err := command.IntFrom(c.Args[2], -1, resperr.New("count should be greater than or equal to -1"))
		if err != nil {
			c.Fail(err)
			return
		}
		count = n
	}
	entries := of(c).s.slow.list()
	if count < 0 || count > int64(len(entries)) {
		count = int64(len(entries))
	}
	slices.Reverse(entries)
	c.Reply.Array(int(count))
	for _, e := range entries[:count] {
		c.Reply.Array(6)
		c.Reply.Int(e.id)
		c.Reply.Int(e.unix)
		c.Reply.Int(e.took.Microseconds())
		c.Reply.Array(len(e.args))
		for _, arg := range e.args {
			c.Reply.Bulk(arg)
		}
		c.Reply.BulkString(e.addr)
		c.Reply.BulkString(e.name)
	}
}
