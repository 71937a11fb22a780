package server

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reactor"
	"dragonfly/server/reply"
	"dragonfly/server/session"
	"dragonfly/server/tx"
	"dragonfly/store"
	"dragonfly/store/resperr"
)

// Blocking commands.
//
// A command that found nothing called Ctx.Wait. While the shards of its keys are still locked, its client is put into
// the queues of those keys (store.Waiter) and parked: it costs some hundred bytes and no goroutine. A unit of work that
// changes such a key finds it in the store's list of ready keys when it is done, and before it unlocks anything runs the
// waiting commands again, those that came first for a key first, with the shards locked that they need: nobody sees the
// key between the change and them. Whoever ends a wait (a unit of work, the timer, CLIENT UNBLOCK, the end of the
// connection) claims it first; who comes later leaves it alone.

// blocked is a client that waits.
type blocked struct {
	cl     *client
	cmd    *command.Command
	args   [][]byte // to run it again with
	asked  [][]byte // the client's own
	db     int
	waiter store.Waiter
	alike  alike
	silent bool        // CLIENT REPLY
	timed  bool        // the wait ends some time
	timer  *time.Timer // which ends it
	// timedOut writes the reply when time runs out.
	timedOut func(w *reply.Writer)

	mu   sync.Mutex
	done bool          // guarded by mu: somebody has ended the wait
	took time.Duration // all runs together; guarded by mu until somebody has ended the wait
}

// alike is what those have in common of whom one finds nothing where another did not: see command.Wait.
type alike struct {
	cmd  *command.Command
	name string
}

// claim ends the wait, unless somebody did.
func (b *blocked) claim() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := !b.done
	b.done = true
	return first
}

// block makes the client of the command that just ran wait, as it asked. The shards of its keys are locked.
func (co *coordinator) block(cl *client, cmd *command.Command, args [][]byte) {
	w := co.ctx.Waiting
	co.ctx.Waiting = nil
	b := &blocked{cl: cl, cmd: cmd, asked: copyArgs(args), db: cl.DB, timedOut: w.TimedOut, took: co.took, silent: cl.Reply != session.ReplyOn,
		alike: alike{cmd, w.Alike}, timed: w.Timeout > 0}
	b.args = b.asked
	if w.Args != nil {
		b.args = copyArgs(w.Args)
	}
	b.waiter.Owner, b.waiter.Gone, b.waiter.Wide = b, w.Gone, co.isWide(b)
	v := co.s.store.View(cl.DB, co.nowMs)
	v.Await(&b.waiter, w.Keys)
	cl.waiting = true
	cl.blocked.Store(b)
	co.s.clients.blocked.Add(1)
	cl.conn.ParkWatched()
	if b.timed {
		// The timer may fire before it is assigned, but not while b.mu is held.
		b.mu.Lock()
		b.timer = time.AfterFunc(w.Timeout, func() { b.end(b.timedOut) })
		b.mu.Unlock()
	}
}

// isWide tells whether the keys of a command are in several shards.
func (co *coordinator) isWide(b *blocked) bool {
	shards := co.shardsOf(b)
	return slices.ContainsFunc(shards, func(sh int) bool { return sh != shards[0] })
}

// end ends the wait with a reply, unless it has ended; it tells whether it did. No shard of its keys need be locked.
func (b *blocked) end(answer func(w *reply.Writer)) bool {
	if !b.claim() {
		return false
	}
	w := reply.Writer{Proto: b.cl.Proto}
	answer(&w)
	b.deliver(&w)
	return true
}

// deliver hands the reply to the client, and lets it go on. The wait was claimed.
func (b *blocked) deliver(w *reply.Writer) {
	cl, answer := b.cl, w.Buf
	if w.Errors > 0 {
		b.cmd.Stats.Failed.Add(1)
		cl.server.countError(w.LastError)
	}
	cl.conn.Post(func(conn *reactor.Conn) {
		b.account()
		if !b.silent {
			conn.Out = append(conn.Out, answer...)
		}
		if cl.tracking != nil {
			conn.Out = cl.afterReply(conn.Out, b.cmd)
		}
		b.forget()
		cl.waiting = false
	})
	cl.conn.Resume()
}

// account counts the call, as Redis does when a wait ends: with the time for which the command ran. It is called on the
// loop of the client.
func (b *blocked) account() {
	s, nowMs := b.cl.server, b.cl.conn.Loop().NowMs()
	b.cmd.Stats.Timed(b.took, s.latency.histograms.Load())
	s.slow.offer(b.cl, b.cmd, b.asked, b.took, nowMs)
	s.latency.offer(b.cmd, b.took, nowMs)
}

// forget takes the client out of what knows that it waits. It is called on the loop of the client, after the wait was
// claimed.
func (b *blocked) forget() {
	if b.timer != nil {
		b.timer.Stop()
	}
	b.cl.server.store.Forget(&b.waiter)
	b.cl.blocked.Store(nil)
	b.cl.server.clients.blocked.Add(-1)
}

// leave ends the wait of a client whose connection has ended. It is called on the loop of the client.
func (cl *client) leave() {
	if b := cl.blocked.Load(); b != nil {
		b.claim() // if somebody else has, what they posted to the connection does not run any more
		b.forget()
	}
}

// unblock ends the wait of a client for CLIENT UNBLOCK, and tells whether it waited.
func (s *Server) unblock(id int64, withError bool) bool {
	cl := s.clients.get(id)
	if cl == nil {
		return false
	}
	b := cl.blocked.Load()
	if b == nil {
		return false
	}
	if withError {
		return b.end(func(w *reply.Writer) { w.Err(resperr.Unblocked) })
	}
	return b.end(b.timedOut)
}

// lockWaiters locks, beside what is locked for a command that may change the keys, the shards that those need who wait
// for the keys and for others: what is pushed is handed to them before anybody sees it. It returns false if a shard is
// lent; nothing is locked then.
func (co *coordinator) lockWaiters(t *tx.Tx, db int, keys [][]byte) bool {
	for co.addWaiters(t, db, keys) {
		t.AddHeld()
		t.Unlock()
		if !t.Lock() {
			return false
		}
	}
	return true
}

// mostForeseen is how many of those who wait for a key get their shards locked before it changes. Few changes serve more
// clients at once; who comes after them is served, too, but not in one with the change.
const mostForeseen = 16

// addWaiters notes for the next lock the shards that those need who wait for keys, or for what these may push in turn,
// and tells whether any is not held.
func (co *coordinator) addWaiters(t *tx.Tx, db int, keys [][]byte) (more bool) {
	st := co.s.store
	for i := 0; i < len(keys); i++ {
		if !t.Holds(st.ShardOf(keys[i])) {
			continue
		}
		for w := range st.WideWaiters(db, keys[i], mostForeseen) {
			b := w.Owner.(*blocked)
			co.waiterKeys = b.cmd.Keys.Append(co.waiterKeys[:0], b.args)
			for _, k := range co.waiterKeys {
				key := b.args[k]
				if sh := st.ShardOf(key); !t.Holds(sh) {
					t.AddShard(sh)
					more = true
				}
				// Only what takes memory adds to a key in turn, as BLMOVE does.
				if b.cmd.Flags&command.DenyOOM != 0 && !slices.ContainsFunc(keys, func(x []byte) bool { return bytes.Equal(x, key) }) {
					keys = append(keys, key)
				}
			}
		}
	}
	return more
}

// serveReady runs the commands again that wait for keys which the unit of work has changed. It is called at the end of
// the unit, before its shards are unlocked; they may be others afterwards.
func (co *coordinator) serveReady() {
	// What the unit has taken long for, or slept in, may have expired.
	co.nowMs = max(co.nowMs, time.Now().UnixMilli())
	for {
		co.ready = co.ready[:0]
		co.tx.EachHeld(func(sh *store.Shard) { co.ready = sh.TakeReady(co.ready) })
		if len(co.ready) == 0 {
			return
		}
		store.SortReady(co.ready)
		for _, r := range co.ready {
			co.serveKey(r)
		}
	}
}

// serveKey lets those who wait for one key try again.
func (co *coordinator) serveKey(r store.Ready) {
	st := co.s.store
	home := st.ShardOf(r.Key)
	if !co.tx.Holds(home) && !co.relock(r, home) {
		return
	}
	v := st.View(r.DB, co.nowMs)
	pass := st.NewPass(r)
	var failed []alike
	for {
		c := v.Peek(r.Key)
		w := pass.Next(!c.Ok())
		if w == nil {
			return
		}
		b := w.Owner.(*blocked)
		if slices.Contains(failed, b.alike) {
			continue
		}
		if !co.holdsKeys(b) && !co.relock(r, co.shardsOf(b)...) {
			return
		}
		switch co.resume(b, r) {
		case waitsOn:
			if b.alike.name != "" {
				failed = append(failed, b.alike)
			}
		case putOff:
			return // nobody is to come before it
		}
	}
}

// shardsOf lists the shards that a waiting command needs.
func (co *coordinator) shardsOf(b *blocked) (shards []int) {
	for _, k := range b.cmd.Keys.Append(nil, b.args) {
		shards = append(shards, co.s.store.ShardOf(b.args[k]))
	}
	return shards
}

// holdsKeys tells whether all shards are locked that a waiting command needs.
func (co *coordinator) holdsKeys(b *blocked) bool {
	co.waiterKeys = b.cmd.Keys.Append(co.waiterKeys[:0], b.args)
	for _, k := range co.waiterKeys {
		if !co.tx.Holds(co.s.store.ShardOf(b.args[k])) {
			return false
		}
	}
	return true
}

// relock locks further shards beside those held, for those who wait for the ready key where lockWaiters could not know of
// them. If one is lent it returns false, with nothing held, and the key is served when the script is done.
func (co *coordinator) relock(r store.Ready, shards ...int) bool {
	co.tx.AddHeld()
	all := co.tx.HoldsAll()
	co.tx.Unlock()
	for _, sh := range shards {
		co.tx.AddShard(sh)
	}
	if all {
		co.tx.AddAll()
	}
	if co.tx.Lock() {
		return true
	}
	co.s.serveAgain(r, shards...)
	return false
}

// outcome is what has become of a client that waited.
type outcome uint8

const (
	ended   outcome = iota
	waitsOn         // it found nothing
	putOff          // a snapshot has to write a value first that the command would change; then the key is served again
)

// resume runs the command of a waiting client again, for a key that is ready. The shards are locked.
func (co *coordinator) resume(b *blocked, r store.Ready) outcome {
	b.mu.Lock()
	if b.done || b.cl.conn.Killed() {
		b.mu.Unlock()
		return ended // it has its reply already, or its client takes none: nothing is popped for that
	}
	s, cl := co.s, b.cl
	v := s.store.View(b.db, co.nowMs)
	if s.store.Snapshotting() && b.cmd.Flags&command.Write != 0 {
		for _, k := range b.cmd.Keys.Append(nil, b.args) {
			if v.MustWait(b.args[k], func() { s.serveAgain(r) }) {
				b.mu.Unlock()
				return putOff
			}
		}
	}
	ctx := &co.ctx
	inExec := ctx.InExec
	w := reply.Writer{Proto: cl.Proto}
	ctx.Args, ctx.Cmd, ctx.Session, ctx.Reply = b.args, b.cmd, &cl.Session, &w
	ctx.DB = v
	co.current = cl
	ctx.DB.Client = cl.ID
	ctx.DB.NoTouch, ctx.DB.ReadOnly = cl.NoTouch, b.cmd.Flags&command.ReadOnly != 0
	ctx.InExec, ctx.Resumed, ctx.Waiting = false, true, nil
	start := time.Now()
	if err := co.recheck(cl, b.cmd, b.args); err != nil {
		w.Err(err)
	} else {
		b.cmd.Run(ctx)
	}
	b.took += time.Since(start)
	ctx.Reply, ctx.Resumed, ctx.InExec = &co.out, false, inExec
	if cl.tracking != nil {
		co.track(cl, b.cmd, b.args)
	}
	if ctx.Waiting != nil {
		ctx.Waiting = nil
		b.mu.Unlock()
		return waitsOn
	}
	b.done = true
	b.waiter.Leave()
	b.mu.Unlock()
	b.deliver(&w)
	return ended
}

// service is a coordinator of no loop: it serves waiting clients when keys become ready by something that is no unit of
// work, such as expiry in the background.
type service struct {
	due atomic.Bool // somebody is about to serve all ready keys
	mu  sync.Mutex
	co  *coordinator // guarded by mu; made when it is first needed
}

// serveLater has all ready keys served soon, on a goroutine of its own; the background of the store asks for it.
func (s *Server) serveLater() {
	if s.loading.Load() || !s.service.due.CompareAndSwap(false, true) {
		return // while keys are missing that may still come; the background asks again
	}
	s.work.Go(func() {
		s.service.due.Store(false)
		s.service.run(s, func(co *coordinator) {
			for i := range s.store.NumShards() {
				if co.tx.LockOne(i) { // else a script keeps it, and serves its keys itself
					co.serveReady()
					co.tx.Unlock()
				}
			}
		})
	})
}

// serveAgain has those who wait for a key look at it again, as soon as no script keeps the key's shard or the others
// given. It may be called with shards locked.
func (s *Server) serveAgain(r store.Ready, shards ...int) {
	home := s.store.ShardOf(r.Key)
	s.work.Go(func() {
		for served := false; !served; {
			s.store.Shard(home).AwaitFree()
			for _, sh := range shards {
				s.store.Shard(sh).AwaitFree()
			}
			s.service.run(s, func(co *coordinator) {
				if served = co.tx.LockOne(home); served {
					v := s.store.View(r.DB, co.nowMs)
					v.Wake(r.Key)
					co.serveReady()
					co.tx.Unlock()
				}
			})
		}
	})
}

// run runs fn with the coordinator of the service.
func (v *service) run(s *Server, fn func(co *coordinator)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.co == nil {
		v.co = newCoordinator(s, 0)
	}
	v.co.nowMs = time.Now().UnixMilli()
	fn(v.co)
}
