package reactor

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	readSize     = 64 << 10               // the loop's read buffer
	replySize    = 64 << 10               // the loop's reply buffer, at first
	maxKept      = 1 << 20                // a reply buffer that grew beyond this is given up
	maxSpares    = 16                     // buffers a loop keeps for reuse
	minSpare     = 4 << 10                // smaller ones are not worth keeping
	maxSpare     = 256 << 10              // nor are larger ones
	tickInterval = 100 * time.Millisecond // between two calls of Handler.Tick
)

const (
	// flushSlice is how many connections are written to, of those for which the queue brought output, before the loop looks for input again:
	// whoever waits for a reply does not wait for a thousand subscribers. What comes for the others meanwhile goes out in the same write.
	flushSlice = 64
	// farBehind is how much PushAll may have queued for a loop before it asks its callers to wait: bytes of messages, times connections.
	farBehind = 4 << 20
)

// When a loop yields before it sleeps; see pollAfterYield.
const (
	yieldTooLong   = 2 * time.Millisecond
	yieldMaxLong   = 2 // in a row
	yieldPauseLong = 50 * time.Millisecond
	yieldMaxMisses = 8 // in a row
	yieldPause     = 5 * time.Millisecond
)

// Loop is a goroutine that owns connections.
type Loop struct {
	group   *Group
	handler Handler
	index   int
	poll    poller

	// Owned by the goroutine of the loop.
	conns    []*Conn // by slot; nil where free
	free     []int32 // free slots
	live     int     // connections in conns
	blocked  int     // connections in conns that wait for writability
	in       []byte  // read buffer, lent to Data
	out      []byte  // reply buffer, lent as Conn.Out; empty between calls
	spares   [][]byte
	gather   []byte  // scratch of Conn.nextPending
	dirty    []*Conn // dirty[flushed:] have output from the queue that no write was tried for
	flushed  int
	batch    []item // the queue of the last turn, reused; batch[ran:] is to be run
	ran      int
	now      time.Time
	nowUs    int64         // now, in Unix microseconds
	mono     time.Duration // now, since the start of the group; for intervals
	nextTick time.Duration // on the clock of mono
	draining bool          // Shutdown: no new connection, none but parked ones stay
	tally    Counters

	yieldFrom   time.Duration // on the clock of mono: no pollAfterYield before that
	yieldLong   int           // yields in a row that took too long
	yieldMisses int           // yields in a row that brought nothing

	load    atomic.Int64 // connections given to this loop; raised by whoever gives one
	backlog atomic.Int64 // sum of Conn.backlog

	netIn, netOut, reads, writes atomic.Int64 // tally, as of the end of the last turn

	// asleep is true while the loop is about to block, or does, and must be woken for the queue.
	asleep atomic.Bool
	queued atomic.Int64 // len(queue), to look without the lock
	behind atomic.Int64 // cost of what PushAll has put into the queue

	mu    sync.Mutex
	queue []item // guarded by mu; bounded by the output limits of the connections, see Conn.Post, and by farBehind
	dead  bool   // guarded by mu: the loop has ended and the queue takes nothing
}

// item is something to do on the loop.
type item struct {
	c    *Conn
	to   []*Conn
	fn   func(c *Conn)
	run  func()
	push []byte
	op   op
}

// op says which fields of an item count.
type op uint8

const (
	opRun  op = iota // run
	opCall           // fn, for c, with Out usable
	opPush           // push, to the output of c
	opAll            // push, to the output of all of to
	opOwn            // fn, for c, which manages Out itself
)

// Counters is what a loop has moved so far.
type Counters struct {
	NetIn, NetOut int64 // bytes
	Reads, Writes int64 // calls that moved them
}

func newLoop(g *Group, index int) (*Loop, error) {
	l := &Loop{group: g, handler: g.handler, index: index, in: make([]byte, readSize), out: make([]byte, 0, replySize)}
	if err := l.poll.open(); err != nil {
		return nil, err
	}
	l.setClock(time.Now())
	return l, nil
}

// Index returns the position of the loop in Group.Loops.
func (l *Loop) Index() int { return l.index }

// NowUs returns the time in Unix microseconds, as of the start of this turn. Owner only.
func (l *Loop) NowUs() int64 { return l.nowUs }

// NowMs returns the time in Unix milliseconds, as of the start of this turn. Owner only.
func (l *Loop) NowMs() int64 { return l.nowUs / 1000 }

// Counters returns what the loop has moved, as of the end of its last turn.
func (l *Loop) Counters() Counters {
	return Counters{NetIn: l.netIn.Load(), NetOut: l.netOut.Load(), Reads: l.reads.Load(), Writes: l.writes.Load()}
}

// Backlog returns how much output waits for the peers of the connections of the loop. Any goroutine may call it.
func (l *Loop) Backlog() int64 { return l.backlog.Load() }

// Post runs fn on the goroutine of the loop, soon. Any goroutine may call it; after Shutdown it does nothing, and reports false.
func (l *Loop) Post(fn func()) bool { return l.enqueue(item{op: opRun, run: fn}) }

// PushAll appends b to the output of all connections of to, which are the loop's, as Conn.Push would one by one, at the price of one. Neither b
// nor to may change any more. Any goroutine.
//
// It reports whether the loop is far behind with such work. Then the caller should soon wait, for the sake of memory, until a function that it
// posts now has run: by then the loop has come to b. Nothing else bounds this part of the queue.
func (l *Loop) PushAll(to []*Conn, b []byte) (behind bool) {
	it := item{op: opAll, to: to, push: b}
	behind = l.behind.Add(it.cost()) > farBehind
	if !l.enqueue(it) {
		l.behind.Add(-it.cost())
		return false
	}
	return behind
}

// cost is what an item of PushAll counts while it waits.
func (it *item) cost() int64 { return int64(len(it.to)) * int64(len(it.push)+postCost) }

// Queued reports whether the queue has something left to run, which will run before what is posted now. Owner only.
func (l *Loop) Queued() bool { return l.ran < len(l.batch) || l.queued.Load() > 0 }

// EachConn calls fn for every connection of the loop. Owner only. fn may Kill or Post; Out is not usable in it.
func (l *Loop) EachConn(fn func(c *Conn)) {
	for _, c := range l.conns {
		if c != nil {
			fn(c)
		}
	}
}

// enqueue hands it to the loop, and reports false when the loop has ended.
func (l *Loop) enqueue(it item) bool {
	l.mu.Lock()
	if l.dead {
		l.mu.Unlock()
		return false
	}
	l.queue = append(l.queue, it)
	l.queued.Store(int64(len(l.queue)))
	// Under the lock, so that the loop cannot end and close its descriptors in between. It is a system call only for a loop that sleeps.
	// The loop sets asleep and then looks at queued; here it is the other way round, so one of the two sees the other.
	if l.asleep.Load() && l.asleep.CompareAndSwap(true, false) {
		l.poll.wake()
	}
	l.mu.Unlock()
	return true
}

// run is the loop.
func (l *Loop) run() {
	// The loop keeps its thread: it is mostly in the kernel, and a thread that stays keeps its place in the processor's caches.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		n := l.wait()
		l.setClock(time.Now())
		l.runQueue() // before reading: what was posted when a peer sent its command comes before the reply
		l.handle(n)
		l.flushDirty()
		if l.mono >= l.nextTick {
			l.nextTick = l.mono + tickInterval
			l.tick()
		}
		l.publish()
		if l.draining && l.live == 0 && l.end() {
			if end := l.group.opts.LoopEnd; end != nil {
				end(l)
			}
			return
		}
	}
}

// wait returns how many descriptors are ready; it blocks only when none is, the queue is empty, nothing is to be written and no tick is due.
func (l *Loop) wait() int {
	n := l.poll.poll()
	if len(l.dirty) > 0 {
		return n
	}
	if n == 0 && l.queued.Load() == 0 {
		n = l.pollAfterYield()
	}
	if n > 0 || l.queued.Load() > 0 {
		return n
	}
	l.asleep.Store(true)
	if l.queued.Load() == 0 {
		n = l.poll.wait(max(l.nextTick-l.mono, 0))
	}
	l.asleep.Store(false)
	return n
}

// pollAfterYield lets another thread run before the loop would sleep, and looks again. Where clients share the processor, they use the time to
// send; sleeping and being woken for each request costs about as much as the request (measured at pipeline 1 with two loops on two cores:
// up to half the processor time). It is left alone for a while when it does not pay, and when somebody who computes takes the time: then
// a sleeper is served sooner.
func (l *Loop) pollAfterYield() int {
	if l.mono < l.yieldFrom {
		return 0
	}
	before := time.Now()
	l.poll.yield()
	n := l.poll.poll()
	if time.Since(before) <= yieldTooLong {
		l.yieldLong = 0
	} else if l.yieldLong++; l.yieldLong == yieldMaxLong {
		l.yieldLong = 0
		l.yieldFrom = l.mono + yieldPauseLong
	}
	if n > 0 {
		l.yieldMisses = 0
	} else if l.yieldMisses++; l.yieldMisses == yieldMaxMisses {
		l.yieldMisses = 0
		l.yieldFrom = max(l.yieldFrom, l.mono+yieldPause)
	}
	return n
}

func (l *Loop) setClock(now time.Time) {
	l.now = now
	l.nowUs = now.UnixMicro()
	l.mono = now.Sub(l.group.start)
}

// runQueue does what other goroutines, and this one, have asked for.
func (l *Loop) runQueue() {
	if l.queued.Load() == 0 {
		return
	}
	l.mu.Lock()
	l.batch, l.queue = l.queue, l.batch[:0]
	l.queued.Store(0)
	l.mu.Unlock()
	for l.ran = 0; l.ran < len(l.batch); {
		it := &l.batch[l.ran]
		l.ran++
		switch it.op {
		case opRun:
			it.run()
		case opCall:
			it.c.posted(it)
		case opPush:
			it.c.queued.Add(-postCost - int64(len(it.push)))
			it.c.pushed(it.push)
		case opAll:
			b := l.joined(it)
			for _, c := range it.to {
				c.pushed(b)
			}
		case opOwn:
			it.fn(it.c)
		}
	}
	clear(l.batch)
	if cap(l.batch) > 4096 && len(l.batch) < cap(l.batch)/4 {
		l.batch, l.ran = nil, 0 // the rush is over
	}
}

// joined returns the bytes of an item of PushAll and of those after it that are for the same connections, and skips these: every connection
// is visited once for all of them.
func (l *Loop) joined(it *item) []byte {
	n, size := l.ran, len(it.push)
	for n < len(l.batch) && size < gatherSize && it.sameConns(&l.batch[n]) {
		size += len(l.batch[n].push)
		n++
	}
	same := l.batch[l.ran-1 : n]
	l.ran = n
	b := it.push
	if len(same) > 1 {
		b = make([]byte, 0, size)
		for i := range same {
			b = append(b, same[i].push...)
		}
	}
	for i := range same {
		l.behind.Add(-same[i].cost())
	}
	return b
}

// sameConns tells whether both items are of PushAll and for the same list of connections.
func (it *item) sameConns(other *item) bool {
	return other.op == opAll && len(it.to) == len(other.to) && len(it.to) > 0 && &it.to[0] == &other.to[0]
}

// flushDirty writes, once for each connection, what the queue produced, to flushSlice of them at most.
func (l *Loop) flushDirty() {
	end := min(l.flushed+flushSlice, len(l.dirty))
	for ; l.flushed < end; l.flushed++ {
		c := l.dirty[l.flushed]
		l.dirty[l.flushed] = nil
		c.dirty = false
		if !c.closed && !c.blocked {
			c.sendPending()
		}
	}
	if l.flushed > len(l.dirty)/2 {
		n := copy(l.dirty, l.dirty[l.flushed:])
		clear(l.dirty[n:])
		l.dirty, l.flushed = l.dirty[:n], 0
	}
}

// tick does what is due now and then, and calls the handler's Tick.
func (l *Loop) tick() {
	l.retryAccept()
	if l.blocked > 0 {
		for _, c := range l.conns {
			if c != nil && c.blocked {
				c.checkSlow()
			}
		}
	}
	l.handler.Tick(l, l.now)
}

// publish lets other goroutines read the counters. They are stored once a turn because each store is a locked instruction.
func (l *Loop) publish() {
	t := &l.tally
	if t.Reads != l.reads.Load() {
		l.reads.Store(t.Reads)
		l.netIn.Store(t.NetIn)
	}
	if t.Writes != l.writes.Load() {
		l.writes.Store(t.Writes)
		l.netOut.Store(t.NetOut)
	}
}

// drain starts the end of the loop: connections are closed when their output is written, parked ones after they resumed.
func (l *Loop) drain() {
	l.draining = true
	for _, c := range l.conns {
		if c != nil && (!c.parked || c.watched || c.low >= 0) {
			c.closing = true
			c.closeIfFlushed()
		}
	}
}

// abort closes what is left.
func (l *Loop) abort() {
	l.draining = true
	for _, c := range l.conns {
		if c != nil {
			c.shut(ErrShutdown)
		}
	}
}

// end closes the queue and the descriptors of the loop. It reports false when the queue has something left to run first.
func (l *Loop) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 {
		return false
	}
	l.dead = true
	l.poll.close()
	return true
}

// add puts c in the table.
func (l *Loop) add(c *Conn) {
	if n := len(l.free); n > 0 {
		c.slot = l.free[n-1]
		l.free = l.free[:n-1]
		l.conns[c.slot] = c
	} else {
		c.slot = int32(len(l.conns))
		l.conns = append(l.conns, c)
	}
	l.live++
}

// remove takes c out of the table. Its slot is not given away before the queue runs, so events of this turn cannot hit a successor.
func (l *Loop) remove(c *Conn) {
	l.conns[c.slot] = nil
	l.free = append(l.free, c.slot)
	l.live--
	if c.blocked {
		c.blocked = false
		l.blocked--
	}
}

// keep returns a copy of b in a buffer that the caller owns until release. A small copy takes no more memory than it needs.
func (l *Loop) keep(b []byte) []byte {
	if len(b) < minSpare {
		return append([]byte(nil), b...)
	}
	return append(l.spare(len(b)), b...)
}

// spare returns an empty buffer with room for n bytes at least.
func (l *Loop) spare(n int) []byte {
	if i := len(l.spares) - 1; i >= 0 && cap(l.spares[i]) >= n {
		b := l.spares[i]
		l.spares[i] = nil
		l.spares = l.spares[:i]
		return b
	}
	return make([]byte, 0, max(n, minSpare))
}

// release takes a buffer back.
func (l *Loop) release(b []byte) {
	if cap(b) >= minSpare && cap(b) <= maxSpare && len(l.spares) < maxSpares {
		l.spares = append(l.spares, b[:0])
	}
}

// takeBack ends the loan of the reply buffer, which may have become another one meanwhile.
func (l *Loop) takeBack(out []byte) {
	if cap(out) > maxKept || cap(out) < replySize {
		out = make([]byte, 0, replySize)
	}
	l.out = out[:0]
}
