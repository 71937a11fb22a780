package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// waitModel is what the queues of waiters should be: for each key who waits, in order.
type waitModel map[string][]*Waiter

func (m waitModel) leave(w *Waiter) {
	for k, list := range m {
		if list = slices.DeleteFunc(list, func(x *Waiter) bool { return x == w }); len(list) == 0 {
			delete(m, k)
		} else {
			m[k] = list
		}
	}
}

// check compares the queue of a key, and the numbers of all.
func (m waitModel) check(t *testing.T, s *Store, keys [][]byte) {
	t.Helper()
	places, gone := int64(0), int64(0)
	for _, k := range keys {
		want := m[string(k)]
		places += int64(len(want))
		caring := slices.DeleteFunc(slices.Clone(want), func(w *Waiter) bool { return !w.Gone })
		gone += int64(min(len(caring), 1))
		for _, only := range []bool{false, true} {
			pass := s.NewPass(Ready{DB: 0, Key: k})
			var got []*Waiter
			for w := pass.Next(only); w != nil; w = pass.Next(only) {
				got = append(got, w)
			}
			if only {
				want = caring
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %d in the queue, not %d", k, len(got), len(want))
			}
		}
	}
	n, g := s.WaitedKeys()
	if n != int64(len(m)) || g != gone || s.waits.waiters.Load() != places || s.Waiters() != (places > 0) {
		t.Fatalf("%d keys, %d of them gone, %d places; should be %d, %d, %d", n, g, s.waits.waiters.Load(), len(m), gone, places)
	}
}

// TestWaiters compares the queues with a simple model: who waits leaves again at random, also while a pass is under way,
// which shows everybody once who stays.
func TestWaiters(t *testing.T) {
	s := newStore(t, 4)
	v := s.View(0, 1000)
	rng := rand.New(rand.NewPCG(1, 1))
	var keys [][]byte
	for i := range 6 {
		keys = append(keys, key(i))
	}
	m := waitModel{}
	var all []*Waiter
	leave := func(i int) {
		w := all[i]
		all = slices.Delete(all, i, i+1)
		m.leave(w)
		if rng.IntN(2) == 0 {
			w.Leave()
		} else {
			s.Forget(w)
		}
	}
	for range 3000 {
		switch n := rng.IntN(10); {
		case n < 5 && len(all) < 30:
			w := &Waiter{Gone: rng.IntN(3) == 0, Wide: rng.IntN(3) == 0}
			var its [][]byte
			for range 1 + rng.IntN(3) {
				k := keys[rng.IntN(len(keys))]
				its = append(its, k)
				if !slices.Contains(m[string(k)], w) {
					m[string(k)] = append(m[string(k)], w)
				}
			}
			v.Await(w, its)
			all = append(all, w)
		case n < 8 && len(all) > 0:
			leave(rng.IntN(len(all)))
		case len(all) > 0:
			k := keys[rng.IntN(len(keys))]
			pass := s.NewPass(Ready{DB: 0, Key: k})
			before := slices.Clone(m[string(k)])
			var got []*Waiter
			for w := pass.Next(false); w != nil; w = pass.Next(false) {
				got = append(got, w)
				for rng.IntN(3) == 0 && len(all) > 0 {
					leave(rng.IntN(len(all)))
				}
			}
			for _, w := range m[string(k)] {
				if slices.Contains(before, w) && !slices.Contains(got, w) {
					t.Fatal("a pass has left somebody out")
				}
			}
			at := -1
			for _, w := range got {
				i := slices.Index(before, w)
				if i <= at {
					t.Fatal("a pass is out of order")
				}
				at = i
			}
		}
		m.check(t, s, keys)
	}
	for len(all) > 0 {
		leave(0)
	}
	m.check(t, s, keys)
	for _, sh := range s.shards {
		if len(sh.waiting) > 0 {
			t.Errorf("%d empty queues", len(sh.waiting))
		}
	}
}

// TestReady: a key is ready once, in the order of the changes, if somebody waits for it; so are all of a database that
// is emptied or exchanged.
func TestReady(t *testing.T) {
	s := newStore(t, 4)
	v, other := s.View(0, 1000), s.View(1, 1000)
	var w Waiter
	v.Await(&w, [][]byte{[]byte("a"), []byte("b"), []byte("c"), []byte("d")})
	var x Waiter
	other.Await(&x, [][]byte{[]byte("a")})
	take := func() string {
		var list []Ready
		for _, sh := range s.shards {
			list = sh.TakeReady(list)
		}
		SortReady(list)
		text := ""
		for _, r := range list {
			text += fmt.Sprint(r.DB, string(r.Key), " ")
		}
		if s.HasReady() {
			t.Error("more is ready")
		}
		return text
	}
	f := func(want string) {
		t.Helper()
		if got := take(); got != want {
			t.Errorf("ready: %q, want %q", got, want)
		}
	}
	f("")
	v.Changed([]byte("nobody's"), EventGeneric, "")
	f("")
	for _, k := range []string{"c", "a", "c", "d", "b", "a"} {
		v.Changed([]byte(k), EventGeneric, "")
	}
	if !s.HasReady() {
		t.Error("nothing is ready")
	}
	f("0c 0a 0d 0b ")
	v.Wake([]byte("d"))
	f("0d ")
	other.Changed([]byte("a"), EventGeneric, "")
	f("1a ")
	s.FlushDB(1)
	f("1a ")
	s.SwapDB(1, 2, 1000)
	f("1a ")
	w.Leave()
	v.Changed([]byte("a"), EventGeneric, "")
	f("")
	x.Leave()
}

// TestWideWaiters: only the first are shown, and only if there is one among all who needs several shards.
func TestWideWaiters(t *testing.T) {
	s := newStore(t, 2)
	v := s.View(0, 1000)
	k := [][]byte{[]byte("k")}
	count := func(most int) (n int) {
		for range s.WideWaiters(0, k[0], most) {
			n++
		}
		return n
	}
	for range 3 {
		v.Await(&Waiter{}, k)
	}
	if n := count(10); n != 0 {
		t.Errorf("%d are shown", n)
	}
	wide := &Waiter{Wide: true}
	v.Await(wide, k)
	if n, first := count(10), count(2); n != 4 || first != 2 {
		t.Errorf("%d are shown, %d of the first 2", n, first)
	}
	wide.Leave()
	if n := count(10); n != 0 {
		t.Errorf("%d are shown", n)
	}
}
