package server

import (
	"slices"
	"sync"
	"sync/atomic"

	"dragonfly/store/resperr"
)

// lent is about scripts that run for long: between their steps they keep their shards but not the locks (see package tx),
// so that the loops go on. Clients whose commands need those shards wait here.
type lent struct {
	ended atomic.Uint64 // how often those who wait were told to try again: a script gave its shards back, or became busy
	busy  atomic.Int32  // scripts that run for longer than busy-reply-threshold

	mu      sync.Mutex
	scripts []*executor // that are between two steps, or have been
	waiting []*client
	ending  bool // the server ends, and all scripts
}

// enter notes a script that is about to lend its shards for the first time.
func (l *lent) enter(x *executor) {
	l.mu.Lock()
	l.scripts = append(l.scripts, x)
	if l.ending {
		x.kill(resperr.ScriptKilled)
	}
	l.mu.Unlock()
}

// leave notes that a script is done and has unlocked its shards; who waited goes on.
func (l *lent) leave(x *executor) {
	l.mu.Lock()
	l.scripts = slices.DeleteFunc(l.scripts, func(y *executor) bool { return y == x })
	l.mu.Unlock()
	l.release()
}

// add makes a parked client wait until a script ends. ended is how often that had happened when its command was tried.
func (l *lent) add(cl *client, ended uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended.Load() != ended || len(l.scripts) == 0 {
		cl.wake()
		return
	}
	l.waiting = append(l.waiting, cl)
}

// forget drops a client that is gone.
func (l *lent) forget(cl *client) {
	l.mu.Lock()
	l.waiting = slices.DeleteFunc(l.waiting, func(x *client) bool { return x == cl })
	l.mu.Unlock()
}

// release lets all who wait try again: they get what they asked for, or BUSY.
func (l *lent) release() {
	l.mu.Lock()
	l.ended.Add(1) // who was refused a shard before, and comes to wait after this, does not wait
	list := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	for _, cl := range list {
		cl.wake()
	}
}

// find returns a script that runs for long, nil if there is none.
func (l *lent) find(want func(x *executor) bool) *executor {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.IndexFunc(l.scripts, want); i >= 0 {
		return l.scripts[i]
	}
	return nil
}

// busyError is what commands are answered while a script is busy.
func (l *lent) busyError() error {
	if x := l.find(func(x *executor) bool { return x.busy }); x != nil && x.function.Load() != nil {
		return resperr.BusyFunction
	}
	return resperr.BusyScript
}

// kill ends a script that runs for long, a function or else a script of EVAL.
func (l *lent) kill(function bool) error {
	x := l.find(func(x *executor) bool { return x.busy })
	if x == nil {
		x = l.find(func(x *executor) bool { return x.what.script })
	}
	switch {
	case x == nil:
		return resperr.NotBusy
	case function && x.function.Load() == nil:
		return resperr.BusyScript
	case !function && x.function.Load() != nil:
		return resperr.BusyFunction
	case x.wrote.Load():
		return resperr.Unkillable
	}
	x.kill(resperr.ScriptKilled)
	return nil
}

// killAll ends all scripts: the server ends.
func (l *lent) killAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = true
	for _, x := range l.scripts {
		x.kill(resperr.ScriptKilled)
	}
}
