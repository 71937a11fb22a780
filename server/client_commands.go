package server

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"dragonfly/server/acl"
	"dragonfly/server/command"
	"dragonfly/server/pubsub"
	"dragonfly/server/session"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

const clientFlags = command.NoScript | command.WhileLoading

// clientCommands are CLIENT and its subcommands.
var clientCommands = []command.Command{
	{
		Name: "client", Arity: -2, Since: "2.4.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "connection", Summary: "Works on connections.",
	},
	{
		Name: "client|id", Arity: 2, Since: "5.0.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Answers the number of this connection.",
		Run:     func(c *command.Ctx) { c.Reply.Int(c.Session.ID) },
	},
	{
		Name: "client|info", Arity: 2, Since: "6.2.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Describes this connection.",
		Run:     clientInfo,
	},
	{
		Name: "client|list", Arity: -2, Since: "2.4.0", Complexity: "O(N) in the number of connections",
		Flags: command.Admin | clientFlags, ACL: command.CatConnection,
		Summary: "Describes connections.", Syntax: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
		Run: clientList,
	},
	{
		Name: "client|kill", Arity: -3, Since: "2.4.0", Complexity: "O(N) in the number of connections",
		Flags: command.Admin | clientFlags, ACL: command.CatConnection,
		Summary: "Closes connections.",
		Syntax:  "<ip:port | [ID client-id] [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME <YES | NO>] [MAXAGE maxage]>",
		Run:     clientKill,
	},
	{
		Name: "client|setname", Arity: 3, Since: "2.6.9", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Names this connection.", Syntax: "connection-name",
		Run: clientSetName,
	},
	{
		Name: "client|getname", Arity: 2, Since: "2.6.9", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Answers the name of this connection.",
		Run: func(c *command.Ctx) {
			if c.Session.Name == "" {
				c.Reply.Null()
				return
			}
			c.Reply.BulkString(c.Session.Name)
		},
	},
	{
		Name: "client|setinfo", Arity: 4, Since: "7.2.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Tells name or version of the client's library.", Syntax: "<LIB-NAME libname | LIB-VER libver>",
		Run: clientSetInfo,
	},
	{
		Name: "client|no-evict", Arity: 3, Since: "7.0.0", Complexity: "O(1)",
		Flags: command.Admin | clientFlags, ACL: command.CatConnection,
		Summary: "Exempts this connection from being closed for want of memory.", Syntax: "<ON | OFF>",
		Run: func(c *command.Ctx) { clientSwitch(c, func(s *session.Session, on bool) { s.NoEvict = on }) },
	},
	{
		Name: "client|no-touch", Arity: 3, Since: "7.2.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Makes the commands of this connection leave access times alone.", Syntax: "<ON | OFF>",
		Run: func(c *command.Ctx) { clientSwitch(c, func(s *session.Session, on bool) { s.NoTouch = on }) },
	},
	{
		Name: "client|reply", Arity: 3, Since: "3.2.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Turns replies off and on, or skips the next.", Syntax: "<ON | OFF | SKIP>",
		Run: clientReply,
	},
	{
		Name: "client|pause", Arity: -3, Since: "3.0.0", Complexity: "O(1)",
		Flags: command.Admin | clientFlags, ACL: command.CatConnection,
		Summary: "Lets commands, or those that write, wait for a time.", Syntax: "timeout [WRITE | ALL]",
		Run: clientPause,
	},
	{
		Name: "client|unpause", Arity: 2, Since: "6.2.0", Complexity: "O(N) in the number of waiting connections",
		Flags: command.Admin | clientFlags, ACL: command.CatConnection,
		Summary: "Ends a pause.",
		Run: func(c *command.Ctx) {
			of(c).s.pause.release(true)
			c.Reply.OK()
		},
	},
	{
		Name: "client|unblock", Arity: -3, Since: "5.0.0", Complexity: "O(1)",
		Flags: command.Admin | clientFlags, ACL: command.CatConnection,
		Summary: "Ends the wait of a connection in a blocking command.", Syntax: "client-id [TIMEOUT | ERROR]",
		Run: clientUnblock,
	},
	{
		Name: "client|help", Arity: 2, Since: "5.0.0", Complexity: "O(1)", Flags: command.WhileLoading, ACL: command.CatConnection,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

func clientSetName(c *command.Ctx) {
	if !validName(c.Args[2]) {
		c.Fail(badClientName)
		return
	}
	of(c).client(c).set(func(s *session.Session) { s.Name = string(c.Args[2]) })
	c.Reply.OK()
}

func clientSetInfo(c *command.Ctx) {
	option := strings.ToLower(string(c.Args[2]))
	if option != "lib-name" && option != "lib-ver" {
		c.Fail(resperr.New("Unrecognized option '" + string(c.Args[2]) + "'"))
		return
	}
	if !validName(c.Args[3]) {
		c.Fail(resperr.New(option + " cannot contain spaces, newlines or special characters."))
		return
	}
	of(c).client(c).set(func(s *session.Session) {
		if option == "lib-name" {
			s.LibName = string(c.Args[3])
		} else {
			s.LibVer = string(c.Args[3])
		}
	})
	c.Reply.OK()
}

// clientSwitch turns something of the session on or off.
func clientSwitch(c *command.Ctx, set func(s *session.Session, on bool)) {
	on := equalFold(c.Args[2], "on")
	if !on && !equalFold(c.Args[2], "off") {
		c.Fail(resperr.Syntax)
		return
	}
	of(c).client(c).set(func(s *session.Session) { set(s, on) })
	c.Reply.OK()
}

func clientReply(c *command.Ctx) {
	switch {
	case equalFold(c.Args[2], "on"):
		c.Session.Reply = session.ReplyOn
		c.Reply.OK()
	case equalFold(c.Args[2], "off"):
		c.Session.Reply = session.ReplyOff
	case equalFold(c.Args[2], "skip"):
		if c.Session.Reply != session.ReplyOff {
			c.Session.Reply = session.ReplySkipNext
		}
	default:
		c.Fail(resperr.Syntax)
	}
}

func clientPause(c *command.Ctx) {
	all := true
	switch {
	case len(c.Args) > 4:
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "CLIENT"))
		return
	case len(c.Args) == 4 && equalFold(c.Args[3], "write"):
		all = false
	case len(c.Args) == 4 && !equalFold(c.Args[3], "all"):
		c.Fail(resperr.New("CLIENT PAUSE mode must be WRITE or ALL"))
		return
	}
	now := of(c).nowMs
	length, err := command.TimeoutMs(c.Args[2], now)
	if err != nil {
		c.Fail(err)
		return
	}
	of(c).s.pause.begin(now, now+length.Milliseconds(), all)
	c.Reply.OK()
}

// wrongSubcommandArgs is the error of subcommands that look at the number of their arguments themselves.
func wrongSubcommandArgs(sub, container string) resperr.Error {
	return resperr.New("unknown subcommand or wrong number of arguments for '" + sub + "'. Try " + container + " HELP.")
}

func clientUnblock(c *command.Ctx) {
	if len(c.Args) > 4 {
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "CLIENT"))
		return
	}
	if len(c.Args) == 4 && !equalFold(c.Args[3], "timeout") && !equalFold(c.Args[3], "error") {
		c.Fail(resperr.New("CLIENT UNBLOCK reason should be TIMEOUT or ERROR"))
		return
	}
	id, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	c.Reply.Flag(of(c).s.unblock(id, len(c.Args) == 4 && equalFold(c.Args[3], "error")))
}

func clientInfo(c *command.Ctx) {
	co := of(c)
	cl := co.client(c)
	cl.publishSelf(c)
	c.Reply.Verbatim(string(cl.describe(nil, co.nowMs)))
}

func clientList(c *command.Ctx) {
	co := of(c)
	want, err := parseClientList(c.Args[2:])
	if err != nil {
		c.Fail(err)
		return
	}
	if cl := co.client(c); cl.conn != nil { // else it is a script that asks
		cl.publishSelf(c)
	}
	var b []byte
	for _, cl := range co.s.clients.all() {
		if want(cl) && !cl.conn.Killed() {
			b = cl.describe(b, co.nowMs)
		}
	}
	c.Reply.Verbatim(string(b))
}

// publishSelf shows the client that asks as it is while the command runs: its input is the request.
func (cl *client) publishSelf(c *command.Ctx) {
	cl.publish(c.Cmd)
	digits := func(n int) int { return len(strconv.Itoa(n)) }
	size := 1 + digits(len(c.Args)) + 2
	for _, arg := range c.Args {
		size += 1 + digits(len(arg)) + 2 + len(arg) + 2
	}
	cl.showUnread(size)
}

// parseClientList returns which clients CLIENT LIST shows.
func parseClientList(args [][]byte) (want func(cl *client) bool, err error) {
	switch {
	case len(args) == 0:
		return func(*client) bool { return true }, nil
	case len(args) == 2 && equalFold(args[0], "type"):
		class, known := classOf(string(args[1]))
		if !known {
			return nil, resperr.New("Unknown client type '" + string(args[1]) + "'")
		}
		return func(cl *client) bool { return cl.class() == class }, nil
	case len(args) > 1 && equalFold(args[0], "id"):
		ids := map[int64]bool{}
		for _, arg := range args[1:] {
			id, ok := number.ParseInt(arg)
			if !ok {
				return nil, resperr.New("Invalid client ID")
			}
			ids[id] = true
		}
		return func(cl *client) bool { return ids[cl.ID] }, nil
	}
	return nil, resperr.Syntax
}

// describe appends the line of CLIENT LIST, in the form of Redis: clients parse it.
func (cl *client) describe(b []byte, nowMs int64) []byte {
	cl.mu.Lock()
	name, libName, libVer, user := cl.Name, cl.LibName, cl.LibVer, cl.User
	db, proto := cl.DB, max(cl.Proto, 2)
	flags, redirect := cl.flagsLocked(), cl.redirect()
	cl.mu.Unlock()
	str := func(name, value string) {
		b = append(append(append(append(b, name...), '='), value...), ' ')
	}
	num := func(name string, n int64) {
		b = strconv.AppendInt(append(append(b, name...), '='), n, 10)
		b = append(b, ' ')
	}
	unread, pending := int64(cl.shown.unread.Load()), cl.conn.Backlog()
	list := int64(0)
	if pending > 0 {
		list = 1
	}
	events, cmd := "r", "NULL"
	if pending > 0 {
		events = "rw"
	}
	if last := cl.shown.cmd.Load(); last != nil {
		cmd = last.Name
	}
	num("id", cl.ID)
	str("addr", cl.addr)
	str("laddr", cl.laddr)
	num("fd", int64(cl.fd))
	str("name", name)
	num("age", max(0, nowMs-cl.created.UnixMilli())/1000)
	num("idle", max(0, nowMs-cl.lastMs.Load())/1000)
	str("flags", flags)
	num("db", int64(db))
	num("sub", int64(cl.sub.Count(pubsub.Channel)))
	num("psub", int64(cl.sub.Count(pubsub.Pattern)))
	num("ssub", int64(cl.sub.Count(pubsub.Shard)))
	num("multi", int64(cl.shown.queued.Load())-1)
	num("watch", int64(cl.shown.watched.Load()))
	num("qbuf", unread)
	num("qbuf-free", 0)
	num("argv-mem", 0)
	num("multi-mem", cl.shown.multi.Load())
	num("rbs", 0)
	num("rbp", 0)
	num("obl", 0)
	num("oll", list)
	num("omem", pending)
	num("tot-mem", cl.memory())
	str("events", events)
	str("cmd", cmd)
	str("user", user)
	num("redir", redirect)
	num("resp", int64(proto))
	str("lib-name", libName)
	str("lib-ver", libVer)
	b[len(b)-1] = '\n'
	return b
}

// clientMemory is about what a connection costs beside its buffers.
const clientMemory = 1024

// flagsLocked returns the letters that CLIENT LIST shows for the state of a client. mu is held.
func (cl *client) flagsLocked() string {
	var b []byte
	for _, f := range [...]struct {
		letter byte
		on     bool
	}{
		{'O', cl.Monitor},
		{'P', cl.subscriber()},
		{'x', cl.shown.queued.Load() > 0},
		{'b', cl.blocked.Load() != nil},
		{'t', cl.tracking != nil},
		{'R', cl.tracking != nil && cl.tracking.Broken.Load()},
		{'B', cl.tracking != nil && cl.tracking.Broadcast},
		{'U', cl.conn.IsUnix()},
		{'e', cl.NoEvict},
		{'T', cl.NoTouch},
	} {
		if f.on {
			b = append(b, f.letter)
		}
	}
	if len(b) == 0 {
		return "N"
	}
	return string(b)
}

// killFilter says which clients CLIENT KILL closes; unset parts accept all.
type killFilter struct {
	id, maxAge      int64
	addr, laddr     string
	user            string
	class           clientClass
	byClass, skipMe bool
	byAddr, byLocal bool
	byID, byUser    bool
}

func (f *killFilter) accepts(cl *client, nowMs int64) bool {
	cl.mu.Lock()
	user := cl.User
	cl.mu.Unlock()
	return (!f.byID || cl.ID == f.id) && (!f.byAddr || cl.addr == f.addr) && (!f.byLocal || cl.laddr == f.laddr) &&
		(!f.byUser || user == f.user) && (!f.byClass || cl.class() == f.class) &&
		(f.maxAge == 0 || nowMs-cl.created.UnixMilli() >= f.maxAge*1000)
}

// parseKill reads the new form of CLIENT KILL: pairs of filters and values.
func parseKill(args [][]byte, users *acl.Users) (f killFilter, err error) {
	f.skipMe = true
	if len(args)%2 != 0 {
		return f, resperr.Syntax
	}
	for ; len(args) > 0; args = args[2:] {
		value := string(args[1])
		switch strings.ToLower(string(args[0])) {
		case "id":
			f.byID = true
			if f.id, err = command.IntFrom(args[1], 1, resperr.New("client-id should be greater than 0")); err != nil {
				return f, err
			}
		case "maxage":
			n, ok := number.ParseInt(args[1])
			if !ok {
				return f, resperr.New("maxage is not an integer or out of range")
			}
			if n <= 0 {
				return f, resperr.New("maxage should be greater than 0")
			}
			f.maxAge = min(n, maxInt64/1000)
		case "type":
			known := false
			if f.class, known = classOf(value); !known {
				return f, resperr.New("Unknown client type '" + value + "'")
			}
			f.byClass = true
		case "user":
			if users.Get(value) == nil {
				return f, resperr.New("No such user '" + value + "'")
			}
			f.user, f.byUser = value, true
		case "addr":
			f.addr, f.byAddr = value, true
		case "laddr":
			f.laddr, f.byLocal = value, true
		case "skipme":
			switch strings.ToLower(value) {
			case "yes":
				f.skipMe = true
			case "no":
				f.skipMe = false
			default:
				return f, resperr.Syntax
			}
		default:
			return f, resperr.Syntax
		}
	}
	return f, nil
}

var errKilled = errors.New("killed by CLIENT KILL")

func clientKill(c *command.Ctx) {
	co := of(c)
	old := len(c.Args) == 3
	f := killFilter{addr: string(c.Args[2]), byAddr: true}
	if !old {
		var err error
		if f, err = parseKill(c.Args[2:], co.s.acl.users); err != nil {
			c.Fail(err)
			return
		}
	}
	now := time.Now().UnixMilli()
	killed := 0
	for _, cl := range co.s.clients.all() {
		me := cl.ID == c.Session.ID
		if me && f.skipMe || !f.accepts(cl, now) {
			continue
		}
		killed++
		if me {
			cl.closing = true // after the reply
		} else {
			cl.conn.Kill(errKilled)
		}
	}
	switch {
	case !old:
		c.Reply.Int(int64(killed))
	case killed == 0:
		c.Fail(resperr.New("No such client"))
	default:
		c.Reply.OK()
	}
}
