package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hdt3213/rdb/parser"
)

// The way back to Redis: files for older readers.

// versionDigits returns the version in the head of an RDB file.
func versionDigits(t testing.TB, path string) string {
	t.Helper()
	version, _ := auxFields(t, path)
	return version
}

// countKeys returns how many keys an independent reader finds in an RDB file. It does not know list nodes that are one long
// element, which files of version 10 and later may have.
func countKeys(t testing.TB, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	err = parser.NewDecoder(f).Parse(func(o parser.RedisObject) bool {
		switch o.GetType() {
		case parser.StringType, parser.ListType, parser.SetType, parser.ZSetType, parser.HashType, parser.StreamType:
			n++
		}
		return true
	})
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return n
}

// untold leaves out what a file of version 9 does not tell of streams, so that its reader estimates it.
func (all contents) untold() contents {
	for _, k := range all.leveled() {
		var kept []groupLine
		for _, line := range k.groups {
			name, _, _ := strings.Cut(line.text, " ")
			if name != "max-deleted-entry-id" && name != "entries-added" && name != "recorded-first-entry-id" {
				kept = append(kept, line)
			}
		}
		k.groups = kept
	}
	return all
}

// TestWayBack: what all versions of Redis wrote is saved here for older versions, and read by them as the same data.
func TestWayBack(t *testing.T) {
	judge := newReader(t)
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			s := serveFile(t, fixtureFile(f.name))
			c := s.client()
			logHas(t, s, "num keys read")
			libraries := strings.Contains(s.log.String(), "function libraries: 1")
			for _, version := range []int{9, 10, 11, 12} {
				args := []string{"SAVE", "RDB", fmt.Sprintf("v%d", version), "VERSION", strconv.Itoa(version)}
				switch {
				case f.fieldTTL && version < 12:
					reply := c.must(t, args...)
					if !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, fmt.Sprintf("RDB version %d has no f", version)) {
						t.Errorf("%q: %q", args, reply)
					}
					continue
				case libraries && version < 10:
					if reply := c.must(t, args...); !strings.Contains(reply, "RDB version 9 has no function libraries") {
						t.Errorf("%q: %q", args, reply)
					}
					args = append(args, "DROP")
					c.ok(t, args...)
					logged(t, s, "left out for its reader: 1 function libraries")
				default:
					c.ok(t, args...)
				}
				checkWayBack(t, judge, c, filepath.Join(s.dir, args[2]+".rdb"), version)
			}
		})
	}
}

// checkWayBack checks a file that was saved for the readers of an RDB version.
func checkWayBack(t *testing.T, judge *reader, c *conn, path string, version int) {
	t.Helper()
	if got, want := versionDigits(t, path), fmt.Sprintf("%04d", version); got != want {
		t.Errorf("%s: version %s, want %s", path, got, want)
	}
	if version > 10 {
		again := startOurs(t, t.TempDir(), "--dbfilename=")
		ours := again.client()
		ours.ok(t, "DFLY", "LOAD", path)
		if got, want := digestOf(t, ours), digestOf(t, c); got != want {
			t.Errorf("%s: digest %s, want %s", path, got, want)
		}
		report(t, filepath.Base(path), readContents(t, c).differences(readContents(t, ours), 0))
		again.kill()
		return
	}
	checkRDB(t, path)
	judge.load(t, path)
	want := readContents(t, c)
	if version == 9 {
		if got := countKeys(t, path); got != len(want) {
			t.Errorf("%s: an independent reader finds %d keys, want %d", path, got, len(want))
		}
	}
	if got, want := digestOf(t, judge.c), want.digest(redis70Score); got != want {
		t.Errorf("%s: redis-server reads digest %s, want %s", path, got, want)
	}
	read := readContents(t, judge.c)
	if version == 9 {
		want, read = want.untold(), read.untold()
	}
	report(t, "redis-server's reading of "+filepath.Base(path), want.differences(read, 0))
}

// TestWayBackOfRandomData takes random data sets of redis-server 7.0.15 through us into its own version and the one
// before. DATASETS sets how many, five times.
func TestWayBackOfRandomData(t *testing.T) {
	rng := newRand(t)
	redis := newReader(t)
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	c := s.client()
	for i := range countFrom("DATASETS", 50) / 5 {
		d := &dataset{rng: rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))}
		redis.c.ok(t, "FLUSHALL")
		d.write(t, redis.c)
		redis.c.ok(t, "SAVE")
		c.ok(t, "DFLY", "LOAD", filepath.Join(redis.dir, "dump.rdb"))
		for _, version := range []int{9, 10} {
			c.ok(t, "SAVE", "RDB", "back", "VERSION", strconv.Itoa(version))
			checkWayBack(t, redis, c, filepath.Join(s.dir, "back.rdb"), version)
		}
		if t.Failed() {
			t.Fatalf("data set %d (counted from 0)", i)
		}
	}
}

// TestRefusedForAReader: what a version cannot hold is refused with the name of the key, or left out and counted.
func TestRefusedForAReader(t *testing.T) {
	judge := newReader(t)
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	c := s.client()
	f := func(reason string, from, to int, lost string, write ...[]string) {
		t.Helper()
		c.ok(t, "FLUSHALL")
		c.ok(t, "SET", "kept", "v")
		for _, args := range write {
			if reply := c.must(t, args...); reply[0] == '-' {
				t.Fatalf("%q: %s", args, reply)
			}
		}
		key := write[0][1]
		for version := 9; version <= 12; version++ {
			args := []string{"SAVE", "RDB", "back", "VERSION", strconv.Itoa(version)}
			if version < from || version > to {
				c.ok(t, args...)
				continue
			}
			before := infoField(t, c, "persistence", "last_success_save")
			reply := c.must(t, args...)
			if !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, strconv.Quote(key)) || !strings.Contains(reply, fmt.Sprintf("RDB version %d has no %s", version, reason)) {
				t.Errorf("%q: %q", args, reply)
			}
			if got := infoField(t, c, "persistence", "last_success_save"); got != before {
				t.Errorf("last_success_save was %s, is %s", before, got)
			}
			c.ok(t, append(args, "DROP")...)
			logged(t, s, lost)
			if left, err := filepath.Glob(filepath.Join(s.dir, "*.tmp")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q %v", left, err)
			}
			if version <= 10 {
				judge.load(t, filepath.Join(s.dir, "back.rdb"))
				judge.c.expect(t, "$1\r\nv\r\n", "GET", "kept")
			}
		}
	}
	const far = "4102444800"
	f("field TTLs", 9, 11, "2 field TTLs", []string{"HSET", "a hash", "f", "1", "g", "2", "h", "3"}, []string{"HEXPIREAT", "a hash", far, "FIELDS", "2", "f", "g"})
	judge.c.expect(t, ":3\r\n", "HLEN", "a hash") // of version 10
	f("member TTLs", 9, 12, "2 member TTLs", []string{"SADDEX", "a set", "100000", "m", "n"}, []string{"SADD", "a set", "o"})
	judge.c.expect(t, ":3\r\n", "SCARD", "a set")

	// What has no commands here comes from a snapshot of Dragonfly: documents, filters and marks of keys.
	path, err := filepath.Abs(dragonflyFiles("one-shard", "out-summary.dfs"))
	if err != nil {
		t.Fatal(err)
	}
	c.ok(t, "DFLY", "LOAD", path)
	for version := 9; version <= 12; version++ {
		args := []string{"SAVE", "RDB", "back", "VERSION", strconv.Itoa(version)}
		if reply := c.must(t, args...); !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, "key ") {
			t.Errorf("%q: %q", args, reply)
		}
		c.ok(t, append(args, "DROP")...)
		logged(t, s, "39 keys of other types", "4 sticky marks", "3 memcache flags", "member TTLs")
		saved := filepath.Join(s.dir, "back.rdb")
		if got := versionDigits(t, saved); got != fmt.Sprintf("%04d", version) {
			t.Errorf("version %s", got)
		}
		if version == 9 {
			if got := countKeys(t, saved); got != 420-39 {
				t.Errorf("an independent reader finds %d keys, want %d", got, 420-39)
			}
		}
		if version <= 10 {
			logged(t, s, "field TTLs")
			checkRDB(t, saved)
			judge.load(t, saved)
			want := contents{}
			for name, k := range readContents(t, c) {
				if k.kind == kindJSON || k.kind == kindBloom || k.kind == kindCuckoo || k.kind == kindCMS || k.kind == kindTopK {
					continue
				}
				for i := range k.elems {
					k.elems[i].deadline = -1
				}
				want[name] = k
			}
			report(t, "redis-server's reading of what is left", want.untold().differences(readContents(t, judge.c).untold(), 0))
		}
	}
}

// TestReaderOfTheSettings: rdb_version and rdb_drop_unsupported are the reader of every RDB file.
func TestReaderOfTheSettings(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=dump.rdb", "--rdb_version=9")
	c := s.client()
	path := filepath.Join(s.dir, "dump.rdb")
	c.expect(t, ":2\r\n", "RPUSH", "list", "a", "b")
	c.ok(t, "SAVE")
	if got := versionDigits(t, path); got != "0009" {
		t.Errorf("version %s", got)
	}
	c.ok(t, "CONFIG", "SET", "rdb_version", "10")
	c.expect(t, "*2\r\n$11\r\nrdb_version\r\n$2\r\n10\r\n", "CONFIG", "GET", "rdb_version")
	c.ok(t, "BGSAVE")
	waitSaved(t, c)
	if got := versionDigits(t, path); got != "0010" {
		t.Errorf("version %s", got)
	}
	c.ok(t, "SAVE", "RDB", "other", "VERSION", "12")
	if got := versionDigits(t, filepath.Join(s.dir, "other.rdb")); got != "0012" {
		t.Errorf("version %s", got)
	}
	for _, bad := range []string{"8", "13", "-1", "x"} {
		if reply := c.must(t, "CONFIG", "SET", "rdb_version", bad); !strings.HasPrefix(reply, "-ERR CONFIG SET failed") {
			t.Errorf("rdb_version %s: %q", bad, reply)
		}
	}
	const bad = "-ERR VERSION is for SAVE RDB and must be 9, 10, 11 or 12\r\n"
	c.expect(t, bad, "SAVE", "RDB", "x", "VERSION", "8")
	c.expect(t, bad, "SAVE", "RDB", "x", "VERSION", "ten")
	c.expect(t, bad, "SAVE", "DF", "x", "VERSION", "10")
	c.expect(t, bad, "BGSAVE", "DF", "x", "VERSION", "10", "DROP")
	c.ok(t, "SAVE", "RDB", "VERSION", "9") // of the name in the settings
	if got := versionDigits(t, path); got != "0009" {
		t.Errorf("version %s", got)
	}

	// A save at the end that the reader could not read fails as any other.
	c.must(t, "SADDEX", "set", "100000", "m")
	saveFails(t, s, "no member TTLs", "SAVE")
	c.ok(t, "CONFIG", "SET", "rdb_drop_unsupported", "yes")
	saveWorks(t, s, "SAVE")
	logged(t, s, "1 member TTLs")
	c.ok(t, "CONFIG", "SET", "rdb_drop_unsupported", "no")
	if code := s.terminate(); code != 1 {
		t.Errorf("exit code %d: %s", code, s.log)
	}

	if s := launchOurs(t, t.TempDir(), "--rdb_version=8"); s.exit(1e10) != 1 {
		t.Errorf("--rdb_version=8: %s", s.log)
	}
}
