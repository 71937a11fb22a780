package server

import (
	"bytes"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reactor"
	"dragonfly/server/reply"
	"dragonfly/server/session"
	"dragonfly/server/tx"
	"dragonfly/store/resperr"
)

// coordinator is the working state of one loop: everything a command needs beside its client and the store, made
// once and reused for every command.
type coordinator struct {
	s     *Server
	loop  int
	tx    *tx.Tx
	ctx   command.Ctx
	out   reply.Writer
	ahead ahead
	keys  []int
	// The key of the command being run and its hash, if locking needed it; nil otherwise.
	known []byte
	hash  uint64

	nowMs   int64 // time of the batch
	maxBulk int   // proto-max-bulk-len in this batch
	// Calls of the current batch that were not timed one by one; see account.
	batch []calls
}

// calls counts calls of one command in a batch.
type calls struct {
	cmd *command.Command
	n   int64
}

// flushAt is how much output collects before it is offered to the socket within a batch.
const flushAt = 1 << 20

func newCoordinator(s *Server, loop int) *coordinator {
	co := &coordinator{s: s, loop: loop, tx: tx.New(s.store)}
	co.ctx = command.Ctx{Reply: &co.out, Tx: co.tx, Server: co, Registry: s.registry, KeysLimit: s.cfg.KeysOutputLimit}
	return co
}

// serve runs the commands in a client's unread bytes and returns how many bytes they took.
func (co *coordinator) serve(cl *client, c *reactor.Conn, in []byte) (consumed int) {
	co.nowMs = c.Loop().NowMs()
	cl.lastMs.Store(co.nowMs)
	co.out.Buf, co.out.Proto = c.Out, cl.Proto
	co.ctx.Cmd = nil
	co.maxBulk = int(co.s.maxBulk.Load())
	for consumed < len(in) && !cl.waiting && !cl.closing {
		co.parse(cl, in[consumed:])
		n, all := co.runAhead(cl, c)
		consumed += n
		switch {
		case !all:
			// What was parsed and did not run is parsed again when its turn comes.
			cl.parser.Reset()
		case co.ahead.err != nil:
			co.tx.Unlock()
			co.out.Err(resperr.New(co.ahead.err.Error()))
			consumed = len(in)
			cl.closing = true
		}
		if co.ahead.incomplete || cl.waiting && !cl.started {
			break // offered again when there is more, or when the client is woken
		}
	}
	co.tx.Unlock()
	co.account()
	cl.publish(co.ctx.Cmd)
	c.Out = co.out.Buf
	co.out.Buf = nil
	if cl.closing && !cl.waiting {
		c.CloseAfterFlush()
	}
	return consumed
}

// runAhead runs the commands that were parsed, and returns how many bytes they took. It stops behind a command that
// makes the client wait or go, or changes what it may send, and before one that cannot run yet: all is false then.
func (co *coordinator) runAhead(cl *client, c *reactor.Conn) (consumed int, all bool) {
	authed := cl.Authed
	for i := range co.ahead.n {
		r := &co.ahead.requests[i]
		if len(r.args) > 0 {
			if co.command(cl, r); cl.waiting && !cl.started {
				return consumed, false
			}
		}
		consumed += r.size
		if len(co.out.Buf) > flushAt {
			co.tx.Unlock()
			c.Out = co.out.Buf
			if ok := c.Flush(); !ok {
				cl.closing = true // over its limit, or gone
			}
			co.out.Buf = c.Out
		}
		if cl.waiting || cl.closing || cl.Authed != authed {
			return consumed, false
		}
	}
	return consumed, true
}

// command runs one command of a client, or queues or refuses it.
func (co *coordinator) command(cl *client, r *request) {
	start := len(co.out.Buf)
	cl.started = false
	if cl.Reply == session.ReplySkipNext {
		cl.Reply = session.ReplySkip
	}
	co.dispatch(cl, r)
	switch cl.Reply {
	case session.ReplyOff:
		co.out.Buf = co.out.Buf[:start]
	case session.ReplySkip:
		co.out.Buf = co.out.Buf[:start]
		cl.Reply = session.ReplyOn
	case session.ReplySkipNext:
		co.out.Buf = co.out.Buf[:start]
	}
}

// dispatch makes the checks that are the same for all commands, each once, in Redis's order.
func (co *coordinator) dispatch(cl *client, r *request) {
	s := co.s
	cmd, args := r.cmd, r.args
	if cmd != nil && cmd.Flags&command.Container != 0 && len(args) > 1 {
		if sub := cmd.Sub(args[1]); sub != nil {
			cmd = sub
		} else if cmd.Run == nil || cmd.Subs != nil {
			co.refuse(cl, nil, resperr.UnknownSubcommand(string(args[1]), cmd.Name))
			return
		}
	}
	switch {
	case cmd == nil:
		co.refuse(cl, nil, resperr.UnknownCommand(string(args[0]), args[1:]))
		return
	case !cmd.ArityOK(len(args)):
		co.refuse(cl, cmd, resperr.WrongArgs(cmd.Name))
		return
	case !cl.Authed && cmd.Flags&command.NoAuth == 0:
		co.refuse(cl, cmd, resperr.NoAuth)
		return
	case cl.Multi != nil && cmd.Flags&command.NoMulti != 0:
		co.refuse(cl, cmd, resperr.NotInMulti)
		return
	case needsMemory(cl, cmd) && s.outOfMemory():
		co.refuse(cl, cmd, resperr.OOM)
		return
	case needsData(cl, cmd) && s.loading.Load():
		co.refuse(cl, cmd, resperr.Loading)
		return
	}
	if s.pause.active.Load() && s.pause.holds(cmd, cl, co.nowMs) {
		s.pause.wait(cl)
		return
	}
	if cl.Multi != nil && cmd.Flags&command.Immediate == 0 {
		cl.Multi.Queue = append(cl.Multi.Queue, copyArgs(args))
		cl.Multi.NeedsMemory = cl.Multi.NeedsMemory || cmd.Flags&command.DenyOOM != 0
		cl.Multi.NeedsData = cl.Multi.NeedsData || cmd.Flags&command.WhileLoading == 0
		co.out.Simple("QUEUED")
		return
	}
	cl.started = true
	co.lock(cmd, r)
	co.run(cl, cmd, args)
	if cmd.Flags&(command.LockAll|command.Session) != 0 || len(co.keys) > 1 {
		co.tx.Unlock()
	}
}

// needsMemory tells whether a command is refused when there is no memory left; EXEC is for what it would run.
func needsMemory(cl *client, cmd *command.Command) bool {
	return cmd.Flags&command.DenyOOM != 0 || cl.Multi != nil && cl.Multi.NeedsMemory && cmd.Name == "exec"
}

// needsData tells whether a command is refused while the data set is being loaded; EXEC is for what it would run.
func needsData(cl *client, cmd *command.Command) bool {
	return cmd.Flags&command.WhileLoading == 0 || cl.Multi != nil && cl.Multi.NeedsData && cmd.Name == "exec"
}

// refuse answers an error without running the command, and spoils a transaction that is being queued. An EXEC that
// is refused ends the transaction and forgets what is watched, as one that is aborted does.
func (co *coordinator) refuse(cl *client, cmd *command.Command, err error) {
	if cmd != nil && cmd.Name == "exec" {
		co.endTransaction(&cl.Session)
		err = resperr.ExecRefused(err)
	}
	if cl.Multi != nil && err != resperr.WatchInMulti {
		cl.Multi.Abort = true
	}
	if cmd != nil {
		cmd.Stats.Rejected.Add(1)
	}
	co.out.Err(err)
	co.s.countError(co.out.LastError)
}

// lock takes the shards that a command needs.
func (co *coordinator) lock(cmd *command.Command, r *request) {
	args := r.args
	co.keys, co.known = co.keys[:0], nil
	if cmd.Flags&command.LockAll != 0 {
		co.tx.LockAll()
		return
	}
	if !cmd.Keys.Has() {
		co.tx.Unlock()
		return
	}
	if k := &cmd.Keys; r.hashed && k.Find == nil && k.First == k.Last {
		co.tx.LockOne(co.s.store.ShardOfHash(r.hash))
		co.known, co.hash = args[k.First], r.hash
		return
	}
	co.keys = cmd.Keys.Append(co.keys, args)
	if len(co.keys) == 0 {
		co.tx.Unlock()
		return
	}
	co.tx.LockKeys(args, co.keys)
}

// run calls the handler. The shards are locked.
func (co *coordinator) run(cl *client, cmd *command.Command, args [][]byte) {
	s := co.s
	ctx := &co.ctx
	ctx.Args, ctx.Cmd, ctx.Session = args, cmd, &cl.Session
	ctx.DB = s.store.View(cl.DB, co.nowMs)
	ctx.DB.NoTouch = cl.NoTouch
	ctx.DB.Know(co.known, co.hash)
	co.out.Proto = cl.Proto
	errors := co.out.Errors
	if cmd.Flags&command.Fast != 0 && !s.slow.timesAll.Load() {
		cmd.Run(ctx)
		co.note(cmd)
	} else {
		start := time.Now()
		cmd.Run(ctx)
		d := time.Since(start)
		cmd.Stats.Timed(d, s.latency.histograms.Load())
		if !cl.waiting { // else accountWait will
			s.slow.offer(cl, cmd, args, d, co.nowMs)
			s.latency.offer(cmd, d, co.nowMs)
		}
	}
	if co.out.Errors != errors {
		cmd.Stats.Failed.Add(1)
		s.countError(co.out.LastError)
	}
	cl.Proto = co.out.Proto
	if s.clients.monitors.Load() > 0 {
		s.monitor(cl, cmd, args) // after it has run: EXEC is shown after the commands of its transaction
	}
}

// note counts a call that was not timed.
func (co *coordinator) note(cmd *command.Command) {
	if n := len(co.batch); n > 0 && co.batch[n-1].cmd == cmd {
		co.batch[n-1].n++
		return
	}
	co.batch = append(co.batch, calls{cmd, 1})
	if len(co.batch) == cap(co.batch) && len(co.batch) >= 64 {
		co.account()
	}
}

// account adds the calls of the batch to the statistics of their commands: once per run of equal commands instead
// of an atomic operation per command.
func (co *coordinator) account() {
	for _, c := range co.batch {
		c.cmd.Stats.Calls.Add(c.n)
	}
	co.batch = co.batch[:0]
}

// copyArgs copies arguments that must outlive the read buffer, into one block.
func copyArgs(args [][]byte) [][]byte {
	n := 0
	for _, a := range args {
		n += len(a)
	}
	block := make([]byte, 0, n)
	list := make([][]byte, len(args))
	for i, a := range args {
		at := len(block)
		block = append(block, a...)
		list[i] = block[at:len(block):len(block)]
	}
	return list
}

// equalFold compares an argument with a word in lower case.
func equalFold(arg []byte, word string) bool {
	return len(arg) == len(word) && bytes.EqualFold(arg, []byte(word))
}
