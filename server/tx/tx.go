// Package tx is the coordinator: it knows that a shard is owned by taking its lock, and in which order.
//
// # Lock order
//
//	tx → shard, ascending by id → nothing
//
// A unit of work (a command, EXEC, a script) names the shards of its keys before it starts; they are locked in ascending
// order, the unit runs, and they are unlocked. So units that share a shard are ordered alike on all shards they share:
// the whole is strictly serialisable. Within a unit no further lock is waited for. A handler that walks over
// all shards and needs no common instant (SCAN, DBSIZE) visits them one at a time instead.
//
// # Lent shards
//
// A script that runs for long keeps its shards but not their locks (Lend), so that nobody is held up in a lock. Who
// then locks such a shard gets false, holds nothing, and has to try again when the script is done.
package tx

import "dragonfly/store"

// Tx is the set of shards that a connection's unit of work holds. Each loop has one.
type Tx struct {
	st   *store.Store
	held []bool
	want []bool // noted for Lock
	list []int  // held shards, ascending, but for single
	all  bool
	// single is the one shard held by the fast path for commands with one key, -1 = none.
	single int
	// Refused tells that Visit left out a shard that is lent: what was to be found out is not known.
	Refused bool
	// Wait, unless nil, lets others run until a shard that is lent may be free: Visit waits for it then, and keeps the
	// shard until the next one, so that it can be lent in the middle of fn.
	Wait func()
}

// New returns the coordinator state of one loop.
func New(st *store.Store) *Tx {
	return &Tx{st: st, held: make([]bool, st.NumShards()), want: make([]bool, st.NumShards()), single: -1}
}

// LockOne locks a single shard, keeping it if it is the one held already from the command before.
func (t *Tx) LockOne(shard int) bool {
	if t.single == shard {
		return true
	}
	t.Unlock()
	if !t.st.Shard(shard).Acquire() {
		return false
	}
	t.single = shard
	return true
}

// LockKeys locks the shards of the keys at the given indices of args.
func (t *Tx) LockKeys(args [][]byte, keys []int) bool {
	if len(keys) == 1 {
		return t.LockOne(t.st.ShardOf(args[keys[0]]))
	}
	t.Unlock()
	t.Add(args, keys)
	return t.Lock()
}

// Add notes the shards of keys for the next Lock, without locking.
func (t *Tx) Add(args [][]byte, keys []int) {
	for _, k := range keys {
		t.want[t.st.ShardOf(args[k])] = true
	}
}

// AddKey notes the shard of one key for the next Lock.
func (t *Tx) AddKey(key []byte) { t.want[t.st.ShardOf(key)] = true }

// AddShard notes a shard for the next Lock.
func (t *Tx) AddShard(shard int) { t.want[shard] = true }

// AddHeld notes what is held for the next Lock, which must follow an Unlock.
func (t *Tx) AddHeld() {
	if t.single >= 0 {
		t.want[t.single] = true
	}
	for _, i := range t.list {
		t.want[i] = true
	}
}

// AddAll notes all shards for the next Lock.
func (t *Tx) AddAll() { t.all = true }

// Lock locks the shards noted, in ascending order. Nothing is held before, nor after it returned false.
func (t *Tx) Lock() bool {
	all := t.all
	for i := range t.want {
		if !all && !t.want[i] {
			continue
		}
		t.want[i] = false
		if !t.st.Shard(i).Acquire() {
			clear(t.want)
			t.Unlock()
			return false
		}
		t.held[i] = true
		t.list = append(t.list, i)
	}
	return true
}

// LockAll locks all shards.
func (t *Tx) LockAll() bool {
	t.Unlock()
	t.all = true
	return t.Lock()
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

// Holds tells whether a shard is locked.
func (t *Tx) Holds(shard int) bool { return t.held[shard] || t.single == shard }

// EachHeld calls fn for every shard that is locked.
func (t *Tx) EachHeld(fn func(sh *store.Shard)) {
	if t.single >= 0 {
		fn(t.st.Shard(t.single))
	}
	for _, i := range t.list {
		fn(t.st.Shard(i))
	}
}

// Lend lets go of the locks of what is held, but not of the shards: nobody may read or change them until Unlock.
func (t *Tx) Lend() { t.EachHeld((*store.Shard).Lend) }

// Reclaim takes the locks again after Lend.
func (t *Tx) Reclaim() { t.EachHeld((*store.Shard).Reclaim) }

// Visit runs fn with one shard locked: the lock held already, or taken for the call. A unit that holds other
// shards must have locked all it visits. If the shard is lent, fn does not run and Refused is set.
func (t *Tx) Visit(shard int, fn func(sh *store.Shard)) {
	sh := t.st.Shard(shard)
	if t.Holds(shard) {
		fn(sh)
		return
	}
	if t.Wait != nil {
		for !t.LockOne(shard) {
			t.Wait()
		}
		fn(sh)
		return
	}
	t.Unlock()
	if !sh.Acquire() {
		t.Refused = true
		return
	}
	fn(sh)
	sh.Unlock()
}

// VisitAll visits all shards, one after the other.
func (t *Tx) VisitAll(fn func(sh *store.Shard)) {
	for i := range t.st.NumShards() {
		t.Visit(i, fn)
	}
}
