package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestOddNames: names that look like parts of other names, patterns or nothing at all belong to one snapshot each, in a
// directory of such a name.
func TestOddNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a summary [of] *?", "dump-summary.dfs")
	names := []string{"dump", "dump-0000", "dump-0000-0001", "dump-summary", "summary", "summary-summary", "-", "{}", "{y}", "a b", "a*b", "a?b", "[ab]", "a[b",
		"日本", "100%%", `back\slash`, "'quoted'", "tmp", strings.Repeat("long", 50)}
	s := startOurs(t, dir, "--dbfilename=dump", "--num_shards=2")
	c := s.client()
	want := []string{}
	save := func() {
		t.Helper()
		for _, name := range names {
			c.ok(t, "SET", "k", name)
			c.ok(t, "SAVE", "DF", name)
			c.ok(t, "SAVE", "RDB", name)
		}
	}
	save()
	save() // over the first
	for _, name := range names {
		name = strings.ReplaceAll(name, "%%", "%")
		want = append(append(want, dfsFiles(name, 2)...), name+".rdb")
	}
	expectFiles(t, dir, want...)
	files := readFiles(t, dir)
	s.kill()
	// The exact name finds its own, among all that begin like it, when it is the newest.
	at := time.Now()
	for _, name := range names {
		file := strings.ReplaceAll(name, "%%", "%") + "-summary.dfs"
		at = at.Add(time.Second)
		if err := os.Chtimes(filepath.Join(dir, file), at, at); err != nil {
			t.Fatal(err)
		}
		s := startOurs(t, dir, "--dbfilename="+name)
		logHas(t, s, "Loading "+filepath.Join(dir, file))
		s.client().expect(t, fmt.Sprintf("$%d\r\n%s\r\n", len(name), name), "GET", "k")
		s.kill()
	}
	for name, text := range readFiles(t, dir) {
		_, now, _ := strings.Cut(text, " ")
		if _, before, _ := strings.Cut(files[name], " "); now != before {
			t.Errorf("%s was changed", name)
		}
	}

	s = startOurs(t, t.TempDir())
	s.client().ok(t, "SET", "k", "v")
	saveFails(t, s, "file name too long", "SAVE", "DF", strings.Repeat("x", 250))
	saveFails(t, s, "file name too long", "SAVE", "RDB", strings.Repeat("x", 250))
	expectFiles(t, s.dir)
}

// TestSaveInfo: what INFO and LASTSAVE tell before, during and after a save.
func TestSaveInfo(t *testing.T) {
	s := slowServer(t)
	c := s.client()
	field := func(name string) string { return infoField(t, c, "persistence", name) }
	number := func(name string) float64 {
		t.Helper()
		n, err := strconv.ParseFloat(field(name), 64)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return n
	}
	start := time.Now().Unix()
	if at := number("last_success_save"); !near(int64(at), start, 30) || bulk(c.must(t, "LASTSAVE")) != field("last_success_save") {
		t.Errorf("before any save: last_success_save %v, LASTSAVE %s", at, c.must(t, "LASTSAVE"))
	}
	if field("last_saved_file") != "" || field("saving") != "0" || number("current_snapshot_perc") != 0 {
		t.Errorf("before any save: %s", bulk(c.must(t, "INFO", "persistence")))
	}
	if n := number("rdb_changes_since_last_success_save"); n == 0 {
		t.Error("no changes since the last save")
	}
	slowly(t, c, "DF")
	c.ok(t, "BGSAVE")
	waitSaving(t, c)
	seen := false
	for field("saving") == "1" {
		if p := number("current_snapshot_perc"); p > 0 && p < 100 {
			seen = true
		}
		if done, total := number("current_save_keys_processed"), number("current_save_keys_total"); total != 0 && (done > total || total != slowKeys) {
			t.Errorf("%v of %v keys, there are %d", done, total, slowKeys)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if !seen {
		t.Error("current_snapshot_perc was never between 0 and 100")
	}
	if got, want := field("last_saved_file"), filepath.Join(s.dir, "dump-summary.dfs"); got != want {
		t.Errorf("last_saved_file %s, want %s", got, want)
	}
	if n := number("rdb_changes_since_last_success_save"); n != 0 {
		t.Errorf("%v changes since the last save", n)
	}
	for name, want := range map[string]string{"rdb_string": "20001", "rdb_hash": "1", "rdb_zset": "1", "rdb_list": "1", "rdb_set": "2", "rdb_stream": "1",
		"rdb_last_bgsave_status": "ok", "last_error": "", "current_snapshot_perc": "0.00", "loading": "0"} {
		if got := field(name); got != want {
			t.Errorf("%s:%s, want %s", name, got, want)
		}
	}
	if at := number("last_success_save"); int64(at) < start || bulk(c.must(t, "LASTSAVE")) != field("last_success_save") {
		t.Errorf("last_success_save %v, LASTSAVE %s, the save began at %d or later", at, c.must(t, "LASTSAVE"), start)
	}
	c.ok(t, "SET", "one", "more")
	if n := number("rdb_changes_since_last_success_save"); n != 1 {
		t.Errorf("%v changes since the last save, want 1", n)
	}
	c.ok(t, "CONFIG", "SET", "snapshot_egress_limit_bytes", "0")
	c.ok(t, "SAVE", "RDB", "other")
	if got, want := field("last_saved_file"), filepath.Join(s.dir, "other.rdb"); got != want {
		t.Errorf("last_saved_file %s, want %s", got, want)
	}
}
