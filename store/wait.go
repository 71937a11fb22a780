package store

import (
	"cmp"
	"iter"
	"slices"
	"sync/atomic"
)

// Waiter is a client that waits until one of some keys changes. It stands in a queue per key; the queues of a key are
// guarded by the lock of its shard.
type Waiter struct {
	// Owner is who waits; it means nothing to the store.
	Owner any
	// Gone tells that the waiter cares for a key that is no more, not only for one that is there.
	Gone bool
	// Wide tells that the waiter needs several shards to be served: WideWaiters finds it.
	Wide   bool
	places []*place
}

// waitKey names a key of any database.
type waitKey struct {
	db  int
	key string
}

// place is the place of a waiter in the queue of one key.
type place struct {
	w          *Waiter // nil in the head of a queue
	q          *waitQueue
	prev, next *place // prev stays when the place is left
	left       bool
	pass       uint64 // the latest that came here
}

// waitQueue is who waits for one key, in the order in which they came: a ring around head.
type waitQueue struct {
	key   waitKey
	shard *Shard
	head  place
	ready bool // in Shard.ready
	gone  int  // waiters that have Gone set
	wide  int  // waiters that have Wide set
}

// Ready is a key that changed while clients waited for it.
type Ready struct {
	DB  int
	Key []byte
	seq uint64
}

// waits is what the store knows of waiters as a whole, for those who look without a lock.
type waits struct {
	waiters atomic.Int64 // places in queues
	keys    atomic.Int64 // queues
	gone    atomic.Int64 // queues in which somebody has Gone set
	ready   atomic.Int64 // keys in Shard.ready
	seq     atomic.Uint64
}

// Waiters tells whether anybody waits for a key.
func (s *Store) Waiters() bool { return s.waits.waiters.Load() != 0 }

// WaitedKeys returns how many keys are waited for, and how many of them by somebody who cares for their being gone.
func (s *Store) WaitedKeys() (keys, gone int64) { return s.waits.keys.Load(), s.waits.gone.Load() }

// HasReady tells whether keys have changed that somebody waits for, and were not taken by TakeReady.
func (s *Store) HasReady() bool { return s.waits.ready.Load() != 0 }

// Await puts w at the end of the queues of keys. Their shards are locked.
func (v *View) Await(w *Waiter, keys [][]byte) {
	for _, key := range keys {
		sh := v.st.shards[v.st.ShardOf(key)]
		if sh.waiting == nil {
			sh.waiting = map[waitKey]*waitQueue{}
		}
		k := waitKey{v.Index, string(key)}
		q := sh.waiting[k]
		if q == nil {
			q = &waitQueue{key: k, shard: sh}
			q.head.prev, q.head.next = &q.head, &q.head
			sh.waiting[k] = q
			v.st.waits.keys.Add(1)
		}
		if slices.ContainsFunc(w.places, func(p *place) bool { return p.q == q }) {
			continue // the same key twice
		}
		p := &place{w: w, q: q, prev: q.head.prev, next: &q.head}
		p.prev.next, p.next.prev = p, p
		w.places = append(w.places, p)
	}
	for _, p := range w.places {
		if w.Gone {
			if p.q.gone++; p.q.gone == 1 {
				v.st.waits.gone.Add(1)
			}
		}
		if w.Wide {
			p.q.wide++
		}
	}
	v.st.waits.waiters.Add(int64(len(w.places)))
}

// leave takes a place out of its queue. The shard is locked.
func (p *place) leave() {
	p.prev.next, p.next.prev, p.left = p.next, p.prev, true
	q := p.q
	st := q.shard.st
	if p.w.Gone {
		if q.gone--; q.gone == 0 {
			st.waits.gone.Add(-1)
		}
	}
	if p.w.Wide {
		q.wide--
	}
	if q.head.next == &q.head {
		delete(q.shard.waiting, q.key)
		st.waits.keys.Add(-1)
	}
	st.waits.waiters.Add(-1)
}

// Leave takes w out of all queues. Their shards are locked by the caller.
func (w *Waiter) Leave() {
	for _, p := range w.places {
		p.leave()
	}
	w.places = nil
}

// Forget takes w out of all queues, of which no shard is locked by the caller. Nobody may call Leave meanwhile.
func (s *Store) Forget(w *Waiter) {
	for _, p := range w.places {
		p.q.shard.mu.Lock() // even while a script keeps the shard: it does not look at queues between its steps
		p.leave()
		p.q.shard.mu.Unlock()
	}
	w.places = nil
}

// WideWaiters goes through those who wait for a key and need several shards, if any does, and through others: the first most
// in its queue. The shard of the key is locked.
func (s *Store) WideWaiters(db int, key []byte, most int) iter.Seq[*Waiter] {
	return func(yield func(*Waiter) bool) {
		sh := s.shards[s.ShardOf(key)]
		if len(sh.waiting) == 0 {
			return
		}
		q := sh.waiting[waitKey{db, string(key)}]
		if q == nil || q.wide == 0 {
			return
		}
		for p := q.head.next; p != &q.head && most > 0 && yield(p.w); p = p.next {
			most--
		}
	}
}

// Pass goes once through the queue of a ready key, those first who came first. Who is in the queue may leave it meanwhile,
// and the shard may be unlocked and locked again between two steps.
type Pass struct {
	s  *Store
	r  Ready
	n  uint64 // no other pass has it
	at *place // of the latest step; nil before the first
}

// NewPass begins a pass.
func (s *Store) NewPass(r Ready) Pass { return Pass{s: s, r: r, n: s.waits.seq.Add(1)} }

// Next returns the next in the queue, or nil at the end; if the key is gone, of those who care for that. The shard of the
// key is locked.
func (ps *Pass) Next(gone bool) *Waiter {
	q := ps.s.shards[ps.s.ShardOf(ps.r.Key)].waiting[waitKey{ps.r.DB, string(ps.r.Key)}]
	if q == nil || gone && q.gone == 0 {
		return nil
	}
	// Who left still knows who was before him, and others come at the end only: nobody between that one and the end of
	// the queue is passed over.
	p := ps.at
	for p != nil && p.left {
		p = p.prev
	}
	if p == nil || p.q != q {
		p = &q.head
	}
	for p = p.next; p != &q.head; p = p.next {
		if p.pass != ps.n && (!gone || p.w.Gone) {
			p.pass, ps.at = ps.n, p
			return p.w
		}
	}
	return nil
}

// wake notes that a key changed, if anybody waits for it. The shard is locked.
func (sh *Shard) wake(db int, key []byte) {
	if len(sh.waiting) == 0 {
		return
	}
	if q := sh.waiting[waitKey{db, string(key)}]; q != nil {
		sh.makeReady(q)
	}
}

// wakeDB notes that all keys of a database may have changed.
func (sh *Shard) wakeDB(db int) {
	for k, q := range sh.waiting {
		if k.db == db {
			sh.makeReady(q)
		}
	}
}

func (sh *Shard) makeReady(q *waitQueue) {
	if !q.ready {
		q.ready = true
		sh.ready = append(sh.ready, readyQueue{q, sh.st.waits.seq.Add(1)})
		sh.st.waits.ready.Add(1)
	}
}

// readyQueue is a queue whose key has changed, and when.
type readyQueue struct {
	q   *waitQueue
	seq uint64
}

// Wake lets those who wait for a key look at it again although it did not change. The shard of the key is locked.
func (v *View) Wake(key []byte) { v.st.shards[v.st.ShardOf(key)].wake(v.Index, key) }

// TakeReady appends the keys that changed while somebody waited for them, and takes them off the list. The shard is locked.
func (sh *Shard) TakeReady(dst []Ready) []Ready {
	for _, r := range sh.ready {
		r.q.ready = false
		dst = append(dst, Ready{DB: r.q.key.db, Key: []byte(r.q.key.key), seq: r.seq})
	}
	sh.st.waits.ready.Add(-int64(len(sh.ready)))
	clear(sh.ready)
	sh.ready = sh.ready[:0]
	return dst
}

// SortReady puts keys into the order in which they became ready.
func SortReady(list []Ready) {
	slices.SortFunc(list, func(a, b Ready) int { return cmp.Compare(a.seq, b.seq) })
}
