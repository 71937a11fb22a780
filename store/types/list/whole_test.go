package list

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// lists returns contents that make lists of every kind under limit 8.
func lists() map[string][][]byte {
	large := bytes.Repeat([]byte("L"), 9000)
	return map[string][][]byte{
		"listpack":  texts(0, 5),
		"quicklist": texts(0, 100),
		"plain":     {large},
		"mixed":     append(append(texts(0, 10), large, large), texts(10, 20)...),
	}
}

func TestCopyAndFree(t *testing.T) {
	lim := &object.Limits{ListMaxListpackSize: 8}
	for name, want := range lists() {
		a, b := newArena(t), newArena(t)
		c := newList(a)
		PushTail(c, lim, want...)
		d := newEntry(b)
		Copy(d, c)
		drop(c)
		if a.Used() != 0 {
			t.Fatalf("%s: %d bytes are left", name, a.Used())
		}
		checkContents(t, d, want)
		if got := MemUsage(d) + d.Size(); int64(got) != b.Used() {
			t.Errorf("%s: MemUsage says %d of %d bytes", name, got, b.Used())
		}
		var cursor uint64
		steps := 1
		for ; !FreeStep(d, &cursor, 10); steps++ {
			checkInvariants(t, d)
		}
		if min := (Len(d) + 15) / 18; steps < min {
			t.Errorf("%s: free took %d steps", name, steps)
		}
		b.Free(*d.Slot)
		if b.Used() != 0 {
			t.Fatalf("%s: %d bytes are left", name, b.Used())
		}
	}
}

func TestResume(t *testing.T) {
	lim := &object.Limits{ListMaxListpackSize: 8}
	for name, want := range lists() {
		a := newArena(t)
		c := newList(a)
		PushTail(c, lim, want...)
		it := From(c, 0)
		for i := range want {
			c.SetDeadline(int64(i%2) * 1000) // moves the entry
			it.Resume(c)
			e, ok := it.Next()
			if !ok || string(e.Append(nil)) != string(want[i]) {
				t.Fatalf("%s: element %d is %v, %v", name, i, e, ok)
			}
		}
		it.Resume(c)
		if e, ok := it.Next(); ok {
			t.Fatalf("%s: %v after the end", name, e)
		}
		drop(c)
	}
}

func TestMatcher(t *testing.T) {
	lim := &object.Limits{ListMaxListpackSize: -2}
	a := newArena(t)
	c := newList(a)
	want := [][]byte{[]byte("12"), []byte("012"), []byte(""), []byte("-7"), []byte("x")}
	PushTail(c, lim, want...)
	for i, elem := range want {
		m := NewMatcher(elem)
		it := From(c, 0)
		for j := range want {
			if e, _ := it.Next(); m.Match(e) != (i == j) {
				t.Errorf("%q matches element %d: %v", elem, j, i != j)
			}
		}
	}
	drop(c)
}

func TestBuilder(t *testing.T) {
	a := newArena(t)
	var b Builder
	large := bytes.Repeat([]byte("L"), 9000)
	pack := func(elems [][]byte) []byte {
		lp := listpack.New(nil)
		for _, e := range elems {
			lp = listpack.Append(lp, e)
		}
		return lp
	}
	f := func(name string, limit int, want object.Encoding, lens []int, fill func() [][]byte) {
		t.Helper()
		lim := &object.Limits{ListMaxListpackSize: limit}
		c := newEntry(a)
		b.Begin(c, lim)
		elems := fill()
		if n := b.End(); n != len(elems) {
			t.Errorf("%s: End says %d of %d elements", name, n, len(elems))
		}
		checkContents(t, c, elems)
		if c.Encoding() != want || !slices.Equal(nodeLens(c), lens) {
			t.Errorf("%s: %v with nodes %v, want %v with %v", name, c.Encoding(), nodeLens(c), want, lens)
		}
		drop(c)
	}
	push := func(elems [][]byte) func() [][]byte {
		return func() [][]byte {
			for _, e := range elems {
				b.Push(e)
			}
			return elems
		}
	}
	f("nothing", 8, object.Listpack, []int{0}, push(nil))
	f("few", 8, object.Listpack, []int{5}, push(texts(0, 5)))
	f("as many as fit", 8, object.Listpack, []int{8}, push(texts(0, 8)))
	f("many", 8, object.Quicklist, []int{8, 8, 4}, push(texts(0, 20)))
	f("one large", 8, object.Quicklist, []int{-1}, push([][]byte{large}))
	f("large between", 8, object.Quicklist, []int{2, -1, 2}, push(append(append(texts(0, 2), large), texts(0, 2)...)))
	f("one node", 8, object.Listpack, []int{3}, func() [][]byte {
		b.AddListpack(pack(texts(0, 3)))
		b.AddListpack(pack(nil))
		return texts(0, 3)
	})
	f("one node beyond the limit", 8, object.Quicklist, []int{9}, func() [][]byte {
		b.AddListpack(pack(texts(0, 9)))
		return texts(0, 9)
	})
	f("small nodes stay", 8, object.Quicklist, []int{1, 2}, func() [][]byte {
		b.AddListpack(pack(nil))
		b.AddListpack(pack(texts(0, 1)))
		b.AddListpack(pack(texts(1, 2)))
		return texts(0, 3)
	})
	f("nodes, then elements", 8, object.Quicklist, []int{-1, 2, 3}, func() [][]byte {
		b.AddPlain([]byte("small, but plain"))
		b.AddListpack(pack(texts(0, 2)))
		elems := append([][]byte{[]byte("small, but plain")}, texts(0, 2)...)
		return append(elems, push(texts(2, 3))()...)
	})
	if a.Used() != 0 {
		t.Fatalf("%d bytes are left", a.Used())
	}
}

func TestManyElementsInOneNode(t *testing.T) {
	a := newArena(t)
	lp := listpack.New(nil)
	for i := range 70000 { // more than a listpack's header can count
		lp = listpack.AppendInt(lp, int64(i))
	}
	lim := &object.Limits{ListMaxListpackSize: -2}
	var b Builder
	c := newEntry(a)
	b.Begin(c, lim)
	b.AddListpack(lp)
	if n := b.End(); n != 70000 || Len(c) != n {
		t.Fatalf("%d elements, Len is %d", n, Len(c))
	}
	for _, i := range []int{0, 35000, 69999} {
		if e, ok := Index(c, i); !ok || e.Int != int64(i) {
			t.Fatalf("element %d is %v", i, e)
		}
	}
	Delete(c, 100, 69000)
	PushHead(c, lim, []byte("head"))
	checkInvariants(t, c)
	drop(c)
	if a.Used() != 0 {
		t.Fatalf("%d bytes are left", a.Used())
	}
}

func TestAllocs(t *testing.T) {
	a := newArena(t)
	lim := &object.Limits{ListMaxListpackSize: -2}
	for _, count := range []int{10, 5000} {
		c := newList(a)
		PushTail(c, lim, texts(0, count)...)
		elem, pivot, at := [][]byte{[]byte("element")}, []byte("v5"), count/2
		n := testing.AllocsPerRun(100, func() {
			PushTail(c, lim, elem...)
			PushHead(c, lim, elem...)
			Insert(c, lim, pivot, elem[0], true)
			Set(c, lim, at, elem[0])
			Remove(c, 1, elem[0])
			Index(c, -1)
			it := From(c, 1)
			m := NewMatcher(pivot)
			for e, ok := it.Next(); ok && !m.Match(e); e, ok = it.Next() {
			}
			Delete(c, 0, 1)
			Delete(c, Len(c)-1, 1)
			TryShrink(c, lim)
		})
		if n != 0 {
			t.Errorf("%d elements: %v allocations", count, n)
		}
		drop(c)
	}
}

func benchList(b *testing.B, count int) (object.Cell, *object.Limits) {
	lim := &object.Limits{ListMaxListpackSize: -2}
	c := newList(newArena(b))
	for i := range count {
		PushTail(c, lim, fmt.Appendf(nil, "el:%07d", i))
	}
	return c, lim
}

func BenchmarkPush(b *testing.B) {
	elem := [][]byte{[]byte("some value")}
	for name, push := range map[string]func(object.Cell, *object.Limits, ...[]byte){"head": PushHead, "tail": PushTail} {
		b.Run(name, func(b *testing.B) {
			c, lim := benchList(b, 1000)
			for b.Loop() {
				push(c, lim, elem...)
			}
		})
		b.Run(name+"/small", func(b *testing.B) {
			c, lim := benchList(b, 20)
			for b.Loop() {
				push(c, lim, elem...)
				Delete(c, 0, 1)
			}
		})
	}
}

func BenchmarkQueue(b *testing.B) {
	elem := [][]byte{[]byte("some value")}
	c, lim := benchList(b, 10000)
	for b.Loop() {
		PushHead(c, lim, elem...)
		Delete(c, Len(c)-1, 1)
	}
}

func BenchmarkIndex(b *testing.B) {
	for _, count := range []int{100, 100000, 5000000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			c, _ := benchList(b, count)
			for b.Loop() {
				Index(c, count/2)
			}
		})
	}
}

func BenchmarkIter(b *testing.B) {
	c, _ := benchList(b, 100000)
	it := From(c, 0)
	for b.Loop() {
		if _, ok := it.Next(); !ok {
			it = From(c, 0)
		}
	}
}

func BenchmarkBuilder(b *testing.B) {
	a := newArena(b)
	lim := &object.Limits{ListMaxListpackSize: -2}
	var l Builder
	elem := []byte("some value")
	c := newEntry(a)
	l.Begin(c, lim)
	for b.Loop() {
		l.Push(elem)
	}
	l.End()
}
