package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dragonfly/rdbload/aof"
	"dragonfly/server/config"
	"dragonfly/server/script"
)

// aofCommand returns a command as it stands in a log; its words are separated by blanks.
func aofCommand(line string) string {
	var b strings.Builder
	words := strings.Fields(line)
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

// aofText returns commands as they stand in a log.
func aofText(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(aofCommand(l))
	}
	return b.String()
}

// aofFile makes a log of one file.
func aofFile(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "appendonly.aof")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// replayed returns a server that has loaded a log of the given commands.
func replayed(t *testing.T, lines ...string) (*Server, aofSummary) {
	t.Helper()
	s := newServer(t, nil)
	sum, err := s.loadAOF(t.Context(), aofFile(t, aofText(lines...)))
	if err != nil {
		t.Fatal(err)
	}
	return s, sum
}

// ask sends a command and returns the reply as text.
func ask(t *testing.T, s *Server, line string) string {
	t.Helper()
	args := []any{}
	for _, w := range strings.Fields(line) {
		args = append(args, w)
	}
	v, err := inMemory(t, s).Do(t.Context(), args...).Result()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(v)
}

// TestReplayExpiry: a deadline in the past removes a key or field when the log is through, and not before: what follows
// may still change it.
func TestReplayExpiry(t *testing.T) {
	s, sum := replayed(t,
		"SET gone v", "PEXPIREAT gone 1000", "APPEND gone w",
		"SET kept v PXAT 1000", "PERSIST kept",
		"SET again v", "PEXPIREAT again 1000", "DEL again", "APPEND again new",
		"SET getex v", "GETEX getex PXAT 1000", "PERSIST getex",
		"SET later v PXAT 1000", "PEXPIREAT later 9999999999999",
		"HSET h gone 1 kept 1 new 1 stay 1 nx 1",
		"HPEXPIREAT h 1000 FIELDS 4 gone kept new nx", "HINCRBY h gone 1", "HPERSIST h FIELDS 1 kept", "HSET h new 2", "HSETNX h nx 2",
		"SET n 1 PXAT 1000", "INCR n",
		"RPUSH l a", "PEXPIREAT l 1000", "RENAME l m",
	)
	if sum.Errors != 0 || sum.Commands != 25 {
		t.Errorf("%v, %s", &sum, sum.FirstError)
	}
	for line, want := range map[string]string{
		"MGET gone kept again getex later n": "[<nil> v new v v <nil>]",
		"PEXPIRETIME later":                  "9999999999999",
		"TTL kept":                           "-1",
		"HMGET h gone kept new stay nx":      "[<nil> 1 2 1 <nil>]",
		"EXISTS l m":                         "0",
	} {
		if got := ask(t, s, line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// TestReplayRestore: neither does a deadline in the past that comes with RESTORE.
func TestReplayRestore(t *testing.T) {
	c := inMemory(t, newServer(t, nil))
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	payload := c.Dump(t.Context(), "k").Val()
	restore := func(key string) string {
		return fmt.Sprintf("*5\r\n$7\r\nRESTORE\r\n$1\r\n%s\r\n$4\r\n1000\r\n$%d\r\n%s\r\n$6\r\nABSTTL\r\n", key, len(payload), payload)
	}
	s := newServer(t, nil)
	sum, err := s.loadAOF(t.Context(), aofFile(t, restore("a")+restore("b")+aofText("PERSIST a")))
	if err != nil || sum.Errors != 0 {
		t.Fatalf("%v, %v", &sum, err)
	}
	if got := ask(t, s, "MGET a b"); got != "[v <nil>]" {
		t.Error(got)
	}
}

// TestReplayAnything: a log may hold any command at all, with any arguments.
func TestReplayAnything(t *testing.T) {
	s := newServer(t, nil)
	path := filepath.Join(t.TempDir(), "appendonly.aof")
	values := []string{"k", "l", "1", "0", "-1", "x", "MATCH", "STORE", "COUNT", "GET", "EX", "FIELDS", "5-5", "+inf"}
	for _, cmd := range s.registry.All() {
		var text strings.Builder
		for n := range 24 {
			line := strings.ReplaceAll(cmd.Name, "|", " ")
			for i := range n / 2 {
				line += " " + values[(n*i+i+n)%len(values)]
			}
			text.WriteString(aofText("SELECT 0", "SET k 1", "DEL l", "RPUSH l 1", line, "MULTI", line, "EXEC"))
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := s.loadAOF(t.Context(), path); err != nil && !strings.Contains(err.Error(), path+": offset ") {
			t.Errorf("%s: %v", cmd.Name, err)
		}
	}
}

// TestReplayTransactions: a transaction is run at its EXEC, and not at all without one.
func TestReplayTransactions(t *testing.T) {
	s, sum := replayed(t, "SET a 1", "MULTI", "INCR a", "SELECT 1", "SET b 1", "EXEC", "INCR b", "MULTI", "SET a lost")
	if sum.Commands != 4 || sum.Ignored != int64(len(aofText("MULTI", "SET a lost"))) {
		t.Errorf("%v", &sum)
	}
	if got := ask(t, s, "GET a"); got != "2" {
		t.Error(got)
	}
	if got := ask(t, s, "MOVE a 1") + ask(t, s, "DBSIZE"); got != "10" {
		t.Error(got)
	}
}

// TestReplayLeavesNoTrace: what a replay does is no client's doing.
func TestReplayLeavesNoTrace(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.SlowlogLogSlowerThan = 0 })
	text := aofText("SET k v", "PUBLISH ch msg", "PING", "LPUSH k x", "GETSET k w", "SINTERSTORE d a b", "LPUSH k again")
	sum, err := s.loadAOF(t.Context(), aofFile(t, text))
	if err != nil {
		t.Fatal(err)
	}
	if sum.Commands != 5 || sum.PassedOver != 2 || sum.Errors != 2 || !strings.HasPrefix(sum.FirstError, fmt.Sprintf("LPUSH at offset %d of ", strings.Index(text, "*3\r\n$5\r\nLPUSH"))) ||
		!strings.HasSuffix(sum.FirstError, ": WRONGTYPE Operation against a key holding the wrong kind of value") {
		t.Errorf("%v, %s", &sum, sum.FirstError)
	}
	if want := "files: 1, keys of the base: 0, commands: 5, errors: 2, bytes ignored at the end: 0, commands passed over: 2, seconds: "; !strings.HasPrefix(sum.String(), want) {
		t.Error(sum.String())
	}
	if n := s.errors.total.Load(); n != 0 {
		t.Errorf("%d errors are counted", n)
	}
	if n := s.calls(); n != 0 {
		t.Errorf("%d calls are counted", n)
	}
	s.slow.mu.Lock()
	if n := len(s.slow.entries); n != 0 {
		t.Errorf("%d commands in the slow log", n)
	}
	s.slow.mu.Unlock()
	info := ask(t, s, "INFO STATS")
	for _, line := range []string{"keyspace_hits:0\r", "keyspace_misses:0\r", "expired_keys:0\r"} {
		if !strings.Contains(info, line) {
			t.Errorf("no %q in %s", line, info)
		}
	}
	if s.store.NoExpire.Load() {
		t.Error("nothing expires any more")
	}
}

// TestReplayRefuses: a command whose effect cannot be had ends loading, telling which and where.
func TestReplayRefuses(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		s := newServer(t, func(c *config.Config) { c.DBNum = 4 })
		for _, before := range [][]string{{"SET k v"}, {"SET k v", "MULTI", "SET k w"}} {
			path := aofFile(t, aofText(before...)+aofText(line, "EXEC"))
			_, err := s.loadAOF(t.Context(), path)
			var e *aof.Error
			if !errors.As(err, &e) || e.File != path || e.Offset != int64(len(aofText(before...))) || e.Err.Error() != want {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	f("NOSUCH k v", `unknown command "NOSUCH"`)
	f(strings.Repeat("x", 100), `unknown command "`+strings.Repeat("x", 64)+`"`)
	f("XGROUP NOSUCH k", `unknown command "XGROUP NOSUCH"`)
	f("SELECT 4", `database "4", but --dbnum is 4`)
	f("SELECT x", `database "x", but --dbnum is 4`)
	f("SELECT", "SELECT without a database")
}

// TestReplayScripts: scripts and functions of a log run, in a transaction too.
func TestReplayScripts(t *testing.T) {
	s := newServer(t, nil)
	var log bytes.Buffer
	add := func(args ...string) {
		fmt.Fprintf(&log, "*%d\r\n", len(args))
		for _, a := range args {
			fmt.Fprintf(&log, "$%d\r\n%s\r\n", len(a), a)
		}
	}
	body := "redis.call('SET', KEYS[1], ARGV[1]); redis.call('SELECT', 3); return redis.call('INCR', 'undeclared')"
	add("SELECT", "1")
	add("EVAL", body, "1", "k", "v")
	add("SCRIPT", "LOAD", body)
	add("EVALSHA", script.SHA([]byte(body)), "1", "l", "w")
	add("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function(keys, args) return redis.call('RPUSH', keys[1], unpack(args)) end)")
	add("MULTI")
	add("FCALL", "f", "1", "list", "a", "b")
	add("EVAL", "error('on purpose')", "0")
	add("EXEC")
	add("SET", "last", "1")
	sum, err := s.loadAOF(t.Context(), aofFile(t, log.String()))
	if err != nil || sum.Errors != 1 || !strings.Contains(sum.FirstError, "on purpose") {
		t.Fatalf("%v, %v, %s", &sum, err, sum.FirstError)
	}
	c := inMemory(t, s)
	got := fmt.Sprint(c.Do(t.Context(), "SELECT", 1), c.Do(t.Context(), "MGET", "k", "l", "last"), c.Do(t.Context(), "LRANGE", "list", "0", "-1"),
		c.Do(t.Context(), "FCALL", "f", 1, "list", "c"), c.Do(t.Context(), "SELECT", 3), c.Do(t.Context(), "GET", "undeclared"))
	for _, want := range []string{"[v w 1]", "[a b]", "FCALL f 1 list c: 3", "GET undeclared: 2"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

// TestReplayDatabases: every file of a log begins with database 0.
func TestReplayDatabases(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.manifest": "file base seq 1 type b\nfile i1 seq 1 type i\nfile i2 seq 2 type i\n",
		"base":       aofText("SELECT 3", "SET k base"), "i1": aofText("SET k i1", "SELECT 2"), "i2": aofText("SET l i2"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(t, nil)
	sum, err := s.loadAOF(t.Context(), dir)
	if err != nil || sum.Files != 3 || sum.Commands != 3 {
		t.Fatalf("%v, %v", &sum, err)
	}
	if got := ask(t, s, "MGET k l") + ask(t, s, "MOVE k 3") + ask(t, s, "MOVE l 3"); got != "[i1 i2]01" {
		t.Error(got)
	}
	// Only the last file may be cut.
	if err := os.Truncate(filepath.Join(dir, "i1"), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := newServer(t, nil).loadAOF(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "i1: offset 0: ") {
		t.Error(err)
	}
}

// TestReplayBase: an RDB file that a log begins with is loaded, keys that have expired included, and commands follow
// behind it.
func TestReplayBase(t *testing.T) {
	rdb := "REDIS0009\xfe\x00" + "\xfc\xe8\x03\x00\x00\x00\x00\x00\x00\x00\x01k\x01a" + "\xfc\xe8\x03\x00\x00\x00\x00\x00\x00\x00\x01l\x01a" +
		"\xff" + strings.Repeat("\x00", 8)
	s := newServer(t, nil)
	sum, err := s.loadAOF(t.Context(), aofFile(t, rdb+aofText("PERSIST k", "APPEND k b", "APPEND l b")))
	if err != nil || sum.Base.Keys != 2 || sum.Commands != 3 {
		t.Fatalf("%v, %v", &sum, err)
	}
	if got := ask(t, s, "MGET k l"); got != "[ab <nil>]" {
		t.Error(got)
	}
	// What is wrong in the base is not cut off.
	for cut := 1; cut < len(rdb); cut++ {
		if cut < len("REDIS") {
			continue // a cut command, by its looks: it is none
		}
		_, err := newServer(t, nil).loadAOF(t.Context(), aofFile(t, rdb[:cut]))
		if err == nil || !strings.Contains(err.Error(), "appendonly.aof: offset ") {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
	sum, err = newServer(t, nil).loadAOF(t.Context(), aofFile(t, rdb))
	if err != nil || sum.Ignored != 0 {
		t.Errorf("%v, %v", &sum, err)
	}
	if _, err = newServer(t, nil).loadAOF(t.Context(), aofFile(t, rdb+"x")); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("offset %d: ", len(rdb))) {
		t.Error(err)
	}
}

// smallLog has a bit of everything.
func smallLog() string {
	return "REDIS0009\xfe\x00\x00\x01r\x01a\xff" + strings.Repeat("\x00", 8) +
		aofText("SELECT 0", "SET k v PXAT 9999999999999", "RPUSH l a b c") + "#TS:1700000000\r\n" +
		aofText("MULTI", "INCRBY n 5", "HSET h f v", "EXEC", "SELECT 1", "SADD s 1 2 x", "XADD x 1-1 f v", "ZADD z 1.5 m", "FLUSHDB")
}

// TestReplayCut: a log cut at any byte is loaded as far as it goes, or refused; what is not loaded is told.
func TestReplayCut(t *testing.T) {
	whole := smallLog()
	begin := strings.Index(whole, "*2\r\n$6\r\nSELECT")
	s := newServer(t, nil)
	path := aofFile(t, "")
	last := int64(0)
	for cut := range len(whole) + 1 {
		flushAll(s)
		if err := os.WriteFile(path, []byte(whole[:cut]), 0o644); err != nil {
			t.Fatal(err)
		}
		sum, err := s.loadAOF(t.Context(), path)
		if good := cut == 0 || cut >= begin; good != (err == nil) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err != nil {
			continue
		}
		if sum.Commands < last || sum.Errors != 0 || cut >= begin && sum.Base.Keys != 1 || sum.Ignored > int64(cut-begin) && cut > 0 {
			t.Fatalf("cut at %d: %v", cut, &sum)
		}
		last = sum.Commands
	}
	if last != 8 {
		t.Fatalf("%d commands", last)
	}
}

// TestReplayCorrupted: whatever byte of a log is another one, loading it comes to an end.
func TestReplayCorrupted(t *testing.T) {
	whole := smallLog()
	s := newServer(t, func(c *config.Config) { c.MaxMemory = 64 << 20 })
	path := aofFile(t, "")
	for at := range len(whole) {
		for _, b := range []byte{'9', '\n', 'x', whole[at] ^ 1} {
			flushAll(s)
			text := []byte(whole)
			text[at] = b
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := s.loadAOF(t.Context(), path)
			if err != nil && !strings.Contains(err.Error(), path+": offset ") {
				t.Errorf("byte %d as %q: %v", at, b, err)
			}
		}
	}
}

// flushAll empties all databases.
func flushAll(s *Server) {
	p := newReplay(context.Background(), s)
	p.req.args = [][]byte{[]byte("FLUSHALL")}
	p.co.resolve(&p.req)
	if err := p.run(&p.req, 0); err != nil {
		panic(err)
	}
}

// TestReplayEnds: loading ends with its context, and at the limit of memory.
func TestReplayEnds(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		b.WriteString(aofCommand(fmt.Sprintf("SET key:%d %s", i, strings.Repeat("x", 1000))))
	}
	path := aofFile(t, b.String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newServer(t, nil).loadAOF(ctx, path); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s := newServer(t, func(c *config.Config) { c.MaxMemory = 1 << 20 })
	if _, err := s.loadAOF(t.Context(), path); err == nil || !strings.Contains(err.Error(), "--maxmemory is 1048576") {
		t.Error(err)
	}
	s = newServer(t, func(c *config.Config) { c.RDBLoadDryRun = true })
	sum, err := s.loadAOF(t.Context(), path)
	if err != nil || sum.Commands != 3000 || ask(t, s, "DBSIZE") != "0" {
		t.Errorf("%v, %v", &sum, err)
	}
	if _, err := s.loadAOF(t.Context(), aofFile(t, aofText("NOSUCH x"))); err == nil {
		t.Error("an unknown command in a dry run")
	}
}

func BenchmarkReplay(b *testing.B) {
	const n = 200_000
	var text strings.Builder
	for i := range n {
		text.WriteString(aofCommand(fmt.Sprintf("SET key:%d value:%d", i*7919%n, i)))
	}
	path := aofFile(b, text.String())
	s := newServer(b, nil)
	start := time.Now()
	for b.Loop() {
		flushAll(s)
		if sum, err := s.loadAOF(b.Context(), path); err != nil || sum.Commands != n {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/time.Since(start).Seconds(), "commands/s")
}
