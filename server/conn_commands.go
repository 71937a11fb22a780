package server

import (
	"slices"
	"strings"

	"dragonfly/server/acl"
	"dragonfly/server/command"
	"dragonfly/server/session"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// connectionCommands are the commands about the connection itself; CLIENT is in client_commands.go.
var connectionCommands = []command.Command{
	{
		Name: "ping", Arity: -1, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Fast | command.WhileSubscribed, ACL: command.CatConnection,
		Summary: "Answers PONG, or the message.", Syntax: "[message]",
		Run: ping,
	},
	{
		Name: "echo", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Fast | command.WhileLoading, ACL: command.CatConnection,
		Summary: "Answers the message.", Syntax: "message",
		Run: func(c *command.Ctx) { c.Reply.Bulk(c.Args[1]) },
	},
	{
		Name: "select", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Fast | command.WhileLoading | command.Session, ACL: command.CatConnection,
		Summary: "Changes the database of the connection.", Syntax: "index",
		Run: selectDB,
	},
	{
		Name: "auth", Arity: -2, Since: "1.0.0", Complexity: "O(N) in the number of passwords",
		Flags: command.NoAuth | command.NoScript | command.Fast | command.WhileLoading | command.AllowBusy | command.Session,
		ACL:   command.CatConnection, Summary: "Authenticates the connection.", Syntax: "[username] password",
		Run: auth,
	},
	{
		Name: "hello", Arity: -1, Since: "6.0.0", Complexity: "O(1)",
		Flags: command.NoAuth | command.NoScript | command.Fast | command.WhileLoading | command.AllowBusy | command.Session,
		ACL:   command.CatConnection, Summary: "Chooses the protocol and introduces the client.",
		Syntax: "[protover [AUTH username password] [SETNAME clientname]]",
		Run:    hello,
	},
	{
		Name: "quit", Arity: -1, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.NoAuth | command.NoScript | command.Fast | command.WhileLoading | command.AllowBusy | command.Session |
			command.Immediate | command.WhileSubscribed,
		ACL: command.CatConnection, Summary: "Closes the connection.",
		Run: quit,
	},
	{
		Name: "reset", Arity: 1, Since: "6.2.0", Complexity: "O(1)",
		Flags: command.NoAuth | command.NoScript | command.Fast | command.WhileLoading | command.AllowBusy | command.Session |
			command.Immediate | command.WhileSubscribed,
		ACL: command.CatConnection, Summary: "Puts the connection into the state of a new one.",
		Run: reset,
	},
}

func ping(c *command.Ctx) {
	switch {
	case len(c.Args) > 2:
		c.Fail(resperr.WrongArgs("ping"))
	case c.Reply.Proto == 2 && of(c).client(c).subscriber(): // in the form of a message
		c.Reply.Array(2)
		c.Reply.BulkString("pong")
		if len(c.Args) == 2 {
			c.Reply.Bulk(c.Args[1])
		} else {
			c.Reply.Bulk(nil)
		}
	case len(c.Args) == 2:
		c.Reply.Bulk(c.Args[1])
	default:
		c.Reply.Simple("PONG")
	}
}

func selectDB(c *command.Ctx) {
	n, ok := number.ParseInt(c.Args[1])
	switch {
	case !ok:
		c.Fail(resperr.NotInteger)
	case n < 0 || n >= int64(c.DB.Store().NumDBs()):
		c.Fail(resperr.DBIndex)
	default:
		of(c).client(c).set(func(s *session.Session) { s.DB = int(n) })
		c.Reply.OK()
	}
}

// client returns the client that a command comes from.
func (co *coordinator) client(*command.Ctx) *client { return co.current }

func auth(c *command.Ctx) {
	co := of(c)
	user, pass := acl.DefaultName, c.Args[1]
	switch len(c.Args) {
	case 2:
		if co.s.acl.users.Default().Rules().NoPass() {
			c.Fail(resperr.NoPasswordSet)
			return
		}
	case 3:
		user, pass = string(c.Args[1]), c.Args[2]
	default:
		c.Fail(resperr.Syntax)
		return
	}
	if !co.login(c, user, pass) {
		c.Fail(resperr.WrongPass)
		return
	}
	c.Reply.OK()
}

func hello(c *command.Ctx) {
	co := of(c)
	proto := c.Session.Proto
	args := c.Args[1:]
	if len(args) > 0 {
		n, ok := number.ParseInt(args[0])
		if !ok {
			c.Fail(resperr.New("Protocol version is not an integer or out of range"))
			return
		}
		if n < 2 || n > 3 {
			c.Fail(resperr.NoProto)
			return
		}
		proto = int(n)
		args = args[1:]
	}
	var user, pass, name []byte
	for len(args) > 0 {
		switch {
		case equalFold(args[0], "auth") && len(args) > 2:
			user, pass = args[1], args[2]
			args = args[3:]
		case equalFold(args[0], "setname") && len(args) > 1:
			if !validName(args[1]) {
				c.Fail(badClientName)
				return
			}
			name = args[1]
			args = args[2:]
		default:
			c.Fail(resperr.New("Syntax error in HELLO option '" + string(args[0]) + "'"))
			return
		}
	}
	if user != nil {
		if !co.login(c, string(user), pass) {
			c.Fail(resperr.WrongPass)
			return
		}
	}
	if !c.Session.Authed {
		c.Fail(helloNoAuth)
		return
	}
	cl := co.client(c)
	cl.set(func(s *session.Session) {
		s.Proto = proto
		if name != nil {
			s.Name = string(name)
		}
	})
	cl.messagesIn(proto)
	c.Reply.Proto = proto
	c.Reply.Map(7)
	c.Reply.BulkString("server")
	c.Reply.BulkString("redis")
	c.Reply.BulkString("version")
	c.Reply.BulkString(redisVersion)
	c.Reply.BulkString("proto")
	c.Reply.Int(int64(proto))
	c.Reply.BulkString("id")
	c.Reply.Int(c.Session.ID)
	c.Reply.BulkString("mode")
	c.Reply.BulkString("standalone")
	c.Reply.BulkString("role")
	c.Reply.BulkString("master")
	c.Reply.BulkString("modules")
	c.Reply.Array(0)
}

// redisVersion is the version of Redis that clients take us for; libraries decide on it what they may use.
const redisVersion = "7.4.0"

const (
	helloNoAuth   = resperr.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
	badClientName = resperr.Error("ERR Client names cannot contain spaces, newlines or special characters.")
)

// validName tells whether a client or library name has only visible ASCII characters.
func validName(name []byte) bool {
	for _, b := range name {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

func quit(c *command.Ctx) {
	c.Reply.OK()
	of(c).client(c).closing = true
}

func reset(c *command.Ctx) {
	co := of(c)
	cl := co.client(c)
	co.endTransaction(c.Session)
	co.s.clients.setMonitor(cl, false)
	co.s.endTracking(cl)
	cl.unsubscribeAll()
	cl.become(co.s.acl.users.Default())
	cl.set(func(s *session.Session) {
		s.DB, s.Proto, s.Name = 0, 2, ""
		s.Authed = co.s.open()
		s.Reply, s.NoEvict, s.NoTouch = session.ReplyOn, false, false
	})
	co.s.limitOutput(cl)
	c.Reply.Proto = 2
	c.Reply.Simple("RESET")
}

func sortClients(list []*client) {
	slices.SortFunc(list, func(a, b *client) int { return int(a.ID - b.ID) })
}

// quoted is an argument as MONITOR and error logs show it.
func quoted(arg []byte) string {
	const hexDigits = "0123456789abcdef"
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range arg {
		switch {
		case c == '\\' || c == '"':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\a':
			b.WriteString(`\a`)
		case c == '\b':
			b.WriteString(`\b`)
		case c < ' ' || c > '~':
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
