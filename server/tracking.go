package server

import (
	"dragonfly/server/command"
	"dragonfly/server/reactor"
	"dragonfly/server/reply"
	"dragonfly/server/session"
	"dragonfly/server/tracking"
)

// Client side caching: package tracking knows who is to be told of what; here is when keys count as read, and how
// clients are told.
//
// What one client is told because of another is posted to its loop, so it stands behind the replies that the loop is
// writing. What it is told because of its own command is kept until the reply of that command is written.

// invalidateChannel is where RESP2 connections are told, as if it were a channel they subscribe to.
const invalidateChannel = "__redis__:invalidate"

// notice is that keys have changed, encoded for all who are told.
type notice struct {
	push    []byte // for RESP3
	message []byte // for RESP2 connections in subscriber mode; nil unless some client redirects
}

// newNotice encodes that keys have changed; nil stands for all.
func newNotice(keys []string, redirected bool) *notice {
	n := &notice{}
	w := reply.Writer{Proto: 3}
	w.Push(2)
	w.BulkString("invalidate")
	writeKeys(&w, keys)
	n.push = w.Buf
	if redirected {
		w = reply.Writer{Proto: 2}
		w.Array(3)
		w.BulkString("message")
		w.BulkString(invalidateChannel)
		writeKeys(&w, keys)
		n.message = w.Buf
	}
	return n
}

func writeKeys(w *reply.Writer, keys []string) {
	if keys == nil {
		w.Null()
		return
	}
	w.Strings(keys...)
}

// teller makes the server a tracking.Teller without exporting those methods.
type teller struct{ s *Server }

// Tell tells clients, or those they redirect to, of changed keys.
func (t teller) Tell(clients []*tracking.Client, keys []string, by int64) {
	redirected := false
	for _, c := range clients {
		redirected = redirected || c.Redirect != 0
	}
	n := newNotice(keys, redirected)
	for _, c := range clients {
		to := c.ID
		if c.Redirect != 0 {
			to = c.Redirect
		}
		cl := t.s.clients.get(to)
		switch {
		case cl == nil && c.Redirect != 0:
			t.tellBroken(c)
		case cl == nil:
		case to == by:
			cl.keepNotice(n)
		default:
			cl.conn.Post(func(conn *reactor.Conn) { conn.Out = n.append(conn.Out, cl) })
		}
	}
}

// tellBroken tells a client that the one it redirects to is gone.
func (t teller) tellBroken(c *tracking.Client) {
	c.Broken.Store(true)
	cl := t.s.clients.get(c.ID)
	if cl == nil {
		return
	}
	cl.conn.Post(func(conn *reactor.Conn) {
		if cl.Proto < 3 {
			return
		}
		w := reply.Writer{Buf: conn.Out, Proto: 3}
		w.Push(2)
		w.BulkString("tracking-redir-broken")
		w.Int(c.Redirect)
		conn.Out = w.Buf
	})
}

// Soon has the collected changes told on the loop of the client that made the first, at the end of its turn.
func (t teller) Soon(by int64) {
	loop := t.s.group.Loops()[0]
	if cl := t.s.clients.get(by); cl != nil {
		loop = cl.conn.Loop()
	}
	loop.Post(t.s.tracking.Broadcast)
}

// Watching tells the store whether changes are of interest.
func (t teller) Watching(any bool) { t.s.store.Tracked.Store(any) }

// append appends what a client can understand. It is called on the loop of the client.
func (n *notice) append(out []byte, cl *client) []byte {
	switch {
	case cl.Proto >= 3:
		return append(out, n.push...)
	case cl.subscriber():
		return append(out, n.message...)
	}
	return out // RESP2 has nothing that a client would not take for a reply
}

// keepNotice keeps a notice until the command of the client is done that caused it.
func (cl *client) keepNotice(n *notice) {
	cl.mu.Lock()
	cl.notices = append(cl.notices, n)
	cl.mu.Unlock()
}

// appendNotices appends the notices that were kept. It is called on the loop of the client.
func (cl *client) appendNotices(out []byte) []byte {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	for _, n := range cl.notices {
		out = n.append(out, cl)
	}
	cl.notices = nil
	return out
}

// track notes the keys that a client has read with a command that just ran. Their shards are locked.
func (co *coordinator) track(cl *client, cmd *command.Command, args [][]byte) {
	t := cl.tracking
	if cmd.Flags&command.ReadOnly == 0 || t.Broadcast || t.OptIn && !cl.caching || t.OptOut && cl.caching ||
		cmd.Flags&command.PubSub != 0 || cmd.ACL&command.CatScripting != 0 {
		return // of a script count the commands that it calls
	}
	if x := co.x; x != nil {
		// Redis 7.0 remembers the keys that a script declares when it reads anything, 7.4 those that it reads. Both are:
		// who caches what a script has answered may go by either.
		for _, key := range x.script.unread {
			co.s.tracking.Read(cl.ID, key)
		}
		x.script.unread = nil
	}
	co.tracked = cmd.Keys.Append(co.tracked[:0], args)
	for _, k := range co.tracked {
		co.s.tracking.Read(cl.ID, args[k])
	}
}

// afterReply follows the reply of every command of a client that tracks, refused ones included, and returns out with the
// notices that the command has caused. CLIENT CACHING was for this command, unless that is CLIENT itself or part of a
// transaction. It is called on the loop of the client.
func (cl *client) afterReply(out []byte, cmd *command.Command) []byte {
	if cl.Multi == nil && (cmd == nil || cmd.Name != "client") {
		cl.caching = false
	}
	return cl.appendNotices(out)
}

// endTracking ends the tracking of a client. It is called on its loop.
func (s *Server) endTracking(cl *client) {
	if cl.tracking == nil {
		return
	}
	s.tracking.Disable(cl.ID)
	cl.set(func(*session.Session) { cl.tracking = nil })
	cl.caching = false
}
