package store

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"dragonfly/store/object"
)

var allPolicies = []Policy{AllKeysLRU, AllKeysLFU, AllKeysRandom, VolatileLRU, VolatileLFU, VolatileTTL, VolatileRandom}

// base is the time at which the tests of eviction begin: a day after the clocks of entries began to count.
const base = int64(86_400_000)

// evict evicts until the data takes goal bytes, without an end in time.
func (s *Store) evictTo(goal, nowMs int64) Room {
	s.settle()
	return s.Evict(Eviction{Goal: goal, NowMs: nowMs})
}

// settle makes Used exact.
func (s *Store) settle() {
	for _, sh := range s.shards {
		sh.Lock()
		sh.publish()
		sh.Unlock()
	}
}

// evicted returns the number of evicted keys, and of expired ones.
func (s *Store) counts() (evicted, expired int64) {
	for _, sh := range s.shards {
		evicted += sh.Stats.Evicted
		expired += sh.Stats.Expired
	}
	return evicted, expired
}

func (s *Store) checkLive(t *testing.T) {
	t.Helper()
	used := s.drain()
	for _, sh := range s.shards {
		if sh.wasted != 0 || sh.Live() != sh.A.Used() {
			t.Errorf("shard %d: %d bytes count as garbage when all is freed", sh.id, sh.wasted)
		}
	}
	if s.Used() != used {
		t.Errorf("Used = %d, there are %d", s.Used(), used)
	}
}

// TestEvictPolicies: what should go first is mostly gone when half of the data is, what must not go is there.
func TestEvictPolicies(t *testing.T) {
	const keys = 20_000
	for _, p := range allPolicies {
		s := newStore(t, 4)
		s.SetPolicy(p)
		unlock := s.lockAll()
		for i := range keys {
			v := s.View(i%2, base+int64(i)) // the lower keys are used earlier, within 20 s; and in two databases
			if p.lfu() {
				v.NowMs = base
			}
			deadline := int64(0)
			if i%4 < 2 {
				deadline = base + 3_600_000 + int64(i)
			}
			v.SetString(key(i), bytes.Repeat([]byte{'v'}, 50), object.Raw, deadline)
			c := v.Peek(key(i))
			if i%100 < 2 {
				c.SetSticky(true)
			}
			if p.lfu() {
				v.SetFreq(c, uint8(i/100))
			}
		}
		unlock()
		s.settle()
		before := s.Used()
		share := int64(2)
		if p.volatile() {
			share = 4 // half of what may go
		}
		goal := before - before/share
		if room := s.evictTo(goal, base+30_000); room != RoomEnough || s.Used() > goal || s.Used() < goal-10_000 {
			t.Errorf("policy %d: %v, %d bytes of %d are left, goal %d", p, room, s.Used(), before, goal)
		}
		gone, first, total := [2]int{}, [2]int{}, 0
		v := s.View(0, base+30_000)
		unlock = s.lockAll()
		for i := range keys {
			v.Index = i % 2
			mayGo := i%100 >= 2 && (i%4 < 2 || !p.volatile())
			if mayGo {
				first[i*2/keys]++
			}
			if !v.Peek(key(i)).Ok() {
				gone[i*2/keys]++
				total++
				if !mayGo {
					t.Errorf("policy %d: key %d is gone", p, i)
				}
			}
		}
		unlock()
		if n, _ := s.counts(); n != int64(total) {
			t.Errorf("policy %d: %d keys are gone, %d are counted", p, total, n)
		}
		early := float64(gone[0]) / float64(first[0])
		late := float64(gone[1]) / float64(first[1])
		if p.random() {
			if math.Abs(early-late) > 0.05 {
				t.Errorf("policy %d: %.2f of one half and %.2f of the other", p, early, late)
			}
		} else if early < 0.85 || late > 0.15 {
			t.Errorf("policy %d: %.2f of what should go and %.2f of the rest are gone", p, early, late)
		}
		s.checkLive(t)
	}
}

// TestEvictFew: with few keys, those go that should, exactly.
func TestEvictFew(t *testing.T) {
	s := newStore(t, 8)
	s.SetPolicy(AllKeysLRU)
	v := s.View(0, base)
	value := make([]byte, 50_000)
	unlock := s.lockAll()
	for i := range 10 {
		v.NowMs = base + int64(i)*1000
		v.SetString(key(i), value, object.Raw, 0)
	}
	v.NowMs = base + 20_000
	v.Find(key(0)) // used again
	unlock()
	s.settle()
	for n := 1; n <= 5; n++ {
		if room := s.evictTo(s.Used()-1, base+30_000); room != RoomEnough {
			t.Fatal(room)
		}
		unlock := s.lockAll()
		for i := range 10 {
			if there := v.Peek(key(i)).Ok(); there != (i == 0 || i > n) {
				t.Errorf("after %d evictions: key %d is there: %v", n, i, there)
			}
		}
		unlock()
	}
}

// TestEvictNothing: what may not go stays, and RoomNone says so; when there is something again it goes.
func TestEvictNothing(t *testing.T) {
	s := newStore(t, 3)
	v := s.View(0, base)
	unlock := s.lockAll()
	for i := range 3_000 {
		v.SetString(key(i), []byte("v"), object.Raw, 0)
		v.Peek(key(i)).SetSticky(i%2 == 0)
	}
	unlock()
	if room := s.evictTo(0, base); room != RoomNone {
		t.Errorf("noeviction: %v", room)
	}
	for _, p := range allPolicies[3:] {
		s.SetPolicy(p)
		if room := s.evictTo(0, base); room != RoomNone {
			t.Errorf("no volatile keys, policy %d: %v", p, room)
		}
	}
	if n, _ := s.counts(); n != 0 {
		t.Errorf("%d keys are gone", n)
	}
	unlock = s.lockAll()
	v.SetDeadline(key(1), base+1000)
	v.SetDeadline(key(2), base+1000) // sticky
	unlock()
	if room := s.evictTo(0, base); room != RoomNone {
		t.Errorf("all volatile keys are gone: %v", room)
	}
	if n, _ := s.counts(); n != 1 {
		t.Errorf("%d keys are gone of one that is volatile and not sticky", n)
	}
	s.SetPolicy(AllKeysLFU)
	if room := s.evictTo(0, base); room != RoomNone {
		t.Errorf("only sticky keys: %v", room)
	}
	if n, _ := s.counts(); n != 1500 {
		t.Errorf("%d keys are gone of 1500 that are not sticky", n)
	}
}

// TestEvictRareVolatile: a few keys with a deadline among many are found.
func TestEvictRareVolatile(t *testing.T) {
	s := newStore(t, 2)
	s.SetPolicy(VolatileTTL)
	v := s.View(0, base)
	unlock := s.lockAll()
	for i := range 50_000 {
		v.SetString(key(i), []byte("v"), object.Raw, 0)
	}
	for i := range 20 {
		v.SetDeadline(key(i*1000), base+int64(i+1)*1_000_000)
	}
	unlock()
	for n := range int64(20) {
		s.settle()
		if room := s.evictTo(s.Used()-1, base); room != RoomEnough {
			t.Fatal(room)
		}
		if got, _ := s.counts(); got != n+1 {
			t.Fatalf("%d keys are gone, not %d", got, n+1)
		}
	}
	if room := s.evictTo(s.Used()-1, base); room != RoomNone {
		t.Error(room)
	}
}

// TestEvictExpired: while there are keys that have expired, hardly any other goes.
func TestEvictExpired(t *testing.T) {
	s := newStore(t, 2)
	s.SetPolicy(AllKeysLRU)
	v := s.View(0, base)
	unlock := s.lockAll()
	for i := range 20_000 {
		v.SetString(key(i), []byte("value"), object.Raw, map[bool]int64{true: base + 1000}[i%2 == 0])
	}
	unlock()
	s.settle()
	if room := s.evictTo(s.Used()*6/10, base+2000); room != RoomEnough {
		t.Fatal(room)
	}
	if evicted, expired := s.counts(); evicted > 300 || expired < 5_000 {
		t.Errorf("%d keys were evicted, %d have expired", evicted, expired)
	}
	// A log that is being loaded may change what has expired: nothing expires then.
	s.NoExpire.Store(true)
	_, expired := s.counts()
	s.evictTo(s.Used()*6/10, base+2000)
	if _, n := s.counts(); n != expired {
		t.Errorf("%d keys have expired while none may", n-expired)
	}
}

// TestEvictTells: an eviction is a change for those who watch the key or cache it, and an event.
func TestEvictTells(t *testing.T) {
	events, modified := []string{}, []string{}
	s, err := New(Options{
		Shards: 2, Databases: 2, Limits: object.DefaultLimits(),
		Notify: func(db int, class Class, event string, key []byte) {
			if class != EventNew {
				events = append(events, fmt.Sprintf("%d %d %s %s", db, class, event, key))
			}
		},
		Modified: func(client int64, db int, key []byte) {
			modified = append(modified, fmt.Sprintf("%d %d %s", client, db, key))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.SetPolicy(AllKeysRandom)
	s.Tracked.Store(true)
	var w Watcher
	unlock := s.lockAll()
	v := s.View(1, base)
	v.SetString([]byte("k"), []byte("v"), object.Embstr, 0)
	v.Watch(&w, []byte("k"))
	unlock()
	if room := s.evictTo(0, base); room != RoomNone { // the table itself takes memory
		t.Error(room)
	}
	if want := fmt.Sprintf("[1 %d evicted k]", EventEvicted); fmt.Sprint(events) != want {
		t.Errorf("events %v, want %s", events, want)
	}
	if fmt.Sprint(modified) != "[0 1 k]" || !w.Tripped.Load() {
		t.Errorf("modified %v, watcher tripped %v", modified, w.Tripped.Load())
	}
}

// TestEvictBig: a big value counts as freed when it is evicted, so no further keys go for it.
func TestEvictBig(t *testing.T) {
	s := newStore(t, 1)
	s.SetPolicy(AllKeysLRU)
	s.SetEvictionSamples(64) // all
	unlock := s.lockAll()
	v := s.View(0, base)
	bigSet(&v, []byte("big"), 50_000)
	v.NowMs += 5000
	for i := range 10 {
		v.SetString(key(i), []byte("v"), object.Raw, 0)
	}
	unlock()
	s.settle()
	before := s.Used()
	if room := s.evictTo(before-1_000_000, base+10_000); room != RoomEnough {
		t.Fatal(room)
	}
	if n, _ := s.counts(); n != 1 {
		t.Errorf("%d keys are gone", n)
	}
	sh := s.shards[0]
	if sh.Pending() != 1 || sh.A.Used() < before*9/10 {
		t.Errorf("%d pieces of garbage, %d bytes of %d in use", sh.Pending(), sh.A.Used(), before)
	}
	estimate := s.Used()
	s.checkLive(t)
	if s.Used() < estimate-before/50 || s.Used() > estimate+before/50 {
		t.Errorf("%d bytes were expected to be left, %d are", estimate, s.Used())
	}
	if sh.Stats.LazyFreed != 1 {
		t.Errorf("%d keys freed in the background", sh.Stats.LazyFreed)
	}
}

// TestFlushedCounts: what was flushed counts as freed at once, about.
func TestFlushedCounts(t *testing.T) {
	s := newStore(t, 3)
	unlock := s.lockAll()
	for i := range 30_000 {
		v := s.View(i%3, base)
		v.SetString(key(i), []byte("value"), object.Raw, 0)
	}
	bigSet(&View{st: s, Index: 1, NowMs: base}, []byte("big"), 10_000)
	unlock()
	s.settle()
	before := s.Used()
	unlock = s.lockAll()
	s.FlushDB(0)
	s.FlushDB(1)
	unlock()
	s.settle()
	if used := s.Used(); used > before*40/100 || used < before*20/100 {
		t.Errorf("%d of %d bytes when two thirds are flushed", used, before)
	}
	s.checkLive(t)
	unlock = s.lockAll()
	s.FlushDB(2)
	unlock()
	s.checkLive(t)
	if s.Used() != 0 {
		t.Errorf("%d bytes left", s.Used())
	}
}

// TestEvictInSnapshot evicts while a snapshot is running: it holds all that was there at the cut. What is big and not
// written yet stays.
func TestEvictInSnapshot(t *testing.T) {
	s := newStore(t, 3)
	s.SetPolicy(AllKeysRandom)
	unlock := s.lockAll()
	want := map[string]string{}
	v := s.View(0, base)
	for i := range 5_000 {
		v.SetString(key(i), fmt.Appendf(nil, "%d", i), object.Raw, 0)
		want[fmt.Sprintf("0/%s", key(i))] = fmt.Sprint(i)
	}
	for i := range 5 {
		name := fmt.Appendf(nil, "big:%d", i)
		bigSet(&v, name, 1000)
		want[fmt.Sprintf("0/%s", name)] = "1000 members"
	}
	unlock()
	writers := make([]*recorder, 3)
	snap := s.BeginSnapshot(func(shard int) SnapshotWriter {
		writers[shard] = &recorder{t: t, seen: map[string]string{}}
		return writers[shard]
	}, nil)
	s.settle()
	if room := s.evictTo(0, base); room != RoomLater {
		t.Errorf("everything but what is owed can go: %v", room)
	}
	unlock = s.lockAll()
	for i := range 5 {
		if !v.Peek(fmt.Appendf(nil, "big:%d", i)).Ok() {
			t.Errorf("big:%d is gone before it is written", i)
		}
	}
	for i := range 1000 { // these come after the cut
		v.SetString(fmt.Appendf(nil, "new:%d", i), []byte("v"), object.Raw, 0)
	}
	unlock()
	s.settle()
	s.evictTo(s.Used()*9/10, base)
	writers[1].backlog = 100 << 20 // the disk is slow
	if n := s.shards[1].candidates(AllKeysRandom); n == 0 {
		t.Error("shard 1 is empty")
	} else if s.evictTo(0, base); s.shards[1].candidates(AllKeysRandom) != n {
		t.Error("keys are evicted from a shard whose records wait for the disk")
	}
	writers[1].backlog = 0
	for _, ss := range snap.Shards {
		for more := true; more; {
			more, _, _ = ss.Step()
		}
	}
	snap.End()
	got := map[string]string{}
	for _, w := range writers {
		for k, x := range w.seen {
			got[k] = x
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries were written, want %d", len(got), len(want))
	}
	for k, x := range want {
		if got[k] != x {
			t.Errorf("%s: %q, want %q", k, got[k], x)
		}
	}
	if room := s.evictTo(0, base+1000); room != RoomNone {
		t.Error(room)
	}
	if n := s.shards[0].Len(0) + s.shards[1].Len(0) + s.shards[2].Len(0); n != 0 {
		t.Errorf("%d keys are left", n)
	}
	s.checkLive(t)
}

// TestEvictLent: nothing goes from a shard that a script owns, and nobody waits for it.
func TestEvictLent(t *testing.T) {
	s := newStore(t, 2)
	s.SetPolicy(AllKeysLRU)
	unlock := s.lockAll()
	v := s.View(0, base)
	for i := range 1000 {
		v.SetString(key(i), []byte("v"), object.Raw, 0)
	}
	unlock()
	sh := s.shards[0]
	sh.Lock()
	n := sh.Len(0)
	sh.publish()
	sh.Lend()
	if room := s.Evict(Eviction{NowMs: base}); room != RoomLater {
		t.Error(room)
	}
	sh.Reclaim()
	if sh.Len(0) != n || s.shards[1].Len(0) != 0 {
		t.Errorf("%d of %d keys in the lent shard, %d in the other", sh.Len(0), n, s.shards[1].Len(0))
	}
	sh.Unlock()
}

// TestEvictTime: an end in time is kept.
func TestEvictTime(t *testing.T) {
	s := newStore(t, 2)
	s.SetPolicy(AllKeysRandom)
	unlock := s.lockAll()
	v := s.View(0, base)
	for i := range 100_000 {
		v.SetString(key(i), []byte("v"), object.Raw, 0)
	}
	unlock()
	s.settle()
	if room := s.Evict(Eviction{NowMs: base, Until: time.Now()}); room != RoomLater {
		t.Error(room)
	}
	if n, _ := s.counts(); n > 1000 {
		t.Errorf("%d keys are gone in no time", n)
	}
	was, _ := s.counts()
	if room := s.Evict(Eviction{NowMs: base, Keys: 500}); room != RoomLater {
		t.Error(room)
	}
	if n, _ := s.counts(); n-was < 500 || n-was > 500+evictBatch {
		t.Errorf("%d keys are gone, not 500", n-was)
	}
}

func TestEvictAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("counts allocations")
	}
	s := newStore(t, 4)
	s.SetPolicy(AllKeysLFU)
	unlock := s.lockAll()
	v := s.View(0, base)
	for i := range 20_000 {
		v.SetString(key(i), []byte("v"), object.Raw, 0)
	}
	unlock()
	s.settle()
	if n := testing.AllocsPerRun(100, func() { s.Evict(Eviction{Goal: s.Used() - 100, NowMs: base}) }); n > 0 {
		t.Errorf("%v allocations for an eviction", n)
	}
}

// TestEvictConcurrently writes and evicts on several goroutines: nobody gets beyond the limit for long.
func TestEvictConcurrently(t *testing.T) {
	s := newStore(t, 4)
	const limit = 2 << 20
	s.SetLimit(limit)
	var wg sync.WaitGroup
	for g := range 3 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range 6_000 {
				if i%500 == 0 && g == 0 {
					s.SetPolicy(allPolicies[i/500%3])
				}
				now := base + int64(i)
				if s.OverLimit() {
					s.Evict(Eviction{Goal: s.Limit(), NowMs: now})
				}
				name := fmt.Appendf(nil, "%d:%d", g, rng.IntN(100_000))
				sh := s.Shard(s.ShardOf(name))
				sh.Lock()
				v := s.View(0, now)
				v.SetString(name, make([]byte, 20+rng.IntN(2000)), object.Raw, now+int64(rng.IntN(2000)))
				sh.Unlock()
			}
		})
	}
	wg.Wait()
	s.settle()
	if s.Used() > limit+100<<10 {
		t.Errorf("%d bytes are used of %d", s.Used(), limit)
	}
	s.checkLive(t)
}
