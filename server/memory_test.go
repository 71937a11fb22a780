package server

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"dragonfly/server/config"
)

// valueKinds are ways to make a value of each type and encoding: they return commands that do.
var valueKinds = []struct {
	name string
	make func(key string, i int) []string
}{
	{"int", func(key string, i int) []string { return []string{fmt.Sprintf("set %s %d", key, i)} }},
	{"embstr", func(key string, i int) []string { return []string{fmt.Sprintf("set %s value:%d", key, i)} }},
	{"raw", func(key string, i int) []string { return []string{fmt.Sprintf("set %s %0*d", key, 100+i%900, i)} }},
	{"raw ex", func(key string, i int) []string {
		return []string{fmt.Sprintf("set %s %0*d ex 10000", key, 100+i%900, i)}
	}},
	{"large string", func(key string, i int) []string { return []string{fmt.Sprintf("setrange %s %d x", key, 20_000+i*10)} }},
	{"list", func(key string, i int) []string { return []string{"rpush " + key + words(10, i)} }},
	{"quicklist", func(key string, i int) []string { return []string{"rpush " + key + words(1200, i)} }},
	{"intset", func(key string, i int) []string { return []string{"sadd " + key + numbers(100)} }},
	{"set", func(key string, i int) []string { return []string{"sadd " + key + words(10, i)} }},
	{"big set", func(key string, i int) []string { return []string{"sadd " + key + words(500, i)} }},
	{"hash", func(key string, i int) []string { return []string{"hset " + key + words(20, i)} }},
	{"big hash", func(key string, i int) []string { return []string{"hset " + key + words(600, i)} }},
	{"hash with TTL", func(key string, i int) []string {
		return []string{"hset " + key + words(20, i), "hexpire " + key + " 10000 fields 1 member:" + strconv.Itoa(i) + ":0"}
	}},
	{"big hash with TTL", func(key string, i int) []string {
		return []string{"hset " + key + words(600, i), "hexpire " + key + " 10000 fields 1 member:" + strconv.Itoa(i) + ":0"}
	}},
	{"zset", func(key string, i int) []string { return []string{"zadd " + key + scored(10)} }},
	{"big zset", func(key string, i int) []string { return []string{"zadd " + key + scored(400)} }},
	{"stream", func(key string, i int) []string {
		var cmds []string
		for j := range 30 {
			cmds = append(cmds, fmt.Sprintf("xadd %s %d-1 field value:%d", key, j+1, i))
		}
		return append(cmds, "xgroup create "+key+" group 0", "xreadgroup group group consumer count 20 streams "+key+" >")
	}},
}

func words(n, seed int) string {
	var b strings.Builder
	for j := range n {
		fmt.Fprintf(&b, " member:%d:%d", seed, j)
	}
	return b.String()
}

func numbers(n int) string {
	var b strings.Builder
	for j := range n {
		fmt.Fprintf(&b, " %d", j*1000)
	}
	return b.String()
}

func scored(n int) string {
	var b strings.Builder
	for j := range n {
		fmt.Fprintf(&b, " %d.5 member:%d", j, j)
	}
	return b.String()
}

// TestMemoryUsage: what MEMORY USAGE says of keys is what memory grew by, for every type and encoding.
func TestMemoryUsage(t *testing.T) {
	s := newServer(t, nil)
	w := dial(t, s)
	for _, kind := range valueKinds {
		keys := 1500
		if cmds := kind.make("k", 0); len(cmds)+len(strings.Fields(cmds[0])) > 30 {
			keys = 100
		}
		w.expect(t, "flushall", "+OK")
		eventually(t, "the old keys are freed", func() bool { return w.number("lazyfree_pending_objects") == 0 })
		before := w.number("used_memory")
		for i := range keys {
			for _, cmd := range kind.make("key:"+strconv.Itoa(i), i) {
				if got := w.do(cmd); got[0] == '-' {
					t.Fatal(got)
				}
			}
		}
		grown, sum := w.number("used_memory")-before, int64(0)
		for i := range keys {
			n, err := strconv.ParseInt(strings.TrimPrefix(w.do("memory usage key:"+strconv.Itoa(i)), ":"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		if ratio := float64(sum) / float64(grown); ratio < 0.93 || ratio > 1.07 {
			t.Errorf("%d keys of kind %s: %d bytes by MEMORY USAGE, %d more are used: %.3f", keys, kind.name, sum, grown, ratio)
		}
	}
	w.expect(t,
		"memory usage none", "$-1", "memory usage k samples", "-ERR syntax error", "memory usage k samples -1", "-ERR syntax error",
		"memory usage k samples x", "-ERR value is not an integer or out of range", "set k v", "+OK")
	if a, b := w.do("memory usage k samples 0"), w.do("memory usage k withoutkey"); a == b || a[0] != ':' || b[0] != ':' {
		t.Error(a, b)
	}
}

// TestMemoryDefragment: moving memory together changes no value of any type, and gives memory back.
func TestMemoryDefragment(t *testing.T) {
	s := newServer(t, func(cfg *config.Config) { cfg.NumShards = 1 })
	w := dial(t, s)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		kind := valueKinds[i%len(valueKinds)]
		for _, cmd := range kind.make("key:"+strconv.Itoa(i), i) {
			w.do(cmd)
		}
		for range 60 {
			w.send(fmt.Sprintf("set filler:%d %0*d", rng.IntN(1<<30), rng.IntN(600), i))
		}
		for range 60 {
			w.read()
		}
	}
	// Elements that go leave holes, too.
	for i := range 400 {
		key := "key:" + strconv.Itoa(i)
		switch valueKinds[i%len(valueKinds)].name {
		case "big set":
			w.do("spop " + key + " 400")
		case "big hash":
			w.do("hdel " + key + words(500, i))
		case "big zset":
			w.do("zremrangebyrank " + key + " 0 300")
		case "quicklist":
			w.do("ltrim " + key + " 1100 -1")
		}
	}
	fillers := strings.ReplaceAll(strings.Join(strings.Split(w.do("keys filler:*"), " ")[1:], " "), "$", "")
	w.do("unlink " + fillers)
	eventually(t, "what is gone is freed", func() bool { return w.number("lazyfree_pending_objects") == 0 })
	w.expect(t, "memory purge", "+OK")
	resident := func() (n int64) {
		for i := range s.store.NumShards() {
			sh := s.store.Shard(i)
			sh.Lock()
			sh.A.Trim()
			n += sh.A.Resident()
			sh.Unlock()
		}
		return n
	}
	digest, before := w.do("debug digest"), resident()
	w.expect(t, "memory defragment 0.95", "+OK")
	if after := resident(); after > before*8/10 {
		t.Errorf("%d bytes were taken before, %d are now, %d in use", before, after, s.store.Used())
	}
	w.expect(t, "debug digest", digest, "multi", "+OK", "memory defragment", "+QUEUED", "exec", "*1 +OK",
		"memory defragment 2", "-ERR value is not a valid float", "memory decommit", "+OK", "debug reload", "+OK", "debug digest", digest)
	if got := w.do("memory arena"); !strings.Contains(got, "shard 0: used") {
		t.Error(got)
	}
}

// TestMemoryStats: the numbers agree with each other and with INFO.
func TestMemoryStats(t *testing.T) {
	s := newServer(t, nil)
	w := dial(t, s)
	w.expect(t, "debug populate 10000 key 100", "+OK", "select 3", "+OK", "set k v", "+OK")
	fields := strings.Split(w.do("memory stats"), " ")
	stats := map[string]string{}
	for i := 1; i+1 < len(fields); i += 2 {
		name := fields[i][1:]
		if strings.HasPrefix(name, "db.") && !strings.HasPrefix(name, "db.dict") {
			stats[name+".main"] = fields[i+3]
			i += 4
			continue
		}
		stats[name] = fields[i+1]
	}
	num := func(name string) int64 {
		n, err := strconv.ParseInt(strings.TrimPrefix(stats[name], ":"), 10, 64)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return n
	}
	if num("keys.count") != 10_001 || num("db.0.main")+num("db.3.main") != num("overhead.db.hashtable.lut") || num("db.3.main") == 0 {
		t.Error(stats)
	}
	if num("overhead.total")+num("dataset.bytes") != num("total.allocated") || num("peak.allocated") < num("total.allocated") {
		t.Error(stats)
	}
	if used := w.number("used_memory"); used < num("total.allocated")-20_000 || used > num("total.allocated")+20_000 {
		t.Errorf("used_memory is %d, total.allocated %d", used, num("total.allocated"))
	}
	if n := num("keys.bytes-per-key"); n < 110 || n > 200 {
		t.Errorf("%d bytes for a key", n)
	}
	for _, name := range []string{"dataset.percentage", "peak.percentage", "allocator-fragmentation.ratio", "allocator-rss.ratio", "rss-overhead.ratio", "fragmentation"} {
		if f, err := strconv.ParseFloat(strings.TrimPrefix(stats[name], "$"), 64); err != nil || f <= 0 || f > 10_000 {
			t.Errorf("%s: %q", name, stats[name])
		}
	}
}
