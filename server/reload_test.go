package server

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// refusedWhileLoading tells the errors that a client may be answered while the data set is reloaded.
func refusedWhileLoading(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "LOADING ") || strings.HasPrefix(err.Error(), "EXECABORT "))
}

// TestReloadLosesNothing: whatever was answered while DEBUG RELOAD ran, in transactions too, is there afterwards.
func TestReloadLosesNothing(t *testing.T) {
	s := newServer(t, nil)
	admin := inMemory(t, s)
	var stop atomic.Bool
	var wg sync.WaitGroup
	const clients = 4
	var acked [clients]int64
	for i := range clients {
		c := inMemory(t, s)
		wg.Go(func() {
			name := fmt.Sprint("counter:", i)
			for n := 0; !stop.Load(); n++ {
				var err error
				if i%2 == 0 {
					err = c.Incr(t.Context(), name).Err()
				} else {
					_, err = c.TxPipelined(t.Context(), func(p redis.Pipeliner) error {
						p.Incr(t.Context(), name)
						p.Set(t.Context(), fmt.Sprint(name, ":", n), "v", time.Hour)
						return nil
					})
				}
				switch {
				case err == nil:
					acked[i]++
				case !refusedWhileLoading(err):
					t.Errorf("%s: %v", name, err)
					return
				}
			}
		})
	}
	for range 30 {
		if err := admin.Do(t.Context(), "DEBUG", "RELOAD").Err(); err != nil {
			t.Errorf("DEBUG RELOAD: %v", err)
			break
		}
	}
	stop.Store(true)
	wg.Wait()
	for i := range clients {
		n, err := admin.Get(t.Context(), fmt.Sprint("counter:", i)).Int64()
		if err != nil && !errors.Is(err, redis.Nil) || n != acked[i] {
			t.Errorf("client %d: %d, %v; %d were answered", i, n, err, acked[i])
		}
	}
}

// TestReloadsTogether: of two DEBUG RELOAD at a time one is refused, and neither does harm.
func TestReloadsTogether(t *testing.T) {
	s := newServer(t, nil)
	c := inMemory(t, s)
	for i := range 1000 {
		if err := c.Set(t.Context(), fmt.Sprint(i), "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Do(t.Context(), "SAVE").Err(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c := inMemory(t, s)
			for range 10 {
				if err := c.Do(t.Context(), "DEBUG", "RELOAD", "NOSAVE").Err(); err != nil && !refusedWhileLoading(err) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, err := c.DBSize(t.Context()).Result(); err != nil || n != 1000 {
		t.Errorf("%d keys, %v", n, err)
	}
}

// TestExecWhileLoading: a transaction that was queued before is refused while the data set is loaded, as its commands
// are.
func TestExecWhileLoading(t *testing.T) {
	s := newServer(t, nil)
	c := inMemory(t, s).Conn()
	defer c.Close()
	for _, args := range [][]any{{"MULTI"}, {"SET", "k", "v"}} {
		if err := c.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	s.loading.Store(true)
	err := c.Do(t.Context(), "EXEC").Err()
	s.loading.Store(false)
	if err == nil || !strings.HasPrefix(err.Error(), "EXECABORT Transaction discarded because of: LOADING ") {
		t.Errorf("EXEC: %v", err)
	}
	if err := c.Get(t.Context(), "k").Err(); err != redis.Nil {
		t.Errorf("GET: %v", err)
	}
}
