package integration

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDeadlinesSurvive: every deadline, of keys, fields and members, is the same to the millisecond after a snapshot, and what
// expired meanwhile does not come back.
func TestDeadlinesSurvive(t *testing.T) {
	for _, format := range []string{"DF", "RDB"} {
		t.Run(format, func(t *testing.T) {
			s := startOurs(t, t.TempDir(), "--dbfilename=dump", "--num_shards=2")
			c := s.client()
			far := time.Now().Add(1000*time.Hour).UnixMilli() / 1000 * 1000
			at := func(ms int64) string { return strconv.FormatInt(far+ms, 10) }
			run := func(args ...string) {
				t.Helper()
				if reply := c.must(t, args...); reply[0] == '-' {
					t.Fatalf("%q: %s", args, reply)
				}
			}
			for i := range int64(50) {
				name := fmt.Sprint(i)
				run("SET", "key:"+name, "v", "PXAT", at(i*37))
				run("HSET", "hash", "f:"+name, "v", "g:"+name, "v")
				run("HPEXPIREAT", "hash", at(i*1009), "FIELDS", "1", "f:"+name) // at any millisecond
				run("HSET", "seconds", "f:"+name, "v")
				run("HPEXPIREAT", "seconds", at(i*1000), "FIELDS", "1", "f:"+name)
				run("SADDEX", "set", strconv.FormatInt(100_000+i, 10), "m:"+name)
			}
			run("SADD", "set", "stays")
			run("HSET", "listpack", "f", "v")
			run("HPEXPIREAT", "listpack", at(1), "FIELDS", "1", "f")
			want := readContents(t, c)

			// These do not live that long.
			run("SET", "short:key", "v", "PX", "300")
			run("HSET", "short:hash", "f", "v")
			run("HPEXPIRE", "short:hash", "300", "FIELDS", "1", "f")
			run("HSET", "short:field", "f", "v", "stays", "v")
			run("HPEXPIRE", "short:field", "300", "FIELDS", "1", "f")
			run("SADDEX", "short:set", "1", "m")
			run("SADDEX", "short:member", "1", "m")
			run("SADD", "short:member", "stays")
			run("SAVE", format)
			s.kill()
			time.Sleep(2100 * time.Millisecond) // deadlines of members are whole seconds
			s = startOurs(t, s.dir, "--dbfilename=dump")
			c = s.client()
			c.expect(t, "*1\r\n$5\r\nstays\r\n", "HKEYS", "short:field")
			c.expect(t, "*1\r\n$5\r\nstays\r\n", "SMEMBERS", "short:member")
			c.expect(t, ":2\r\n", "DEL", "short:field", "short:member")
			report(t, "after a restart", want.differences(readContents(t, c), 0))
			if ttl := bulk(c.must(t, "FIELDTTL", "set", "m:7")); !nearTexts(ttl, "100000", 10) {
				t.Errorf("FIELDTTL: %s", ttl)
			}

			// The settings can keep what has expired, all of it.
			s = s.again("--dbfilename=dump", "--rdb_ignore_expiry")
			c = s.client()
			c.expect(t, ":-1\r\n", "PEXPIRETIME", "key:1")
			c.expect(t, ":1\r\n", "EXISTS", "short:key")
		})
	}
}

// TestDryRun: in a dry run the snapshot is read and checked, nothing is held, and nothing is ever written.
func TestDryRun(t *testing.T) {
	dir := copySnapshot(t, dragonflyFiles("lz4-2-shards"))
	before := readFiles(t, dir)
	s := startOurs(t, dir, "--dbfilename=out", "--rdb_load_dry_run")
	logHas(t, s, "num keys read: 420")
	c := s.client()
	c.expect(t, ":0\r\n", "DBSIZE")
	c.ok(t, "SET", "k", "v")
	for _, args := range [][]string{{"SAVE"}, {"BGSAVE"}, {"SAVE", "RDB", "x"}, {"DEBUG", "RELOAD"}} {
		if reply := c.must(t, args...); !strings.HasPrefix(reply, "-ERR nothing is saved in a dry run") {
			t.Errorf("%q: %q", args, reply)
		}
	}
	if code := s.terminate(); code != 0 {
		t.Errorf("exit code %d: %s", code, s.log)
	}
	sameFiles(t, dir, before)

	// A snapshot that would not load ends a dry run too.
	name := filepath.Join(dir, "out-0001.dfs")
	truncate(t, name, 100_000)
	refuses(t, dir, []string{"--dbfilename=out", "--rdb_load_dry_run"}, name)
}
