// Package loader fills the store with what rdbload reads: it is the Sink of a load, and of RESTORE.
//
// One goroutine reads and checks. Small records, nearly all of them, are copied into batches, one per shard, that
// other goroutines insert under the shard's lock; a big value is built by the reader itself, straight into
// the arena, as its elements arrive. Memory beyond the data set is bounded by the batches under way.
package loader

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

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
	// DryRun reads and checks without inserting anything.
	DryRun bool
	// MaxMemory is how many bytes the data set may take; 0 = no limit.
	MaxMemory int64

	st    *store.Store
	nowMs int64

	batches []*batch // one per shard, being filled
	queues  []chan *batch
	wg      sync.WaitGroup
	pool    sync.Pool

	mu  sync.Mutex
	err error // the first failure of an inserter

	// Functions are the sources of the function libraries read.
	Functions [][]byte
	// Aux are the metadata fields read.
	Aux map[string]string

	// MemberTTLs counts the members of sets that lost a deadline, which only Dragonfly's sets have.
	MemberTTLs atomic.Int64

	keys     atomic.Int64
	failed   atomic.Bool
	expected atomic.Int64 // keys announced by the file
}

// batch is a number of small records for one shard, with their bytes in one buffer.
type batch struct {
	shard int
	buf   []byte
	recs  []record
}

// record is a small record; its key and value follow one another in the buffer of the batch.
type record struct {
	db             int
	at             object.Attrs
	keyLen, valLen int
	members        int
}

// New starts the inserters of a load.
func New(st *store.Store, inserters int, nowMs int64) *Loader {
	l := &Loader{st: st, nowMs: nowMs, Aux: map[string]string{}}
	l.pool.New = func() any { return &batch{} }
	l.batches = make([]*batch, st.NumShards())
	for i := range l.batches {
		l.batches[i] = l.newBatch(i)
	}
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

// Aux takes a metadata field.
func (l *Loader) aux(name, value []byte) { l.Aux[string(name)] = string(value) }

// Sink returns the loader as what rdbload.Load fills.
func (l *Loader) Sink() rdbload.Sink { return sink{l} }

type sink struct{ l *Loader }

// Aux takes a metadata field.
func (s sink) Aux(name, value []byte) error {
	s.l.aux(name, value)
	return nil
}

// Function takes the source of a function library.
func (s sink) Function(code []byte) error {
	s.l.Functions = append(s.l.Functions, bytes.Clone(code))
	return nil
}

// DB takes the number of the database to come.
func (s sink) DB(index int) error {
	if n := s.l.st.NumDBs(); index < 0 || index >= n {
		return fmt.Errorf("database %d, but --dbnum is %d", index, n)
	}
	return nil
}

// ResizeHint takes the announced size of a database.
func (s sink) ResizeHint(keys, _ uint64) { s.l.expected.Add(int64(min(keys, 1<<40))) }

// Put takes one record.
func (s sink) Put(rec *rdbload.Record) error { return s.l.put(rec) }

// attrs returns what an entry starts with.
func (l *Loader) attrs(rec *rdbload.Record) object.Attrs {
	v := l.st.View(0, l.nowMs)
	at := object.Attrs{Type: kinds[rec.Type], Sticky: rec.Sticky, Clock: v.ClockFor(rec.Idle, rec.Freq)}
	if rec.HasDeadline {
		at.DeadlineMs = rec.DeadlineMs
		if at.DeadlineMs == 0 {
			at.DeadlineMs = 1 // 0 stands for none; this is as long ago
		}
	}
	return at
}

func (l *Loader) put(rec *rdbload.Record) error {
	if l.failed.Load() {
		return l.failure()
	}
	if n := l.keys.Add(1); n&1023 == 0 && l.st.Full() {
		return errors.New("out of memory: the address space of a shard is used up, more of them (--num_shards) have more")
	} else if n&1023 == 0 && l.MaxMemory > 0 && l.st.Used() > l.MaxMemory {
		return fmt.Errorf("out of memory: %d bytes are in use, --maxmemory is %d", l.st.Used(), l.MaxMemory)
	}
	if l.DryRun {
		return nil
	}
	at := l.attrs(rec)
	shard := l.st.ShardOf(rec.Key)
	if rec.Packing == rdbload.Elementwise || len(rec.Bytes) > batchBytes/2 {
		sh := l.st.Shard(shard)
		sh.Lock()
		defer sh.Unlock()
		return l.store(rec, at)
	}
	b := l.batches[shard]
	at.Encoding = encodingOf(rec)
	b.recs = append(b.recs, record{rec.DB, at, len(rec.Key), len(rec.Bytes), int(rec.Len)})
	b.buf = append(append(b.buf, rec.Key...), rec.Bytes...)
	if len(b.buf) >= batchBytes || len(b.recs) == batchRecords {
		l.send(b)
		l.batches[shard] = l.newBatch(shard)
	}
	return nil
}

func encodingOf(rec *rdbload.Record) object.Encoding {
	isInt := false
	if rec.Packing == rdbload.Plain {
		_, isInt = number.ParseInt(rec.Bytes)
	}
	return packedKind(rec.Type, rec.Packing, rec.Bytes, isInt)
}

func (l *Loader) send(b *batch) { l.queues[b.shard%len(l.queues)] <- b }

// store inserts one record. Its shard is locked.
func (l *Loader) store(rec *rdbload.Record, at object.Attrs) error {
	if rec.Packing == rdbload.Elementwise {
		c, ok := l.st.Insert(rec.DB, rec.Key, at, 0)
		if !ok {
			return ErrDuplicateKey
		}
		if err := l.build(c, rec); err != nil {
			return err
		}
		l.noteFields(rec.DB, rec.Key, c)
		return nil
	}
	at.Encoding = encodingOf(rec)
	c, ok := l.st.Insert(rec.DB, rec.Key, at, len(rec.Bytes))
	if !ok {
		return ErrDuplicateKey
	}
	copy(c.View(), rec.Bytes)
	l.finish(rec.DB, rec.Key, c)
	return nil
}

// finish settles a packed value.
func (l *Loader) finish(db int, key []byte, c object.Cell) {
	if c.Type() == object.String {
		return
	}
	if c.Encoding() == object.ListpackEx {
		c.SetHasFieldTTL(true)
	}
	settle(c, &l.st.Limits)
	l.noteFields(db, key, c)
}

func (l *Loader) noteFields(db int, key []byte, c object.Cell) {
	if c.HasFieldTTL() {
		v := l.st.View(db, l.nowMs)
		v.NoteFieldDeadline(key, hash.MinDeadline(c))
	}
}

// insert inserts a batch.
func (l *Loader) insert(b *batch) {
	sh := l.st.Shard(b.shard)
	sh.Lock()
	off := 0
	for i := range b.recs {
		r := &b.recs[i]
		key := b.buf[off : off+r.keyLen]
		val := b.buf[off+r.keyLen : off+r.keyLen+r.valLen]
		off += r.keyLen + r.valLen
		c, ok := l.st.Insert(r.db, key, r.at, r.valLen)
		if !ok {
			l.fail(fmt.Errorf("key %q in database %d: %w", key, r.db, ErrDuplicateKey))
			break
		}
		copy(c.View(), val)
		l.finish(r.db, key, c)
	}
	sh.Unlock()
	l.pool.Put(b)
}

func (l *Loader) fail(err error) {
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	l.mu.Unlock()
	l.failed.Store(true)
}

func (l *Loader) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Finish inserts what is left, waits for the inserters and returns their first failure.
func (l *Loader) Finish() error {
	for _, b := range l.batches {
		l.send(b)
	}
	for _, q := range l.queues {
		close(q)
	}
	l.wg.Wait()
	return l.failure()
}

// Restore makes the value of a DUMP payload the value of key, which does not exist; its shard is locked. An error
// leaves no key.
func Restore(v *store.View, key, payload []byte, at object.Attrs) error {
	r := &restorer{l: &Loader{st: v.Store(), nowMs: v.NowMs}, v: v, key: key, at: at}
	if err := rdbload.LoadValue(payload, r); err != nil {
		v.Delete(key)
		return err
	}
	return nil
}

type restorer struct {
	l   *Loader
	v   *store.View
	key []byte
	at  object.Attrs
}

// Put takes the record of the payload.
func (r *restorer) Put(rec *rdbload.Record) error {
	rec.Key, rec.DB = r.key, r.v.Index
	r.at.Type = kinds[rec.Type]
	return r.l.store(rec, r.at)
}
