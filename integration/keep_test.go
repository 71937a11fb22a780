package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSnapshotKeep: after a save the oldest snapshots of the same name and format beyond snapshot_keep go, and nothing else
// does.
func TestSnapshotKeep(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir, "--dbfilename=keep-{timestamp}", "--num_shards=2", "--snapshot_keep=3")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	// Snapshots of the last days, of both formats, and what only looks like them.
	var old [][]string
	at := time.Now().Add(-300 * time.Hour)
	save := func(base, format string) {
		t.Helper()
		c.ok(t, "SAVE", format, base)
		files := []string{base + ".rdb"}
		if format == "DF" {
			files = dfsFiles(base, 2)
		}
		for _, name := range files {
			if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
				t.Fatal(err)
			}
		}
		at = at.Add(24 * time.Hour)
		old = append(old, files)
	}
	save("keep-2020-01-01T00:00:01", "DF")
	save("keep-2020-01-01T00:00:02", "RDB")
	save("keep-2020-01-01T00:00:03", "DF")
	save("keep-2020-01-01T00:00:04", "DF")
	save("keep-2020-01-01T00:00:05", "RDB")
	n := len(old)
	save("other-2020-01-01T00:00:01", "DF")
	save("keep", "DF")
	save("keep", "RDB")
	save("keep-by-hand", "RDB")
	save("keep-by-hand", "DF")
	foreign := []string{"keep-2020-01-01T00:00:09.txt", "keep-notes"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	others := slices.Concat(append(old[n:], foreign)...)
	old = old[:n]

	c.ok(t, "SAVE")
	base := func() string {
		t.Helper()
		name := filepath.Base(infoField(t, c, "persistence", "last_saved_file"))
		return strings.TrimSuffix(strings.TrimSuffix(name, "-summary.dfs"), ".rdb")
	}
	rdbs := slices.Concat(old[1], old[4])
	expectFiles(t, dir, slices.Concat(old[2], old[3], dfsFiles(base(), 2), rdbs, others)...)
	logHas(t, s, "keep-2020-01-01T00:00:01-summary.dfs")

	// 0 keeps all, a smaller number fewer than before.
	c.ok(t, "CONFIG", "SET", "snapshot_keep", "0")
	before := len(listDir(t, dir))
	c.ok(t, "SAVE")
	if got := len(listDir(t, dir)); got < before {
		t.Errorf("%d files, there were %d", got, before)
	}
	c.ok(t, "CONFIG", "SET", "snapshot_keep", "1")
	c.expect(t, "*2\r\n$13\r\nsnapshot_keep\r\n$1\r\n1\r\n", "CONFIG", "GET", "snapshot_keep")
	c.ok(t, "SAVE")
	last := base()
	expectFiles(t, dir, slices.Concat(dfsFiles(last, 2), rdbs, others)...)
	c.ok(t, "SAVE", "RDB")
	expectFiles(t, dir, slices.Concat(dfsFiles(last, 2), []string{base() + ".rdb"}, others)...)
	logHas(t, s, "keep-2020-01-01T00:00:02.rdb", "keep-2020-01-01T00:00:05.rdb")
	s = s.again("--dbfilename=" + last)
	s.client().expect(t, "$1\r\nv\r\n", "GET", "k")
}

// TestKeepOfPlainName: a name without time is one snapshot; files that the name finds otherwise are not its own.
func TestKeepOfPlainName(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=dump", "--num_shards=1", "--snapshot_keep=1")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	c.ok(t, "SAVE", "DF", "dump-before-the-upgrade")
	c.ok(t, "SAVE", "RDB", "dump-today")
	for range 3 {
		c.ok(t, "SAVE")
	}
	expectFiles(t, s.dir, slices.Concat(dfsFiles("dump", 1), dfsFiles("dump-before-the-upgrade", 1), []string{"dump-today.rdb"})...)
}

// TestScheduleSetting: what is an expression of cron and what is not, at start and later.
func TestScheduleSetting(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--snapshot_cron=*/5 1 * * MON-FRI")
	c := s.client()
	get := func(want string) {
		t.Helper()
		c.expect(t, fmt.Sprintf("*2\r\n$13\r\nsnapshot_cron\r\n$%d\r\n%s\r\n", len(want), want), "CONFIG", "GET", "snapshot_cron")
	}
	get("*/5 1 * * MON-FRI")
	for _, good := range []string{"* * * * *", "0 0 1 1 *", "15,45 */2 1-15 * 0", ""} {
		c.ok(t, "CONFIG", "SET", "snapshot_cron", good)
		get(good)
	}
	c.ok(t, "CONFIG", "SET", "snapshot_cron", "0 3 * * *")
	for _, bad := range []string{"* * * *", "* * * * * *", "61 * * * *", "* * * 13 *", "words", `"* * * * *"`} {
		if reply := c.must(t, "CONFIG", "SET", "snapshot_cron", bad); !strings.HasPrefix(reply, "-ERR CONFIG SET failed (possibly related to argument 'snapshot_cron')") {
			t.Errorf("%q: %q", bad, reply)
		}
		get("0 3 * * *")
	}
	for _, bad := range []string{"* * * *", `"0 3 * * *"`} {
		s := launchOurs(t, t.TempDir(), "--snapshot_cron="+bad)
		if code := s.exit(10 * time.Second); code != 1 || !strings.Contains(s.log.String(), "snapshot_cron") {
			t.Errorf("%q: exit code %d: %s", bad, code, s.log)
		}
	}
}
