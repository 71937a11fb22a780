package server

import (
	"slices"
	"strings"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/server/command"
	"dragonfly/server/script"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// evalFlags are those of all commands that run a script by its text or SHA1.
const evalFlags = command.NoScript | command.SkipMonitor | command.Script

// scriptCommands are EVAL and its kin, and SCRIPT with its subcommands.
var scriptCommands = []command.Command{
	{
		Name: "eval", Arity: -3, Since: "2.6.0", Complexity: "That of the script", Group: "scripting",
		Flags: evalFlags, ACL: command.CatScripting, Keys: scriptKeys(command.RW),
		Summary: "Runs a Lua script.", Syntax: "script numkeys [key ...] [arg ...]",
		Run: func(c *command.Ctx) { eval(c, false, false) },
	},
	{
		Name: "eval_ro", Arity: -3, Since: "7.0.0", Complexity: "That of the script", Group: "scripting",
		Flags: evalFlags | command.ReadOnly, ACL: command.CatScripting, Keys: scriptKeys(command.RO),
		Summary: "Runs a Lua script that may not change anything.", Syntax: "script numkeys [key ...] [arg ...]",
		Run: func(c *command.Ctx) { eval(c, false, true) },
	},
	{
		Name: "evalsha", Arity: -3, Since: "2.6.0", Complexity: "That of the script", Group: "scripting",
		Flags: evalFlags, ACL: command.CatScripting, Keys: scriptKeys(command.RW),
		Summary: "Runs a Lua script that the server knows by its SHA1.", Syntax: "sha1 numkeys [key ...] [arg ...]",
		Run: func(c *command.Ctx) { eval(c, true, false) },
	},
	{
		Name: "evalsha_ro", Arity: -3, Since: "7.0.0", Complexity: "That of the script", Group: "scripting",
		Flags: evalFlags | command.ReadOnly, ACL: command.CatScripting, Keys: scriptKeys(command.RO),
		Summary: "Runs a Lua script that the server knows by its SHA1 and that may not change anything.",
		Syntax:  "sha1 numkeys [key ...] [arg ...]",
		Run:     func(c *command.Ctx) { eval(c, true, true) },
	},
	{
		Name: "script", Arity: -2, Since: "2.6.0", Complexity: "That of the subcommand", Flags: command.Container,
		Group: "scripting", Summary: "Manages the scripts that the server knows.",
	},
	{
		Name: "script|debug", Arity: 3, Since: "3.2.0", Complexity: "O(1)", Flags: command.NoScript | command.Keyless,
		ACL: command.CatScripting, Summary: "Answers OK to NO: there is no debugger.", Syntax: "<YES | SYNC | NO>",
		Run: scriptDebug,
	},
	{
		Name: "script|exists", Arity: -3, Since: "2.6.0", Complexity: "O(N) in the number of scripts", ACL: command.CatScripting,
		Flags: command.NoScript | command.Keyless, Summary: "Tells which scripts the server knows.", Syntax: "sha1 [sha1 ...]",
		Run: scriptExists,
	},
	{
		Name: "script|flags", Arity: -4, Since: "2.6.0", Complexity: "O(N) in the number of flags", ACL: command.CatScripting,
		Flags: command.NoScript | command.Keyless, Summary: "Gives a script flags in addition to its own.",
		Syntax: "sha1 flag [flag ...]", Run: scriptFlags,
	},
	{
		Name: "script|flush", Arity: -2, Since: "2.6.0", Complexity: "O(N) in the number of scripts", ACL: command.CatScripting,
		Flags: command.NoScript | command.Keyless, Summary: "Forgets all scripts.", Syntax: "[ASYNC | SYNC]",
		Run: scriptFlush,
	},
	{
		Name: "script|gc", Arity: 2, Since: "2.6.0", Complexity: "O(1)", ACL: command.CatScripting,
		Flags: command.NoScript | command.Keyless, Summary: "Answers OK: the memory of scripts is collected as it is.",
		Run: func(c *command.Ctx) { c.Reply.OK() },
	},
	{
		Name: "script|help", Arity: 2, Since: "5.0.0", Complexity: "O(1)", Flags: command.WhileLoading | command.Keyless,
		ACL: command.CatScripting, Summary: "Lists the subcommands.", Run: containerHelp,
	},
	{
		Name: "script|kill", Arity: 2, Since: "2.6.0", Complexity: "O(1)", ACL: command.CatScripting,
		Flags: command.NoScript | command.AllowBusy | command.Keyless, Summary: "Ends the script that is running.",
		Run: scriptKill,
	},
	{
		Name: "script|latency", Arity: 2, Since: "2.6.0", Complexity: "O(N) in the number of scripts", ACL: command.CatScripting,
		Flags: command.NoScript | command.Keyless, Summary: "Shows how long the scripts took.", Run: scriptLatency,
	},
	{
		Name: "script|list", Arity: 2, Since: "2.6.0", Complexity: "O(N) in the number of scripts", ACL: command.CatScripting,
		Flags: command.NoScript | command.Keyless, Summary: "Lists the scripts that the server knows.", Run: scriptList,
	},
	{
		Name: "script|load", Arity: 3, Since: "2.6.0", Complexity: "O(N) in the length of the script", ACL: command.CatScripting,
		Flags: command.NoScript | command.Keyless, Summary: "Lets the server know a script.", Syntax: "script", Run: scriptLoad,
	},
}

// scriptKeys is the key spec of commands that run scripts.
func scriptKeys(access command.Access) command.KeySpec {
	spec := command.NumKeys(2)
	spec.Access = access
	return spec
}

// scriptArgs reads numkeys, keys and arguments of a command that runs a script or function.
func scriptArgs(c *command.Ctx) (keys, args [][]byte, err error) {
	n, ok := number.ParseInt(c.Args[2])
	rest := c.Args[3:]
	switch {
	case !ok:
		return nil, nil, resperr.NotInteger
	case n > int64(len(rest)):
		return nil, nil, resperr.NumKeysMany
	case n < 0:
		return nil, nil, resperr.NumKeysNegative
	}
	return rest[:n], rest[n:], nil
}

// keyPositions says which arguments of a command are keys, for scripts of which it is to be known that they reach no others.
func (s *Server) keyPositions(name string) (first, last, step int, ok bool) {
	cmd := s.registry.Find([]byte(name))
	switch {
	case cmd == nil, cmd.Flags&(command.Container|command.LockAll) != 0, cmd.Keys.Find != nil:
		return 0, 0, 0, false
	case cmd.Name == "sort", cmd.Name == "sort_ro": // they follow patterns
		return 0, 0, 0, false
	case !cmd.Keys.Has():
		return 0, 0, 0, cmd.Flags&command.Keyless != 0
	}
	return cmd.Keys.First, cmd.Keys.Last, cmd.Keys.Step, true
}

// eval runs a script that is given by its SHA1 or its text.
func eval(c *command.Ctx, bySHA, readOnly bool) {
	keys, args, err := scriptArgs(c)
	if err != nil {
		c.Fail(err)
		return
	}
	cache := of(c).s.scripts
	var s *script.Script
	if bySHA {
		if s = cache.Get(c.Args[1]); s == nil {
			err = resperr.NoScript
		}
	} else {
		s, err = cache.Eval(c.Args[1])
	}
	if err != nil {
		c.Fail(err)
		return
	}
	runScript(c, scriptRun{
		Run:   script.Run{Script: s, Keys: keys, Args: args},
		flags: s.Flags(), readOnly: readOnly, declared: s.OnlyDeclared(),
	})
}

func scriptDebug(c *command.Ctx) {
	switch arg := c.Args[2]; {
	case equalFold(arg, "no"):
		c.Reply.OK()
	case equalFold(arg, "yes"), equalFold(arg, "sync"):
		c.Fail(resperr.ScriptNoDebugger)
	default:
		c.Fail(resperr.ScriptDebugSyntax)
	}
}

func scriptExists(c *command.Ctx) {
	c.Reply.Array(len(c.Args) - 2)
	for _, sha := range c.Args[2:] {
		c.Reply.Flag(of(c).s.scripts.Get(sha) != nil)
	}
}

func scriptFlags(c *command.Ctx) {
	var flags script.Flags
	for _, name := range c.Args[3:] {
		f, ok := script.ParseFlag(strings.ToLower(string(name)))
		if !ok {
			c.Fail(resperr.ScriptDragonflyFlag(string(name)))
			return
		}
		flags |= f
	}
	if !of(c).s.scripts.AddFlags(c.Args[2], flags) {
		c.Fail(resperr.NoScript)
		return
	}
	c.Reply.OK()
}

func scriptFlush(c *command.Ctx) {
	if len(c.Args) > 3 || len(c.Args) == 3 && !equalFold(c.Args[2], "sync") && !equalFold(c.Args[2], "async") {
		c.Fail(resperr.ScriptFlushOption)
		return
	}
	of(c).s.scripts.Flush()
	of(c).s.carried.dropScripts()
	c.Reply.OK()
}

// adoptScripts makes known the scripts that a snapshot has brought.
func (s *Server) adoptScripts(aux [][2]string) {
	for _, field := range aux {
		if field[0] == rdbfmt.AuxLua {
			s.scripts.Load([]byte(field[1])) // what does not compile here is kept for whom it does
		}
	}
}

// withScripts adds the scripts of SCRIPT LOAD to the metadata of a snapshot.
func (s *Server) withScripts(aux [][2]string) [][2]string {
	aux = slices.Clone(aux)
	for _, sc := range s.knownScripts() {
		if field := [2]string{rdbfmt.AuxLua, sc.Body}; s.scripts.Loaded(sc) && !slices.Contains(aux, field) {
			aux = append(aux, field)
		}
	}
	return aux
}

func scriptKill(c *command.Ctx) {
	if err := of(c).s.lent.kill(false); err != nil {
		c.Fail(err)
		return
	}
	c.Reply.OK()
}

// knownScripts lists the scripts of the server in the order of their SHA1.
func (s *Server) knownScripts() []*script.Script {
	var list []*script.Script
	s.scripts.Each(func(sc *script.Script) { list = append(list, sc) })
	slices.SortFunc(list, func(a, b *script.Script) int { return strings.Compare(a.SHA, b.SHA) })
	return list
}

// scriptLatency answers pairs of a SHA1 and what is known of the time its runs took.
func scriptLatency(c *command.Ctx) {
	list := of(c).s.knownScripts()
	c.Reply.Array(len(list))
	for _, s := range list {
		c.Reply.Array(2)
		c.Reply.BulkString(s.SHA)
		c.Reply.BulkString(s.Latency())
	}
}

// scriptList answers pairs of a SHA1 and a body.
func scriptList(c *command.Ctx) {
	list := of(c).s.knownScripts()
	c.Reply.Array(len(list))
	for _, s := range list {
		c.Reply.Array(2)
		c.Reply.BulkString(s.SHA)
		c.Reply.BulkString(s.Body)
	}
}

func scriptLoad(c *command.Ctx) {
	s, err := of(c).s.scripts.Load(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	c.Reply.BulkString(s.SHA)
}

// waits tells whether a command of a script is one that is refused because it asks to wait.
func waits(cmd *command.Command, args [][]byte) bool {
	if cmd.Name != "xread" && cmd.Name != "xreadgroup" {
		return false
	}
	for _, arg := range args[1:] {
		if equalFold(arg, "streams") {
			return false
		}
		if equalFold(arg, "block") {
			return true
		}
	}
	return false
}

// forScripts tells whether a command that is not for scripts is allowed to them by DEBUG SET-DISABLE-DENY-SCRIPTS.
func (s *Server) forScripts(cmd *command.Command, args [][]byte) bool {
	if !s.scriptsMayMore.Load() {
		return false
	}
	return cmd.Name == "client|list" || cmd.Name == "debug" && (equalFold(args[1], "sleep") || equalFold(args[1], "protocol"))
}
