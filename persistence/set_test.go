package persistence

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/vfs/vfstest"
)

func TestReadSet(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	file := func(fields ...string) string { return string(makeFile(rnd, 100, fields...)) }
	id := func(id string) string { return file("redis-ver", "7.4.0", "snapshot-id", id) }
	sum := func(shards string) string { return file("snapshot-id", "aa", "lua", "return 1", "shard-count", shards) }
	read := func(name string, files []string) (Set, error) {
		d := NewDir(vfstest.New(), ".")
		putFiles(t, d, files...)
		return ReadSet(t.Context(), d, name)
	}

	f := func(title, name string, files []string, shards, leftovers string) {
		t.Helper()
		set, err := read(name, files)
		if got := strings.Join(set.Shards, " "); got != shards || err != nil {
			t.Errorf("%s: shards %q, %v, want %q", title, got, err, shards)
		}
		if got := strings.Join(set.Leftovers, " "); got != leftovers || set.Summary != name {
			t.Errorf("%s: leftovers %q, want %q", title, got, leftovers)
		}
	}
	f("whole", "d-summary.dfs", []string{"d-0001.dfs", id("aa"), "d-0000.dfs", id("aa"), "d-summary.dfs", sum("2")}, "d-0000.dfs d-0001.dfs", "")
	f("leftovers", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-summary.dfs", sum("1"), "d-0002.dfs", id("bb"), "d-0001.dfs", file(),
		"d-0003.dfs", "damaged", "d-0000.dfs.tmp", id("aa"), "d-00000.dfs", id("aa"), "d-000x.dfs", id("aa"), "e-0000.dfs", id("aa")},
		"d-0000.dfs", "d-0001.dfs d-0002.dfs")
	f("more than the summary says", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-0001.dfs", id("aa"), "d-summary.dfs", sum("1")}, "d-0000.dfs d-0001.dfs", "")
	f("no count", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-0001.dfs", id("aa"), "d-0002.dfs", id("bb"), "d-summary.dfs", id("aa")},
		"d-0000.dfs d-0001.dfs", "d-0002.dfs")
	f("no ids", "d-summary.dfs", []string{"d-0001.dfs", file(), "d-0003.dfs", file(), "d-summary.dfs", file()}, "d-0001.dfs d-0003.dfs", "")
	f("no ids, with a count", "d-summary.dfs", []string{"d-0000.dfs", file(), "d-summary.dfs", file("shard-count", "1")}, "d-0000.dfs", "")
	f("summaries of summaries", "summary-summary.dfs", []string{"summary-0000.dfs", id("aa"), "0000-0000.dfs", id("aa"), "summary-summary.dfs", sum("1")}, "summary-0000.dfs", "")
	f("no hyphen", "summary.dfs", []string{"0000.dfs", id("aa"), "summary.dfs", sum("1")}, "0000.dfs", "")

	g := func(title, name string, files []string, want string) {
		t.Helper()
		if set, err := read(name, files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v %v, want %s", title, set, err, want)
		}
	}
	g("a shard missing", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-0002.dfs", id("aa"), "d-summary.dfs", sum("3")},
		"shard file d-0001.dfs of the snapshot is missing (the summary names 3)")
	g("the last shard missing", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-summary.dfs", sum("2")}, "shard file d-0001.dfs of the snapshot is missing")
	g("a shard of another", "d-summary.dfs", []string{"d-0000.dfs", id("bb"), "d-0001.dfs", id("aa"), "d-summary.dfs", sum("2")},
		"shard file d-0000.dfs of the snapshot is missing (the summary names 2): the file of this name is of another snapshot")
	g("all of another", "d-summary.dfs", []string{"d-0000.dfs", id("bb"), "d-summary.dfs", id("aa")}, "d-0000.dfs of the snapshot is missing: the file of this name")
	g("a hole", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-0002.dfs", id("aa"), "d-summary.dfs", id("aa")}, "d-0001.dfs of the snapshot is missing")
	g("no shards", "d-summary.dfs", []string{"d-summary.dfs", sum("1"), "d.rdb", file()}, string(ErrNoShards))
	g("a damaged shard", "d-summary.dfs", []string{"d-0000.dfs", id("aa")[:20], "d-summary.dfs", sum("1")}, "d-0000.dfs: "+string(rdbfmt.ErrHeaderShort))
	g("a damaged shard, no count", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-0001.dfs", "x", "d-summary.dfs", id("aa")}, "d-0001.dfs: ")
	g("a damaged summary", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-summary.dfs", "garbage garbage"}, "d-summary.dfs: "+string(rdbfmt.ErrMagic))
	g("an absurd count", "d-summary.dfs", []string{"d-0000.dfs", id("aa"), "d-summary.dfs", sum("2000000000")}, "d-0001.dfs of the snapshot is missing")
	g("no summary", "d.rdb", []string{"d.rdb", file()}, string(ErrExtension))
	if _, err := read("d-summary.dfs", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestRemoveLeftovers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	a, b := makeSnapshot(rnd, "dump", 4), makeSnapshot(rnd, "dump", 2)
	d := NewDir(vfstest.New(), "data")
	for _, m := range []*made{a, b} {
		if err := m.save(t.Context(), d, "dump"); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := RemoveLeftovers(t.Context(), d, "dump-summary.dfs")
	if err != nil || !slices.Equal(removed, []string{"dump-0002.dfs", "dump-0003.dfs"}) || len(namesIn(t, d)) != 3 {
		t.Errorf("removed %v, %v; there is %v", removed, err, namesIn(t, d))
	}
}
