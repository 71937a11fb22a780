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
	listed    = 500    // last steps that each writer keeps in its list
	bigFields = 20_000 // of one hash that is written in pieces, 100 units each
)

// snapshotCount is how many snapshots a run takes.
func snapshotCount() int {
	if n, err := strconv.Atoi(os.Getenv("SNAPSHOTS")); err == nil {
		return n
	}
	return 100
}

// TestPointInTime: writers move units between accounts in transactions, count their steps, and make other keys
// come, grow, expire and go, while snapshots are taken one after the other, in both formats. Every snapshot holds the exact
// total, and of every writer all steps up to some one and none after it. RDB files are read by an independent reader, DFS
// files by a second server. SNAPSHOTS sets how many.
func TestPointInTime(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir, "--dbfilename=points", "--num_shards=3")
	second := startOurs(t, t.TempDir(), "--dbfilename=", "--num_shards=2").client()
	c := s.client()
	for i := range accounts {
		c.must(t, "SET", fmt.Sprintf("account:%d", i), strconv.Itoa(startWith))
	}
	for i := 0; i < bigFields; i += 1000 {
		args := []string{"HSET", "big"}
		for f := i; f < i+1000; f++ {
			args = append(args, strconv.Itoa(f), "100")
		}
		c.must(t, args...)
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { move(t, s, w, &stop) })
	}
	for i := range snapshotCount() {
		name := fmt.Sprintf("snap-%d", i)
		if i%2 == 0 {
			c.ok(t, "SAVE", "RDB", name)
			readPointsRDB(t, filepath.Join(dir, name+".rdb")).check(t, name)
		} else {
			c.ok(t, "SAVE", "DF", name)
			second.ok(t, "DFLY", "LOAD", filepath.Join(dir, name+"-summary.dfs"))
			readPoints(t, second).check(t, name)
		}
		if t.Failed() {
			break
		}
		for _, name := range listDir(t, dir) {
			os.Remove(filepath.Join(dir, name))
		}
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
	made := 0
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
		add("HINCRBY", "big", strconv.Itoa(rng.IntN(bigFields)), strconv.Itoa(-n))
		add("HINCRBY", "big", strconv.Itoa(rng.IntN(bigFields)), strconv.Itoa(n))
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
			made++
			add("SET", fmt.Sprintf("new:%d:%d", w, made), "1")
			add("DEL", fmt.Sprintf("new:%d:%d", w, made-50))
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

// points is what a snapshot holds of the accounts and the steps.
type points struct {
	total, found int // of the accounts
	big, fields  int // of the hash
	steps        [writers]int
	lists        [writers][]string
	first        [writers]int
	second       [writers]int
}

// put takes a string into the sums.
func (p *points) put(key, value string) {
	v, _ := strconv.Atoi(value)
	var n int
	switch {
	case scan(key, "account:%d", &n):
		p.total += v
		p.found++
	case scan(key, "step:%d", &n):
		p.steps[n] = v
	case scan(key, "first:%d", &n):
		p.first[n] = v
	case scan(key, "second:%d", &n):
		p.second[n] = v
	}
}

// readPointsRDB reads a snapshot with an independent reader.
func readPointsRDB(t *testing.T, path string) *points {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &points{}
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
			p.put(key, string(o.Value))
		case *parser.ListObject:
			if scan(key, "steps:%d", &n) {
				for _, e := range o.Values {
					p.lists[n] = append(p.lists[n], string(e))
				}
			}
		case *parser.HashObject:
			if key == "big" {
				for _, value := range o.Hash {
					v, _ := strconv.Atoi(string(value))
					p.big += v
					p.fields++
				}
			}
		}
		return true
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

// readPoints asks a server that has loaded a snapshot.
func readPoints(t *testing.T, c *conn) *points {
	t.Helper()
	p := &points{}
	var keys []string
	for i := range accounts {
		keys = append(keys, fmt.Sprintf("account:%d", i))
	}
	for w := range writers {
		for _, name := range []string{"step", "first", "second"} {
			keys = append(keys, fmt.Sprintf("%s:%d", name, w))
		}
		p.lists[w] = parseValue(c.must(t, "LRANGE", fmt.Sprintf("steps:%d", w), "0", "-1")).texts()
	}
	for i, v := range parseValue(c.must(t, append([]string{"MGET"}, keys...)...)).items {
		if !v.null {
			p.put(keys[i], v.text)
		}
	}
	for _, text := range parseValue(c.must(t, "HVALS", "big")).texts() {
		v, _ := strconv.Atoi(text)
		p.big += v
		p.fields++
	}
	return p
}

// check compares what a snapshot holds with what it must.
func (p *points) check(t *testing.T, name string) {
	t.Helper()
	if p.found != accounts || p.total != accounts*startWith {
		t.Errorf("%s: %d accounts with %d units, want %d with %d", name, p.found, p.total, accounts, accounts*startWith)
	}
	if p.fields != bigFields || p.big != bigFields*100 {
		t.Errorf("%s: %d fields with %d units, want %d with %d", name, p.fields, p.big, bigFields, bigFields*100)
	}
	for w := range writers {
		list := p.lists[w]
		if len(list) != min(p.steps[w], listed) {
			t.Errorf("%s: writer %d: %d steps in the list, the counter is at %d", name, w, len(list), p.steps[w])
		}
		for i, e := range list {
			if want := strconv.Itoa(p.steps[w] - len(list) + i + 1); e != want {
				t.Errorf("%s: writer %d: element %d of the list is step %s, want %s", name, w, i, e, want)
				break
			}
		}
		if d := p.first[w] - p.second[w]; d != 0 && d != 1 || p.steps[w] < p.first[w] {
			t.Errorf("%s: writer %d: step %d, first %d, second %d", name, w, p.steps[w], p.first[w], p.second[w])
		}
	}
}

// scan tells whether s has exactly the form of format, which has one number.
func scan(s, format string, n *int) bool {
	_, err := fmt.Sscanf(s, format, n)
	return err == nil && fmt.Sprintf(format, *n) == s
}
