package server

import (
	"maps"
	"slices"
	"strings"

	"dragonfly/server/command"
	"dragonfly/server/glob"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
)

// introspectionCommands are COMMAND and its subcommands: all they say derives from the tables of commands.
var introspectionCommands = []command.Command{
	{
		Name: "command", Arity: -1, Since: "2.8.13", Complexity: "O(N) in the number of commands",
		Flags: command.Container | command.WhileLoading, ACL: command.CatConnection, Group: "server",
		Summary: "Describes all commands.",
		Run: func(c *command.Ctx) {
			names := c.Registry.Names()
			c.Reply.Array(len(names))
			for _, name := range names {
				writeCommandInfo(c.Reply, c.Registry.Get(name))
			}
		},
	},
	{
		Name: "command|count", Arity: 2, Since: "2.8.13", Complexity: "O(1)",
		Flags: command.WhileLoading, ACL: command.CatConnection, Summary: "Counts the commands.",
		Run: func(c *command.Ctx) { c.Reply.Int(int64(len(c.Registry.Names()))) },
	},
	{
		Name: "command|list", Arity: -2, Since: "7.0.0", Complexity: "O(N) in the number of commands",
		Flags: command.WhileLoading, ACL: command.CatConnection, Summary: "Lists the names of commands.",
		Syntax: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
		Run:    commandList,
	},
	{
		Name: "command|info", Arity: -2, Since: "2.8.13", Complexity: "O(N) in the number of commands named",
		Flags: command.WhileLoading, ACL: command.CatConnection, Summary: "Describes commands, all unless told.",
		Syntax: "[command-name [command-name ...]]",
		Run:    commandInfo,
	},
	{
		Name: "command|docs", Arity: -2, Since: "7.0.0", Complexity: "O(N) in the number of commands named",
		Flags: command.WhileLoading, ACL: command.CatConnection, Summary: "Answers the documentation of commands, all unless told.",
		Syntax: "[command-name [command-name ...]]",
		Run:    commandDocs,
	},
	{
		Name: "command|getkeys", Arity: -3, Since: "2.8.13", Complexity: "O(N) in the number of arguments",
		Flags: command.WhileLoading, ACL: command.CatConnection, Summary: "Finds the keys in a command with its arguments.",
		Syntax: "command [arg [arg ...]]",
		Run:    func(c *command.Ctx) { commandGetKeys(c, false) },
	},
	{
		Name: "command|getkeysandflags", Arity: -3, Since: "7.0.0", Complexity: "O(N) in the number of arguments",
		Flags: command.WhileLoading, ACL: command.CatConnection, Summary: "Finds the keys in a command with its arguments, and what is done to them.",
		Syntax: "command [arg [arg ...]]",
		Run:    func(c *command.Ctx) { commandGetKeys(c, true) },
	},
	{
		Name: "command|help", Arity: 2, Since: "5.0.0", Complexity: "O(1)", Flags: command.WhileLoading, ACL: command.CatConnection,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

// lookup finds a command by the name a client knows it by, "config|get" for a subcommand.
func lookup(r *command.Registry, name []byte) *command.Command {
	return r.Get(strings.ToLower(string(name)))
}

func commandInfo(c *command.Ctx) {
	if len(c.Args) == 2 {
		names := c.Registry.Names()
		c.Reply.Array(len(names))
		for _, name := range names {
			writeCommandInfo(c.Reply, c.Registry.Get(name))
		}
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		cmd := lookup(c.Registry, name)
		if cmd == nil {
			c.Reply.Null()
			continue
		}
		writeCommandInfo(c.Reply, cmd)
	}
}

// flagNames are the flags that COMMAND shows, in its order. Commands allowed while loading are allowed on a replica
// that has lost its master as well: Redis's stale.
var flagNames = [...]struct {
	flag command.Flags
	name string
}{
	{command.Write, "write"}, {command.ReadOnly, "readonly"}, {command.DenyOOM, "denyoom"}, {command.Admin, "admin"},
	{command.PubSub, "pubsub"}, {command.NoScript, "noscript"}, {command.Blocking, "blocking"},
	{command.WhileLoading, "loading"}, {command.WhileLoading, "stale"}, {command.SkipMonitor, "skip_monitor"},
	{command.SkipSlowlog, "skip_slowlog"}, {command.Asking, "asking"}, {command.Fast, "fast"}, {command.NoAuth, "no_auth"},
	{command.NoMulti, "no_multi"}, {command.MovableKeys, "movablekeys"}, {command.AllowBusy, "allow_busy"},
}

// writeCommandInfo answers the ten elements that COMMAND INFO has for a command.
func writeCommandInfo(w *reply.Writer, cmd *command.Command) {
	w.Array(10)
	w.BulkString(cmd.Name)
	w.Int(int64(cmd.Arity))
	mark, n := w.Defer(), 0
	for _, f := range flagNames {
		if cmd.Flags&f.flag != 0 {
			w.Simple(f.name)
			n++
		}
	}
	for _, name := range furtherFlags(cmd) {
		w.Simple(name)
		n++
	}
	w.CloseSet(mark, n)
	first, last, step := keyRange(cmd)
	w.Int(int64(first))
	w.Int(int64(last))
	w.Int(int64(step))
	names := cmd.ACL.Names()
	w.Set(len(names))
	for _, name := range names {
		w.Simple("@" + name)
	}
	tips := commandTips(cmd.Name)
	w.Set(len(tips))
	for _, tip := range tips {
		w.BulkString(tip)
	}
	specs := keySpecs(cmd)
	w.Set(len(specs))
	for i := range specs {
		specs[i].write(w)
	}
	w.Set(len(cmd.Subs))
	for _, name := range slices.Sorted(maps.Keys(cmd.Subs)) {
		writeCommandInfo(w, cmd.Subs[name])
	}
}

// keyRange returns what COMMAND always said about keys: first, last and step. Shard channels are shown like them.
func keyRange(cmd *command.Command) (first, last, step int) {
	switch k, ch := &cmd.Keys, &cmd.Channels; {
	case k.First != 0:
		return k.First, k.Last, k.Step
	case ch.Shard:
		return ch.First, ch.Last, 1
	}
	return 0, 0, 0
}

// keySpec is one key spec as Redis 7 shows them.
type keySpec struct {
	flags []string
	// index is where the keys begin; keyword, unless empty, is the word they follow, searched from index.
	index   int
	keyword string
	// last and step are relative to the beginning, last negative to the end; limit divides what follows.
	last, step, limit int
	// numKeys: the beginning is a count of keys.
	numKeys bool
	// unknown: what the keys are does not follow from the arguments alone.
	unknown bool
}

// keySpecs derives the specs of a command.
func keySpecs(cmd *command.Command) []keySpec {
	var specs []keySpec
	k := &cmd.Keys
	flags := keyFlags(cmd)
	next := func() []string {
		if len(flags) > 1 {
			f := flags[0]
			flags = flags[1:]
			return f
		}
		return flags[0]
	}
	if ch := &cmd.Channels; ch.Shard {
		specs = append(specs, keySpec{flags: []string{"not_key"}, index: ch.First, last: lastOf(ch.First, ch.Last), step: 1})
	}
	if first := k.First; first != 0 {
		if len(flags) > 1 && k.Find == nil { // the first key is used in another way than the rest
			specs = append(specs, keySpec{flags: next(), index: first, step: 1})
			first++
		}
		specs = append(specs, keySpec{flags: next(), index: first, last: lastOf(first, k.Last), step: max(k.Step, 1)})
	}
	switch {
	case k.NumKeys != 0:
		specs = append(specs, keySpec{flags: next(), index: k.NumKeys, step: max(k.Step, 1), numKeys: true})
	case k.Find != nil && strings.HasPrefix(cmd.Name, "xread"):
		// Keys follow STREAMS, their IDs after them.
		index := 1
		if cmd.Name == "xreadgroup" {
			index = 4
		}
		specs = append(specs, keySpec{flags: next(), index: index, keyword: "STREAMS", last: -1, step: 1, limit: 2})
	case cmd.Name == "georadius", cmd.Name == "georadiusbymember":
		index := 6 // of the first option
		if cmd.Name == "georadiusbymember" {
			index = 5
		}
		store := next()
		for _, word := range [...]string{"STORE", "STOREDIST"} {
			specs = append(specs, keySpec{flags: store, index: index, keyword: word, step: 1})
		}
	case cmd.Name == "sort", cmd.Name == "sort_ro":
		specs = append(specs, keySpec{flags: specs[0].flags, unknown: true}) // of BY and GET
		if cmd.Name == "sort" {
			specs = append(specs, keySpec{flags: next(), unknown: true})
		}
	}
	return specs
}

// lastOf returns what a spec says of its last key.
func lastOf(first, last int) int {
	if last > 0 {
		return last - first
	}
	return last
}

func (k *keySpec) write(w *reply.Writer) {
	pair := func(name string, n int) {
		w.BulkString(name)
		w.Int(int64(n))
	}
	w.Map(3)
	w.BulkString("flags")
	w.Set(len(k.flags))
	for _, f := range k.flags {
		w.Simple(f)
	}
	if k.unknown {
		for _, part := range [...]string{"begin_search", "find_keys"} {
			w.BulkString(part)
			w.Map(2)
			w.BulkString("type")
			w.BulkString("unknown")
			w.BulkString("spec")
			w.Map(0)
		}
		return
	}
	w.BulkString("begin_search")
	w.Map(2)
	w.BulkString("type")
	if k.keyword != "" {
		w.BulkString("keyword")
		w.BulkString("spec")
		w.Map(2)
		w.BulkString("keyword")
		w.BulkString(k.keyword)
		pair("startfrom", k.index)
	} else {
		w.BulkString("index")
		w.BulkString("spec")
		w.Map(1)
		pair("index", k.index)
	}
	w.BulkString("find_keys")
	w.Map(2)
	w.BulkString("type")
	if k.numKeys {
		w.BulkString("keynum")
		w.BulkString("spec")
		w.Map(3)
		pair("keynumidx", 0)
		pair("firstkey", 1)
		pair("keystep", k.step)
		return
	}
	w.BulkString("range")
	w.BulkString("spec")
	w.Map(3)
	pair("lastkey", k.last)
	pair("keystep", k.step)
	pair("limit", k.limit)
}

func commandList(c *command.Ctx) {
	keep := func(*command.Command) bool { return true }
	switch {
	case len(c.Args) == 2:
	case len(c.Args) == 5 && equalFold(c.Args[2], "filterby"):
		value := c.Args[4]
		switch {
		case equalFold(c.Args[3], "module"):
			keep = func(*command.Command) bool { return false }
		case equalFold(c.Args[3], "aclcat"):
			cat := command.Categories(0)
			for i, name := range command.CategoryNames() {
				if equalFold(value, name) {
					cat = 1 << i
				}
			}
			keep = func(cmd *command.Command) bool { return cmd.ACL&cat != 0 }
		case equalFold(c.Args[3], "pattern"):
			keep = func(cmd *command.Command) bool { return glob.MatchFold(value, []byte(cmd.Name)) }
		default:
			c.Fail(resperr.Syntax)
			return
		}
	default:
		c.Fail(resperr.Syntax)
		return
	}
	var names []string
	for _, cmd := range c.Registry.All() {
		if keep(cmd) {
			names = append(names, cmd.Name)
		}
	}
	c.Reply.Set(len(names))
	for _, name := range names {
		c.Reply.BulkString(name)
	}
}

func commandGetKeys(c *command.Ctx, withFlags bool) {
	args := c.Args[2:]
	cmd := c.Registry.Find(args[0])
	if cmd != nil && cmd.Flags&command.Container != 0 && len(args) > 1 {
		if sub := cmd.Sub(args[1]); sub != nil {
			cmd = sub
		}
	}
	switch {
	case cmd == nil:
		c.Fail(resperr.New("Invalid command specified"))
		return
	case !cmd.Keys.Has():
		c.Fail(resperr.New("The command has no key arguments"))
		return
	case !cmd.ArityOK(len(args)):
		c.Fail(resperr.New("Invalid number of arguments specified for command"))
		return
	}
	keys := cmd.Keys.Append(nil, args)
	if len(keys) == 0 && cmd.Flags&command.Script == 0 { // scripts may have none
		c.Fail(resperr.New("Invalid arguments specified for command"))
		return
	}
	c.Reply.Array(len(keys))
	flags := keyFlags(cmd)
	if f := optionFlags(cmd.Name, args); f != "" {
		flags = [][]string{strings.Fields(f)}
	}
	for n, i := range keys {
		if !withFlags {
			c.Reply.Bulk(args[i])
			continue
		}
		f := flags[min(n, len(flags)-1)]
		c.Reply.Array(2)
		c.Reply.Bulk(args[i])
		c.Reply.Set(len(f))
		for _, name := range f {
			c.Reply.Simple(name)
		}
	}
}
