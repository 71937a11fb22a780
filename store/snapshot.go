package store

import (
	"bytes"
	"runtime"

	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// A snapshot writes every entry that is there at one instant, the cut, exactly once and as it was, while
// commands go on.
//
// At the cut all shards are locked for a moment, the epoch is raised and each shard gets a ShardSnapshot. From
// then on a bucket whose version is below the epoch is unwritten. Two parties write buckets, both under the shard
// lock, and stamp them with the epoch: the walker, segment by segment, and whoever is about to change a bucket
// (the table's hook for entries that come, go or move; beforeChange for a value that changes in place). So an
// entry is written before its first change after the cut, and nothing that came later is ever written: what is
// added to a bucket is added after the bucket was stamped, and new buckets are born stamped.
//
// A value too big to be written in one slice is marked pending instead, and written in pieces after its
// bucket. A command that would change it is put off until it is written (MustWait); what changes it without asking,
// as an expiry does, finishes it first. FLUSHALL swaps the tables; the snapshot keeps the old.
//
// On a slow disk the writers of a shard collect records faster than they are taken: beyond maxBacklog commands that
// change something wait for the disk.

// SnapshotWriter serialises the entries of one shard. Its methods are called with the shard locked.
type SnapshotWriter interface {
	// Entry writes one entry.
	Entry(db int, c object.Cell)
	// Big tells whether the entry should be written in pieces.
	Big(c object.Cell) bool
	// Begin starts an entry that is written in pieces, Step writes one and tells whether it was the last. The entry
	// does not change between them. Entry may be called between them for other entries.
	Begin(db int, c object.Cell)
	Step(c object.Cell) (done bool)
	// Backlog returns how many bytes wait to be taken.
	Backlog() int
}

const (
	// bigInline is the length from which on a value in its entry may be too big to be written at once.
	bigInline = 256 << 10
	// sliceBytes is what a slice may add to the backlog, but for its last bucket: a segment of large values has more.
	sliceBytes = 512 << 10
	// The backlog of a shard may be this part of its data, and this much in any case.
	backlogShare, backlogLeast = 20, 1 << 20
)

// ShardSnapshot is the part of a running snapshot that belongs to one shard. Guarded by the shard lock.
type ShardSnapshot struct {
	sh    *Shard
	epoch uint32
	w     SnapshotWriter
	dbs   []snapshotDB
	at    int    // index into dbs
	pos   uint64 // next position in it
	// pending are big values that are still to be written.
	pending []pendingValue
	// begun: the first pending value is being written in pieces. finished: a command has written the last of them.
	begun, finished bool
	// maxBacklog bounds what the writer collects; crowded are those who wait for it to be taken.
	maxBacklog int
	crowded    []func()
}

type snapshotDB struct {
	db    *DB
	index int // number of the database at the cut; SWAPDB may change it later
}

type pendingValue struct {
	db      int // index into dbs
	key     []byte
	waiting []func() // to be called when it is written
}

// Snapshot is a running snapshot.
type Snapshot struct {
	st     *Store
	Shards []*ShardSnapshot
	// Keys is the number of entries at the cut.
	Keys int
	// Dirty is the number of changes the snapshot contains.
	Dirty int64
}

// BeginSnapshot makes the cut. writer is called for every shard. atCut, unless nil, runs at the same instant.
// Only one snapshot may run at a time. No shard is locked by the caller.
func (s *Store) BeginSnapshot(writer func(shard int) SnapshotWriter, atCut func()) *Snapshot {
	snap := &Snapshot{st: s}
	s.LockAll()
	s.epoch++
	for _, sh := range s.shards {
		if sh.snap != nil {
			panic("store: two snapshots at a time")
		}
		ss := &ShardSnapshot{sh: sh, epoch: s.epoch, w: writer(sh.id)}
		ss.maxBacklog = max(backlogLeast, int(sh.A.Used())/backlogShare)
		for i, db := range sh.dbs {
			db.Version = ss.epoch
			if db.Len() == 0 {
				continue
			}
			snap.Keys += db.Len()
			n := len(ss.dbs)
			ss.dbs = append(ss.dbs, snapshotDB{db, i})
			db.snap = ss
			db.Hook = func(b *dash.Bucket) { ss.write(n, b) }
		}
		sh.snap = ss
		snap.Shards = append(snap.Shards, ss)
	}
	snap.Dirty = s.Dirty()
	s.snapshotting.Store(true)
	if atCut != nil {
		atCut()
	}
	for _, sh := range s.shards {
		sh.Unlock()
	}
	return snap
}

// write writes the entries of a bucket that is still as it was at the cut.
func (ss *ShardSnapshot) write(n int, b *dash.Bucket) {
	if b.Version >= ss.epoch {
		return
	}
	b.Version = ss.epoch
	d := ss.dbs[n]
	b.Prefetch(ss.sh.A)
	b.Each(func(slot *ref) {
		c := object.Cell{A: ss.sh.A, Slot: slot}
		if ss.big(c) {
			c.SetPending(true)
			ss.pending = append(ss.pending, pendingValue{db: n, key: bytes.Clone(c.Key())})
			return
		}
		ss.w.Entry(d.index, c)
	})
}

// big tells whether an entry is written in pieces.
func (ss *ShardSnapshot) big(c object.Cell) bool {
	return (outside(c) || c.Len() >= bigInline) && ss.w.Big(c)
}

// owes tells whether the value of an entry is big and still to be written.
func (ss *ShardSnapshot) owes(p dash.Pos, c object.Cell) bool {
	return c.Pending() || p.Bucket().Version < ss.epoch && ss.big(c)
}

// MustWait tells whether a command that changes key should be put off because of a running snapshot: the value is big
// and not written yet, or more is collected than should be. Then wake is called when the command can be tried again; it
// must not block. The shard of the key is locked.
func (v *View) MustWait(key []byte, wake func()) bool {
	h := v.hash(key)
	db := v.db(h)
	if db.snap == nil {
		return false
	}
	ss := db.snap
	if ss.w.Backlog() > ss.maxBacklog {
		ss.crowded = append(ss.crowded, wake)
		return true
	}
	p := db.Table.Find(h, key)
	if !p.Ok() {
		return false
	}
	c := object.Cell{A: db.A, Slot: p.Slot()}
	if !ss.owes(p, c) {
		return false
	}
	db.Hook(p.Bucket()) // makes it pending, if it is not yet
	for i := range ss.pending {
		if e := &ss.pending[i]; bytes.Equal(e.key, key) && ss.slotOf(*e) == c.Slot {
			e.waiting = append(e.waiting, wake)
			// It comes before those that nobody waits for, but for the one that is begun.
			first := 0
			for first < i && (first == 0 && ss.begun || len(ss.pending[first].waiting) > 0) {
				first++
			}
			ss.pending[i], ss.pending[first] = ss.pending[first], ss.pending[i]
			return true
		}
	}
	return false
}

// beforeChange is the change hook for an entry that is about to change in place or to go.
func (db *DB) beforeChange(p dash.Pos, c object.Cell) {
	if db.snap == nil {
		return
	}
	db.Hook(p.Bucket())
	if c.Pending() {
		db.snap.finish(c)
	}
}

// finish writes the rest of a big value at once, because it is about to change.
func (ss *ShardSnapshot) finish(c object.Cell) {
	for i, p := range ss.pending {
		if bytes.Equal(p.key, c.Key()) && ss.slotOf(p) == c.Slot {
			if i > 0 || !ss.begun {
				// Not the one the walker is at: it is small enough for one go as seen from its writer.
				ss.w.Entry(ss.dbs[p.db].index, c)
			} else {
				for !ss.w.Step(c) {
				}
				ss.begun, ss.finished = false, true
			}
			ss.crowded = append(ss.crowded, p.waiting...)
			ss.pending = append(ss.pending[:i], ss.pending[i+1:]...)
			break
		}
	}
	c.SetPending(false)
}

func (ss *ShardSnapshot) slotOf(p pendingValue) *ref {
	pos := ss.dbs[p.db].db.Table.Find(dash.Hash(p.key), p.key)
	if !pos.Ok() {
		return nil
	}
	return pos.Slot()
}

// Step takes the shard lock, writes one slice and tells whether there is more. wrotePiece tells that it was a piece
// of a big value, inPiece that this value is not finished: its next piece must follow what was written of it.
//
// Before it, it lets other goroutines run: on a machine without an idle processor commands would else wait until the
// scheduler takes the processor away, 10 ms later.
func (ss *ShardSnapshot) Step() (more, wrotePiece, inPiece bool) {
	runtime.Gosched()
	ss.sh.Lock()
	defer ss.sh.Unlock()
	if ss.finished {
		// A command finished the value that the walker was at, before changing it.
		ss.finished = false
		return true, true, false
	}
	if len(ss.pending) > 0 {
		p := ss.pending[0]
		c := object.Cell{A: ss.sh.A, Slot: ss.slotOf(p)}
		if !ss.begun {
			ss.w.Begin(ss.dbs[p.db].index, c)
			ss.begun = true
		}
		if ss.w.Step(c) {
			c.SetPending(false)
			ss.begun = false
			ss.crowded = append(ss.crowded, p.waiting...)
			ss.pending = ss.pending[1:]
		}
		return true, true, ss.begun
	}
	for ss.at < len(ss.dbs) {
		d := ss.dbs[ss.at]
		s, next, ok := d.db.SegmentAt(ss.pos)
		if !ok {
			ss.leave(d.db)
			ss.at++
			ss.pos = 0
			continue
		}
		full := false
		d.db.EachBucket(s, func(b *dash.Bucket) {
			if !full && b.Version < ss.epoch {
				ss.write(ss.at, b)
				full = ss.w.Backlog() > sliceBytes
			}
		})
		if !full { // else the rest of the segment comes next; what is written is not written again
			ss.pos = next
		}
		return true, false, false
	}
	return false, false, false
}

// leave ends the hook of a database that is written, and discards it if it was flushed meanwhile.
func (ss *ShardSnapshot) leave(db *DB) {
	db.snap, db.Hook = nil, nil
	for _, cur := range ss.sh.dbs {
		if cur == db {
			return
		}
	}
	ss.sh.discardDB(db)
}

// End ends the snapshot in all shards, written completely or not.
func (s *Snapshot) End() {
	s.st.snapshotting.Store(false)
	var wake []func()
	for _, ss := range s.Shards {
		ss.sh.Lock()
		for _, p := range ss.pending {
			if slot := ss.slotOf(p); slot != nil {
				object.Cell{A: ss.sh.A, Slot: slot}.SetPending(false)
			}
			wake = append(wake, p.waiting...)
		}
		wake = append(wake, ss.crowded...)
		ss.pending, ss.crowded = nil, nil
		for ; ss.at < len(ss.dbs); ss.at++ {
			ss.leave(ss.dbs[ss.at].db)
		}
		ss.sh.snap = nil
		ss.sh.Unlock()
	}
	for _, f := range wake {
		f()
	}
}

// Snapshotting tells whether a snapshot is running. It may be called without a lock; see View.MustWait.
func (s *Store) Snapshotting() bool { return s.snapshotting.Load() }

// Locked runs fn with the shard locked, for taking what its writer has collected. Commands that waited for that, or for
// a value that is written now, go on.
func (ss *ShardSnapshot) Locked(fn func()) {
	ss.sh.Lock()
	fn()
	var wake []func()
	if ss.w.Backlog() <= ss.maxBacklog/2 {
		wake, ss.crowded = ss.crowded, nil
	}
	ss.sh.Unlock()
	for _, f := range wake {
		f()
	}
}
