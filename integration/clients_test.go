package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// tool finds a program of another project; the test is skipped where it is missing.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("SKIPPED: no %s on this machine; make deps installs it", name)
	}
	return path
}

// cli runs redis-cli against a server.
func cli(t testing.TB, s *server, input string, args ...string) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	cmd := exec.CommandContext(t.Context(), tool(t, "redis-cli"), append([]string{"-p", port}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("redis-cli %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// contains checks that each of the words is in what a program printed.
func contains(t testing.TB, out string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("%q is not in\n%.3000s", w, out)
		}
	}
}

// TestRedisCLI uses the modes of redis-cli that ask more than single commands.
func TestRedisCLI(t *testing.T) {
	s := serveFile(t, fixtureFile("7.0.15"))
	keys := strings.Fields(cli(t, s, "", "--scan", "--pattern", "*st:*"))
	slices.Sort(keys)
	if want := []string{"list:1", "list:5", "list:600", "list:big", "list:ints"}; !slices.Equal(keys, want) {
		t.Errorf("--scan: %q", keys)
	}
	contains(t, cli(t, s, "", "--bigkeys"), "Sampled 54 keys in the keyspace!", "Biggest   list found", "list:600", "Biggest string found", "str:20")
	contains(t, cli(t, s, "", "--memkeys"), "Sampled 54 keys in the keyspace!", "Biggest string found", "str:20", "Biggest   hash found")
	contains(t, cli(t, s, "", "--raw", "--latency"), " ")
	var input strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&input, "SET pipe:%d %d\r\n", i, i)
	}
	contains(t, cli(t, s, input.String(), "--pipe"), "errors: 0, replies: 1000")
	s.client().expect(t, "$3\r\n999\r\n", "GET", "pipe:999")
	contains(t, cli(t, s, "", "help", "zadd"), "ZADD", "score member", "summary:", "sorted-set")
	contains(t, cli(t, s, "", "-3", "--no-raw", "hgetall", "hash:1"), "1# \"f0\" => \"0\"")
	contains(t, cli(t, s, "", "--json", "lrange", "list:5", "0", "1"), `["0","e1"]`)
}

// TestRedisCLIStat lets redis-cli print its rolling statistics for a moment.
func TestRedisCLIStat(t *testing.T) {
	s := serveFile(t, fixtureFile("7.0.15"))
	_, port, _ := net.SplitHostPort(s.addr)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool(t, "stdbuf"), "-oL", tool(t, "redis-cli"), "-p", port, "-i", "0.1", "--stat")
	out, _ := cmd.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < 4 || !strings.HasPrefix(lines[2], "55 ") {
		t.Errorf("%s", out)
	}
}

// TestRedisBenchmark runs all tests of redis-benchmark.
func TestRedisBenchmark(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	_, port, _ := net.SplitHostPort(s.addr)
	f := func(args ...string) {
		t.Helper()
		all := append([]string{"-p", port, "-q", "-n", "1000"}, args...)
		out, err := exec.CommandContext(t.Context(), tool(t, "redis-benchmark"), all...).CombinedOutput()
		if n := strings.Count(string(out), "requests per second"); err != nil || n < 20 || strings.Contains(string(out), "rror") {
			t.Errorf("%q: %v, %d tests\n%s", args, err, n, out)
		}
	}
	f()
	f("-P", "16", "-r", "1000")
	f("-3", "-P", "100", "-c", "5")
}

// TestGoRedis uses go-redis, which speaks RESP3.
func TestGoRedis(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	r := redis.NewClient(&redis.Options{Addr: s.addr})
	defer r.Close()
	ctx := t.Context()
	check := func(got, want any, err error) {
		t.Helper()
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	ok(r.Set(ctx, "s", "v", 100*time.Second).Err())
	text, err := r.Get(ctx, "s").Result()
	check(text, "v", err)
	if _, err := r.Get(ctx, "none").Result(); !errors.Is(err, redis.Nil) {
		t.Errorf("GET of nothing: %v", err)
	}
	left, err := r.TTL(ctx, "s").Result()
	check(left > 98*time.Second && left <= 100*time.Second, true, err)
	n, err := r.IncrBy(ctx, "n", 5).Result()
	check(n, 5, err)
	x, err := r.IncrByFloat(ctx, "f", 0.1).Result()
	check(x, 0.1, err)

	ok(r.HSet(ctx, "h", "a", "1", "b", "2").Err())
	hash, err := r.HGetAll(ctx, "h").Result()
	check(hash, map[string]string{"a": "1", "b": "2"}, err)
	codes, err := r.HExpire(ctx, "h", time.Hour, "a", "none").Result()
	check(codes, []int64{1, -2}, err)

	ok(r.RPush(ctx, "l", "a", "b", "c").Err())
	list, err := r.LRange(ctx, "l", 0, -1).Result()
	check(list, []string{"a", "b", "c"}, err)

	ok(r.SAdd(ctx, "t", "a", "b").Err())
	is, err := r.SMIsMember(ctx, "t", "a", "c").Result()
	check(is, []bool{true, false}, err)

	ok(r.ZAdd(ctx, "z", redis.Z{Score: 1, Member: "one"}, redis.Z{Score: 2.5, Member: "two"}).Err())
	zset, err := r.ZRangeWithScores(ctx, "z", 0, -1).Result()
	check(zset, []redis.Z{{Score: 1, Member: "one"}, {Score: 2.5, Member: "two"}}, err)
	rank, err := r.ZRankWithScore(ctx, "z", "two").Result()
	check(rank, redis.RankScore{Rank: 1, Score: 2.5}, err)

	ok(r.XAdd(ctx, &redis.XAddArgs{Stream: "x", ID: "5-1", Values: []string{"f", "v"}}).Err())
	ok(r.XGroupCreate(ctx, "x", "g", "0").Err())
	streams, err := r.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: "c", Streams: []string{"x", ">"}}).Result()
	check(len(streams) == 1 && streams[0].Messages[0].Values["f"] == "v", true, err)
	info, err := r.XInfoStreamFull(ctx, "x", 0).Result()
	check(info != nil && info.Groups[0].Consumers[0].Name == "c", true, err)

	ok(r.GeoAdd(ctx, "geo", &redis.GeoLocation{Name: "Palermo", Longitude: 13.361389, Latitude: 38.115556}).Err())
	places, err := r.GeoSearch(ctx, "geo", &redis.GeoSearchQuery{Longitude: 13, Latitude: 38, Radius: 100, RadiusUnit: "km"}).Result()
	check(places, []string{"Palermo"}, err)
	ok(r.PFAdd(ctx, "p", "a", "b").Err())

	results, err := r.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Incr(ctx, "n")
		p.Get(ctx, "n")
		return nil
	})
	check(len(results) == 2 && results[1].(*redis.StringCmd).Val() == "6", true, err)
	err = r.Watch(ctx, func(tx *redis.Tx) error {
		ok(r.Set(ctx, "n", "changed", 0).Err())
		_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Incr(ctx, "n").Err() })
		return err
	}, "n")
	if !errors.Is(err, redis.TxFailedErr) {
		t.Errorf("a transaction on a changed key: %v", err)
	}
	var found []string
	for it := r.Scan(ctx, 0, "[hlt]", 2).Iterator(); it.Next(ctx); {
		found = append(found, it.Val())
	}
	slices.Sort(found)
	check(slices.Compact(found), []string{"h", "l", "t"}, nil)
	commands, err := r.Command(ctx).Result()
	check(len(commands) > 200 && commands["get"].ReadOnly, true, err)
	config, err := r.ConfigGet(ctx, "databases").Result()
	check(config, map[string]string{"databases": "16"}, err)
	who, err := r.ClientInfo(ctx).Result()
	check(who != nil && who.LibName != "", true, err)
}

// TestClients runs the scripts of testdata/clients with client libraries of other languages.
func TestClients(t *testing.T) {
	f := func(language string, works []string, script ...string) {
		t.Run(language, func(t *testing.T) {
			interpreter, ok := interpreterThat(language, works)
			if !ok {
				t.Skipf("SKIPPED: no %s with a client for Redis on this machine; make deps installs it", language)
			}
			s := startOurs(t, t.TempDir(), "--dbfilename=")
			host, port, _ := net.SplitHostPort(s.addr)
			args := append(script, host, port)
			cmd := exec.CommandContext(t.Context(), interpreter, args...)
			cmd.Env = append(os.Environ(), "NODE_PATH=/usr/share/nodejs")
			if out, err := cmd.CombinedOutput(); err != nil || !bytes.HasSuffix(out, []byte("ok\n")) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	f("python3", []string{"-c", "import redis"}, filepath.Join("testdata", "clients", "client.py"))
	f("php", []string{"-r", "exit(extension_loaded('redis') ? 0 : 1);"}, filepath.Join("testdata", "clients", "client.php"))
	f("node", []string{"-e", "require('redis')"}, filepath.Join("testdata", "clients", "client.js"))
}

// interpreterThat finds an interpreter that runs args without error, in the path or where packages of the system have
// theirs.
func interpreterThat(name string, args []string) (string, bool) {
	for _, path := range []string{name, "/usr/bin/" + name} {
		cmd := exec.Command(path, args...)
		cmd.Env = append(os.Environ(), "NODE_PATH=/usr/share/nodejs")
		if cmd.Run() == nil {
			return path, true
		}
	}
	return "", false
}
