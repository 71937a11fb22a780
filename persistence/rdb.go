package persistence

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/snapshot"
	"dragonfly/store"
)

const (
	// rdbWalkers is how many goroutines at most walk the shards for one RDB file: another writes, and with one of them it
	// would wait.
	rdbWalkers = 2
	// partsAhead is how many parts a walker may be ahead of the file.
	partsAhead = 4
)

// SaveRDB writes the data set as it is now into one RDB file. It goes on while commands change the data set; ctx
// ends it early, without a trace. The store must have no other snapshot running, and what an earlier process left of a
// file of that name must be settled (Storage.Recover).
//
// Equal data in equal tables gives equal bytes behind the metadata: the file is made of one part of each shard in turn,
// and what a part is follows from the records in it.
func SaveRDB(
	ctx context.Context, st *store.Store, storage Storage, name string, meta Meta, progress *Progress,
) (Result, error) {
	res, err := saveRDB(ctx, st, storage, name, meta, progress)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", storage.Path(name), err)
	}
	return res, nil
}

func saveRDB(
	ctx context.Context, st *store.Store, storage Storage, name string, meta Meta, progress *Progress,
) (res Result, err error) {
	var counts snapshot.Counts
	if err := meta.fit(&counts); err != nil {
		return res, err
	}
	f, err := storage.Create(ctx, name)
	if err != nil {
		return res, err
	}
	s := &rdbSaver{
		f:        &output{Pending: f, progress: progress},
		meta:     &meta,
		progress: progress,
		pace:     pace{limit: meta.EgressLimit},
	}
	if res, err = s.save(ctx, st, counts); err != nil {
		return res, abort(err, f)
	}
	if err := f.Finish(); err != nil {
		return res, abort(err, f)
	}
	if err := commit(ctx, storage, &res, []Pending{f}); err != nil {
		return res, abort(err, f)
	}
	res.Took = time.Since(res.Started)
	return res, nil
}

// fit leaves out of what stands beside the keys what the target cannot hold.
func (m *Meta) fit(counts *snapshot.Counts) error {
	t := m.Target
	if t.Version == 0 {
		return nil
	}
	if t.Version < snapshot.MinTarget || t.Version > snapshot.MaxTarget {
		return fmt.Errorf("RDB version %d is not one that can be chosen", t.Version)
	}
	if n := len(m.Carried.Functions); n > 0 && t.Version < functionVersion {
		if err := t.Lose(counts, snapshot.Functions, int64(n)); err != nil {
			return err
		}
		m.Carried.Functions = nil
	}
	if n := len(m.Carried.ModuleAux); n > 0 {
		if err := t.Lose(counts, snapshot.ModuleData, int64(n)); err != nil {
			return err
		}
		m.Carried.ModuleAux = nil
	}
	return nil
}

// functionVersion is the first RDB version with functions.
const functionVersion = 10

// rdbSaver writes one file from the records of all shards.
type rdbSaver struct {
	f        *output
	meta     *Meta
	progress *Progress
	pace     pace
}

func (s *rdbSaver) save(ctx context.Context, st *store.Store, counts snapshot.Counts) (res Result, err error) {
	now := s.meta.instant()
	// The header is written last: only then it is known which version the values need.
	if err := s.f.write(make([]byte, rdbfmt.MagicSize)); err != nil {
		return res, err
	}
	s.f.sum = 0
	if err := s.f.write(s.meta.rdbFront(now)); err != nil {
		return res, err
	}
	res.Started = time.Now()
	snap, walks := cut(st, snapshot.Options{
		Compress: s.meta.Compression != NoCompression,
		Access:   s.meta.Access,
		NowMs:    now.UnixMilli(),
		Target:   s.meta.Target,
	}, s.progress)
	err = s.walk(ctx, walks)
	snap.End()
	if err != nil {
		return res, err
	}
	for _, sh := range walks {
		counts.Add(&sh.w.Counts)
	}
	if len(s.meta.Carried.Functions) > 0 {
		counts.Version = max(counts.Version, functionVersion)
	}
	res.count(&counts)
	res.Dirty = snap.Dirty
	err = s.finish(res.Version)
	res.Bytes = s.f.n
	return res, err
}

// part is a piece of the file from one shard.
type part struct {
	b    []byte
	more bool // the next part of the shard belongs right behind it
	end  bool // the shard is through
}

// rdbWalker makes parts of some shards, in turn.
type rdbWalker struct {
	walks []*walk
	parts chan part
	spare chan []byte // buffers to be used again
	pause func()
}

// walk writes the parts of all shards: one of each in turn.
func (s *rdbSaver) walk(ctx context.Context, walks []*walk) error {
	ctx, cancel := context.WithCancelCause(ctx)
	ws := make([]*rdbWalker, max(1, min(len(walks), rdbWalkers, runtime.GOMAXPROCS(0))))
	for i := range ws {
		ws[i] = &rdbWalker{parts: make(chan part, partsAhead), spare: make(chan []byte, 2*partsAhead), pause: s.meta.Pause}
	}
	for i, sh := range walks {
		w := ws[i%len(ws)]
		w.walks = append(w.walks, sh)
	}
	var wg sync.WaitGroup
	for _, w := range ws {
		wg.Go(func() {
			if err := w.run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	err := s.merge(ctx, ws, len(walks))
	cancel(err)
	wg.Wait()
	return err
}

// merge takes the parts of the shards in turn. A walker makes them in the same order.
func (s *rdbSaver) merge(ctx context.Context, ws []*rdbWalker, shards int) error {
	through := make([]bool, shards)
	for left := shards; left > 0; {
		for i := range through {
			for more := !through[i]; more; {
				w := ws[i%len(ws)]
				var p part
				select {
				case p = <-w.parts:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				s.pace.count(len(p.b))
				if err := s.f.write(p.b); err != nil {
					return err
				}
				if err := s.pace.wait(ctx); err != nil {
					return context.Cause(ctx)
				}
				select {
				case w.spare <- p.b:
				default:
				}
				if p.end {
					through[i] = true
					left--
				}
				more = p.more
			}
		}
	}
	return nil
}

// run makes the parts of all shards of the walker.
func (w *rdbWalker) run(ctx context.Context) error {
	for left := len(w.walks); left > 0; {
		for _, sh := range w.walks {
			if sh.done {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.visit(ctx, sh); err != nil {
				return err
			}
			if sh.done {
				left--
			}
			if w.pause != nil {
				w.pause()
			}
		}
	}
	return nil
}

// visit makes the next part of a shard: a chunk of records, a big value, or the end.
func (w *rdbWalker) visit(ctx context.Context, sh *walk) error {
	for buf := w.buffer(); ; {
		var b []byte
		if err := sh.locked(func(w *snapshot.Writer) { b = w.Take(buf, sh.over) }); err != nil {
			return err
		}
		if b != nil {
			return w.send(ctx, part{b: b})
		}
		if sh.over {
			sh.done = true
			return w.send(ctx, part{end: true})
		}
		more, wrote, inPiece := sh.snap.Step()
		if wrote {
			return w.big(ctx, sh, inPiece)
		}
		sh.over = !more
	}
}

// big makes a part of a big value that was begun, the pieces of which follow one another in the file.
func (w *rdbWalker) big(ctx context.Context, sh *walk, more bool) error {
	for first := true; ; {
		var b []byte
		var db int
		buf := w.buffer()
		if err := sh.locked(func(w *snapshot.Writer) { b, db = w.TakePiece(buf) }); err != nil {
			return err
		}
		if first && len(b) > 0 {
			first = false
			if err := w.send(ctx, part{b: appendSelect(nil, db), more: true}); err != nil {
				return err
			}
		}
		if err := w.send(ctx, part{b: b, more: more}); err != nil || !more {
			return err
		}
		_, _, more = sh.snap.Step()
	}
}

// buffer returns a buffer to be used again, nil if there is none.
func (w *rdbWalker) buffer() []byte {
	select {
	case b := <-w.spare:
		return b
	default:
		return nil
	}
}

// send waits while the walker is too far ahead of the file.
func (w *rdbWalker) send(ctx context.Context, p part) error {
	select {
	case w.parts <- p:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finish writes the end and the header. The checksum of the header is put before that of the rest.
func (s *rdbSaver) finish(version int) error {
	if err := s.f.write(append(appendModuleAux(nil, s.meta.Carried.ModuleAux, true), rdbfmt.OpEOF)); err != nil {
		return err
	}
	header := fmt.Appendf(nil, "%s%04d", rdbfmt.MagicRedis, version)
	sum := rdbfmt.CombineCRC64(rdbfmt.CRC64(0, header), s.f.sum, s.f.n-rdbfmt.MagicSize)
	if err := s.f.write(binary.LittleEndian.AppendUint64(nil, sum)); err != nil {
		return err
	}
	if _, err := s.f.WriteAt(header, 0); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	return nil
}
