package server

import (
	"errors"
	"strings"
	"sync"
	"time"

	"dragonfly/server/acl"
	"dragonfly/server/command"
	"dragonfly/server/pubsub"
	"dragonfly/server/reactor"
	"dragonfly/server/session"
	"dragonfly/store/resperr"
)

// accessControl is who may do what, and what was refused.
type accessControl struct {
	users  *acl.Users
	log    acl.Log
	guards []guard // by the index of the command
	saving sync.Mutex
}

// guard is what a check needs to know of a command beside its name.
type guard struct {
	// access is what it does to its keys, the last for all further ones. Options may say otherwise: see optionFlags.
	access  []acl.Access
	options bool
	// channels are those that the command publishes to or subscribes to.
	channels command.Channels
}

// init makes the default user of the settings.
func (a *accessControl) init(s *Server) {
	all := s.registry.All()
	known := make([]acl.Command, len(all))
	a.guards = make([]guard, len(all))
	for i, cmd := range all {
		known[i] = acl.Command{Name: cmd.Name, Categories: uint64(cmd.ACL), Open: cmd.Flags&command.NoAuth != 0}
		a.guards[i] = newGuard(cmd)
	}
	a.users = acl.NewUsers(acl.NewTable(known, command.CategoryNames()))
	a.users.SetDefaultPassword(s.cfg.RequirePass)
	a.log.SetMax(s.cfg.ACLLogMaxLen)
}

func newGuard(cmd *command.Command) guard {
	g := guard{options: optionFlags(cmd.Name, nil) != ""}
	for _, words := range keyFlags(cmd) {
		g.access = append(g.access, accessOf(strings.Join(words, " ")))
	}
	if !cmd.Channels.Leaves {
		g.channels = cmd.Channels
	}
	return g
}

// accessOf returns the access that the words of a key spec mean. To ask whether a key exists is none.
func accessOf(words string) (access acl.Access) {
	if strings.Contains(words, "access") {
		access |= acl.Read
	}
	if strings.Contains(words, "update") || strings.Contains(words, "insert") || strings.Contains(words, "delete") {
		access |= acl.Write
	}
	return access
}

// open tells whether a connection needs not authenticate.
func (s *Server) open() bool {
	r := s.acl.users.Default().Rules()
	return r.Enabled() && r.NoPass()
}

// callOf takes a command apart for a check. What it returns belongs to the coordinator.
func (co *coordinator) callOf(cmd *command.Command, args [][]byte) *acl.Call {
	g, c := &co.s.acl.guards[cmd.Index], &co.call
	c.Command, c.Args, c.Patterns = cmd.Index, args, g.channels.Patterns
	c.Keys, c.Channels = c.Keys[:0], g.channels.Append(c.Channels[:0], args)
	if cmd.Keys.Has() {
		co.callKeys = cmd.Keys.Append(co.callKeys[:0], args)
		access := g.access
		var one [1]acl.Access
		if g.options {
			if words := optionFlags(cmd.Name, args); words != "" {
				one[0] = accessOf(words)
				access = one[:]
			}
		}
		for n, i := range co.callKeys {
			c.Keys = append(c.Keys, acl.Key{Arg: i, Access: access[min(n, len(access)-1)]})
		}
	}
	return c
}

// judge tells what of a command a user may not do.
func (co *coordinator) judge(u *acl.User, cmd *command.Command, args [][]byte) acl.Denial {
	d := u.Rules().Check(co.callOf(cmd, args))
	co.call.Args = nil // it may be large
	return d
}

// check tells why a client may not run a command, and logs it if so.
func (co *coordinator) check(cl *client, cmd *command.Command, args [][]byte, where acl.Context) acl.Reason {
	d := co.judge(cl.user, cmd, args)
	if d.Reason == acl.Allowed || d.Reason == acl.DeniedAuth {
		return d.Reason
	}
	object := cmd.Name
	if d.Reason != acl.DeniedCommand {
		object = string(args[d.Arg])
	}
	co.logDenial(cl, cmd, acl.Event{Reason: d.Reason, Context: where, Object: object, User: cl.user.Name()})
	return d.Reason
}

// logDenial logs that something was refused to a client, or to its script.
func (co *coordinator) logDenial(cl *client, cmd *command.Command, e acl.Event) {
	switch {
	case cl.conn == nil && co.x != nil && co.x.caller != nil:
		cl = co.x.caller
	case !co.ctx.Resumed: // else it belongs to another loop
		cl.publish(cmd)
	}
	line := ""
	if cl.conn != nil {
		line = strings.TrimSuffix(string(cl.describe(nil, co.nowMs)), "\n")
	}
	co.s.acl.log.Add(e, line, time.UnixMilli(co.nowMs))
}

// noPerm returns what a client is told whose command was refused.
func noPerm(cl *client, cmd *command.Command, r acl.Reason) error {
	switch r {
	case acl.DeniedCommand:
		return resperr.NoPermCommand(cl.user.Name(), cmd.Name)
	case acl.DeniedKey:
		return resperr.NoPermKey
	case acl.DeniedChannel:
		return resperr.NoPermChannel
	}
	return resperr.NoAuth
}

// denied refuses a command that the client may not run, and tells whether it did.
func (co *coordinator) denied(cl *client, cmd *command.Command, args [][]byte) bool {
	where := acl.TopLevel
	if cl.Multi != nil {
		where = acl.InMulti
	}
	r := co.check(cl, cmd, args, where)
	if r == acl.Allowed {
		return false
	}
	co.refuse(cl, cmd, noPerm(cl, cmd, r))
	return true
}

// deniedInExec answers an error for a queued command that the client may not run any more, and tells whether it did.
func (co *coordinator) deniedInExec(cl *client, cmd *command.Command, args [][]byte) bool {
	why := ""
	switch co.check(cl, cmd, args, acl.InMulti) {
	case acl.Allowed:
		return false
	case acl.DeniedCommand:
		why = "no permission to execute the command or subcommand"
	case acl.DeniedKey:
		why = "no permission to touch the specified keys"
	case acl.DeniedChannel:
		why = "no permission to access one of the channels used as arguments"
	default:
		why = "no permission"
	}
	cmd.Stats.Rejected.Add(1)
	co.out.Err(resperr.NoPermInExec(why))
	co.s.countError(co.out.LastError)
	return true
}

// permitted returns the error of a script that calls a command which its caller may not run, nil if the caller may.
func (co *coordinator) permitted(cl *client, cmd *command.Command, args [][]byte) error {
	if cl.user.Unrestricted() {
		return nil
	}
	r := co.check(cl, cmd, args, acl.InScript)
	if r == acl.Allowed {
		return nil
	}
	return resperr.NoPermInScript(noPerm(cl, cmd, r))
}

// recheck returns the error of a client that has waited, and may not run its command any more.
func (co *coordinator) recheck(cl *client, cmd *command.Command, args [][]byte) error {
	if cl.user.Unrestricted() {
		return nil
	}
	r := co.check(cl, cmd, args, acl.TopLevel)
	if r == acl.Allowed {
		return nil
	}
	return noPerm(cl, cmd, r)
}

// allows tells whether a client may run a command, without logging that it may not.
func (co *coordinator) allows(cl *client, cmd *command.Command, args [][]byte) bool {
	return cl.user.Unrestricted() || co.judge(cl.user, cmd, args).Reason == acl.Allowed
}

// limited tells whether a client may read only some keys with a command which reads keys that its arguments do not name.
func (co *coordinator) limited(cl *client, cmd *command.Command, args [][]byte) bool {
	return !cl.user.Rules().AllowsAllKeys(co.callOf(cmd, args), acl.Read)
}

// login makes a user that of the client if the password is right; else it logs that it is not.
func (co *coordinator) login(c *command.Ctx, name string, password []byte) bool {
	s, cl := co.s, co.client(c)
	u := s.acl.users.Authenticate(name, password)
	if u == nil {
		where := acl.TopLevel
		if c.InExec {
			where = acl.InMulti
		}
		co.logDenial(cl, c.Cmd, acl.Event{Reason: acl.DeniedAuth, Context: where, Object: string(c.Args[0]), User: name})
		return false
	}
	cl.become(u)
	s.admit(cl)
	return true
}

// admit lets a client in that has authenticated, or needs not. It is called on the loop of the client.
func (s *Server) admit(cl *client) {
	cl.Authed = true
	s.limitOutput(cl)
}

// become makes a user that of the client. It is called on the loop of the client.
func (cl *client) become(u *acl.User) {
	cl.set(func(ss *session.Session) {
		cl.user, ss.User = u, u.Name()
	})
}

var (
	errUserGone   = errors.New("the user was deleted")
	errNoListener = errors.New("the user may not listen to a channel any more")
)

// dropDeleted closes the connections of users who were deleted, that of me after its reply. It is called on the loop of
// me.
func (s *Server) dropDeleted(me *client) {
	for _, cl := range s.clients.all() {
		switch {
		case !cl.userNow().Rules().Deleted():
		case cl == me:
			cl.closing = true
		default:
			cl.conn.Kill(errUserGone)
		}
	}
}

// dropListeners closes the connections of a user that listen to channels which the user may not listen to any more, that
// of me after its reply. It is called on the loop of me.
func (s *Server) dropListeners(me *client, u *acl.User) {
	if u.Unrestricted() {
		return
	}
	for _, cl := range s.clients.all() {
		switch {
		case cl.userNow() != u:
		case cl == me:
			cl.closing = cl.closing || cl.listensTooFar(u.Rules())
		case cl.listensTooFar(u.Rules()):
			cl.conn.Kill(errNoListener)
		default:
			// A SUBSCRIBE may be under way there that was allowed before. What is posted runs after it.
			cl.conn.Post(func(c *reactor.Conn) {
				if cl.user == u && cl.listensTooFar(u.Rules()) {
					c.Kill(errNoListener)
				}
			})
		}
	}
}

// listensTooFar tells whether a client listens to a channel that rules do not allow. Any goroutine.
func (cl *client) listensTooFar(r *acl.Rules) bool {
	if !cl.sub.Active() {
		return false
	}
	for _, kind := range [...]pubsub.Kind{pubsub.Channel, pubsub.Pattern, pubsub.Shard} {
		for _, name := range cl.sub.Names(kind) {
			if !r.AllowsChannel([]byte(name), kind == pubsub.Pattern) {
				return true
			}
		}
	}
	return false
}

// userNow returns who the client is. Any goroutine.
func (cl *client) userNow() *acl.User {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	return cl.user
}
