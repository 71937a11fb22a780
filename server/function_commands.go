package server

import (
	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

// functionCommands are FUNCTION and its subcommands. The libraries of a snapshot are kept as source and saved again.
var functionCommands = []command.Command{
	{
		Name: "function", Arity: -2, Since: "7.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "scripting", Summary: "Manages function libraries.",
	},
	{
		Name: "function|flush", Arity: -2, Since: "7.0.0", Complexity: "O(N) in the number of libraries",
		Flags: command.Write | command.NoScript, ACL: command.CatScripting, Group: "scripting",
		Summary: "Deletes all libraries.", Syntax: "[ASYNC | SYNC]",
		Run: functionFlush,
	},
	{
		Name: "function|help", Arity: 2, Since: "7.0.0", Complexity: "O(1)", Flags: command.WhileLoading, ACL: command.CatScripting,
		Group: "scripting", Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

func functionFlush(c *command.Ctx) {
	switch {
	case len(c.Args) > 3:
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "FUNCTION"))
		return
	case len(c.Args) == 3 && !command.Is(c.Args[2], "sync") && !command.Is(c.Args[2], "async"):
		c.Fail(resperr.New("FUNCTION FLUSH only supports SYNC|ASYNC option"))
		return
	}
	of(c).s.carried.dropFunctions()
	c.DB.Store().AddDirty(1)
	c.Reply.OK()
}
