package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dragonfly/store/object"
)

// TestClockJumps lets the clock of the system jump, back to 1970 and on by 50 years: a key that was seen to have expired
// never comes back, one whose time has not come by any clock that was seen stays, and the expiry cycle removes what is due
// by the clock of the moment.
func TestClockJumps(t *testing.T) {
	s := newStore(t, 2)
	const hour, year = int64(3600_000), int64(365 * 24 * 3600_000)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	now, latest := start, start // of the clock, and the latest it ever showed
	type life struct {
		deadline int64 // 0: none
		value    string
		dead     bool // it was seen to have gone
	}
	keys := map[int]*life{}
	var cursors [2]expireCursor
	r := rand.New(rand.NewPCG(1, 2))
	for step := range 200_000 {
		switch r.IntN(60) {
		case 0:
			now -= hour
		case 1:
			now += hour
		case 2:
			now += 50 * year
		case 3:
			now = 0
		case 4:
			now = start + r.Int64N(hour)
		default:
			now++
		}
		latest = max(latest, now)
		id := r.IntN(200)
		v := s.View(0, now)
		unlock := s.lockAll()
		k := keys[id]
		switch c := v.Find(key(id)); {
		case !c.Ok() && k != nil && !k.dead:
			if k.deadline == 0 || k.deadline >= latest {
				t.Fatalf("step %d: key %d with deadline %d is gone; the clock never showed more than %d", step, id, k.deadline, latest)
			}
			k.dead = true
		case c.Ok() && (k == nil || k.dead):
			t.Fatalf("step %d: key %d is back", step, id)
		case c.Ok() && k.deadline != 0 && k.deadline < now:
			t.Fatalf("step %d: key %d with deadline %d is there at %d", step, id, k.deadline, now)
		case c.Ok() && string(c.View()) != k.value:
			t.Fatalf("step %d: key %d is %q, not %q", step, id, c.View(), k.value)
		}
		if r.IntN(3) == 0 {
			k = &life{value: fmt.Sprint(step)}
			if r.IntN(3) > 0 {
				k.deadline = max(1, now+r.Int64N(2*hour)-100)
			}
			v.SetString(key(id), []byte(k.value), object.Raw, k.deadline)
			keys[id] = k
		}
		unlock()
		if r.IntN(50) == 0 {
			for i, sh := range s.shards {
				for range 100 {
					if !sh.expireStep(&cursors[i], now) {
						break
					}
				}
			}
		}
	}
}

// TestMassExpiryAfterJump: when the clock jumps on, all keys are due at once; no lock visit of the expiry cycle takes long
// for it.
func TestMassExpiryAfterJump(t *testing.T) {
	s := newStore(t, 1)
	const n = 200_000
	now := time.Now().UnixMilli()
	v := s.View(0, now)
	unlock := s.lockAll()
	for i := range n {
		v.SetString(key(i), []byte("value"), object.Raw, now+int64(1+i))
	}
	unlock()
	var cursor expireCursor
	steps, slow := 0, 0
	for more := true; more; steps++ {
		began := time.Now()
		more = s.shards[0].expireStep(&cursor, now+3600_000)
		if time.Since(began) > 10*time.Millisecond {
			slow++ // somebody else may have had the processor
		}
	}
	if left := s.shards[0].Len(0); left != 0 {
		t.Errorf("%d keys are left", left)
	}
	if slow > steps/50 {
		t.Errorf("%d of %d visits took more than 10 ms", slow, steps)
	}
	t.Logf("%d keys expired in %d visits, %d of them slow", n, steps, slow)
}
