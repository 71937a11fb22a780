package persistence

import (
	"slices"
	"strings"
	"testing"

	"dragonfly/persistence/vfs"
)

func TestRetain(t *testing.T) {
	// Files are from the oldest to the newest; removed are in the order of their removal.
	f := func(base string, keep int, committed, files, removed string) {
		t.Helper()
		d := NewDir(vfs.OS{}, makeFiles(t, strings.Fields(files)...))
		got, err := Retain(t.Context(), d, base, keep, committed)
		if text := strings.Join(got, " "); text != removed || err != nil {
			t.Errorf("%q, %d of %s: removed %q, %v, want %q", base, keep, files, text, err, removed)
		}
		left := slices.DeleteFunc(strings.Fields(files), func(name string) bool { return slices.Contains(strings.Fields(removed), name) })
		if slices.Sort(left); !slices.Equal(namesIn(t, d), left) {
			t.Errorf("%q, %d of %s: left %v", base, keep, files, namesIn(t, d))
		}
	}
	f("d-{d}", 0, "d-03.rdb", "d-01.rdb d-02.rdb d-03.rdb", "")
	f("d-{d}", -1, "d-03.rdb", "d-01.rdb d-02.rdb d-03.rdb", "")
	f("d-{d}", 1, "d-03.rdb", "d-01.rdb d-02.rdb d-03.rdb", "d-02.rdb d-01.rdb")
	f("d-{d}", 2, "d-03.rdb", "d-01.rdb d-02.rdb d-03.rdb", "d-01.rdb")
	f("d-{d}", 3, "d-03.rdb", "d-01.rdb d-02.rdb d-03.rdb", "")
	f("d-{d}", 9, "d-03.rdb", "d-01.rdb d-02.rdb d-03.rdb", "")
	f("d-{d}", 1, "d-04.rdb", "d-01.rdb d-02.rdb d-03.rdb", "") // which is not there
	f("d-{d}", 2, "d-01.rdb", "d-01.rdb d-02.rdb d-03.rdb", "d-02.rdb")
	f("d-{d}", 1, "d-03.rdb", "d-1.rdb d-001.rdb d-xx.rdb xd-01.rdb d-01.rdb.bak d-01.rdb.tmp d-01 d-01.RDB d-01x.rdb d-02-0000.dfs.tmp d-03.rdb", "")
	f("d-{d}.rdb", 1, "d-03.rdb", "d-01.rdb d-02-summary.dfs d-02-0000.dfs d-02.rdb.rdb d-03.rdb", "d-01.rdb")
	f("d-%H", 1, "d-03.rdb", "d-01.rdb d-1.rdb d-%H.rdb d-03.rdb", "d-01.rdb")
	f("d", 1, "d-summary.dfs", "d.rdb d-01.rdb d-0000.dfs d-summary.dfs", "") // d.rdb may be what a Redis left
	f("d-{d}", 1, "d-03-summary.dfs", "d-01-0000.dfs d-01-0001.dfs d-01-summary.dfs d-02.rdb d-03-0000.dfs d-03-summary.dfs",
		"d-01-summary.dfs d-01-0000.dfs d-01-0001.dfs")
	f("d-{d}", 2, "d-03-summary.dfs", "d-01-0001.dfs d-01-0000.dfs d-01-summary.dfs d-02-0000.dfs d-02-summary.dfs d-03-0000.dfs d-03-summary.dfs",
		"d-01-summary.dfs d-01-0000.dfs d-01-0001.dfs")
	// Shard files without a summary.
	f("d-{d}", 2, "d-04.rdb", "d-01-0001.dfs d-01-0000.dfs d-02.rdb d-03-0000.dfs d-04.rdb", "d-01-0000.dfs d-01-0001.dfs")
	f("d-{d}", 2, "d-04.rdb", "d-01-0001.dfs d-01-0000.dfs d-01-summary.dfs.tmp d-02.rdb d-04.rdb", "")
	f("d-{d}", 2, "d-04.rdb", "d-01-0001.dfs d-04.rdb", "")
}
