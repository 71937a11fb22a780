package persistence

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/snapshot"
	"dragonfly/store"
)

const (
	// takeAt is how many bytes of records a shard collects before they are written, and bufBytes what its buffer
	// has room for: a slice of a shard's table more.
	takeAt   = 64 << 10
	bufBytes = 128 << 10
	// parallelFrom is the number of keys from which on two walkers share the work.
	parallelFrom = 20_000
	// headerBytes is the length of the magic with its version, which is known last.
	headerBytes = 9
)

// Meta is what a snapshot says beside the keys.
type Meta struct {
	Aux       [][2]string // metadata fields, in order
	Functions [][]byte    // sources of function libraries
	Compress  bool        // LZF for strings and blobs
	Access    snapshot.Access
	// Pause, unless nil, is called between slices: for throttling and tests.
	Pause func()
}

// Progress is how far a save has come.
type Progress struct {
	Keys, Total atomic.Int64
	Bytes       atomic.Int64
}

// Result is what a save has written.
type Result struct {
	Path    string
	Version int // RDB version of the header
	Keys    int
	Bytes   int64
	Took    time.Duration
	Dirty   int64     // changes to the data set that the snapshot contains
	Started time.Time // instant of the cut
	ByType  [16]int64 // keys by object.Type
}

// SaveRDB writes the data set as it is now into one RDB file. It goes on while commands change the data set; ctx
// ends it early, without a trace. The store must have no other snapshot running.
func SaveRDB(ctx context.Context, st *store.Store, path string, meta Meta, progress *Progress) (Result, error) {
	f, err := createAtomic(path)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", path, err)
	}
	s := &rdbSaver{ctx: ctx, f: f, meta: meta, progress: progress}
	res, err := s.save(st)
	if err == nil {
		err = f.commit()
	} else {
		f.abort()
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", path, err)
	}
	res.Path = path
	return res, nil
}

// rdbSaver writes one file from the records of all shards. Several walkers hand it pieces of it; mu is held for as
// long as bytes must follow one another.
type rdbSaver struct {
	ctx      context.Context
	f        *atomicFile
	meta     Meta
	progress *Progress

	mu  sync.Mutex
	err error // the first failure
	sum uint64
	n   int64 // bytes written behind the header
}

func (s *rdbSaver) save(st *store.Store) (Result, error) {
	writers := make([]*snapshot.Writer, st.NumShards())
	start := time.Now()
	snap := st.BeginSnapshot(func(shard int) store.SnapshotWriter {
		w := snapshot.NewWriter(s.meta.Compress, bufBytes)
		w.Access, w.NowMs = s.meta.Access, start.UnixMilli()
		writers[shard] = w
		return writers[shard]
	}, nil)
	s.progress.Total.Store(int64(snap.Keys))
	if _, err := s.f.Write(make([]byte, headerBytes)); err != nil {
		snap.End()
		return Result{}, err
	}
	s.write(s.front())

	// One walker per core, each with its own shards, in turn and slice by slice: so no shard's buffer grows for long.
	// For a small data set there is one: another would bring nothing, and so equal data gives equal bytes.
	walkers := 1
	if snap.Keys > parallelFrom {
		walkers = min(2, len(writers))
	}
	var wg sync.WaitGroup
	for k := range walkers {
		wg.Go(func() {
			var shards []*walk
			for i := k; i < len(writers); i += walkers {
				shards = append(shards, &walk{snap: snap.Shards[i], w: writers[i]})
			}
			s.walk(shards)
		})
	}
	wg.Wait()
	snap.End()
	if s.err != nil {
		return Result{}, s.err
	}
	res := Result{Version: 9, Dirty: snap.Dirty, Started: start}
	if len(s.meta.Functions) > 0 {
		res.Version = 10
	}
	for _, w := range writers {
		res.Version = max(res.Version, w.Version)
		res.Keys += w.Keys
		for t, n := range w.ByType {
			res.ByType[t] += n
		}
	}
	err := s.finish(res.Version)
	res.Bytes = s.n + headerBytes
	res.Took = time.Since(start)
	return res, err
}

// front returns what stands before the keys.
func (s *rdbSaver) front() []byte {
	var b []byte
	for _, kv := range s.meta.Aux {
		b = append(b, rdbfmt.OpAux)
		b = rdbfmt.AppendString(b, []byte(kv[0]), false)
		b = rdbfmt.AppendString(b, []byte(kv[1]), false)
	}
	for _, code := range s.meta.Functions {
		b = append(b, rdbfmt.OpFunction)
		b = rdbfmt.AppendString(b, code, s.meta.Compress)
	}
	return b
}

// walk is one shard of a walker.
type walk struct {
	snap *store.ShardSnapshot
	w    *snapshot.Writer
	keys int // of those it has written, how many are reported
	done bool
}

// walk writes all entries of some shards.
func (s *rdbSaver) walk(shards []*walk) {
	spare := make([]byte, 0, bufBytes) // exchanged for the full buffer of a shard
	for left := len(shards); left > 0; {
		for _, sh := range shards {
			if sh.done {
				continue
			}
			more := false
			if more, spare = s.slice(sh, spare); !more {
				sh.done = true
				left--
			}
			if s.failed() {
				return
			}
			if s.meta.Pause != nil {
				s.meta.Pause()
			}
		}
	}
}

// slice writes one slice of a shard, or a big value as a whole, and tells whether there is more.
//
// It gives spare to the shard in exchange for the buffer it has written, if it writes one.
func (s *rdbSaver) slice(sh *walk, spare []byte) (more bool, _ []byte) {
	more, wrote, inPiece := sh.snap.Step()
	if wrote {
		s.piece(sh, inPiece)
	}
	full := false
	sh.snap.Locked(func() {
		if len(sh.w.Records) >= takeAt || !more {
			full = true
			spare = sh.w.Take(spare)
		}
		s.progress.Keys.Add(int64(sh.w.Keys - sh.keys))
		sh.keys = sh.w.Keys
	})
	if full {
		s.write(spare)
	}
	return more, spare
}

// piece writes a big value that was begun: its pieces follow one another in the file, so the file is kept for it.
func (s *rdbSaver) piece(sh *walk, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var buf []byte
	for {
		var b []byte
		sh.snap.Locked(func() { b, sh.w.Piece = sh.w.Piece, buf[:0] })
		s.writeLocked(b)
		buf = b
		if !more || s.err != nil {
			return
		}
		_, _, more = sh.snap.Step()
	}
}

func (s *rdbSaver) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && s.ctx.Err() != nil {
		s.err = s.ctx.Err()
	}
	return s.err != nil
}

func (s *rdbSaver) write(b []byte) {
	s.mu.Lock()
	s.writeLocked(b)
	s.mu.Unlock()
}

func (s *rdbSaver) writeLocked(b []byte) {
	if s.err != nil || len(b) == 0 {
		return
	}
	s.sum = rdbfmt.CRC64(s.sum, b)
	n, err := s.f.Write(b)
	s.n += int64(n)
	s.progress.Bytes.Add(int64(n))
	if err != nil {
		s.err = fmt.Errorf("writing at offset %d: %w", s.n+headerBytes, err)
	}
}

// finish writes the end and the header. The checksum of the header is put before that of the rest.
func (s *rdbSaver) finish(version int) error {
	s.writeLocked([]byte{rdbfmt.OpEOF})
	if s.err != nil {
		return s.err
	}
	header := fmt.Appendf(nil, "REDIS%04d", version)
	sum := rdbfmt.CombineCRC64(rdbfmt.CRC64(0, header), s.sum, s.n)
	trailer := make([]byte, 0, 8)
	for i := range 8 {
		trailer = append(trailer, byte(sum>>(8*i)))
	}
	if _, err := s.f.Write(trailer); err != nil {
		return fmt.Errorf("writing the checksum: %w", err)
	}
	s.n += int64(len(trailer))
	if _, err := s.f.WriteAt(header, 0); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	return nil
}

// StandardAux returns the metadata fields every snapshot has.
func StandardAux(redisVersion, version string, usedMemory int64, now time.Time) [][2]string {
	return [][2]string{
		{"redis-ver", redisVersion},
		{"redis-bits", strconv.Itoa(strconv.IntSize)},
		{"ctime", strconv.FormatInt(now.Unix(), 10)},
		{"used-mem", strconv.FormatInt(usedMemory, 10)},
		{"aof-base", "0"},
		{"df-ver", version},
	}
}
