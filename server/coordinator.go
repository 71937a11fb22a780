package server

import (
	"bytes"
	"time"

	"dragonfly/server/acl"
	"dragonfly/server/command"
	"dragonfly/server/reactor"
	"dragonfly/server/reply"
	"dragonfly/server/session"
	"dragonfly/server/tx"
	"dragonfly/store"
	"dragonfly/store/arena"
	"dragonfly/store/resperr"
)

// coordinator is the working state of one loop: everything a command needs beside its client and the store, made
// once and reused for every command.
type coordinator struct {
	s    *Server
	loop int
	// x is the executor whose commands run here, nil for the coordinator of a loop itself.
	x *executor
	// current is whose command runs.
	current *client
	tx      *tx.Tx
	ctx     command.Ctx
	out     reply.Writer
	ahead   ahead
	keys    []int
	// changed are the keys of a command that changes them, while a snapshot is running; tracked are the keys that a client
	// has read that tracks.
	changed, tracked []int
	// Scratch of what serves waiting clients: keys that a command may change, indices of keys, and keys that are ready.
	written    [][]byte
	waiterKeys []int
	ready      []store.Ready
	// counted is how many of out.Errors were counted: those of the commands of a transaction are, when EXEC ends.
	counted int
	// took is how long the command took that ran last, if it was timed.
	took time.Duration
	// call is the command whose permission is checked, and callKeys its keys.
	call     acl.Call
	callKeys []int
	// The key of the command being run and its hash, if locking needed it; nil otherwise.
	known []byte
	hash  uint64

	executors []*executor // of this loop, those that are idle

	lentAt  uint64 // how often scripts had given shards back when the batch began
	nowMs   int64  // time of the batch
	maxBulk int    // proto-max-bulk-len in this batch
	// Calls of the current batch that were not timed one by one, since when it runs, and what one of them took in the
	// latest batch that was measured; see account.
	batch   []calls
	since   time.Duration // on the clock of the server's start; 0 in a batch that is not measured
	batches uint
	typical time.Duration

	full bool // there was no memory when the command began; for scripts
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
	if !cl.Authed && co.s.open() {
		co.s.admit(cl) // the password was taken away since it connected
	}
	co.out.Buf, co.out.Proto = c.Out, cl.Proto
	co.ctx.Cmd = nil
	co.maxBulk = int(co.s.maxBulk.Load())
	co.lentAt = co.s.lent.ended.Load()
	co.beginBatch()
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
		if all && co.ahead.incomplete || cl.waiting && !cl.started {
			break // offered again when there is more, or when the client is woken
		}
	}
	co.tx.Unlock()
	if co.s.tracking.Waiting() {
		co.s.tracking.Broadcast() // before the replies: who has read one of them, and asks another client, finds it told
	}
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
	start, reply := len(co.out.Buf), cl.Reply
	cl.started = false
	if cl.Reply == session.ReplySkipNext {
		cl.Reply = session.ReplySkip
	}
	co.dispatch(cl, r)
	if cl.waiting && !cl.started {
		cl.Reply = reply // it runs another time
		return
	}
	switch cl.Reply {
	case session.ReplyOff:
		co.out.Buf = co.out.Buf[:start]
	case session.ReplySkip:
		co.out.Buf = co.out.Buf[:start]
		cl.Reply = session.ReplyOn
	case session.ReplySkipNext:
		co.out.Buf = co.out.Buf[:start]
	}
	if cl.tracking != nil && !cl.waiting {
		co.out.Buf = cl.afterReply(co.out.Buf, r.cmd)
	}
	if cl.after != nil {
		co.finish(cl, start)
	}
	if co.s.events.behind.Load() != nil && (r.cmd == nil || r.cmd.Flags&command.ReadOnly == 0) {
		co.s.events.holdBack(cl)
	}
}

// dispatch makes the checks that are the same for all commands, each once, in Redis's order.
func (co *coordinator) dispatch(cl *client, r *request) {
	s := co.s
	cmd, args := r.cmd, r.args
	co.full = false
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
	case !cl.user.Unrestricted() && co.denied(cl, cmd, args):
		return
	case takesMemory(cl, cmd) && s.store.OverLimit() && !co.makeRoom(cl, cmd):
		return
	case cmd.Flags&command.Write != 0 && s.persist.stopped():
		co.refuse(cl, cmd, resperr.Misconf)
		return
	case cl.Proto == 2 && cl.subscriber() && cmd.Flags&command.WhileSubscribed == 0:
		co.refuse(cl, cmd, resperr.OnlySubscriptions(cmd.Name))
		return
	case needsData(cl, cmd) && s.loading.Load():
		co.refuse(cl, cmd, resperr.Loading)
		return
	case s.lent.busy.Load() != 0 && cmd.Flags&command.AllowBusy == 0:
		co.refuse(cl, cmd, s.lent.busyError())
		return
	}
	if s.pause.active.Load() && s.pause.hold(cmd, args, cl, co.nowMs) {
		return
	}
	if cl.Multi != nil && cmd.Flags&command.Immediate == 0 {
		cl.Multi.Queue = append(cl.Multi.Queue, copyArgs(args))
		cl.Multi.Bytes += r.size
		cl.Multi.NeedsMemory = cl.Multi.NeedsMemory || cmd.Flags&command.DenyOOM != 0
		cl.Multi.Writes = cl.Multi.Writes || mayWrite(s, cmd, args)
		cl.Multi.NeedsData = cl.Multi.NeedsData || cmd.Flags&command.WhileLoading == 0
		co.out.Simple("QUEUED")
		return
	}
	cl.started = true
	if !co.lock(cl, cmd, r) {
		co.hold(cl)
		return
	}
	if s.store.Snapshotting() && cmd.Flags&command.Write != 0 && co.putOff(cl, cmd, args) {
		return
	}
	co.run(cl, cmd, args)
	if co.ctx.Waiting != nil {
		co.block(cl, cmd, args)
	}
	if s.store.HasReady() {
		co.serveReady()
	}
	if cmd.Flags&(command.LockAll|command.Session) != 0 || len(co.keys) > 1 {
		co.tx.Unlock()
	}
}

// putOff parks a client whose command would have to write a big value for the running snapshot before changing it, and
// tells whether it did: the command runs when the snapshot has written the value. Shards are locked.
func (co *coordinator) putOff(cl *client, cmd *command.Command, args [][]byte) bool {
	if !cmd.Keys.Has() {
		return false // it drops whole databases; those are kept for the snapshot
	}
	v := co.s.store.View(cl.DB, co.nowMs)
	co.changed = cmd.Keys.Append(co.changed[:0], args)
	for _, k := range co.changed {
		if v.MustWait(args[k], cl.onWake) {
			co.park(cl)
			return true
		}
	}
	return false
}

// park makes a client wait whose command has not run: its input is offered again when it is woken.
func (co *coordinator) park(cl *client) {
	cl.started = false
	cl.waiting = true
	cl.conn.Park()
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

// hold makes a client wait until a script gives back the shards that its command needs; the command runs then.
func (co *coordinator) hold(cl *client) {
	co.park(cl)
	co.s.lent.add(cl, co.lentAt)
}

// lock takes the shards that a command needs, and returns false if a script keeps one of them.
func (co *coordinator) lock(cl *client, cmd *command.Command, r *request) bool {
	ok := co.lockKeys(cl, cmd, r)
	if ok && cmd.Flags&command.Write != 0 && co.s.store.Waiters() && !co.tx.HoldsAll() {
		co.written, co.waiterKeys = co.written[:0], cmd.Keys.Append(co.waiterKeys[:0], r.args)
		for _, k := range co.waiterKeys {
			co.written = append(co.written, r.args[k])
		}
		ok = co.lockWaiters(co.tx, cl.DB, co.written)
		clear(co.written) // the arguments are not ours to keep
	}
	return ok
}

func (co *coordinator) lockKeys(cl *client, cmd *command.Command, r *request) bool {
	args := r.args
	co.keys, co.known = co.keys[:0], nil
	if cmd.Flags&command.LockAll != 0 {
		return co.tx.LockAll()
	}
	if !cmd.Keys.Has() {
		co.tx.Unlock()
		return true
	}
	if k := &cmd.Keys; r.hashed && k.Find == nil && k.First == k.Last {
		co.known, co.hash = args[k.First], r.hash
		return co.tx.LockOne(co.s.store.ShardOfHash(r.hash))
	}
	co.keys = cmd.Keys.Append(co.keys, args)
	if len(co.keys) == 0 {
		co.tx.Unlock()
		return true
	}
	if arena.CanPrefetch && len(co.keys) > 1 {
		co.prefetch(cl.DB, args)
	}
	return co.tx.LockKeys(args, co.keys)
}

// run calls the handler. The shards are locked.
func (co *coordinator) run(cl *client, cmd *command.Command, args [][]byte) {
	s := co.s
	ctx := &co.ctx
	co.current = cl
	ctx.Args, ctx.Cmd, ctx.Session, ctx.Waiting = args, cmd, &cl.Session, nil
	ctx.DB = s.store.View(cl.DB, co.nowMs)
	ctx.DB.Client = cl.ID
	ctx.DB.NoTouch, ctx.DB.ReadOnly = cl.NoTouch, cmd.Flags&command.ReadOnly != 0
	ctx.DB.Know(co.known, co.hash)
	ctx.Limited = cmd.Flags&command.Follows != 0 && !cl.user.Unrestricted() && co.limited(cl, cmd, args)
	co.out.Proto = cl.Proto
	answer, waited := len(co.out.Buf), cl.waiting
	co.counted = co.out.Errors
	if cmd.Flags&(command.Fast|command.Brief) != 0 && !s.slow.timesAll.Load() && small(args) {
		cmd.Run(ctx)
		if co.tx.Refused || ctx.Relocated {
			co.unfinished(cl, cmd, args, answer)
			return
		}
		if co.took = 0; ctx.Waiting == nil {
			co.note(cmd)
		}
	} else {
		co.account()
		start := time.Now()
		cmd.Run(ctx)
		if co.tx.Refused || ctx.Relocated {
			co.unfinished(cl, cmd, args, answer)
			return
		}
		co.took = time.Since(start)
		if ctx.Waiting == nil && (!cl.waiting || waited || ctx.InExec) { // else the call is counted when the wait ends
			cmd.Stats.Timed(co.took, s.latency.histograms.Load())
			s.slow.offer(cl, cmd, args, co.took, co.nowMs)
			s.latency.offer(cmd, co.took, co.nowMs)
		}
		co.account() // what ran within: EXEC
		co.beginBatch()
	}
	if cl.tracking != nil {
		co.track(cl, cmd, args)
	}
	if co.out.Errors != co.counted {
		co.counted = co.out.Errors
		cmd.Stats.Failed.Add(1)
		if !co.out.Counted {
			s.countError(co.out.LastError)
		}
		co.out.Counted = false
	}
	if cl.Proto != co.out.Proto { // a plain store would race with CLIENT LIST
		cl.set(func(ss *session.Session) { ss.Proto = co.out.Proto })
	}
	if s.clients.monitors.Load() > 0 && (cl.started || !cl.waiting) {
		s.monitor(cl, cmd, args) // after it has run: EXEC is shown after the commands of its transaction
	}
}

// unfinished is what follows when a command left off: it did not see a shard that a script keeps, or it has so much to
// do that it must not run on the loop. What it has answered behind the output at answer is nothing, and it runs again.
func (co *coordinator) unfinished(cl *client, cmd *command.Command, args [][]byte, answer int) {
	co.out.Buf = co.out.Buf[:answer]
	if co.tx.Refused {
		co.tx.Refused = false
		co.hold(cl)
		return
	}
	co.ctx.Relocated = false
	co.ctx.Args, co.ctx.Cmd = args, cmd
	co.execute(&co.ctx, job{
		lock: func(t *tx.Tx) bool {
			if cmd.Flags&command.LockAll != 0 {
				return t.LockAll()
			}
			t.Add(args, cmd.Keys.Append(nil, args))
			return t.Lock()
		},
		run: func(x *executor) {
			x.co.ctx.InExec = false
			x.co.run(cl, cmd, x.args)
			x.co.ctx.InExec = true
		},
	})
}

// What a command reads of its arguments is little below these limits.
const (
	smallArgs  = 64
	smallBytes = 16 << 10
)

// small tells whether a command has so few and short arguments that one which is quick by nature is quick.
func small(args [][]byte) bool {
	if len(args) > smallArgs {
		return false
	}
	n := 0
	for _, a := range args {
		n += len(a)
	}
	return n <= smallBytes
}

// The time of commands that are quick by nature is not taken one by one: reading the clock costs a good part of what
// they do. It is taken for one batch in batchesPerMeasure and divided by the number of its calls; the calls of the
// others count as much.
const batchesPerMeasure = 8

// beginBatch begins to count calls that are not timed one by one.
func (co *coordinator) beginBatch() {
	if co.since = 0; co.batches%batchesPerMeasure == 0 {
		co.since = time.Since(co.s.start)
	}
	co.batches++
}

// note counts a call that was not timed.
func (co *coordinator) note(cmd *command.Command) {
	for i := range co.batch {
		if c := &co.batch[i]; c.cmd == cmd {
			c.n++
			return
		}
	}
	co.batch = append(co.batch, calls{cmd, 1})
	if len(co.batch) == maxBatched {
		co.account()
		co.beginBatch()
	}
}

// maxBatched is how many different commands note looks through.
const maxBatched = 8

// account adds the calls of the batch to the statistics of their commands: once per batch instead of some atomic
// operations per command.
func (co *coordinator) account() {
	if len(co.batch) == 0 {
		return
	}
	if co.since != 0 {
		total := int64(0)
		for _, c := range co.batch {
			total += c.n
		}
		co.typical = (time.Since(co.s.start) - co.since) / time.Duration(total)
	}
	histogram := co.s.latency.histograms.Load()
	for _, c := range co.batch {
		c.cmd.Stats.Counted(c.n, co.typical, histogram)
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
