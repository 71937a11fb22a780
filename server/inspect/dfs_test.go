package inspect

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sets are the DFS snapshots of this repository, written by Dragonfly: one data set in several forms.
var sets = []string{"lz4-2-shards", "one-shard", "uncompressed-2-shards"}

// setDigest is the digest of that data set: none but this server computes it.
const setDigest = "8aebfc128a59964978acf4eef031ef7d88106e6d"

func TestDFS(t *testing.T) {
	for _, name := range sets {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("../../testdata/dfs", name)
			r := report(t, filepath.Join(dir, "out-summary.dfs"))
			if !r.Loads || r.Format != FormatDFS || r.Digest != setDigest || len(r.Warnings) > 0 {
				t.Fatalf("%s, digest %s, problems %+v, warnings %+v", r.Format, r.Digest, r.Problems, r.Warnings)
			}
			var paths []string
			for i, f := range r.Files {
				paths = append(paths, f.Path)
				if i > 0 && (f.Shard == nil || *f.Shard != i-1) {
					t.Errorf("%s has no shard", f.Path)
				}
			}
			if r.ShardCount != len(paths)-1 || len(r.SnapshotID) != 32 {
				t.Errorf("%d shards in %v, snapshot %s", r.ShardCount, paths, r.SnapshotID)
			}
			checkLoaded(t, r, load(t, 3, paths...))
			if r.StickyKeys != 4 || r.MemcacheFlagKeys != 3 || r.FieldTTL != (FieldTTL{4, 45, 3, 53}) {
				t.Errorf("%d sticky, %d with flags, %+v", r.StickyKeys, r.MemcacheFlagKeys, r.FieldTTL)
			}
			if len(r.Scripts) != 4 || len(r.SearchIndexes) != 3 || r.SearchSynonyms != 1 || len(r.WithoutCommands) != 5 {
				t.Errorf("%+v %+v %d %+v", r.Scripts, r.SearchIndexes, r.SearchSynonyms, r.WithoutCommands)
			}
			if r := report(t, dir); r.Digest != setDigest || r.Path != filepath.Join(dir, "out-summary.dfs") {
				t.Errorf("by the directory: %+v", r)
			}
		})
	}
}

// TestDFSAsRDB: the same data set in one file.
func TestDFSAsRDB(t *testing.T) {
	for _, name := range []string{"lzf.rdb", "uncompressed.rdb"} {
		if r := report(t, filepath.Join("../../testdata/dfs", name)); r.Digest != setDigest || r.Format != FormatRDB {
			t.Errorf("%s: digest %s, %+v", name, r.Digest, r.Problems)
		}
	}
}

// copySet copies the files of a set under another base name.
func copySet(t *testing.T, set, dir, base string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../testdata/dfs", set, "*.dfs"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, strings.Replace(filepath.Base(file), "out", base, 1)), data)
	}
}

// TestDFSDamage: files that are missing, of another snapshot, or damaged.
func TestDFSDamage(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	f := func(set string, change func(), loads bool, wants ...string) {
		t.Helper()
		for _, file := range must(filepath.Glob(path("*"))) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		copySet(t, set, dir, "b[a]se")
		change()
		r := report(t, path("b[a]se-summary.dfs"))
		var b bytes.Buffer
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if r.Loads != loads || loads != (r.Digest == setDigest) {
			t.Errorf("loads %v, digest %s", r.Loads, r.Digest)
		}
		for _, want := range wants {
			if !strings.Contains(b.String(), want) {
				t.Errorf("the report lacks %q:\n%s", want, b.String())
			}
		}
	}
	remove := func(names ...string) func() {
		return func() {
			for _, name := range names {
				if err := os.Remove(path(name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	replace := func(name, set, from string) func() {
		return func() { write(t, path(name), must(os.ReadFile(filepath.Join("../../testdata/dfs", set, from)))) }
	}
	f("lz4-2-shards", func() {}, true)
	f("lz4-2-shards", remove("b[a]se-0000.dfs"), false, "b[a]se-0000.dfs", "195", "What follows")
	f("lz4-2-shards", remove("b[a]se-0000.dfs", "b[a]se-0001.dfs"), false, "b[a]se-0000.dfs", "b[a]se-0001.dfs")
	f("lz4-2-shards", replace("b[a]se-0001.dfs", "one-shard", "out-0000.dfs"), false, "b[a]se-0001.dfs", "of another snapshot", "225")
	f("one-shard", replace("b[a]se-0001.dfs", "lz4-2-shards", "out-0001.dfs"), true, "b[a]se-0001.dfs is of another snapshot; it is not loaded")
	f("one-shard", func() {
		data := must(os.ReadFile(path("b[a]se-0000.dfs")))
		write(t, path("b[a]se-0000.dfs"), data[:len(data)/2])
	}, false, "b[a]se-0000.dfs: offset ", "unexpected EOF")
	f("one-shard", func() { write(t, path("b[a]se-summary.dfs"), []byte("nothing")) }, false, "b[a]se-summary.dfs")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestShardAlone(t *testing.T) {
	r := report(t, "../../testdata/dfs/lz4-2-shards/out-0000.dfs")
	if !r.Loads || r.Format != FormatDFSShard || r.Keys != 225 || len(r.SnapshotID) != 32 {
		t.Errorf("%+v", r)
	}
}

// TestDir: of several snapshots the newest is taken, and what else lies there is told of.
func TestDir(t *testing.T) {
	dir := t.TempDir()
	if r := report(t, dir); r.Loads || r.Format != FormatUnknown {
		t.Errorf("%+v", r.Problems)
	}
	copySet(t, "one-shard", dir, "a")
	write(t, filepath.Join(dir, "b.rdb"), must(os.ReadFile("../../testdata/sample/dump.rdb")))
	write(t, filepath.Join(dir, "c.rdb.tmp"), nil)
	if err := os.MkdirAll(filepath.Join(dir, "appendonlydir"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"), nil)
	old := now.Add(-time.Hour)
	f := func(file, format string) {
		t.Helper()
		for _, name := range []string{"a-summary.dfs", "b.rdb"} {
			at := old
			if name == file {
				at = now
			}
			if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
				t.Fatal(err)
			}
		}
		r := report(t, dir)
		if !r.Loads || r.Format != format || r.Path != filepath.Join(dir, file) || len(r.Warnings) != 2 {
			t.Errorf("%s %s: %+v %+v", r.Path, r.Format, r.Problems, r.Warnings)
		}
	}
	f("a-summary.dfs", FormatDFS)
	f("b.rdb", FormatRDB)
}
