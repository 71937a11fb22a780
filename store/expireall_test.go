package store

import (
	"fmt"
	"testing"

	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

// TestExpireAll: what has expired is gone from all databases, without anyone having asked for it.
func TestExpireAll(t *testing.T) {
	s := newStore(t, 4)
	for db := range 2 {
		v := s.View(db, 1000)
		for i := range 5000 {
			v.SetString(key(i), []byte("v"), object.Embstr, int64(2000+i%2*5000))
		}
		for i := range 10 {
			timedSet(&v, fmt.Appendf(nil, "set:%d", i), 3000, after(2000))
		}
	}
	never := func() bool { return false }
	count := func() (keys, members int) {
		for _, sh := range s.shards {
			for db := range 2 {
				v := s.View(db, 0)
				v.Each(sh, func(c object.Cell) bool {
					keys++
					if c.Type() == object.Set {
						members += set.Len(c)
					}
					return true
				})
			}
		}
		return keys, members
	}
	s.NoExpire.Store(true)
	s.ExpireAll(4000, never)
	if keys, members := count(); keys != 10_020 || members != 60_000 {
		t.Errorf("while expiry is suspended: %d keys and %d members", keys, members)
	}
	s.NoExpire.Store(false)
	s.ExpireAll(4000, func() bool { return true })
	s.ExpireAll(4000, never)
	// Of each set every second member expires, at 2001, 2003, …: 1000 of them by 4000.
	if keys, members := count(); keys != 5020 || members != 40_000 {
		t.Errorf("%d keys and %d members are left, want 5020 and 40000", keys, members)
	}
}
