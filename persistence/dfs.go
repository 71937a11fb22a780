package persistence

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/snapshot"
	"dragonfly/store"
)

const (
	// dfsVersion is the RDB version of all files of a DFS set.
	dfsVersion = 9
	dfsHeader  = rdbfmt.MagicRedis + "0009"
	// chunkBytes is about how many bytes of records make a blob: what fits the window of LZ4.
	chunkBytes = 60 << 10
	// pieceBytes is about how much of a big value is written under one lock visit.
	pieceBytes = 64 << 10
	// finishers is how many files are completed at the same time.
	finishers = 8
)

// SaveDFS writes the data set as it is now as a set of files: one for each shard, <base>-0000.dfs and so on, and
// <base>-summary.dfs, which is committed last. It goes on while commands change the data set; ctx ends it early, without
// a trace. The store must have no other snapshot running, and what an earlier process left of a set of that name must be
// settled (Storage.Recover).
func SaveDFS(
	ctx context.Context, st *store.Store, storage Storage, base string, meta Meta, progress *Progress,
) (Result, error) {
	if meta.Target.Version != 0 {
		return Result{}, errors.New("only an RDB file can be written for an RDB version")
	}
	s := &dfsSaver{storage: storage, meta: &meta, progress: progress, now: meta.instant(), id: newSnapshotID()}
	res, err := s.save(ctx, st, base)
	if err != nil {
		return Result{}, abort(err, s.files...)
	}
	return res, nil
}

// newSnapshotID returns what tells the files of one save from those of another.
func newSnapshotID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// dfsSaver writes one set of files.
type dfsSaver struct {
	storage  Storage
	meta     *Meta
	progress *Progress
	now      time.Time
	id       string
	files    []Pending // all that were created: shards, summary
}

func (s *dfsSaver) save(ctx context.Context, st *store.Store, base string) (res Result, err error) {
	shards := make([]*dfsShard, st.NumShards())
	for i := range shards {
		name := DFSName(base, i)
		f, err := s.create(ctx, name, s.meta.shardFront(s.id, s.now, i))
		if err != nil {
			return res, s.named(name, err)
		}
		shards[i] = &dfsShard{f: f}
	}
	res.Started, res.SnapshotID = time.Now(), s.id
	piece := pieceBytes
	if s.meta.MaxChunk > 0 {
		piece = min(s.meta.MaxChunk, pieceBytes)
	}
	snap, walks := cut(st, snapshot.Options{
		Compress: s.meta.Compression == LZF,
		Access:   s.meta.Access,
		NowMs:    s.now.UnixMilli(),
		DFS:      true,
		Chunk:    chunkBytes,
		Piece:    piece,
	}, s.progress)
	for i, sh := range shards {
		sh.walk = walks[i]
	}
	err = s.walk(ctx, shards)
	snap.End()
	if err != nil {
		return res, err
	}
	var counts snapshot.Counts
	for _, sh := range shards {
		counts.Add(&sh.w.Counts)
		res.Bytes += sh.f.n
	}
	res.count(&counts)
	res.Version, res.Dirty = dfsVersion, snap.Dirty
	if err := s.finish(shards); err != nil {
		return res, err
	}
	name := SummaryName(base)
	f, err := s.create(ctx, name, s.meta.summaryFront(s.id, s.now, len(shards)))
	if err == nil {
		err = f.end()
	}
	if err == nil {
		err = f.Finish()
	}
	if err != nil {
		return res, s.named(name, err)
	}
	res.Bytes += f.n
	if err := commit(ctx, s.storage, &res, s.files); err != nil {
		return res, s.named(name, err)
	}
	res.Took = time.Since(res.Started)
	return res, nil
}

func (s *dfsSaver) named(name string, err error) error {
	return fmt.Errorf("%s: %w", s.storage.Path(name), err)
}

// create creates a file and writes what it begins with.
func (s *dfsSaver) create(ctx context.Context, name string, front []byte) (*output, error) {
	f, err := s.storage.Create(ctx, name)
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, f)
	o := &output{Pending: f, progress: s.progress}
	return o, o.write(front)
}

// end writes the end of a file of a DFS set.
func (o *output) end() error {
	if err := o.write([]byte{rdbfmt.OpEOF}); err != nil {
		return err
	}
	return o.write(binary.LittleEndian.AppendUint64(nil, o.sum))
}

// walk writes the files of all shards. Each goroutine has its own.
func (s *dfsSaver) walk(ctx context.Context, shards []*dfsShard) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := s.meta.walkers(len(shards))
	var wg sync.WaitGroup
	for k := range n {
		w := &dfsWalker{s: s, pace: pace{limit: s.meta.EgressLimit}}
		for i := k; i < len(shards); i += n {
			w.shards = append(w.shards, shards[i])
		}
		wg.Go(func() {
			if err := w.run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// finish makes the files of all shards durable, several at a time.
func (s *dfsSaver) finish(shards []*dfsShard) error {
	errs := make([]error, len(shards))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(finishers, len(shards)) {
		wg.Go(func() {
			for i := range next {
				if err := shards[i].f.Finish(); err != nil {
					errs[i] = s.named(shards[i].f.Name(), err)
				}
			}
		})
	}
	for i := range shards {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}

// dfsShard is a shard and its file.
type dfsShard struct {
	*walk
	f     *output
	chunk chunker
}

// dfsWalker writes the files of some shards. It visits them in turn, slice by slice, so that what commands leave in the
// buffer of a shard never waits for long.
type dfsWalker struct {
	s          *dfsSaver
	shards     []*dfsShard
	compressor *compressor
	pace       pace
	spare      []byte // exchanged for the full buffer of a shard
	piece      []byte // exchanged for a piece of a big value
}

func (w *dfsWalker) run(ctx context.Context) (err error) {
	if w.compressor, err = newCompressor(w.s.meta.Compression, w.s.meta.CompressionLevel); err != nil {
		return err
	}
	defer w.compressor.close()
	for left := len(w.shards); left > 0; {
		for _, sh := range w.shards {
			if sh.done {
				continue
			}
			if err := w.visit(ctx, sh); err != nil {
				return w.s.named(sh.f.Name(), err)
			}
			if sh.done {
				left--
			}
			if err := w.pace.wait(ctx); err != nil {
				return err
			}
			if w.s.meta.Pause != nil {
				w.s.meta.Pause()
			}
		}
	}
	return nil
}

// visit writes a slice of a shard, or a piece of a big value.
func (w *dfsWalker) visit(ctx context.Context, sh *dfsShard) error {
	more, wrote, inPiece := sh.snap.Step()
	if wrote {
		if err := w.big(ctx, sh, inPiece); err != nil {
			return err
		}
	}
	for {
		var b []byte
		if err := sh.locked(func(sw *snapshot.Writer) { b = sw.Take(w.spare, !more) }); err != nil {
			return err
		}
		if b == nil {
			break
		}
		w.spare = b
		if err := w.blob(sh.f, b); err != nil {
			return err
		}
	}
	if more {
		return nil
	}
	sh.done = true
	return sh.f.end()
}

// big writes a piece of a big value; of a value that cannot be split all the others too.
func (w *dfsWalker) big(ctx context.Context, sh *dfsShard, more bool) error {
	db, cut, err := w.take(sh)
	if err != nil {
		return err
	}
	if cut == noCut {
		return w.whole(ctx, sh, db, more)
	}
	sh.chunk.add(w.piece)
	if more && (cut == cutLater || sh.chunk.size() < w.s.meta.MaxChunk) {
		return nil
	}
	return w.blob(sh.f, sh.chunk.next(db, !more))
}

// cutting says whether a big value can be split.
type cutting uint8

const (
	noCut    cutting = iota
	cutLater         // not here
	cutHere
)

// take takes a piece of the big value that a shard is at.
func (w *dfsWalker) take(sh *dfsShard) (db int, cut cutting, err error) {
	err = sh.locked(func(sw *snapshot.Writer) {
		w.piece, db = sw.TakePiece(w.piece)
		switch {
		case !w.s.meta.TaggedChunks || w.s.meta.MaxChunk <= 0 || !sw.Splits():
			cut = noCut
		case sw.MayCut():
			cut = cutHere
		default:
			cut = cutLater
		}
	})
	return db, cut, err
}

// whole writes a big value as one record, of which w.piece is the first piece, with nothing in between.
func (w *dfsWalker) whole(ctx context.Context, sh *dfsShard, db int, more bool) error {
	for announced := false; ; {
		if !announced && len(w.piece) > 0 {
			announced = true
			if err := w.write(sh.f, appendSelect(nil, db)); err != nil {
				return err
			}
		}
		if err := w.write(sh.f, w.piece); err != nil || !more {
			return err
		}
		if err := w.pace.wait(ctx); err != nil {
			return err
		}
		_, _, more = sh.snap.Step()
		if _, _, err := w.take(sh); err != nil {
			return err
		}
	}
}

// blob writes whole records or a chunk, compressed if that is worth it.
func (w *dfsWalker) blob(f *output, b []byte) error {
	if blob, ok := w.compressor.blob(b); ok {
		b = blob
	}
	return w.write(f, b)
}

func (w *dfsWalker) write(f *output, b []byte) error {
	w.pace.count(len(b))
	return f.write(b)
}
