package integration

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDatasets: random data sets written by redis-server 7.0.15 are loaded by us with everything in them, and what we
// save of them is read by redis-server as the same data. DATASETS sets how many.
func TestDatasets(t *testing.T) {
	rng := newRand(t)
	redis := newReader(t)
	for i := range countFrom("DATASETS", 50) {
		d := &dataset{rng: rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))}
		redis.c.ok(t, "FLUSHALL")
		d.write(t, redis.c)
		checkDataset(t, redis)
		if t.Failed() {
			t.Fatalf("data set %d (counted from 0)", i)
		}
	}
}

// checkDataset takes the data set of a redis-server through a load and a save of ours and back.
func checkDataset(t *testing.T, redis *reader) {
	t.Helper()
	want := readContents(t, redis.c)
	wantDigest := digestOf(t, redis.c)
	if got := want.digest(redis70Score); got != wantDigest {
		t.Errorf("the digest computed here is %s, that of redis-server %s", got, wantDigest)
	}
	redis.c.ok(t, "SAVE")
	s := serveFile(t, filepath.Join(redis.dir, "dump.rdb"))
	defer s.kill()
	c := s.client()
	report(t, "redis-server's data and what we loaded", want.differences(readContents(t, c), 0))
	ourDigest := digestOf(t, c)
	c.ok(t, "SAVE")
	saved := filepath.Join(s.dir, "dump.rdb")
	checkRDB(t, saved)
	redis.load(t, saved)
	report(t, "redis-server's data and what it read of ours", want.differences(readContents(t, redis.c), 0))
	if got := digestOf(t, redis.c); got != wantDigest {
		t.Errorf("digest of redis-server after reading ours %s, before %s", got, wantDigest)
	}
	c.ok(t, "SAVE", "DF", "set")
	c.ok(t, "DFLY", "LOAD", filepath.Join(s.dir, "set-summary.dfs"))
	report(t, "redis-server's data and what we loaded from a DFS snapshot", want.differences(readContents(t, c), 0))
	if got := digestOf(t, c); got != ourDigest {
		t.Errorf("digest %s, after a DFS snapshot %s", ourDigest, got)
	}
	exchangeDumps(t, c, redis.c, want)
	if got := digestOf(t, redis.c); got != wantDigest {
		t.Errorf("digest of redis-server after restoring what we dumped %s, before %s", got, wantDigest)
	}
	if got := digestOf(t, c); got != ourDigest {
		t.Errorf("our digest after restoring what redis-server dumped %s, before %s", got, ourDigest)
	}
}

// exchangeDumps restores what each server dumps of some keys of database 0 in the other.
func exchangeDumps(t *testing.T, ours, redis *conn, all contents) {
	t.Helper()
	var keys []string
	var dump [][]string
	for name := range all {
		if name.db == 0 && len(keys) < 20 {
			keys = append(keys, name.key)
			dump = append(dump, []string{"DUMP", name.key})
		}
	}
	ourDumps, redisDumps := ours.mustAll(t, dump), redis.mustAll(t, dump)
	for _, way := range []struct {
		to    *conn
		dumps []string
	}{{ours, redisDumps}, {redis, ourDumps}} {
		var restore [][]string
		for i, key := range keys {
			deadline := max(0, all[keyName{0, key}].deadline)
			restore = append(restore, []string{"RESTORE", key, strconv.FormatInt(deadline, 10), bulk(way.dumps[i]), "REPLACE", "ABSTTL"})
		}
		for i, reply := range way.to.mustAll(t, restore) {
			if reply != "+OK\r\n" {
				t.Errorf("RESTORE %q: %s", keys[i], reply)
			}
		}
	}
}

// dataset writes a random data set.
type dataset struct {
	rng      *rand.Rand
	commands [][]string
}

func (d *dataset) add(args ...string) { d.commands = append(d.commands, args) }

// write sends a data set to a server.
func (d *dataset) write(t *testing.T, c *conn) {
	t.Helper()
	// The limits of the compact encodings, so that each type has both at small sizes too.
	limit := d.pick("0", "5", "128", "512")
	for _, name := range []string{"hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-intset-entries"} {
		c.ok(t, "CONFIG", "SET", name, limit)
	}
	c.ok(t, "CONFIG", "SET", "list-max-listpack-size", d.pick("-2", "-1", "3", "128"))
	c.ok(t, "CONFIG", "SET", "list-compress-depth", d.pick("0", "0", "1"))
	c.ok(t, "CONFIG", "SET", "stream-node-max-entries", d.pick("100", "3", "1"))
	c.ok(t, "CONFIG", "SET", "rdbcompression", d.pick("yes", "yes", "no"))
	d.commands = nil
	for db := range 16 {
		if db > 0 && d.rng.IntN(6) > 0 {
			continue
		}
		d.add("SELECT", strconv.Itoa(db))
		for i := range d.rng.IntN(40) {
			d.key(fmt.Sprintf("%s:%d", d.text(), i))
		}
	}
	d.add("SELECT", "0")
	for i, reply := range c.mustAll(t, d.commands) {
		if reply[0] == '-' {
			t.Fatalf("%.300s: %s", commandText(d.commands[i]), reply)
		}
	}
}

func (d *dataset) pick(from ...string) string { return from[d.rng.IntN(len(from))] }

// size is how many elements a key has: mostly few, at times more than any compact encoding holds.
func (d *dataset) size() int {
	switch d.rng.IntN(12) {
	case 0:
		return 300 + d.rng.IntN(700)
	case 1, 2:
		return 100 + d.rng.IntN(60)
	}
	return 1 + d.rng.IntN(12)
}

// text is a string of any kind: integers of all widths, short, long, compressible, binary.
func (d *dataset) text() string {
	switch d.rng.IntN(10) {
	case 0, 1, 2:
		return strconv.FormatInt(int64(d.rng.Uint64())>>d.rng.IntN(64), 10)
	case 3:
		return ""
	case 4:
		return strings.Repeat(d.pick("ab", "x", "\x00", "0123456789"), d.rng.IntN(200))
	case 5:
		b := make([]byte, d.rng.IntN(80))
		for i := range b {
			b[i] = byte(d.rng.Uint32())
		}
		return string(b)
	case 6:
		if d.rng.IntN(20) == 0 {
			return strings.Repeat("a very long value ", d.rng.IntN(8000))
		}
		return d.pick("-0", "007", "1e3", "9223372036854775808", " 1", "+1", "3.0")
	}
	return d.pick("key", "value", "field", "é", "日本") + strconv.Itoa(d.rng.IntN(1000))
}

// score is a number whose digest text is the same in all versions, or one of the special ones.
func (d *dataset) score() string {
	switch d.rng.IntN(8) {
	case 0:
		return d.pick("inf", "-inf", "0", "-1", "1e15", "9007199254740993", "0.1", "3.141592653589793", "1e-10", "1e300", "5e-324")
	case 1, 2:
		return strconv.Itoa(d.rng.IntN(1000)) + d.pick(".5", ".25", ".125")
	}
	return strconv.Itoa(d.rng.IntN(2000) - 1000)
}

// key writes one key.
func (d *dataset) key(name string) {
	switch d.rng.IntN(7) {
	case 0:
		d.add("SET", name, d.text())
	case 1:
		d.many(name, "RPUSH", d.text)
		if d.rng.IntN(3) == 0 {
			d.add("LPOP", name, "2")
			d.add("RPUSH", name, d.text())
		}
	case 2:
		if d.rng.IntN(2) == 0 {
			width := d.rng.IntN(64)
			d.many(name, "SADD", func() string { return strconv.FormatInt(int64(d.rng.Uint64())>>width, 10) })
		} else {
			d.many(name, "SADD", d.text)
		}
	case 3:
		d.many(name, "ZADD", d.score, d.text)
	case 4:
		d.many(name, "HSET", d.text, d.text)
	case 5:
		d.stream(name)
	case 6:
		d.many(name, "PFADD", d.text)
	}
	switch d.rng.IntN(6) {
	case 0:
		d.add("PEXPIREAT", name, strconv.FormatInt(time.Now().UnixMilli()+1e6+d.rng.Int64N(1e12), 10))
	case 1:
		d.add("EXPIREAT", name, strconv.FormatInt(5e9+d.rng.Int64N(1e9), 10))
	}
}

// many adds elements made of these words, in commands of some hundreds.
func (d *dataset) many(name, command string, words ...func() string) {
	for left := d.size(); left > 0; {
		args := []string{command, name}
		for range min(left, 300) {
			for _, word := range words {
				args = append(args, word())
			}
			left--
		}
		d.add(args...)
	}
}

// stream writes a stream, with deleted and trimmed entries, groups, consumers and pending entries.
func (d *dataset) stream(name string) {
	ms := 0
	for range d.size() {
		ms += d.rng.IntN(1 << d.rng.IntN(30))
		args := []string{"XADD", name, fmt.Sprintf("%d-*", ms)}
		if d.rng.IntN(4) > 0 {
			args = append(args, "f", d.text(), "g", d.text()) // the fields of the entry before are written once
		} else {
			for range 1 + d.rng.IntN(4) {
				args = append(args, d.text(), d.text())
			}
		}
		if ms == 0 {
			ms = 1
			args[2] = "1-*"
		}
		d.add(args...)
		if d.rng.IntN(10) == 0 {
			d.add("XDEL", name, fmt.Sprintf("%d-0", ms))
		}
	}
	for g := range d.rng.IntN(3) {
		group := fmt.Sprintf("group%d", g)
		d.add("XGROUP", "CREATE", name, group, d.pick("0", "$"))
		for c := range d.rng.IntN(4) {
			consumer := d.text() + strconv.Itoa(c)
			switch d.rng.IntN(4) {
			case 0:
				d.add("XGROUP", "CREATECONSUMER", name, group, consumer)
			case 1:
				d.add("XREADGROUP", "GROUP", group, consumer, "NOACK", "COUNT", "3", "STREAMS", name, ">")
			default:
				d.add("XREADGROUP", "GROUP", group, consumer, "COUNT", strconv.Itoa(1+d.rng.IntN(40)), "STREAMS", name, ">")
			}
		}
		if d.rng.IntN(2) == 0 {
			d.add("XAUTOCLAIM", name, group, "thief", "0", "-", "COUNT", "2")
		}
	}
	switch d.rng.IntN(6) {
	case 0:
		d.add("XTRIM", name, "MAXLEN", strconv.Itoa(d.rng.IntN(20)))
	case 1:
		d.add("XADD", name, "MAXLEN", "0", fmt.Sprintf("%d-0", ms+1), "f", "v") // empty, but there
	}
}
