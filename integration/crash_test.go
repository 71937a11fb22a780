package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// killWays are the saves that TestKillDuringSave interrupts; SIGTERM is the save at the end.
var killWays = [][]string{
	{"SAVE", "DF"}, {"BGSAVE", "DF"}, {"SAVE", "RDB"}, {"BGSAVE", "RDB"}, {"SIGTERM"},
}

// TestKillDuringSave kills the server at random instants of a save, while a client writes: the next start finds the data of
// the snapshot before or of the new one, whole, and no temporary file stays. KILLS sets how often.
func TestKillDuringSave(t *testing.T) {
	dir := t.TempDir()
	rng := newRand(t)
	const keys = 20_000
	args := []string{"--dbfilename=dump", "--num_shards=3"}
	s := startOurs(t, dir, args...)
	fill(t, s.client(), keys, 0)
	s.client().ok(t, "SAVE", "RDB")
	start := time.Now()
	s.client().ok(t, "SAVE")
	took := max(time.Since(start), 10*time.Millisecond)
	saved, renewed := 0, 0 // the generation that is surely on disk; how often the new one was
	rounds := countFrom("KILLS", 20)
	for round := 1; round <= rounds; round++ {
		way := killWays[rng.IntN(len(killWays))]
		fill(t, s.client(), keys, round)
		stop := pairs(s.addr)
		if way[0] == "SIGTERM" {
			s.cmd.Process.Signal(syscall.SIGTERM)
		} else if err := s.client().send(way...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Int64N(6 * int64(took))))
		s.kill()
		stop()

		s = startOurs(t, dir, args...)
		c := s.client()
		generation := checkGeneration(t, c, keys)
		if generation != saved && generation != round {
			t.Fatalf("round %d, %q: generation %d, want %d or %d", round, way, generation, saved, round)
		}
		if generation == round {
			renewed++
		}
		saved = generation
		v := parseValue(c.must(t, "MGET", "pair:x", "pair:y"))
		if v.items[0].text != v.items[1].text {
			t.Fatalf("round %d, %q: a transaction is there in part: %s", round, way, v)
		}
		left, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
		if err != nil || len(left) > 0 {
			t.Fatalf("round %d, %q: left behind: %v", round, way, left)
		}
		if lines := errorLines(s); len(lines) > 0 {
			t.Fatalf("round %d, %q: %q", round, way, lines)
		}
	}
	t.Logf("%d of %d kills came after the snapshot was complete", renewed, rounds)
}

// pairs sets two keys to the same number in transactions, and many others, until the connection ends or stop is called.
func pairs(addr string) (stop func()) {
	c, err := dial(addr)
	if err != nil {
		return func() {}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 1 << 30 {
			n := strconv.Itoa(i)
			_, err := c.pipeline([][]string{{"MULTI"}, {"SET", "pair:x", n}, {"SET", "churn:" + strconv.Itoa(i%500), n}, {"SET", "pair:y", n}, {"EXEC"}})
			if err != nil {
				return
			}
		}
	})
	return func() {
		c.Close()
		wg.Wait()
	}
}

// checkGeneration returns the generation of all keys, which must be one.
func checkGeneration(t *testing.T, c *conn, keys int) int {
	t.Helper()
	first := ""
	for i := 0; i < keys; i += 1000 {
		args := []string{"MGET"}
		for k := i; k < i+1000; k++ {
			args = append(args, fmt.Sprintf("key:%d", k))
		}
		for k, text := range parseValue(c.must(t, args...)).texts() {
			if first == "" {
				first = text
			}
			if text != first {
				t.Fatalf("key:%d is of generation %q, key:0 of %q", i+k, text, first)
			}
		}
	}
	n, err := strconv.Atoi(first)
	if err != nil {
		t.Fatalf("generation %q", first)
	}
	return n
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
