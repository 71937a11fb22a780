package server

import (
	"strings"
	"syscall"
	"testing"

	"dragonfly/persistence/vfs/vfstest"
)

// TestStopWrites: with stop-writes-on-bgsave-error a failed save refuses writes until one succeeds; without it nothing.
func TestStopWrites(t *testing.T) {
	fsys := vfstest.New()
	s := onFS(t, fsys, "dump")
	c := dial(t, s)
	fsys.FailAt(1, syscall.EIO, false)
	if got := c.do("save"); !strings.HasPrefix(got, "-ERR ") || !strings.Contains(got, "input/output error") {
		t.Fatal(got)
	}
	c.expect(t, "set k v", "+OK", "config set stop-writes-on-bgsave-error yes", "+OK", "get k", "$v")
	if got := c.do("set k w"); !strings.HasPrefix(got, "-MISCONF ") {
		t.Fatal(got)
	}
	fsys.ClearFailure()
	c.expect(t, "save", "+OK", "set k w", "+OK")
}

// TestDiskSpace: a save that cannot fit is refused before it fills the disk.
func TestDiskSpace(t *testing.T) {
	fsys := vfstest.New()
	s := onFS(t, fsys, "dump.rdb")
	c := dial(t, s)
	c.expect(t, "debug populate 20000 key 100", "+OK", "config set rdbcompression no", "+OK", "save", "+OK")
	fsys.Limit(2_500_000)
	calls := fsys.Calls()
	if got := c.do("save"); !strings.Contains(got, "no space left on device: the snapshot takes about") {
		t.Fatal(got)
	}
	if n := fsys.Calls() - calls; n > 10 {
		t.Errorf("%d calls", n)
	}
	fsys.Limit(0)
	c.expect(t, "save", "+OK")
}

// TestFinalSaveFails: when the save at the end fails, the process knows.
func TestFinalSaveFails(t *testing.T) {
	fsys := vfstest.New()
	s := onFS(t, fsys, "dump")
	fsys.FailAt(1, syscall.EIO, false)
	if err := s.persist.final(); err == nil || !strings.Contains(err.Error(), "Failed to perform snapshot at the end: ") {
		t.Fatal(err)
	}
}

// TestSaveArguments: forms, names and errors of SAVE.
func TestSaveArguments(t *testing.T) {
	s := onFS(t, vfstest.New(), "dump")
	c := dial(t, s)
	f := func(cmd, want string) {
		t.Helper()
		got := c.do(cmd)
		if want == "+OK" && got != want || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", cmd, got, want)
		}
	}
	f("save df", "+OK")
	f("save RDB", "+OK")
	f("save df name", "+OK")
	f("save rdb name.rdb", "+OK")
	f("save rdb name2 version 10", "+OK")
	f("save rdb version 10", "+OK")
	f("save rdb name.rdb version 9 drop", "+OK")
	f("bgsave schedule", "+OK")
	s.persist.wait()
	f("bgsave schedule rdb x", "+OK")
	s.persist.wait()
	f("save foo", "-ERR Unknown subcommand or wrong number of arguments for 'FOO'. Try SAVE HELP.")
	f("save rdb a b c", "-ERR syntax error")
	f("save df name version 9", "-ERR VERSION is for SAVE RDB")
	f("save rdb name version 8", "-ERR VERSION is for SAVE RDB")
	f("save df name.rdb", "-ERR DF snapshot format is used but '.rdb' extension was given.")
	f("save df name.v1", `-ERR DF snapshot format requires no filename extension. Got ".v1"`)
	f("save rdb name.v1", `-ERR Bad filename extension ".v1" for SAVE with type RDB`)
	f("save rdb ../x", `-ERR filename may not contain directory separators (Got "../x").`)
	f("save df gs://bucket/x", "-ERR snapshots are kept in directories and in S3")
	c.expect(t, "hset h f v", ":1", "hexpire h 1000 fields 1 f", "*1 :1")
	f("save rdb name.rdb version 11", `-ERR /data/name.rdb: key "h" in database 0: RDB version 11 has no field TTLs`)
	f("save rdb name.rdb version 12", "+OK")
	c.expect(t, "config set rdb_version 10", "+OK")
	f("save rdb name.rdb", "-ERR ")
	c.expect(t, "config set rdb_drop_unsupported yes", "+OK")
	f("save rdb name.rdb", "+OK")
	if left := tempFiles(s.cfg.FS.(*vfstest.FS).Names()); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
