package server

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/server/config"
)

// number returns a number of INFO.
func (w *wire) number(field string) int64 {
	w.t.Helper()
	_, rest, ok := strings.Cut(w.do("info all"), "\r\n"+field+":")
	if !ok {
		w.t.Fatalf("INFO has no %s", field)
	}
	value, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		w.t.Fatalf("%s: %v", field, err)
	}
	return n
}

// eventually waits for something that happens in the background.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

const outOfMemory = "-OOM command not allowed when used memory > 'maxmemory'."

func TestNoEviction(t *testing.T) {
	s := newServer(t, nil)
	w := dial(t, s)
	w.expect(t, "set k v", "+OK", "config set maxmemory 1", "+OK")
	w.expect(t,
		"set k w", outOfMemory, "lpush l a", outOfMemory, "get k", "$v", "expire k 1000", ":1", "ping", "+PONG", "del k", ":1",
		// What is queued takes memory, whatever it is.
		"multi", "+OK", "get k", outOfMemory, "watch k", outOfMemory, "multi", outOfMemory, "discard", "+OK",
		"multi", "+OK", "get k", outOfMemory, "exec", "-EXECABORT Transaction discarded because of previous errors.",
		"config set maxmemory 0", "+OK", "set k v", "+OK",
	)
	if n := w.number("evicted_keys"); n != 0 {
		t.Errorf("%d keys were evicted", n)
	}
	if n := w.number("total_eviction_exceeded_time"); n < 0 {
		t.Error(n)
	}
}

// TestEvictionKeepsLimit: with every policy what is used stays within the limit, and only those go that may.
func TestEvictionKeepsLimit(t *testing.T) {
	s := newServer(t, nil)
	w := dial(t, s)
	for _, policy := range config.Policies() {
		w.expect(t, "config set maxmemory 0", "+OK", "flushall", "+OK")
		eventually(t, "the old keys are freed", func() bool { return w.number("lazyfree_pending_objects") == 0 })
		w.do("config resetstat")
		const room = 130 << 10
		limit := w.number("used_memory") + room
		w.expect(t, "config set maxmemory-policy "+policy, "+OK", fmt.Sprint("config set maxmemory ", limit), "+OK")
		volatile := strings.HasPrefix(policy, "volatile")
		refused, worst := 0, int64(0)
		for i := range 2000 {
			cmd := fmt.Sprintf("set key:%d %0100d", i, i)
			if i%3 > 0 {
				cmd += fmt.Sprint(" ex ", 1000+i)
			}
			switch got := w.do(cmd); got {
			case "+OK":
			case outOfMemory:
				refused++
			default:
				t.Fatal(got)
			}
			if i%100 == 0 {
				worst = max(worst, w.number("used_memory"))
			}
		}
		if worst > limit+4096 {
			t.Errorf("%s: %d bytes were in use, the limit is %d", policy, worst, limit)
		}
		kept := 0
		for i := 0; i < 2000; i += 3 {
			if w.do(fmt.Sprintf("exists key:%d", i)) == ":1" {
				kept++
			}
		}
		evicted := w.number("evicted_keys")
		switch {
		case policy == "noeviction":
			if evicted > 0 || refused == 0 {
				t.Errorf("%s: %d keys were evicted, %d commands refused", policy, evicted, refused)
			}
		case volatile:
			// Keys that stay take all there is in the end.
			if evicted == 0 || kept+refused < 667 {
				t.Errorf("%s: %d keys were evicted, %d commands refused, %d keys are left of 667 that must stay", policy, evicted, refused, kept)
			}
		case evicted == 0 || refused > 0 || kept > 600:
			t.Errorf("%s: %d keys were evicted, %d commands refused, %d of 667 keys are left", policy, evicted, refused, kept)
		}
	}
}

// TestEvictionInBackground: a lower limit takes effect without any command.
func TestEvictionInBackground(t *testing.T) {
	s := newServer(t, nil)
	w := dial(t, s)
	other := dial(t, s)
	for i := range 3000 {
		w.do(fmt.Sprintf("set key:%d %0100d", i, i))
	}
	w.expect(t,
		"config set notify-keyspace-events Ee", "+OK", "config set maxmemory-policy allkeys-random", "+OK",
		"stick key:7", ":1", "watch key:8", "+OK")
	other.expect(t, "subscribe __keyevent@0__:evicted", "*3 $subscribe $__keyevent@0__:evicted :1")
	w.expect(t, "config set maxmemory 1", "+OK")
	eventually(t, "all keys but one are evicted", func() bool { return w.do("dbsize") == ":1" })
	w.expect(t, "exists key:7", ":1", "config set maxmemory 0", "+OK", "multi", "+OK", "get key:8", "+QUEUED", "exec", "*-1")
	if n := w.number("evicted_keys"); n != 2999 {
		t.Errorf("%d keys were evicted", n)
	}
	for range 2999 {
		if got := other.read(); !strings.HasPrefix(got, "*3 $message $__keyevent@0__:evicted $key:") {
			t.Fatal(got)
		}
	}
	if n := w.number("total_eviction_exceeded_time"); n == 0 {
		t.Error("memory was never beyond the limit")
	}
}

// TestEvictionWait: a command that comes when far too much is in use waits until that is no more, and is not refused.
func TestEvictionWait(t *testing.T) {
	s := newServer(t, nil)
	w := dial(t, s)
	w.expect(t, "debug populate 200000 key 100", "+OK", "config set maxmemory-policy allkeys-lru", "+OK", "config set maxmemory-eviction-tenacity 1", "+OK")
	used := w.number("used_memory")
	w.expect(t, fmt.Sprint("config set maxmemory ", used/5), "+OK")
	w.expect(t, "set k v", "+OK", "get k", "$v")
	if n := s.usedMemory(); n > used/5*110/100+waitLeast {
		t.Errorf("%d bytes were in use when a key was added, the limit is %d", n, used/5)
	}
}

// TestCacheMode: keys are evicted before memory is short, in the background, and no command is refused.
func TestCacheMode(t *testing.T) {
	const limit = 6 << 20
	s := newServer(t, func(cfg *config.Config) {
		cfg.CacheMode, cfg.MaxMemory, cfg.EvictionThreshold, cfg.EvictionPerInterval = true, limit, 0.25, 1000
	})
	w := dial(t, s)
	w.expect(t, "config get maxmemory-policy", "*2 $maxmemory-policy $allkeys-lfu", "set sticky v", "+OK", "stick sticky", ":1")
	for i := range 10_000 {
		if got := w.do(fmt.Sprintf("set key:%d %01000d", i, i)); got != "+OK" {
			t.Fatal(got)
		}
	}
	eventually(t, "a quarter of the memory is free", func() bool { return w.number("used_memory") < limit*76/100 })
	w.expect(t, "get sticky", "$v", "config set enable_heartbeat_eviction false", "+OK")
	if info := w.do("info memory"); !strings.Contains(info, "\r\ncache_mode:cache\r\n") {
		t.Error(info)
	}
	w.expect(t, "config set maxmemory-policy noeviction", "+OK", "config get maxmemory-policy", "*2 $maxmemory-policy $noeviction")
}

// TestClientsCount: what clients have not read yet leaves less room for data.
func TestClientsCount(t *testing.T) {
	s := newServer(t, nil)
	w, slow := dial(t, s), dial(t, s)
	w.expect(t, "set big "+strings.Repeat("v", 200_000), "+OK")
	for i := range 1000 {
		w.do(fmt.Sprintf("set key:%d %01000d", i, i))
	}
	limit := w.number("used_memory") + 64<<10
	w.expect(t, "config set maxmemory-policy allkeys-random", "+OK", fmt.Sprint("config set maxmemory ", limit), "+OK")
	for range 8 {
		slow.send("get big")
	}
	eventually(t, "keys are evicted for the sake of replies", func() bool { return w.number("evicted_keys") > 0 })
	if n := w.number("mem_clients_normal"); n < 200_000 {
		t.Errorf("clients take %d bytes", n)
	}
	slow.conn.Close()
	eventually(t, "the replies are forgotten", func() bool { return w.number("mem_clients_normal") < 200_000 })
}

func TestPatience(t *testing.T) {
	f := func(tenacity int64, want time.Duration) {
		t.Helper()
		if got := patienceOf(tenacity); got < want*99/100 || got > want*101/100 {
			t.Errorf("%d: %v, want %v", tenacity, got, want)
		}
	}
	f(0, 0)
	f(5, 250*time.Microsecond)
	f(10, 500*time.Microsecond)
	f(20, 2023*time.Microsecond)
	f(99, 125*time.Second)
	if patienceOf(100) != math.MaxInt64 {
		t.Error("100 is not for ever")
	}
}

// TestLFUCounts: with a policy of frequencies, being overwritten is a use like others.
func TestLFUCounts(t *testing.T) {
	s := newServer(t, nil)
	w := dial(t, s)
	w.expect(t, "config set maxmemory-policy allkeys-lfu lfu-log-factor 0", "+OK", "set k 1", "+OK", "object freq k", ":5")
	for range 10 {
		w.do("set k 2")
		w.do("get k")
	}
	w.expect(t, "object freq k", ":25", "client no-touch on", "+OK", "set k 3", "+OK", "get k", "$3", "object freq k", ":25",
		"config set maxmemory-policy allkeys-lru", "+OK")
	if got := w.do("object freq k"); !strings.HasPrefix(got, "-ERR An LFU maxmemory policy is not selected") {
		t.Error(got)
	}
}
