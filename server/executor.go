package server

import (
	"iter"
	"sync/atomic"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reactor"
	"dragonfly/server/reply"
	"dragonfly/server/tx"
)

// Scripts.
//
// What runs Lua runs in an executor: a coordinator of its own, in a coroutine on the thread of the loop. A script that is
// done within its first slice costs one switch there and one back. One that is not yields: its shards are lent, its client
// waits, and the loop serves others and gives it a slice per turn. Who needs its shards waits for its end, and gets
// BUSY, as everybody does, when that takes longer than busy-reply-threshold; SCRIPT KILL ends it. So one endless script
// stops neither a loop nor the clients that have nothing to do with it. EXEC with a script among its commands is run in
// the same way, as a whole.
const (
	firstSlice = 5 * time.Millisecond
	nextSlice  = 2 * time.Millisecond
)

// job is a unit of work with scripts in it.
type job struct {
	// script tells that it is a script, or a transaction with one: it may be killed, and makes the server busy.
	script bool
	// function is the name of the function that FCALL calls; empty for EVAL.
	function string
	// lock takes the shards that the job needs, and returns false if one is lent.
	lock func(t *tx.Tx) bool
	// run writes the reply to x.co.out. Arguments of the command must not be used after the first Tick, unless copied.
	run func(x *executor)
}

// executor runs jobs, one after the other. It belongs to a loop.
type executor struct {
	s    *Server
	home *coordinator // of the loop; nil where scripts are run at a stretch, see newSteadyExecutor
	co   *coordinator // of the commands of the script
	cl   client       // whose commands those are: the caller, with a database and protocol of the script's own

	next func() (struct{}, bool) // goes on with the coroutine until it yields
	stop func()
	// yield gives the thread back to the loop. Set while the coroutine runs.
	yield func(struct{}) bool

	what     job
	caller   *client
	cmd      *command.Command
	args     [][]byte  // others may read this and began while the executor is in lent.scripts
	began    time.Time // see above
	sliceEnd time.Time
	done     bool // the job
	lending  bool // it is in lent.scripts, and has to leave
	busy     bool // it counts in lent.busy. Guarded by lent.mu

	function atomic.Pointer[string] // that runs, nil for EVAL
	wrote    atomic.Bool
	killed   atomic.Pointer[error]

	script scripting
}

func newExecutor(home *coordinator) *executor {
	x := &executor{s: home.s, home: home, co: newCoordinator(home.s, home.loop)}
	x.co.x = x
	x.co.ctx.InExec, x.co.ctx.Pause = true, x.pause
	x.co.tx.Wait = x.giveWay
	x.cl.server = home.s
	x.next, x.stop = iter.Pull(func(yield func(struct{}) bool) {
		x.yield = yield
		for {
			x.what.run(x)
			x.done = true
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return x
}

// newSteadyExecutor returns an executor that runs scripts to their end, on the goroutine and with the coordinator of its
// caller: for a log that is replayed.
func newSteadyExecutor(co *coordinator) *executor {
	x := &executor{s: co.s, co: co}
	x.cl.server = co.s
	co.x = x
	return x
}

// execute runs a job for the client of the command that is being handled. Its reply is written, or will be.
func (co *coordinator) execute(c *command.Ctx, j job) {
	if co.x != nil { // within EXEC, or while a log is replayed
		co.x.name(j.function)
		j.run(co.x)
		co.x.name("")
		return
	}
	co.tx.Unlock()
	var x *executor
	if n := len(co.executors); n > 0 {
		x, co.executors = co.executors[n-1], co.executors[:n-1]
	} else {
		x = newExecutor(co)
	}
	if !j.lock(x.co.tx) {
		co.executors = append(co.executors, x)
		co.hold(co.current)
		return
	}
	cl := co.current
	x.begin(cl, c.Cmd, copyArgs(c.Args), j)
	if x.step(firstSlice) {
		co.out.Buf = append(co.out.Buf, x.co.out.Buf...)
		co.out.Errors += x.co.out.Errors - x.co.counted
		co.out.LastError, co.out.Counted = x.co.out.LastError, x.co.out.Counted
		x.end()
		return
	}
	cl.waiting = true
	cl.conn.Park()
	cl.conn.Loop().Post(x.goOn)
}

// begin prepares a job. Its shards are locked.
func (x *executor) begin(cl *client, cmd *command.Command, args [][]byte, j job) {
	x.what, x.caller, x.cmd, x.args = j, cl, cmd, args
	x.done, x.lending = false, false
	x.name(j.function)
	x.wrote.Store(false)
	x.killed.Store(nil)
	x.began = time.Now()
	x.co.nowMs, x.co.lentAt = x.home.nowMs, x.home.lentAt
	x.co.full, x.co.counted = x.home.full, 0
	x.co.out = reply.Writer{Buf: x.co.out.Buf[:0], Proto: cl.Proto}
	x.co.beginBatch()
}

// name notes the function that runs, if it is one.
func (x *executor) name(function string) {
	if function == "" {
		x.function.Store(nil)
		return
	}
	x.function.Store(&function)
}

// impersonate makes the commands of a script those of a client.
func (x *executor) impersonate(cl *client) {
	x.cl.ID, x.cl.DB, x.cl.User, x.cl.Name, x.cl.Authed = cl.ID, cl.DB, cl.User, cl.Name, cl.Authed
	x.cl.NoTouch, x.cl.addr, x.cl.user = cl.NoTouch, "lua", cl.user
	x.cl.tracking, x.cl.caching = cl.tracking, cl.caching
}

// step runs the job for a slice of time and tells whether it is done.
func (x *executor) step(slice time.Duration) bool {
	x.sliceEnd = time.Now().Add(slice)
	x.next()
	return x.done
}

// goOn runs another slice of a job that took long. It is called on the loop.
func (x *executor) goOn() {
	x.co.tx.Reclaim()
	cl := x.caller
	if !x.step(nextSlice) {
		x.home.posting().Post(x.goOn)
		return
	}
	answer, failed, last := x.co.out.Buf, x.co.out.Errors > x.co.counted, x.co.out.LastError
	counted := x.co.out.Counted
	x.co.out.Buf = nil
	cmd, args, took, silent := x.cmd, x.args, time.Since(x.began), cl.Reply != 0
	if !silent && len(answer) > 0 {
		// Which does not copy it. Before the shards are given back: a client that tracks is told of changes behind it.
		cl.conn.Push(answer)
	}
	x.end()
	if failed {
		cmd.Stats.Failed.Add(1)
		if !counted {
			x.s.countError(last)
		}
	}
	cl.conn.Post(func(conn *reactor.Conn) {
		x.s.accountWait(cl, cmd, args, took)
		if cl.tracking != nil {
			conn.Out = cl.afterReply(conn.Out, cmd)
		}
		cl.waiting = false
	})
	cl.conn.Resume()
}

// posting returns the loop of the coordinator.
func (co *coordinator) posting() *reactor.Loop { return co.s.group.Loops()[co.loop] }

// end gives the shards of a job that is done back, after those were served who waited for what it changed.
func (x *executor) end() {
	if x.s.store.HasReady() {
		x.co.serveReady()
	}
	x.co.tx.Unlock()
	x.co.account()
	if cap(x.co.out.Buf) > flushAt {
		x.co.out.Buf = nil
	}
	if x.lending {
		x.s.lent.mu.Lock()
		if x.busy {
			x.busy = false
			x.s.lent.busy.Add(-1)
		}
		x.s.lent.mu.Unlock()
		x.s.lent.leave(x)
	}
	x.what, x.caller, x.cmd, x.args = job{}, nil, nil, nil
	x.home.executors = append(x.home.executors, x)
}

// kill ends the script with an error, soon.
func (x *executor) kill(err error) { x.killed.Store(&err) }

// Tick is called by a script now and then, between two of its instructions. It may last: the loop goes on meanwhile.
func (x *executor) Tick() error {
	if err := x.killed.Load(); err != nil {
		return *err
	}
	if x.home == nil || time.Now().Before(x.sliceEnd) {
		return nil
	}
	if limit := x.s.busyAfter(); limit > 0 && x.what.script && !x.busy && time.Since(x.began) > limit {
		x.s.lent.mu.Lock()
		x.busy = true
		x.s.lent.busy.Add(1)
		x.s.lent.mu.Unlock()
		x.s.lent.release()
	}
	x.giveWay()
	if err := x.killed.Load(); err != nil {
		return *err
	}
	return nil
}

// giveWay lets the loop go on until the next slice.
func (x *executor) giveWay() {
	if !x.lending {
		x.lending = true
		x.s.lent.enter(x)
	}
	x.co.tx.Lend()
	x.yield(struct{}{})
}

// pause is Tick for a command that takes long: it cannot be killed in the middle.
func (x *executor) pause() { _ = x.Tick() }

// busyAfter returns how long a script runs before everybody is told that the server is busy, 0 for never.
func (s *Server) busyAfter() time.Duration {
	return time.Duration(s.busyMs.Load()) * time.Millisecond
}

// stopExecutors ends the coroutines of a loop that ends. It is called on the loop.
func (co *coordinator) stopExecutors() {
	for _, x := range co.executors {
		x.stop()
	}
	co.executors = nil
}
