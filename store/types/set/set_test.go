package set

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dragonfly/store/arena"
	"dragonfly/store/object"
)

func newArena(t testing.TB) *arena.Arena {
	t.Helper()
	a, err := arena.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// newCell returns an entry without a value.
func newCell(a *arena.Arena) object.Cell {
	r := object.New(a, []byte("key"), 0, object.Attrs{Type: object.Set})
	return object.Cell{A: a, Slot: &r}
}

// drop frees the entry with all it has.
func drop(c object.Cell) {
	Free(c)
	c.A.Free(*c.Slot)
}

func limits() *object.Limits {
	lim := object.DefaultLimits()
	return &lim
}

// of makes a set by SADD of one member after the other.
func of(a *arena.Arena, lim *object.Limits, members ...string) object.Cell {
	c := newCell(a)
	Init(c, []byte(members[0]), 1, lim)
	for _, m := range members {
		Add(c, []byte(m), lim)
	}
	return c
}

func members(c object.Cell) []string {
	var list []string
	it := NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		list = append(list, string(m))
	}
	return list
}

// ints returns the texts of n integers from first on.
func ints(first, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(first + i)
	}
	return list
}

func TestEncodings(t *testing.T) {
	a, lim := newArena(t), limits()
	f := func(name string, c object.Cell, want object.Encoding, n int) {
		t.Helper()
		if c.Encoding() != want || Len(c) != n || c.Type() != object.Set {
			t.Errorf("%s: %v with %d members, want %v with %d", name, c.Encoding(), Len(c), want, n)
		}
		drop(c)
	}
	f("integers", of(a, lim, "3", "1", "2"), object.Intset, 3)
	f("full intset", of(a, lim, ints(0, 512)...), object.Intset, 512)
	f("too many integers", of(a, lim, ints(0, 513)...), object.Hashtable, 513)
	f("texts", of(a, lim, "b", "a", "1"), object.Listpack, 3)
	f("integers, then a text", of(a, lim, "3", "1", "2", "x"), object.Listpack, 4)
	f("not canonical", of(a, lim, "1", "01"), object.Listpack, 2)
	f("long text", of(a, lim, "a", strings.Repeat("x", 64)), object.Listpack, 2)
	f("longer text", of(a, lim, "a", strings.Repeat("x", 65)), object.Hashtable, 2)
	f("integers, then a long text", of(a, lim, "1", strings.Repeat("x", 65)), object.Hashtable, 2)
	f("127 integers and a text", of(a, lim, append(ints(0, 127), "x")...), object.Listpack, 128)
	f("128 integers and a text", of(a, lim, append(ints(0, 128), "x")...), object.Hashtable, 129)
	f("texts, then 127 integers", of(a, lim, append([]string{"x"}, ints(0, 127)...)...), object.Listpack, 128)
	f("texts, then 128 integers", of(a, lim, append([]string{"x"}, ints(0, 128)...)...), object.Hashtable, 129)

	short := *lim
	short.SetMaxListpackValue = 3
	f("long integers, then a text", of(a, &short, "1234", "x"), object.Hashtable, 2)

	init := func(first string, n int, want object.Encoding) {
		t.Helper()
		c := newCell(a)
		Init(c, []byte(first), n, lim)
		f(fmt.Sprintf("Init(%s, %d)", first, n), c, want, 0)
	}
	init("1", 512, object.Intset)
	init("1", 513, object.Hashtable)
	init("x", 128, object.Listpack)
	init("x", 129, object.Hashtable)

	prepare := func(first string, n int, want object.Encoding) {
		t.Helper()
		c := of(a, lim, first)
		Prepare(c, n, lim)
		f(fmt.Sprintf("Prepare(%d)", n), c, want, 1)
	}
	prepare("1", 512, object.Intset)
	prepare("1", 513, object.Hashtable)
	prepare("x", 128, object.Listpack)
	prepare("x", 129, object.Hashtable)
	f("InitEmpty", func() object.Cell { c := newCell(a); InitEmpty(c); return c }(), object.Intset, 0)
	f("InitListpack", func() object.Cell { c := newCell(a); InitListpack(c); return c }(), object.Listpack, 0)
	if a.Used() != 0 {
		t.Errorf("%d bytes left behind", a.Used())
	}
}

// TestOrder: small sets show their order to clients.
func TestOrder(t *testing.T) {
	a, lim := newArena(t), limits()
	f := func(c object.Cell, want ...string) {
		t.Helper()
		if got := members(c); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		drop(c)
	}
	f(of(a, lim, "30000000000", "-1", "2"), "-1", "2", "30000000000")
	f(of(a, lim, "b", "3", "a", "1"), "b", "3", "a", "1")
	f(of(a, lim, "3", "1", "b", "2"), "1", "3", "b", "2")
	c := of(a, lim, "b", "3", "a")
	Remove(c, []byte("b"))
	Add(c, []byte("b"), lim)
	f(c, "3", "a", "b")
}

func TestToIntsetAndRepack(t *testing.T) {
	a, lim := newArena(t), limits()
	f := func(c object.Cell, change func(object.Cell, *object.Limits), want object.Encoding) {
		t.Helper()
		before := members(c)
		change(c, lim)
		after := members(c)
		slices.Sort(before)
		slices.Sort(after)
		if c.Encoding() != want || !slices.Equal(before, after) {
			t.Errorf("%v with %d members, want %v with %d", c.Encoding(), len(after), want, len(before))
		}
		drop(c)
	}
	table := func(list ...string) object.Cell {
		c := of(a, lim, list...)
		Prepare(c, 1000, lim)
		return c
	}
	f(table(ints(-200, 512)...), ToIntset, object.Intset)
	f(table(ints(-200, 513)...), ToIntset, object.Hashtable)
	c := of(a, lim, "x", "7", "1")
	Remove(c, []byte("x"))
	f(c, ToIntset, object.Intset)
	f(table(append(ints(0, 127), "x")...), Repack, object.Listpack)
	f(table(append(ints(0, 128), "x")...), Repack, object.Hashtable)
	f(table("a", strings.Repeat("x", 65)), Repack, object.Hashtable)
	if a.Used() != 0 {
		t.Errorf("%d bytes left behind", a.Used())
	}
}

// check compares the whole set with the model.
func check(t testing.TB, c object.Cell, model map[string]bool) {
	t.Helper()
	got := members(c)
	if len(got) != len(model) || Len(c) != len(model) {
		t.Fatalf("%v: %d members, Len %d, want %d", c.Encoding(), len(got), Len(c), len(model))
	}
	for _, m := range got {
		if !model[m] {
			t.Fatalf("%v: member %q too many", c.Encoding(), m)
		}
	}
	if c.Encoding() == object.Intset && !slices.IsSortedFunc(got, func(a, b string) int {
		var x, y int
		fmt.Sscan(a, &x)
		fmt.Sscan(b, &y)
		return x - y
	}) {
		t.Fatalf("intset is not in order: %v", got)
	}
	if want := int(c.A.Used()) - c.Size(); MemUsage(c) != want {
		t.Fatalf("%v: MemUsage %d, want %d", c.Encoding(), MemUsage(c), want)
	}
}

// TestAgainstMap runs random operations from nothing through all encodings and back to nothing.
func TestAgainstMap(t *testing.T) {
	for name, text := range map[string]func(i int) string{
		"integers": func(i int) string { return fmt.Sprint(i*i*i - 1000) },
		"texts":    func(i int) string { return fmt.Sprintf("member-%d", i) },
		"both": func(i int) string {
			if i%7 == 0 {
				return fmt.Sprintf("%d%s", i, strings.Repeat("x", i%300))
			}
			return fmt.Sprint(i)
		},
		"huge": func(i int) string { return strings.Repeat("y", i*100) + fmt.Sprint(i) },
	} {
		t.Run(name, func(t *testing.T) {
			a, lim := newArena(t), limits()
			rng := rand.New(rand.NewPCG(1, 2))
			c := newCell(a)
			InitEmpty(c)
			model := map[string]bool{}
			step := func(keys, addPercent int) {
				m := text(rng.IntN(keys))
				switch {
				case rng.IntN(100) < addPercent:
					if Add(c, []byte(m), lim) == model[m] {
						t.Fatalf("Add(%q) says %v", m, !model[m])
					}
					model[m] = true
				case rng.IntN(10) == 0 && len(model) > 0:
					m = string(Pop(c, nil))
					if !model[m] {
						t.Fatalf("Pop gave %q", m)
					}
					delete(model, m)
				default:
					if Remove(c, []byte(m)) != model[m] {
						t.Fatalf("Remove(%q) says %v", m, !model[m])
					}
					delete(model, m)
				}
				m = text(rng.IntN(keys))
				if Contains(c, []byte(m)) != model[m] {
					t.Fatalf("Contains(%q) says %v", m, !model[m])
				}
				var scratch Scratch
				if len(model) > 0 && !model[string(Random(c, &scratch))] {
					t.Fatal("Random gave a stranger")
				}
			}
			for i := range 1500 {
				step(100, 60)
				if i%100 == 0 {
					check(t, c, model)
				}
			}
			for i := range 4000 {
				step(900, 80)
				if i%500 == 0 {
					check(t, c, model)
				}
			}
			for m := range maps.Clone(model) {
				if !Remove(c, []byte(m)) {
					t.Fatalf("%q is lost", m)
				}
				delete(model, m)
			}
			check(t, c, model)
			drop(c)
			if a.Used() != 0 {
				t.Fatalf("%d bytes left behind", a.Used())
			}
		})
	}
}

// samples are sets of every encoding.
func samples(a *arena.Arena) []object.Cell {
	lim := limits()
	var texts []string
	for i := range 2500 {
		texts = append(texts, fmt.Sprintf("member-%d", i))
	}
	return []object.Cell{
		of(a, lim, "5"), of(a, lim, ints(-100, 300)...),
		of(a, lim, "x"), of(a, lim, append(texts[:50:50], ints(0, 50)...)...),
		of(a, lim, append(ints(0, 200), "x")...), of(a, lim, texts...),
	}
}

func TestCopyFreeStep(t *testing.T) {
	a, b := newArena(t), newArena(t)
	for _, c := range samples(a) {
		for _, to := range []*arena.Arena{a, b} {
			used := to.Used()
			d := newCell(to)
			Copy(d, c)
			x, y := members(c), members(d)
			if d.Encoding() != object.Hashtable && !slices.Equal(x, y) {
				t.Errorf("%v: the copy has another order", d.Encoding())
			}
			slices.Sort(x)
			slices.Sort(y)
			if d.Encoding() != c.Encoding() || !slices.Equal(x, y) {
				t.Errorf("%v: the copy is %v with %d members, want %d", c.Encoding(), d.Encoding(), len(y), len(x))
			}
			cursor, steps := uint64(0), 0
			for !FreeStep(d, &cursor, 100) {
				steps++
			}
			if len(x) > 2000 && steps < 2 {
				t.Error("FreeStep did it all at once")
			}
			to.Free(*d.Slot)
			if to.Used() != used {
				t.Errorf("%v: %d bytes left behind", c.Encoding(), to.Used()-used)
			}
		}
	}
}

func TestScan(t *testing.T) {
	a := newArena(t)
	for _, c := range samples(a) {
		seen, calls := map[string]bool{}, 0
		for cursor := uint64(0); ; {
			n := 0
			cursor = Scan(c, cursor, 10, func(m []byte) { seen[string(m)] = true; n++ })
			if calls++; cursor == 0 {
				break
			}
			if n < 10 || n > 200 {
				t.Errorf("%v: one call passed %d", c.Encoding(), n)
			}
		}
		if len(seen) != Len(c) || c.Encoding() != object.Hashtable && calls != 1 {
			t.Errorf("%v: saw %d of %d in %d calls", c.Encoding(), len(seen), Len(c), calls)
		}
	}
	Scan(samples(a)[5], 1<<63+12345, 10, func([]byte) {})
}

func TestSample(t *testing.T) {
	a := newArena(t)
	for _, c := range samples(a) {
		for _, n := range []int{0, 1, Len(c) / 5, Len(c) / 2, Len(c)} {
			seen := map[string]bool{}
			Sample(c, n, func(m []byte) { seen[string(m)] = true })
			if len(seen) != n {
				t.Errorf("%v: Sample(%d) gave %d", c.Encoding(), n, len(seen))
			}
		}
	}
}

// TestFair draws from sets of every encoding.
func TestFair(t *testing.T) {
	a, lim := newArena(t), limits()
	for _, c := range []object.Cell{of(a, lim, ints(0, 20)...), of(a, lim, append(ints(0, 19), "x")...),
		func() object.Cell { c := of(a, lim, ints(0, 20)...); Prepare(c, 1000, lim); return c }()} {
		const draws = 20_000
		count := map[string]int{}
		for range draws {
			var scratch Scratch
			count[string(Random(c, &scratch))]++
		}
		chi := 0.0
		for _, n := range count {
			d := float64(n) - draws/20
			chi += d * d / (draws / 20)
		}
		// 19 degrees of freedom: beyond 60 once in 300 000 runs.
		if len(count) != 20 || chi > 60 {
			t.Errorf("%v: chi square %.0f over %d members", c.Encoding(), chi, len(count))
		}
	}
}

func TestLoad(t *testing.T) {
	a, lim := newArena(t), limits()
	for _, c := range samples(a) {
		list := members(c)
		d := newCell(a)
		b := Build(d, len(list), lim)
		for _, m := range list {
			if !b.Add([]byte(m)) {
				t.Fatalf("%q counts as repeated", m)
			}
		}
		if b.Add([]byte(list[0])) {
			t.Error("a repeated member went unseen")
		}
		if d.Encoding() != c.Encoding() || Len(d) != Len(c) {
			t.Errorf("%v with %d members, want %v with %d", d.Encoding(), Len(d), c.Encoding(), Len(c))
		}
		drop(d)

		if c.Encoding() == object.Hashtable {
			continue
		}
		for _, tight := range []bool{false, true} {
			l, want := *lim, c.Encoding()
			if tight {
				l.SetMaxIntsetEntries, l.SetMaxListpackEntries = 0, 0
				want = object.Hashtable
			}
			d := newCell(a)
			d.Set(slices.Clone(c.View()))
			d.SetKind(object.Set, c.Encoding())
			Settle(d, &l)
			got := members(d)
			if want == object.Hashtable {
				slices.Sort(got)
				slices.Sort(list)
			}
			if d.Encoding() != want || d.Type() != object.Set || !slices.Equal(got, list) {
				t.Errorf("%v with %d members, want %v with %d", d.Encoding(), len(got), want, len(list))
			}
			drop(d)
		}
	}
}

// TestAllocs: commands of the hot path leave the Go heap alone.
func TestAllocs(t *testing.T) {
	a, lim := newArena(t), limits()
	for _, c := range samples(a) {
		m, n := []byte("new-member"), []byte("123456789")
		var scratch Scratch
		var dst [64]byte
		Add(c, m, lim)
		if avg := testing.AllocsPerRun(100, func() {
			Add(c, m, lim)
			Contains(c, m)
			Remove(c, m)
			Add(c, n, lim)
			Random(c, &scratch)
			it := NewIter(c)
			it.Next()
			Remove(c, n)
			Add(c, Pop(c, dst[:0]), lim)
		}); avg != 0 {
			t.Errorf("%v: %.1f allocations", c.Encoding(), avg)
		}
	}
}

// FuzzOps decodes operations from bytes and compares with a map.
func FuzzOps(f *testing.F) {
	f.Add([]byte("\x00a\x00b\x011\x022\x03a\x04z"))
	f.Add([]byte(strings.Repeat("\x0112\x0234\x05x", 60)))
	f.Fuzz(func(t *testing.T, ops []byte) {
		a, lim := newArena(t), limits()
		lim.SetMaxIntsetEntries, lim.SetMaxListpackEntries, lim.SetMaxListpackValue = 8, 6, 5
		c := newCell(a)
		InitEmpty(c)
		model := map[string]bool{}
		for len(ops) >= 2 {
			m := fmt.Sprint(int8(ops[1]))
			if ops[0]&8 != 0 {
				m = strings.Repeat("m", int(ops[1]%9)) + m
			}
			switch ops[0] & 7 {
			case 0, 1, 2, 3:
				if Add(c, []byte(m), lim) == model[m] {
					t.Fatalf("Add(%q)", m)
				}
				model[m] = true
			case 4:
				if len(model) > 0 {
					delete(model, string(Pop(c, nil)))
				}
			case 5:
				Repack(c, lim)
			default:
				if Remove(c, []byte(m)) != model[m] {
					t.Fatalf("Remove(%q)", m)
				}
				delete(model, m)
			}
			ops = ops[2:]
		}
		check(t, c, model)
		drop(c)
		if a.Used() != 0 {
			t.Fatalf("%d bytes left behind", a.Used())
		}
	})
}

// bench returns a set of n members, and the members in another order.
func bench(b *testing.B, n int) (object.Cell, [][]byte) {
	a, lim := newArena(b), limits()
	c := newCell(a)
	InitEmpty(c)
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, "member:%08d", i)
		Add(c, list[i], lim)
	}
	rand.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return c, list
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, list := bench(b, n)
			lim := limits()
			for i := 0; b.Loop(); i++ {
				m := list[i%n]
				Remove(c, m)
				Add(c, m, lim)
			}
		})
	}
}

func BenchmarkContains(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, list := bench(b, n)
			for i := 0; b.Loop(); i++ {
				if !Contains(c, list[i%n]) {
					b.Fatal("lost")
				}
			}
			b.ReportMetric(float64(MemUsage(c)+c.Size())/float64(n)-float64(len(list[0])), "overhead-B/member")
		})
	}
}

func BenchmarkIter(b *testing.B) {
	c, list := bench(b, 100_000)
	for b.Loop() {
		n := 0
		it := NewIter(c)
		for _, ok := it.Next(); ok; _, ok = it.Next() {
			n++
		}
		if n != len(list) {
			b.Fatal("lost")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/member")
}

func BenchmarkBuild(b *testing.B) {
	_, list := bench(b, 100_000)
	lim := limits()
	a := newArena(b)
	for b.Loop() {
		c := newCell(a)
		builder := Build(c, len(list), lim)
		for _, m := range list {
			builder.Add(m)
		}
		drop(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/member")
}
