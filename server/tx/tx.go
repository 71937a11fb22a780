// Package tx is the coordinator: it knows that a shard is owned by taking its lock, and in which order.
//
// # Lock order
//
//	tx → shard, ascending by id → nothing
//
// A unit of work (a command, EXEC) names the shards of its keys before it starts; they are locked in ascending order,
// the unit runs, and they are unlocked. So units that share a shard are ordered alike on all shards they share:
// the whole is strictly serialisable. Within a unit no further lock is waited for. A handler that walks over
// all shards and needs no common instant (SCAN, DBSIZE) visits them one at a time instead.
package tx

import "dragonfly/store"

// Tx is the set of shards that a connection's unit of work holds. Each loop has one.
type Tx struct {
	st   *store.Store
	held []bool
	list []int // held shards, ascending
	all  bool
	// single is the one shard held by the fast path for commands with one key, -1 = none.
	single int
}

// New returns the coordinator state of one loop.
func New(st *store.Store) *Tx {
	return &Tx{st: st, held: make([]bool, st.NumShards()), single: -1}
}

// LockOne locks a single shard, keeping it if it is the one held already from the command before.
func (t *Tx) LockOne(shard int) {
	if t.single == shard {
		return
	}
	t.Unlock()
	t.st.Shard(shard).Lock()
	t.single = shard
}

// LockKeys locks the shards of the keys at the given indices of args.
func (t *Tx) LockKeys(args [][]byte, keys []int) {
	if len(keys) == 1 {
		t.LockOne(t.st.ShardOf(args[keys[0]]))
		return
	}
	t.Unlock()
	t.Add(args, keys)
	t.Lock()
}

// Add notes the shards of keys for the next Lock, without locking.
func (t *Tx) Add(args [][]byte, keys []int) {
	for _, k := range keys {
		t.held[t.st.ShardOf(args[k])] = true
	}
}

// AddKey notes the shard of one key for the next Lock.
func (t *Tx) AddKey(key []byte) { t.held[t.st.ShardOf(key)] = true }

// AddAll notes all shards for the next Lock.
func (t *Tx) AddAll() { t.all = true }

// Lock locks the shards noted, in ascending order.
func (t *Tx) Lock() {
	for i := range t.held {
		if t.all || t.held[i] {
			t.held[i] = true
			t.st.Shard(i).Lock()
			t.list = append(t.list, i)
		}
	}
}

// LockAll locks all shards.
func (t *Tx) LockAll() {
	t.Unlock()
	t.all = true
	t.Lock()
}

// Unlock unlocks whatever is held.
func (t *Tx) Unlock() {
	if t.single >= 0 {
		t.st.Shard(t.single).Unlock()
		t.single = -1
	}
	for _, i := range t.list {
		t.st.Shard(i).Unlock()
		t.held[i] = false
	}
	t.list = t.list[:0]
	t.all = false
}

// HoldsAll tells whether all shards are locked.
func (t *Tx) HoldsAll() bool { return t.all }

// Visit runs fn with one shard locked: the lock held already, or taken for the call. A unit that holds other
// shards must have locked all it visits.
func (t *Tx) Visit(shard int, fn func(sh *store.Shard)) {
	sh := t.st.Shard(shard)
	if t.all || t.held[shard] || t.single == shard {
		fn(sh)
		return
	}
	t.Unlock()
	sh.Lock()
	fn(sh)
	sh.Unlock()
}

// VisitAll visits all shards, one after the other.
func (t *Tx) VisitAll(fn func(sh *store.Shard)) {
	for i := range t.st.NumShards() {
		t.Visit(i, fn)
	}
}
