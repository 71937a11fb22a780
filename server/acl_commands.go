package server

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"time"

	"dragonfly/server/acl"
	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
)

// aclAdmin are the flags of subcommands that say who may do what.
const aclAdmin = command.Admin | command.NoScript | command.WhileLoading | command.Keyless

// aclOpen are those of the others.
const aclOpen = command.NoScript | command.WhileLoading | command.Keyless

// aclCommands are ACL and its subcommands.
var aclCommands = []command.Command{
	{
		Name: "acl", Arity: -2, Since: "6.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "server", Summary: "Works on users and what they may do.",
	},
	{
		Name: "acl|list", Arity: 2, Since: "6.0.0", Complexity: "O(N) in the number of users", Flags: aclAdmin,
		Summary: "Lists the users as an ACL file has them.",
		Run:     aclList,
	},
	{
		Name: "acl|users", Arity: 2, Since: "6.0.0", Complexity: "O(N) in the number of users", Flags: aclAdmin,
		Summary: "Lists the names of the users.",
		Run:     aclUsers,
	},
	{
		Name: "acl|getuser", Arity: 3, Since: "6.0.0", Complexity: "O(N) in the length of the description", Flags: aclAdmin,
		Summary: "Describes a user.", Syntax: "username",
		Run: aclGetUser,
	},
	{
		Name: "acl|setuser", Arity: -3, Since: "6.0.0", Complexity: "O(N) in the number of rules", Flags: aclAdmin,
		Summary: "Makes a user, or changes it by rules.", Syntax: "username [rule [rule ...]]",
		Run: aclSetUser,
	},
	{
		Name: "acl|deluser", Arity: -3, Since: "6.0.0", Complexity: "O(N) in the number of connections", Flags: aclAdmin,
		Summary: "Removes users and closes their connections.", Syntax: "username [username ...]",
		Run: aclDelUser,
	},
	{
		Name: "acl|cat", Arity: -2, Since: "6.0.0", Complexity: "O(N) in the number of commands", Flags: aclOpen,
		Summary: "Lists the categories of commands, or the commands of one.", Syntax: "[category]",
		Run: aclCat,
	},
	{
		Name: "acl|genpass", Arity: -2, Since: "6.0.0", Complexity: "O(1)", Flags: aclOpen,
		Summary: "Makes a random password.", Syntax: "[bits]",
		Run: aclGenPass,
	},
	{
		Name: "acl|whoami", Arity: 2, Since: "6.0.0", Complexity: "O(1)", Flags: aclOpen,
		Summary: "Answers the name of the user of this connection.",
		Run:     func(c *command.Ctx) { c.Reply.BulkString(c.Session.User) },
	},
	{
		Name: "acl|log", Arity: -2, Since: "6.0.0", Complexity: "O(N) in the number of entries", Flags: aclAdmin,
		Summary: "Shows what was refused lately, or forgets it.", Syntax: "[count | RESET]",
		Run: aclLog,
	},
	{
		Name: "acl|load", Arity: 2, Since: "6.0.0", Complexity: "O(N) in the size of the file", Flags: aclAdmin,
		Summary: "Replaces the users by those of the ACL file.",
		Run:     aclLoad,
	},
	{
		Name: "acl|save", Arity: 2, Since: "6.0.0", Complexity: "O(N) in the number of users", Flags: aclAdmin,
		Summary: "Writes the users to the ACL file.",
		Run:     aclSave,
	},
	{
		Name: "acl|dryrun", Arity: -4, Since: "7.0.0", Complexity: "O(N) in the number of keys", Flags: aclAdmin,
		Summary: "Tells whether a user may run a command, without running it.", Syntax: "username command [arg [arg ...]]",
		Run: aclDryRun,
	},
	{
		Name: "acl|help", Arity: 2, Since: "6.0.0", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

func aclList(c *command.Ctx) {
	users := of(c).s.acl.users.All()
	c.Reply.Array(len(users))
	for _, u := range users {
		c.Reply.BulkString(u.String())
	}
}

func aclUsers(c *command.Ctx) {
	users := of(c).s.acl.users.All()
	c.Reply.Array(len(users))
	for _, u := range users {
		c.Reply.BulkString(u.Name())
	}
}

func aclGetUser(c *command.Ctx) {
	u := of(c).s.acl.users.Get(string(c.Args[2]))
	if u == nil {
		c.Reply.Null()
		return
	}
	w, rules := c.Reply, u.Rules()
	w.Map(6)
	w.BulkString("flags")
	flags := rules.Flags()
	w.Set(len(flags))
	for _, f := range flags {
		w.BulkString(f)
	}
	w.BulkString("passwords")
	w.Strings(rules.Hashes()...)
	selectors := rules.Selectors()
	aclSelector(w, &selectors[0])
	w.BulkString("selectors")
	w.Array(len(selectors) - 1)
	for i := range selectors[1:] {
		w.Map(3)
		aclSelector(w, &selectors[1+i])
	}
}

// aclSelector answers the three pairs of a selector.
func aclSelector(w *reply.Writer, s *acl.Selector) {
	w.BulkString("commands")
	w.BulkString(s.Commands())
	w.BulkString("keys")
	w.BulkString(s.Keys())
	w.BulkString("channels")
	w.BulkString(s.Channels())
}

func aclSetUser(c *command.Ctx) {
	co := of(c)
	var words []string
	for _, arg := range c.Args[3:] {
		words = append(words, string(arg))
	}
	u, err := co.s.acl.users.Set(string(c.Args[2]), words)
	var wrong *acl.RuleError
	switch {
	case errors.As(err, &wrong):
		c.Fail(resperr.ACLRule(wrong.Rule, err))
		return
	case err != nil:
		c.Fail(err)
		return
	}
	co.s.dropListeners(co.client(c), u)
	c.Reply.OK()
}

func aclDelUser(c *command.Ctx) {
	co := of(c)
	for _, name := range c.Args[2:] {
		if string(name) == acl.DefaultName {
			c.Fail(resperr.ACLDeleteDefault)
			return
		}
	}
	deleted := 0
	for _, name := range c.Args[2:] {
		if co.s.acl.users.Delete(string(name)) != nil {
			deleted++
		}
	}
	if deleted > 0 {
		co.s.dropDeleted(co.client(c))
	}
	c.Reply.Int(int64(deleted))
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
	c.Fail(resperr.ACLCategory(string(c.Args[2])))
}

// inCategory lists the commands of a category, subcommands among them.
func inCategory(r *command.Registry, cat command.Categories) []string {
	var list []string
	for _, cmd := range r.All() {
		if cmd.ACL&cat != 0 {
			list = append(list, cmd.Name)
		}
	}
	return list
}

func aclGenPass(c *command.Ctx) {
	const bitsPerDigit, most = 4, 4096
	bits := int64(256)
	switch len(c.Args) {
	case 2:
	case 3:
		var err error
		if bits, err = command.Int(c.Args[2]); err != nil {
			c.Fail(err)
			return
		}
		if bits < 1 || bits > most {
			c.Fail(resperr.ACLGenPass)
			return
		}
	default:
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "ACL"))
		return
	}
	c.Reply.BulkString(randomHex(int(bits+bitsPerDigit-1) / bitsPerDigit))
}

// randomHex returns n random hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b)
	return hex.EncodeToString(b)[:n]
}

func aclLog(c *command.Ctx) {
	co := of(c)
	n := 10
	switch {
	case len(c.Args) > 3:
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "ACL"))
		return
	case len(c.Args) == 3 && equalFold(c.Args[2], "reset"):
		co.s.acl.log.Reset()
		c.Reply.OK()
		return
	case len(c.Args) == 3:
		count, err := command.Int(c.Args[2])
		if err != nil {
			c.Fail(err)
			return
		}
		n = int(min(max(count, 0), math.MaxInt32))
	}
	now := time.UnixMilli(co.nowMs)
	entries := co.s.acl.log.Entries(n)
	w := c.Reply
	w.Array(len(entries))
	for _, e := range entries {
		w.Map(10)
		w.BulkString("count")
		w.Int(e.Count)
		w.BulkString("reason")
		w.BulkString(e.Reason.String())
		w.BulkString("context")
		w.BulkString(e.Context.String())
		w.BulkString("object")
		w.BulkString(e.Object)
		w.BulkString("username")
		w.BulkString(e.User)
		w.BulkString("age-seconds")
		w.DoubleText(strconv.AppendFloat(nil, now.Sub(e.Updated).Seconds(), 'f', -1, 64))
		w.BulkString("client-info")
		w.BulkString(e.Client)
		w.BulkString("entry-id")
		w.Int(e.ID)
		w.BulkString("timestamp-created")
		w.Int(e.Created.UnixMilli())
		w.BulkString("timestamp-last-updated")
		w.Int(e.Updated.UnixMilli())
	}
}

func aclDryRun(c *command.Ctx) {
	co := of(c)
	name, args := string(c.Args[2]), c.Args[3:]
	u := co.s.acl.users.Get(name)
	if u == nil {
		c.Fail(resperr.NoSuchUser(name))
		return
	}
	cmd := c.Registry.Find(args[0])
	if cmd != nil && cmd.Flags&command.Container != 0 && len(args) > 1 {
		if sub := cmd.Sub(args[1]); sub != nil {
			cmd = sub
		} else if cmd.Subs != nil {
			cmd = nil
		}
	}
	switch {
	case cmd == nil:
		c.Fail(resperr.NoSuchCommand(string(args[0])))
		return
	case !cmd.ArityOK(len(args)):
		c.Fail(resperr.WrongArgs(cmd.Name))
		return
	}
	d := co.judge(u, cmd, args)
	switch d.Reason {
	case acl.DeniedCommand:
		c.Reply.BulkString("This user has no permissions to run the '" + cmd.Name + "' command")
	case acl.DeniedKey:
		c.Reply.BulkString("This user has no permissions to access the '" + string(args[d.Arg]) + "' key")
	case acl.DeniedChannel:
		c.Reply.BulkString("This user has no permissions to access the '" + string(args[d.Arg]) + "' channel")
	default:
		c.Reply.OK()
	}
}
