package server

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/server/config"
)

// TestEndWhileLoading: a server that is told to end while it loads does, is not said to have failed, and leaves its
// snapshot alone.
func TestEndWhileLoading(t *testing.T) {
	data := []byte("REDIS0009")
	for i := range 300_000 {
		data = append(data, rdbfmt.TypeString)
		data = rdbfmt.AppendString(data, []byte("key:"+time.Duration(i).String()), false)
		data = rdbfmt.AppendString(data, []byte("value"), false)
	}
	data = append(data, rdbfmt.OpEOF, 0, 0, 0, 0, 0, 0, 0, 0)
	for _, how := range []string{"signal", "shutdown"} {
		cfg := config.Default()
		cfg.Port, cfg.Dir, cfg.NumShards = 0, t.TempDir(), 2
		path := filepath.Join(cfg.Dir, "dump.rdb")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(&cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if how == "signal" {
			cancel()
		} else {
			s.shutdown <- shutdownRequest{nosave: true}
		}
		if err := s.Run(ctx); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		cancel()
		if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) || after.Size() != before.Size() {
			t.Errorf("%s: the snapshot was replaced: %v", how, err)
		}
		if names, _ := filepath.Glob(path + "*"); len(names) != 1 {
			t.Errorf("%s: files %q", how, names)
		}
	}
}

// TestShutdownDuringSave: SHUTDOWN while a snapshot is being written waits for it and writes another, with all that was
// answered until then.
func TestShutdownDuringSave(t *testing.T) {
	for _, first := range []string{"SAVE", "BGSAVE"} {
		cfg := config.Default()
		cfg.Port, cfg.Dir, cfg.UnixSocket = 0, t.TempDir(), filepath.Join(t.TempDir(), "s")
		s, err := New(&cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Run(t.Context()) }()
		a := redis.NewClient(&redis.Options{Network: "unix", Addr: cfg.UnixSocket})
		defer a.Close()
		for a.Ping(t.Context()).Err() != nil {
			time.Sleep(time.Millisecond)
		}
		if err := a.Do(t.Context(), "DEBUG", "POPULATE", "100000").Err(); err != nil {
			t.Fatal(err)
		}
		go a.Do(t.Context(), first)
		for started := false; !started; time.Sleep(100 * time.Microsecond) {
			s.persist.mu.Lock()
			started = s.persist.running || s.persist.saves > 0
			s.persist.mu.Unlock()
		}
		w := dial(t, s)
		if got := w.do("SET late v"); got != "+OK" {
			t.Fatal(got)
		}
		w.send("SHUTDOWN")
		if err := <-done; err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if names, _ := filepath.Glob(filepath.Join(cfg.Dir, "*")); len(names) != s.store.NumShards()+1 {
			t.Errorf("%s: files %q", first, names)
		}
		again := newServer(t, func(c *config.Config) { c.Dir = cfg.Dir })
		if err := again.Load(t.Context()); err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		c := inMemory(t, again)
		if n, err := c.DBSize(t.Context()).Result(); err != nil || n != 100_001 || c.Get(t.Context(), "late").Val() != "v" {
			t.Errorf("%s: %d keys, %v", first, n, err)
		}
	}
}
