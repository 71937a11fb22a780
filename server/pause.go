package server

import (
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/command"
)

// pause is CLIENT PAUSE: commands wait until it ends.
type pause struct {
	active atomic.Bool // a pause may be on; the rest is looked at then only

	mu      sync.Mutex
	untilMs int64
	all     bool // reads wait too
	waiting []*client
}

// holds tells whether a command has to wait.
func (p *pause) holds(cmd *command.Command, cl *client, nowMs int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if nowMs >= p.untilMs {
		return false
	}
	if cmd.Name == "client|unpause" || cmd.Name == "client|pause" || cmd.Flags&command.NoAuth != 0 {
		return false
	}
	if p.all {
		return true
	}
	if cmd.Name == "exec" && cl.Multi != nil {
		return true
	}
	return cmd.Flags&command.Write != 0 || cmd.Name == "publish" || cmd.Name == "spublish" || cmd.Name == "pfcount"
}

// wait parks a client until the pause ends; its input stays unread.
func (p *pause) wait(cl *client) {
	cl.waiting = true
	cl.conn.Park()
	p.mu.Lock()
	p.waiting = append(p.waiting, cl)
	p.mu.Unlock()
}

// count returns the number of clients that wait.
func (p *pause) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

// begin starts a pause or extends it: the later end and the wider kind win.
func (p *pause) begin(nowMs, untilMs int64, all bool) {
	p.mu.Lock()
	if nowMs >= p.untilMs {
		p.untilMs, p.all = 0, false
	}
	p.untilMs = max(p.untilMs, untilMs)
	p.all = p.all || all
	p.mu.Unlock()
	p.active.Store(true)
	time.AfterFunc(time.Duration(untilMs-nowMs)*time.Millisecond+time.Millisecond, func() { p.release(false) })
}

// release lets the waiting clients go on if the pause is over, or now.
func (p *pause) release(now bool) {
	p.mu.Lock()
	if now {
		p.untilMs = 0
	}
	if time.Now().UnixMilli() < p.untilMs {
		p.mu.Unlock()
		return
	}
	p.active.Store(false)
	list := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	for _, cl := range list {
		cl.wake()
	}
}
