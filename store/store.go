// Package store is the keyspace: shards, databases, lookup, expiry, memory accounting and change hooks.
// It knows no protocol.
//
// A key lives in one shard, chosen by its hash; every shard has all databases. A shard has one owner at a
// time, whoever holds its lock; only package tx and the background work of this package take it. All access of
// commands goes through a View: it hides keys that have expired, and raises the change hook before anything is
// written, which is what keeps snapshots consistent (snapshot.go).
package store

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// Class is the class of a keyspace event, as in notify-keyspace-events.
type Class uint16

// The classes of keyspace events, with their letters.
const (
	EventGeneric Class = 1 << iota // g
	EventString                    // $
	EventList                      // l
	EventSet                       // s
	EventHash                      // h
	EventZset                      // z
	EventExpired                   // x
	EventEvicted                   // e
	EventStream                    // t
	EventModule                    // d
	EventMiss                      // m
	EventNew                       // n
)

// Options are what a Store is made with.
type Options struct {
	Shards    int
	Databases int
	Limits    object.Limits
	// Notify, unless nil, is told of every keyspace event. It is called with the shard locked: it must be quick
	// and must copy the key if it keeps it.
	Notify func(db int, class Class, event string, key []byte)
	// Modified, unless nil, is told of every key that is changed, added or removed while Store.Tracked is set, and of
	// the client that did it, 0 for none. It is called like Notify.
	Modified func(client int64, db int, key []byte)
	// Ready, unless nil, is told that keys were made ready by the background work, with no shard locked; see HasReady.
	Ready func()
}

// Store is the whole data set.
type Store struct {
	shards []*Shard
	dbs    int
	notify func(db int, class Class, event string, key []byte)

	modified func(client int64, db int, key []byte)
	// Tracked tells that somebody is to be told of changed keys: Options.Modified.
	Tracked atomic.Bool

	// Limits change under all shard locks only.
	Limits object.Limits
	epoch  uint32 // of the latest snapshot; guarded by all shard locks

	// NoExpire suspends the removal of expired keys and their hiding: while loading.
	NoExpire atomic.Bool
	// KeepExpired suspends the removal of expired keys, unless a command writes to them, but not their hiding: CLIENT PAUSE.
	KeepExpired atomic.Bool
	// NoActiveExpire suspends the background search for expired keys: DEBUG SET-ACTIVE-EXPIRE.
	NoActiveExpire atomic.Bool
	// ExpireEffort is active-expire-effort, 1 to 10: how much of a core the background may take for that.
	ExpireEffort atomic.Int64
	// LFU makes the access clock of entries a frequency instead of a time: maxmemory-policy *-lfu.
	LFU atomic.Bool
	// LFUFactor makes frequencies grow slower, LFUDecay is the minutes without access that lower them by one, 0 for
	// never: lfu-log-factor and lfu-decay-time.
	LFUFactor, LFUDecay atomic.Int64

	used  atomic.Int64 // live bytes of all shards, as published by them
	full  atomic.Int32 // shards whose address space is nearly used up, as published by them
	evict evictState

	resident atomic.Int64 // bytes of memory of all arenas, as published by their shards
	defragAt atomic.Uint32
	dirty    atomic.Int64 // changes since the last successful save

	snapshotting atomic.Bool // a snapshot is running

	waits   waits
	onReady func()
}

// Shard is a partition of the keyspace.
type Shard struct {
	mu sync.Mutex
	// lent tells that a script which is between two of its steps owns the shard although the lock is free: nobody may
	// touch its data, and most wait until free says that it was given back. Guarded by mu.
	lent bool
	free sync.Cond
	st   *Store
	id   int
	A    *arena.Arena

	dbs     []*DB
	garbage []garbage
	wasted  int64 // bytes that garbage takes, about
	snap    *ShardSnapshot

	waiting map[waitKey]*waitQueue // who waits for changes
	ready   []readyQueue           // of which keys have changed

	pool     evictPool
	search   searchCursor
	best     atomic.Int64 // score of the best candidate in pool
	quietAt  atomic.Int64 // when nothing could be evicted, ms
	quietFor atomic.Int64 // how many keys there were then, or heldBack
	name     []byte       // of the key that is being evicted
	defrag   defragWalk

	published     int64 // part of Store.used that is ours
	shownResident int64 // likewise, of Store.resident
	// Changes since the start; its sum over the shards and Store.dirty are the changes since the last successful save.
	// Counted by shard, since all loops writing to one number wait for its cache line.
	dirty atomic.Int64
	full  bool // counted in Store.full
	Stats Stats
	_     [64]byte // two shards share no cache line
}

// Stats count what happened in a shard. Guarded by the shard lock.
type Stats struct {
	Hits, Misses, Expired, Evicted, ExpiredFields int64
	LazyFreed                                     int64 // keys that were big, or of a database that was flushed, freed in the background
}

// DB is one database's part in a shard.
type DB struct {
	dash.Table
	root    dash.Root
	sh      *Shard
	index   int
	expires int // keys with a deadline
	// 1 since a set came in of which some member had a deadline, else 0: lookups test it together with expires.
	timedSets int
	// No key, no field of a hash and no member of a set expires before due. noted is the least deadline since the expiry
	// cycle last began with this database: when it is through, it knows a better due.
	due, noted int64
	watched    map[string][]watching
	snap       *ShardSnapshot // the snapshot that still has to write from here, see snapshot.go
}

// Watcher is the set of keys a client watches; Tripped says that one of them was changed.
type Watcher struct {
	Tripped atomic.Bool
	keys    []watchedKey // belongs to the client: whoever changes a key does not read it
}

type watchedKey struct {
	db  int
	key string
}

// watching is a Watcher in the list of one key. Guarded by the lock of the key's shard.
type watching struct {
	w *Watcher
	// expired notes that the key had expired already when it was watched: its removal is no change then.
	expired bool
}

// New makes an empty store.
func New(opt Options) (*Store, error) {
	if opt.Shards < 1 || opt.Databases < 1 {
		return nil, fmt.Errorf("store: %d shards, %d databases", opt.Shards, opt.Databases)
	}
	s := &Store{dbs: opt.Databases, notify: opt.Notify, modified: opt.Modified, onReady: opt.Ready, Limits: opt.Limits}
	s.LFUFactor.Store(10)
	s.LFUDecay.Store(1)
	s.ExpireEffort.Store(1)
	for i := range opt.Shards {
		a, err := arena.New()
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("store: shard %d: %w", i, err)
		}
		sh := &Shard{st: s, id: i, A: a, dbs: make([]*DB, opt.Databases)}
		sh.free.L = &sh.mu
		for d := range sh.dbs {
			sh.dbs[d] = sh.newDB(d)
		}
		s.shards = append(s.shards, sh)
	}
	s.initEviction()
	return s, nil
}

func (sh *Shard) newDB(index int) *DB {
	db := &DB{sh: sh, index: index, due: math.MaxInt64}
	db.Table = dash.Table{Root: &db.root, A: sh.A, KeyOf: object.KeyOf}
	db.Version = sh.st.epoch
	return db
}

// Close gives all memory back. Nobody may use the store any more.
func (s *Store) Close() error {
	var first error
	for _, sh := range s.shards {
		if err := sh.A.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// NumShards returns the number of shards.
func (s *Store) NumShards() int { return len(s.shards) }

// NumDBs returns the number of databases.
func (s *Store) NumDBs() int { return s.dbs }

// Shard returns a shard by its number.
func (s *Store) Shard(i int) *Shard { return s.shards[i] }

// ShardOf returns the number of the shard that owns a key.
func (s *Store) ShardOf(key []byte) int { return s.ShardOfHash(dash.Hash(key)) }

// Hash returns the hash of a key, from which follows its place.
func (s *Store) Hash(key []byte) uint64 { return dash.Hash(key) }

// ShardOfHash returns the number of the shard that owns the keys with a hash. It uses the top 16 bits, which nothing
// else uses (see package dash).
func (s *Store) ShardOfHash(h uint64) int { return int(h >> 48 * uint64(len(s.shards)) >> 16) }

// Lock takes ownership of the shard. It waits while the shard is lent, which a loop must not: see Acquire.
func (sh *Shard) Lock() {
	sh.mu.Lock()
	for sh.lent {
		sh.free.Wait()
	}
}

// AwaitFree waits until the shard is not lent.
func (sh *Shard) AwaitFree() {
	sh.mu.Lock()
	for sh.lent {
		sh.free.Wait()
	}
	sh.mu.Unlock()
}

// Acquire takes ownership of the shard, or returns false if it is lent.
func (sh *Shard) Acquire() bool {
	sh.mu.Lock()
	if sh.lent {
		sh.mu.Unlock()
		return false
	}
	return true
}

// Lend lets go of the lock without giving up ownership: what the owner has begun must be seen by nobody, but it will take
// long, and loops that wait for the lock cannot serve anybody. Reclaim must follow.
func (sh *Shard) Lend() {
	sh.lent = true
	sh.Unlock()
}

// Reclaim takes the lock again, by the one who called Lend.
func (sh *Shard) Reclaim() {
	sh.mu.Lock()
	sh.lent = false
	sh.free.Broadcast()
}

// LockAll takes all shards. It waits for lent ones without holding others.
func (s *Store) LockAll() {
	for i := 0; i < len(s.shards); i++ {
		if s.shards[i].Acquire() {
			continue
		}
		for _, sh := range s.shards[:i] {
			sh.Unlock()
		}
		s.shards[i].AwaitFree()
		i = -1
	}
}

// publishStep is how far a shard's memory may differ from what it has published, unless the limit is small.
const publishStep = 16 << 10

// Unlock gives ownership up.
func (sh *Shard) Unlock() {
	if d, step := sh.Live()-sh.published, sh.st.evict.step.Load(); d > step || d < -step {
		sh.publish()
	}
	sh.mu.Unlock()
}

func (sh *Shard) publish() {
	live := sh.Live()
	sh.st.used.Add(live - sh.published)
	sh.published = live
	resident := sh.A.Resident()
	sh.st.resident.Add(resident - sh.shownResident)
	sh.shownResident = resident
	if full := sh.A.Full(); full != sh.full {
		sh.full = full
		sh.st.full.Add(map[bool]int32{true: 1, false: -1}[full])
	}
}

// ID returns the number of the shard.
func (sh *Shard) ID() int { return sh.id }

// DB returns a database's part in this shard.
func (sh *Shard) DB(index int) *DB { return sh.dbs[index] }

// Used returns the bytes of the data set, without what is being freed, to within 16 KiB per shard.
func (s *Store) Used() int64 { return s.used.Load() }

// Resident returns the bytes of memory that the data takes in the process: with what is being freed, and with what is free
// between blocks in use. Small errors are as in Used.
func (s *Store) Resident() int64 { return s.resident.Load() }

// Full tells that the address space of a shard is nearly used up, so nothing should be added.
func (s *Store) Full() bool { return s.full.Load() > 0 }

// Dirty returns the number of changes since ResetDirty.
func (s *Store) Dirty() int64 {
	n := s.dirty.Load()
	for _, sh := range s.shards {
		n += sh.dirty.Load()
	}
	return n
}

// AddDirty counts changes; a negative number takes those back that a snapshot has saved.
func (s *Store) AddDirty(n int64) { s.dirty.Add(n) }

// Expires returns the number of keys with a deadline.
func (db *DB) Expires() int { return db.expires }

// Index returns the number of the database.
func (db *DB) Index() int { return db.index }

// View returns the view of a database at a time.
func (s *Store) View(db int, nowMs int64) View { return View{st: s, Index: db, NowMs: nowMs} }
