package store

import (
	"sync"
	"testing"

	"dragonfly/store/object"
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
