package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKillDuringSave kills the server at random instants of a save, twenty times: the next start finds the data of
// the previous snapshot or of the new one, whole, and no temporary file stays.
func TestKillDuringSave(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	const keys = 50_000
	s := startOurs(t, dir, "--dbfilename=dump")
	fill(t, s.client(), keys, 0)
	if reply := s.client().must(t, "SAVE"); reply != "+OK\r\n" {
		t.Fatal(reply)
	}
	saved := 0 // generation that is surely on disk
	for round := 1; round <= 20; round++ {
		c := s.client()
		fill(t, c, keys, round)
		if err := c.send("BGSAVE"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.IntN(60_000)) * time.Microsecond)
		s.cmd.Process.Signal(syscall.SIGKILL)
		<-s.done

		s = startOurs(t, dir, "--dbfilename=dump")
		c = s.client()
		if n := bulk(c.must(t, "DBSIZE")); n != strconv.Itoa(keys) {
			t.Fatalf("round %d: %s keys", round, n)
		}
		generation := bulk(c.must(t, "GET", "key:0"))
		if generation != strconv.Itoa(saved) && generation != strconv.Itoa(round) {
			t.Fatalf("round %d: generation %s, want %d or %d", round, generation, saved, round)
		}
		for i := 0; i < keys; i += 97 {
			if g := bulk(c.must(t, "GET", fmt.Sprintf("key:%d", i))); g != generation {
				t.Fatalf("round %d: key:%d is of generation %s, key:0 of %s", round, i, g, generation)
			}
		}
		saved, _ = strconv.Atoi(generation)
		left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
		if err != nil || len(left) > 0 {
			t.Fatalf("round %d: left behind: %v", round, left)
		}
	}
}

// fill sets all keys to a generation.
func fill(t *testing.T, c *conn, keys, generation int) {
	t.Helper()
	for i := 0; i < keys; i += 1000 {
		args := []string{"MSET"}
		for k := i; k < i+1000; k++ {
			args = append(args, fmt.Sprintf("key:%d", k), strconv.Itoa(generation))
		}
		if reply := c.must(t, args...); reply != "+OK\r\n" {
			t.Fatal(reply)
		}
	}
}

// TestBadSnapshot: a file that cannot be loaded ends the start with one clear line and exit code 1, and is not
// touched.
func TestBadSnapshot(t *testing.T) {
	sample, err := os.ReadFile("../testdata/sample/dump.rdb")
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), sample...)
	flipped[len(flipped)/2] ^= 0x40
	f := func(name string, data []byte) {
		t.Helper()
		dir := t.TempDir()
		path := filepath.Join(dir, "dump.rdb")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		s := launchOurs(t, dir)
		if code := s.exit(10 * time.Second); code != 1 {
			t.Errorf("%s: exit code %d", name, code)
		}
		line := ""
		for l := range strings.Lines(s.log.String()) {
			if strings.HasPrefix(l, "E") {
				line += l
			}
		}
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, path) || !strings.Contains(line, "offset ") {
			t.Errorf("%s: error lines %q", name, line)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != string(data) {
			t.Errorf("%s: the file was changed", name)
		}
	}
	f("truncated", sample[:len(sample)-20])
	f("no snapshot at all", []byte("not a dump file at all, really not"))
	f("a flipped bit", flipped)
	f("only the magic", sample[:9])
}

// TestSaveAtTheEnd: SIGTERM saves every write that was answered.
func TestSaveAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		s := startOurs(t, dir)
		c := s.client()
		if n := bulk(c.must(t, "DBSIZE")); n != strconv.Itoa(round*100) {
			t.Fatalf("round %d: %s keys", round, n)
		}
		for i := range 100 {
			c.must(t, "SET", fmt.Sprintf("k:%d:%d", round, i), "v")
		}
		if code := s.terminate(); code != 0 {
			t.Fatalf("exit code %d: %s", code, s.log)
		}
	}
}

// TestSaveFailure: a save that fails keeps the previous snapshot and says why; the next one works.
func TestSaveFailure(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir)
	c := s.client()
	c.must(t, "SET", "k", "v")
	// A directory in the place of the temporary file makes opening it fail for any user.
	if err := os.Mkdir(filepath.Join(dir, "dump.rdb.tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	if reply := c.must(t, "SAVE"); !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, "dump.rdb") {
		t.Fatalf("SAVE: %q", reply)
	}
	if info := c.must(t, "INFO", "persistence"); !strings.Contains(info, "rdb_last_bgsave_status:err") {
		t.Fatalf("INFO: %s", info)
	}
	if err := os.Remove(filepath.Join(dir, "dump.rdb.tmp")); err != nil {
		t.Fatal(err)
	}
	if reply := c.must(t, "SAVE"); reply != "+OK\r\n" {
		t.Fatalf("SAVE: %q", reply)
	}
	if info := c.must(t, "INFO", "persistence"); !strings.Contains(info, "rdb_last_bgsave_status:ok") {
		t.Fatalf("INFO: %s", info)
	}
}
