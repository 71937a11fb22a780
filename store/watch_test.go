package store

import (
	"sync"
	"testing"

	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

// TestWatchRace: one client goes on watching keys while keys that it watches already expire, in other shards.
func TestWatchRace(t *testing.T) {
	s := newStore(t, 4)
	const n = 2000
	v := s.View(0, 1000)
	for i := range n {
		sh := s.Shard(s.ShardOf(key(i)))
		sh.Lock()
		v.SetString(key(i), []byte("v"), object.Embstr, 2000)
		sh.Unlock()
	}
	var w Watcher
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			sh := s.Shard(s.ShardOf(key(i)))
			sh.Lock()
			v.Watch(&w, key(i))
			sh.Unlock()
		}
	})
	wg.Go(func() {
		later := s.View(0, 3000)
		for i := range n {
			sh := s.Shard(s.ShardOf(key(i)))
			sh.Lock()
			later.Peek(key(i))
			sh.Unlock()
		}
	})
	wg.Wait()
	s.Unwatch(&w)
	for _, sh := range s.shards {
		if n := len(sh.dbs[0].watched); n != 0 {
			t.Errorf("%d keys are watched by nobody", n)
		}
	}
}

// TestWatchExpired: a key that had expired when it was watched is not changed by being removed; one that expires
// later is.
func TestWatchExpired(t *testing.T) {
	s := newStore(t, 2)
	v := s.View(0, 1000)
	v.SetString([]byte("dead"), []byte("v"), object.Embstr, 500)
	v.SetString([]byte("alive"), []byte("v"), object.Embstr, 2000)
	var a, b Watcher
	v.Watch(&a, []byte("dead"))
	v.Watch(&b, []byte("alive"))
	later := s.View(0, 3000)
	later.Peek([]byte("dead"))
	later.Peek([]byte("alive"))
	if a.Tripped.Load() || !b.Tripped.Load() {
		t.Errorf("tripped: %v and %v, want false and true", a.Tripped.Load(), b.Tripped.Load())
	}
}

// TestWatchMembers: members of a set that had expired when it was watched are no change when they are removed; those that
// expire later are, removed or not.
func TestWatchMembers(t *testing.T) {
	s := newStore(t, 2)
	name := []byte("set")
	v := s.View(0, 1000)
	timedSet(&v, name, 10, at(2000))
	v = s.View(0, 1500)
	var early, late Watcher
	v.Watch(&early, name)
	if s.Expired(&early, 1999) || !s.Expired(&early, 2000) {
		t.Error("what was watched before its members expired: Expired is wrong")
	}
	c := v.Edit(name)
	set.Add(c, []byte("stays"), v.Limits())
	v = s.View(0, 2500)
	v.Watch(&late, name)
	if !early.Tripped.Load() {
		t.Error("members expired and nobody was told")
	}
	v.Peek(name)
	if late.Tripped.Load() || s.Expired(&late, 2500) {
		t.Error("members that had expired before changed the set")
	}
}
