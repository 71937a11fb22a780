package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dragonfly/persistence/vfs"
)

// TestStrftime compares with what date(1) prints in the C locale.
func TestStrftime(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	f := func(at time.Time, format, want string) {
		t.Helper()
		if got := strftime(format, at); got != want {
			t.Errorf("%q: %q, want %q", format, got, want)
		}
		if re := regexp.MustCompile("^(?:" + strftimePattern(format) + ")$"); !re.MatchString(characters(want)) {
			t.Errorf("%q: the pattern %s does not match %q", format, re, want)
		}
	}
	a := time.Date(2026, 3, 4, 5, 6, 7, 0, zone)
	f(a, "%a %A %b %B %h", "Wed Wednesday Mar March Mar")
	f(a, "%c|%x|%X|%D|%F|%T|%R|%r", "Wed Mar  4 05:06:07 2026|03/04/26|05:06:07|03/04/26|2026-03-04|05:06:07|05:06|05:06:07 AM")
	f(a, "%C %d %e %g %G %H %I %j %k %l %m %M", "20 04  4 26 2026 05 05 063  5  5 03 06")
	f(a, "%p %P %s %S %u %U %V %w %W %y %Y %z %Z", "AM am 1772597167 07 3 09 10 3 09 26 2026 +0100 CET")
	f(a, "%-d %_d %0e %-H%-M %^a %#a %#p %^B %#Z %^p", "4  4 04 56 WED WED am MARCH cet AM")
	f(a, "%Ey %Od %EY %E %Q %", "26 04 2026 %E %Q %")
	f(a, "100%% %n%t%%Y", "100% \n\t%Y")
	f(a, "", "")
	f(a, "\xff.*[a]{1}", "\xff.*[a]{1}")
	b := time.Date(2027, 1, 3, 23, 0, 59, 0, time.UTC)
	f(b, "%g %G %H %I %j %k %l %p %u %U %V %w %W %Z %z", "26 2026 23 11 003 23 11 PM 7 01 53 0 00 UTC +0000")
	f(time.Date(2024, 12, 30, 0, 0, 0, 0, time.UTC), "%g %I %j %l %u %U %V %w %W %r", "25 12 365 12 1 52 01 1 53 12:00:00 AM")
}

func TestNamesOfFiles(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	f := func(base, want string) {
		t.Helper()
		if got, err := RDBName(base, at); got != want || err != nil {
			t.Errorf("%q: %q %v, want %q", base, got, err, want)
		}
	}
	f("dump", "dump.rdb")
	f("dump.rdb", "dump.rdb")
	f("dump-{timestamp}", "dump-2026-03-04T05:06:07.rdb")
	f("{Y}{m}{d}.RDB", "20260304.RDB")
	f("{y}{}", "{y}{}.rdb")
	f(".hidden", ".hidden.rdb")
	f("db-%H%%", "db-05%.rdb")
	f("%", "%.rdb")

	g := func(base string, want error) {
		t.Helper()
		if got, err := RDBName(base, at); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %q %v, want %v", base, got, err, want)
		}
	}
	g("", ErrFormat)
	g("a\x00", ErrFormat)
	g("dump-%D", nil)
	if got := []string{DFSName("dump", 0), DFSName("dump", 12), SummaryName("dump")}; !slices.Equal(got, []string{"dump-0000.dfs", "dump-0012.dfs", "dump-summary.dfs"}) {
		t.Error(got)
	}
}

func TestOwnNames(t *testing.T) {
	f := func(base, name string, want bool) {
		t.Helper()
		if got := ownNames(base).has(name); got != want {
			t.Errorf("%q has %q: %v", base, name, got)
		}
	}
	f("dump", "dump.rdb", true)
	f("dump", "dump-summary.dfs", true)
	f("dump", "dump-0000.dfs", true)
	for _, name := range []string{"dumpling.rdb", "dump-1.rdb", "dump-000.dfs", "dump-00000.dfs", "dump-0000.dfs.tmp", "dump.rdb.bak",
		"dump", "xdump.rdb", "dump-2026-summary.dfs", "dump.RDB", "dump-0000.dfs\n", "dump-summary.dfs-0000.dfs"} {
		f("dump", name, false)
	}
	f("dump.rdb", "dump.rdb", true)
	f("dump.rdb", "dump.rdb.rdb", false)
	f("dump.rdb", "dumpxrdb", false)
	f("dump.rdb", "dump-summary.dfs", false)
	f("dump-{timestamp}", "dump-2026-03-04T05:06:07-0013.dfs", true)
	f("dump-{timestamp}", "dump-2026-03-04T05:06:07.rdb", true)
	f("dump-{timestamp}", "dump-2026-03-04.rdb", false)
	f("dump-{timestamp}", "dump-summary.dfs", false)
	f("dump-{timestamp}", "dump-2026-03-04T05:06:07-copy.rdb", false)
	f("%A|x", "Monday|x.rdb", true)
	f("%A|x", "Monday.rdb", false)
	f("%A|x", "x.rdb", false)
	f("%%{d}", "%07.rdb", true)
	f("a\xff", "a\xff-0000.dfs", true)
	f("a\xff", "a\xfe-0000.dfs", false)
	prefix, shard, ok := ownNames("a{d}\xff").part("a07\xff-0013.dfs")
	if prefix != "a07\xff-" || shard != 13 || !ok || partName(prefix, shard) != "a07\xff-0013.dfs" || partName(prefix, summary) != "a07\xff-summary.dfs" {
		t.Errorf("%q %d %v", prefix, shard, ok)
	}
	// A base name is any bytes a client sends.
	for c := range 256 {
		ownNames("x" + string([]byte{byte(c), '%', byte(c), 'y', byte(c)}))
	}
}

// makeFiles writes files, from the oldest to the newest, and returns their directory.
func makeFiles(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(1000, int64(1000*i))
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	// Files are named from the oldest to the newest.
	f := func(base string, files []string, want string, others ...string) {
		t.Helper()
		c, got, found, err := Find(t.Context(), NewDir(vfs.OS{}, makeFiles(t, files...)), base)
		if found != (want != "") || c.Name != want || c.DFS != strings.HasSuffix(want, "dfs") || err != nil {
			t.Errorf("%q of %v: %+v %v %v, want %q", base, files, c, found, err, want)
		}
		if slices.Sort(got); !slices.Equal(got, others) {
			t.Errorf("%q of %v: others %v, want %v", base, files, got, others)
		}
	}
	f("dump", nil, "")
	f("dump", []string{"other.rdb", "dump.rdb.tmp", "dump.txt", "dump-0000.dfs", "dump-summary.dfs.tmp"}, "")
	f("dump", []string{"dump.rdb"}, "dump.rdb")
	f("dump", []string{"dump.rdb", "dump-2026.rdb"}, "dump-2026.rdb", "dump.rdb")
	f("dump", []string{"dump-2026.rdb", "dumpling.RDB", "dump.rdb"}, "dump.rdb", "dump-2026.rdb", "dumpling.RDB")
	f("dump", []string{"dump.rdb", "dump-0000.dfs", "dump-summary.dfs"}, "dump-summary.dfs", "dump.rdb")
	f("dump", []string{"dumpsummary.dfs", "dump.rdb"}, "dump.rdb", "dumpsummary.dfs")
	f("dump.rdb", []string{"dump.rdb", "dump.rdb.rdb"}, "dump.rdb")
	f("dump-{timestamp}", []string{"dump.rdb", "dump-2026-01-01T00:00:00.rdb"}, "dump-2026-01-01T00:00:00.rdb")
	f("dump-{timestamp}", []string{"dump.rdb", "dump-summary.dfs", "dump-foo.rdb"}, "dump-foo.rdb", "dump-summary.dfs")
	f("dump-{timestamp}", []string{"dump-{timestamp}", "dump-foo.rdb"}[1:], "dump-foo.rdb")
	f("db-%H", []string{"db-01.rdb", "db-02-summary.dfs", "dbx.rdb"}, "db-02-summary.dfs", "db-01.rdb")
	f("100%%", []string{"100.rdb"}, "")
	f("100%%", []string{"100%.rdb"}, "100%.rdb")
	f("a[1]*?", []string{"a1.rdb"}, "")
	f("a[1]*?", []string{"a[1]*?.rdb"}, "a[1]*?.rdb")
	f("x-summary.dfs", []string{"x-summary.dfs"}, "x-summary.dfs")

	if _, _, found, err := Find(t.Context(), NewDir(vfs.OS{}, filepath.Join(t.TempDir(), "missing")), "dump"); found || err != nil {
		t.Errorf("a missing directory: %v, %v", found, err)
	}
	if _, _, found, err := Find(t.Context(), NewDir(vfs.OS{}, makeFiles(t, "dump", "dump.rdb")), "dump"); found || !errors.Is(err, ErrExtension) {
		t.Errorf("a file of the very name without an extension: %v, %v", found, err)
	}
	dir := makeFiles(t, "real.rdb")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "dump.rdb"), 0o755), os.Symlink("real.rdb", filepath.Join(dir, "dump-1.rdb")),
		os.Symlink("nowhere", filepath.Join(dir, "dump-2.rdb"))); err != nil {
		t.Fatal(err)
	}
	if c, others, found, err := Find(t.Context(), NewDir(vfs.OS{}, dir), "dump"); c.Name != "dump-1.rdb" || len(others) > 0 || !found || err != nil {
		t.Errorf("a directory and links: %v %v %v %v", c, others, found, err)
	}
}
