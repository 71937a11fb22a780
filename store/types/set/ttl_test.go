package set

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dragonfly/store/object"
)

// deadlines returns the members with their deadlines.
func deadlines(c object.Cell) map[string]int64 {
	all := map[string]int64{}
	it := NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		all[string(m)] = it.Deadline
	}
	return all
}

// checkTimed compares the whole set with the model, which says the deadlines.
func checkTimed(t testing.TB, c object.Cell, model map[string]int64) {
	t.Helper()
	if got := deadlines(c); !maps.Equal(got, model) || Len(c) != len(model) {
		t.Fatalf("%v: %d members, Len %d, want %d: %v, want %v", c.Encoding(), len(got), Len(c), len(model), got, model)
	}
	timed, least := 0, int64(math.MaxInt64)
	for _, d := range model {
		if d != 0 {
			timed++
			least = min(least, d)
		}
	}
	if Timed(c) != timed || c.HasFieldTTL() != (timed > 0) {
		t.Fatalf("Timed %d, marked %v, want %d", Timed(c), c.HasFieldTTL(), timed)
	}
	if MinDeadline(c) > least || timed == 0 && MinDeadline(c) != math.MaxInt64 {
		t.Fatalf("MinDeadline %d, want at most %d", MinDeadline(c), least)
	}
	if want := int(c.A.Used()) - c.Size(); MemUsage(c) != want {
		t.Fatalf("%v: MemUsage %d, want %d", c.Encoding(), MemUsage(c), want)
	}
}

// expireAll removes what has expired by now, in pieces of limit.
func expireAll(t testing.TB, c object.Cell, model map[string]int64, now int64, limit int) {
	t.Helper()
	for more := true; more; {
		n := 0
		more = ExpireMembers(c, now, limit, func(m []byte) {
			n++
			if d := model[string(m)]; d == 0 || d > now {
				t.Fatalf("%q expired at %d, its deadline is %d", m, now, d)
			}
			delete(model, string(m))
		})
		if n > limit || more && n < limit {
			t.Fatalf("%d members expired, the limit is %d, more: %v", n, limit, more)
		}
	}
	for m, d := range model {
		if d != 0 && d <= now {
			t.Fatalf("%q is still there at %d, its deadline is %d", m, now, d)
		}
	}
	checkTimed(t, c, model)
	if Timed(c) > 0 && MinDeadline(c) <= now {
		t.Fatalf("MinDeadline %d after all was expired at %d", MinDeadline(c), now)
	}
}

// timedSamples are sets of which every third member has a deadline, 1000 and on.
func timedSamples(t testing.TB) []object.Cell {
	t.Helper()
	list := samples(newArena(t))
	for k, source := range list {
		c := newCell(newArena(t)) // MemUsage is compared with what the arena has
		Copy(c, source)
		list[k] = c
		for i, m := range members(c) {
			if i%3 == 0 && !SetDeadline(c, []byte(m), int64(1000+i)) {
				t.Fatalf("%v: %q is no member", c.Encoding(), m)
			}
		}
	}
	return list
}

// TestMembersOfAllLengths: the heads of blocks tell timed members from others, whatever their length.
func TestMembersOfAllLengths(t *testing.T) {
	a := newArena(t)
	c := newCell(a)
	lim := limits()
	b := Build(c, 0, lim)
	model := map[string]int64{}
	for _, n := range []int{0, 1, 63, 64, 127, 128, 129, 255, 256, 16383, 16384, 1<<21 - 1, 1 << 21} {
		for i, d := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
			m := strings.Repeat(string(rune('a'+i)), n)
			if _, there := model[m]; there {
				continue
			}
			if !b.AddTimed([]byte(m), d) || b.AddTimed([]byte(m), d+1) || b.Add([]byte(m)) {
				t.Fatalf("length %d, deadline %d: added wrongly", n, d)
			}
			model[m] = d
		}
	}
	checkTimed(t, c, model)
	for m, d := range model {
		if got, ok := Deadline(c, []byte(m)); !ok || got != d || !Contains(c, []byte(m)) {
			t.Fatalf("length %d: deadline %d, %v, want %d", len(m), got, ok, d)
		}
	}
	for m := range maps.Clone(model) {
		Remove(c, []byte(m))
		delete(model, m)
	}
	checkTimed(t, c, model)
	drop(c)
	if a.Used() != 0 {
		t.Fatalf("%d bytes left behind", a.Used())
	}
}

func TestDeadlines(t *testing.T) {
	lim := limits()
	f := func(c object.Cell, want map[string]int64, enc object.Encoding) {
		t.Helper()
		checkTimed(t, c, want)
		if c.Encoding() != enc {
			t.Errorf("%v, want %v", c.Encoding(), enc)
		}
	}
	for _, c := range []object.Cell{of(newArena(t), lim, "1", "2"), of(newArena(t), lim, "2", "1", "x")} {
		small := c.Encoding()
		Remove(c, []byte("x"))
		if SetDeadline(c, []byte("3"), 7) || !SetDeadline(c, []byte("1"), 0) || AddUntil(c, []byte("1"), 5, true) {
			t.Error("a member too many")
		}
		f(c, map[string]int64{"1": 0, "2": 0}, small)
		if !SetDeadline(c, []byte("1"), 7) || !AddUntil(c, []byte("3"), 9, true) {
			t.Error("a member too few")
		}
		f(c, map[string]int64{"1": 7, "2": 0, "3": 9}, object.Hashtable)
		if AddUntil(c, []byte("1"), 8, true) || AddUntil(c, []byte("2"), 8, true) || AddUntil(c, []byte("3"), 8, false) {
			t.Error("a member too many")
		}
		f(c, map[string]int64{"1": 7, "2": 0, "3": 8}, object.Hashtable)
		if Add(c, []byte("3"), lim) || AddUntil(c, []byte("2"), 6, false) {
			t.Error("a member too many")
		}
		f(c, map[string]int64{"1": 7, "2": 6, "3": 8}, object.Hashtable)
		if MinDeadline(c) != 6 {
			t.Errorf("MinDeadline %d", MinDeadline(c))
		}
		ToIntset(c, lim)
		Repack(c, lim)
		f(c, map[string]int64{"1": 7, "2": 6, "3": 8}, object.Hashtable)
		Remove(c, []byte("2"))
		SetDeadline(c, []byte("1"), 0)
		f(c, map[string]int64{"1": 0, "3": 8}, object.Hashtable)
		Remove(c, []byte("3"))
		f(c, map[string]int64{"1": 0}, object.Hashtable)
		if _, ok := Deadline(c, []byte("3")); ok {
			t.Error("a member that was removed has a deadline")
		}
		Repack(c, lim)
		f(c, map[string]int64{"1": 0}, object.Listpack)
		if drop(c); c.A.Used() != 0 {
			t.Errorf("%d bytes left behind", c.A.Used())
		}
	}
}

func TestExpireMembers(t *testing.T) {
	for _, limit := range []int{1, 63, 64, 65, 1 << 30} {
		for _, c := range timedSamples(t) {
			model := deadlines(c)
			n := int64(len(model))
			if more := ExpireMembers(c, 999, limit, func([]byte) { t.Error("too early") }); more {
				t.Error("more before the first deadline")
			}
			for now := int64(1000); now < 1000+n; now += 1 + n/3 {
				expireAll(t, c, maps.Clone(model), now, limit)
				maps.DeleteFunc(model, func(_ string, d int64) bool { return d != 0 && d <= now })
			}
			expireAll(t, c, model, math.MaxInt64-1, limit)
			if c.HasFieldTTL() {
				t.Error("all has expired, and the mark is still there")
			}
			drop(c)
		}
	}
}

func TestCopyTimed(t *testing.T) {
	b := newArena(t)
	for _, c := range timedSamples(t) {
		d := newCell(b)
		Copy(d, c)
		checkTimed(t, d, deadlines(c))
		if d.Encoding() != object.Hashtable || MinDeadline(d) != MinDeadline(c) {
			t.Errorf("the copy is %v, MinDeadline %d, want %d", d.Encoding(), MinDeadline(d), MinDeadline(c))
		}
		// The bounds of its segments were copied as well.
		expireAll(t, d, deadlines(c), math.MaxInt64-1, 100)
		d2 := newCell(b)
		Copy(d2, d)
		if d2.HasFieldTTL() {
			t.Error("the copy of a set without deadlines has some")
		}
		drop(d2)
		for cursor := uint64(0); !FreeStep(d, &cursor, 100); {
		}
		b.Free(*d.Slot)
		if b.Used() != 0 {
			t.Fatalf("%d bytes left behind", b.Used())
		}
	}
}

// TestWalkTimed: what does not look at deadlines works as for other sets.
func TestWalkTimed(t *testing.T) {
	for _, c := range timedSamples(t) {
		model := deadlines(c)
		seen := map[string]bool{}
		for cursor := uint64(0); ; {
			if cursor = Scan(c, cursor, 10, func(m []byte) { seen[string(m)] = true }); cursor == 0 {
				break
			}
		}
		sampled := map[string]bool{}
		Sample(c, Len(c), func(m []byte) { sampled[string(m)] = true })
		want := slices.Sorted(maps.Keys(model))
		for _, got := range []map[string]bool{seen, sampled} {
			if !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
				t.Errorf("saw %d members of %d", len(got), len(want))
			}
		}
		var scratch Scratch
		for range Len(c) {
			if _, ok := model[string(Random(c, &scratch))]; !ok {
				t.Fatal("Random gave a stranger")
			}
			m := string(Pop(c, nil))
			if _, ok := model[m]; !ok {
				t.Fatalf("Pop gave %q", m)
			}
			delete(model, m)
			if len(model)%100 == 0 {
				checkTimed(t, c, model)
			}
		}
	}
}

// TestTimedAgainstMap runs random operations under a running clock.
func TestTimedAgainstMap(t *testing.T) {
	for _, keys := range []int{20, 3000} {
		a, lim := newArena(t), limits()
		rng := rand.New(rand.NewPCG(1, uint64(keys)))
		c := newCell(a)
		InitEmpty(c)
		model := map[string]int64{}
		now := int64(1000)
		for i := range 20 * keys {
			m := strings.Repeat("x", rng.IntN(2)*rng.IntN(140)) + fmt.Sprint(rng.IntN(keys))
			old, there := model[m]
			d := now + 1 + rng.Int64N(2000)
			switch op := rng.IntN(10); op {
			case 0, 1:
				if Add(c, []byte(m), lim) == there {
					t.Fatalf("Add(%q) says %v", m, !there)
				}
				model[m] = old
			case 2, 3, 4, 5:
				if AddUntil(c, []byte(m), d, op == 5) == there {
					t.Fatalf("AddUntil(%q) says %v", m, !there)
				}
				if !there || op != 5 {
					model[m] = d
				}
			case 6, 7:
				d *= int64(op - 6)
				if SetDeadline(c, []byte(m), d) != there {
					t.Fatalf("SetDeadline(%q) says %v", m, !there)
				}
				if there {
					model[m] = d
				}
			case 8:
				if Remove(c, []byte(m)) != there {
					t.Fatalf("Remove(%q) says %v", m, !there)
				}
				delete(model, m)
			case 9:
				if rng.IntN(keys/10) == 0 { // comparing all takes its time
					now += rng.Int64N(500)
					expireAll(t, c, model, now, 1+rng.IntN(200))
				}
			}
			if got, ok := Deadline(c, []byte(m)); ok != Contains(c, []byte(m)) || got != model[m] {
				t.Fatalf("Deadline(%q) is %d, %v, want %d", m, got, ok, model[m])
			}
			if i%keys == 0 {
				checkTimed(t, c, model)
			}
		}
		expireAll(t, c, model, math.MaxInt64, 1000)
		drop(c)
		if a.Used() != 0 {
			t.Fatalf("%d bytes left behind", a.Used())
		}
	}
}

// TestTimedAllocs: adding, reading and removing timed members leaves the Go heap alone.
func TestTimedAllocs(t *testing.T) {
	for _, c := range timedSamples(t) {
		m := []byte("new-member")
		n := 0
		if avg := testing.AllocsPerRun(100, func() {
			AddUntil(c, m, 5000, false)
			Deadline(c, m)
			SetDeadline(c, m, 6000)
			Contains(c, m)
			it := NewIter(c)
			it.Next()
			Remove(c, m)
			n += Timed(c)
		}); avg != 0 {
			t.Errorf("%d members: %.1f allocations", Len(c), avg)
		}
	}
}

// FuzzTimedOps decodes operations on deadlines from bytes and compares with a map.
func FuzzTimedOps(f *testing.F) {
	f.Add([]byte("\x00a\x00b\x011\x022\x03a\x04z"))
	f.Add([]byte(strings.Repeat("\x0112\x0234\x15x\x06a", 60)))
	f.Fuzz(func(t *testing.T, ops []byte) {
		a, lim := newArena(t), limits()
		lim.SetMaxIntsetEntries, lim.SetMaxListpackEntries = 8, 6
		c := newCell(a)
		InitEmpty(c)
		model := map[string]int64{}
		now := int64(100)
		for ; len(ops) >= 2; ops = ops[2:] {
			m := fmt.Sprint(int8(ops[1]))
			if ops[0]&0x80 != 0 {
				m = strings.Repeat("m", int(ops[1])) + m
			}
			d := now + 1 + int64(ops[0]>>3&0xf)
			old, there := model[m]
			switch ops[0] & 7 {
			case 0:
				Add(c, []byte(m), lim)
				model[m] = old
			case 1, 2:
				if AddUntil(c, []byte(m), d, ops[0]&7 == 2) == there {
					t.Fatalf("AddUntil(%q)", m)
				}
				if !there || ops[0]&7 == 1 {
					model[m] = d
				}
			case 3:
				if SetDeadline(c, []byte(m), d) != there {
					t.Fatalf("SetDeadline(%q)", m)
				}
				if there {
					model[m] = d
				}
			case 4:
				if SetDeadline(c, []byte(m), 0); there {
					model[m] = 0
				}
			case 5:
				if len(model) > 0 {
					delete(model, string(Pop(c, nil)))
				}
			case 6:
				if Remove(c, []byte(m)) != there {
					t.Fatalf("Remove(%q)", m)
				}
				delete(model, m)
			case 7:
				now += int64(ops[1] & 7)
				expireAll(t, c, model, now, 1+int(ops[0]>>3))
			}
		}
		checkTimed(t, c, model)
		drop(c)
		if a.Used() != 0 {
			t.Fatalf("%d bytes left behind", a.Used())
		}
	})
}

func BenchmarkAddUntil(b *testing.B) {
	c, list := bench(b, 100_000)
	for i := 0; b.Loop(); i++ {
		AddUntil(c, list[i%len(list)], int64(i+1), false)
	}
	b.ReportMetric(float64(MemUsage(c)+c.Size())/float64(len(list))-float64(len(list[0])), "overhead-B/member")
}

func BenchmarkExpireMembers(b *testing.B) {
	_, list := bench(b, 100_000)
	a := newArena(b)
	for b.Loop() {
		c := newCell(a)
		builder := Build(c, len(list), limits())
		for i, m := range list {
			builder.AddTimed(m, int64(i+1))
		}
		for now := 1000; now <= len(list); now += 1000 {
			ExpireMembers(c, int64(now), math.MaxInt, func([]byte) {})
		}
		drop(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/member")
}
