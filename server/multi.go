package server

import (
	"dragonfly/server/command"
	"dragonfly/server/session"
	"dragonfly/server/tx"
	"dragonfly/store"
	"dragonfly/store/resperr"
)

// transactionCommands are MULTI and its kin.
var transactionCommands = []command.Command{
	{
		Name: "multi", Arity: 1, Since: "1.2.0", Complexity: "O(1)",
		Flags:   command.NoScript | command.WhileLoading | command.Fast | command.AllowBusy | command.Immediate,
		ACL:     command.CatTransaction,
		Summary: "Starts a transaction: commands are queued until EXEC.",
		Run:     multi,
	},
	{
		Name: "exec", Arity: 1, Since: "1.2.0", Complexity: "That of the queued commands",
		Flags:   command.NoScript | command.WhileLoading | command.SkipSlowlog | command.Immediate | command.Session,
		ACL:     command.CatTransaction,
		Summary: "Runs the queued commands of the transaction as one atomic unit.",
		Run:     exec,
	},
	{
		Name: "discard", Arity: 1, Since: "2.0.0", Complexity: "O(N) in the number of queued commands",
		Flags:   command.NoScript | command.WhileLoading | command.Fast | command.AllowBusy | command.Immediate,
		ACL:     command.CatTransaction,
		Summary: "Drops the queued commands and ends the transaction.",
		Run:     discard,
	},
	{
		Name: "watch", Arity: -2, Since: "2.2.0", Complexity: "O(1) for every key",
		Flags:   command.NoScript | command.WhileLoading | command.Fast | command.AllowBusy | command.Immediate,
		ACL:     command.CatTransaction,
		Keys:    command.Keys(1, -1, 1),
		Summary: "Makes the next EXEC depend on these keys staying as they are.",
		Syntax:  "key [key ...]",
		Run:     watch,
	},
	{
		Name: "unwatch", Arity: 1, Since: "2.2.0", Complexity: "O(1)",
		Flags:   command.NoScript | command.WhileLoading | command.Fast | command.AllowBusy | command.Session,
		ACL:     command.CatTransaction,
		Summary: "Forgets all watched keys.",
		Run:     unwatch,
	},
}

func multi(c *command.Ctx) {
	if c.Session.Multi != nil {
		c.Fail(resperr.NestedMulti)
		return
	}
	c.Session.Multi = &session.Multi{}
	c.Reply.OK()
}

func discard(c *command.Ctx) {
	if c.Session.Multi == nil {
		c.Fail(resperr.DiscardNoMulti)
		return
	}
	of(c).endTransaction(c.Session)
	c.Reply.OK()
}

func watch(c *command.Ctx) {
	if c.Session.Multi != nil {
		c.Fail(resperr.WatchInMulti)
		return
	}
	if c.Session.Watch == nil {
		c.Session.Watch = &store.Watcher{}
	}
	for _, key := range c.Args[1:] {
		c.DB.Watch(c.Session.Watch, key)
	}
	c.Reply.OK()
}

func unwatch(c *command.Ctx) {
	if c.InExec {
		// The keys are forgotten with the end of the transaction anyway.
		c.Reply.OK()
		return
	}
	of(c).s.forgetWatch(c.Session)
	c.Reply.OK()
}

// forgetWatch ends the watching of keys. No shard is held by the caller.
func (s *Server) forgetWatch(ss *session.Session) {
	if ss.Watch != nil {
		s.store.Unwatch(ss.Watch)
		ss.Watch = nil
	}
}

// endTransaction drops the queue and the watched keys. No shard is held by the caller.
func (co *coordinator) endTransaction(ss *session.Session) {
	ss.Multi = nil
	co.tx.Unlock()
	co.s.forgetWatch(ss)
}

// exec runs a transaction: all shards of its keys are locked together, so it is atomic and isolated.
func exec(c *command.Ctx) {
	co := of(c)
	ss := c.Session
	m := ss.Multi
	if m == nil {
		c.Fail(resperr.ExecNoMulti)
		return
	}
	if m.Abort {
		co.endTransaction(ss)
		c.Fail(resperr.ExecAbort)
		return
	}
	co.tx.Unlock()
	cl := co.current
	cmds, scripts := co.commands(m)
	if scripts {
		co.execute(c, job{
			script: true,
			lock:   func(t *tx.Tx) bool { return co.lockQueue(t, cl.DB, m, cmds, ss.Watch) },
			run:    func(x *executor) { x.co.transaction(cl, m, cmds) },
		})
		return
	}
	if !co.lockQueue(co.tx, cl.DB, m, cmds, ss.Watch) {
		co.hold(cl)
		return
	}
	if m.Writes && co.s.store.Snapshotting() {
		for i, args := range m.Queue {
			if cmds[i].Flags&command.Write != 0 && co.putOff(cl, cmds[i], args) {
				return
			}
		}
	}
	c.InExec = true
	co.transaction(cl, m, cmds)
	c.InExec = false
	if co.s.store.HasReady() {
		co.serveReady()
	}
	co.tx.Unlock()
}

// transaction runs the commands of a transaction, unless a watched key has changed. All shards are locked that they need.
func (co *coordinator) transaction(cl *client, m *session.Multi, cmds []*command.Command) {
	s, w := co.s, cl.Watch
	cl.Multi, cl.Watch = nil, nil
	if w != nil {
		changed := w.Tripped.Load() || s.store.Expired(w, co.nowMs)
		s.store.UnwatchHeld(w, co.tx.Holds)
		if changed {
			co.out.NullArray()
			return
		}
	}
	co.out.Array(len(m.Queue))
	for i, args := range m.Queue {
		if !cl.user.Unrestricted() && co.deniedInExec(cl, cmds[i], args) {
			continue
		}
		co.run(cl, cmds[i], args)
	}
}

// commands returns the commands of a transaction, and whether there are scripts among them.
func (co *coordinator) commands(m *session.Multi) (cmds []*command.Command, scripts bool) {
	cmds = make([]*command.Command, len(m.Queue))
	for i, args := range m.Queue {
		cmd := co.s.registry.Find(args[0])
		if cmd.Flags&command.Container != 0 && len(args) > 1 {
			if sub := cmd.Sub(args[1]); sub != nil {
				cmd = sub
			}
		}
		cmds[i] = cmd
		scripts = scripts || cmd.Flags&command.Script != 0
	}
	return cmds, scripts
}

// lockQueue locks the shards of all keys of a transaction, those it watches included. It returns false, with nothing
// locked, if one is lent.
func (co *coordinator) lockQueue(t *tx.Tx, db int, m *session.Multi, cmds []*command.Command, watch *store.Watcher) bool {
	var written [][]byte
	for i, args := range m.Queue {
		cmd := cmds[i]
		switch {
		case cmd.Flags&(command.LockAll|command.Script) != 0, !cmd.Keys.Has() && cmd.Flags&command.Session == 0:
			// A command without keys may visit any shard: SCAN, DBSIZE, FLUSHALL.
			t.AddAll()
		default:
			co.keys = cmd.Keys.Append(co.keys[:0], args)
			t.Add(args, co.keys)
			for _, k := range co.keys {
				written = append(written, args[k])
			}
		}
	}
	if watch != nil {
		// Watched keys are checked under the same locks that the commands run under.
		for _, key := range watch.Keys() {
			t.AddKey(key)
		}
	}
	co.keys, co.known = co.keys[:0], nil
	if !t.Lock() {
		return false
	}
	return !co.s.store.Waiters() || t.HoldsAll() || co.lockWaiters(t, db, written)
}
