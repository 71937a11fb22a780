package reactor

// Output goes through three places: Out, which the handler appends to; pend, what the transport did not take yet; the transport.

// Flush tries to write what is in Out, and empties it: a handler that produces much calls it now and then, to keep Out small. It does not
// block; what the peer does not take is kept. It reports false when the connection is beyond its limit, or broken: further output is lost.
func (c *Conn) Flush() bool {
	out := c.Out
	c.Out = out[:0]
	if len(out) == 0 || c.doomed {
		return !c.doomed
	}
	if c.pend != nil {
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

// posted runs an item of the queue that is meant for c. Its output is kept until the queue is done: a subscriber with a hundred messages
// in the queue is written to once.
func (c *Conn) posted(it *item) {
	if c.closed {
		return
	}
	if it.op == opPush {
		c.queued.Add(-postCost - int64(len(it.push)))
		c.appendPending(it.push)
	} else {
		c.queued.Add(-postCost)
		c.Out = c.loop.out
		it.fn(c)
		if len(c.Out) > maxKept || (len(c.Out) > 0 && c.doomed) {
			c.Flush()
		} else if len(c.Out) > 0 {
			c.appendPending(c.Out)
		}
	}
	c.checkLimits()
	if c.pend != nil && !c.dirty && !c.blocked {
		c.dirty = true
		c.loop.dirty = append(c.loop.dirty, c)
	}
	if it.op == opCall {
		c.settle()
	} else if c.doomed {
		c.shut(c.cause)
	}
}

// appendPending adds b to what is pending.
func (c *Conn) appendPending(b []byte) {
	if len(b) == 0 {
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
	if c.pend != nil {
		c.pendPos += c.write(c.pend[c.pendPos:])
		if c.doomed {
			return
		}
		if c.pendPos == len(c.pend) {
			c.dropPending()
		}
	}
	c.setBlocked(c.pend != nil)
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

func (c *Conn) dropPending() {
	if c.pend != nil {
		c.loop.release(c.pend)
		c.pend, c.pendPos = nil, 0
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

// resumeIfSent ends ParkUntilSent. Through the queue, since the caller may be Data itself.
func (c *Conn) resumeIfSent() {
	if c.Pending() <= c.low {
		c.low = -1
		c.Resume()
	}
}

// checkLimits holds what is pending against the limits.
func (c *Conn) checkLimits() {
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
