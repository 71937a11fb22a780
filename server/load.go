package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/persistence"
	"dragonfly/rdbload"
	"dragonfly/rdbload/aof"
	"dragonfly/server/loader"
)

// loadProgress is how far loading has come, for INFO and the log.
type loadProgress struct {
	started atomic.Int64 // Unix seconds
	total   atomic.Int64 // bytes
	done    atomic.Int64 // bytes
	report  atomic.Int64 // Unix ms of the next report in the log
	loader  atomic.Pointer[loader.Loader]

	// What the last load read and left out, for INFO.
	keys, expired, empty atomic.Int64
}

// begin forgets the load of before.
func (p *loadProgress) begin() {
	now := time.Now()
	p.total.Store(0)
	p.done.Store(0)
	p.started.Store(now.Unix())
	p.report.Store(now.Add(logEvery).UnixMilli())
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

// source is a snapshot in a place: an RDB file, or the summary of a DFS snapshot.
type source struct {
	storage persistence.Storage
	name    string
}

func (f source) path() string { return f.storage.Path(f.name) }

// Load reads the snapshot of the settings into the empty data set. Commands are answered -LOADING meanwhile. No
// snapshot is no error.
func (s *Server) Load(ctx context.Context) error {
	if err := s.loadSnapshot(ctx); err != nil {
		return err // clients are answered -LOADING until the end: they must not see half of the data, nor save it
	}
	s.loading.Store(false)
	return nil
}

// loadSnapshot finds the snapshot, or the append-only file, and reads it.
func (s *Server) loadSnapshot(ctx context.Context) error {
	if s.storage == nil {
		var err error
		if s.storage, err = s.openStorage(ctx, s.cfg.Dir); err != nil {
			return &LoadError{s.cfg.Dir, err}
		}
	}
	storage, base := s.storage, s.cfg.DBFilename
	var found persistence.Candidate
	ok := false
	if base != "" {
		s.log.Info(fmt.Sprintf("Load snapshot: Searching for snapshot in directory: %q", s.directory()))
		if err := storage.Recover(ctx, base); err != nil {
			return &LoadError{storage.Path(base), fmt.Errorf("settling an interrupted save: %w", err)}
		}
		var others []string
		var err error
		if found, others, ok, err = persistence.Find(ctx, storage, base); err != nil {
			return &LoadError{storage.Path(base), err}
		}
		if len(others) > 0 {
			slices.Sort(others)
			s.log.Info("Load snapshot: other files match and are not loaded: " + strings.Join(others, ", "))
		}
	}
	if fromLog, err := s.loadLog(ctx, found, ok); err != nil || fromLog {
		return err
	}
	switch {
	case ok:
		if err := s.loadFound(ctx, source{storage, found.Name}); err != nil {
			return err
		}
	case base != "":
		s.log.Warn("Load snapshot: No snapshot found", "dbfilename", base)
	}
	if base == "" {
		return nil
	}
	if stale, err := storage.RemoveStale(ctx, base); err != nil {
		s.log.Warn("Load snapshot: what an interrupted save left could not be removed: " + shortFailure(err))
	} else if len(stale) > 0 {
		s.log.Warn("Load snapshot: removed what an interrupted save left: " + strings.Join(stale, ", "))
	}
	return nil
}

// loadFound reads a snapshot at start and tells about it.
func (s *Server) loadFound(ctx context.Context, from source) error {
	s.log.Info("Loading " + from.path())
	start := time.Now()
	sum, err := s.loadFrom(ctx, from, loadOptions{dryRun: s.cfg.RDBLoadDryRun})
	if err != nil {
		var known *LoadError
		if errors.As(err, &known) {
			return err
		}
		return &LoadError{from.path(), err}
	}
	s.logLoad(from, sum, time.Since(start))
	return nil
}

func (s *Server) logLoad(from source, sum rdbload.Summary, took time.Duration) {
	s.log.Info(loadLine(from.path(), sum, took))
	for _, w := range sum.Warnings {
		s.log.Warn(fmt.Sprintf("Load snapshot: %s (%d times, first at key %q)", w.Text, w.Count, w.FirstKey))
	}
}

// loadLog loads the append-only file of the settings, unless a snapshot is newer. Without one in the settings it warns of
// one that lies where the snapshots are: a Redis that wrote both goes by the append-only file.
func (s *Server) loadLog(ctx context.Context, found persistence.Candidate, ok bool) (loaded bool, err error) {
	path := s.cfg.LoadAOF
	if path == "" {
		for _, name := range []string{"appendonlydir", "appendonly.aof"} {
			beside := filepath.Join(s.cfg.Dir, name)
			if st, err := os.Stat(beside); err == nil && (st.IsDir() || st.Size() > 0) {
				s.log.Warn(fmt.Sprintf("An append-only file lies beside the snapshots and may be newer; it is not loaded without --load_aof=%s", beside))
			}
		}
		return false, nil
	}
	log, err := aof.Open(path)
	if err != nil {
		return false, &LoadError{path, err}
	}
	if ok && s.modified(ctx, found.Name).After(log.Time()) {
		s.log.Info(fmt.Sprintf("%s is newer than the append-only file %s and is loaded instead", s.storage.Path(found.Name), path))
		return false, nil
	}
	s.log.Info("Loading " + path)
	sum, err := s.loadAOF(ctx, path)
	if err != nil {
		return false, &LoadError{path, err}
	}
	s.log.Info("Load finished, " + sum.String())
	return true, nil
}

// modified returns when a snapshot was written.
func (s *Server) modified(ctx context.Context, name string) time.Time {
	files, _ := s.storage.List(ctx) // what cannot be listed is not newer
	for _, f := range files {
		if f.Name == name {
			return f.Modified
		}
	}
	return time.Time{}
}

// directory returns the place of the snapshots as the log shows it.
func (s *Server) directory() string {
	if strings.Contains(s.cfg.Dir, "://") {
		return s.cfg.Dir
	}
	if abs, err := filepath.Abs(s.cfg.Dir); err == nil {
		return abs
	}
	return s.cfg.Dir
}

// loadLine tells all about a load in one line.
func loadLine(file string, sum rdbload.Summary, took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Load finished, num keys read: %d, file: %s, RDB version: %d, written by: %s, expired keys dropped: %d, empty keys dropped: %d",
		sum.Keys, file, sum.Version, sum.Producer, sum.Expired, sum.Empty)
	if sum.Functions > 0 {
		fmt.Fprintf(&b, ", function libraries: %d", sum.Functions)
	}
	for _, name := range slices.Sorted(maps.Keys(sum.Modules)) {
		m := sum.Modules[name]
		fmt.Fprintf(&b, ", kept of module %s, without commands: %d keys (first %q), %d pieces of data", name, m.Keys, m.FirstKey, m.Aux)
	}
	fmt.Fprintf(&b, ", seconds: %.3f", took.Seconds())
	return b.String()
}

// loadOptions are the choices of one load.
type loadOptions struct {
	beside  bool // the data set is not empty
	replace bool // keys that are there already are replaced; else they are an error
	dryRun  bool // read and check, insert nothing
}

// loadFrom reads a snapshot into the data set, next to what is there.
func (s *Server) loadFrom(ctx context.Context, from source, opt loadOptions) (sum rdbload.Summary, err error) {
	files := []string{from.name}
	id := ""
	if persistence.IsSummary(from.name) {
		set, err := persistence.ReadSet(ctx, from.storage, from.name)
		if err != nil {
			return sum, err
		}
		files, id = append(files, set.Shards...), set.ID
		if len(set.Leftovers) > 0 {
			s.log.Info("Load snapshot: files of an older snapshot are not loaded: " + strings.Join(set.Leftovers, ", "))
		}
	}
	s.load.begin()
	s.store.NoExpire.Store(true)
	defer s.store.NoExpire.Store(false)

	now := time.Now()
	l := loader.New(s.store, max(1, len(s.loops)-1), now.UnixMilli())
	l.DryRun, l.Replace = opt.dryRun, opt.replace
	l.MaxMemory = s.maxMemory.Load() + s.maxMemory.Load()/20 // what was saved at the limit may take a little more
	s.load.loader.Store(l)
	sums, err := s.readFiles(ctx, from.storage, files, id, l, now)
	if failure := l.Finish(); failure != nil {
		err = failure // the readers end with it, in the middle of something else
	}
	sum = sums.sum
	sum.Functions = uint64(len(l.Carried().Functions)) // a DFS snapshot has them among its metadata
	if err != nil || opt.dryRun {
		return sum, err
	}
	if n := l.Replaced(); n > 0 && !opt.beside {
		s.log.Warn(fmt.Sprintf("%s: %d keys are there twice; the later ones count", from.path(), n))
	}
	s.carried.merge(l.Carried(), opt.beside)
	s.adoptScripts(l.Carried().Aux)
	if err := s.adoptFunctions(l.Carried().Functions, opt.beside, opt.replace); err != nil {
		return sum, errors.New(strings.TrimPrefix(err.Error(), "ERR "))
	}
	s.load.keys.Store(int64(sum.Keys))
	s.load.expired.Store(int64(sum.Expired))
	s.load.empty.Store(int64(sum.Empty))
	if slices.ContainsFunc(sum.Warnings, func(w rdbload.Warning) bool { return w.Lost }) {
		s.persist.keep(from.path())
	}
	return sum, nil
}

// readFiles reads the files of one snapshot, the first one before the others and these as many at a time as there are
// processors.
func (s *Server) readFiles(ctx context.Context, storage persistence.Storage, files []string, id string, l *loader.Loader, now time.Time) (*summaries, error) {
	open := make([]io.ReadCloser, 0, len(files))
	defer func() {
		for _, f := range open {
			f.Close()
		}
	}()
	for _, name := range files {
		f, size, err := storage.Open(ctx, name)
		if err != nil {
			return &summaries{}, err
		}
		open = append(open, f)
		s.load.total.Add(size)
	}
	sums := &summaries{}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read := func(i int) error {
		feeder := l.Feeder()
		done := int64(0)
		sum, err := rdbload.Load(contextReader{ctx, open[i]}, rdbload.Options{
			NowMs:        now.UnixMilli(),
			IgnoreExpiry: s.cfg.RDBIgnoreExpiry,
			SnapshotID:   id,
			Progress: func(n int64) {
				s.load.done.Add(n - done)
				done = n
				s.logProgress(l.Keys(), now)
			},
		}, feeder)
		feeder.Flush()
		sums.add(sum)
		if err != nil {
			cancel()
			return &LoadError{storage.Path(files[i]), err}
		}
		return nil
	}
	if err := read(0); err != nil {
		return sums, err
	}
	var next atomic.Int64
	errs := make([]error, min(len(files)-1, runtime.GOMAXPROCS(0)))
	var wg sync.WaitGroup
	for k := range errs {
		wg.Go(func() {
			for i := int(next.Add(1)); i < len(files) && errs[k] == nil; i = int(next.Add(1)) {
				errs[k] = read(i)
			}
		})
	}
	wg.Wait()
	// Those that were ended because of another's failure have nothing to say.
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return sums, err
		}
	}
	return sums, errors.Join(errs...)
}

// summaries adds up what was read from the files of a snapshot.
type summaries struct {
	mu  sync.Mutex
	sum rdbload.Summary
}

func (t *summaries) add(sum rdbload.Summary) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := &t.sum
	if all.Producer == "" {
		all.Producer, all.Version, all.Valkey = sum.Producer, sum.Version, sum.Valkey
	}
	all.Keys += sum.Keys
	all.Expired += sum.Expired
	all.Empty += sum.Empty
	all.Functions += sum.Functions
	all.Bytes += sum.Bytes
	for name, m := range sum.Modules {
		if all.Modules == nil {
			all.Modules = map[string]*rdbload.ModuleCount{}
		}
		if have := all.Modules[name]; have != nil {
			have.Keys, have.Aux = have.Keys+m.Keys, have.Aux+m.Aux
			continue
		}
		all.Modules[name] = m
	}
	for _, w := range sum.Warnings {
		at := slices.IndexFunc(all.Warnings, func(have rdbload.Warning) bool { return have.Text == w.Text })
		if at < 0 {
			all.Warnings = append(all.Warnings, w)
			continue
		}
		all.Warnings[at].Count += w.Count
	}
}

// logProgress reports a load that takes long, every few seconds.
func (s *Server) logProgress(keys int64, began time.Time) {
	now := time.Now()
	next := s.load.report.Load()
	if now.UnixMilli() < next || !s.load.report.CompareAndSwap(next, now.Add(logEvery).UnixMilli()) {
		return
	}
	done, total := s.load.done.Load(), s.load.total.Load()
	if done == 0 || total == 0 {
		return
	}
	since := now.Sub(began)
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
