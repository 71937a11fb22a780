package server

import (
	"bytes"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/glob"
	"dragonfly/server/reply"
	"dragonfly/server/script"
	"dragonfly/server/script/library"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// functionCommands are FUNCTION with its subcommands, and FCALL.
var functionCommands = []command.Command{
	{
		Name: "fcall", Arity: -3, Since: "7.0.0", Complexity: "That of the function", Group: "scripting",
		Flags: evalFlags, ACL: command.CatScripting, Keys: scriptKeys(command.RW),
		Summary: "Calls a function of a library.", Syntax: "function numkeys [key ...] [arg ...]",
		Run: func(c *command.Ctx) { fcall(c, false) },
	},
	{
		Name: "fcall_ro", Arity: -3, Since: "7.0.0", Complexity: "That of the function", Group: "scripting",
		Flags: evalFlags | command.ReadOnly, ACL: command.CatScripting, Keys: scriptKeys(command.RO),
		Summary: "Calls a function of a library that may not change anything.", Syntax: "function numkeys [key ...] [arg ...]",
		Run: func(c *command.Ctx) { fcall(c, true) },
	},
	{
		Name: "function", Arity: -2, Since: "7.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "scripting", Summary: "Manages function libraries.",
	},
	{
		Name: "function|load", Arity: -3, Since: "7.0.0", Complexity: "O(1), and that of the body of the library",
		Flags: command.Write | command.DenyOOM | command.NoScript | command.Script, ACL: command.CatScripting, Group: "scripting",
		Summary: "Adds a library, and answers its name.", Syntax: "[REPLACE] function-code", Run: functionLoad,
	},
	{
		Name: "function|delete", Arity: 3, Since: "7.0.0", Complexity: "O(1)",
		Flags: command.Write | command.NoScript | command.Script, ACL: command.CatScripting, Group: "scripting",
		Summary: "Deletes a library and its functions.", Syntax: "library-name", Run: functionDelete,
	},
	{
		Name: "function|flush", Arity: -2, Since: "7.0.0", Complexity: "O(N) in the number of libraries",
		Flags: command.Write | command.NoScript | command.Script, ACL: command.CatScripting, Group: "scripting",
		Summary: "Deletes all libraries.", Syntax: "[ASYNC | SYNC]", Run: functionFlush,
	},
	{
		Name: "function|dump", Arity: 2, Since: "7.0.0", Complexity: "O(N) in the bytes of the libraries",
		Flags: command.NoScript | command.Keyless, ACL: command.CatScripting, Group: "scripting",
		Summary: "Answers all libraries as a payload for FUNCTION RESTORE.",
		Run:     func(c *command.Ctx) { c.Reply.Bulk(of(c).s.functions.get().AppendDump(nil)) },
	},
	{
		Name: "function|restore", Arity: -3, Since: "7.0.0", Complexity: "O(N) in the number of libraries",
		Flags: command.Write | command.DenyOOM | command.NoScript | command.Script, ACL: command.CatScripting, Group: "scripting",
		Summary: "Adds the libraries that FUNCTION DUMP answered.", Syntax: "serialized-value [FLUSH | APPEND | REPLACE]",
		Run: functionRestore,
	},
	{
		Name: "function|list", Arity: -2, Since: "7.0.0", Complexity: "O(N) in the number of functions",
		Flags: command.NoScript | command.Keyless, ACL: command.CatScripting, Group: "scripting",
		Summary: "Lists the libraries.", Syntax: "[LIBRARYNAME library-name-pattern] [WITHCODE]", Run: functionList,
	},
	{
		Name: "function|stats", Arity: 2, Since: "7.0.0", Complexity: "O(1)",
		Flags: command.NoScript | command.AllowBusy | command.Keyless, ACL: command.CatScripting, Group: "scripting",
		Summary: "Shows the function that is running, and counts the libraries.", Run: functionStats,
	},
	{
		Name: "function|kill", Arity: 2, Since: "7.0.0", Complexity: "O(1)",
		Flags: command.NoScript | command.AllowBusy | command.Keyless, ACL: command.CatScripting, Group: "scripting",
		Summary: "Ends the function that is running.",
		Run: func(c *command.Ctx) {
			if err := of(c).s.lent.kill(true); err != nil {
				c.Fail(err)
				return
			}
			c.Reply.OK()
		},
	},
	{
		Name: "function|help", Arity: 2, Since: "7.0.0", Complexity: "O(1)", Flags: command.WhileLoading | command.Keyless, ACL: command.CatScripting,
		Group: "scripting", Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

// fcall runs a function.
func fcall(c *command.Ctx, readOnly bool) {
	set := of(c).s.functions.get()
	f, ok := set.Find(c.Args[1])
	if !ok {
		if name, ok := set.Suspect(c.Args[1]); ok {
			c.Fail(resperr.FunctionBroken(name))
			return
		}
		c.Fail(resperr.FunctionNotFound)
		return
	}
	if _, ok := number.ParseInt(c.Args[2]); !ok {
		c.Fail(resperr.FunctionNumKeys)
		return
	}
	keys, args, err := scriptArgs(c)
	if err != nil {
		c.Fail(err)
		return
	}
	runScript(c, scriptRun{
		Run:      script.Run{Library: f.Library.Library, Function: f.Name, Keys: keys, Args: args},
		flags:    f.Flags,
		readOnly: readOnly,
	})
}

func functionLoad(c *command.Ctx) {
	args, replace := c.Args[2:], false
	for ; len(args) > 1; args = args[1:] {
		if !equalFold(args[0], "replace") {
			c.Fail(resperr.FunctionLoadOption(string(args[0])))
			return
		}
		replace = true
	}
	code := string(args[0])
	changeFunctions(c, func(x *executor, old *library.Set) (*library.Set, func(), error) {
		lib, err := x.library(code)
		if err != nil {
			return nil, nil, err
		}
		set, err := old.With(lib, replace)
		return set, func() { x.co.out.BulkString(lib.Name) }, err
	})
}

func functionDelete(c *command.Ctx) {
	name := string(c.Args[2])
	changeFunctions(c, func(_ *executor, old *library.Set) (*library.Set, func(), error) {
		set, ok := old.Without(name)
		if !ok {
			return nil, nil, resperr.LibraryNotFound
		}
		return set, nil, nil
	})
}

func functionFlush(c *command.Ctx) {
	switch {
	case len(c.Args) > 3:
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "FUNCTION"))
		return
	case len(c.Args) == 3 && !command.Is(c.Args[2], "sync") && !command.Is(c.Args[2], "async"):
		c.Fail(resperr.FunctionFlushOption)
		return
	}
	changeFunctions(c, func(*executor, *library.Set) (*library.Set, func(), error) { return nil, nil, nil })
}

// restorePolicy says what becomes of the libraries that are there when others are restored.
type restorePolicy uint8

const (
	restoreAppend restorePolicy = iota // they stay; a name that is there already is an error
	restoreReplace
	restoreFlush
)

func functionRestore(c *command.Ctx) {
	policy := restoreAppend
	if len(c.Args) > 4 {
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "FUNCTION"))
		return
	}
	if len(c.Args) == 4 {
		switch arg := c.Args[3]; {
		case equalFold(arg, "append"):
		case equalFold(arg, "replace"):
			policy = restoreReplace
		case equalFold(arg, "flush"):
			policy = restoreFlush
		default:
			c.Fail(resperr.FunctionRestorePolicy)
			return
		}
	}
	sources, err := library.ParseDump(bytes.Clone(c.Args[2]))
	if err != nil {
		c.Fail(err)
		return
	}
	changeFunctions(c, func(x *executor, old *library.Set) (*library.Set, func(), error) {
		set, err := x.restoreFunctions(old, sources, policy)
		return set, nil, err
	})
}

func functionList(c *command.Ctx) {
	var pattern []byte
	named, withCode := false, false
	for args := c.Args[2:]; len(args) > 0; args = args[1:] {
		switch {
		case !withCode && equalFold(args[0], "withcode"):
			withCode = true
		case !named && equalFold(args[0], "libraryname"):
			if len(args) == 1 {
				c.Fail(resperr.LibraryNameMissing)
				return
			}
			named, pattern = true, args[1]
			args = args[1:]
		default:
			c.Fail(resperr.FunctionListOption(string(args[0])))
			return
		}
	}
	var list []*library.Library
	for _, l := range of(c).s.functions.get().Libraries() {
		if !named || glob.MatchFold(pattern, []byte(l.Name)) {
			list = append(list, l)
		}
	}
	w := c.Reply
	w.Array(len(list))
	for _, l := range list {
		if withCode {
			w.Map(4)
		} else {
			w.Map(3)
		}
		w.BulkString("library_name")
		w.BulkString(l.Name)
		w.BulkString("engine")
		w.BulkString("LUA")
		w.BulkString("functions")
		w.Array(len(l.Functions))
		for _, f := range l.Functions {
			answerFunction(w, f)
		}
		if withCode {
			w.BulkString("library_code")
			w.BulkString(l.Code)
		}
	}
}

func answerFunction(w *reply.Writer, f script.Function) {
	w.Map(3)
	w.BulkString("name")
	w.BulkString(f.Name)
	w.BulkString("description")
	if f.HasDescription {
		w.BulkString(f.Description)
	} else {
		w.Null()
	}
	w.BulkString("flags")
	flags := f.Flags.Names()
	w.Set(len(flags))
	for _, name := range flags {
		w.Simple(name)
	}
}

func functionStats(c *command.Ctx) {
	s := of(c).s
	libraries, count, _ := s.functions.get().Counts()
	w := c.Reply
	w.Map(2)
	w.BulkString("running_script")
	if name, args, since, ok := s.lent.running(); ok {
		w.Map(3)
		w.BulkString("name")
		w.BulkString(name)
		w.BulkString("command")
		w.Array(len(args))
		for _, a := range args {
			w.Bulk(a)
		}
		w.BulkString("duration_ms")
		w.Int(since.Milliseconds())
	} else {
		w.Null()
	}
	w.BulkString("engines")
	w.Map(1)
	w.BulkString("LUA")
	w.Map(2)
	w.BulkString("libraries_count")
	w.Int(int64(libraries))
	w.BulkString("functions_count")
	w.Int(int64(count))
}

// running returns the function that runs for long, with the arguments of its call and since when it runs.
func (l *lent) running() (name string, args [][]byte, since time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.scripts {
		if f := x.function.Load(); f != nil {
			return *f, x.args, time.Since(x.began), true
		}
	}
	return "", nil, 0, false
}
