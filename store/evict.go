package store

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Eviction removes keys that nobody asked to remove, to keep the data within its limit.
//
// Which key goes is found by sampling, as Redis does it: each shard keeps a pool of the best candidates that it has
// seen (evict_pool.go). The best of the shard that has the best of all is removed, some further keys of that shard are
// looked at, and so on. Shards need not have equal shares of what is old, and the pools of all together choose better
// than one. A candidate that was used since it was seen is none any more.
//
// A shard is locked for one slice at a time. Expired keys that are met go first. Sticky keys never go. What a running
// snapshot owes goes when it is written: a big value is left alone until then, and so is a shard whose records wait for
// the disk.
//
// A big value is freed in the background. From its removal on it counts as freed (Shard.Live): else many more keys
// would go before it is.

// Policy says which keys may be evicted, and which of them first.
type Policy uint8

// The policies of maxmemory-policy.
const (
	NoEviction Policy = iota
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	VolatileLRU
	VolatileLFU
	VolatileTTL
	VolatileRandom
)

// volatile tells whether only keys with a deadline go.
func (p Policy) volatile() bool { return p >= VolatileLRU }

// lfu tells whether the keys that are used least often go first.
func (p Policy) lfu() bool { return p == AllKeysLFU || p == VolatileLFU }

// random tells whether all keys are alike.
func (p Policy) random() bool { return p == AllKeysRandom || p == VolatileRandom }

// Room says what came of a wish for memory.
type Room uint8

const (
	// RoomEnough: the data is within the limit.
	RoomEnough Room = iota
	// RoomLater: it is not, and there is more to evict, or there may be when a snapshot or a script goes on.
	RoomLater
	// RoomNone: it is not, and nothing can be evicted.
	RoomNone
)

const (
	// evictBatch is how many keys one lock visit evicts at most, and evictBytes after how much it ends: some 50 µs.
	evictBatch, evictBytes = 16, 1 << 20
	// choiceOf is how many shards are looked at for the best candidate. One visit of strayEvery goes to any shard, which
	// may have better ones than it knows.
	choiceOf, strayEvery = 8, 16
	// A shard in which a search found nothing is not searched again for barrenMs, one of which a snapshot or a script
	// lets nothing go for heldMs.
	barrenMs, heldMs = 100, 5
)

// evictState is what the store knows of its limit and how to keep it.
type evictState struct {
	limit   atomic.Int64  // bytes of live data
	step    atomic.Int64  // how far the live data of a shard may differ from what it has published
	policy  atomic.Uint32 // Policy in the low 8 bits; above them a number that changes with it
	samples atomic.Int64
	turn    atomic.Uint32 // counts visits
}

// initEviction is called when the store has its shards.
func (s *Store) initEviction() {
	s.SetLimit(math.MaxInt64)
	s.SetEvictionSamples(5)
	s.SetPolicy(NoEviction)
}

// SetLimit sets how many bytes the data may take, as counted by Used; math.MaxInt64 is no limit.
func (s *Store) SetLimit(bytes int64) {
	s.evict.limit.Store(bytes)
	// All shards together are wrong by a thousandth of the limit at most.
	s.evict.step.Store(min(publishStep, max(0, bytes)/int64(1024*len(s.shards))))
}

// Limit returns how many bytes the data may take.
func (s *Store) Limit() int64 { return s.evict.limit.Load() }

// SetPolicy chooses what is evicted, and how uses of keys are recorded. When that changes it takes a while until the
// records mean something again.
func (s *Store) SetPolicy(p Policy) {
	e := &s.evict
	e.policy.Store((e.policy.Load()>>8+1)<<8 | uint32(p))
	s.LFU.Store(p.lfu())
	for _, sh := range s.shards {
		sh.best.Store(bestUnknown)
	}
}

// Policy returns what is evicted.
func (s *Store) Policy() Policy { return Policy(s.evict.policy.Load()) }

// SetEvictionSamples sets how many keys are looked at for each that is evicted.
func (s *Store) SetEvictionSamples(n int) { s.evict.samples.Store(int64(n)) }

// OverLimit tells whether there is more data than there may be, or a shard near the end of its address space.
func (s *Store) OverLimit() bool {
	return s.used.Load() > s.evict.limit.Load() || s.full.Load() > 0
}

// Eviction says how much is to be evicted.
type Eviction struct {
	Goal  int64     // bytes that the data should take at most, as counted by Used
	NowMs int64     // by which keys have expired, and were used some time ago
	Until time.Time // the end, if the goal is not reached before; the zero time never comes
	Keys  int       // likewise, about how many keys go at most; 0 is no limit
	// Client is whose command needs the room, 0 for none: Options.Modified is told.
	Client int64
}

// Evict removes keys until a goal is reached. No shard is locked by the caller.
func (s *Store) Evict(want Eviction) Room {
	e := evictor{s: s, nowMs: want.NowMs, goal: want.Goal, client: want.Client, round: s.evict.policy.Load()}
	e.policy = Policy(e.round)
	for s.used.Load() > e.goal {
		if e.policy == NoEviction {
			return RoomNone
		}
		sh := e.next()
		switch {
		case sh == nil:
			return s.roomLeft()
		case !sh.Acquire():
			sh.quiet(e.nowMs, heldBack)
		default:
			e.visit(sh)
			sh.Unlock()
		}
		if want.Keys > 0 && e.evicted >= want.Keys || !want.Until.IsZero() && !time.Now().Before(want.Until) {
			return RoomLater
		}
	}
	if s.Full() {
		return RoomNone // of addresses; that may need more than the room of some keys
	}
	return RoomEnough
}

// roomLeft tells whether shards in which nothing can be evicted now may have something later.
func (s *Store) roomLeft() Room {
	for _, sh := range s.shards {
		if sh.quietFor.Load() == heldBack {
			return RoomLater
		}
	}
	return RoomNone
}

// evictor is one call of Evict.
type evictor struct {
	s       *Store
	nowMs   int64
	goal    int64
	client  int64
	policy  Policy
	round   uint32 // evictState.policy
	other   int64  // the best score of the shards that were not chosen
	evicted int    // keys
}

// next chooses the shard that is visited next; nil if in none of them anything can be evicted.
func (e *evictor) next() *Shard {
	shards := e.s.shards
	turn := int(e.s.evict.turn.Add(1))
	first := rand.IntN(len(shards))
	var best *Shard
	score := int64(math.MinInt64)
	e.other = math.MinInt64
	for i := range shards {
		if i >= choiceOf && best != nil {
			break
		}
		sh := shards[(first+i)%len(shards)]
		switch b := sh.best.Load(); {
		case sh.isQuiet(e.nowMs):
		case best == nil || b > score:
			best, score, e.other = sh, b, score
		default:
			e.other = max(e.other, b)
		}
	}
	if stray := shards[turn/strayEvery%len(shards)]; turn%strayEvery == 0 && best != nil && stray != best && !stray.isQuiet(e.nowMs) {
		e.other = score
		return stray
	}
	if best == nil {
		return e.revived()
	}
	return best
}

// revived returns a shard that was barren and has got keys since; nil if there is none.
func (e *evictor) revived() *Shard {
	for _, sh := range e.s.shards {
		was := sh.quietFor.Load()
		if was == heldBack || !sh.Acquire() {
			continue
		}
		n := sh.candidates(e.policy)
		sh.Unlock()
		if n != was {
			return sh
		}
	}
	return nil
}

// heldBack stands for the number of candidates of a shard that has some, but lets none go now.
const heldBack = -1

// quiet keeps the shard from being visited for a while. n is the number of keys that there are for the policy, none of
// which can be evicted, or heldBack.
func (sh *Shard) quiet(nowMs, n int64) {
	sh.quietAt.Store(nowMs)
	sh.quietFor.Store(n)
}

// isQuiet tells whether the shard is to be left alone.
func (sh *Shard) isQuiet(nowMs int64) bool {
	d := nowMs - sh.quietAt.Load()
	return d >= 0 && (d < heldMs || d < barrenMs && sh.quietFor.Load() != heldBack)
}

// visit evicts from a shard, which is locked, while it has the best candidates.
func (e *evictor) visit(sh *Shard) {
	pool := &sh.pool
	if pool.round != e.round {
		*pool = evictPool{round: e.round}
	}
	sh.publish()
	before, need := sh.Live(), e.s.used.Load()-e.goal
	evicted, held := 0, 0
	for tries := 0; tries < 2*evictBatch && evicted < evictBatch && before-sh.Live() < min(need, evictBytes); tries++ {
		if sh.snap != nil && sh.snap.w.Backlog() > sh.snap.maxBacklog {
			held++
			break
		}
		e.sample(sh)
		if pool.n == 0 && !e.search(sh) || pool.best() < e.other {
			break
		}
		switch e.remove(sh, pool.take()) {
		case removed:
			evicted++
		case owed:
			held++
		}
	}
	e.evicted += evicted
	if evicted == 0 && held > 0 {
		sh.quiet(e.nowMs, heldBack)
	}
	sh.best.Store(pool.best())
	sh.publish()
}
