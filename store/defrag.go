package store

import (
	"bytes"
	"runtime"
	"time"

	"dragonfly/store/dash"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// Defragmentation. When keys of one size go and others of another size come, slabs are left with few blocks each, and the
// process keeps memory that the data does not use. Then the emptiest slabs of every class of blocks are chosen
// (arena.Evacuate), a walk through all tables moves the blocks that are in them, and they go back to the system. It is
// possible since a block has one reference to it, or all that refer to it are found from there.
//
// What does not move: groups of streams, chains of tables, and values that a snapshot is about to write in pieces: the
// writer may be in the middle of them.

// Defrag says when memory is moved together.
type Defrag struct {
	Waste float64 // from which share of the memory of a shard on that is not used
	Below float64 // slabs that are used for a smaller share are emptied
}

const (
	// One lock visit of the walk looks at about this many keys, or elements of a big value: some 100 µs.
	defragSlice = 512
	// bigValue is from how many elements on a value has visits of its own.
	bigValue = 512
	// defragLeast is how much must be wasted, in a shard, for it to be worth while.
	defragLeast = 1 << 20
	// defragRest is how long a shard is left alone of which nothing could be moved.
	defragRest = time.Second
)

// defragWalk is where the walk of a shard goes on.
type defragWalk struct {
	on    bool
	slabs int // that were chosen
	db    int
	pos   uint64
	big   []bigKey // values that have visits of their own
	inner uint64   // where to go on in the first of them
	next  time.Time
}

type bigKey struct {
	db  int
	key []byte
}

// Defragment moves memory together in the shards that waste too much, until the time comes, and tells whether there is
// more to do. No shard is locked by the caller.
func (s *Store) Defragment(opt Defrag, until time.Time) (more bool) {
	for range s.shards {
		// Where the last call stopped for lack of time this one goes on.
		sh := s.shards[int(s.defragAt.Load())%len(s.shards)]
		for busy := true; busy; {
			now := time.Now()
			if !now.Before(until) {
				return true
			}
			if !sh.Acquire() {
				break
			}
			busy = sh.defragment(opt, now)
			sh.publish()
			sh.Unlock()
			runtime.Gosched()
		}
		s.defragAt.Add(1)
	}
	return false
}

// defragment begins a walk or goes on with it, and tells whether it is under way.
func (sh *Shard) defragment(opt Defrag, now time.Time) (busy bool) {
	w := &sh.defrag
	if !w.on {
		waste := sh.A.Waste()
		if waste < defragLeast || float64(waste) < opt.Waste*float64(sh.A.Resident()) || now.Before(w.next) {
			return false
		}
		slabs := 0
		for c := range sh.A.Classes() {
			slabs += sh.A.Evacuate(c, opt.Below)
		}
		if slabs == 0 {
			w.next = now.Add(defragRest)
			return false
		}
		*w = defragWalk{on: true, slabs: slabs}
	}
	switch {
	case len(w.big) > 0:
		w.stepInBig(sh)
	case w.db < len(sh.dbs):
		if db := sh.dbs[w.db]; db.Table.Relocate(&w.pos, defragSlice, func(slot *ref) { w.visit(sh, slot) }) {
			w.db, w.pos = w.db+1, 0
		}
	default:
		w.on = false
		if left := sh.A.Settle(); left > w.slabs/2 {
			// Most of it cannot be moved, or not now.
			w.next = now.Add(defragRest)
			return false
		}
	}
	return true
}

// visit moves an entry and what is outside it.
func (w *defragWalk) visit(sh *Shard, slot *ref) {
	c := object.Cell{A: sh.A, Slot: slot}
	if c.Pending() {
		return
	}
	if sh.A.Leaves(*slot) {
		*slot = sh.A.Move(*slot)
	}
	if !outside(c) {
		return
	}
	if Elements(c) > bigValue {
		w.big = append(w.big, bigKey{w.db, bytes.Clone(c.Key())})
		return
	}
	for pos := uint64(0); !relocate(c, &pos, bigValue); {
	}
}

// stepInBig goes on in a big value, which may be gone by now.
func (w *defragWalk) stepInBig(sh *Shard) {
	k := w.big[0]
	db := sh.dbs[k.db]
	if p := db.Table.Find(dash.Hash(k.key), k.key); p.Ok() {
		c := object.Cell{A: sh.A, Slot: p.Slot()}
		if outside(c) && !c.Pending() && !relocate(c, &w.inner, defragSlice) {
			return
		}
	}
	w.big, w.inner = w.big[1:], 0
}

// relocate moves what a value has outside its entry, as far as that leaves its place; see the packages of the types.
func relocate(c object.Cell, pos *uint64, n int) (done bool) {
	switch c.Type() {
	case object.List:
		return list.Relocate(c, pos, n)
	case object.Set:
		return set.Relocate(c, pos, n)
	case object.Zset:
		return zset.Relocate(c, pos, n)
	case object.Hash:
		return hash.Relocate(c, pos, n)
	case object.Stream:
		return stream.Relocate(c, pos, n)
	}
	return true
}
