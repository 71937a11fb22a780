package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"dragonfly/server/config"
)

// newServer returns a server without listeners that ends with the test.
func newServer(t testing.TB, change func(*config.Config)) *Server {
	t.Helper()
	cfg := config.Default()
	cfg.Port, cfg.Dir, cfg.NumShards, cfg.ProactorThreads = 0, t.TempDir(), 3, 2
	if change != nil {
		change(&cfg)
	}
	s, err := New(&cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// inMemory returns a go-redis client that dials the server within the process.
func inMemory(t testing.TB, s *Server) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx) },
	})
	t.Cleanup(func() { c.Close() })
	return c
}

// TestTwoServers: servers in one process share nothing, and need no port.
func TestTwoServers(t *testing.T) {
	a, b := inMemory(t, newServer(t, nil)), inMemory(t, newServer(t, nil))
	ctx := t.Context()
	if err := a.Set(ctx, "k", "of a", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := b.Get(ctx, "k").Err(); err != redis.Nil {
		t.Fatalf("the other server answers %v", err)
	}
	if v, err := a.Get(ctx, "k").Result(); err != nil || v != "of a" {
		t.Fatalf("%q, %v", v, err)
	}
}

// TestKernelPort: a server may listen on a port of the kernel's choosing, and serves that and in-memory connections
// alike.
func TestKernelPort(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.Port, c.Bind = -1, "127.0.0.1" })
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: s.Addr().String()})
	defer c.Close()
	if err := c.HSet(t.Context(), "h", "f", "v").Err(); err != nil {
		t.Fatal(err)
	}
	if v, err := inMemory(t, s).HGet(t.Context(), "h", "f").Result(); err != nil || v != "v" {
		t.Fatalf("%q, %v", v, err)
	}
}

// TestRunLoadsAndSaves: Run is the life of a process: load, serve, save.
func TestRunLoadsAndSaves(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		cfg := config.Default()
		cfg.Port, cfg.Dir, cfg.UnixSocket = 0, dir, filepath.Join(t.TempDir(), "s")
		s, err := New(&cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		c := redis.NewClient(&redis.Options{Network: "unix", Addr: cfg.UnixSocket, MaxRetries: 100, MinRetryBackoff: time.Millisecond})
		n, err := c.Incr(t.Context(), "rounds").Result()
		if err != nil || n != int64(round+1) {
			t.Fatalf("round %d: %d, %v", round, n, err)
		}
		c.Close()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// TestLoading: while a snapshot is loaded commands are answered -LOADING, PING too, and INFO tells how far it is.
func TestLoading(t *testing.T) {
	s := newServer(t, nil)
	s.loading.Store(true)
	c := inMemory(t, s)
	for _, args := range [][]any{{"PING"}, {"GET", "k"}, {"SET", "k", "v"}} {
		if err := c.Do(t.Context(), args...).Err(); err == nil || !strings.HasPrefix(err.Error(), "LOADING ") {
			t.Errorf("%v: %v", args, err)
		}
	}
	info, err := c.Info(t.Context(), "persistence").Result()
	if err != nil || !strings.Contains(info, "loading:1\r\n") || !strings.Contains(info, "loading_loaded_perc:") {
		t.Errorf("%v, %s", err, info)
	}
	s.loading.Store(false)
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

// TestKeysOutputLimit: KEYS answers no more keys than keys_output_limit.
func TestKeysOutputLimit(t *testing.T) {
	c := inMemory(t, newServer(t, func(c *config.Config) { c.KeysOutputLimit = 7 }))
	for i := range 100 {
		if err := c.Set(t.Context(), fmt.Sprint(i), "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if keys, err := c.Keys(t.Context(), "*").Result(); err != nil || len(keys) != 7 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
}

// TestOriginalIsKept: a file of which not all was loaded is kept when a save replaces it.
func TestOriginalIsKept(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.DBFilename = "dump.rdb" })
	path := filepath.Join(s.cfg.Dir, "dump.rdb")
	metadata := "\xf3\x01" + "\x01\x02\x03\x04\x00" // of a module of Redis 8.6, for the key behind it
	file := "REDIS0014\xfe\x00" + metadata + "\x00\x01k\x01a\xff" + strings.Repeat("\x00", 8)
	if err := os.WriteFile(path, []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := inMemory(t, s)
	for range 2 {
		if err := c.Save(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(path + ".bak"); err != nil || string(kept) != file {
		t.Fatalf("%q, %v", kept, err)
	}
	if _, err := os.Stat(path + ".bak1"); err == nil {
		t.Fatal("the new file was kept as well")
	}
}

// TestDryRun: a dry run reads the file, keeps nothing and saves nothing.
func TestDryRun(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.RDBLoadDryRun = true })
	path := filepath.Join(s.cfg.Dir, "dump.rdb")
	sample, err := os.ReadFile("../testdata/sample/dump.rdb")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, sample, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := inMemory(t, s)
	if n, err := c.DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Fatalf("%d keys, %v", n, err)
	}
	if err := c.Save(t.Context()).Err(); err == nil {
		t.Fatal("a dry run saved")
	}
	if err := s.persist.final(); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(sample) {
		t.Fatal("the file was changed")
	}
}

// TestDuplicateKey: a file in which a key appears twice is refused by name.
func TestDuplicateKey(t *testing.T) {
	s := newServer(t, nil)
	path := filepath.Join(t.TempDir(), "dump.rdb")
	file := "REDIS0009\xfe\x00" + "\x00\x01k\x01a" + "\x00\x01k\x01b" + "\xff" + strings.Repeat("\x00", 8)
	if err := os.WriteFile(path, []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	from, err := s.sourceAt(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.loadFrom(t.Context(), from, loadOptions{}); err == nil || !strings.Contains(err.Error(), `"k"`) {
		t.Fatalf("%v", err)
	}
}

// TestHotPathAllocations: a command of the hot path allocates nothing from dispatch to reply.
func TestHotPathAllocations(t *testing.T) {
	s := newServer(t, nil)
	c := inMemory(t, s)
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	cl := s.clients.all()[0]
	co := newCoordinator(s, 0)
	co.nowMs = time.Now().UnixMilli()
	co.out.Buf = make([]byte, 0, 1<<16)
	run := func(words ...string) float64 {
		args := make([][]byte, len(words))
		for i, w := range words {
			args[i] = []byte(w)
		}
		r := &request{args: args}
		return testing.AllocsPerRun(200, func() {
			co.out.Buf = co.out.Buf[:0]
			co.resolve(r)
			co.command(cl, r)
			co.tx.Unlock()
			co.account()
		})
	}
	for i := range 1000 {
		run("SET", fmt.Sprintf("key:%d", i), "value")
	}
	for _, words := range [][]string{
		{"SET", "key:7", "other"}, {"GET", "key:7"}, {"GET", "missing"}, {"SET", "key:8", "v", "EX", "100"},
		{"INCR", "counter"}, {"MGET", "key:1", "key:2", "key:3"}, {"EXISTS", "key:7"}, {"HSET", "h", "f", "v"},
		{"HGET", "h", "f"}, {"ZADD", "z", "1", "m"}, {"SADD", "s", "m"}, {"PING"}, {"TTL", "key:8"}, {"LLEN", "l"},
	} {
		if n := run(words...); n != 0 {
			t.Errorf("%v: %v allocations", words, n)
		}
	}
	// Nor while others wait for other keys, in all shards, or the same clients for several.
	for i := range 10 {
		block(t, s, fmt.Sprint("blpop wait:", i, " 0"))
		block(t, s, fmt.Sprint("blmove wait:", i, " wait:", i+1, " left left 0"))
	}
	for _, words := range [][]string{
		{"SET", "key:7", "other"}, {"HSET", "h", "f", "v"}, {"ZADD", "z", "1", "m"}, {"RPUSH", "l", "a"}, {"LPOP", "l"}, {"MSET", "key:1", "a", "key:2", "b"},
	} {
		if n := run(words...); n != 0 {
			t.Errorf("%v: %v allocations while others wait", words, n)
		}
	}
}
