package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

// timedSet makes key a set of n members; that of number i expires at deadline(i), 0 for never.
func timedSet(v *View, name []byte, n int, deadline func(i int) int64) {
	c := v.Add(name, object.Attrs{Type: object.Set, Encoding: object.Intset}, 0)
	b := set.Build(c, 0, v.Limits())
	for i := range n {
		b.AddTimed(fmt.Appendf(nil, "member:%d", i), deadline(i))
	}
	v.NoteFieldDeadline(name, set.MinDeadline(c))
}

// after returns deadlines, one ms after the other from first on, for every second member.
func after(first int64) func(i int) int64 {
	return func(i int) int64 { return int64(i%2) * (first + int64(i)) }
}

func at(deadline int64) func(int) int64 { return func(int) int64 { return deadline } }

// TestMembersExpire: whatever looks a set up finds it without expired members, or finds nothing.
func TestMembersExpire(t *testing.T) {
	name := []byte("set")
	look := map[string]func(v *View) int{
		"Find": func(v *View) int { return size(v.Find(name)) },
		"Peek": func(v *View) int { return size(v.Peek(name)) },
		"Edit": func(v *View) int { return size(v.Edit(name)) },
		"Scan": func(v *View) int {
			n := 0
			for cursor, first := uint64(0), true; first || cursor != 0; first = false {
				cursor = v.Scan(v.st.shards[v.st.ShardOf(name)], cursor, func(c object.Cell) { n += size(c) })
			}
			return n
		},
		"Random": func(v *View) int { return size(v.Random(v.st.shards[v.st.ShardOf(name)])) },
		"Detach": func(v *View) int {
			d, _ := v.Detach(name)
			d.PutBack()
			return size(v.Peek(name))
		},
		"Rename": func(v *View) int {
			to := v.At(3)
			v.Rename(name, &to, []byte("other"))
			return size(to.Peek([]byte("other")))
		},
		"Copy": func(v *View) int {
			to := v.At(3)
			v.Copy(name, &to, []byte("other"))
			return size(to.Peek([]byte("other")))
		},
		"SwapDB": func(v *View) int {
			v.st.SwapDB(0, 2, v.NowMs)
			to := v.At(2)
			return size(to.Peek(name))
		},
	}
	for how, f := range look {
		s := newStore(t, 1)
		v := s.View(0, 1000)
		timedSet(&v, name, 1000, after(2000)) // 2001, 2003, … 2999
		s.NoExpire.Store(true)
		v.NowMs = 2500
		if n := size(v.Peek(name)); n != 1000 {
			t.Errorf("%d members while expiry is suspended", n)
		}
		s.NoExpire.Store(false)
		if n := f(&v); n != 750 {
			t.Errorf("%s: %d members, want 750", how, n)
		}
		if n := s.shards[0].Stats.ExpiredFields; n != 250 {
			t.Errorf("%s: %d members counted as expired", how, n)
		}

		s = newStore(t, 1)
		v = s.View(0, 1000)
		timedSet(&v, name, 1000, at(2000))
		v.NowMs = 2000
		if n := f(&v); n != 0 {
			t.Errorf("%s: %d members, want none", how, n)
		}
		for i, db := range s.shards[0].dbs {
			if db.Len() != 0 {
				t.Errorf("%s: a key is left in database %d", how, i)
			}
		}
		if v.Delete(name) {
			t.Errorf("%s: the key was not gone", how)
		}
	}
}

func size(c object.Cell) int {
	if !c.Ok() {
		return 0
	}
	return set.Len(c)
}

// TestTimedSetFromFile: what was built outside of any table and attached expires as well.
func TestTimedSetFromFile(t *testing.T) {
	s := newStore(t, 1)
	v := s.View(0, 1000)
	d := s.NewDetached(0, []byte("set"), object.Attrs{Type: object.Set, Encoding: object.Intset}, 0)
	b := set.Build(d.Cell(), 2, v.Limits())
	b.AddTimed([]byte("a"), 1500)
	b.Add([]byte("b"))
	d.Attach(false)
	v.NowMs = 1500
	if n := size(v.Find([]byte("set"))); n != 1 {
		t.Errorf("%d members", n)
	}
}

// TestLookupWithoutTimedSets: only a database that has seen a timed set looks at more than the key.
func TestLookupWithoutTimedSets(t *testing.T) {
	s := newStore(t, 1)
	v := s.View(0, 1000)
	bigSet(&v, []byte("plain"), 300)
	db := s.shards[0].dbs[0]
	if db.timedSets != 0 {
		t.Error("a plain set counts as timed")
	}
	timedSet(&v, []byte("timed"), 10, after(2000))
	if db.timedSets != 1 || s.shards[0].dbs[1].timedSets != 0 {
		t.Error("the timed set went unseen, or was seen elsewhere")
	}
	k := []byte("timed")
	v.NowMs = 1500
	if n := testing.AllocsPerRun(100, func() { v.Find(k) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMembersExpireEvents(t *testing.T) {
	var events []string
	s, err := New(Options{Shards: 1, Databases: 1, Limits: object.DefaultLimits(), Notify: func(_ int, _ Class, event string, key []byte) {
		events = append(events, event+" "+string(key))
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := s.View(0, 1000)
	timedSet(&v, []byte("s"), 4, after(2000))
	timedSet(&v, []byte("all"), 4, at(2000))
	w := &Watcher{}
	v.Watch(w, []byte("s"))
	v.NowMs = 2001
	v.Find(v.Peek([]byte("s")).Key()) // a key that is a view into the entry
	v.Find([]byte("all"))
	want := []string{"new s", "new all", "sexpired s", "sexpired all", "del all", "keymiss all"}
	if !slices.Equal(events, want) {
		t.Errorf("%v, want %v", events, want)
	}
	if !w.Tripped.Load() {
		t.Error("the watcher was not told")
	}
	s.Unwatch(w)
}

// TestMembersExpireInBackground: the expiry cycle removes members in pieces, and big sets that nobody uses vanish.
func TestMembersExpireInBackground(t *testing.T) {
	s := newStore(t, 1)
	sh := s.shards[0]
	v := s.View(0, 1000)
	unlock := s.lockAll()
	timedSet(&v, []byte("big"), 20_000, at(2000))
	timedSet(&v, []byte("half"), 20_000, after(2000))
	timedSet(&v, []byte("small"), 3, at(2000))
	for i := range 2000 {
		v.SetString(key(i), []byte("v"), object.Embstr, 0)
	}
	unlock()
	cur := expireCursor{}
	for sh.expireStep(&cur, 2000) {
	}
	if sh.Stats.ExpiredFields != 0 {
		t.Fatal("something expired too early")
	}
	steps := 0
	for before := int64(0); ; steps++ {
		more := sh.expireStep(&cur, 12_000)
		n := sh.Stats.ExpiredFields - before
		if before += n; n > expireSlice*2*fieldsAtOnce {
			t.Fatalf("%d members under one lock visit", n)
		}
		if !more {
			break
		}
	}
	// 10 000 of "half" have a deadline, the first 5000 of them up to 12 000.
	if got, want := sh.Stats.ExpiredFields, int64(20_000+5000+3); got != want {
		t.Errorf("%d members expired in %d steps, want %d", got, steps, want)
	}
	if n := sh.Len(0); n != 2001 {
		t.Errorf("%d keys left", n)
	}
	for sh.expireStep(&cur, 50_000) {
	}
	defer s.lockAll()()
	if c := v.Peek([]byte("half")); set.Len(c) != 10_000 || c.HasFieldTTL() {
		t.Errorf("%d members left", set.Len(c))
	}
}

// memberWriter is a SnapshotWriter that notes the members of sets and their deadlines.
type memberWriter struct {
	t    *testing.T
	seen map[string]string
}

func members(c object.Cell) string {
	var list []string
	it := set.NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		list = append(list, fmt.Sprintf("%s@%d", m, it.Deadline))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (w *memberWriter) Entry(_ int, c object.Cell) {
	if _, dup := w.seen[string(c.Key())]; dup {
		w.t.Errorf("%s was written twice", c.Key())
	}
	w.seen[string(c.Key())] = members(c)
}

func (w *memberWriter) Big(c object.Cell) bool      { return Elements(c) > 50 }
func (w *memberWriter) Begin(db int, c object.Cell) { w.Entry(db, c) }
func (w *memberWriter) Step(object.Cell) bool       { return rand.IntN(3) == 0 }
func (w *memberWriter) Backlog() int                { return 0 }

// TestSnapshotOfTimedSets: a running snapshot has every set with the members and deadlines of the cut, though members
// expire in commands and in the background, and deadlines change.
func TestSnapshotOfTimedSets(t *testing.T) {
	s := newStore(t, 1)
	sh := s.shards[0]
	rng := rand.New(rand.NewPCG(3, 4))
	v := s.View(0, 1000)
	cur := expireCursor{}
	change := func() {
		k := key(rng.IntN(1000))
		m := fmt.Appendf(nil, "member:%d", rng.IntN(100))
		deadline := v.NowMs + 1 + rng.Int64N(300)
		switch rng.IntN(6) {
		case 0:
			if !v.Peek(k).Ok() {
				timedSet(&v, k, 1+rng.IntN(100), func(i int) int64 { return int64(i%3) * (deadline + int64(i)) })
			}
		case 1:
			if c := v.Edit(k); c.Ok() {
				set.AddUntil(c, m, deadline, false)
				v.NoteFieldDeadline(k, deadline)
			}
		case 2:
			if c := v.Edit(k); c.Ok() {
				set.SetDeadline(c, m, 0)
			}
		case 3:
			v.NowMs++
			v.Find(k)
		case 4:
			sh.Unlock()
			sh.expireStep(&cur, v.NowMs)
			sh.Lock()
		case 5:
			v.Delete(k)
		}
	}
	some := func(n int) {
		defer s.lockAll()()
		for range n {
			change()
		}
	}
	some(6000)
	for round := range 6 {
		w := &memberWriter{t: t, seen: map[string]string{}}
		want := map[string]string{}
		snap := s.BeginSnapshot(func(int) SnapshotWriter { return w }, func() {
			v.Each(sh, func(c object.Cell) bool {
				want[string(c.Key())] = members(c)
				return true
			})
		})
		for more := true; more; {
			more, _, _ = snap.Shards[0].Step()
			some(50)
		}
		snap.End()
		if !maps.Equal(w.seen, want) {
			t.Fatalf("round %d: %d sets were written, %d were there, or they differ", round, len(w.seen), len(want))
		}
		some(1000)
	}
	if sh.Stats.ExpiredFields == 0 {
		t.Error("nothing expired")
	}
	s.lockAll()
	s.FlushDB(0)
	sh.Unlock()
	if used := s.drain(); used > 4608 {
		t.Errorf("%d bytes are still in use", used)
	}
}
