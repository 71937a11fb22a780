package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// TestInterruptedCommit starts the server on all that a crash can leave behind between the moment when all files of a new
// snapshot are whole and that when all have their names: from there on it is the new one that counts, before it the old one.
func TestInterruptedCommit(t *testing.T) {
	sets := map[string]string{} // by value and shards
	set := func(value string, shards int) string {
		name := value + strconv.Itoa(shards)
		if sets[name] == "" {
			sets[name] = t.TempDir()
			savedSet(t, sets[name], shards, value)
		}
		return sets[name]
	}
	type way struct {
		name    string
		renamed int  // shard files that have their names
		summary bool // that has its name
		damage  func(t *testing.T, dir string, shards int)
		want    string
	}
	temp := func(dir string, shard int) string {
		return filepath.Join(dir, fmt.Sprintf("dump-%04d.dfs.tmp", shard))
	}
	summary := func(dir string) string { return filepath.Join(dir, "dump-summary.dfs.tmp") }
	remove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	ways := []way{
		{"nothing renamed", 0, false, nil, "new"},
		{"one renamed", 1, false, nil, "new"},
		{"all but the summary renamed", 99, false, nil, "new"},
		{"all renamed", 99, true, nil, "new"},
		{"without the summary", 0, false, func(t *testing.T, dir string, _ int) { remove(t, summary(dir)) }, "old"},
		{"half a summary", 0, false, func(t *testing.T, dir string, _ int) { truncate(t, summary(dir), 100) }, "old"},
		{"an empty summary", 0, false, func(t *testing.T, dir string, _ int) { truncate(t, summary(dir), 0) }, "old"},
		{"without the last shard", 0, false, func(t *testing.T, dir string, n int) { remove(t, temp(dir, n-1)) }, "old"},
		{"half a shard", 0, false, func(t *testing.T, dir string, _ int) { truncate(t, temp(dir, 0), 500) }, "old"},
		{"an empty shard", 0, false, func(t *testing.T, dir string, _ int) { truncate(t, temp(dir, 0), 0) }, "old"},
		{"a shard of something else", 0, false, func(t *testing.T, dir string, n int) {
			copyFile(t, filepath.Join(set("other", n), "dump-0000.dfs"), temp(dir, 0))
		}, "old"},
		{"old RDB", 0, false, func(t *testing.T, dir string, _ int) {
			for _, name := range listDir(t, dir) {
				if filepath.Ext(name) == ".dfs" {
					remove(t, filepath.Join(dir, name))
				}
			}
			s := startOurs(t, t.TempDir(), "--dbfilename=dump.rdb")
			s.client().ok(t, "SET", "key:0", "old")
			s.client().ok(t, "SAVE")
			s.kill()
			copyFile(t, filepath.Join(s.dir, "dump.rdb"), filepath.Join(dir, "dump.rdb"))
			// It is older than what replaces it.
			info, err := os.Stat(summary(dir))
			if err != nil {
				t.Fatal(err)
			}
			before := info.ModTime().Add(-1)
			if err := os.Chtimes(filepath.Join(dir, "dump.rdb"), before, before); err != nil {
				t.Fatal(err)
			}
		}, "new"},
	}
	for _, shards := range [][2]int{{2, 2}, {2, 3}, {3, 2}} {
		for _, w := range ways {
			t.Run(fmt.Sprintf("%d to %d shards, %s", shards[0], shards[1], w.name), func(t *testing.T) {
				dir := copySnapshot(t, set("old", shards[0]))
				from := set("new", shards[1])
				for i, name := range dfsFiles("dump", shards[1]) {
					to := name + ".tmp"
					if i < w.renamed && i < shards[1] || i == shards[1] && w.summary {
						to = name
					}
					copyFile(t, filepath.Join(from, name), filepath.Join(dir, to))
				}
				foreign := []string{"other-0000.dfs.tmp", "other-summary.dfs.tmp", "notes.tmp"}
				for _, name := range foreign {
					if err := os.WriteFile(filepath.Join(dir, name), []byte("kept"), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				if w.damage != nil {
					w.damage(t, dir, shards[1])
				}
				s := startOurs(t, dir, "--dbfilename=dump", "--num_shards=2")
				s.client().expect(t, "$3\r\n"+w.want+"\r\n", "GET", "key:0")
				s.client().expect(t, ":200\r\n", "DBSIZE")
				for _, name := range listDir(t, dir) {
					if filepath.Ext(name) == ".tmp" && !slices.Contains(foreign, name) {
						t.Errorf("left behind: %s", name)
					}
				}
				for _, name := range foreign {
					if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != "kept" {
						t.Errorf("%s: %q %v", name, text, err)
					}
				}
				s.client().ok(t, "SAVE")
				s = s.again("--dbfilename=dump")
				s.client().expect(t, "$3\r\n"+w.want+"\r\n", "GET", "key:0")
				s.client().expect(t, ":200\r\n", "DBSIZE")
				s.kill()
			})
		}
	}
}
