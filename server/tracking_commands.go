package server

import (
	"dragonfly/server/command"
	"dragonfly/server/session"
	"dragonfly/server/tracking"
	"dragonfly/store/resperr"
)

// trackingCommands are the subcommands of CLIENT for client side caching.
var trackingCommands = []command.Command{
	{
		Name: "client|tracking", Arity: -3, Since: "6.0.0", Complexity: "O(N) in the number of prefixes",
		Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Tells this connection, or another, when keys change that it has read or that have a prefix.",
		Syntax:  "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
		Run:     clientTracking,
	},
	{
		Name: "client|caching", Arity: 3, Since: "6.0.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Tells whether the keys of the next command, or transaction, are tracked.", Syntax: "<YES | NO>",
		Run: clientCaching,
	},
	{
		Name: "client|getredir", Arity: 2, Since: "6.0.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Answers the connection that is told of changes for this one: 0 for itself, -1 for none.",
		Run:     func(c *command.Ctx) { c.Reply.Int(of(c).client(c).redirect()) },
	},
	{
		Name: "client|trackinginfo", Arity: 2, Since: "6.2.0", Complexity: "O(1)", Flags: clientFlags, ACL: command.CatConnection,
		Summary: "Describes the tracking of this connection.",
		Run:     clientTrackingInfo,
	},
}

// redirect returns the number of the client that is told of changes for this one: 0 for itself, -1 for none. It is
// called on the loop of the client, or with mu held.
func (cl *client) redirect() int64 {
	if cl.tracking == nil {
		return -1
	}
	return cl.tracking.Redirect
}

func clientTracking(c *command.Ctx) {
	co := of(c)
	cl := co.client(c)
	o, err := co.s.parseTracking(c.Args[3:])
	on := equalFold(c.Args[2], "on")
	switch {
	case err != nil:
	case on:
		err = checkTracking(cl.tracking, o)
	case !equalFold(c.Args[2], "off"):
		err = resperr.Syntax
	}
	if err != nil {
		c.Fail(err)
		return
	}
	if !on {
		co.s.endTracking(cl)
		c.Reply.OK()
		return
	}
	if o.Broadcast && len(o.Prefixes) == 0 {
		o.Prefixes = []string{""}
	}
	t := co.s.tracking.Enable(cl.ID, o)
	cl.set(func(*session.Session) { cl.tracking = t })
	c.Reply.OK()
}

// parseTracking reads the options of CLIENT TRACKING.
func (s *Server) parseTracking(args [][]byte) (o tracking.Options, err error) {
	for ; len(args) > 0; args = args[1:] {
		more := len(args) > 1
		switch option := args[0]; {
		case equalFold(option, "redirect") && more:
			args = args[1:]
			if o.Redirect != 0 {
				return o, resperr.TrackingTwoRedirects
			}
			if o.Redirect, err = command.Int(args[0]); err != nil {
				return o, err
			}
			if s.clients.get(o.Redirect) == nil {
				return o, resperr.TrackingNoClient
			}
		case equalFold(option, "prefix") && more:
			args = args[1:]
			o.Prefixes = append(o.Prefixes, string(args[0]))
		case equalFold(option, "bcast"):
			o.Broadcast = true
		case equalFold(option, "optin"):
			o.OptIn = true
		case equalFold(option, "optout"):
			o.OptOut = true
		case equalFold(option, "noloop"):
			o.NoLoop = true
		default:
			return o, resperr.Syntax
		}
	}
	return o, nil
}

// checkTracking tells whether options go together and with what the client does now, nil for nothing.
func checkTracking(now *tracking.Client, o tracking.Options) error {
	switch {
	case !o.Broadcast && len(o.Prefixes) > 0:
		return resperr.TrackingPrefix
	case now != nil && now.Broadcast != o.Broadcast:
		return resperr.TrackingSwitchBroadcast
	case o.Broadcast && (o.OptIn || o.OptOut):
		return resperr.TrackingOptBroadcast
	case o.OptIn && o.OptOut:
		return resperr.TrackingOptBoth
	case now != nil && (o.OptIn && now.OptOut || o.OptOut && now.OptIn):
		return resperr.TrackingSwitchOpt
	}
	one, other, theirs, found := tracking.Overlap(now, o.Prefixes)
	switch {
	case !found:
		return nil
	case theirs:
		return resperr.TrackingPrefixKnown(one, other)
	}
	return resperr.TrackingPrefixTwice(one, other)
}

func clientCaching(c *command.Ctx) {
	cl := of(c).client(c)
	t := cl.tracking
	yes := equalFold(c.Args[2], "yes")
	switch {
	case t == nil:
		c.Fail(resperr.CachingOff)
	case !yes && !equalFold(c.Args[2], "no"):
		c.Fail(resperr.Syntax)
	case yes && !t.OptIn:
		c.Fail(resperr.CachingYes)
	case !yes && !t.OptOut:
		c.Fail(resperr.CachingNo)
	default:
		cl.caching = true
		c.Reply.OK()
	}
}

func clientTrackingInfo(c *command.Ctx) {
	cl := of(c).client(c)
	flags, prefixes := []string{"off"}, []string(nil)
	if t := cl.tracking; t != nil {
		flags = trackingFlags(t, cl.caching)
		prefixes = t.Prefixes
	}
	c.Reply.Map(3)
	c.Reply.BulkString("flags")
	c.Reply.Set(len(flags))
	for _, f := range flags {
		c.Reply.BulkString(f)
	}
	c.Reply.BulkString("redirect")
	c.Reply.Int(cl.redirect())
	c.Reply.BulkString("prefixes")
	c.Reply.Strings(prefixes...)
}

// trackingFlags names the options of a client that tracks, in the order of Redis.
func trackingFlags(t *tracking.Client, caching bool) []string {
	flags := []string{"on"}
	for _, f := range [...]struct {
		name string
		on   bool
	}{
		{"bcast", t.Broadcast},
		{"optin", t.OptIn},
		{"caching-yes", t.OptIn && caching},
		{"optout", t.OptOut},
		{"caching-no", t.OptOut && caching},
		{"noloop", t.NoLoop},
		{"broken_redirect", t.Broken.Load()},
	} {
		if f.on {
			flags = append(flags, f.name)
		}
	}
	return flags
}

// applyTrackingLimit follows a change of tracking-table-max-keys. What is not given up at once is by the ticks that
// follow.
func applyTrackingLimit(s *Server, text string) error {
	s.tracking.SetLimit(atoi(text))
	s.tracking.Trim(trimPerTick)
	return nil
}

// trimPerTick is how many keys that are too many are given up at once.
const trimPerTick = 10000
