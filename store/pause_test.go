package store

import (
	"context"
	"testing"
	"time"

	"dragonfly/store/object"
)

// TestKeepExpired: expired keys are hidden and stay, until somebody writes to them.
func TestKeepExpired(t *testing.T) {
	s := newStore(t, 1)
	s.KeepExpired.Store(true)
	ctx, stop := context.WithCancel(context.Background())
	unlock := s.lockAll()
	v := s.View(0, 1000)
	v.SetString(key(1), []byte("one"), object.Raw, 500)
	v.SetString(key(2), []byte("two"), object.Raw, 500)
	v.ReadOnly = true
	for i := range 3 {
		if v.Find(key(i)).Ok() || v.Peek(key(i)).Ok() {
			t.Errorf("key %d is there", i)
		}
	}
	unlock()
	done := make(chan struct{})
	go func() {
		s.Background(ctx, time.Millisecond, time.Now)
		close(done)
	}()
	time.Sleep(20 * time.Millisecond)
	stop()
	<-done
	defer s.lockAll()()
	sh := s.Shard(0)
	if n := sh.Len(0); n != 2 || sh.Stats.Expired != 0 {
		t.Errorf("%d keys are left, %d have expired", n, sh.Stats.Expired)
	}
	v.ReadOnly = false
	if v.Edit(key(1)).Ok() || sh.Len(0) != 1 {
		t.Errorf("after a write %d keys are left", sh.Len(0))
	}
	v.ReadOnly = true
	s.KeepExpired.Store(false)
	if v.Find(key(2)).Ok() || sh.Len(0) != 0 || sh.Stats.Expired != 2 {
		t.Errorf("afterwards %d keys are left", sh.Len(0))
	}
}
