package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dragonfly/persistence"
	"dragonfly/rdbload"
	"dragonfly/server/loader"
)

// loadProgress is how far loading has come, for INFO and the log.
type loadProgress struct {
	started atomic.Int64 // Unix seconds
	total   atomic.Int64 // bytes
	done    atomic.Int64 // bytes
	loader  atomic.Pointer[loader.Loader]

	// What the last load left out, for INFO.
	expired, empty, skipped atomic.Int64
	keys                    atomic.Int64
}

// LoadError tells which file could not be loaded and why.
type LoadError struct {
	File string // empty if none could be looked for
	Err  error
}

// Error returns one line for the operator.
func (e *LoadError) Error() string {
	return strings.ReplaceAll(fmt.Sprintf("Failed to load snapshot: %s: %v", e.File, e.Err), "\n", "; ")
}

// Unwrap returns the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// logEvery is how often a long load reports.
const logEvery = 5 * time.Second

// Load reads the snapshot of the settings into the empty data set. Commands are answered -LOADING meanwhile. No
// snapshot is no error.
func (s *Server) Load(ctx context.Context) error {
	if s.cfg.DBFilename == "" {
		s.loading.Store(false)
		return nil
	}
	if err := s.loadSnapshot(ctx); err != nil {
		return err // clients are answered -LOADING until the end: they must not see half of the data, nor save it
	}
	s.loading.Store(false)
	if stale, _ := persistence.RemoveStale(s.cfg.Dir, s.cfg.DBFilename); len(stale) > 0 {
		s.log.Warn("Load snapshot: removed what an interrupted save left: " + strings.Join(stale, ", "))
	}
	return nil
}

// loadSnapshot finds the snapshot and reads it.
func (s *Server) loadSnapshot(ctx context.Context) error {
	s.log.Info(fmt.Sprintf("Load snapshot: Searching for snapshot in directory: %q", absolute(s.cfg.Dir)))
	file, others, found, err := persistence.Find(s.cfg.Dir, s.cfg.DBFilename)
	if err != nil {
		return &LoadError{file, err}
	}
	if !found {
		s.log.Warn("Load snapshot: No snapshot found", "dbfilename", s.cfg.DBFilename)
		return nil
	}
	if len(others) > 0 {
		slices.Sort(others)
		s.log.Info("Load snapshot: other files match and are older: " + strings.Join(others, ", "))
	}
	s.log.Info("Loading " + file)
	start := time.Now()
	sum, err := s.loadFile(ctx, file)
	if err != nil {
		return &LoadError{file, err}
	}
	s.log.Info(loadLine(file, sum, time.Since(start)))
	for _, w := range sum.Warnings {
		s.log.Warn(fmt.Sprintf("Load snapshot: %s (%d times, first at key %q)", w.Text, w.Count, w.FirstKey))
	}
	return nil
}

// loadLine tells all about a load in one line.
func loadLine(file string, sum rdbload.Summary, took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Load finished, num keys read: %d, file: %s, RDB version: %d, written by: %s, expired keys dropped: %d, empty keys dropped: %d",
		sum.Keys, file, sum.Version, sum.Producer, sum.Expired, sum.Empty)
	if sum.Functions > 0 {
		fmt.Fprintf(&b, ", function libraries: %d", sum.Functions)
	}
	var names []string
	for name := range sum.Skipped {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		m := sum.Skipped[name]
		fmt.Fprintf(&b, ", skipped of module %s: %d keys (first %q), %d pieces of data", name, m.Keys, m.FirstKey, m.Aux)
	}
	fmt.Fprintf(&b, ", seconds: %.3f", took.Seconds())
	return b.String()
}

// loadFile reads a file into the data set, next to what is there.
func (s *Server) loadFile(ctx context.Context, file string) (rdbload.Summary, error) {
	f, err := os.Open(file)
	if err != nil {
		return rdbload.Summary{}, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		s.load.total.Store(info.Size())
	}
	s.load.done.Store(0)
	s.load.started.Store(time.Now().Unix())
	s.store.NoExpire.Store(true)
	defer s.store.NoExpire.Store(false)

	now := time.Now()
	l := loader.New(s.store, max(1, len(s.loops)-1), now.UnixMilli())
	l.MaxMemory, l.DryRun = s.maxMemory.Load(), s.cfg.RDBLoadDryRun
	s.load.loader.Store(l)
	next := now.Add(logEvery)
	sum, err := rdbload.Load(contextReader{ctx, f}, rdbload.Options{
		NowMs:        now.UnixMilli(),
		IgnoreExpiry: s.cfg.RDBIgnoreExpiry,
		Progress: func(n int64) {
			s.load.done.Store(n)
			if t := time.Now(); t.After(next) {
				next = t.Add(logEvery)
				s.logProgress(l.Keys(), t.Sub(now))
			}
		},
	}, l.Sink())
	err = errors.Join(err, l.Finish())
	if err != nil || l.DryRun {
		return sum, err
	}
	s.functions.set(l.Functions)
	if n := l.MemberTTLs.Load(); n > 0 {
		sum.Warnings = append(sum.Warnings, rdbload.Warning{Text: "members of sets are kept without their TTL", Count: uint64(n)})
	}
	s.load.keys.Store(int64(sum.Keys))
	s.load.expired.Store(int64(sum.Expired))
	s.load.empty.Store(int64(sum.Empty))
	skipped := int64(0)
	for _, m := range sum.Skipped {
		skipped += int64(m.Keys)
	}
	s.load.skipped.Store(skipped)
	if len(sum.Skipped) > 0 || l.MemberTTLs.Load() > 0 {
		s.persist.keep(file)
	}
	return sum, nil
}

// logProgress reports a load that takes long.
func (s *Server) logProgress(keys int64, since time.Duration) {
	done, total := s.load.done.Load(), s.load.total.Load()
	if done == 0 || total == 0 {
		return
	}
	left := time.Duration(float64(since) * float64(total-done) / float64(done))
	s.log.Info(fmt.Sprintf("Loading: %.1f%%, %d keys, %.0f keys/s, %s left",
		100*float64(done)/float64(total), keys, float64(keys)/since.Seconds(), left.Round(time.Second)))
}

// contextReader ends with the context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads unless the context has ended.
func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// functionLibraries are the sources of the function libraries of the data set.
type functionLibraries struct{ sources atomic.Pointer[[][]byte] }

func (f *functionLibraries) set(sources [][]byte) { f.sources.Store(&sources) }

func (f *functionLibraries) get() [][]byte {
	if p := f.sources.Load(); p != nil {
		return *p
	}
	return nil
}
