package config

import (
	"math"
	"strings"
	"testing"
)

func TestParseMemory(t *testing.T) {
	f := func(text string, want int64) {
		t.Helper()
		if got, err := ParseMemory(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	f("0", 0)
	f("1048576", 1<<20)
	f("4gb", 4<<30)
	f("4GiB", 4<<30)
	f("4G", 4<<30)
	f("1.5g", 3<<29)
	f("1.5GiB", 3<<29)
	f("64k", 64<<10)
	f("2T", 2<<40)
	f("1p", 1<<50)
	f("7e", 7<<60)
	f("10b", 10)
	f("0.5k", 512)
	f("9223372036854775807", math.MaxInt64)

	bad := func(text string) {
		t.Helper()
		if got, err := ParseMemory(text); err != ErrMemorySyntax {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "g", "-1", "+1", "1 g", "1x", "1kk", "1gbb", "1..5g", "1.g", ".5g", "1.5.5", "8e", "9223372036854775808", "1e3", "0x10", "1bi"} {
		bad(text)
	}
}

func TestFormatMemory(t *testing.T) {
	f := func(bytes int64, want string) {
		t.Helper()
		if got := FormatMemory(bytes); got != want {
			t.Errorf("%d: got %q, want %q", bytes, got, want)
		}
	}
	f(0, "0B")
	f(1023, "1023B")
	f(512<<10, "512.0KiB")
	f(3<<19, "1.50MiB")
	f(4<<30, "4.00GiB")
	f(19753150054, "18.40GiB")
	f(math.MaxInt64, "8.00EiB")
}

func TestValidateDBFilename(t *testing.T) {
	f := func(name string, df bool, want string) {
		t.Helper()
		got := ""
		if err := ValidateDBFilename(name, df); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q, df=%v:\ngot  %q\nwant %q", name, df, got, want)
		}
	}
	const slash = `). dbfilename should specify the filename without the directory`
	for _, good := range []string{"", "dump", "dump-{timestamp}", ".dump", "db-%H"} {
		f(good, true, "")
		f(good, false, "")
	}
	f("dump.rdb", false, "")
	f("dump.RDB", false, "")
	f(`"dump"`, true, `filename should not start with '"', could it be that you put quotes in the flagfile?`)
	f("a/dump", true, `filename may not contain directory separators (Got "a/dump"`+slash)
	f("/dump", false, `filename may not contain directory separators (Got "/dump"`+slash)
	f("dump/", false, `filename may not contain directory separators (Got "dump/"`+slash)
	f("..", false, `filename may not contain directory separators (Got ".."`+slash)
	f("dump.rdb", true, "DF snapshot format is used but '.rdb' extension was given. Use --nodf_snapshot_format or remove the filename extension.")
	f("dump.v1", true, `DF snapshot format requires no filename extension. Got ".v1"`)
	f("dump.v1", false, `Bad filename extension ".v1" for SAVE with type RDB`)
	f("dump.", false, `Bad filename extension "." for SAVE with type RDB`)
}

func TestDefault(t *testing.T) {
	c := Default()
	if c.Port != 6379 || c.DBFilename != "dump" || !c.DFSnapshotFormat || c.MaxClients != 64000 || c.DBNum != 16 || c.KeysOutputLimit != 0 ||
		c.SlowlogLogSlowerThan != 10000 || c.SlowlogMaxLen != 20 || c.CompressionMode != CompressMultiEntryLZ4 || c.Log.FileMode != 0o664 || !c.Log.Year {
		t.Errorf("%+v", c)
	}
	if err := c.Finish(); err != nil {
		t.Error(err)
	}
}

func TestFinish(t *testing.T) {
	f := func(change func(*Config), wantDF bool, want string) {
		t.Helper()
		c := Default()
		change(&c)
		got := ""
		if err := c.Finish(); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("got error %q, want %q", got, want)
		}
		if c.DFSnapshotFormat != wantDF {
			t.Errorf("DFSnapshotFormat is %v", c.DFSnapshotFormat)
		}
	}
	f(func(c *Config) { c.Port = 0 }, true, "received --port 0, yet no unix socket to listen to. Exiting.")
	f(func(c *Config) { c.Port, c.UnixSocket = 0, "s" }, true, "")
	f(func(c *Config) { c.DBFilename = "dump.rdb" }, false, "")
	f(func(c *Config) { c.DBFilename = "dump.rdb"; c.DFSnapshotFormatGiven = true }, true, "DF snapshot format is used")
	f(func(c *Config) { c.Dir = "s3://bucket/x" }, true, "")
	f(func(c *Config) { c.Dir = "gs://bucket/x" }, true, `dir "gs://bucket/x": snapshots are kept in directories and in S3`)
	f(func(c *Config) { c.DBFilename = "dump.v1" }, true, "DF snapshot format requires")
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, section := range Sections() {
		for _, s := range section.Settings {
			if seen[s.Name] {
				t.Errorf("%s is declared twice", s.Name)
			}
			seen[s.Name] = true
			if (s.field != nil) != (s.Status == Live) || (s.Reason == "") != (s.Status == Live || s.Status == Retired) {
				t.Errorf("%s: status, reason and field do not agree", s.Name)
			}
			if s.Status == Retired {
				continue
			}
			c := Default()
			if err := s.Set(&c, s.Default); err != nil {
				t.Errorf("%s: default %q: %v", s.Name, s.Default, err)
			}
			if !s.IsDefault(s.Default) {
				t.Errorf("%s: the default is not the default", s.Name)
			}
			if s.Help == "" || strings.HasSuffix(s.Help, ".") {
				t.Errorf("%s: help %q", s.Name, s.Help)
			}
		}
	}
	// 241 flags of Dragonfly, six of which are about logging, 21 more of glog, and 9 of our own.
	if len(seen) != 241+21+9 {
		t.Errorf("%d settings", len(seen))
	}
}

func TestSetAndGet(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		s, ok := Lookup(name)
		if !ok {
			t.Fatalf("no setting %s", name)
		}
		c := Default()
		if err := s.Set(&c, text); err != nil {
			t.Errorf("%s = %q: %v", name, text, err)
		}
		if got := s.Get(&c); got != want {
			t.Errorf("%s = %q: got %q, want %q", name, text, got, want)
		}
	}
	f("port", "-1", "-1")
	f("port", "0x10", "16")
	f("port", "010", "10")
	f("rdb_ignore_expiry", "YES", "true")
	f("df_snapshot_format", "f", "false")
	f("maxmemory", "1.5gb", "1610612736")
	f("eviction_memory_budget_threshold", "0.25", "0.25")
	f("unixsocketperm", "0770", "770")
	f("unixsocketperm", "", "")
	f("compression_mode", "single_entry", "1")
	f("pipeline_buffer_limit", "1mb", "1048576")        // tuning
	f("rss_oom_deny_ratio", "1.50", "1.5")              // tuning
	f("shard_repl_backlog_len", "anything", "anything") // retired

	bad := func(name, text, reason string) {
		t.Helper()
		s, _ := Lookup(name)
		c := Default()
		before := s.Get(&c)
		err := s.Set(&c, text)
		if err == nil || err.Error() != reason {
			t.Errorf("%s = %q: error %v, want %q", name, text, err, reason)
		}
		if s.Get(&c) != before {
			t.Errorf("%s = %q: refused and stored", name, text)
		}
	}
	bad("port", "abc", "")
	bad("port", "", "")
	bad("port", "65536", "must be from -1 to 65535")
	bad("maxclients", "-1", "")
	bad("rdb_ignore_expiry", "maybe", "")
	bad("unixsocketperm", "1777", "permissions are octal, from 0 to 0777")
	bad("maxmemory", "lots", string(ErrMemorySyntax))
	bad("compression_mode", "4", "the modes are 0 or NONE, 1 or SINGLE_ENTRY, 2 or MULTI_ENTRY_ZSTD, 3 or MULTI_ENTRY_LZ4")
	bad("snapshot_cron", "* * *", "not a cron expression of five fields")
	bad("rdb_version", "8", "must be 9, 10, 11, 12, or 0 for the lowest that holds the data")
	bad("save_schedule", "*:*", "save_schedule flag is deprecated, please use snapshot_cron instead")
	bad("max_squashed_cmd_num", "x", "") // checked though it has no effect
	bad("rss_oom_deny_ratio", "NaN", "")
	bad("eviction_memory_budget_threshold", "1", "must be from 0 to less than 1")
	bad("maxmemory_policy", "lru", "must be one of volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction")
}
