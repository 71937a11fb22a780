package store

import (
	"math"
	"math/rand/v2"

	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// poolSize is how many candidates a shard remembers.
const poolSize = 16

// evictPool are the best candidates of a shard. It refers to entries without a claim on them: whether they are still
// there is found out when their turn comes. Guarded by the shard lock.
type evictPool struct {
	n     int
	round uint32              // evictState.policy that the scores are for
	list  [poolSize]candidate // the worst first
}

// candidate is an entry that may be evicted. Of two the one with the higher score goes first. The score of an entry that
// is not used never falls.
type candidate struct {
	score int64
	hash  uint64 // of its key
	entry ref
	db    int32
}

// What others see of the pool of a shard is its best score, or one of these.
const (
	bestUnknown = math.MaxInt64 // not looked yet
	bestNone    = math.MinInt64 // no candidates
)

// best returns the score of the best candidate.
func (p *evictPool) best() int64 {
	if p.n == 0 {
		return bestNone
	}
	return p.list[p.n-1].score
}

// take returns the best candidate of a pool that has one and forgets it.
func (p *evictPool) take() candidate {
	p.n--
	return p.list[p.n]
}

// worst returns the score that a candidate must exceed to come in.
func (p *evictPool) worst() int64 {
	if p.n < poolSize {
		return bestNone
	}
	return p.list[0].score
}

// add puts c into the pool unless it is there, and drops the worst candidate if there is no place.
func (p *evictPool) add(c candidate) {
	at := 0
	for i := range p.n {
		x := &p.list[i]
		if x.entry == c.entry && x.db == c.db {
			return
		}
		if x.score < c.score {
			at = i + 1
		}
	}
	if p.n == poolSize {
		at--
		copy(p.list[:at], p.list[1:at+1])
	} else {
		copy(p.list[at+1:p.n+1], p.list[at:p.n])
		p.n++
	}
	p.list[at] = c
}

// score says how well an entry may be missed; ok is false if it must not go.
func (e *evictor) score(c object.Cell) (score int64, ok bool) {
	ms, volatile := c.Deadline()
	if c.Sticky() || e.policy.volatile() && !volatile {
		return 0, false
	}
	v := View{st: e.s, NowMs: e.nowMs}
	switch e.policy {
	case AllKeysLRU, VolatileLRU:
		return v.IdleMs(c)/1000 - e.nowMs/1000, true // the second of the last use, negative
	case AllKeysLFU, VolatileLFU:
		// Of those that are used equally often the one goes that was not used for longer.
		return int64(255-v.Freq(c))<<16 | v.unusedMinutes(c), true
	case VolatileTTL:
		return -ms, true
	}
	return rand.Int64(), true
}

// offer considers an entry for the pool and tells whether it could be evicted.
func (e *evictor) offer(sh *Shard, db int, c object.Cell) bool {
	score, ok := e.score(c)
	if !ok {
		return false
	}
	if c.Pending() {
		sh.search.owed = true
		return false
	}
	if score > sh.pool.worst() {
		sh.pool.add(candidate{score: score, hash: dash.Hash(c.Key()), entry: *c.Slot, db: int32(db)})
	}
	return true
}

// sample looks at some keys of each database of a shard. Expired ones go at once.
func (e *evictor) sample(sh *Shard) {
	n := int(e.s.evict.samples.Load())
	for i, db := range sh.dbs {
		look := n
		switch {
		case db.Len() == 0, e.policy.volatile() && db.expires == 0:
			continue
		case e.policy.volatile():
			look = 4 * n // not all of them have a deadline
		case e.policy.random():
			look = 1
		}
		var due dash.Segment
		found := 0
		db.Table.Near(look, func(s dash.Segment, slot *ref) bool {
			if e.isDue(s) {
				due = s
				return false
			}
			if e.offer(sh, i, object.Cell{A: sh.A, Slot: slot}) {
				found++
			}
			return found < n
		})
		if due != (dash.Segment{}) {
			db.expireSegment(due, e.nowMs)
		}
	}
}

// isDue tells whether a segment should be searched for expired keys.
func (e *evictor) isDue(s dash.Segment) bool {
	return s.MinDeadline() < e.nowMs && !e.s.NoExpire.Load() && !e.s.NoActiveExpire.Load() && !e.s.KeepExpired.Load()
}

// searchCursor is where the search of a shard goes on.
type searchCursor struct {
	db  int
	pos uint64
	// Since it found something: the databases that it came to the end of, and whether there are values that a snapshot
	// has yet to write.
	dbs  int
	owed bool
}

// search goes on through the shard, a slice at a time, when samples find no candidate because there are few. It tells
// whether there is one now. When it has been everywhere in vain the shard is barren for a while.
func (e *evictor) search(sh *Shard) bool {
	cur := &sh.search
	for looked, searched := 0, 0; looked < lookSlice && searched < expireSlice; looked++ {
		db := sh.dbs[cur.db]
		s, next, ok := db.SegmentAt(cur.pos)
		if !ok || e.policy.volatile() && db.expires == 0 {
			cur.pos, cur.db = 0, (cur.db+1)%len(sh.dbs)
			if cur.dbs++; cur.dbs <= len(sh.dbs) {
				continue
			}
			if cur.owed {
				sh.quiet(e.nowMs, heldBack)
			} else {
				sh.quiet(e.nowMs, sh.candidates(e.policy))
			}
			cur.dbs, cur.owed = 0, false
			return false
		}
		if e.policy.volatile() && s.MinDeadline() == math.MaxInt64 || s.Count() == 0 {
			cur.pos = next
			continue
		}
		searched++
		if e.isDue(s) {
			db.expireSegment(s, e.nowMs) // what is left comes next
			continue
		}
		cur.pos = next
		db.EachBucket(s, func(b *dash.Bucket) {
			b.Prefetch(sh.A)
			b.Each(func(slot *ref) { e.offer(sh, cur.db, object.Cell{A: sh.A, Slot: slot}) })
		})
		if sh.pool.n > 0 {
			cur.dbs, cur.owed = 0, false
			return true
		}
	}
	return false
}

// candidates returns the number of keys that a policy is about.
func (sh *Shard) candidates(p Policy) (n int64) {
	for _, db := range sh.dbs {
		if p.volatile() {
			n += int64(db.expires)
		} else {
			n += int64(db.Len())
		}
	}
	return n
}

// removal is what became of a candidate.
type removal uint8

const (
	stale   removal = iota // it is gone, or was used since, or does not go for another reason
	owed                   // a snapshot has yet to write it
	removed                // it is evicted, or has expired
)

// remove evicts a candidate.
func (e *evictor) remove(sh *Shard, x candidate) removal {
	db := sh.dbs[x.db]
	p := db.Table.FindRef(x.hash, x.entry)
	if !p.Ok() {
		return stale
	}
	c := object.Cell{A: sh.A, Slot: p.Slot()}
	if score, ok := e.score(c); !ok || score < x.score && !e.policy.random() {
		return stale
	}
	if db.snap != nil && db.snap.owes(p, c) {
		return owed
	}
	sh.name = append(sh.name[:0], c.Key()...)
	if ms, ok := c.Deadline(); ok && ms < e.nowMs && !e.s.NoExpire.Load() {
		db.expire(p, c, sh.name)
		return removed
	}
	sh.Stats.Evicted++
	db.remove(p, c)
	db.trip(e.client, sh.name)
	db.event(EventEvicted, "evicted", sh.name)
	return removed
}
