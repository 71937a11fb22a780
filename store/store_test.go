package store

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/set"
)

func newStore(t testing.TB, shards int) *Store {
	t.Helper()
	s, err := New(Options{Shards: shards, Databases: 4, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// lockAll is what a unit of work does that may touch any key.
func (s *Store) lockAll() (unlock func()) {
	for _, sh := range s.shards {
		sh.Lock()
	}
	return func() {
		for _, sh := range s.shards {
			sh.Unlock()
		}
	}
}

func key(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }

// bigSet makes key a set of n members that do not fit a listpack.
func bigSet(v *View, name []byte, n int) {
	c := v.Add(name, object.Attrs{Type: object.Set, Encoding: object.Intset}, 0)
	set.InitEmpty(c)
	for i := range n {
		set.Add(c, fmt.Appendf(nil, "member:%d", i), v.Limits())
	}
}

// drain frees all garbage and returns the bytes left in the arenas.
func (s *Store) drain() (used int64) {
	s.cleanAll(context.Background())
	for _, sh := range s.shards {
		used += sh.A.Used()
	}
	return used
}

func TestExpiry(t *testing.T) {
	s := newStore(t, 3)
	defer s.lockAll()()
	v := s.View(0, 1000)
	for i := range 500 {
		v.SetString(key(i), []byte("v"), object.Embstr, int64(1000+i))
	}
	v.NowMs = 1250
	gone := 0
	for i := range 500 {
		if !v.Find(key(i)).Ok() {
			gone++
		}
	}
	// A key lives through the millisecond of its deadline.
	if gone != 250 {
		t.Fatalf("%d keys expired, want 250", gone)
	}
	total, volatile := 0, 0
	for _, sh := range s.shards {
		total += sh.Len(0)
		volatile += sh.DB(0).Expires()
	}
	if total != 250 || volatile != 250 {
		t.Fatalf("%d keys, %d with a deadline", total, volatile)
	}
	v.SetString(key(300), []byte("w"), object.Embstr, KeepDeadline)
	if ms, ok := v.Peek(key(300)).Deadline(); !ok || ms != 1300 {
		t.Fatalf("deadline %d %v", ms, ok)
	}
	v.SetString(key(300), []byte("w"), object.Embstr, 0)
	if _, ok := v.Peek(key(300)).Deadline(); ok {
		t.Fatal("the deadline should be gone")
	}
}

// TestActiveExpiryDue: the cycle passes a database by as long as nothing in it can expire, and no longer.
func TestActiveExpiryDue(t *testing.T) {
	s := newStore(t, 1)
	sh := s.shards[0]
	var cur expireCursor
	v := s.View(0, 1000)
	for i := range 5000 { // several visits per walk
		v.SetString(key(i), []byte("v"), object.Embstr, 0)
	}
	walk := func(nowMs int64, want int) {
		t.Helper()
		for range 1000 {
			if !sh.expireStep(&cur, nowMs) {
				break
			}
		}
		if n := sh.Len(0); n != want {
			t.Fatalf("%d keys at %d ms, want %d", n, nowMs, want)
		}
	}
	walk(2000, 5000)
	if sh.dbs[0].due != math.MaxInt64 {
		t.Fatalf("due at %d without deadlines", sh.dbs[0].due)
	}
	for i := range 2000 {
		v.SetDeadline(key(i), 3000+int64(i))
	}
	walk(2000, 5000)
	walk(3100, 4900)
	if due := sh.dbs[0].due; due != 3100 {
		t.Fatalf("due at %d", due)
	}
	// What is noted while the cycle is under way, behind its back or before it, is not forgotten.
	sh.expireStep(&cur, 4000)
	v.SetDeadline(key(2500), 3500)
	v.SetDeadline(key(4500), 6000)
	for range 2 { // its place may have been passed by the first time
		for sh.expireStep(&cur, 4000) {
		}
	}
	walk(4000, 3999)
	// Databases may be exchanged while it is under way.
	sh.expireStep(&cur, 5500)
	s.SwapDB(0, 1, 5500)
	walk(5500, 0)
	s.SwapDB(0, 1, 5500)
	walk(5500, 3000-1)
	walk(6001, 3000-2)
}

func TestActiveExpiry(t *testing.T) {
	s := newStore(t, 2)
	unlock := s.lockAll()
	v := s.View(1, 1000)
	for i := range 3000 {
		ms := int64(2000)
		if i%3 == 0 {
			ms = 0
		}
		v.SetString(key(i), []byte("v"), object.Embstr, ms)
	}
	name := []byte("hash")
	c := v.Add(name, object.Attrs{Type: object.Hash, Encoding: object.Listpack}, 0)
	hash.Init(c)
	hash.Set(c, []byte("f"), []byte("v"), false, v.Limits())
	hash.AllowTTL(c)
	hash.SetDeadline(c, []byte("f"), 2000, 1000, 0)
	v.NoteFieldDeadline(name, 2000)
	unlock()
	for _, sh := range s.shards {
		cur := expireCursor{}
		for sh.expireStep(&cur, 5000) {
		}
	}
	defer s.lockAll()()
	total := 0
	for _, sh := range s.shards {
		total += sh.Len(1)
	}
	if total != 1000 {
		t.Fatalf("%d keys left, want 1000", total)
	}
}

func TestRenameAndCopy(t *testing.T) {
	s := newStore(t, 4)
	defer s.lockAll()()
	v := s.View(0, 1000)
	other := v.At(2)
	// Enough keys that source and target meet in one shard and in two.
	for i := range 200 {
		v.SetString(key(i), fmt.Appendf(nil, "value:%d", i), object.Embstr, int64(i%2)*5000)
		v.Rename(key(i), &v, key(1000+i))
		v.Copy(key(1000+i), &other, key(2000+i))
		if v.Peek(key(i)).Ok() {
			t.Fatalf("key %d is still there", i)
		}
		for view, k := range map[*View][]byte{&v: key(1000 + i), &other: key(2000 + i)} {
			c := view.Peek(k)
			ms, _ := c.Deadline()
			if !c.Ok() || string(c.View()) != fmt.Sprintf("value:%d", i) || ms != int64(i%2)*5000 {
				t.Fatalf("%s: %q, deadline %d", k, c.View(), ms)
			}
		}
	}
	for i := range 20 {
		bigSet(&v, key(i), 300)
		v.Rename(key(i), &other, key(100+i))
		other.Copy(key(100+i), &v, key(i))
		for _, c := range []object.Cell{v.Peek(key(i)), other.Peek(key(100 + i))} {
			if set.Len(c) != 300 || !set.Contains(c, []byte("member:299")) {
				t.Fatalf("set %d is not what it was", i)
			}
		}
	}
}

// TestFlushAndSwap: what is dropped gives all of its memory back, in the background.
func TestFlushAndSwap(t *testing.T) {
	s := newStore(t, 3)
	unlock := s.lockAll()
	v := s.View(0, 1000)
	for i := range 2000 {
		v.SetString(key(i), []byte("value"), object.Embstr, 0)
	}
	for i := range 10 {
		bigSet(&v, key(10_000+i), 5000)
	}
	s.SwapDB(0, 3, 0)
	if moved := v.At(3); v.Peek(key(1)).Ok() || !moved.Peek(key(1)).Ok() {
		t.Fatal("SwapDB did not swap")
	}
	if n := s.FlushDB(3); n != 2010 {
		t.Fatalf("FlushDB removed %d keys", n)
	}
	bigSet(&v, key(1), 5000)
	v.Delete(key(1))
	bigSet(&v, key(1), 5000)
	v.SetString(key(1), []byte("a string now"), object.Embstr, 0)
	v.Delete(key(1))
	unlock()
	if used := s.drain(); used > 3*4608 {
		t.Fatalf("%d bytes are still in use", used)
	}
}

func TestWatch(t *testing.T) {
	s := newStore(t, 2)
	v := s.View(0, 1000)
	f := func(name string, want bool, change func()) {
		t.Helper()
		w := &Watcher{}
		unlock := s.lockAll()
		v.Delete(key(1))
		v.Delete(key(2))
		v.SetString(key(1), []byte("v"), object.Embstr, 2000)
		v.Watch(w, key(1))
		v.Watch(w, key(2))
		change()
		got := w.Tripped.Load() || s.Expired(w, v.NowMs)
		v.NowMs = 1000
		unlock()
		s.Unwatch(w)
		if got != want {
			t.Errorf("%s: tripped %v", name, got)
		}
	}
	f("nothing", false, func() {})
	f("a change", true, func() { v.Changed(key(1), EventGeneric, "") })
	f("another key", false, func() { v.Changed(key(3), EventGeneric, "") })
	f("another database", false, func() {
		other := v.At(1)
		other.Changed(key(1), EventGeneric, "")
	})
	f("flush", true, func() { s.FlushDB(0) })
	f("flush of another database", false, func() { s.FlushDB(1) })
	f("swap", true, func() { s.SwapDB(0, 1, 1000); s.SwapDB(0, 1, 1000) })
	f("swap of others", false, func() { s.SwapDB(2, 3, 1000) })
	f("expiry seen", true, func() { v.NowMs = 3000; v.Peek(key(1)) })
	f("expiry not seen", true, func() { v.NowMs = 3000 })

	// A key that had expired before it was watched is no key.
	stale := func(name string, want bool, there, other bool, change func()) {
		t.Helper()
		w := &Watcher{}
		unlock := s.lockAll()
		v.NowMs = 1000
		second := v.At(1)
		for _, db := range []struct {
			view *View
			set  bool
		}{{&v, there}, {&second, other}} {
			db.view.Delete(key(1))
			if db.set {
				db.view.SetString(key(1), []byte("v"), object.Embstr, 2000)
			}
		}
		v.NowMs = 3000
		v.Watch(w, key(1))
		change()
		got := w.Tripped.Load() || s.Expired(w, 3000)
		unlock()
		s.Unwatch(w)
		if got != want {
			t.Errorf("expired, %s: tripped %v", name, got)
		}
	}
	swap := func() { s.SwapDB(0, 1, 3000) }
	stale("flush", false, true, false, func() { s.FlushDB(0) })
	stale("swap with nothing", false, true, false, swap)
	stale("nothing swapped with it", false, false, true, swap)
	stale("swap with another", false, true, true, swap)
	stale("swap there and back", false, true, true, func() { swap(); swap() })
	stale("swap with one that lives", true, true, true, func() { s.SwapDB(0, 1, 1500) })
}

// recorder is a SnapshotWriter that keeps what it is given.
type recorder struct {
	t       *testing.T
	seen    map[string]string
	backlog int
}

func (r *recorder) Backlog() int { return r.backlog }

func describe(db int, c object.Cell) (name, value string) {
	name = fmt.Sprintf("%d/%s", db, c.Key())
	if c.Type() == object.String {
		return name, string(c.View())
	}
	return name, fmt.Sprintf("%d members", set.Len(c))
}

func (r *recorder) Entry(db int, c object.Cell) {
	name, value := describe(db, c)
	if _, dup := r.seen[name]; dup {
		r.t.Errorf("%s was written twice", name)
	}
	r.seen[name] = value
}

func (r *recorder) Big(c object.Cell) bool { return Elements(c) > 500 }

func (r *recorder) Begin(db int, c object.Cell) { r.Entry(db, c) }

// Step needs several calls for a value.
func (r *recorder) Step(object.Cell) bool { return rand.IntN(3) == 0 }

// TestSnapshot takes snapshots while keys are added, changed, deleted, renamed, flushed, swapped and expire: each
// holds exactly what was there at the cut.
func TestSnapshot(t *testing.T) {
	s := newStore(t, 3)
	rng := rand.New(rand.NewPCG(11, 12))
	v := s.View(0, 1000)
	change := func() {
		v.Index = rng.IntN(2)
		k := key(rng.IntN(4000))
		switch n := rng.IntN(1000); {
		case n < 500:
			v.SetString(k, fmt.Appendf(nil, "%d", rng.IntN(1e9)), object.Embstr, 0)
		case n < 750:
			v.Delete(k)
		case n < 800:
			v.SetString(k, []byte("short-lived"), object.Embstr, v.NowMs+int64(rng.IntN(20)))
		case n < 900:
			if to := key(rng.IntN(4000)); !v.Peek(to).Ok() && v.Peek(k).Ok() {
				v.Rename(k, &v, to)
			}
		case n < 910:
			if c := v.Edit(k); c.Ok() && c.Type() == object.Set {
				set.Add(c, fmt.Appendf(nil, "new:%d", rng.IntN(1000)), v.Limits())
			} else if !c.Ok() {
				bigSet(&v, k, rng.IntN(900))
			}
		case n < 998:
			v.NowMs++
			v.Find(k)
		case n < 999:
			s.FlushDB(v.Index)
		default:
			s.SwapDB(0, 1, 0)
		}
	}
	some := func(n int) {
		defer s.lockAll()()
		for range n {
			change()
		}
	}
	some(8000)
	for round := range 8 {
		want := map[string]string{}
		writers := make([]*recorder, s.NumShards())
		snap := s.BeginSnapshot(func(shard int) SnapshotWriter {
			writers[shard] = &recorder{t: t, seen: map[string]string{}}
			return writers[shard]
		}, func() {
			for db := range 2 {
				w := s.View(db, 0)
				for _, sh := range s.shards {
					w.Each(sh, func(c object.Cell) bool {
						name, value := describe(db, c)
						want[name] = value
						return true
					})
				}
			}
		})
		if snap.Keys != len(want) {
			t.Fatalf("round %d: Keys = %d, want %d", round, snap.Keys, len(want))
		}
		for left := len(snap.Shards); left > 0; {
			left = 0
			for _, ss := range snap.Shards {
				if more, _, _ := ss.Step(); more {
					left++
				}
			}
			some(150)
		}
		snap.End()
		got := map[string]string{}
		for _, w := range writers {
			for name, value := range w.seen {
				got[name] = value
			}
		}
		if len(got) != len(want) {
			t.Errorf("round %d: %d entries written, want %d", round, len(got), len(want))
		}
		for name, value := range want {
			if got[name] != value {
				t.Fatalf("round %d: %s was written as %q, was %q", round, name, got[name], value)
			}
		}
		some(3000)
	}
	unlock := s.lockAll()
	s.FlushDB(0)
	s.FlushDB(1)
	unlock()
	if used := s.drain(); used > 6*4608 {
		t.Fatalf("%d bytes are still in use", used)
	}
}

// TestAbandonedSnapshot: a snapshot that ends early leaves nothing behind that would hurt the next.
func TestAbandonedSnapshot(t *testing.T) {
	s := newStore(t, 1)
	v := s.View(0, 1000)
	unlock := s.lockAll()
	for i := range 3000 {
		v.SetString(key(i), []byte("v"), object.Embstr, 0)
	}
	bigSet(&v, []byte("big"), 2000)
	unlock()
	for _, steps := range []int{0, 1, 3, 1000} {
		r := &recorder{t: t, seen: map[string]string{}}
		snap := s.BeginSnapshot(func(int) SnapshotWriter { return r }, nil)
		for range steps {
			if more, _, _ := snap.Shards[0].Step(); !more {
				break
			}
		}
		snap.End()
		if steps == 1000 && len(r.seen) != 3001 {
			t.Fatalf("%d entries written", len(r.seen))
		}
	}
	defer s.lockAll()()
	if v.Peek([]byte("big")).Pending() {
		t.Fatal("the mark of the abandoned snapshot is still there")
	}
}

// TestMustWait: a command that changes a big value waits until the snapshot has written it, and one that changes anything
// waits for a backlog to be taken; an expired big key is hidden from who reads, and goes afterwards.
func TestMustWait(t *testing.T) {
	s := newStore(t, 1)
	v := s.View(0, 1000)
	unlock := s.lockAll()
	for _, name := range []string{"one", "two", "three"} {
		bigSet(&v, []byte(name), 2000)
	}
	v.SetString([]byte("small"), []byte("v"), object.Embstr, 0)
	v.SetDeadline([]byte("three"), 2000)
	unlock()
	r := &recorder{t: t, seen: map[string]string{}}
	snap := s.BeginSnapshot(func(int) SnapshotWriter { return r }, nil)
	ss := snap.Shards[0]
	woken := map[string]int{}
	must := func(name string, want bool) {
		t.Helper()
		defer s.lockAll()()
		if got := v.MustWait([]byte(name), func() { woken[name]++ }); got != want {
			t.Errorf("%s must wait: %v", name, got)
		}
	}
	must("small", false)
	must("missing", false)
	must("one", true)
	must("one", true)
	must("two", true)
	for len(woken) == 0 {
		ss.Step()
		ss.Locked(func() {})
	}
	if woken["one"] != 2 || woken["two"] != 0 { // asked for first, written first
		t.Errorf("woken: %v", woken)
	}
	must("one", false)

	v.NowMs, v.ReadOnly = 3000, true
	unlock = s.lockAll()
	if v.Find([]byte("three")).Ok() || s.shards[0].Len(0) != 4 {
		t.Errorf("an expired key that is still to be written: %d keys", s.shards[0].Len(0))
	}
	unlock()
	for more := true; more; ss.Locked(func() {}) {
		more, _, _ = ss.Step()
	}
	if woken["two"] != 1 || len(r.seen) != 4 {
		t.Errorf("woken: %v, written: %v", woken, r.seen)
	}
	snap.End()
	unlock = s.lockAll()
	if v.Find([]byte("three")).Ok() || s.shards[0].Len(0) != 3 {
		t.Errorf("an expired key that was written is still there: %d keys", s.shards[0].Len(0))
	}
	unlock()

	r = &recorder{t: t, seen: map[string]string{}, backlog: 100 << 20}
	snap = s.BeginSnapshot(func(int) SnapshotWriter { return r }, nil)
	clear(woken)
	must("small", true)
	snap.Shards[0].Locked(func() {})
	if len(woken) != 0 {
		t.Error("woken before the backlog was taken")
	}
	snap.Shards[0].Locked(func() { r.backlog = 0 })
	must("small", false)
	must("one", true)
	snap.End()
	if woken["small"] != 1 || woken["one"] != 1 {
		t.Errorf("woken: %v", woken)
	}
	must("one", false)
}

// TestHotPathAllocations: reading and overwriting a key allocates nothing on the Go heap.
func TestHotPathAllocations(t *testing.T) {
	s := newStore(t, 4)
	defer s.lockAll()()
	v := s.View(0, time.Now().UnixMilli())
	for i := range 5000 {
		v.SetString(key(i), []byte("value"), object.Embstr, 0)
	}
	k, val := key(77), []byte("other")
	if n := testing.AllocsPerRun(1000, func() {
		v.SetString(k, val, object.Embstr, 0)
		v.Changed(k, EventString, "set")
		if c := v.Find(k); len(c.View()) != 5 {
			t.Fatal("lost")
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
