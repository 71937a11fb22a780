package server

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dragonfly/server/command"
)

// TestPauseForgetsNobody: a client that comes to wait at the very moment the pause ends is woken or does not wait.
func TestPauseForgetsNobody(t *testing.T) {
	s := newServer(t, nil)
	clients := make([]func() error, 4)
	for i := range clients {
		c := inMemory(t, s)
		clients[i] = func() error { return c.Set(t.Context(), "k", "v", 0).Err() }
	}
	admin := inMemory(t, s)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for _, set := range clients {
		wg.Go(func() {
			for !stop.Load() {
				if err := set(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 150 {
		if err := admin.Do(t.Context(), "CLIENT", "PAUSE", "1", "WRITE").Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	stop.Store(true)
	wg.Wait() // for ever, if one was forgotten
}

// TestPauseEnded: with the clock of a loop a moment behind, a command is not held by a pause that is over.
func TestPauseEnded(t *testing.T) {
	p := pause{keep: new(atomic.Bool)}
	set := &command.Command{Name: "set", Flags: command.Write}
	now := time.Now().UnixMilli()
	p.begin(now, now+3_600_000, false)
	p.mu.Lock()
	p.untilMs = now - 1 // the hour has passed
	p.mu.Unlock()
	p.release(false)
	if p.hold(set, nil, &client{}, now-2) {
		t.Error("the command waits for nothing")
	}
}

// TestPauseForgetsTheGone: a client that is gone does not wait any more.
func TestPauseForgetsTheGone(t *testing.T) {
	s := newServer(t, nil)
	admin := inMemory(t, s)
	if err := admin.Do(t.Context(), "CLIENT", "PAUSE", "100000", "WRITE").Err(); err != nil {
		t.Fatal(err)
	}
	conn, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("SET k v\r\n")); err != nil {
		t.Fatal(err)
	}
	wait := func(n int) {
		t.Helper()
		for start := time.Now(); s.pause.count() != n; time.Sleep(time.Millisecond) {
			if time.Since(start) > 5*time.Second {
				t.Fatalf("%d clients wait, want %d", s.pause.count(), n)
			}
		}
	}
	wait(1)
	if err := admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	wait(0)
	if err := admin.Do(t.Context(), "CLIENT", "UNPAUSE").Err(); err != nil {
		t.Fatal(err)
	}
}

// TestPauseKeepsExpired: what expires in a pause is hidden, and goes when the pause is over.
func TestPauseKeepsExpired(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	expired := func() string {
		_, after, _ := strings.Cut(c.do("info stats"), "expired_keys:")
		n, _, _ := strings.Cut(after, "\r\n")
		return n
	}
	c.expect(t, "multi", "+OK", "set a 1 px 1", "+QUEUED", "set b 1 px 1", "+QUEUED", "client pause 60000 write", "+QUEUED",
		"exec", "*3 +OK +OK +OK")
	time.Sleep(30 * time.Millisecond)
	c.expect(t, "get a", "$-1", "exists a b", ":0", "dbsize", ":2")
	if n := expired(); n != "0" {
		t.Errorf("%s keys have expired in the pause", n)
	}
	c.expect(t, "client unpause", "+OK", "mget a b", "*2 $-1 $-1", "dbsize", ":0")
	if n := expired(); n != "2" {
		t.Errorf("%s keys have expired after it", n)
	}
}
