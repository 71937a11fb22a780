package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoadCommands: DFLY LOAD and DEBUG LOAD replace the data set, or add to it with APPEND, and leave all as it is when
// the file is not good.
func TestLoadCommands(t *testing.T) {
	for _, load := range [][]string{{"DFLY", "LOAD"}, {"DEBUG", "LOAD"}} {
		t.Run(strings.Join(load, " "), func(t *testing.T) {
			s := startOurs(t, t.TempDir(), "--num_shards=2")
			c := s.client()
			write := func(pairs ...string) {
				t.Helper()
				c.ok(t, "FLUSHALL")
				c.ok(t, append([]string{"MSET"}, pairs...)...)
				c.ok(t, "SELECT", "9")
				c.ok(t, "SET", "in 9", pairs[1])
				c.ok(t, "SELECT", "0")
			}
			write("a", "first", "both", "first")
			c.ok(t, "SAVE", "DF", "first")
			first := digestOf(t, c)
			write("b", "second", "both", "second")
			c.ok(t, "SAVE", "RDB", "second")
			second := digestOf(t, c)

			run := func(want string, args ...string) {
				t.Helper()
				c.expect(t, want+"\r\n", append(load, args...)...)
			}
			digest := func(want string) {
				t.Helper()
				if got := digestOf(t, c); got != want {
					t.Errorf("digest %s, want %s", got, want)
				}
			}
			at := func(name string) string { return filepath.Join(s.dir, name) }
			run("+OK", at("first-summary.dfs"))
			digest(first)
			run("+OK", at("second.rdb"))
			digest(second)
			run("+OK", at("first-summary.dfs"), "APPEND")
			c.expect(t, ":3\r\n", "DBSIZE")
			c.expect(t, "*3\r\n$5\r\nfirst\r\n$6\r\nsecond\r\n$5\r\nfirst\r\n", "MGET", "a", "b", "both")
			run("+OK", at("second.rdb"), "append")
			c.expect(t, "*3\r\n$5\r\nfirst\r\n$6\r\nsecond\r\n$6\r\nsecond\r\n", "MGET", "a", "b", "both")
			c.ok(t, "SELECT", "9")
			c.expect(t, "$6\r\nsecond\r\n", "GET", "in 9")
			c.ok(t, "SELECT", "0")

			all := digestOf(t, c)
			run("-ERR syntax error", at("second.rdb"), "REPLACE")
			run("-ERR Invalid argument: Bad filename extension", at("first-0000.dfs"))
			run("-ERR Invalid argument: Bad filename extension", at("first"))
			run("-ERR No such file or directory: File not found", at("nothing.rdb"))
			run("-ERR No such file or directory: File not found", at("nothing-summary.dfs"))
			digest(all)

			// Damaged files, found out at their end.
			cut := func(name string) {
				t.Helper()
				info, err := os.Stat(at(name))
				if err != nil {
					t.Fatal(err)
				}
				truncate(t, at(name), info.Size()-9)
			}
			fails := func(word string, args ...string) {
				t.Helper()
				if reply := c.must(t, append(load, args...)...); !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, word) {
					t.Errorf("%q: %q, want %q in it", args, reply, word)
				}
				digest(all)
			}
			cut("second.rdb")
			fails("second.rdb", at("second.rdb"))
			fails("second.rdb", at("second.rdb"), "APPEND")
			cut("first-0001.dfs")
			fails("first-0001.dfs", at("first-summary.dfs"))
			fails("first-0001.dfs", at("first-summary.dfs"), "APPEND")
			if err := os.Remove(at("first-0000.dfs")); err != nil {
				t.Fatal(err)
			}
			fails("first-0000.dfs", at("first-summary.dfs"))
			c.ok(t, "SET", "still", "alive")
			c.ok(t, "SAVE")
		})
	}
}

// TestLoadOfDragonfly loads the snapshots of Dragonfly one after the other into a running server, beside each other too.
func TestLoadOfDragonfly(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	c := s.client()
	want := ""
	for i, snap := range dragonflySnapshots {
		path := dragonflyFiles(snap.name)
		if !strings.HasSuffix(path, ".rdb") {
			path = filepath.Join(path, "out-summary.dfs")
		}
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"DFLY", "LOAD", path}
		if i%2 == 1 {
			args = append(args, "APPEND") // what is there is replaced by the same
		}
		c.ok(t, args...)
		got := digestOf(t, c)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s: digest %s, want %s", snap.name, got, want)
		}
	}
	checkTruth(t, c)
}

// TestDebugReload: DEBUG RELOAD saves and loads in the format of the settings; NOSAVE goes back to the last snapshot.
func TestDebugReload(t *testing.T) {
	for _, args := range [][]string{{"--dbfilename=dump"}, {"--dbfilename=dump", "--nodf_snapshot_format"}, {"--dbfilename=dump.rdb"}, {"--dbfilename=x-{timestamp}"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			dir := t.TempDir()
			copyFile(t, fixtureFile("7.4.1"), filepath.Join(dir, "start.rdb"))
			s := startOurs(t, dir, args...)
			c := s.client()
			c.ok(t, "DFLY", "LOAD", filepath.Join(dir, "start.rdb"))
			c.ok(t, "SET", "added", "1")
			want := digestOf(t, c)
			c.ok(t, "DEBUG", "RELOAD")
			if got := digestOf(t, c); got != want {
				t.Errorf("digest %s, want %s", got, want)
			}
			c.ok(t, "SET", "added", "2")
			c.ok(t, "DEBUG", "RELOAD", "NOSAVE")
			if got := digestOf(t, c); got != want {
				t.Errorf("NOSAVE: digest %s, want %s", got, want)
			}
			if reply := c.must(t, "DEBUG", "RELOAD", "WORD"); !strings.HasPrefix(reply, "-ERR DEBUG RELOAD only supports") {
				t.Errorf("DEBUG RELOAD WORD: %q", reply)
			}
			s = s.again(args...)
			if got := digestOf(t, s.client()); got != want {
				t.Errorf("after a restart: digest %s, want %s", got, want)
			}
		})
	}
	t.Run("nothing to load", func(t *testing.T) {
		s := startOurs(t, t.TempDir(), "--dbfilename=dump")
		c := s.client()
		c.ok(t, "SET", "k", "v")
		if reply := c.must(t, "DEBUG", "RELOAD", "NOSAVE"); !strings.HasPrefix(reply, "-ERR ") {
			t.Errorf("DEBUG RELOAD NOSAVE: %q", reply)
		}
		c.expect(t, "$1\r\nv\r\n", "GET", "k")
	})
	t.Run("a bad snapshot", func(t *testing.T) {
		s := startOurs(t, t.TempDir(), "--dbfilename=dump", "--num_shards=2")
		c := s.client()
		c.ok(t, "SET", "k", "v")
		c.ok(t, "SAVE")
		truncate(t, filepath.Join(s.dir, "dump-0001.dfs"), 40)
		if reply := c.must(t, "DEBUG", "RELOAD", "NOSAVE"); !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, "dump-0001.dfs") {
			t.Errorf("DEBUG RELOAD NOSAVE: %q", reply)
		}
		c.expect(t, "$1\r\nv\r\n", "GET", "k")
		c.ok(t, "SAVE")
	})
}

// TestLoadOfBadValues: files that are whole but hold what no data set can leave the data set as it was.
func TestLoadOfBadValues(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--num_shards=2")
	c := s.client()
	c.ok(t, "MSET", "a", "1", "b", "2")
	want := digestOf(t, c)
	f := func(name, records string) {
		t.Helper()
		file := []byte("REDIS0011\xfe\x00\x00\x01x\x01y" + records + "\xff12345678")
		stampRDB(file)
		path := filepath.Join(s.dir, "bad.rdb")
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"DFLY", "LOAD", path}, {"DFLY", "LOAD", path, "APPEND"}} {
			if reply := c.must(t, args...); !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, "bad.rdb") {
				t.Errorf("%s: %q", name, reply)
			}
			if got := digestOf(t, c); got != want {
				t.Errorf("%s: digest %s, want %s", name, got, want)
				c.ok(t, "FLUSHALL")
				c.ok(t, "MSET", "a", "1", "b", "2")
			}
		}
	}
	f("a member twice", "\x02\x01s\x02\x01m\x01m")
	f("a field twice", "\x04\x01h\x02\x01f\x01v\x01f\x01w")
	f("a member of a sorted set twice", "\x05\x01z\x02\x01m\x00\x00\x00\x00\x00\x00\x00\x00\x01m\x00\x00\x00\x00\x00\x00\xf0\x3f")
	f("a score that is no number", "\x05\x01z\x01\x01m\x00\x00\x00\x00\x00\x00\xf8\x7f")
	f("a field without value", "\x10\x01h\x0a\x0a\x00\x00\x00\x01\x00\x81f\x02\xff")
	f("a type that does not exist", "\x63\x01k\x01v")
	f("a database that does not exist", "\xfe\x40\xc8\x00\x01k\x01v")
}
