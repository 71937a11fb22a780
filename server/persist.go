package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"dragonfly/persistence"
	"dragonfly/persistence/snapshot"
	"dragonfly/server/config"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// persister saves the data set, one save at a time, and remembers how it went.
type persister struct {
	s *Server

	mu       sync.Mutex
	running  bool
	bgsave   bool // the running save is a BGSAVE
	progress *persistence.Progress
	began    time.Time

	last       persistence.Result // the last successful save
	lastSave   time.Time          // its start; before the first, the start of the server
	failedAt   time.Time
	failedTook time.Duration
	failure    string // of the last save, empty if it succeeded
	// original is a file of which not all was loaded: it is kept when a save replaces it.
	original  string
	saves     int64
	totalUsec int64
}

func (p *persister) init(s *Server) {
	p.s = s
	p.lastSave = s.start
}

// Errors of a save that cannot begin.
const (
	errSaving  resperr.Error = "ERR Operation now in progress: SAVING - can not save database"
	errLoading resperr.Error = "ERR Operation now in progress: LOADING - can not save database"
	errNoDFS   resperr.Error = "ERR DF snapshots are not written by this server: use SAVE RDB"
	errNoCloud resperr.Error = "ERR snapshots are kept in local files only"
	errNoName  resperr.Error = "ERR filename is not specified"
	errDryRun  resperr.Error = "ERR nothing is saved in a dry run (--rdb_load_dry_run)"
)

// target is where a save goes to.
type target struct {
	base string // file name, with placeholders
	bg   bool
}

// begin reserves the persister for one save to base, or to the name of the settings if that is empty.
func (p *persister) begin(t target) (path string, err error) {
	base := t.base
	if base == "" {
		base = p.s.params.dbFilename()
	}
	if base == "" {
		return "", errNoName
	}
	if err := config.ValidateDBFilename(base, false); err != nil {
		return "", resperr.New(err.Error())
	}
	switch {
	case p.s.loading.Load():
		return "", errLoading
	case p.s.cfg.RDBLoadDryRun:
		return "", errDryRun
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		return "", errSaving
	}
	p.running, p.bgsave, p.began = true, t.bg, time.Now()
	p.progress = &persistence.Progress{}
	return persistence.RDBPath(p.s.cfg.Dir, base, p.began), nil
}

// release gives up what begin has reserved.
func (p *persister) release() {
	p.mu.Lock()
	p.running, p.bgsave = false, false
	p.mu.Unlock()
}

// save writes the snapshot that begin has reserved the persister for.
func (p *persister) save(ctx context.Context, path string) error {
	s := p.s
	started := time.Now()
	res, err := p.write(ctx, path, started)
	took := time.Since(started)
	p.mu.Lock()
	p.running, p.bgsave = false, false
	if err != nil {
		p.failedAt, p.failedTook, p.failure = started, took, err.Error()
	} else {
		p.last, p.lastSave, p.failure = res, res.Started, ""
		p.saves++
		p.totalUsec += took.Microseconds()
	}
	p.mu.Unlock()
	if err != nil {
		s.log.Error("Error in save: " + err.Error())
		return resperr.New(shortFailure(err))
	}
	s.store.AddDirty(-res.Dirty)
	s.log.Info(fmt.Sprintf("Saving %q finished after %s, %d keys, %d bytes, RDB version %d",
		path, took.Round(time.Millisecond), res.Keys, res.Bytes, res.Version))
	return nil
}

// keep notes that not all of a file was loaded.
func (p *persister) keep(file string) {
	p.mu.Lock()
	p.original = filepath.Clean(file)
	p.mu.Unlock()
}

// keepOriginal gives a file of which not all was loaded a second name before it is replaced: what was skipped is
// nowhere else.
func (p *persister) keepOriginal(path string) error {
	p.mu.Lock()
	original := p.original
	p.mu.Unlock()
	if original == "" || original != filepath.Clean(path) {
		return nil
	}
	backup := path + ".bak"
	for i := 1; ; i++ {
		if _, err := os.Lstat(backup); err != nil {
			break // most likely there is none; else the next step says why not
		}
		backup = path + ".bak" + strconv.Itoa(i)
	}
	if err := os.Link(path, backup); err != nil {
		if err := copyFile(path, backup); err != nil {
			return fmt.Errorf("keeping the file of which not all was loaded: %w", err)
		}
	}
	p.s.log.Warn(fmt.Sprintf("Not all of %s was loaded; it is kept as %s", path, backup))
	p.mu.Lock()
	p.original = ""
	p.mu.Unlock()
	return nil
}

// copyFile copies a file where a second name for it is not to be had.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// shortFailure is what a client is told of a failed save: the whole chain stands in the log.
func shortFailure(err error) string {
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// write writes the file.
func (p *persister) write(ctx context.Context, path string, now time.Time) (persistence.Result, error) {
	if err := p.keepOriginal(path); err != nil {
		return persistence.Result{}, err
	}
	s := p.s
	return persistence.SaveRDB(ctx, s.store, path, persistence.Meta{
		Aux:       persistence.StandardAux(redisVersion, s.cfg.Version, s.store.Used(), now),
		Functions: s.functions.get(),
		Compress:  s.params.compression() > 0,
		Access:    accessFor(s.param("maxmemory-policy")),
	}, p.progress)
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

// wait waits until no save is running.
func (p *persister) wait() {
	for {
		p.mu.Lock()
		running := p.running
		p.mu.Unlock()
		if !running {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// final saves at the end of the process, when no client can change anything any more. A failure is told in the log
// and does not change the exit code, as in Dragonfly.
func (p *persister) final() error {
	p.wait()
	if p.s.cfg.RDBLoadDryRun {
		return nil
	}
	path, err := p.begin(target{})
	if err == nil {
		err = p.save(context.Background(), path)
	}
	if err != nil {
		p.s.log.Warn("Failed to perform snapshot " + err.Error())
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
	for t, n := range p.last.ByType {
		if n > 0 {
			field("rdb_"+object.Type(t).String(), n)
		}
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
	field("rdb_last_load_keys_skipped", s.load.skipped.Load())
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
	field("async_loading", 0)
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

// absolute returns a directory as the log shows it.
func absolute(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return abs
}
