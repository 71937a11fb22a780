package integration

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const errSaving = "-ERR Operation now in progress: SAVING - can not save database\r\n"

// slowly makes the next saves of a slowServer take a second. Two threads write the files of a DFS snapshot, one writes an
// RDB file.
func slowly(t *testing.T, c *conn, format string) {
	t.Helper()
	limit := map[string]string{"DF": "900000", "RDB": "1800000"}[format]
	c.ok(t, "CONFIG", "SET", "snapshot_egress_limit_bytes", limit)
}

// quickly ends that, and waits for the save that runs.
func quickly(t *testing.T, c *conn) {
	t.Helper()
	c.ok(t, "CONFIG", "SET", "snapshot_egress_limit_bytes", "0")
	waitSaved(t, c)
}

// slowKeys is how many keys a slowServer has: so many that a save takes many steps.
const slowKeys = 20_007

// slowServer starts a server with data of two megabytes that do not compress.
func slowServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := startOurs(t, t.TempDir(), append(args, "--num_shards=2", "--dbfilename=dump")...)
	c := s.client()
	noise(t, c, slowKeys-7, 50)
	fillBig(t, c, 5000)
	c.ok(t, "SET", "big:string", strings.Repeat("0123456789", 50_000))
	return s
}

// waitSaving waits until a save runs and has written something.
func waitSaving(t *testing.T, c *conn) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if infoField(t, c, "persistence", "saving") == "1" && infoField(t, c, "persistence", "current_save_keys_total") != "0" {
			return
		}
	}
	t.Fatal("no save begins")
}

// TestOneSaveAtATime: while one save runs every other is refused, whatever it is, and clients are served.
func TestOneSaveAtATime(t *testing.T) {
	for _, format := range []string{"DF", "RDB"} {
		t.Run(format, func(t *testing.T) {
			s := slowServer(t)
			c := s.client()
			slowly(t, c, format)
			started := time.Now()
			c.ok(t, "BGSAVE", format)
			waitSaving(t, c)
			if got := infoField(t, c, "persistence", "rdb_bgsave_in_progress"); got != "1" {
				t.Errorf("rdb_bgsave_in_progress is %s", got)
			}
			for _, args := range [][]string{{"SAVE"}, {"BGSAVE"}, {"BGSAVE", "SCHEDULE"}, {"SAVE", "DF", "other"}, {"SAVE", "RDB", "other"}, {"DEBUG", "RELOAD"}} {
				c.expect(t, errSaving, args...)
			}
			c.ok(t, "SET", "served", "meanwhile")
			c.expect(t, "$9\r\nmeanwhile\r\n", "GET", "served")
			if infoField(t, c, "persistence", "saving") != "1" {
				t.Errorf("the save ended after %s", time.Since(started))
			}
			quickly(t, c)
			// A SAVE is the same to others, but not a BGSAVE, and who sent it waits.
			slowly(t, c, format)
			waits := s.client()
			if err := waits.send("SAVE", format); err != nil {
				t.Fatal(err)
			}
			waitSaving(t, c)
			if got := infoField(t, c, "persistence", "rdb_bgsave_in_progress"); got != "0" {
				t.Errorf("rdb_bgsave_in_progress is %s", got)
			}
			c.expect(t, errSaving, "SAVE")
			quickly(t, c)
			if reply, err := waits.reply(); err != nil || reply != "+OK\r\n" {
				t.Errorf("SAVE: %q %v", reply, err)
			}
			saveWorks(t, s, "SAVE")
			if lines := errorLines(s); len(lines) > 0 {
				t.Errorf("error lines %q", lines)
			}
		})
	}
}

// TestChangesDuringSave: whatever happens to the data while a save runs, the snapshot is of the instant of its start. Each
// change is made with one format, or with both if FORMATS is 2.
func TestChangesDuringSave(t *testing.T) {
	formats := []string{"DF", "RDB"}
	f := func(name string, change func(t *testing.T, c *conn)) {
		slices.Reverse(formats)
		for _, format := range formats[:countFrom("FORMATS", 1)] {
			t.Run(name+" "+format, func(t *testing.T) {
				s := slowServer(t)
				c := s.client()
				c.ok(t, "SAVE", format)
				c.ok(t, "SELECT", "3")
				c.ok(t, "SET", "three", "3")
				c.ok(t, "SELECT", "0")
				c.ok(t, "SET", "later", "than the last snapshot")
				want := digestOf(t, c)
				for i := range 100 {
					c.ok(t, "SET", "brief:"+strconv.Itoa(i), "v", "PX", strconv.Itoa(200+i))
				}
				slowly(t, c, format)
				c.ok(t, "BGSAVE", format)
				waitSaving(t, c)
				change(t, c)
				if infoField(t, c, "persistence", "saving") != "1" {
					t.Log("the save ended before the change")
				}
				time.Sleep(310 * time.Millisecond) // all that is brief expires
				quickly(t, c)
				if got := infoField(t, c, "persistence", "rdb_last_bgsave_status"); got != "ok" {
					t.Errorf("rdb_last_bgsave_status is %s: %s", got, s.log)
				}
				s = s.again("--dbfilename=dump", "--num_shards=3")
				if got := digestOf(t, s.client()); got != want {
					t.Errorf("digest %s, want %s", got, want)
				}
				if left, err := filepath.Glob(filepath.Join(s.dir, "*.tmp")); err != nil || len(left) > 0 {
					t.Errorf("left behind: %q %v", left, err)
				}
			})
		}
	}
	f("FLUSHALL", func(t *testing.T, c *conn) {
		c.ok(t, "FLUSHALL")
		c.expect(t, ":0\r\n", "DBSIZE")
		c.ok(t, "SET", "new", "v")
	})
	f("FLUSHDB and new data", func(t *testing.T, c *conn) {
		c.ok(t, "FLUSHDB")
		noise(t, c, 50, 1000)
	})
	f("SWAPDB", func(t *testing.T, c *conn) {
		c.ok(t, "SWAPDB", "0", "3")
		c.ok(t, "SET", "three", "of the other")
		c.ok(t, "SWAPDB", "0", "1")
	})
	f("DEBUG RELOAD NOSAVE", func(t *testing.T, c *conn) {
		c.ok(t, "DEBUG", "RELOAD", "NOSAVE")
		c.expect(t, "$-1\r\n", "GET", "later")
	})
	f("every key", func(t *testing.T, c *conn) {
		var commands [][]string
		for i := range slowKeys / 2 {
			commands = append(commands, []string{"SET", fmt.Sprintf("noise:%d", i*2), "overwritten"}, []string{"DEL", fmt.Sprintf("noise:%d", i*2+1)})
		}
		c.mustAll(t, commands)
		for _, args := range [][]string{
			{"HSET", "big:hash", "field:5", "other", "new field", "v"}, {"HDEL", "big:hash", "field:7"}, {"ZADD", "big:zset", "-5", "member:5", "1e9", "new"},
			{"LPUSH", "big:list", "new"}, {"LTRIM", "big:list", "10", "20"}, {"SPOP", "big:set", "50"}, {"SADD", "big:ints", "no integer"},
			{"XADD", "big:stream", "*", "f", "v"}, {"XTRIM", "big:stream", "MAXLEN", "5"}, {"APPEND", "big:string", "more"},
			{"PEXPIRE", "later", "100"}, {"RENAME", "big:hash", "renamed"}, {"COPY", "big:zset", "copied"},
		} {
			if reply := c.must(t, args...); reply[0] == '-' {
				t.Errorf("%q: %s", args, reply)
			}
		}
	})
	f("the name of the next", func(t *testing.T, c *conn) {
		c.ok(t, "CONFIG", "SET", "dbfilename", "elsewhere")
	})
}

// TestEndDuringSave: a server that is told to end while it saves ends that save first, then saves once more.
func TestEndDuringSave(t *testing.T) {
	s := slowServer(t)
	c := s.client()
	slowly(t, c, "DF")
	c.ok(t, "BGSAVE")
	waitSaving(t, c)
	c.ok(t, "SET", "last", "words")
	want := digestOf(t, c)
	if code := s.terminate(); code != 0 {
		t.Errorf("exit code %d: %s", code, s.log)
	}
	if n := strings.Count(s.log.String(), "Saving "); n != 2 {
		t.Errorf("%d saves in the log: %s", n, s.log)
	}
	s = startOurs(t, s.dir, "--dbfilename=dump")
	if got := digestOf(t, s.client()); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	expectFiles(t, s.dir, dfsFiles("dump", 2)...)
}
