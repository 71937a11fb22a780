package integration

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// errorLines returns the lines of a log that tell an error.
func errorLines(s *server) (lines []string) {
	for line := range strings.Lines(s.log.String()) {
		if strings.HasPrefix(line, "E") {
			lines = append(lines, line)
		}
	}
	return lines
}

// refuses fails the test unless a server does not start on a directory: it says why in one line with all the words, ends
// with code 1, and leaves every file as it was.
func refuses(t *testing.T, dir string, args []string, words ...string) {
	t.Helper()
	before := readFiles(t, dir)
	s := launchOurs(t, dir, args...)
	if code := s.exit(10 * time.Second); code != 1 {
		t.Errorf("exit code %d: %s", code, s.log)
	}
	lines := errorLines(s)
	if len(lines) != 1 {
		t.Errorf("error lines %q", lines)
	}
	contains(t, strings.Join(lines, ""), words...)
	sameFiles(t, dir, before)
}

// readFiles returns what all files of a directory hold, with their times.
func readFiles(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range listDir(t, dir) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		files[name] = fmt.Sprint(info.ModTime().UnixNano(), " ", text)
	}
	return files
}

func sameFiles(t testing.TB, dir string, before map[string]string) {
	t.Helper()
	now := readFiles(t, dir)
	for name, text := range before {
		if now[name] != text {
			t.Errorf("%s was changed or removed", name)
		}
	}
	for name := range now {
		if _, ok := before[name]; !ok {
			t.Errorf("%s was written", name)
		}
	}
}

// savedSet saves a data set of some keys as DFS and ends the server.
func savedSet(t *testing.T, dir string, shards int, value string) {
	t.Helper()
	s := startOurs(t, dir, fmt.Sprintf("--num_shards=%d", shards), "--dbfilename=dump")
	c := s.client()
	var commands [][]string
	for i := range 200 {
		// No two keys that one bit tells apart: a flipped bit makes none appear twice.
		commands = append(commands, []string{"SET", fmt.Sprintf("key:%d", i*1001), value})
	}
	c.mustAll(t, commands)
	c.ok(t, "SAVE")
	s.kill()
}

// TestBrokenSets: a DFS snapshot of which a file is missing, damaged or of another snapshot is not loaded in part.
func TestBrokenSets(t *testing.T) {
	const shards = 3
	set, other := t.TempDir(), t.TempDir()
	savedSet(t, set, shards, strings.Repeat("value", 20))
	savedSet(t, other, shards, strings.Repeat("other", 20))
	f := func(name string, change func(dir string), words ...string) {
		t.Run(name, func(t *testing.T) {
			dir := copySnapshot(t, set)
			change(dir)
			for i, w := range words {
				if strings.HasSuffix(w, ".dfs") {
					words[i] = filepath.Join(dir, w)
				}
			}
			refuses(t, dir, []string{"--dbfilename=dump"}, words...)
		})
	}
	remove := func(name string) func(string) {
		return func(dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	edit := func(name string, edit func([]byte) []byte) func(string) {
		return func(dir string) {
			path := filepath.Join(dir, name)
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, edit(file), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	foreign := func(name string) func(string) {
		return func(dir string) { copyFile(t, filepath.Join(other, name), filepath.Join(dir, name)) }
	}
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }
	flip := func(b []byte) []byte {
		b[len(b)/2] ^= 0x10
		return b
	}
	f("the first file is missing", remove("dump-0000.dfs"), "dump-0000.dfs")
	f("a file is missing", remove("dump-0001.dfs"), "dump-0001.dfs")
	f("the last file is missing", remove("dump-0002.dfs"), "dump-0002.dfs")
	f("all files are missing", func(dir string) {
		for _, name := range dfsFiles("dump", shards)[:shards] {
			remove(name)(dir)
		}
	}, "dump-")
	f("a file of another snapshot", foreign("dump-0001.dfs"), "dump-0001.dfs")
	f("the summary of another snapshot", foreign("dump-summary.dfs"), "dump-0000.dfs")
	f("a file is cut", edit("dump-0002.dfs", cut(30)), "dump-0002.dfs", "offset ")
	f("a file without its end", edit("dump-0000.dfs", cut(9)), "dump-0000.dfs", "offset ")
	f("an empty file", edit("dump-0000.dfs", func([]byte) []byte { return nil }), "dump-0000.dfs")
	f("a flipped bit", edit("dump-0001.dfs", flip), "dump-0001.dfs", "offset ")
	f("a flipped bit in the last file", edit("dump-0002.dfs", flip), "dump-0002.dfs", "offset ")
	f("no snapshot at all", edit("dump-0001.dfs", func([]byte) []byte { return []byte(strings.Repeat("nothing ", 20)) }), "dump-0001.dfs")
	f("a cut summary", edit("dump-summary.dfs", cut(20)), "dump-summary.dfs")
	f("an empty summary", edit("dump-summary.dfs", func([]byte) []byte { return nil }), "dump-summary.dfs")
	f("a flipped bit in the summary", edit("dump-summary.dfs", flip), "dump-")
}

// TestLeftoverShards: shard files of an older snapshot of the same name with more shards are told of and not loaded, and
// gone after the next save.
func TestLeftoverShards(t *testing.T) {
	dir, old := t.TempDir(), t.TempDir()
	savedSet(t, old, 4, "old")
	savedSet(t, dir, 2, "new")
	for _, name := range []string{"dump-0002.dfs", "dump-0003.dfs"} {
		copyFile(t, filepath.Join(old, name), filepath.Join(dir, name))
	}
	s := startOurs(t, dir, "--dbfilename=dump", "--num_shards=2")
	logHas(t, s, "dump-0002.dfs", "dump-0003.dfs")
	c := s.client()
	c.expect(t, ":200\r\n", "DBSIZE")
	for i := range 200 {
		c.expect(t, "$3\r\nnew\r\n", "GET", fmt.Sprintf("key:%d", i*1001))
	}
	expectFiles(t, dir, dfsFiles("dump", 4)...)
	c.ok(t, "SAVE")
	expectFiles(t, dir, dfsFiles("dump", 2)...)
	s = s.again("--dbfilename=dump")
	s.client().expect(t, ":200\r\n", "DBSIZE")
}

// TestPaddedFiles: bytes behind the end, as Dragonfly has them, and a checksum of zero do not matter.
func TestPaddedFiles(t *testing.T) {
	dir := t.TempDir()
	savedSet(t, dir, 2, "value")
	for _, name := range dfsFiles("dump", 2) {
		path := filepath.Join(dir, name)
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		clear(file[len(file)-8:])
		padding := bytes.Repeat([]byte("\xff\xfa stale"), 512)
		file = append(file, padding[:4096-len(file)%4096]...)
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := startOurs(t, dir, "--dbfilename=dump")
	s.client().expect(t, ":200\r\n", "DBSIZE")
	s.client().ok(t, "SAVE")
	s = s.again("--dbfilename=dump")
	s.client().expect(t, ":200\r\n", "DBSIZE")
}

// TestDamagedSets starts the server on snapshots of Dragonfly and of our own with a damaged shard file: it says which
// one and ends, or serves. MUTANTS sets how many.
func TestDamagedSets(t *testing.T) {
	rng := newRand(t)
	own := t.TempDir()
	copyFile(t, fixtureFile("7.4.1"), filepath.Join(own, "out.rdb"))
	s := startOurs(t, own, "--dbfilename=out", "--num_shards=2", "--compression_mode=0", "--serialization_max_chunk_size=100")
	s.client().ok(t, "SAVE")
	s.kill()
	if err := os.Remove(filepath.Join(own, "out.rdb")); err != nil {
		t.Fatal(err)
	}
	sets := []string{own, own, dragonflyFiles("lz4-2-shards"), dragonflyFiles("uncompressed-2-shards")}
	for range countFrom("MUTANTS", 20) / 2 {
		damageSet(t, rng, copySnapshot(t, sets[rng.IntN(len(sets))]))
		if t.Failed() {
			return
		}
	}
}

// damageSet damages a shard file of a snapshot and starts the server on it.
func damageSet(t *testing.T, rng *rand.Rand, dir string) {
	t.Helper()
	name := fmt.Sprintf("out-%04d.dfs", rng.IntN(2))
	path := filepath.Join(dir, name)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, damage(rng, file), 0o644); err != nil {
		t.Fatal(err)
	}
	before := readFiles(t, dir)
	s := launchOurs(t, dir, "--dbfilename=out")
	defer s.kill()
	defer func() {
		if t.Failed() {
			kept := filepath.Join(os.TempDir(), "damaged-set")
			err := os.CopyFS(kept, os.DirFS(dir))
			t.Logf("%s was damaged; the files are kept in %s (%v); the log of the server: %.3000s", name, kept, err, s.log)
		}
	}()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.done:
			if code := s.cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			lines := errorLines(s)
			if len(lines) == 1 && strings.Contains(lines[0], "appears twice") {
				path = filepath.Join(dir, "out-") // a key that two files have: no one of them is to blame
			}
			if len(lines) != 1 || !strings.Contains(lines[0], path) {
				t.Errorf("error lines %q", lines)
			}
			sameFiles(t, dir, before)
			return
		default:
		}
		c, err := dial(s.addr)
		if err != nil {
			continue
		}
		reply, err := c.do("PING")
		c.Close()
		if err == nil && reply == "+PONG\r\n" {
			readContents(t, s.client())
			return
		}
	}
	t.Errorf("neither an error nor an answer in 10 seconds")
}
