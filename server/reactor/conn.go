package reactor

import (
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// Conn is one connection. Unless it says otherwise, a method is for the goroutine of the connection's loop.
type Conn struct {
	// State is the handler's.
	State any
	// Out is the reply buffer. It is lent by the loop while Open, Data or a posted function runs, and nil between them.
	Out []byte

	id   uint64
	loop *Loop
	tr   transport
	slot int32 // in loop.conns, -1 before that

	parked  bool // Data is not called
	watched bool // parked, and the peer's hang-up ends the connection
	resting bool // the transport was told to leave input alone
	ended   bool // the peer sends no more
	closing bool // input is ignored; closed when the output is written
	doomed  bool // cause closes the connection when the handler returns
	closed  bool // the handler was told
	blocked bool // output waits for the transport; counted in loop.blocked
	dirty   bool // in loop.dirty

	low int // resume when no more than this is pending; -1 when that is not waited for

	// Unread input is in[inPos:], unsent output is pend[pendPos:] and then shared. Both slices are nil when there is none.
	in      []byte
	inPos   int
	pend    []byte
	pendPos int
	shared  row

	cause     error
	lastUse   time.Duration // loop.mono when bytes last moved
	softSince time.Duration // loop.mono when the soft limit was passed, 0 when it is not
	soft      int64
	softFor   time.Duration

	remote, local string
	unix          bool

	// Read and written by any goroutine.
	hard    atomic.Int64 // 0 means no limit
	queued  atomic.Int64 // bytes in the loop's queue on the way to this connection, without those of PushAll
	backlog atomic.Int64 // what is pending because the peer does not take it
	dead    atomic.Bool  // killed or closed: nothing is queued any more
}

// transport moves the bytes of a Conn. Its methods are called on the loop and do not block.
type transport interface {
	// start begins to report input. It is called once, with the connection in the loop's table.
	start() error
	// send writes what it can of b. A short count means that it takes no more now and will call sendPending when it does.
	send(b []byte) (int, error)
	// idle reports whether all that send took is out of the process. If not, it will call sendPending then.
	idle() bool
	// rest stops and restarts the reporting of input. While resting, hangup asks for the report of the peer's end.
	rest(resting, hangup bool) error
	// awaitWritable says whether the connection has output that send did not take.
	awaitWritable(on bool) error
	// close frees what the transport holds. graceful means that nothing is to be lost on the way.
	close(graceful bool)
	// fd returns the descriptor, -1 when there is none.
	fd() int
}

// postCost is what a queued function counts against the output limit.
const postCost = 64

// ID returns a number that no other connection of the group has; the first is 1. Any goroutine.
func (c *Conn) ID() uint64 { return c.id }

// Loop returns the loop that owns c. Any goroutine.
func (c *Conn) Loop() *Loop { return c.loop }

// RemoteAddr returns the peer's address as host:port, or path:0 for a Unix socket. Any goroutine.
func (c *Conn) RemoteAddr() string { return c.remote }

// LocalAddr returns our end's address in the form of RemoteAddr. Any goroutine.
func (c *Conn) LocalAddr() string { return c.local }

// IsUnix reports whether c came through a Unix socket. Any goroutine.
func (c *Conn) IsUnix() bool { return c.unix }

// FD returns the descriptor of the socket, -1 when c is something else. It is a number to show, not to use.
func (c *Conn) FD() int { return c.tr.fd() }

// Pending returns the number of bytes of output that are kept: the peer does not take them, or no write was tried yet. Out does not count.
func (c *Conn) Pending() int { return len(c.pend) - c.pendPos + c.shared.size }

// Backlog returns the number of bytes of output that are kept because the peer does not take them. Any goroutine.
func (c *Conn) Backlog() int64 { return c.backlog.Load() }

// Unread returns the number of bytes of input that are kept because they were not used up.
func (c *Conn) Unread() int { return len(c.in) - c.inPos }

// LastInteraction returns the Unix milliseconds when bytes last moved, on a clock that does not jump with the system's.
func (c *Conn) LastInteraction() int64 {
	return c.loop.NowMs() - (c.loop.mono - c.lastUse).Milliseconds()
}

// SetOutputLimits closes c with ErrOutputLimit when hard bytes of output are waiting, or soft bytes for the time of softFor. 0 means no limit.
func (c *Conn) SetOutputLimits(hard, soft int64, softFor time.Duration) {
	c.hard.Store(hard)
	c.soft, c.softFor = soft, softFor
	c.softSince = 0
}

// Park makes the connection wait: Data is not called, nor more than a buffer of input read, until Resume. Output still flows. The end of the peer's
// input is noticed after Resume: what the peer asked for before is answered.
func (c *Conn) Park() { c.parked, c.watched, c.low = true, false, -1 }

// ParkWatched is Park for waits that may be long: when the peer hangs up, the connection is closed. Redis does so with blocked clients, or
// a client that is gone would take an element from a list.
func (c *Conn) ParkWatched() {
	c.parked, c.watched, c.low = true, true, -1
	if c.resting {
		c.rest(true)
	}
}

// ParkUntilSent is Park until no more than low bytes of output are pending: for the handler that will not produce faster than the peer reads.
func (c *Conn) ParkUntilSent(low int) { c.parked, c.watched, c.low = true, false, max(low, 0) }

// Resume ends Park: Data is called with the unread bytes, even if there is none. Any goroutine; to be called once for one Park.
func (c *Conn) Resume() { c.loop.enqueue(item{c: c, op: opOwn, fn: (*Conn).resume}) }

// Post runs fn on the loop of c, with Out usable, and writes what it appended. It does nothing when c is closed. Any goroutine. What is posted
// to one connection runs in the order of the calls. Every function that waits counts 64 bytes against the hard output limit, so the queue of
// a connection with a limit is bounded.
func (c *Conn) Post(fn func(c *Conn)) { c.queue(item{c: c, op: opCall, fn: fn}, postCost) }

// Push appends b to the output of c as Post would. b is not copied and must not change; several connections may share it. Any goroutine.
func (c *Conn) Push(b []byte) { c.queue(item{c: c, op: opPush, push: b}, postCost+int64(len(b))) }

func (c *Conn) queue(it item, cost int64) {
	if c.dead.Load() {
		return
	}
	waiting := c.queued.Add(cost)
	if hard := c.hard.Load(); hard > 0 && waiting > hard {
		c.Kill(ErrOutputLimit)
		return
	}
	c.loop.enqueue(it)
}

// Kill closes c soon, with output unwritten; err is what Close is told. Any goroutine. On the loop it takes effect after the handler returns.
func (c *Conn) Kill(err error) {
	if c.dead.CompareAndSwap(false, true) {
		c.loop.enqueue(item{c: c, op: opOwn, fn: func(c *Conn) { c.shut(err) }})
	}
}

// Killed tells whether c was killed or is closed. Any goroutine.
func (c *Conn) Killed() bool { return c.dead.Load() }

// CloseAfterFlush ignores further input and closes c when its output is written.
func (c *Conn) CloseAfterFlush() { c.closing = true }

// open is the first thing that happens to c on its loop.
func (c *Conn) open() {
	l := c.loop
	c.low = -1
	c.lastUse = l.mono
	if l.draining {
		c.abandon()
		return
	}
	l.add(c)
	if err := c.tr.start(); err != nil {
		l.group.opts.Logger.Warn("connection not served", "peer", c.remote, "err", err)
		l.remove(c)
		c.abandon()
		return
	}
	c.Out = l.out
	if !l.handler.Open(c) {
		c.closing = true
	}
	c.finish()
}

// abandon drops a connection that was never opened.
func (c *Conn) abandon() {
	c.closed = true
	c.dead.Store(true)
	c.loop.load.Add(-1)
	c.loop.group.current.Add(-1)
	c.tr.close(false)
}

// reads reports whether input is to be taken from the transport.
func (c *Conn) reads() bool { return !c.parked && !c.ended && !c.closing && !c.closed }

// rest tells the transport whether to leave input alone.
func (c *Conn) rest(resting bool) {
	c.resting = resting
	if err := c.tr.rest(resting, c.parked && c.watched); err != nil {
		c.doom(err)
	}
}

// receive takes bytes that the transport read; b is lent.
func (c *Conn) receive(b []byte) {
	l := c.loop
	c.lastUse = l.mono
	l.tally.Reads++
	l.tally.NetIn += int64(len(b))
	if c.in == nil {
		if n := c.offer(b); n < len(b) && c.keepsInput() {
			c.in, c.inPos = l.keep(b[n:]), 0
		}
		return
	}
	if c.inPos > 0 { // the bytes in front were used up
		rest := c.in[c.inPos:]
		if cap(c.in) > readSize && len(rest) < cap(c.in)/4 {
			c.in = l.keep(rest)
		} else {
			c.in = c.in[:copy(c.in, rest)]
		}
		c.inPos = 0
	}
	if need := len(c.in) + len(b); need > cap(c.in) && need > minSpare {
		bigger := append(l.spare(max(need, 2*cap(c.in))), c.in...)
		l.release(c.in)
		c.in = bigger
	}
	c.in = append(c.in, b...)
	c.offerKept()
	if !c.closed && int64(c.Unread()) > l.group.maxInput.Load() {
		c.shut(ErrInputLimit)
	}
}

// keepsInput reports whether bytes that were not used up are still wanted.
func (c *Conn) keepsInput() bool { return !c.closing && !c.closed }

// offerKept offers the input that was kept.
func (c *Conn) offerKept() {
	n := c.offer(c.in[c.inPos:])
	if c.closed {
		return
	}
	c.inPos += n
	if c.inPos == len(c.in) || !c.keepsInput() {
		c.dropInput()
	}
}

func (c *Conn) dropInput() {
	if c.in != nil {
		c.loop.release(c.in)
		c.in, c.inPos = nil, 0
	}
}

// offer calls Data, and writes what it answers.
func (c *Conn) offer(in []byte) int {
	c.Out = c.loop.out
	n := c.loop.handler.Data(c, in)
	if n < 0 || n > len(in) {
		panic("reactor: invariant: Data uses up what it was offered, no more")
	}
	c.finish()
	return n
}

// finish follows every call of the handler that may have written to Out.
func (c *Conn) finish() {
	c.Flush()
	c.settle()
}

// settle ends the loan of Out and does what the handler has asked for.
func (c *Conn) settle() {
	c.loop.takeBack(c.Out)
	c.Out = nil
	switch {
	case c.doomed:
		c.shut(c.cause)
	case c.closing:
		c.closeIfFlushed()
	case c.low >= 0:
		c.resumeIfSent()
	}
}

// resume ends a wait. It is also how a connection with input left goes on.
func (c *Conn) resume() {
	if c.closed || !c.parked {
		return
	}
	c.parked, c.watched, c.low = false, false, -1
	if c.loop.draining {
		c.closing = true
		c.closeIfFlushed()
		return
	}
	if c.resting && !c.ended {
		c.rest(false)
		if c.doomed {
			c.shut(c.cause)
			return
		}
	}
	if c.closing {
		return
	}
	c.offerKept()
	if c.ended && !c.parked && !c.closed {
		c.closeIfFlushed()
	}
}

// endOfInput is told by the transport when the peer sends no more; err is why.
func (c *Conn) endOfInput(err error) {
	if c.closed {
		return
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.shut(err)
		return
	}
	c.ended = true
	switch {
	case !c.parked:
		c.rest(true) // or the end would be reported again and again
		c.closeIfFlushed()
	case c.watched:
		c.shut(nil)
	}
}

// closeIfFlushed closes a connection that is only there for its output, when that is written.
func (c *Conn) closeIfFlushed() {
	switch {
	case c.doomed:
		c.shut(c.cause)
	case c.closed || c.dirty:
	case c.Pending() == 0 && c.tr.idle():
		c.shut(nil)
	default:
		if !c.resting {
			c.dropInput()
			c.rest(true)
		}
		c.setBlocked(true)
	}
}

// doom closes c as soon as the handler is not running.
func (c *Conn) doom(err error) {
	if !c.doomed {
		c.doomed, c.cause = true, err
		c.dead.Store(true)
	}
}

// shut closes c now. It must not be called while the handler runs for c.
func (c *Conn) shut(err error) {
	if c.closed || c.slot < 0 {
		return
	}
	l := c.loop
	graceful := err == nil && c.Pending() == 0
	c.closed = true
	c.dead.Store(true)
	l.remove(c)
	l.load.Add(-1)
	l.group.current.Add(-1)
	c.dropInput()
	c.dropPending()
	c.showPending()
	c.slot = -1
	l.handler.Close(c, err)
	c.tr.close(graceful)
}
