package server

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reactor"
	"dragonfly/store"
)

// errorStats counts error replies by their code.
type errorStats struct {
	total atomic.Int64
	mu    sync.Mutex
	codes map[string]int64
}

// errorCount says how often an error code was answered.
type errorCount struct {
	code string
	n    int64
}

// sorted lists the codes with their counts, by code.
func (e *errorStats) sorted() []errorCount {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]errorCount, 0, len(e.codes))
	for _, code := range slices.Sorted(maps.Keys(e.codes)) {
		list = append(list, errorCount{code, e.codes[code]})
	}
	return list
}

// count returns how often a code was answered.
func (e *errorStats) count(code string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.codes[code]
}

func (e *errorStats) reset() {
	e.total.Store(0)
	e.mu.Lock()
	clear(e.codes)
	e.mu.Unlock()
}

// maxErrorCodes bounds the codes counted, since scripts can make up their own.
const maxErrorCodes = 128

// countError counts an error reply.
func (s *Server) countError(text string) {
	code, _, _ := strings.Cut(text, " ")
	e := &s.errors
	e.total.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.codes == nil {
		e.codes = map[string]int64{}
	}
	if _, known := e.codes[code]; known || len(e.codes) < maxErrorCodes {
		e.codes[code]++
	}
}

// latencyMonitor keeps the spikes that LATENCY shows.
type latencyMonitor struct {
	threshold  atomic.Int64 // ms, 0 = off
	histograms atomic.Bool  // of all commands that are timed

	mu     sync.Mutex
	events map[string]*latencyEvent
}

// latencySamples is how many spikes are kept per event.
const latencySamples = 160

type latencyEvent struct {
	samples []latencySample // oldest first
	max     int64           // ms
}

type latencySample struct{ unix, ms int64 }

// offer notes a command, if it was slow enough to be a spike.
func (m *latencyMonitor) offer(cmd *command.Command, d time.Duration, nowMs int64) {
	if t := m.threshold.Load(); t == 0 || d.Milliseconds() < t {
		return
	}
	event := "command"
	if cmd.Flags&command.Fast != 0 {
		event = "fast-command"
	}
	m.add(event, d, time.UnixMilli(nowMs))
}

// add notes that event took d, if that is a spike.
func (m *latencyMonitor) add(event string, d time.Duration, now time.Time) {
	ms := d.Milliseconds()
	if t := m.threshold.Load(); t == 0 || ms < t {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.events == nil {
		m.events = map[string]*latencyEvent{}
	}
	e := m.events[event]
	if e == nil {
		e = &latencyEvent{}
		m.events[event] = e
	}
	e.max = max(e.max, ms)
	if n := len(e.samples); n > 0 && e.samples[n-1].unix == now.Unix() {
		e.samples[n-1].ms = max(e.samples[n-1].ms, ms)
		return
	}
	e.samples = append(e.samples, latencySample{now.Unix(), ms})
	if len(e.samples) > latencySamples {
		e.samples = e.samples[1:]
	}
}

// runStats are what INFO counts from, and the rates.
type runStats struct {
	// What the counters that cannot be set back said at the last CONFIG RESETSTAT.
	accepted, rejected atomic.Int64

	inputLimit, outputLimit atomic.Int64    // connections closed because they passed the limit
	moved                   [4]atomic.Int64 // as in traffic

	opsPerSec, inPerSec, outPerSec atomic.Int64

	last struct { // owned by sampleRates
		at      time.Time
		calls   int64
		in, out int64
	}
}

// countEnd counts the end of a connection, if it was for one of the reasons that INFO tells of.
func (r *runStats) countEnd(err error) {
	switch {
	case errors.Is(err, reactor.ErrInputLimit):
		r.inputLimit.Add(1)
	case errors.Is(err, reactor.ErrOutputLimit):
		r.outputLimit.Add(1)
	}
}

// traffic is what all loops have moved.
type traffic struct{ in, out, reads, writes int64 }

// traffic sums what the loops have moved since the start of the server.
func (s *Server) traffic() (t traffic) {
	for _, l := range s.group.Loops() {
		c := l.Counters()
		t.in += c.NetIn
		t.out += c.NetOut
		t.reads += c.Reads
		t.writes += c.Writes
	}
	return t
}

// trafficSinceReset is traffic since the last CONFIG RESETSTAT.
func (s *Server) trafficSinceReset() traffic {
	t, m := s.traffic(), &s.stats.moved
	return traffic{t.in - m[0].Load(), t.out - m[1].Load(), t.reads - m[2].Load(), t.writes - m[3].Load()}
}

// calls returns the number of commands run.
func (s *Server) calls() (n int64) {
	for _, cmd := range s.registry.All() {
		n += cmd.Stats.Calls.Load()
	}
	return n
}

// sampleRates updates the rates of INFO; it is called once a second.
func (s *Server) sampleRates() {
	now, calls, t := time.Now(), s.calls(), s.traffic()
	r := &s.stats
	if d := now.Sub(r.last.at).Seconds(); !r.last.at.IsZero() && d > 0 {
		rate := func(now, before int64) int64 { return int64(float64(max(0, now-before))/d + 0.5) }
		r.opsPerSec.Store(rate(calls, r.last.calls))
		r.inPerSec.Store(rate(t.in, r.last.in))
		r.outPerSec.Store(rate(t.out, r.last.out))
	}
	r.last.at, r.last.calls, r.last.in, r.last.out = now, calls, t.in, t.out
}

// resetStats sets the counters of INFO to zero. All shards are locked.
func (s *Server) resetStats() {
	for _, cmd := range s.registry.All() {
		cmd.Stats.Reset()
	}
	s.errors.reset()
	s.acl.log.ResetCounts()
	for i := range s.store.NumShards() {
		s.store.Shard(i).Stats = store.Stats{}
	}
	s.stats.accepted.Store(s.group.Accepted())
	s.stats.rejected.Store(s.clients.rejected.Load())
	s.stats.inputLimit.Store(0)
	s.stats.outputLimit.Store(0)
	s.clients.eviction.number.Store(0)
	t := s.traffic()
	for i, n := range [...]int64{t.in, t.out, t.reads, t.writes} {
		s.stats.moved[i].Store(n)
	}
	s.peak.Store(s.usedMemory())
}
