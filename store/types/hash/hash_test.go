package hash

import (
	"fmt"
	"maps"
	"math"
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

// newCell returns an entry that is an empty hash.
func newCell(a *arena.Arena) object.Cell {
	r := object.New(a, []byte("key"), 0, object.Attrs{})
	c := object.Cell{A: a, Slot: &r}
	Init(c)
	return c
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

// fields returns "field value@deadline" of every field, in order of the iterator.
func fields(c object.Cell, now int64) []string {
	list := []string{}
	it := NewIter(c, now)
	for f, v, ok := it.Next(); ok; f, v, ok = it.Next() {
		s := fmt.Sprintf("%s %s", f, v)
		if it.Deadline != 0 {
			s += fmt.Sprintf("@%d", it.Deadline)
		}
		list = append(list, s)
	}
	return list
}

func set(c object.Cell, field, value string) bool {
	return Set(c, []byte(field), []byte(value), false, limits())
}

// sized returns a hash of n fields, and every step-th with a deadline.
func sized(a *arena.Arena, n, step int) object.Cell {
	c := newCell(a)
	for i := range n {
		set(c, fmt.Sprint("field", i), fmt.Sprint(i))
		if step > 0 && i%step == 0 {
			AllowTTL(c)
			SetDeadline(c, fmt.Append(nil, "field", i), int64(1000+i), 1, Always)
		}
	}
	return c
}

func TestEncodings(t *testing.T) {
	a, lim := newArena(t), limits()
	f := func(name string, c object.Cell, want object.Encoding, n int) {
		t.Helper()
		if c.Encoding() != want || Len(c) != n || c.Type() != object.Hash {
			t.Errorf("%s: %v with %d fields, want %v with %d", name, c.Encoding(), Len(c), want, n)
		}
		drop(c)
	}
	with := func(field, value string) object.Cell {
		c := newCell(a)
		set(c, field, value)
		return c
	}
	long, tooLong := strings.Repeat("x", 64), strings.Repeat("x", 65)
	f("small", with("f", "v"), object.Listpack, 1)
	f("long", with(long, long), object.Listpack, 1)
	f("long field", with(tooLong, "v"), object.Hashtable, 1)
	f("long value", with("f", tooLong), object.Hashtable, 1)
	f("512 fields", sized(a, 512, 0), object.Listpack, 512)
	f("513 fields", sized(a, 513, 0), object.Hashtable, 513)
	f("512 fields with deadlines", sized(a, 512, 2), object.ListpackEx, 512)
	f("513 fields with deadlines", sized(a, 513, 2), object.Hashtable, 513)

	prepare := func(n int, text string, want object.Encoding) {
		t.Helper()
		c := with("f", "v")
		pairs := make([][]byte, 2*n)
		for i := range pairs {
			pairs[i] = []byte(text)
		}
		Prepare(c, pairs, lim)
		f(fmt.Sprintf("Prepare(%d)", n), c, want, 1)
	}
	prepare(512, "x", object.Listpack)
	prepare(513, "x", object.Hashtable)
	prepare(1, long, object.Listpack)
	prepare(1, tooLong, object.Hashtable)

	size := func(want int, pairs ...string) {
		t.Helper()
		list := make([][]byte, len(pairs))
		for i, p := range pairs {
			list[i] = []byte(p)
		}
		if got := SizeFor(list, lim); got != want {
			t.Errorf("SizeFor(%d pairs) = %d, want %d", len(pairs)/2, got, want)
		}
	}
	size(7)
	size(7+3+2+4+2, "f", "1", "gg", "2")
	size(7, "f", tooLong)
	size(7, make([]string, 1026)...)

	c := with("f", "v")
	AllowTTL(c)
	if SetDeadline(c, []byte("none"), 5, 1, Always) != NoField {
		t.Error("a deadline for no field")
	}
	f("deadline of a missing field", c, object.ListpackEx, 1)
	c = with("f", "v")
	AllowTTL(c)
	SetDeadline(c, []byte("f"), 5, 1, Always)
	Persist(c, []byte("f"), 1)
	f("after Persist", c, object.ListpackEx, 1)
	if a.Used() != 0 {
		t.Errorf("%d bytes left behind", a.Used())
	}
}

// TestOrder: small hashes show their order to clients and in files.
func TestOrder(t *testing.T) {
	a := newArena(t)
	c := newCell(a)
	want := func(list ...string) {
		t.Helper()
		if got := fields(c, 0); !slices.Equal(got, list) {
			t.Errorf("%q, want %q", got, list)
		}
	}
	set(c, "b", "1")
	set(c, "a", "2")
	set(c, "3", "x")
	set(c, "b", "longer than before")
	want("b longer than before", "a 2", "3 x")
	AllowTTL(c)
	want("b longer than before", "a 2", "3 x")
	ttl := func(field string, deadline int64) { SetDeadline(c, []byte(field), deadline, 1, Always) }
	ttl("3", 100)
	want("3 x@100", "b longer than before", "a 2")
	ttl("a", 50)
	want("a 2@50", "3 x@100", "b longer than before")
	ttl("b", 100) // before its equal, as in Redis
	want("a 2@50", "b longer than before@100", "3 x@100")
	Set(c, []byte("b"), []byte("7"), true, limits())
	want("a 2@50", "b 7@100", "3 x@100")
	set(c, "a", "8")
	want("b 7@100", "3 x@100", "a 8")
	set(c, "new", "9")
	want("b 7@100", "3 x@100", "a 8", "new 9")
	Persist(c, []byte("b"), 1)
	want("3 x@100", "a 8", "new 9", "b 7")
	if got := fields(c, 100); !slices.Equal(got, []string{"a 8", "new 9", "b 7"}) {
		t.Errorf("at the deadline: %q", got)
	}
}

// TestDeadlines runs the conditions of HEXPIRE on a small and a big hash.
func TestDeadlines(t *testing.T) {
	a := newArena(t)
	for _, n := range []int{1, 600} {
		c := sized(a, n, 0)
		AllowTTL(c)
		field := []byte("field0")
		f := func(deadline int64, cond Cond, want Result, wantDeadline int64) {
			t.Helper()
			got := SetDeadline(c, field, deadline, 10, cond)
			d, ok := Deadline(c, field, 10)
			if got != want || d != wantDeadline || !ok || c.HasFieldTTL() != (d != 0) {
				t.Errorf("%v, %d: result %d, deadline %d; want %d, %d", c.Encoding(), deadline, got, d, want, wantDeadline)
			}
		}
		f(100, XX, Unmet, 0)
		f(100, GT, Unmet, 0)
		f(100, LT, Done, 100)
		f(200, NX, Unmet, 100)
		f(100, GT, Unmet, 100)
		f(100, LT, Unmet, 100)
		f(200, LT, Unmet, 100)
		f(50, GT, Unmet, 100)
		f(200, GT, Done, 200)
		f(90, LT, Done, 90)
		f(80, XX, Done, 80)
		f(70, Always, Done, 70)
		if MinDeadline(c) > 70 || Timed(c) != 1 {
			t.Errorf("%v: MinDeadline %d, Timed %d", c.Encoding(), MinDeadline(c), Timed(c))
		}
		var scratch Scratch
		if _, ok := Get(c, field, 69, &scratch); !ok || !Has(c, field, 0) {
			t.Error("the field went early")
		}
		if _, ok := Get(c, field, 70, &scratch); ok || Has(c, field, 70) {
			t.Error("the field stayed")
		}
		if Persist(c, field, 70) != NoField || SetDeadline(c, field, 100, 70, Always) != NoField {
			t.Error("an expired field is there")
		}
		if Len(c) != n || Expired(c, 69) != 0 || Expired(c, 70) != 1 {
			t.Errorf("Len %d, Expired %d and %d", Len(c), Expired(c, 69), Expired(c, 70))
		}
		if Persist(c, field, 10) != Done || Persist(c, field, 10) != NoTTL || c.HasFieldTTL() || MinDeadline(c) != math.MaxInt64 {
			t.Error("Persist")
		}
		SetDeadline(c, field, 100, 10, Always)
		if HasExpired(c, field, 99) || !HasExpired(c, field, 100) || !Remove(c, field) || HasExpired(c, field, 100) || c.HasFieldTTL() {
			t.Error("HasExpired")
		}
		set(c, "field0", "v")
		if SetDeadline(c, field, 10, 10, GT) != Unmet || SetDeadline(c, field, 10, 10, LT) != Deleted || Has(c, field, 0) {
			t.Error("a deadline in the past")
		}
		if Persist(c, field, 1) != NoField || Len(c) != n-1 {
			t.Error("the field is still there")
		}
		drop(c)
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes left behind", a.Used())
	}
}

func TestExpireFields(t *testing.T) {
	a := newArena(t)
	for _, n := range []int{10, 400, 5000} {
		c := sized(a, n, 2) // field i expires at 1000+i, if i is even
		if ExpireFields(c, 999, 100, func([]byte) { t.Fatal("too early") }) {
			t.Fatal("more before the first")
		}
		gone := map[string]bool{}
		expire := func(now int64, limit int) bool {
			return ExpireFields(c, now, limit, func(f []byte) { gone[string(f)] = true })
		}
		half := int64(1000 + n/2 - 1)
		due := Expired(c, half)
		if want := (n/2 + 1) / 2; due != want {
			t.Fatalf("%d fields: Expired %d, want %d", n, due, want)
		}
		if !expire(half, due-1) || len(gone) != due-1 {
			t.Fatalf("%d fields: %d of %d removed in part", n, len(gone), due)
		}
		if expire(half, 5) || len(gone) != due || Expired(c, half) != 0 {
			t.Fatalf("%d fields: %d of %d removed", n, len(gone), due)
		}
		if got := MinDeadline(c); got <= half || got > half+3 {
			t.Fatalf("%d fields: MinDeadline %d after %d", n, got, half)
		}
		if expire(math.MaxInt64-1, n) || len(gone) != (n+1)/2 || Len(c) != n/2 || c.HasFieldTTL() || Timed(c) != 0 {
			t.Fatalf("%d fields: %d removed, %d left", n, len(gone), Len(c))
		}
		if MinDeadline(c) != math.MaxInt64 {
			t.Fatalf("%d fields: MinDeadline %d", n, MinDeadline(c))
		}
		for f := range gone {
			if Has(c, []byte(f), 0) {
				t.Fatalf("%s is still there", f)
			}
		}
		drop(c)
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes left behind", a.Used())
	}
}

type entry struct {
	value    string
	deadline int64
}

// check compares the whole hash with the model.
func check(t testing.TB, c object.Cell, model map[string]entry) {
	t.Helper()
	n, timed, least := 0, 0, int64(math.MaxInt64)
	it := NewIter(c, 0)
	last := int64(0)
	for f, v, ok := it.Next(); ok; f, v, ok = it.Next() {
		if e, ok := model[string(f)]; !ok || e.value != string(v) || e.deadline != it.Deadline {
			t.Fatalf("%v: field %q is %q@%d, want %v", c.Encoding(), f, v, it.Deadline, e)
		}
		if it.Deadline != 0 {
			timed++
			least = min(least, it.Deadline)
			if c.Encoding() == object.ListpackEx && it.Deadline < last {
				t.Fatal("deadlines do not ascend")
			}
			last = it.Deadline
		} else {
			last = math.MaxInt64
		}
		n++
	}
	if n != len(model) || Len(c) != n {
		t.Fatalf("%v: %d fields, Len %d, want %d", c.Encoding(), n, Len(c), len(model))
	}
	if c.HasFieldTTL() != (timed > 0) || Timed(c) != timed || MinDeadline(c) > least || timed == 0 && MinDeadline(c) != least {
		t.Fatalf("%v: HasFieldTTL %v, Timed %d of %d, MinDeadline %d of %d", c.Encoding(), c.HasFieldTTL(), Timed(c), timed, MinDeadline(c), least)
	}
	if want := int(c.A.Used()) - c.Size(); MemUsage(c) != want {
		t.Fatalf("%v: MemUsage %d, want %d", c.Encoding(), MemUsage(c), want)
	}
}

// op does one random operation on hash and model.
func op(t testing.TB, c object.Cell, model map[string]entry, lim *object.Limits, rng *rand.Rand, field, value string, addPercent int, ttl bool) {
	t.Helper()
	old, there := model[field]
	const now = 1000
	switch p := rng.IntN(100); {
	case p < addPercent:
		keep := rng.IntN(3) == 0
		if Set(c, []byte(field), []byte(value), keep, lim) == there {
			t.Fatalf("Set(%q) says %v", field, !there)
		}
		e := entry{value: value}
		if keep {
			e.deadline = old.deadline
		}
		model[field] = e
	case p < addPercent+(100-addPercent)/3 && ttl:
		AllowTTL(c)
		deadline := now + 1 + rng.Int64N(500)
		want := NoField
		if there {
			want = Done
			old.deadline = deadline
			model[field] = old
		}
		if got := SetDeadline(c, []byte(field), deadline, now, Always); got != want {
			t.Fatalf("SetDeadline(%q) = %d, want %d", field, got, want)
		}
	case p%10 == 0 && ttl:
		Persist(c, []byte(field), now)
		if old.deadline = 0; there {
			model[field] = old
		}
	case p%50 == 1 && ttl:
		at := now + rng.Int64N(500)
		ExpireFields(c, at, 7, func(f []byte) {
			if e := model[string(f)]; e.deadline == 0 || e.deadline > at {
				t.Fatalf("%q expired", f)
			}
			delete(model, string(f))
		})
	default:
		if Remove(c, []byte(field)) != there {
			t.Fatalf("Remove(%q) says %v", field, !there)
		}
		delete(model, field)
	}
	var scratch Scratch
	e, there := model[field]
	if v, ok := Get(c, []byte(field), now, &scratch); ok != there || string(v) != e.value {
		t.Fatalf("Get(%q) = %q, %v; want %v", field, v, ok, e)
	}
	if d, ok := Deadline(c, []byte(field), now); ok != there || d != e.deadline {
		t.Fatalf("Deadline(%q) = %d, %v; want %v", field, d, ok, e)
	}
}

// TestAgainstMap runs random operations from nothing through all encodings and back to nothing.
func TestAgainstMap(t *testing.T) {
	for _, ttl := range []bool{false, true} {
		for name, text := range map[string]func(i int) string{
			"integers": func(i int) string { return fmt.Sprint(i*i*i - 1000) },
			"texts":    func(i int) string { return fmt.Sprintf("text-%d", i) },
			"long":     func(i int) string { return fmt.Sprintf("%d%s", i, strings.Repeat("x", i%300)) },
			"huge":     func(i int) string { return strings.Repeat("y", i*60) + fmt.Sprint(i) },
		} {
			t.Run(fmt.Sprint(name, ttl), func(t *testing.T) {
				a, lim := newArena(t), limits()
				rng := rand.New(rand.NewPCG(1, 2))
				c := newCell(a)
				model := map[string]entry{}
				for i := range 1500 {
					op(t, c, model, lim, rng, fmt.Sprint(rng.IntN(100)), text(rng.IntN(60)), 60, ttl)
					if i%100 == 0 {
						check(t, c, model)
					}
				}
				for i := range 4000 {
					op(t, c, model, lim, rng, text(rng.IntN(900)), text(rng.IntN(1000)), 80, ttl)
					if i%500 == 0 {
						check(t, c, model)
					}
				}
				for f := range maps.Clone(model) {
					if !Remove(c, []byte(f)) {
						t.Fatalf("%q is lost", f)
					}
					delete(model, f)
				}
				check(t, c, model)
				drop(c)
				if a.Used() != 0 {
					t.Fatalf("%d bytes left behind", a.Used())
				}
			})
		}
	}
}

// samples are hashes of every encoding.
func samples(a *arena.Arena) []object.Cell {
	return []object.Cell{sized(a, 1, 0), sized(a, 300, 0), sized(a, 1, 1), sized(a, 300, 3), sized(a, 3000, 0), sized(a, 3000, 3)}
}

func TestCopyFreeStep(t *testing.T) {
	a, b := newArena(t), newArena(t)
	for _, c := range samples(a) {
		for _, to := range []*arena.Arena{a, b} {
			used := to.Used()
			d := newCell(to)
			Copy(d, c)
			x, y := fields(c, 0), fields(d, 0)
			if d.Encoding() == object.Hashtable {
				slices.Sort(x)
				slices.Sort(y)
			}
			if d.Encoding() != c.Encoding() || d.HasFieldTTL() != c.HasFieldTTL() || MinDeadline(d) != MinDeadline(c) || !slices.Equal(x, y) {
				t.Errorf("%v: the copy is %v with %d fields, want %d", c.Encoding(), d.Encoding(), len(y), len(x))
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

func TestScanSampleRandom(t *testing.T) {
	a := newArena(t)
	for _, c := range samples(a) {
		seen, calls := map[string]bool{}, 0
		for cursor := uint64(0); ; {
			cursor = Scan(c, cursor, 10, 0, func(f, v []byte) { seen[string(f)] = true })
			if calls++; cursor == 0 {
				break
			}
		}
		if len(seen) != Len(c) || c.Encoding() != object.Hashtable && calls != 1 {
			t.Errorf("%v: saw %d of %d in %d calls", c.Encoding(), len(seen), Len(c), calls)
		}
		left := 0
		for cursor := uint64(0); ; {
			cursor = Scan(c, cursor, 100, math.MaxInt64-1, func(f, v []byte) { left++ })
			if cursor == 0 {
				break
			}
		}
		if left != Len(c)-Timed(c) {
			t.Errorf("%v: saw %d of %d that have not expired", c.Encoding(), left, Len(c)-Timed(c))
		}
		for _, n := range []int{0, 1, Len(c) / 5, Len(c) / 2, Len(c)} {
			seen := map[string]bool{}
			Sample(c, n, func(f, v []byte) { seen[string(f)] = "field"+string(v) == string(f) })
			if len(seen) != n || slices.Contains(slices.Collect(maps.Values(seen)), false) {
				t.Errorf("%v: Sample(%d) gave %d", c.Encoding(), n, len(seen))
			}
		}
		clear(seen)
		for range 20 * Len(c) {
			var x, y Scratch
			f, v := Random(c, &x, &y)
			if seen[string(f)] = true; string(f) != "field"+string(v) {
				t.Fatalf("Random gave %s %s", f, v)
			}
		}
		if len(seen) != Len(c) {
			t.Errorf("%v: Random gave %d of %d", c.Encoding(), len(seen), Len(c))
		}
	}
}

func TestLoad(t *testing.T) {
	a, lim := newArena(t), limits()
	for _, c := range samples(a) {
		d := newCell(a)
		b := Build(d, Len(c), lim)
		it := NewIter(c, 0)
		for f, v, ok := it.Next(); ok; f, v, ok = it.Next() {
			if !b.Add(f, v, it.Deadline) {
				t.Fatalf("%q counts as repeated", f)
			}
		}
		if b.Add([]byte("field0"), []byte("x"), 0) {
			t.Error("a repeated field went unseen")
		}
		same := func(d object.Cell, enc object.Encoding) {
			t.Helper()
			x, y := fields(c, 0), fields(d, 0)
			slices.Sort(x)
			slices.Sort(y)
			if d.Encoding() != enc || d.Type() != object.Hash || d.HasFieldTTL() != c.HasFieldTTL() || !slices.Equal(x, y) {
				t.Errorf("%v with %d fields, want %v with %d", d.Encoding(), len(y), enc, len(x))
			}
			drop(d)
		}
		same(d, c.Encoding())
		if c.Encoding() == object.Hashtable {
			continue
		}
		tight := *lim
		tight.HashMaxListpackEntries = 0
		for l, enc := range map[*object.Limits]object.Encoding{lim: c.Encoding(), &tight: object.Hashtable} {
			d := newCell(a)
			d.Set(slices.Clone(c.View()))
			d.SetKind(object.Hash, c.Encoding())
			d.SetHasFieldTTL(c.HasFieldTTL())
			Settle(d, l)
			same(d, enc)
		}
	}
}

// TestAllocs: commands of the hot path leave the Go heap alone.
func TestAllocs(t *testing.T) {
	a, lim := newArena(t), limits()
	for _, c := range samples(a) {
		field, other := []byte("new-field"), []byte("12345")
		v1, v2 := []byte("value"), []byte("123")
		pairs := [][]byte{field, v1}
		var x, y Scratch
		if avg := testing.AllocsPerRun(100, func() {
			Prepare(c, pairs, lim)
			Set(c, field, v1, false, lim)
			Set(c, field, v2, true, lim)
			Set(c, other, v2, false, lim)
			Get(c, other, 5, &x)
			Random(c, &x, &y)
			if c.Encoding() != object.Listpack {
				SetDeadline(c, field, 1<<40, 5, Always)
				Persist(c, field, 5)
			}
			HasExpired(c, field, 5)
			it := NewIter(c, 5)
			it.Next()
			Remove(c, other)
			Remove(c, field)
		}); avg != 0 {
			t.Errorf("%v: %.1f allocations", c.Encoding(), avg)
		}
	}
}

// FuzzOps decodes operations from bytes and compares with a map.
func FuzzOps(f *testing.F) {
	f.Add(uint64(1), []byte("abcdefghijklmnop"))
	f.Add(uint64(2), []byte(strings.Repeat("\x0112\x0234\x05x", 60)))
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte) {
		a, lim := newArena(t), limits()
		lim.HashMaxListpackEntries, lim.HashMaxListpackValue = 8, 20
		rng := rand.New(rand.NewPCG(seed, 1))
		c := newCell(a)
		model := map[string]entry{}
		for len(ops) >= 3 {
			field, value := fmt.Sprint(int8(ops[0])%16), fmt.Sprint(int8(ops[1]))
			if ops[1]&1 != 0 {
				value = strings.Repeat("v", int(ops[1]%23)) + value
			}
			op(t, c, model, lim, rng, field, value, int(ops[2]%100), seed%2 == 0)
			ops = ops[3:]
		}
		check(t, c, model)
		drop(c)
		if a.Used() != 0 {
			t.Fatalf("%d bytes left behind", a.Used())
		}
	})
}

// bench returns a hash of n fields, and the fields in another order.
func bench(n int) (object.Cell, [][]byte) {
	a, _ := arena.New()
	lim := limits()
	c := newCell(a)
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, "element:%08d", i)
		Set(c, list[i], []byte("value:01"), false, lim)
	}
	rand.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return c, list
}

func BenchmarkSet(b *testing.B) {
	for _, n := range []int{1, 20, 400, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, list := bench(n)
			lim := limits()
			values := [2][]byte{[]byte("value:01"), []byte("value:02")}
			for i := 0; b.Loop(); i++ {
				Set(c, list[i%n], values[i&1], false, lim)
			}
			b.ReportMetric(float64(MemUsage(c)+c.Size())/float64(n)-24, "overhead-B/field")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, n := range []int{1, 20, 400, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, list := bench(n)
			var scratch Scratch
			for i := 0; b.Loop(); i++ {
				if _, ok := Get(c, list[i%n], 1, &scratch); !ok {
					b.Fatal("lost")
				}
			}
		})
	}
}

func BenchmarkIter(b *testing.B) {
	c, list := bench(100_000)
	for b.Loop() {
		n := 0
		it := NewIter(c, 1)
		for _, _, ok := it.Next(); ok; _, _, ok = it.Next() {
			n++
		}
		if n != len(list) {
			b.Fatal("lost")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/field")
}

func BenchmarkBuild(b *testing.B) {
	_, list := bench(100_000)
	lim := limits()
	a := newArena(b)
	for b.Loop() {
		c := newCell(a)
		builder := Build(c, len(list), lim)
		for _, f := range list {
			builder.Add(f, f, 0)
		}
		drop(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/field")
}
