package generic

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
)

// scanOnce runs one SCAN and returns the next cursor and the keys.
func scanOnce(t *testing.T, d *commandtest.DB, cursor string, options ...string) (next string, keys []string) {
	t.Helper()
	words := append([]string{"scan", cursor}, options...)
	for i, w := range strings.Fields(commandtest.Compact(d.Do(words...))) {
		switch {
		case i == 0 && w != "*2", i == 2 && w[0] != '*':
			t.Fatalf("%q: unexpected reply", words)
		case i == 1:
			next = w[1:]
		case i > 2:
			keys = append(keys, w[1:])
		}
	}
	return next, keys
}

// scanAll scans from the beginning to the end and returns how often each key came.
func scanAll(t *testing.T, d *commandtest.DB, options ...string) map[string]int {
	t.Helper()
	got := map[string]int{}
	for cursor := "0"; ; {
		next, keys := scanOnce(t, d, cursor, options...)
		for _, k := range keys {
			got[k]++
		}
		if next == "0" {
			return got
		}
		if n, err := strconv.ParseUint(next, 10, 64); err != nil || n >= 1<<53 {
			t.Fatalf("cursor %q", next)
		}
		cursor = next
	}
}

func fill(d *commandtest.DB, from, to int) {
	for i := from; i < to; i++ {
		d.Do("set", "k"+strconv.Itoa(i), "v")
	}
}

func TestScan(t *testing.T) {
	d := newDB(t)
	d.Expect("scan 0", "*2 $0 *0")
	d.Quiet = true
	fill(d, 0, 5000)
	for _, count := range []string{"1", "7", "10", "100", "10000"} {
		got := scanAll(t, d, "COUNT", count)
		if len(got) != 5000 {
			t.Errorf("COUNT %s: %d keys", count, len(got))
		}
		for k, n := range got {
			if n != 1 {
				t.Errorf("COUNT %s: %s came %d times", count, k, n)
			}
		}
	}
	if got := scanAll(t, d, "MATCH", "k?7"); len(got) != 9 {
		t.Errorf("MATCH: %v", got)
	}
	d.Do("rpush", "l", "x")
	d.Do("rpush", "list", "x")
	if got := scanAll(t, d, "TYPE", "LIST", "match", "l*"); len(got) != 2 {
		t.Errorf("TYPE: %v", got)
	}
	for _, name := range []string{"zset", "foo", "module"} {
		if got := scanAll(t, d, "type", name); len(got) != 0 {
			t.Errorf("TYPE %s: %v", name, got)
		}
	}
	next, keys := scanOnce(t, d, "0", "count", "10", "match", "nothing")
	if next == "0" || len(keys) > 0 {
		t.Errorf("an empty page: %s %q", next, keys)
	}
	if _, keys := scanOnce(t, d, "0", "count", "9223372036854775807"); len(keys) != 5002 {
		t.Errorf("%d keys at once", len(keys))
	}
}

func TestScanErrors(t *testing.T) {
	d := newDB(t)
	d.Do("set", "k", "v")
	f := d.Expect
	f("scan x", "-ERR invalid cursor")
	f("scan -1", "-ERR invalid cursor")
	f("scan 18446744073709551616", "-ERR invalid cursor")
	f("scan 18446744073709551615", "*2 $0 *0")
	f("scan 0 count 0", "-ERR syntax error")
	f("scan 0 count x", "-ERR value is not an integer or out of range")
	f("scan 0 count", "-ERR syntax error")
	f("scan 0 foo", "-ERR syntax error")
	f("scan 0 novalues", "-ERR NOVALUES option can only be used in HSCAN")
	f("scan 0 TYPE foo", "*2 $0 *0")
	f("scan 0 match * match k count 5 count 6", "*2 $0 *1 $k")
	rng := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		scanOnce(t, d, strconv.FormatUint(rng.Uint64()>>rng.IntN(64), 10))
	}
}

// TestScanGuarantee adds and removes keys while a scan goes on: what was there all the time must come.
func TestScanGuarantee(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for round := range 8 {
		d := newDB(t)
		d.Quiet = true
		fill(d, 0, 300)
		fill(d, 1000, 1000+round*1000)
		got := map[string]int{}
		added := 100_000
		for cursor := "0"; ; {
			next, keys := scanOnce(t, d, cursor, "COUNT", strconv.Itoa(1+rng.IntN(30)))
			for _, k := range keys {
				got[k]++
			}
			if next == "0" {
				break
			}
			cursor = next
			if round%2 == 0 {
				fill(d, added, added+8)
				added += 8
			}
			for range 3 + 10*(round%2) {
				d.Do("del", "k"+strconv.Itoa(1000+rng.IntN(round*1000+1)))
			}
		}
		for i := range 300 {
			if k := fmt.Sprint("k", i); got[k] == 0 {
				t.Errorf("round %d: %s did not come", round, k)
			}
		}
	}
}

func TestScanExpired(t *testing.T) {
	d := newDB(t)
	fill(d, 0, 1000)
	for i := range 300 {
		d.Do("pexpire", "k"+strconv.Itoa(i*3), "1")
	}
	d.NowMs += 2
	if got := d.Do("keys", "*"); !strings.HasPrefix(got, "*700\r\n") {
		t.Errorf("KEYS: %.20q", got)
	}
	if got := scanAll(t, d); len(got) != 700 {
		t.Errorf("%d keys", len(got))
	}
	left := 0
	for i := range d.Store.NumShards() {
		left += d.Store.Shard(i).Len(0)
	}
	if left != 700 {
		t.Errorf("%d keys are left", left)
	}
}

// TestScanSmall: a small data set comes at once, however many shards are empty.
func TestScanSmall(t *testing.T) {
	d := newDB(t)
	d.Do("set", "k", "v")
	d.Expect("scan 0 count 2", "*2 $0 *1 $k")
}

func TestScanOptions(t *testing.T) {
	d := newDB(t)
	d.Do("set", "small", "v")
	d.Do("set", "big", strings.Repeat("v", 1000))
	d.Do("set", "volatile", "v")
	d.Do("expire", "volatile", "100")
	f := func(line string, want ...string) {
		t.Helper()
		_, keys := scanOnce(t, d, "0", append([]string{"count", "1000"}, strings.Fields(line)...)...)
		slices.Sort(keys)
		if !slices.Equal(keys, want) {
			t.Errorf("%s: %q, want %q", line, keys, want)
		}
	}
	f("attr v", "volatile")
	f("ATTR P", "big", "small")
	f("minmsz 1000", "big")
	f("minmsz 0", "big", "small", "volatile")
	f("minmsz 1000 attr v")
	d.Expect("scan 0 attr a", "-ERR syntax error")
	d.Expect("scan 0 attr", "-ERR syntax error")
	d.Expect("scan 0 minmsz x", "-ERR value is not an integer or out of range")
}

func TestRm(t *testing.T) {
	d := newDB(t)
	d.Expect("rm x", "-ERR invalid cursor")
	d.Expect("rm 0 junk", "-ERR syntax error")
	d.Expect("rm 0", "*2 $0 :0")
	d.Quiet = true
	fill(d, 0, 3000)
	d.Quiet = false
	for i := range 10 {
		d.Do("sadd", fmt.Sprint("set", i), "m")
	}
	d.Do("expire", "set3", "1")
	d.NowMs += 2000
	removed := 0
	for cursor, calls := "0", 0; ; calls++ {
		words := strings.Fields(commandtest.Compact(d.Do("rm", cursor, "match", "k1*", "count", "20")))
		n, err := strconv.Atoi(words[2][1:])
		if words[0] != "*2" || err != nil || n > 200 {
			t.Fatalf("unexpected reply %q", words)
		}
		removed += n
		if cursor = words[1][1:]; cursor == "0" {
			if calls < 10 {
				t.Errorf("3000 keys took %d calls for 20 each", calls)
			}
			break
		}
	}
	if removed != 1111 {
		t.Errorf("%d keys removed, want 1111", removed)
	}
	if n := len(scanAll(t, d)); n != 3009-1111 {
		t.Errorf("%d keys are left, want %d", n, 3009-1111)
	}
	d.Expect("rm 0 type set match set1 count 10000", "*2 $0 :1")
	d.ExpectEvents("rm 0 match set2 count 10000", "del(set2)")
	d.Expect("rm 0 type set count 10000", "*2 $0 :7")
	d.Expect("exists k0", ":1")
}

func TestShrink(t *testing.T) {
	d := newDB(t)
	d.Expect("shrink none", "$-1")
	d.Do("set", "s", "v")
	d.Expect("shrink s", "-ERR WRONGTYPE Key is not a set or hash with DenseSet encoding")
	d.Do("sadd", "set", "1")
	d.Expect("shrink set", "-ERR WRONGTYPE Key is not a set or hash with DenseSet encoding")
	d.Do("sadd", "set", strings.Repeat("long", 100))
	d.Expect("shrink set", ":0")
}
