package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

// always moves memory together whatever there is to gain.
var always = Defrag{Waste: 0, Below: 0.95}

func (s *Store) defragment(t *testing.T, opt Defrag) {
	t.Helper()
	if s.Defragment(opt, time.Now().Add(time.Minute)) {
		t.Fatal("it takes for ever")
	}
}

func (s *Store) trimmed() (n int64) {
	for _, sh := range s.shards {
		sh.A.Trim()
		n += sh.A.Resident()
	}
	return n
}

// sparse fills a database with strings and removes nine tenths of them. It returns what is left.
func sparse(v *View, keys int) map[string]string {
	rng := rand.New(rand.NewPCG(7, 8))
	left := map[string]string{}
	for i := range keys {
		text := fmt.Sprintf("%d %0*d", i, 30+rng.IntN(4)*90, i)
		v.SetString(key(i), []byte(text), object.Raw, int64(i%3)*(base+1_000_000))
		if i%10 == 0 {
			left[string(key(i))] = text
		}
	}
	for i := range keys {
		if i%10 > 0 {
			v.Delete(key(i))
		}
	}
	return left
}

func checkStrings(t *testing.T, v *View, want map[string]string) {
	t.Helper()
	for k, text := range want {
		if c := v.Peek([]byte(k)); !c.Ok() || string(c.View()) != text {
			t.Fatalf("%s is not what it was", k)
		}
	}
}

// TestDefragment: when most of the data is gone, memory is taken for what there is. (The test of MEMORY DEFRAGMENT looks at
// values of all types.)
func TestDefragment(t *testing.T) {
	s := newStore(t, 2)
	unlock := s.lockAll()
	v := s.View(1, base)
	left := sparse(&v, 60_000)
	bigSet(&v, []byte("big"), 5_000)
	for i := range 4_900 {
		set.Remove(v.Edit([]byte("big")), fmt.Appendf(nil, "member:%d", i))
	}
	unlock()
	s.drain()
	before, used := s.trimmed(), s.drain()
	if s.defragment(t, Defrag{Waste: 0.99, Below: 0.9}); s.trimmed() != before {
		t.Error("memory was moved that is not wasted enough")
	}
	s.defragment(t, always)
	if after := s.trimmed(); after > used*2 || after > before/2 || s.drain() != used {
		t.Errorf("%d bytes are taken for %d in use, before it was %d", after, used, before)
	}
	unlock = s.lockAll()
	defer unlock()
	checkStrings(t, &v, left)
	if c := v.Peek([]byte("big")); set.Len(c) != 100 || !set.Contains(c, []byte("member:4999")) {
		t.Error("the big set is not what it was")
	}
}

// TestDefragmentInSnapshot: a snapshot that runs meanwhile holds everything, and what it is about to write in pieces stays
// where it is.
func TestDefragmentInSnapshot(t *testing.T) {
	s := newStore(t, 1)
	unlock := s.lockAll()
	v := s.View(0, base)
	left := sparse(&v, 30_000)
	bigSet(&v, []byte("big"), 1_000)
	unlock()
	s.drain()
	r := &recorder{t: t, seen: map[string]string{}}
	snap := s.BeginSnapshot(func(int) SnapshotWriter { return r }, nil)
	unlock = s.lockAll()
	if v.MustWait([]byte("big"), func() {}); !v.Peek([]byte("big")).Pending() {
		t.Fatal("the big value is not pending")
	}
	place := *v.Peek([]byte("big")).Slot
	unlock()
	s.defragment(t, always)
	unlock = s.lockAll()
	if *v.Peek([]byte("big")).Slot != place {
		t.Error("a value was moved that is being written")
	}
	unlock()
	for more := true; more; {
		more, _, _ = snap.Shards[0].Step()
	}
	snap.End()
	if len(r.seen) != len(left)+1 {
		t.Errorf("%d entries were written of %d", len(r.seen), len(left)+1)
	}
	for k, text := range left {
		if r.seen["0/"+k] != text {
			t.Fatalf("%s: %q was written, not %q", k, r.seen["0/"+k], text)
		}
	}
}

// TestDefragmentWhileWriting: keys may come, change and go between the steps.
func TestDefragmentWhileWriting(t *testing.T) {
	s := newStore(t, 1)
	unlock := s.lockAll()
	v := s.View(0, base)
	want := sparse(&v, 20_000)
	bigSet(&v, []byte("big:1"), 3_000)
	bigSet(&v, []byte("big:2"), 3_000)
	unlock()
	rng := rand.New(rand.NewPCG(1, 9))
	sh := s.shards[0]
	now := time.Now()
	for i := range 3_000 {
		sh.Lock()
		if !sh.defragment(always, now) {
			now = now.Add(2 * defragRest)
		}
		k := string(key(rng.IntN(20_000)))
		if rng.IntN(2) == 0 {
			v.Delete([]byte(k))
			delete(want, k)
		} else {
			want[k] = fmt.Sprint(i, string(make([]byte, rng.IntN(300))))
			v.SetString([]byte(k), []byte(want[k]), object.Raw, 0)
		}
		switch i {
		case 500:
			v.Delete([]byte("big:1"))
		case 1000:
			s.SwapDB(0, 1, base)
			sh.defragment(always, now)
			s.SwapDB(0, 1, base)
		}
		sh.Unlock()
	}
	s.drain()
	sh.Lock()
	defer sh.Unlock()
	checkStrings(t, &v, want)
	if n := sh.Len(0); n != len(want)+1 {
		t.Errorf("%d keys, want %d", n, len(want)+1)
	}
	if n := set.Len(v.Peek([]byte("big:2"))); n != 3_000 {
		t.Errorf("%d members of 3000", n)
	}
}
