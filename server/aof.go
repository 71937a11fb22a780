package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dragonfly/rdbload"
	"dragonfly/rdbload/aof"
	"dragonfly/server/loader"
	"dragonfly/store"
)

// aofSummary tells what loading an append-only log has done.
type aofSummary struct {
	Files int
	Base  rdbload.Summary // of the RDB file that the log begins with, if it does

	Commands   int64  // that were run
	PassedOver int64  // commands that have no meaning for the data: PUBLISH
	Errors     int64  // commands that answered an error
	FirstError string // the first of these: where, which and why
	Ignored    int64  // bytes at the end that are no whole command or transaction
	Took       time.Duration
}

// String returns the summary in one line.
func (a *aofSummary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "files: %d, keys of the base: %d, commands: %d, errors: %d, bytes ignored at the end: %d",
		a.Files, a.Base.Keys, a.Commands, a.Errors, a.Ignored)
	if a.PassedOver > 0 {
		fmt.Fprintf(&b, ", commands passed over: %d", a.PassedOver)
	}
	fmt.Fprintf(&b, ", seconds: %.3f", a.Took.Seconds())
	return b.String()
}

// loadAOF loads the append-only log of a Redis at path (see aof.Open) into the empty data set: its base, and then what
// its commands do. After an error the data set holds what came before.
//
// Nothing expires meanwhile: the log tells by a DEL when a key went, and what stands before that may still use it.
func (s *Server) loadAOF(ctx context.Context, path string) (aofSummary, error) {
	log, err := aof.Open(path)
	if err != nil {
		return aofSummary{}, err
	}
	s.load.begin()
	s.load.total.Store(log.Size())
	s.store.NoExpire.Store(true)
	defer s.store.NoExpire.Store(false)

	p := newReplay(ctx, s)
	defer p.forgetAccesses()
	for i := range log.Files {
		if err := p.file(&log.Files[i]); err != nil {
			return p.sum, err
		}
	}
	p.sum.Took = time.Since(p.began)
	if p.sum.Errors > 0 {
		s.log.Warn(fmt.Sprintf("Load append-only file: %d commands answered an error, the first %s", p.sum.Errors, p.sum.FirstError))
	}
	return p.sum, nil
}

// file loads one file of the log.
func (p *replay) file(f *aof.File) error {
	src, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer src.Close()
	begin := int64(0)
	if f.RDB {
		if begin, err = p.base(src); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	r := aof.NewReader(contextReader{p.ctx, src}, f.Path, begin, f.Last)
	r.MaxArg = max(r.MaxArg, int(p.s.maxBulk.Load()))
	if err := p.commands(f.Path, r); err != nil {
		return err
	}
	if n := r.Ignored(); n > 0 {
		p.s.log.Warn(fmt.Sprintf("Load append-only file: %s ends within a command or transaction: its last %d bytes, from offset %d on, are ignored",
			f.Path, n, r.Offset()))
	}
	p.sum.Ignored += r.Ignored()
	p.sum.Files++
	p.before += f.Size
	return nil
}

// base loads the RDB file that src begins with, and goes to its end.
func (p *replay) base(src *os.File) (end int64, err error) {
	s := p.s
	l := loader.New(s.store, max(1, len(s.loops)-1), p.co.nowMs)
	l.MaxMemory, l.DryRun = p.maxMemory(), s.cfg.RDBLoadDryRun
	s.load.loader.Store(l)
	feeder := l.Feeder()
	p.sum.Base, err = rdbload.Load(contextReader{p.ctx, src}, rdbload.Options{
		KeepExpired:  true,
		IgnoreExpiry: s.cfg.RDBIgnoreExpiry,
		StopAtEOF:    true,
		Progress:     func(n int64) { p.report(n, l.Keys(), "keys") },
	}, feeder)
	feeder.Flush()
	if err = errors.Join(err, l.Finish()); err != nil {
		return 0, err
	}
	s.log.Info(loadLine(src.Name(), p.sum.Base, time.Since(p.began)))
	for _, w := range p.sum.Base.Warnings {
		s.log.Warn(fmt.Sprintf("Load append-only file: %s (%d times, first at key %q)", w.Text, w.Count, w.FirstKey))
	}
	if !l.DryRun {
		s.carried.merge(l.Carried(), false)
		if err := s.adoptFunctions(l.Carried().Functions, false, true); err != nil {
			return 0, err
		}
		s.load.keys.Store(int64(p.sum.Base.Keys))
	}
	return src.Seek(p.sum.Base.Bytes, io.SeekStart)
}

// commands runs the commands of a file.
func (p *replay) commands(path string, r *aof.Reader) error {
	p.path, p.cl.DB = path, 0
	defer p.co.tx.Unlock()
	for r.Next() {
		if err := p.command(r.Args(), r.Offset()); err != nil {
			return err
		}
	}
	p.multi, p.queue = false, nil // its EXEC has not come
	return r.Err()
}

// replaySlice is how many commands run between two looks at the clock and at the memory. For as long a shard may stay
// locked.
const replaySlice = 256

// breathe lets others have the shards and checks what need not be checked for every command.
func (p *replay) breathe(offset int64) error {
	s := p.s
	p.co.tx.Unlock()
	p.co.nowMs = time.Now().UnixMilli()
	p.report(p.before+offset, p.sum.Commands, "commands")
	switch limit := p.maxMemory(); {
	case s.store.Full():
		return p.fail(offset, errors.New("out of memory: the address space of a shard is used up, more of them (--num_shards) have more"))
	case limit > 0 && s.store.Used() > limit:
		return p.fail(offset, fmt.Errorf("out of memory: %d bytes are in use, --maxmemory is %d", s.store.Used(), s.maxMemory.Load()))
	}
	return nil
}

// maxMemory returns what the data set may take: what fitted where it comes from may take a little more here.
func (p *replay) maxMemory() int64 { return p.s.maxMemory.Load() + p.s.maxMemory.Load()/20 }

// report tells how far loading has come: n things of a kind, done bytes of all.
func (p *replay) report(done, n int64, kind string) {
	s := p.s
	s.load.done.Store(done)
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(logEvery)
	total, since := s.load.total.Load(), now.Sub(p.began)
	left := time.Duration(float64(since) * float64(total-done) / float64(max(1, done)))
	s.log.Info(fmt.Sprintf("Loading: %.1f%%, %d %s, %.0f %s/s, %s left",
		100*float64(done)/float64(max(1, total)), n, kind, float64(n)/since.Seconds(), kind, left.Round(time.Second)))
}

// forgetAccesses sets what the shards count to zero: nobody has accessed anything yet.
func (p *replay) forgetAccesses() {
	st := p.s.store
	for i := range st.NumShards() {
		sh := st.Shard(i)
		sh.Lock()
		sh.Stats = store.Stats{}
		sh.Unlock()
	}
}
