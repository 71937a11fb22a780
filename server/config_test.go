package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dragonfly/server/config"
	"dragonfly/store/object"
)

// TestParamTable: every parameter has names of its own, accepts its own value and shows it again.
func TestParamTable(t *testing.T) {
	s := newServer(t, nil)
	seen := map[string]bool{}
	for i := range s.params.table {
		q := &s.params.table[i]
		for _, name := range q.names() {
			if seen[strings.ToLower(name)] {
				t.Errorf("%s is there twice", name)
			}
			seen[strings.ToLower(name)] = true
			if s.params.find(name) != q {
				t.Errorf("%s is not found", name)
			}
		}
		if q.flags&(immutable|protected) != 0 {
			continue
		}
		value := s.value(q)
		text, err := q.canonical(value, value)
		if err != nil || text != value {
			t.Errorf("%s: %q becomes %q, %v", q.name, value, text, err)
			continue
		}
		if q.name == "dbfilename" || q.name == "port" {
			continue // their values at the start need not be ones that can be set
		}
		if err := s.change([]change{{q: q, name: q.name, text: text, old: value}}); err != nil {
			t.Errorf("%s: %v", q.name, err)
		}
		if got := s.value(q); got != value {
			t.Errorf("%s: %q after setting %q", q.name, got, value)
		}
	}
}

func TestConfig(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	failed := func(name, why string) string {
		return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why
	}
	c.expect(t,
		"config get", "-ERR wrong number of arguments for 'config|get' command",
		"config get nosuch", "*0",
		"config get TIMEOUT", "*2 $TIMEOUT $0",
		"config get timeout hz", "*4 $timeout $0 $hz $100",
		"config get zset-max-*-e*", "*4 $zset-max-listpack-entries $128 $zset-max-ziplist-entries $128",
		"config get watchdog-period", "*2 $watchdog-period $0",
		"config get watchdog*", "*0",
		"config get slowlog_max_len slowlog-max-len", "*4 $slowlog_max_len $20 $slowlog-max-len $20",
		"config get pipeline-squash", "*2 $pipeline_squash $1",

		"config set maxmemory", "-ERR wrong number of arguments for 'config|set' command",
		"config set maxmemory 1 timeout", "-ERR wrong number of arguments for 'config|set' command",
		"config set nosuch 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
		"config set timeout x nosuch 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
		"config set timeout 1 TIMEOUT 2", failed("TIMEOUT", "duplicate parameter"),
		"config set databases 3", failed("databases", "can't set immutable config"),
		"config set dir /", failed("dir", "can't set protected config"),
		"config set maxmemory 100xb", failed("maxmemory", "argument must be a memory value"),
		"config set maxmemory -1", failed("maxmemory", "argument must be a memory value"),
		"config set timeout 010", failed("timeout", "argument couldn't be parsed into an integer"),
		"config set repl-timeout 0", failed("repl-timeout", "argument must be between 1 and 2147483647 inclusive"),
		"config set appendfsync x", failed("appendfsync", "argument(s) must be one of the following: everysec, always, no"),
		"config set rdbcompression maybe", failed("rdbcompression", "argument must be 'yes' or 'no'"),
		`config set save "1 2 3"`, failed("save", "Invalid save parameters"),
		"config set notify-keyspace-events Q", failed("notify-keyspace-events", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
		"config set tls true", failed("tls", "argument can not be set"),
		"config set pipeline_queue_limit x", failed("pipeline_queue_limit", "argument can not be set"),
		"config set appendonly yes", failed("appendonly", "this server keeps snapshots and has no append only file"),
		"config set dbfilename a/b", failed("dbfilename", "dbfilename can't be a path, just a filename"),
		"config get dbfilename appendonly", "*4 $dbfilename $dump $appendonly $no",

		// All or none.
		"config set timeout 7 appendonly yes", failed("appendonly", "this server keeps snapshots and has no append only file"),
		"config get timeout", "*2 $timeout $0",
		"config set timeout 7 hz 600 maxmemory-policy ALLKEYS-LFU", "+OK",
		"config get timeout hz maxmemory-policy", "*6 $timeout $7 $hz $500 $maxmemory-policy $allkeys-lfu",
		"config set maxmemory 10GB", "+OK",
		"config get maxmemory", "*2 $maxmemory $10737418240",
		"config set maxmemory 10k", "+OK",
		"config get maxmemory", "*2 $maxmemory $10000",
		"config set maxmemory 0 maxmemory-clients 10%", "+OK",
		"config set slowlog_max_len 3", "+OK",
		"config get slowlog-max-len maxmemory-clients", "*4 $slowlog-max-len $3 $maxmemory-clients $10%",
		"config set notify-keyspace-events KEg$lshzxetdm", "+OK",
		"config get notify-keyspace-events", "*2 $notify-keyspace-events $AKEm",
		"config set notify-keyspace-events gK$n", "+OK",
		"config get notify-keyspace-events", "*2 $notify-keyspace-events $g$nK",
		`config set client-output-buffer-limit "normal 10mb 5mb 30 replica 1 2 3"`, "+OK",
		"config get client-output-buffer-limit", "*2 $client-output-buffer-limit $normal 10485760 5242880 30 slave 1 2 3 pubsub 33554432 8388608 60",
		`config set latency-tracking-info-percentiles "50.123456789 100"`, "+OK",
		"config get latency-tracking-info-percentiles", "*2 $latency-tracking-info-percentiles $50.123457 100",
		`config set shutdown-on-sigint "now SAVE"`, "+OK",
		"config get shutdown-on-sigint", "*2 $shutdown-on-sigint $save now",
		"config rewrite", "-ERR The server is running without a config file",
	)
	c.do("hello 3")
	c.expect(t, "config get timeout", "%1 $timeout $7")
	if !s.store.LFU.Load() || s.params.timeout() != 7 {
		t.Error("parameters take no effect")
	}
}

// TestConfigLimits: thresholds change when values change their encoding.
func TestConfigLimits(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.expect(t,
		"config set hash-max-ziplist-entries 2 set-max-intset-entries 1 list-max-listpack-size 2", "+OK",
		"hset h a 1 b 2", ":2", "object encoding h", "$listpack",
		"hset h c 3", ":1", "object encoding h", "$hashtable",
		"sadd s 1 2", ":2", "object encoding s", "$listpack",
		"rpush l 1 2 3", ":3", "object encoding l", "$quicklist",
		"debug quicklist-packed-threshold 10b", "+OK",
		"multi", "+OK", "config set hash-max-listpack-entries 512", "+QUEUED", "exec", "*1 +OK",
	)
	want := object.DefaultLimits()
	want.SetMaxIntsetEntries, want.ListMaxListpackSize, want.PackedThreshold = 1, 2, 10
	if s.store.Limits != want {
		t.Errorf("%+v", s.store.Limits)
	}
}

func TestMaxClients(t *testing.T) {
	s := newServer(t, nil)
	a := dial(t, s)
	a.expect(t, "config set maxclients 1", "+OK")
	b := dial(t, s)
	if got := b.read(); got != "-ERR max number of clients reached" {
		t.Error(got)
	}
	a.expect(t, "config set maxclients 2", "+OK")
	dial(t, s).expect(t, "ping", "+PONG")
}

func TestRequirePass(t *testing.T) {
	s := newServer(t, nil)
	a := dial(t, s)
	a.expect(t, "config set requirepass secret", "+OK", "ping", "+PONG")
	dial(t, s).expect(t, "ping", "-NOAUTH Authentication required.", "auth secret", "+OK", "ping", "+PONG")
}

func TestRewriteFlags(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		values := []flagValue{{"timeout", "7"}, {"maxmemory", "100"}}
		if got := rewriteFlags(text, values); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
	added := rewriteHeading + "\n--timeout=7\n--maxmemory=100\n"
	f("", added)
	f("--port=1\n# --timeout=5\n", "--port=1\n# --timeout=5\n"+added)
	f("  --timeout=5\n-maxmemory=1gb", "--timeout=7\n--maxmemory=100\n")
	f("--timeout_x=5\n", "--timeout_x=5\n"+added)
	f(added, added)
}

func TestConfigRewrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dragonfly.conf")
	if err := os.WriteFile(path, []byte("--slowlog_max_len=5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(c *config.Config) { c.ConfigFile, c.SlowlogMaxLen = path, 5 })
	dial(t, s).expect(t, "config set slowlog-max-len 9 timeout 3", "+OK", "config rewrite", "+OK")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "--slowlog_max_len=9\n" + rewriteHeading + "\n--timeout=3\n"; string(text) != want {
		t.Errorf("%q", text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
