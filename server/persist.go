package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/persistence"
	"dragonfly/persistence/s3"
	"dragonfly/persistence/snapshot"
	"dragonfly/persistence/vfs"
	"dragonfly/server/config"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// persister saves the data set, one save at a time, and remembers how it went.
type persister struct {
	s *Server

	// stopWrites refuses writes after a save that failed: stop-writes-on-bgsave-error. failed tells that the last one did.
	stopWrites, failed atomic.Bool

	mu       sync.Mutex
	running  bool
	bgsave   bool // the running save is a BGSAVE
	progress *persistence.Progress
	began    time.Time

	last       persistence.Result // the last successful save
	lastIn     persistence.Storage
	lastSave   time.Time // its start; before the first, the start of the server
	failedAt   time.Time
	failedTook time.Duration
	failure    string // of the last save, empty if it succeeded
	// original is a file of which not all was loaded: it is kept when a save replaces it.
	original  string
	saves     int64
	totalUsec int64
	auto      autoSaves
}

// autoSaves counts the saves that no client asked for.
type autoSaves struct{ done, failed int64 }

func (p *persister) init(s *Server) {
	p.s = s
	p.lastSave = s.start
}

// stopped tells whether writes are refused because the last save failed.
func (p *persister) stopped() bool { return p.failed.Load() && p.stopWrites.Load() }

// Errors of a save that cannot begin.
const (
	errSaving  resperr.Error = "ERR Operation now in progress: SAVING - can not save database"
	errLoading resperr.Error = "ERR Operation now in progress: LOADING - can not save database"
	errNoName  resperr.Error = "ERR filename is not specified"
	errDryRun  resperr.Error = "ERR nothing is saved in a dry run (--rdb_load_dry_run)"
)

// format is how a snapshot is written.
type format uint8

const (
	defaultFormat format = iota // what the settings say
	formatDFS
	formatRDB
)

// target is where a save goes to, and in which form.
type target struct {
	format format
	uri    string // of another place than that of the settings
	base   string // file name, with placeholders; empty: that of the settings
	reader *snapshot.Target
	bg     bool
}

// save is a save under way.
type save struct {
	storage persistence.Storage // nil until it is opened, if uri is set
	uri     string
	dfs     bool
	base    string // as the settings have it, with placeholders
	name    string // of the RDB file, or of the files of a DFS snapshot without their ends
	reader  snapshot.Target
	began   time.Time
	auto    bool // no client asked for it: who did tells of a failure
	alone   bool // no client is served meanwhile
}

// path returns the file that a save is known by.
func (j *save) path() string {
	if j.dfs {
		return j.storage.Path(persistence.SummaryName(j.name))
	}
	return j.storage.Path(j.name)
}

// openStorage returns the place that dir means: a directory, or a bucket in S3.
func (s *Server) openStorage(ctx context.Context, dir string) (persistence.Storage, error) {
	cfg := s.cfg
	if strings.HasPrefix(dir, s3.Scheme) {
		return s3.New(ctx, dir, s3.Options{
			Log:         s.log,
			Endpoint:    cfg.S3Endpoint,
			UseHTTPS:    cfg.S3UseHTTPS,
			EC2Metadata: cfg.S3EC2Metadata,
			SignPayload: cfg.S3SignPayload,
		})
	}
	if dir == "" { // logs and INFO should say where that is
		if wd, err := os.Getwd(); err == nil {
			dir = wd
		}
	}
	fsys := cfg.FS
	if fsys == nil {
		fsys = vfs.OS{}
	}
	return persistence.NewDir(fsys, dir), nil
}

// closeStorage gives up what a place that is not used any more holds: the connections to a bucket.
func closeStorage(storage persistence.Storage) {
	if c, ok := storage.(io.Closer); ok {
		c.Close() // nothing is written by it
	}
}

// begin reserves the persister for one save.
func (p *persister) begin(t target) (*save, error) {
	s := p.s
	switch {
	case s.loading.Load():
		return nil, errLoading
	case s.cfg.RDBLoadDryRun:
		return nil, errDryRun
	}
	j := &save{base: t.base, reader: s.params.rdbTarget(), storage: s.storage}
	if t.reader != nil {
		j.reader = *t.reader
	}
	if j.base == "" {
		j.base = s.params.dbFilename()
	}
	if j.base == "" {
		return nil, errNoName
	}
	j.dfs = t.format == formatDFS || t.format == defaultFormat && s.savesDFS(j.base)
	if err := config.ValidateDBFilename(j.base, j.dfs); err != nil {
		return nil, resperr.New(err.Error())
	}
	j.began = time.Now()
	var err error
	if j.dfs {
		j.name, err = persistence.Expand(j.base, j.began)
	} else {
		j.name, err = persistence.RDBName(j.base, j.began)
	}
	if err != nil {
		return nil, resperr.New(err.Error())
	}
	if t.uri != "" {
		j.storage, j.uri = nil, t.uri
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		return nil, errSaving
	}
	p.running, p.bgsave, p.began = true, t.bg, j.began
	p.progress = &persistence.Progress{}
	return j, nil
}

// savesDFS tells whether a snapshot is written as DFS unless a client says otherwise: a name that ends in .rdb asks
// for the other format.
func (s *Server) savesDFS(base string) bool {
	if strings.EqualFold(config.Extension(base), ".rdb") && !s.cfg.DFSnapshotFormatGiven {
		return false
	}
	return s.cfg.DFSnapshotFormat || !s.cfg.DFSnapshotFormatGiven && config.Extension(base) == ""
}

// release gives up what begin has reserved.
func (p *persister) release() {
	p.mu.Lock()
	p.running, p.bgsave = false, false
	p.mu.Unlock()
}

// save writes the snapshot that begin has reserved the persister for.
func (p *persister) save(ctx context.Context, j *save) error {
	s := p.s
	res, err := p.write(ctx, j)
	took := time.Since(j.began)
	defer p.release()
	p.mu.Lock()
	if err != nil {
		p.failedAt, p.failedTook, p.failure = j.began, took, err.Error()
	} else {
		p.last, p.lastIn, p.lastSave, p.failure = res, j.storage, res.Started, ""
		p.saves++
		p.totalUsec += took.Microseconds()
	}
	p.failed.Store(err != nil)
	p.mu.Unlock()
	if err != nil {
		if !j.auto {
			s.log.Error("Error in save: " + shortFailure(err))
		}
		return resperr.New(shortFailure(err))
	}
	s.store.AddDirty(-res.Dirty)
	s.log.Info(savedLine(j, res, took))
	p.tidy(ctx, j)
	return nil
}

// savedLine tells all about a save in one line.
func savedLine(j *save, res persistence.Result, took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Saving %q finished after %s, %d keys, %d bytes, ", j.path(), took.Round(time.Millisecond), res.Keys, res.Bytes)
	if j.dfs {
		fmt.Fprintf(&b, "%d files, snapshot id %s", len(res.Files), res.SnapshotID)
		if res.FieldTTLMs > 0 {
			fmt.Fprintf(&b, ", %d hashes have TTLs of fields in ms, which Dragonfly cannot load", res.FieldTTLMs)
		}
	} else {
		fmt.Fprintf(&b, "RDB version %d", res.Version)
	}
	var reasons []string
	for reason := range res.Dropped {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(&b, ", left out for its reader: %d %s", res.Dropped[reason], reason)
	}
	return b.String()
}

// tidy removes what the new snapshot has replaced: shard files of an older one of the same name, and the oldest
// snapshots beyond snapshot_keep. What fails is told and does no harm.
func (p *persister) tidy(ctx context.Context, j *save) {
	s := p.s
	if j.dfs {
		if removed, err := persistence.RemoveLeftovers(ctx, j.storage, persistence.SummaryName(j.name)); err != nil {
			s.log.Warn("Files of an older snapshot could not be removed: " + shortFailure(err))
		} else if len(removed) > 0 {
			s.log.Info("Removed files of an older snapshot: " + strings.Join(removed, ", "))
		}
	}
	keep := s.params.snapshotKeep()
	if keep == 0 {
		return
	}
	written := j.name
	if j.dfs {
		written = persistence.SummaryName(j.name)
	}
	removed, err := persistence.Retain(ctx, j.storage, j.base, keep, written)
	if len(removed) > 0 {
		s.log.Info(fmt.Sprintf("Removed snapshots beyond the newest %d: %s", keep, strings.Join(removed, ", ")))
	}
	if err != nil {
		s.log.Warn("Old snapshots could not be removed: " + shortFailure(err))
	}
}

// keep notes that not all of a file was loaded.
func (p *persister) keep(file string) {
	p.mu.Lock()
	p.original = filepath.Clean(file)
	p.mu.Unlock()
}

// keepOriginal gives a file of which not all was loaded a second name before it is replaced: what was skipped is
// nowhere else.
func (p *persister) keepOriginal(ctx context.Context, j *save) error {
	p.mu.Lock()
	original := p.original
	p.mu.Unlock()
	if j.dfs || original == "" || original != filepath.Clean(j.path()) {
		return nil
	}
	files, err := j.storage.List(ctx)
	if err != nil {
		return err
	}
	backup := j.name + ".bak"
	for i := 1; slices.ContainsFunc(files, func(f persistence.FileInfo) bool { return f.Name == backup }); i++ {
		backup = j.name + ".bak" + strconv.Itoa(i)
	}
	if err := j.storage.Keep(ctx, j.name, backup); err != nil {
		return fmt.Errorf("keeping the file of which not all was loaded: %w", err)
	}
	p.s.log.Warn(fmt.Sprintf("Not all of %s was loaded; it is kept as %s", j.path(), j.storage.Path(backup)))
	p.mu.Lock()
	p.original = ""
	p.mu.Unlock()
	return nil
}

// shortFailure is what a client is told of a failed save: the whole chain stands in the log.
func shortFailure(err error) string {
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// checkSpace fails a save that has next to no chance to fit on the disk, before it has filled it: one that would
// need, going by the last one, more than twice what is free.
func (p *persister) checkSpace(j *save) error {
	free, err := j.storage.Free()
	if err != nil || free < 0 {
		return nil // the save itself will tell what is wrong
	}
	p.mu.Lock()
	last := p.last
	p.mu.Unlock()
	need := int64(0)
	if last.Keys > 0 {
		keys, _ := p.s.tables()
		need = int64(float64(last.Bytes) / float64(last.Keys) * float64(keys))
	}
	need = min(need, p.s.store.Used())
	switch {
	case need > 2*free:
		return fmt.Errorf("%s: no space left on device: the snapshot takes about %s, %s are free", j.path(), config.FormatMemory(need), config.FormatMemory(free))
	case need > free:
		p.s.log.Warn(fmt.Sprintf("The disk may be too small for the snapshot: it takes about %s, %s are free", config.FormatMemory(need), config.FormatMemory(free)))
	}
	return nil
}

// tables counts the keys of all databases and the bytes of their hash tables.
func (s *Server) tables() (keys int, bytes int64) {
	for i := range s.store.NumShards() {
		sh := s.store.Shard(i)
		sh.Lock()
		for db := range s.store.NumDBs() {
			keys += sh.Len(db)
			bytes += int64(sh.TableBytes(db))
		}
		sh.Unlock()
	}
	return keys, bytes
}

// write writes the files.
func (p *persister) write(ctx context.Context, j *save) (persistence.Result, error) {
	s := p.s
	if j.storage == nil {
		var err error
		if j.storage, err = s.openStorage(ctx, j.uri); err != nil {
			return persistence.Result{}, err
		}
		defer closeStorage(j.storage)
	}
	// An earlier save may have been interrupted when its files were whole, but before they had their names.
	if err := j.storage.Recover(ctx, j.name); err != nil {
		return persistence.Result{}, fmt.Errorf("settling an interrupted save: %w", err)
	}
	if err := p.keepOriginal(ctx, j); err != nil {
		return persistence.Result{}, err
	}
	if err := p.checkSpace(j); err != nil {
		return persistence.Result{}, err
	}
	meta := s.params.snapshotMeta()
	meta.RedisVersion, meta.Version, meta.UsedMemory = redisVersion, s.cfg.Version, s.store.Used()
	_, meta.TableMemory = s.tables()
	meta.Carried = persistence.Carried(s.carried.get())
	meta.Carried.Aux = s.withScripts(meta.Carried.Aux)
	meta.Carried.Functions = s.functions.get().Sources()
	meta.Alone = j.alone
	meta.Access = accessFor(s.param("maxmemory-policy"))
	if j.dfs {
		return persistence.SaveDFS(ctx, s.store, j.storage, j.name, meta, p.progress)
	}
	meta.Target = j.reader
	return persistence.SaveRDB(ctx, s.store, j.storage, j.name, meta, p.progress)
}

// accessFor returns what of the accesses to a key a policy decides by.
func accessFor(policy string) snapshot.Access {
	switch {
	case strings.HasSuffix(policy, "-lru"):
		return snapshot.Idle
	case strings.HasSuffix(policy, "-lfu"):
		return snapshot.Freq
	}
	return snapshot.NoAccess
}

// busy tells whether a save is running.
func (p *persister) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// wait waits until no save is running.
func (p *persister) wait() {
	for p.busy() {
		time.Sleep(5 * time.Millisecond)
	}
}

// scheduled saves because the schedule says so. A failure does not end the schedule.
func (p *persister) scheduled() {
	if p.s.loading.Load() {
		return
	}
	if err := p.automatic(p.s.ctx, false); err != nil {
		p.s.log.Warn("Failed to perform snapshot " + reason(err))
	}
}

// reason returns the text of an error for the log, without the word that begins it for clients.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "ERR ") }

// automatic saves as the settings say; alone says that no client is served meanwhile.
func (p *persister) automatic(ctx context.Context, alone bool) error {
	j, err := p.begin(target{})
	if err == nil {
		j.auto, j.alone = true, alone
		err = p.save(ctx, j)
	}
	p.mu.Lock()
	if err == nil {
		p.auto.done++
	} else {
		p.auto.failed++
	}
	p.mu.Unlock()
	return err
}

// final saves at the end of the process, when no client can change anything any more. Unlike in Dragonfly a failure is
// the process's too: whoever restarts it should know that the last changes are gone.
func (p *persister) final() error {
	p.wait()
	if p.s.cfg.RDBLoadDryRun {
		return nil
	}
	if err := p.automatic(context.Background(), true); err != nil {
		return errors.New("Failed to perform snapshot at the end: " + reason(err))
	}
	return nil
}

// persistenceInfo writes the section of INFO, Dragonfly's fields first and then those that tools for Redis read.
func (s *Server) persistenceInfo(b *strings.Builder) {
	p := &s.persist
	p.mu.Lock()
	defer p.mu.Unlock()
	field := func(name string, value any) { fmt.Fprintf(b, "%s:%v\r\n", name, value) }
	keys, total, perc := int64(0), int64(0), 0.0
	current := int64(0)
	if p.running {
		keys, total = p.progress.Keys.Load(), p.progress.Total.Load()
		if total > 0 {
			perc = 100 * float64(keys) / float64(total)
		}
		current = int64(time.Since(p.began).Seconds())
	}
	status := "ok"
	if p.failure != "" {
		status = "err"
	}
	took := int64(-1)
	if p.saves > 0 {
		took = int64(p.last.Took.Seconds())
	}
	field("current_snapshot_perc", fmt.Sprintf("%.2f", perc))
	field("current_save_keys_processed", keys)
	field("current_save_keys_total", total)
	field("last_success_save", p.lastSave.Unix())
	field("last_saved_file", p.last.Path)
	field("last_success_save_duration_sec", int64(p.last.Took.Seconds()))
	field("loading", flag(s.loading.Load()))
	field("saving", flag(p.running))
	field("current_save_duration_sec", current)
	other := int64(0)
	for t, n := range p.last.ByType {
		switch {
		case object.Type(t).Opaque():
			other += n
		case n > 0:
			field("rdb_"+object.Type(t).String(), n)
		}
	}
	if other > 0 {
		field("rdb_other", other)
	}
	field("rdb_changes_since_last_success_save", s.store.Dirty())
	field("rdb_changes_since_last_save", s.store.Dirty())
	field("rdb_bgsave_in_progress", flag(p.running && p.bgsave))
	field("rdb_last_save_time", p.lastSave.Unix())
	field("rdb_last_bgsave_status", status)
	field("rdb_last_bgsave_time_sec", took)
	field("rdb_current_bgsave_time_sec", map[bool]int64{true: current, false: -1}[p.running])
	field("rdb_saves", p.saves)
	field("rdb_last_cow_size", 0)
	field("rdb_last_load_keys_expired", s.load.expired.Load())
	field("rdb_last_load_keys_loaded", s.load.keys.Load())
	if !p.failedAt.IsZero() {
		field("last_failed_save", p.failedAt.Unix())
	} else {
		field("last_failed_save", 0)
	}
	field("last_error", strings.ReplaceAll(p.failure, "\n", "; "))
	field("last_failed_save_duration_sec", int64(p.failedTook.Seconds()))
	field("aof_enabled", 0)
	field("aof_rewrite_in_progress", 0)
	field("aof_rewrite_scheduled", 0)
	field("aof_last_bgrewrite_status", "ok")
	field("aof_last_rewrite_time_sec", -1)
	field("aof_current_rewrite_time_sec", -1)
	field("aof_last_write_status", "ok")
	field("current_fork_perc", "0.00")
	for _, name := range []string{"aof_rewrites", "aof_rewrites_consecutive_failures", "aof_last_cow_size", "current_cow_peak",
		"current_cow_size", "current_cow_size_age", "module_fork_in_progress", "module_fork_last_cow_size", "async_loading"} {
		field(name, 0)
	}
	if s.loading.Load() {
		s.loadingInfo(field)
	}
}

// loadingInfo writes how far the load has come.
func (s *Server) loadingInfo(field func(name string, value any)) {
	done, total, start := s.load.done.Load(), s.load.total.Load(), s.load.started.Load()
	perc, eta := 0.0, int64(1)
	if total > 0 {
		perc = 100 * float64(done) / float64(total)
	}
	if done > 0 {
		eta = (time.Now().Unix() - start) * (total - done) / done
	}
	field("loading_start_time", start)
	field("loading_total_bytes", total)
	field("loading_rdb_used_mem", 0)
	field("loading_loaded_bytes", done)
	field("loading_loaded_perc", fmt.Sprintf("%.2f", perc))
	field("loading_eta_seconds", eta)
	if l := s.load.loader.Load(); l != nil {
		field("loading_loaded_keys", l.Keys())
	}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
