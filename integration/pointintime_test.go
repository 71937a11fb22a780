package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hdt3213/rdb/parser"
)

const (
	accounts  = 1000
	startWith = 1000 // units on each account
	writers   = 8
	listed    = 500 // last steps that each writer keeps in its list
)

// snapshotCount is how many snapshots a run takes.
func snapshotCount() int {
	if n, err := strconv.Atoi(os.Getenv("SNAPSHOTS")); err == nil {
		return n
	}
	return 100
}

// TestPointInTime: writers move units between accounts in transactions, count their steps, and make other keys
// come, grow, expire and go, while snapshots are taken one after the other. Every snapshot, read by an independent
// reader, holds the exact total, and of every writer all steps up to some one and none after it.
func TestPointInTime(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir, "--dbfilename=points")
	c := s.client()
	for i := range accounts {
		c.must(t, "SET", fmt.Sprintf("account:%d", i), strconv.Itoa(startWith))
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { move(t, s, w, &stop) })
	}
	for i := range snapshotCount() {
		name := fmt.Sprintf("snap-%d", i)
		if reply := c.must(t, "SAVE", "RDB", name); reply != "+OK\r\n" {
			t.Fatalf("SAVE: %s", reply)
		}
		path := filepath.Join(dir, name+".rdb")
		checkSnapshot(t, path)
		if t.Failed() {
			break
		}
		os.Remove(path)
	}
	stop.Store(true)
	wg.Wait()
}

// move is one writer: in each transaction it moves units, appends its step number to a list and sets its counter,
// and churns other keys.
func move(t *testing.T, s *server, w int, stop *atomic.Bool) {
	c, err := dial(s.addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	rng := rand.New(rand.NewPCG(uint64(w), 7))
	for step := 1; !stop.Load(); step++ {
		from, to, n := rng.IntN(accounts), rng.IntN(accounts), rng.IntN(50)
		var b []byte
		count := 0
		add := func(args ...string) {
			b = appendCommand(b, args...)
			count++
		}
		add("MULTI")
		add("DECRBY", fmt.Sprintf("account:%d", from), strconv.Itoa(n))
		add("RPUSH", fmt.Sprintf("steps:%d", w), strconv.Itoa(step))
		add("LTRIM", fmt.Sprintf("steps:%d", w), strconv.Itoa(-listed), "-1")
		add("SET", fmt.Sprintf("step:%d", w), strconv.Itoa(step))
		add("INCRBY", fmt.Sprintf("account:%d", to), strconv.Itoa(n))
		add("EXEC")
		// Single writes, in order: the second is never in a snapshot without the first.
		add("SET", fmt.Sprintf("first:%d", w), strconv.Itoa(step))
		add("SET", fmt.Sprintf("second:%d", w), strconv.Itoa(step))
		churn := fmt.Sprintf("churn:%d:%d", w, rng.IntN(20)) // few, so that the data stays small however fast we are
		switch rng.IntN(6) {
		case 0:
			add("SET", churn, "x", "PX", strconv.Itoa(1+rng.IntN(30)))
		case 1:
			add("DEL", churn)
		case 2:
			add("SADD", churn+"s", strconv.Itoa(rng.IntN(100)), "m"+strconv.Itoa(rng.IntN(400)))
		case 3:
			add("HSET", churn+"h", strconv.Itoa(rng.IntN(700)), "value")
		case 4:
			add("ZADD", churn+"z", strconv.Itoa(rng.IntN(700)), "m"+strconv.Itoa(rng.IntN(300)))
		case 5:
			add("SET", fmt.Sprintf("new:%d:%d", w, step), "1")
			add("DEL", fmt.Sprintf("new:%d:%d", w, step-200))
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		if _, err := c.Write(b); err != nil {
			t.Error(err)
			return
		}
		for range count {
			if reply, err := c.reply(); err != nil || reply[0] == '-' {
				t.Errorf("%q %v", reply, err)
				return
			}
		}
	}
}

// checkSnapshot reads a snapshot and compares what it holds with what it must.
func checkSnapshot(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	total, found := 0, 0
	steps := [writers]int{}
	lists := [writers][]string{}
	first, second := [writers]int{}, [writers]int{}
	seen := map[string]bool{}
	err = parser.NewDecoder(f).Parse(func(o parser.RedisObject) bool {
		if o.GetType() == parser.AuxType || o.GetType() == parser.DBSizeType {
			return true
		}
		key := o.GetKey()
		if seen[key] {
			t.Errorf("%s: key %q is there twice", path, key)
		}
		seen[key] = true
		var n int
		switch o := o.(type) {
		case *parser.StringObject:
			v, _ := strconv.Atoi(string(o.Value))
			switch {
			case scan(key, "account:%d", &n):
				total += v
				found++
			case scan(key, "step:%d", &n):
				steps[n] = v
			case scan(key, "first:%d", &n):
				first[n] = v
			case scan(key, "second:%d", &n):
				second[n] = v
			}
		case *parser.ListObject:
			if scan(key, "steps:%d", &n) {
				for _, e := range o.Values {
					lists[n] = append(lists[n], string(e))
				}
			}
		}
		return true
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if found != accounts || total != accounts*startWith {
		t.Errorf("%s: %d accounts with %d units, want %d with %d", path, found, total, accounts, accounts*startWith)
	}
	for w := range writers {
		if len(lists[w]) != min(steps[w], listed) {
			t.Errorf("%s: writer %d: %d steps in the list, the counter is at %d", path, w, len(lists[w]), steps[w])
		}
		for i, e := range lists[w] {
			if want := strconv.Itoa(steps[w] - len(lists[w]) + i + 1); e != want {
				t.Errorf("%s: writer %d: element %d of the list is step %s, want %s", path, w, i, e, want)
				break
			}
		}
		if d := first[w] - second[w]; d != 0 && d != 1 || steps[w] < first[w] {
			t.Errorf("%s: writer %d: step %d, first %d, second %d", path, w, steps[w], first[w], second[w])
		}
	}
}

// scan tells whether s has exactly the form of format, which has one number.
func scan(s, format string, n *int) bool {
	_, err := fmt.Sscanf(s, format, n)
	return err == nil && fmt.Sprintf(format, *n) == s
}
