package persistence

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestRDBPath(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	f := func(base, want string) {
		t.Helper()
		if got := RDBPath("/data", base, at); got != want {
			t.Errorf("%q: %q, want %q", base, got, want)
		}
	}
	f("dump", "/data/dump.rdb")
	f("dump.rdb", "/data/dump.rdb")
	f("dump-{timestamp}", "/data/dump-2026-03-04T05:06:07.rdb")
	f("{Y}{m}{d}.RDB", "/data/20260304.RDB")
	f(".hidden", "/data/.hidden.rdb")
}

func TestFind(t *testing.T) {
	// Files are named from the oldest to the newest.
	f := func(base string, files []string, want string, skipped ...string) {
		t.Helper()
		dir := t.TempDir()
		for i, name := range files {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
			at := time.Unix(int64(1000+i), 0)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
		got, others, found, err := Find(dir, base)
		if found != (want != "") || found && filepath.Base(got) != want || (err != nil) != (filepath.Ext(want) == ".dfs") {
			t.Errorf("%q of %v: %q %v %v, want %q", base, files, got, found, err, want)
		}
		if slices.Sort(others); !slices.Equal(others, skipped) {
			t.Errorf("%q of %v: skipped %v, want %v", base, files, others, skipped)
		}
	}
	f("dump", nil, "")
	f("dump", []string{"other.rdb", "dump.rdb.tmp", "dump.txt"}, "")
	f("dump", []string{"dump.rdb"}, "dump.rdb")
	f("dump", []string{"dump.rdb", "dump-2026.rdb"}, "dump-2026.rdb", "dump.rdb")
	f("dump", []string{"dump-2026.rdb", "dump.rdb"}, "dump.rdb", "dump-2026.rdb")
	f("dump", []string{"dump.rdb", "dump-summary.dfs"}, "dump-summary.dfs", "dump.rdb")
	f("dump.rdb", []string{"dump.rdb", "dump.rdb.rdb"}, "dump.rdb")
	f("dump-{timestamp}", []string{"dump.rdb", "dump-2026-01-01T00:00:00.rdb"}, "dump-2026-01-01T00:00:00.rdb")
	f("a[1]", []string{"a1.rdb"}, "")
	f("a[1]", []string{"a[1].rdb"}, "a[1].rdb")
	if _, _, found, err := Find(filepath.Join(t.TempDir(), "missing"), "dump"); found || err != nil {
		t.Errorf("a missing directory: %v, %v", found, err)
	}
}

func TestRemoveStale(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"dump.rdb.tmp", "dump-1.rdb.tmp", "other.rdb.tmp", "dump.rdb", "dump.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := RemoveStale(dir, "dump")
	if err != nil || !slices.Equal(removed, []string{"dump-1.rdb.tmp", "dump.rdb.tmp"}) {
		t.Fatalf("%v, %v", removed, err)
	}
}
