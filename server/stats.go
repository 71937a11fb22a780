package server

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// errorStats counts error replies by their code.
type errorStats struct {
	total atomic.Int64
	mu    sync.Mutex
	codes map[string]int64
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
	threshold atomic.Int64 // ms, 0 = off
	mu        sync.Mutex
	events    map[string]*latencyEvent
}

// latencySamples is how many spikes are kept per event.
const latencySamples = 160

type latencyEvent struct {
	samples []latencySample // oldest first
	max     int64           // ms
}

type latencySample struct{ unix, ms int64 }

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

// sampleRates updates the rates of INFO; it is called once a second.
func (s *Server) sampleRates() {}
