package server

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/config"
	"dragonfly/store"
	"dragonfly/store/resperr"
)

// Memory beyond maxmemory.
//
// What counts is the data, without what is being freed in the background, and the buffers of clients. A command that may
// take memory, and comes when there is too much in use, evicts before it runs, as long as maxmemory-eviction-tenacity
// says; in the background eviction goes on meanwhile. A command that comes when nothing can be evicted is refused. One
// that comes when far too much is in use, because eviction does not keep up or a snapshot must be waited for, waits.
//
// In cache mode eviction begins ahead of the limit, in the background, so that commands find room.

const (
	// Commands wait when the data is beyond its limit by a 16th and a MiB.
	waitShare, waitLeast = 16, 1 << 20
	// backgroundShare is the part of its interval that the background may evict.
	backgroundShare = 0.5
	// limitStep is how much the buffers of clients must change for the limit of the data to follow.
	limitStep = 64 << 10
	// Commands wait, too, when what the data takes in the process, with what is free between its blocks, is beyond maxmemory
	// by a fifth and 16 MiB, until enough of it was moved together.
	sparseShare, sparseLeast = 5, 16 << 20
)

// eviction is what the server knows of its memory beyond the store.
type eviction struct {
	patience atomic.Int64 // ns that a command may evict; math.MaxInt64 is for ever
	input    atomic.Int64 // bytes of unread input that is kept for clients

	// since is when memory was found beyond the limit, in Unix ms, 0 while it is not; exceeded is how long it was, in ms,
	// all times before together.
	since, exceeded atomic.Int64

	// goal is what the data may take. That is the limit of the store, too, but while sparse is true: then every command is to
	// find out that it waits.
	goal   atomic.Int64
	sparse atomic.Bool
	moving atomic.Bool // memory is being moved together
	// buffers is what clients take, as counted in goal. Stored with mu held, as goal is.
	buffers atomic.Int64

	mu      sync.Mutex
	waiting []func() // wake clients that wait for room; guarded by mu
}

// policyOf returns the policy of the store for a value of maxmemory-policy.
func policyOf(name string) store.Policy {
	return []store.Policy{
		store.VolatileLRU, store.VolatileLFU, store.VolatileRandom, store.VolatileTTL,
		store.AllKeysLRU, store.AllKeysLFU, store.AllKeysRandom, store.NoEviction,
	}[max(0, slices.Index(config.Policies(), name))]
}

// patienceOf returns how long a command may evict with a maxmemory-eviction-tenacity, as Redis has it.
func patienceOf(tenacity int64) time.Duration {
	const usual = 500 * time.Microsecond
	switch {
	case tenacity <= 10:
		return usual * time.Duration(tenacity) / 10
	case tenacity < 100:
		return time.Duration(float64(usual) * math.Pow(1.15, float64(tenacity-10)))
	}
	return math.MaxInt64
}

// initEviction sets the store up as the settings say.
func (s *Server) initEviction() {
	cfg := &s.params.cfg
	if cfg.CacheMode && cfg.MaxMemoryPolicy == "noeviction" {
		cfg.MaxMemoryPolicy = cachePolicy
	}
	s.store.SetPolicy(policyOf(cfg.MaxMemoryPolicy))
	s.store.SetEvictionSamples(cfg.MaxMemorySamples)
	s.store.LFUFactor.Store(int64(cfg.LFULogFactor))
	s.store.LFUDecay.Store(int64(cfg.LFUDecayTime))
	s.evict.patience.Store(int64(patienceOf(int64(cfg.EvictionTenacity))))
	s.limitData()
}

// cachePolicy is what cache mode evicts unless a policy is chosen. Like Dragonfly's it is not impressed by keys that are
// used once.
const cachePolicy = "allkeys-lfu"

// limitData gives the data what maxmemory leaves for it.
func (s *Server) limitData() {
	e := &s.evict
	e.mu.Lock()
	defer e.mu.Unlock()
	e.buffers.Store(s.clientBuffers())
	goal := int64(math.MaxInt64)
	if limit := s.maxMemory.Load(); limit > 0 {
		goal = limit - baseMemory - e.buffers.Load()
	}
	e.goal.Store(goal)
	if e.sparse.Load() {
		goal = -1
	}
	s.store.SetLimit(goal)
}

// clientBuffers returns the bytes that clients take.
func (s *Server) clientBuffers() int64 {
	n := s.evict.input.Load() + s.clients.eviction.other.Load() + int64(clientMemory*s.clients.len())
	for _, l := range s.group.Loops() {
		n += l.Backlog()
	}
	return n
}

// mayEvict tells whether keys may go now: not while a file is loaded, nor while clients are paused.
func (s *Server) mayEvict() bool { return !s.loading.Load() && !s.pause.active.Load() }

// takesMemory tells whether a command may take memory: only then there must be room for it. What a client reads that
// tracks takes some, too.
func takesMemory(cl *client, cmd *command.Command) bool {
	return cmd.Flags&command.ReadOnly == 0 || cl.Multi != nil || cl.tracking != nil
}

// needsMemory tells whether a command is refused when there is no memory left: EXEC is for what it would run, and so is
// all else in a transaction, since what is queued takes memory, but for what ends it.
func needsMemory(cl *client, cmd *command.Command) bool {
	if cl.Multi == nil || cmd.Flags&command.DenyOOM != 0 {
		return cmd.Flags&command.DenyOOM != 0
	}
	switch cmd.Name {
	case "exec":
		return cl.Multi.NeedsMemory
	case "discard", "quit", "reset":
		return false
	}
	return true
}

// makeRoom is called when there is more data than there may be, before a command of a client runs that may take memory.
// It returns false if the command does not run: it was refused, or the client waits. No shard stays locked.
func (co *coordinator) makeRoom(cl *client, cmd *command.Command) bool {
	s := co.s
	if !s.mayEvict() {
		return true
	}
	co.tx.Unlock()
	s.followBuffers()
	room := s.evictFor(time.Duration(s.evict.patience.Load()), co.nowMs, cl.ID)
	if cl.tracking != nil {
		co.out.Buf = cl.appendNotices(co.out.Buf) // as in Redis before the reply
	}
	co.full = room == store.RoomNone
	switch {
	case !needsMemory(cl, cmd):
		return true
	case room == store.RoomNone:
		co.refuse(cl, cmd, resperr.OOM)
		return false
	case s.evict.sparse.Load() || room == store.RoomLater && s.farBeyondLimit():
		co.park(cl)
		s.evict.await(cl.onWake)
		return false
	}
	return true
}

// farBeyondLimit tells whether commands that take memory should wait.
func (s *Server) farBeyondLimit() bool {
	limit := max(0, s.evict.goal.Load())
	return s.store.Used() > limit+limit/waitShare+waitLeast
}

// await notes somebody who waits for room.
func (e *eviction) await(wake func()) {
	e.mu.Lock()
	e.waiting = append(e.waiting, wake)
	e.mu.Unlock()
}

// release wakes all who wait for room: they find out what has become of it.
func (e *eviction) release() {
	e.mu.Lock()
	waiting := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	for _, wake := range waiting {
		wake()
	}
}

// evictFor evicts until the data is within its limit, or for a time, because of a command of a client.
func (s *Server) evictFor(d time.Duration, nowMs, client int64) store.Room {
	start := time.Now()
	until := time.Time{}
	if d < math.MaxInt64 {
		until = start.Add(d)
	}
	room := s.store.Evict(store.Eviction{Goal: s.evict.goal.Load(), NowMs: nowMs, Until: until, Client: client})
	s.latency.add("eviction-cycle", time.Since(start), start)
	return room
}

// evictInBackground keeps the data within its limit until ctx ends.
func (s *Server) evictInBackground(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	budget := time.Duration(float64(interval) * backgroundShare)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.followBuffers()
		now := time.Now()
		over := s.store.Used() > s.evict.goal.Load()
		s.evict.clock(over, now.UnixMilli())
		switch {
		case !s.mayEvict():
		case over:
			s.evictSlices(store.Eviction{Goal: s.evict.goal.Load(), NowMs: now.UnixMilli(), Until: now.Add(budget)})
		default:
			if ahead, ok := s.evictAhead(); ok {
				ahead.NowMs, ahead.Until = now.UnixMilli(), now.Add(budget)
				s.evictSlices(ahead)
			}
		}
		s.moveTogether(ctx, budget)
		s.evict.release()
	}
}

// moveTogether defragments memory if much of it is wasted and it is short. When far too much is taken, clients that want
// more wait until it is less.
func (s *Server) moveTogether(ctx context.Context, budget time.Duration) {
	e := &s.evict
	for ctx.Err() == nil {
		cfg, limit := s.params.settings(), s.maxMemory.Load()
		more := limit > 0 && float64(s.usedMemory()) >= cfg.DefragThreshold*float64(limit) &&
			s.store.Defragment(store.Defrag{Waste: cfg.DefragWaste, Below: cfg.DefragUtilization}, time.Now().Add(budget))
		sparse := more && s.store.Resident() > limit+limit/sparseShare+sparseLeast
		e.moving.Store(more)
		if sparse != e.sparse.Load() {
			e.sparse.Store(sparse)
			s.limitData()
		}
		if !sparse {
			return
		}
		runtime.Gosched()
	}
}

// evictSlices evicts and lets others run after each millisecond.
func (s *Server) evictSlices(want store.Eviction) {
	end := want.Until
	for now := time.Now(); now.Before(end); now = time.Now() {
		want.Until = now.Add(time.Millisecond)
		if want.Until.After(end) {
			want.Until = end
		}
		if s.store.Evict(want) != store.RoomLater {
			break
		}
		runtime.Gosched()
	}
	if s.store.HasReady() {
		s.serveLater()
	}
}

// evictAhead returns what cache mode evicts while there is room left; ok is false if nothing.
func (s *Server) evictAhead() (want store.Eviction, ok bool) {
	limit := s.maxMemory.Load()
	if !s.cfg.CacheMode || limit <= 0 {
		return want, false
	}
	cfg := s.params.settings()
	want.Goal = s.evict.goal.Load() - int64(float64(limit)*cfg.EvictionThreshold)
	want.Keys = cfg.EvictionPerInterval * s.store.NumShards()
	return want, cfg.HeartbeatEviction && want.Keys > 0 && s.store.Used() > want.Goal
}

// followBuffers makes the limit of the data follow the buffers of clients.
func (s *Server) followBuffers() {
	d := s.clientBuffers() - s.evict.buffers.Load()
	if d > limitStep || d < -limitStep {
		s.limitData()
	}
}

// clock measures for how long memory is beyond the limit.
func (e *eviction) clock(over bool, nowMs int64) {
	since := e.since.Load()
	switch {
	case over && since == 0:
		e.since.Store(nowMs)
	case !over && since != 0:
		e.exceeded.Add(max(0, nowMs-since))
		e.since.Store(0)
	}
}

// times returns for how long memory has been beyond the limit, in ms: all in all, and this time.
func (e *eviction) times(nowMs int64) (total, current int64) {
	if since := e.since.Load(); since != 0 {
		current = max(0, nowMs-since)
	}
	return e.exceeded.Load() + current, current
}
