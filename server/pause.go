package server

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/script"
)

// pause is CLIENT PAUSE: commands wait until it ends.
type pause struct {
	active atomic.Bool // a pause may be on; the rest is looked at then only. Changed with mu held

	mu      sync.Mutex
	untilMs int64
	all     bool // reads wait too
	waiting []*client
	// keep is Store.KeepExpired, which is true during a pause: who looks at the data finds that nothing changes.
	keep *atomic.Bool
}

// hold parks a client whose command has to wait for the end of the pause, and tells whether it did; the input of the
// client stays unread then. Looking and parking are one step, or a pause that ends between them would forget the client.
func (p *pause) hold(cmd *command.Command, args [][]byte, cl *client, nowMs int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.active.Load() || nowMs >= p.untilMs || !p.concerns(cmd, args, cl) {
		return false
	}
	cl.waiting = true
	cl.conn.Park()
	p.waiting = append(p.waiting, cl)
	return true
}

// concerns tells whether the pause is for a command.
func (p *pause) concerns(cmd *command.Command, args [][]byte, cl *client) bool {
	switch {
	case cmd.Name == "client|unpause" || cmd.Name == "client|pause" || cmd.Flags&command.NoAuth != 0:
		return false
	case p.all:
		return true
	case cmd.Name == "exec":
		return cl.Multi != nil && cl.Multi.Writes
	}
	return mayWrite(cl.server, cmd, args)
}

// mayWrite tells whether a command waits for the end of a pause of writes. A script does unless it says, or its command,
// that it does not write.
func mayWrite(s *Server, cmd *command.Command, args [][]byte) bool {
	if cmd.Flags&command.Script == 0 || cmd.Flags&(command.Write|command.ReadOnly) != 0 {
		return writes(cmd)
	}
	return s.scriptFlagsOf(cmd, args)&script.NoWrites == 0
}

// scriptFlagsOf returns the flags of the script or function that a command runs, none if there is no such.
func (s *Server) scriptFlagsOf(cmd *command.Command, args [][]byte) script.Flags {
	switch cmd.Name {
	case "eval":
		return script.FlagsOf(args[1]) // the cache gets it when it is run
	case "evalsha":
		if sc := s.scripts.Get(args[1]); sc != nil {
			return sc.Flags()
		}
	case "fcall":
		if f, ok := s.functions.get().Find(args[1]); ok {
			return f.Flags
		}
	}
	return 0
}

// writes tells whether a command waits for the end of a pause of writes: those count, too, that change or reach more
// than their flags say.
func writes(cmd *command.Command) bool {
	return cmd.Flags&command.Write != 0 || cmd.Name == "publish" || cmd.Name == "spublish" || cmd.Name == "pfcount"
}

// forget drops a client that is gone.
func (p *pause) forget(cl *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(x *client) bool { return x == cl })
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
	p.setLocked(true)
	p.mu.Unlock()
	time.AfterFunc(time.Duration(untilMs-nowMs)*time.Millisecond+time.Millisecond, func() { p.release(false) })
}

func (p *pause) setLocked(active bool) {
	p.active.Store(active)
	p.keep.Store(active)
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
	p.setLocked(false)
	list := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	for _, cl := range list {
		cl.wake()
	}
}
