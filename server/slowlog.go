package server

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/command"
)

const (
	slowMaxArgs   = 32  // arguments kept of one command
	slowMaxString = 128 // bytes kept of one argument
	// A threshold below this means that even the quickest commands must be timed one by one.
	slowTimesAll = time.Millisecond
)

// slowlog is the log of slow commands.
type slowlog struct {
	threshold atomic.Int64 // ns; negative = off
	timesAll  atomic.Bool  // time quick commands too

	mu      sync.Mutex
	reasons timeReasons // why timesAll is set
	max     int
	nextID  int64
	entries []slowEntry // newest last
}

type slowEntry struct {
	id         int64
	unix       int64 // seconds
	took       time.Duration
	args       [][]byte
	addr, name string
}

// timeReasons are reasons to time quick commands one by one.
type timeReasons uint8

const (
	timeForSlowlog timeReasons = 1 << iota
	timeForLatency
)

// timeAll adds or removes a reason to time quick commands too.
func (l *slowlog) timeAll(why timeReasons, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if on {
		l.reasons |= why
	} else {
		l.reasons &^= why
	}
	l.timesAll.Store(l.reasons != 0)
}

// configure sets the threshold in microseconds (negative: off) and the number of entries kept.
func (l *slowlog) configure(thresholdUs, maxLen int) {
	ns := int64(thresholdUs) * int64(time.Microsecond)
	l.threshold.Store(ns)
	l.timeAll(timeForSlowlog, thresholdUs >= 0 && ns < int64(slowTimesAll))
	l.mu.Lock()
	l.max = maxLen
	l.trim()
	l.mu.Unlock()
}

func (l *slowlog) trim() {
	if over := len(l.entries) - l.max; over > 0 {
		l.entries = append([]slowEntry(nil), l.entries[over:]...)
	}
}

// offer logs a command if it was slow.
func (l *slowlog) offer(cl *client, cmd *command.Command, args [][]byte, took time.Duration, nowMs int64) {
	if t := l.threshold.Load(); t < 0 || int64(took) < t || cmd.Flags&command.SkipSlowlog != 0 || cl == nil {
		return
	}
	args = cl.server.redact(cmd, args)
	e := slowEntry{unix: nowMs / 1000, took: took, addr: cl.addr, name: cl.Name}
	for i, a := range args {
		if i == slowMaxArgs-1 && len(args) > slowMaxArgs {
			e.args = append(e.args, fmt.Appendf(nil, "... (%d more arguments)", len(args)-slowMaxArgs+1))
			break
		}
		if len(a) > slowMaxString {
			e.args = append(e.args, fmt.Appendf(nil, "%s... (%d more bytes)", a[:slowMaxString], len(a)-slowMaxString))
		} else {
			e.args = append(e.args, append([]byte(nil), a...))
		}
	}
	l.mu.Lock()
	e.id = l.nextID
	l.nextID++
	l.entries = append(l.entries, e)
	l.trim()
	l.mu.Unlock()
}

// accountWait counts a call that was answered later than its command returned. It is called on the loop of the client.
func (s *Server) accountWait(cl *client, cmd *command.Command, args [][]byte, took time.Duration) {
	nowMs := cl.conn.Loop().NowMs()
	cmd.Stats.Timed(took, s.latency.histograms.Load())
	s.slow.offer(cl, cmd, args, took, nowMs)
	s.latency.offer(cmd, took, nowMs)
}
