// Package loader fills the store with what rdbload reads: it is the Sink of a load, and of RESTORE.
//
// A load has one Loader and, for each file that is read at the same time, a Feeder. The goroutine of a feeder reads and
// checks. Small records, nearly all of them, are copied into batches, one per shard, that the inserters of the loader
// insert under the shard's lock; a big value is built by the reader itself, straight into the arena, as its elements
// arrive, and becomes a key when it is complete. Memory beyond the data set is bounded by the batches under way.
package loader

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/rdbload"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
)

const (
	batchBytes   = 128 << 10
	batchRecords = 1024
	queueLen     = 4 // batches waiting per inserter
)

// Loader inserts the records of one load. Finish must be called in every case.
type Loader struct {
	// DryRun reads and checks without inserting anything. It finds all that a load finds but keys that are there twice.
	DryRun bool
	// Replace lets a key take the place of one that is there, which is an error otherwise.
	Replace bool
	// MaxMemory is how many bytes the data set may take; 0 = no limit.
	MaxMemory int64

	st    *store.Store
	nowMs int64

	queues []chan *batch
	wg     sync.WaitGroup
	pool   sync.Pool

	mu      sync.Mutex
	err     error // the first failure of an inserter
	carried Carried

	keys     atomic.Int64
	replaced atomic.Int64
	failed   atomic.Bool
	expected atomic.Int64 // keys announced by the file
}

// Carried is what a snapshot holds beside its keys: it belongs to the data set and is saved with it.
type Carried struct {
	Functions [][]byte    // sources of function libraries
	Aux       [][2]string // metadata fields of scripts and search indexes
	ModuleAux [][]byte    // pieces of the global data of modules, as rdbload.Sink has them
}

// batch is a number of small records for one shard, with their bytes in one buffer.
type batch struct {
	shard int
	buf   []byte
	recs  []record
}

// record is a small record, whose key and value follow one another in the buffer of the batch, or one that is made
// already. So all keys of a file are inserted in its order, and equal files give equal tables.
type record struct {
	db             int
	at             object.Attrs
	keyLen, valLen int
	made           *store.Detached
}

// New starts the inserters of a load.
func New(st *store.Store, inserters int, nowMs int64) *Loader {
	l := &Loader{st: st, nowMs: nowMs}
	l.pool.New = func() any { return &batch{} }
	for range max(1, inserters) {
		q := make(chan *batch, queueLen)
		l.queues = append(l.queues, q)
		l.wg.Go(func() {
			for b := range q {
				l.insert(b)
			}
		})
	}
	return l
}

func (l *Loader) newBatch(shard int) *batch {
	b := l.pool.Get().(*batch)
	b.shard, b.buf, b.recs = shard, b.buf[:0], b.recs[:0]
	return b
}

// Keys returns the number of records taken so far. It may be called on any goroutine.
func (l *Loader) Keys() int64 { return l.keys.Load() }

// Expected returns the number of keys the file has announced so far. It may be called on any goroutine.
func (l *Loader) Expected() int64 { return l.expected.Load() }

// Carried returns what the files held beside keys. It is complete after Finish.
func (l *Loader) Carried() Carried { return l.carried }

// Feeder hands the records of one file to a loader. It is a rdbload.Sink.
type Feeder struct {
	l       *Loader
	batches []*batch // one per shard, being filled
}

// Feeder returns a new feeder. Its Flush must be called when its file was read to the end.
func (l *Loader) Feeder() *Feeder {
	f := &Feeder{l: l, batches: make([]*batch, l.st.NumShards())}
	for i := range f.batches {
		f.batches[i] = l.newBatch(i)
	}
	return f
}

// Aux takes a metadata field.
func (f *Feeder) Aux(name, value []byte) error {
	switch string(name) {
	case rdbfmt.AuxFunction:
		return f.Function(value)
	case rdbfmt.AuxLua, rdbfmt.AuxSearchIndex, rdbfmt.AuxSearchSyn:
		f.l.mu.Lock()
		defer f.l.mu.Unlock()
		c := &f.l.carried
		// Once: newer Dragonflies define an index in every file of a snapshot, in any order of its fields.
		kv := [2]string{string(name), string(value)}
		if !slices.ContainsFunc(c.Aux, func(have [2]string) bool { return sameAux(have, kv) }) {
			c.Aux = append(c.Aux, kv)
		}
	}
	return nil
}

// sameAux tells whether two metadata fields are about the same thing: an index by its name, the first word, anything else
// by its text.
func sameAux(a, b [2]string) bool {
	if a[0] == rdbfmt.AuxSearchIndex && b[0] == a[0] {
		x, _, _ := strings.Cut(a[1], " ")
		y, _, _ := strings.Cut(b[1], " ")
		return x == y
	}
	return a == b
}

// Function takes the source of a function library.
func (f *Feeder) Function(code []byte) error {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	f.l.carried.Functions = append(f.l.carried.Functions, bytes.Clone(code))
	return nil
}

// ModuleAux takes a piece of the global data of a module.
func (f *Feeder) ModuleAux(raw []byte) error {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	f.l.carried.ModuleAux = append(f.l.carried.ModuleAux, bytes.Clone(raw))
	return nil
}

// DB takes the number of the database to come.
func (f *Feeder) DB(index int) error {
	if n := f.l.st.NumDBs(); index < 0 || index >= n {
		return fmt.Errorf("database %d, but --dbnum is %d", index, n)
	}
	return nil
}

// ResizeHint takes the announced size of a database.
func (f *Feeder) ResizeHint(keys, _ uint64) { f.l.expected.Add(int64(min(keys, 1<<40))) }

// attrs returns what an entry starts with.
func (l *Loader) attrs(rec *rdbload.Record) object.Attrs {
	v := l.st.View(0, l.nowMs)
	at := object.Attrs{Type: kinds[rec.Type], Sticky: rec.Sticky, MemcacheFlags: rec.MemcacheFlags, Clock: v.ClockFor(rec.Idle, rec.Freq)}
	if rec.HasDeadline {
		at.DeadlineMs = rec.DeadlineMs
		if at.DeadlineMs == 0 {
			at.DeadlineMs = 1 // 0 stands for none; this is as long ago
		}
	}
	return at
}

// Put takes one record.
func (f *Feeder) Put(rec *rdbload.Record) error {
	l := f.l
	if l.failed.Load() {
		return errElsewhere
	}
	if n := l.keys.Add(1); n&1023 == 0 {
		if err := l.room(); err != nil {
			return err
		}
	}
	if l.DryRun && rec.Packing != rdbload.Elementwise {
		return nil
	}
	at := l.attrs(rec)
	shard := l.st.ShardOf(rec.Key)
	if rec.Packing == rdbload.Elementwise || len(rec.Bytes) > batchBytes/2 {
		d, err := l.makeIn(shard, rec, at)
		if d != nil {
			f.add(shard, record{db: rec.DB, made: d})
		}
		if err == nil {
			err = l.room()
		}
		return err
	}
	b := f.batches[shard]
	at.Encoding = encodingOf(rec)
	b.buf = append(append(b.buf, rec.Key...), rec.Bytes...)
	f.add(shard, record{db: rec.DB, at: at, keyLen: len(rec.Key), valLen: len(rec.Bytes)})
	return nil
}

// errElsewhere ends a reader because of what an inserter has found: Finish tells what that is.
var errElsewhere = errors.New("the load has failed elsewhere")

// room tells whether the data set may still grow.
func (l *Loader) room() error {
	switch used := l.st.Used(); {
	case l.st.Full():
		return errors.New("out of memory: the address space of a shard is used up, more of them (--num_shards) have more")
	case l.MaxMemory > 0 && used > l.MaxMemory:
		return fmt.Errorf("out of memory: %d bytes are in use, --maxmemory is %d", used, l.MaxMemory)
	}
	return nil
}

// makeIn builds the value of a record with its shard locked. In a dry run it is freed again: elements that are there twice
// are found out in no other way.
func (l *Loader) makeIn(shard int, rec *rdbload.Record, at object.Attrs) (*store.Detached, error) {
	sh := l.st.Shard(shard)
	sh.Lock()
	defer sh.Unlock()
	if e := rec.Elems; e != nil {
		// While the rest of the value is somewhere further on in the file, others need the shard.
		e.OnPause, e.OnResume = sh.Unlock, sh.Lock
	}
	d, err := l.make(rec, at)
	if err == nil && l.DryRun {
		d.DiscardNow()
		d = nil
	}
	return d, err
}

// add adds a record to the batch of its shard, which is sent when it is full.
func (f *Feeder) add(shard int, r record) {
	b := f.batches[shard]
	b.recs = append(b.recs, r)
	if len(b.buf) >= batchBytes || len(b.recs) == batchRecords {
		f.l.send(b)
		f.batches[shard] = f.l.newBatch(shard)
	}
}

// Flush inserts what is left.
func (f *Feeder) Flush() {
	for i, b := range f.batches {
		f.l.send(b)
		f.batches[i] = nil
	}
}

func encodingOf(rec *rdbload.Record) object.Encoding {
	isInt := false
	if rec.Packing == rdbload.Plain {
		_, isInt = number.ParseInt(rec.Bytes)
	}
	return packedKind(rec.Packing, rec.Bytes, isInt)
}

func (l *Loader) send(b *batch) { l.queues[b.shard%len(l.queues)] <- b }

// make builds the value of a record in an entry that is in no table. Its shard is locked, but not while the elements of
// the record pause.
func (l *Loader) make(rec *rdbload.Record, at object.Attrs) (*store.Detached, error) {
	if rec.Packing == rdbload.Elementwise {
		d := l.st.NewDetached(rec.DB, rec.Key, at, 0)
		if err := l.build(d.Cell(), rec); err != nil {
			d.Discard()
			return nil, err
		}
		return d, nil
	}
	at.Encoding = encodingOf(rec)
	d := l.st.NewDetached(rec.DB, rec.Key, at, len(rec.Bytes))
	c := d.Cell()
	copy(c.View(), rec.Bytes)
	l.finish(c)
	return d, nil
}

// finish settles a packed value.
func (l *Loader) finish(c object.Cell) {
	if t := c.Type(); t == object.String || t.Opaque() {
		return
	}
	if c.Encoding() == object.ListpackEx {
		c.SetHasFieldTTL(true)
	}
	settle(c, &l.st.Limits)
}

// insert inserts a batch.
func (l *Loader) insert(b *batch) {
	sh := l.st.Shard(b.shard)
	sh.Lock()
	off := 0
	for i := range b.recs {
		r := &b.recs[i]
		if r.made != nil {
			l.attach(r)
			continue
		}
		key := b.buf[off : off+r.keyLen]
		val := b.buf[off+r.keyLen : off+r.keyLen+r.valLen]
		off += r.keyLen + r.valLen
		c, isNew := l.st.Insert(r.db, key, r.at, r.valLen, l.Replace)
		if !isNew && !l.double(key, r.db) {
			continue
		}
		copy(c.View(), val)
		l.finish(c)
		if c.HasFieldTTL() {
			v := l.st.View(r.db, l.nowMs)
			v.NoteFieldDeadline(key, hash.MinDeadline(c)) // no set with such members is small
		}
	}
	sh.Unlock()
	l.pool.Put(b)
}

// attach makes a record that is made already a key. Its shard is locked.
func (l *Loader) attach(r *record) {
	if !r.made.Attach(l.Replace) && !l.double(r.made.Cell().Key(), r.db) {
		r.made.Discard()
	}
}

// double notes that a key was there already, and tells whether the new one was taken.
func (l *Loader) double(key []byte, db int) (taken bool) {
	if l.Replace {
		l.replaced.Add(1)
		return true
	}
	l.fail(fmt.Errorf("key %q in database %d: %w", key, db, ErrDuplicateKey))
	return false
}

func (l *Loader) fail(err error) {
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	l.mu.Unlock()
	l.failed.Store(true)
}

// Finish waits for the inserters and returns their first failure, or that there is more data than may be. All feeders are
// flushed, or not used any more.
func (l *Loader) Finish() error {
	for _, q := range l.queues {
		close(q)
	}
	l.wg.Wait()
	if l.err == nil {
		return l.room()
	}
	return l.err
}

// Replaced returns how many keys took the place of others.
func (l *Loader) Replaced() int64 { return l.replaced.Load() }

// Restore makes the value of a DUMP payload the value of key, which does not exist; its shard is locked. An error
// leaves no key.
func Restore(v *store.View, key, payload []byte, at object.Attrs) error {
	r := &restorer{l: &Loader{st: v.Store(), nowMs: v.NowMs}, v: v, key: key, at: at}
	err := rdbload.LoadValue(payload, r)
	if r.made == nil {
		return err
	}
	if err != nil {
		r.made.Discard()
		return err
	}
	r.made.Attach(false)
	return nil
}

type restorer struct {
	l    *Loader
	v    *store.View
	key  []byte
	at   object.Attrs
	made *store.Detached
}

// Put takes the record of the payload.
func (r *restorer) Put(rec *rdbload.Record) (err error) {
	rec.Key, rec.DB = r.key, r.v.Index
	r.at.Type = kinds[rec.Type]
	r.made, err = r.l.make(rec, r.at)
	return err
}
