package zset

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"dragonfly/store/arena"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

func newArena(t testing.TB) *arena.Arena {
	t.Helper()
	a, err := arena.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func newCell(a *arena.Arena) object.Cell {
	r := object.New(a, []byte("key"), 0, object.Attrs{Type: object.Zset, Encoding: object.Listpack})
	return object.Cell{A: a, Slot: &r}
}

func freeCell(c object.Cell) {
	Free(c)
	c.A.Free(*c.Slot)
}

type elem struct {
	member string
	score  float64
}

// model is the same as a map and, for order, a sorted copy of it.
type model map[string]float64

func (m model) sorted() []elem {
	list := make([]elem, 0, len(m))
	for k, s := range m {
		list = append(list, elem{k, s})
	}
	slices.SortFunc(list, func(a, b elem) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.member, b.member))
	})
	return list
}

func collect(c object.Cell, rank int, rev bool) (list []elem) {
	it := IterAt(c, rank, rev)
	for m, s, ok := it.Next(); ok; m, s, ok = it.Next() {
		list = append(list, elem{string(m), s})
	}
	return list
}

func (m model) compare(t *testing.T, c object.Cell) {
	t.Helper()
	want := m.sorted()
	if got := collect(c, 0, false); !slices.Equal(got, want) {
		t.Fatalf("%v: elements %v, want %v", c.Encoding(), got, want)
	}
	slices.Reverse(want)
	if got := collect(c, Len(c)-1, true); !slices.Equal(got, want) {
		t.Fatalf("%v: backwards %v, want %v", c.Encoding(), got, want)
	}
	if c.Encoding() == object.Listpack {
		if err := listpack.Validate(c.View(), true); err != nil {
			t.Fatal(err)
		}
	}
}

// wantAdd is what Add should do.
func (m model) wantAdd(member string, score float64, f Flags) (float64, Outcome) {
	old, ok := m[member]
	switch {
	case !ok && f&XX != 0:
		return score, Refused
	case !ok:
		m[member] = score
		return score, Added
	case f&NX != 0:
		return old, Refused
	}
	if f&Incr != 0 {
		score += old
	}
	switch {
	case score != score:
		return score, NaN
	case f&GT != 0 && score <= old, f&LT != 0 && score >= old:
		return old, Refused
	case score == old:
		return old, Same
	}
	m[member] = score
	return score, Updated
}

// play does operations decoded from bytes to a sorted set and its model.
func play(t *testing.T, ops []byte, lim *object.Limits) {
	a := newArena(t)
	c := newCell(a)
	Init(c, lim, 1, 1)
	m := model{}
	rng := rand.New(rand.NewPCG(1, uint64(len(ops))))
	next := func() int {
		if len(ops) == 0 {
			return 0
		}
		b := ops[0]
		ops = ops[1:]
		return int(b)
	}
	scores := []float64{0, math.Copysign(0, -1), 1, -1, 2, 1.5, 100000, -4097, 1e17, 5e18, 1e21, math.Inf(1), math.Inf(-1), 0.1, 3}
	score := func() float64 {
		v := next()
		if v < 180 {
			return scores[v%len(scores)]
		}
		return float64(v-200) / 7
	}
	member := func() string {
		v := next()
		switch {
		case v < 100:
			return fmt.Sprint(v)
		case v == 100:
			return ""
		case v == 101:
			return string(bytes.Repeat([]byte("x"), 20+next()))
		case v < 180:
			return fmt.Sprintf("member:%d", v*next())
		}
		return string([]byte{byte(v), 0, byte(next())})
	}
	for n := 0; len(ops) > 0; n++ {
		switch op := next(); {
		case op < 140:
			f := Flags(0)
			if op < 60 {
				f = []Flags{NX, XX, GT, LT, XX | GT, Incr, Incr | LT}[op%7]
			}
			k, s := member(), score()
			oldSlot := m[k]
			wantScore, want := m.wantAdd(k, s, f)
			got, out := Add(c, lim, s, []byte(k), f)
			if out != want || got != wantScore && got == got {
				t.Fatalf("Add(%v, %q, %b) on %v = %v, %v, want %v, %v", s, k, f, oldSlot, got, out, wantScore, want)
			}
		case op < 190:
			k := member()
			_, want := m[k]
			delete(m, k)
			if got := Remove(c, []byte(k)); got != want {
				t.Fatalf("Remove(%q) = %v", k, got)
			}
		case op < 200:
			list := m.sorted()
			if len(list) == 0 {
				break
			}
			from := next() % len(list)
			to := min(from+next()%20, len(list))
			RemoveRange(c, from, to)
			for _, e := range list[from:to] {
				delete(m, e.member)
			}
		default:
			m.compareReads(t, c, member(), score(), score(), rng.IntN(4))
		}
		if Len(c) != len(m) {
			t.Fatalf("Len = %d, want %d", Len(c), len(m))
		}
	}
	m.compare(t, c)
	b := newArena(t)
	to := newCell(b)
	Copy(to, c)
	m.compare(t, to)
	for _, c := range []object.Cell{c, to} {
		if outside := c.A.Used() - int64(c.Size()); int64(MemUsage(c)) != outside && len(m) < sampled {
			t.Fatalf("MemUsage = %d, used %d", MemUsage(c), outside)
		}
		freeCell(c)
		if c.A.Used() != 0 {
			t.Fatalf("%d bytes left", c.A.Used())
		}
	}
}

func (m model) compareReads(t *testing.T, c object.Cell, k string, lo, hi float64, ex int) {
	t.Helper()
	list := m.sorted()
	wantScore, want := m[k]
	if got, ok := Score(c, []byte(k)); ok != want || got != wantScore {
		t.Fatalf("Score(%q) = %v, %v", k, got, ok)
	}
	rank := slices.IndexFunc(list, func(e elem) bool { return e.member == k })
	if got, s, ok := Rank(c, []byte(k)); ok != want || ok && (got != rank || s != wantScore) {
		t.Fatalf("Rank(%q) = %v, %v", k, got, ok)
	}
	r := ScoreRange{lo, hi, ex&1 != 0, ex&2 != 0}
	var inRange []elem
	for _, e := range list {
		if r.reached(e.score) && !r.passed(e.score) {
			inRange = append(inRange, e)
		}
	}
	from, to := RanksByScore(c, &r)
	if to-from != len(inRange) || to > from && !slices.Equal(list[from:to], inRange) {
		t.Fatalf("RanksByScore(%v) = %d, %d", r, from, to)
	}
	if got := collect(c, from, false); from < len(list) && !slices.Equal(got, list[from:]) {
		t.Fatalf("IterAt(%d) = %v", from, got)
	}
}

func largeLimits() *object.Limits {
	lim := object.DefaultLimits()
	lim.ZsetMaxListpackEntries = 4 * samples
	return &lim
}

func smallLimits() *object.Limits {
	lim := object.DefaultLimits()
	lim.ZsetMaxListpackEntries = 24
	return &lim
}

func TestAgainstModel(t *testing.T) {
	lim := object.DefaultLimits()
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 9))
		ops := make([]byte, 12_000)
		for i := range ops {
			ops[i] = byte(rng.Uint32())
		}
		play(t, ops, []*object.Limits{&lim, smallLimits(), largeLimits()}[seed%3])
	}
}

func FuzzZset(f *testing.F) {
	f.Add([]byte{100, 1, 1, 100, 2, 2, 150, 1, 210, 2, 1, 2})
	f.Fuzz(func(t *testing.T, ops []byte) { play(t, ops[:min(len(ops), 1000)], smallLimits()) })
}

func TestLex(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	for _, n := range []int{0, 1, 5, 100, 500} {
		c := newCell(a)
		Init(c, &lim, 1, 1)
		var members []string
		for i := range n {
			m := fmt.Sprint("m", (i*37)%n)
			if i%10 == 3 {
				m = fmt.Sprint(i)
			}
			members = append(members, m)
			Add(c, &lim, 0, []byte(m), 0)
		}
		slices.Sort(members)
		members = slices.Compact(members)
		bounds := []LexBound{{Inf: -1}, {Inf: 1}, {Text: []byte("m2")}, {Text: []byte("m2"), Ex: true}, {Text: []byte("m7")},
			{Text: []byte("m77"), Ex: true}, {Text: []byte("")}, {Text: []byte("13"), Ex: true}, {Text: []byte("zz")}}
		for _, lo := range bounds {
			for _, hi := range bounds {
				r := LexRange{lo, hi}
				var want []string
				for _, m := range members {
					if r.reached([]byte(m)) && !r.passed([]byte(m)) {
						want = append(want, m)
					}
				}
				from, to := RanksByLex(c, &r)
				if to < from || to-from != len(want) || len(want) > 0 && !slices.Equal(members[from:to], want) {
					t.Fatalf("%d members, %v: ranks %d, %d, want %v", n, r, from, to, want)
				}
			}
		}
		freeCell(c)
	}
}

func TestEncodings(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	f := func(name string, want object.Encoding, build func(c object.Cell)) {
		t.Helper()
		c := newCell(a)
		Init(c, &lim, 1, 1)
		build(c)
		if c.Encoding() != want || c.Type() != object.Zset {
			t.Errorf("%s: encoding %v, want %v", name, c.Encoding(), want)
		}
		freeCell(c)
	}
	add := func(c object.Cell, n int) {
		for i := range n {
			Add(c, &lim, float64(i), fmt.Append(nil, i), 0)
		}
	}
	f("128 elements", object.Listpack, func(c object.Cell) { add(c, 128) })
	f("129 elements", object.Skiplist, func(c object.Cell) { add(c, 129) })
	f("no way back", object.Skiplist, func(c object.Cell) { add(c, 129); RemoveRange(c, 10, 129) })
	f("a member of 64 bytes", object.Listpack, func(c object.Cell) { Add(c, &lim, 1, make([]byte, 64), 0) })
	f("a member of 65 bytes", object.Skiplist, func(c object.Cell) { Add(c, &lim, 1, make([]byte, 65), 0) })
	f("one refused", object.Listpack, func(c object.Cell) { Add(c, &lim, 1, make([]byte, 65), XX) })
	f("within smaller limits", object.Listpack, func(c object.Cell) { add(c, 24); Settle(c, smallLimits()) })
	f("beyond smaller limits", object.Skiplist, func(c object.Cell) { add(c, 25); Settle(c, smallLimits()) })
	f("many expected", object.Skiplist, func(c object.Cell) { Expect(c, &lim, 129) })
	f("long members expected", object.Skiplist, func(c object.Cell) { Init(c, &lim, 1, 65) })
	if a.Used() != 0 {
		t.Fatalf("%d bytes left", a.Used())
	}
}

// TestMinusZero holds the rule of the package comment.
func TestMinusZero(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	minus := math.Copysign(0, -1)
	c := newCell(a)
	Init(c, &lim, 1, 1)
	Add(c, &lim, minus, []byte("a"), 0)
	if s, _ := Score(c, []byte("a")); math.Signbit(s) {
		t.Fatal("a listpack kept -0")
	}
	ToTree(c)
	Add(c, &lim, minus, []byte("b"), 0)
	if s, _ := Score(c, []byte("b")); !math.Signbit(s) {
		t.Fatal("a big sorted set lost -0")
	}
	if _, out := Add(c, &lim, 0, []byte("b"), 0); out != Same {
		t.Fatalf("0 after -0 is %v", out)
	}
	if got := collect(c, 0, false); got[0].member != "a" || got[1].member != "b" {
		t.Fatalf("order %v", got)
	}
	if from, to := RanksByScore(c, &ScoreRange{Min: minus, Max: 0}); from != 0 || to != 2 {
		t.Fatalf("ranks %d, %d", from, to)
	}
	freeCell(c)
}

// TestPackedBytes holds the bytes of a listpack that Redis 7.4 makes.
func TestPackedBytes(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	c := newCell(a)
	Init(c, &lim, 1, 1)
	Add(c, &lim, 2.5, []byte("b"), 0)
	Add(c, &lim, 1, []byte("a"), 0)
	Add(c, &lim, 300, []byte("7"), 0)
	want := []byte("\x1b\x00\x00\x00\x06\x00\x81a\x02\x01\x01\x81b\x02\x832.5\x04\x07\x01\xc1\x2c\x02\xff")
	want[0] = byte(len(want))
	if !bytes.Equal(c.View(), want) {
		t.Fatalf("bytes %q, want %q", c.View(), want)
	}
	freeCell(c)
}

func TestBuilder(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	b := NewBuilder(a)
	for _, n := range []int{0, 1, 100, 128, 129, 5000} {
		for order := range 3 {
			m := model{}
			for i := range n {
				v := []int{i, n - i, (i * 7919) % 10007}[order]
				k := fmt.Append(nil, "m", v)
				if !b.Add(k, float64(v/3)) {
					t.Fatal("Add refused a new member")
				}
				m[string(k)] = float64(v / 3)
			}
			if n > 1 {
				k := []byte("m1")
				if _, ok := m["m1"]; ok == b.Add(k, 1) {
					t.Fatal("Add of a known member")
				}
				p := b.Find(k)
				*p += 2.5
				m["m1"] = *p
			}
			b.Sort()
			for i, e := range m.sorted() {
				if k, s := b.At(i); string(k) != e.member || s != e.score {
					t.Fatalf("element %d is %s %v, want %v", i, k, s, e)
				}
			}
			c := newCell(a)
			b.Finish(c, &lim)
			m.compare(t, c)
			if want := n > 128; (c.Encoding() == object.Skiplist) != want && n != 128 {
				t.Fatalf("%d elements: encoding %v", n, c.Encoding())
			}
			for k, s := range m {
				if got, ok := Score(c, []byte(k)); !ok || got != s {
					t.Fatalf("Score(%s) = %v, %v", k, got, ok)
				}
			}
			freeCell(c)
		}
	}
	b.Add([]byte("x"), 1)
	b.Discard()
	if b.Add([]byte("x"), math.NaN()) {
		t.Fatal("Add took NaN")
	}
	if a.Used() != 0 {
		t.Fatalf("%d bytes left", a.Used())
	}
}

func TestScan(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	for _, n := range []int{10, 3000} {
		c := newCell(a)
		Init(c, &lim, 1, 1)
		for i := range n {
			Add(c, &lim, float64(i), fmt.Append(nil, i), 0)
		}
		seen := model{}
		cursor, calls := uint64(0), 0
		for {
			cursor = Scan(c, cursor, func(m []byte, s float64) { seen[string(m)] = s })
			if calls++; cursor == 0 {
				break
			}
		}
		seen.compare(t, c)
		if n == 3000 && calls < 10 {
			t.Fatalf("%d calls", calls)
		}
		freeCell(c)
	}
}

// TestMemory holds the goal of at most 48 bytes per element.
func TestMemory(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	c := newCell(a)
	Init(c, &lim, 1, 1)
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 100_000
	for i := range n {
		Add(c, &lim, rng.Float64(), fmt.Appendf(nil, "mem:%06d", i), 0)
	}
	if got := float64(a.Used()) / n; got > 48 {
		t.Fatalf("%.1f bytes per element", got)
	} else {
		t.Logf("%.1f bytes per element", got)
	}
	freeCell(c)
}

func TestNoAllocations(t *testing.T) {
	lim := object.DefaultLimits()
	a := newArena(t)
	for _, n := range []int{50, 1000} {
		c := newCell(a)
		Init(c, &lim, 1, 1)
		for i := range n {
			Add(c, &lim, float64(i), fmt.Append(nil, "m", i), 0)
		}
		k, x := []byte("m17"), []byte("other")
		i := 0.5
		if got := testing.AllocsPerRun(100, func() {
			i++
			Add(c, &lim, i, k, 0)
			Add(c, &lim, i, x, 0)
			Add(c, &lim, 0.25, x, Incr)
			Score(c, k)
			Rank(c, k)
			from, _ := RanksByScore(c, &ScoreRange{Min: i, Max: i + 10})
			it := IterAt(c, from, false)
			it.Next()
			it.Next()
			RanksByLex(c, &LexRange{Min: LexBound{Text: k}, Max: LexBound{Inf: 1}})
			Remove(c, x)
		}); got != 0 {
			t.Fatalf("%v allocations with %d elements", got, n)
		}
		freeCell(c)
	}
}

func benchCell(b *testing.B, n int) (object.Cell, *object.Limits, [][]byte) {
	lim := object.DefaultLimits()
	c := newCell(newArena(b))
	Init(c, &lim, 1, 1)
	rng := rand.New(rand.NewPCG(1, 2))
	members := make([][]byte, n)
	for i := range members {
		members[i] = fmt.Appendf(nil, "mem:%06d", i)
		Add(c, &lim, rng.Float64(), members[i], 0)
	}
	rng.Shuffle(n, func(i, j int) { members[i], members[j] = members[j], members[i] })
	return c, &lim, members
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{10, 128, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, lim, members := benchCell(b, n)
			rng := rand.New(rand.NewPCG(3, 4))
			for i := 0; b.Loop(); i++ {
				Add(c, lim, rng.Float64(), members[i%n], 0)
			}
		})
	}
}

func BenchmarkAddRemove(b *testing.B) {
	c, lim, members := benchCell(b, 100_000)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := 0; b.Loop(); i++ {
		Remove(c, members[i%len(members)])
		Add(c, lim, rng.Float64(), members[i%len(members)], 0)
	}
}

func BenchmarkRank(b *testing.B) {
	c, _, members := benchCell(b, 100_000)
	for i := 0; b.Loop(); i++ {
		Rank(c, members[i%len(members)])
	}
}

func BenchmarkRange100(b *testing.B) {
	c, _, _ := benchCell(b, 100_000)
	for i := 0; b.Loop(); i++ {
		it := IterAt(c, i*7919%99_000, false)
		for range 100 {
			it.Next()
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	a := newArena(b)
	lim := object.DefaultLimits()
	members := make([][]byte, 100_000)
	for i := range members {
		members[i] = fmt.Appendf(nil, "mem:%06d", i)
	}
	for b.Loop() {
		c := newCell(a)
		bld := NewBuilder(a)
		for i := range members {
			bld.Add(members[i], float64(len(members)-i))
		}
		bld.Finish(c, &lim)
		freeCell(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/elem")
}
