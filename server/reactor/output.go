package reactor

import "slices"

// Output goes through three places: Out, which the handler appends to; what is pending, since no write was tried yet or the transport did
// not take it; the transport. What is pending is pend[pendPos:], bytes of the connection's own, and behind them what is in shared. Own bytes
// that come when something is shared go behind it, as slices like the others.

const (
	gatherSize = 64 << 10 // small slices are collected in a buffer of this size for one write
	gatherMax  = 16 << 10 // larger ones are written from where they are
	maxKeptRow = 16       // room for slices that an idle connection keeps
)

// row is output that a connection has in common with others: slices that nobody changes, in order.
type row struct {
	list [][]byte
	pos  int // list[pos:] is not sent
	size int // bytes of list[pos:]
}

// add puts b at the end.
func (r *row) add(b []byte) {
	if r.pos > len(r.list)/2 {
		n := copy(r.list, r.list[r.pos:])
		clear(r.list[n:])
		r.list, r.pos = r.list[:n], 0
	}
	r.list = append(r.list, b)
	r.size += len(b)
}

// drop takes the first n bytes away.
func (r *row) drop(n int) {
	r.size -= n
	for n > 0 {
		first := &r.list[r.pos]
		if n < len(*first) {
			*first = (*first)[n:]
			return
		}
		n -= len(*first)
		*first = nil
		r.pos++
	}
	if r.size > 0 {
		return
	}
	r.list, r.pos = r.list[:0], 0
	if cap(r.list) > maxKeptRow {
		r.list = nil
	}
}

// Flush tries to write what is in Out, and empties it: a handler that produces much calls it now and then, to keep Out small. It does not
// block; what the peer does not take is kept. It reports false when the connection is beyond its limit, or broken: further output is lost.
//
// Output that is beyond the hard limit before any of it was offered to the peer is not written at all: so a client that asks for too much is
// closed no matter how fast it reads, as in Redis.
func (c *Conn) Flush() bool {
	out := c.Out
	c.Out = out[:0]
	if len(out) == 0 || c.doomed {
		return !c.doomed
	}
	if hard := c.hard.Load(); hard > 0 && int64(len(out)+c.Pending()) > hard {
		c.doom(ErrOutputLimit)
		return false
	}
	if c.Pending() > 0 {
		c.appendPending(out)
		if !c.blocked {
			c.writePending()
		}
		c.checkLimits()
		return !c.doomed
	}
	n := c.write(out)
	if n < len(out) && !c.doomed {
		if len(out) > replySize {
			// The buffer itself becomes what is pending: cheaper than to copy it, and the loop does not keep a giant.
			c.pend, c.pendPos = out, n
			c.Out = make([]byte, 0, replySize)
		} else {
			c.pend, c.pendPos = c.loop.keep(out[n:]), 0
		}
		c.setBlocked(true)
		c.checkLimits()
	}
	return !c.doomed
}

// write gives b to the transport and returns how much of it was taken.
func (c *Conn) write(b []byte) int {
	n, err := c.tr.send(b)
	if err != nil {
		c.doom(err)
		return n
	}
	l := c.loop
	if n > 0 {
		c.lastUse = l.mono
	}
	l.tally.Writes++
	l.tally.NetOut += int64(n)
	return n
}

// posted runs a function of the queue that is meant for c. Its output is kept until the queue is done: so one write takes all of it.
func (c *Conn) posted(it *item) {
	c.queued.Add(-postCost)
	if c.closed {
		return
	}
	c.Out = c.loop.out
	it.fn(c)
	if len(c.Out) > maxKept || (len(c.Out) > 0 && c.doomed) {
		c.Flush()
	} else if len(c.Out) > 0 {
		c.appendPending(c.Out)
	}
	c.checkLimits()
	c.setDirty()
	c.settle()
}

// pushed takes b, which others may hold too, as output. Like that of posted, it is written when the queue is done: a subscriber with a
// hundred messages in the queue is written to once.
func (c *Conn) pushed(b []byte) {
	if c.closed || len(b) == 0 {
		return
	}
	c.shared.add(b)
	c.checkLimits()
	c.setDirty()
	if c.doomed {
		c.shut(c.cause)
	}
}

// setDirty has the loop write what is pending, unless somebody will anyway.
func (c *Conn) setDirty() {
	if c.Pending() > 0 && !c.dirty && !c.blocked {
		c.dirty = true
		c.loop.dirty = append(c.loop.dirty, c)
	}
}

// appendPending adds a copy of b to what is pending.
func (c *Conn) appendPending(b []byte) {
	if len(b) == 0 {
		return
	}
	if c.shared.size > 0 {
		c.shared.add(slices.Clone(b))
		return
	}
	if c.pend == nil {
		c.pend, c.pendPos = c.loop.spare(len(b)), 0
	}
	if c.pendPos > len(c.pend)/2 {
		c.pend = c.pend[:copy(c.pend, c.pend[c.pendPos:])]
		c.pendPos = 0
	}
	c.pend = append(c.pend, b...)
}

// writePending writes what is pending, as far as the peer takes it.
func (c *Conn) writePending() {
	for c.Pending() > 0 {
		b := c.nextPending()
		n := c.write(b)
		if c.doomed {
			return
		}
		if own := min(n, len(c.pend)-c.pendPos); own > 0 {
			c.pendPos += own
			n -= own
			b = b[own:]
		}
		c.shared.drop(n)
		if c.pend != nil && c.pendPos == len(c.pend) {
			c.loop.release(c.pend)
			c.pend, c.pendPos = nil, 0
		}
		if n < len(b) {
			break
		}
	}
	if c.Pending() == 0 {
		c.dropPending()
	}
	c.setBlocked(c.Pending() > 0)
	c.showPending()
}

// nextPending returns the beginning of what is pending in one piece: as it is, or collected in a buffer of the loop.
func (c *Conn) nextPending() []byte {
	own := c.pend[c.pendPos:]
	if c.shared.size == 0 || len(own) >= gatherMax {
		return own
	}
	rest := c.shared.list[c.shared.pos:]
	if len(own) == 0 && (len(rest) == 1 || len(rest[0]) >= gatherMax) {
		return rest[0]
	}
	b := append(c.loop.gather[:0], own...)
	for _, s := range rest {
		if room := gatherSize - len(b); len(s) > room {
			b = append(b, s[:room]...)
			break
		}
		b = append(b, s...)
	}
	c.loop.gather = b
	return b
}

// sendPending is called by the transport when it takes output again, and by the loop for what the queue produced. The handler is not running.
func (c *Conn) sendPending() {
	if c.closed {
		return
	}
	c.writePending()
	switch {
	case c.doomed:
		c.shut(c.cause)
	case c.closing, c.ended && !c.parked:
		c.closeIfFlushed()
	case c.low >= 0:
		c.resumeIfSent()
	}
}

// dropPending forgets what is pending.
func (c *Conn) dropPending() {
	if c.pend != nil {
		c.loop.release(c.pend)
		c.pend, c.pendPos = nil, 0
	}
	if c.shared.size > 0 {
		c.shared = row{}
	}
	c.softSince = 0
}

// setBlocked notes whether output waits for the transport.
func (c *Conn) setBlocked(on bool) {
	if c.blocked == on {
		return
	}
	c.blocked = on
	if on {
		c.loop.blocked++
	} else {
		c.loop.blocked--
	}
	if err := c.tr.awaitWritable(on); err != nil {
		c.doom(err)
	}
}

// showPending lets other goroutines see how much output waits for the peer.
func (c *Conn) showPending() {
	n := int64(0)
	if c.blocked {
		n = int64(c.Pending())
	}
	if was := c.backlog.Load(); was != n {
		c.backlog.Store(n)
		c.loop.backlog.Add(n - was)
	}
}

// resumeIfSent ends ParkUntilSent. Through the queue, since the caller may be Data itself.
func (c *Conn) resumeIfSent() {
	if c.Pending() <= c.low {
		c.low = -1
		c.Resume()
	}
}

// checkLimits holds what is pending against the limits.
func (c *Conn) checkLimits() {
	if c.blocked {
		c.showPending()
	}
	pending := int64(c.Pending())
	if hard := c.hard.Load(); hard > 0 && pending > hard {
		c.doom(ErrOutputLimit)
		return
	}
	if c.soft <= 0 || pending <= c.soft {
		c.softSince = 0
		return
	}
	now := c.loop.mono
	if c.softSince == 0 {
		c.softSince = max(now, 1)
	} else if now-c.softSince > c.softFor {
		c.doom(ErrOutputLimit)
	}
}

// checkSlow is called each tick for a connection whose output waits.
func (c *Conn) checkSlow() {
	c.checkLimits()
	if (c.closing || c.ended) && c.loop.mono-c.lastUse > c.loop.group.opts.FlushTimeout {
		c.doom(ErrFlushTimeout)
	}
	if c.doomed {
		c.shut(c.cause)
	}
}
