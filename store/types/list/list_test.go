package list

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
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

// newEntry returns an entry without a value yet.
func newEntry(a *arena.Arena) object.Cell {
	r := object.New(a, []byte("key"), 0, object.Attrs{Type: object.List, Encoding: object.Listpack})
	return object.Cell{A: a, Slot: &r}
}

func newList(a *arena.Arena) object.Cell {
	c := newEntry(a)
	Init(c)
	return c
}

func drop(c object.Cell) {
	Free(c)
	c.A.Free(*c.Slot)
}

// checkInvariants looks at everything the package promises itself about a list.
func checkInvariants(t testing.TB, c object.Cell) {
	t.Helper()
	if c.Type() != object.List {
		t.Fatalf("type is %v", c.Type())
	}
	if isListpack(c) {
		if err := listpack.Validate(c.View(), true); err != nil {
			t.Fatal(err)
		}
		return
	}
	if c.Encoding() != object.Quicklist || c.Len() != refSize {
		t.Fatalf("encoding %v with a value of %d bytes", c.Encoding(), c.Len())
	}
	q := open(c)
	if room := len(q.room()); int(q.first+q.nodes) > room {
		t.Fatalf("nodes [%d, +%d) in room for %d", q.first, q.nodes, room)
	}
	total := 0
	for i := range q.list() {
		n := q.at(i)
		total += n.len()
		if n.len() == 0 {
			t.Fatalf("node %d is empty", i)
		}
		if int(n.gap+n.size) > c.A.Cap(n.block) {
			t.Fatalf("node %d ends at %d in a block of %d", i, n.gap+n.size, c.A.Cap(n.block))
		}
		if n.isPlain() {
			if n.len() != 1 {
				t.Fatalf("plain node %d counts %d elements", i, n.len())
			}
			continue
		}
		lp := q.data(n)
		if err := listpack.Validate(lp, true); err != nil {
			t.Fatalf("node %d: %v", i, err)
		}
		if listpack.Len(lp) != n.len() {
			t.Fatalf("node %d counts %d elements and has %d", i, n.len(), listpack.Len(lp))
		}
	}
	if total != int(q.count) {
		t.Fatalf("count is %d, nodes have %d", q.count, total)
	}
}

func contents(c object.Cell) [][]byte {
	got := [][]byte{}
	it := From(c, 0)
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		got = append(got, e.Append(nil))
	}
	return got
}

func checkContents(t testing.TB, c object.Cell, want [][]byte) {
	t.Helper()
	checkInvariants(t, c)
	if Len(c) != len(want) {
		t.Fatalf("Len is %d, want %d", Len(c), len(want))
	}
	got := contents(c)
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Fatalf("got %.200q, want %.200q", got, want)
	}
	back := [][]byte{}
	it := BackwardFrom(c, len(want)-1)
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		back = append(back, e.Append(nil))
	}
	slices.Reverse(back)
	if !slices.EqualFunc(back, want, bytes.Equal) {
		t.Fatalf("backward: got %.200q, want %.200q", back, want)
	}
}

// settings are the limits under which the random tests run, chosen to make many nodes of few elements.
var settings = []object.Limits{
	{ListMaxListpackSize: -2},
	{ListMaxListpackSize: -1},
	{ListMaxListpackSize: -5},
	{ListMaxListpackSize: 0},
	{ListMaxListpackSize: 1},
	{ListMaxListpackSize: 4},
	{ListMaxListpackSize: 4, PackedThreshold: 5},
	{ListMaxListpackSize: 32},
	{ListMaxListpackSize: -1, PackedThreshold: 300},
}

// randomElem returns an element of any kind, from few enough values that some are equal.
func randomElem(r *rand.Rand, lim *object.Limits) []byte {
	switch r.IntN(12) {
	case 0:
		return bytes.Repeat([]byte{byte('a' + r.IntN(3))}, nodeBytes(lim)+r.IntN(40)-20)
	case 1:
		return bytes.Repeat([]byte{byte('a' + r.IntN(3))}, 100+r.IntN(3)*400)
	case 2, 3, 4:
		return strconv.AppendInt(nil, int64(r.IntN(20)-10)<<(r.IntN(8)*7), 10)
	case 5:
		return []byte{}
	default:
		return fmt.Appendf(nil, "e%d", r.IntN(10))
	}
}

// model is a list as a slice.
type model struct {
	t     testing.TB
	c     object.Cell
	lim   *object.Limits
	want  [][]byte
	elem  func() []byte
	index func(n int) int
}

func (m *model) step(op int) {
	n := len(m.want)
	switch op {
	case 0, 1, 2:
		elems := make([][]byte, 1+m.index(3))
		for i := range elems {
			elems[i] = m.elem()
		}
		if op == 0 {
			PushHead(m.c, m.lim, elems...)
			slices.Reverse(elems)
			m.want = append(elems, m.want...)
		} else {
			PushTail(m.c, m.lim, elems...)
			m.want = append(m.want, elems...)
		}
	case 3:
		start, count := m.index(n+1), m.index(n/8+3)
		Delete(m.c, start, count)
		m.want = slices.Delete(m.want, start, min(start+count, n))
		m.shrink()
	case 4, 5:
		if n == 0 {
			return
		}
		at := 0
		if op == 5 {
			at = n - 1
		}
		Delete(m.c, at, 1)
		m.want = slices.Delete(m.want, at, at+1)
		m.shrink()
	case 6:
		index, elem := m.index(2*n+2)-n-1, m.elem()
		at := index
		if at < 0 {
			at += n
		}
		exists := at >= 0 && at < n
		if Set(m.c, m.lim, index, elem) != exists {
			m.t.Fatalf("Set(%d) in %d elements", index, n)
		}
		if exists {
			m.want[at] = elem
			m.shrink()
		}
	case 7, 8:
		m.insert(op == 8)
	case 9:
		m.remove(m.index(7) - 3)
	case 10:
		index := m.index(2*n+2) - n - 1
		at := index
		if at < 0 {
			at += n
		}
		e, ok := Index(m.c, index)
		if ok != (at >= 0 && at < n) || ok && string(e.Append(nil)) != string(m.want[at]) {
			m.t.Fatalf("Index(%d) is %v, %v", index, e, ok)
		}
	}
}

func (m *model) shrink() {
	if len(m.want) > 0 {
		TryShrink(m.c, m.lim)
	}
}

func (m *model) insert(after bool) {
	pivot, elem := m.elem(), m.elem()
	if n := len(m.want); n > 0 && m.index(2) == 0 {
		pivot = m.want[m.index(n)]
	}
	at := slices.IndexFunc(m.want, func(e []byte) bool { return bytes.Equal(e, pivot) })
	if Insert(m.c, m.lim, pivot, elem, after) != (at >= 0) {
		m.t.Fatalf("Insert beside %.50q, which is at %d", pivot, at)
	}
	if at < 0 {
		return
	}
	if after {
		at++
	}
	m.want = slices.Insert(m.want, at, elem)
}

func (m *model) remove(count int) {
	elem := m.elem()
	want := m.want
	if count < 0 {
		slices.Reverse(want)
	}
	most := max(count, -count)
	if most == 0 {
		most = len(want)
	}
	gone := 0
	want = slices.DeleteFunc(want, func(e []byte) bool {
		if gone == most || !bytes.Equal(e, elem) {
			return false
		}
		gone++
		return true
	})
	if count < 0 {
		slices.Reverse(want)
	}
	if got := Remove(m.c, count, elem); got != gone {
		m.t.Fatalf("Remove(%d, %.50q) is %d, want %d", count, elem, got, gone)
	}
	m.want = want
	m.shrink()
}

func TestModel(t *testing.T) {
	for i := range settings {
		lim := &settings[i]
		t.Run(fmt.Sprint(lim.ListMaxListpackSize, "/", lim.PackedThreshold), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			a := newArena(t)
			m := &model{t: t, c: newList(a), lim: lim, index: r.IntN}
			m.elem = func() []byte { return randomElem(r, lim) }
			for step := range 1500 {
				m.step(r.IntN(11))
				if step%500 > 350 && len(m.want) > 0 { // let it shrink from time to time
					m.step(3)
				}
				if step%16 == 0 || len(m.want) < 20 {
					checkContents(t, m.c, m.want)
				} else {
					checkInvariants(t, m.c)
				}
			}
			checkContents(t, m.c, m.want)
			drop(m.c)
			if a.Used() != 0 {
				t.Fatalf("%d bytes are left", a.Used())
			}
		})
	}
}

func FuzzModel(f *testing.F) {
	f.Add(uint8(0), []byte("some operations \x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a"))
	f.Fuzz(func(t *testing.T, setting uint8, ops []byte) {
		lim := &settings[int(setting)%len(settings)]
		a := newArena(t)
		take := func(n int) int {
			if len(ops) == 0 {
				return 0
			}
			b := int(ops[0])
			ops = ops[1:]
			return b % n
		}
		r := rand.New(rand.NewPCG(2, uint64(setting)))
		m := &model{t: t, c: newList(a), lim: lim, index: take}
		m.elem = func() []byte { return randomElem(r, lim) }
		for len(ops) > 0 {
			m.step(take(11))
			checkContents(t, m.c, m.want)
		}
		drop(m.c)
		if a.Used() != 0 {
			t.Fatalf("%d bytes are left", a.Used())
		}
	})
}

func texts(from, count int) [][]byte {
	var list [][]byte
	for i := range count {
		list = append(list, fmt.Appendf(nil, "v%d", from+i))
	}
	return list
}

func TestEncoding(t *testing.T) {
	a := newArena(t)
	lim := &object.Limits{ListMaxListpackSize: 8}
	c := newList(a)
	expect := func(want object.Encoding) {
		t.Helper()
		checkInvariants(t, c)
		if got := c.Encoding(); got != want {
			t.Fatalf("encoding is %v, want %v", got, want)
		}
	}
	PushTail(c, lim, texts(0, 8)...)
	expect(object.Listpack)
	PushTail(c, lim, []byte("one more"))
	expect(object.Quicklist)
	Delete(c, 8, 1) // leaves the node of eight
	TryShrink(c, lim)
	expect(object.Quicklist)
	Delete(c, 0, 3)
	TryShrink(c, lim)
	expect(object.Quicklist)
	Delete(c, 0, 1)
	TryShrink(c, lim)
	expect(object.Listpack)
	// An insert that fails has made room all the same.
	PushTail(c, lim, texts(0, 4)...)
	if Insert(c, lim, []byte("absent"), []byte("x"), true) {
		t.Fatal("inserted beside nothing")
	}
	expect(object.Quicklist)
	drop(c)

	// By size: what counts is the listpack's bytes and those of the new elements.
	lim.ListMaxListpackSize = -1
	c = newList(a)
	PushTail(c, lim, make([]byte, 4096-listpack.EmptySize))
	expect(object.Listpack)
	drop(c)
	c = newList(a)
	PushTail(c, lim, make([]byte, 4096-listpack.EmptySize+1))
	expect(object.Quicklist)
	drop(c)
	c = newList(a)
	PushTail(c, lim, make([]byte, 5000))
	expect(object.Quicklist)
	if _, plain := Node(c, 0); !plain {
		t.Fatal("an element above the limit is in a listpack")
	}
	if !Set(c, lim, 0, []byte("small")) {
		t.Fatal("no element 0")
	}
	TryShrink(c, lim)
	expect(object.Listpack)
	drop(c)
	if a.Used() != 0 {
		t.Fatalf("%d bytes are left", a.Used())
	}
}

// nodeLens returns how many elements each node has, a plain node counting as -1.
func nodeLens(c object.Cell) []int {
	var lens []int
	for i := range Nodes(c) {
		data, plain := Node(c, i)
		if plain {
			lens = append(lens, -1)
		} else {
			lens = append(lens, listpack.Len(data))
		}
	}
	return lens
}

func TestNodes(t *testing.T) {
	lim := &object.Limits{ListMaxListpackSize: 4, PackedThreshold: 50}
	large := bytes.Repeat([]byte("L"), 50)
	a := newArena(t)
	f := func(name string, change func(c object.Cell), want ...int) {
		t.Helper()
		c := newList(a)
		PushTail(c, lim, texts(0, 12)...)
		change(c)
		checkInvariants(t, c)
		if got := nodeLens(c); !slices.Equal(got, want) {
			t.Errorf("%s: nodes have %v elements, want %v", name, got, want)
		}
		drop(c)
	}
	insert := func(pivot, elem string, after bool) func(object.Cell) {
		return func(c object.Cell) { Insert(c, lim, []byte(pivot), []byte(elem), after) }
	}
	set := func(index int, elem string) func(object.Cell) {
		return func(c object.Cell) { Set(c, lim, index, []byte(elem)) }
	}
	f("as pushed", func(object.Cell) {}, 4, 4, 4)
	f("pushed at the head", func(c object.Cell) { PushHead(c, lim, texts(0, 6)...) }, 2, 4, 4, 4, 4)
	f("large at the tail", func(c object.Cell) { PushTail(c, lim, large, []byte("x")) }, 4, 4, 4, -1, 1)
	f("in the middle of a full node", insert("v5", "x", true), 4, 2, 3, 4)
	f("the same, before", insert("v5", "x", false), 4, 2, 3, 4)
	f("behind the last of a full node", insert("v7", "x", true), 4, 4, 1, 4)
	f("before the first of a full node", insert("v4", "x", false), 4, 1, 4, 4)
	f("then into the node with room", func(c object.Cell) {
		insert("v7", "x", true)(c)
		insert("v7", "y", true)(c)
		insert("v8", "z", false)(c)
	}, 4, 4, 3, 4)
	f("large in the middle", insert("v5", string(large), true), 4, 2, -1, 2, 4)
	f("large at the edge", insert("v7", string(large), true), 4, 4, -1, 4)
	f("set to large", set(5, string(large)), 4, 1, -1, 2, 4)
	f("set the last of a node to large", set(7, string(large)), 4, 3, -1, 4)
	f("set large to small", func(c object.Cell) {
		set(5, string(large))(c)
		set(5, "small")(c)
	}, 4, 1, 3, 4)
	f("deleted over nodes", func(c object.Cell) { Delete(c, 2, 7) }, 2, 3)
	f("split and merged", func(c object.Cell) {
		Delete(c, 1, 2)            // 2 4 4
		insert("v5", "x", true)(c) // 2 | 2 3 | 4 → 4 3 4
	}, 4, 3, 4)
	if a.Used() != 0 {
		t.Fatalf("%d bytes are left", a.Used())
	}
}

func TestQueue(t *testing.T) {
	lim := &object.Limits{ListMaxListpackSize: -2}
	f := func(name string, push func(object.Cell, *object.Limits, ...[]byte), popAt func(c object.Cell) int) {
		a := newArena(t)
		c := newList(a)
		push(c, lim, texts(0, 5000)...)
		used := a.Used()
		for i := range 100000 {
			push(c, lim, fmt.Appendf(nil, "v%d", 5000+i))
			e, _ := Index(c, popAt(c))
			if got := string(e.Append(nil)); got != "v"+strconv.Itoa(i) {
				t.Fatalf("%s: element %d is %s", name, i, got)
			}
			Delete(c, popAt(c), 1)
			if a.Used() > used*3/2 {
				t.Fatalf("%s: %d bytes for what took %d", name, a.Used(), used)
			}
		}
		checkInvariants(t, c)
		drop(c)
		if a.Used() != 0 {
			t.Fatalf("%d bytes are left", a.Used())
		}
	}
	f("RPUSH LPOP", PushTail, func(object.Cell) int { return 0 })
	f("LPUSH RPOP", PushHead, func(c object.Cell) int { return Len(c) - 1 })
}

func TestMemory(t *testing.T) {
	a := newArena(t)
	lim := &object.Limits{ListMaxListpackSize: -2}
	c := newList(a)
	const count = 100000
	for i := range count {
		PushTail(c, lim, fmt.Appendf(nil, "el:%07d", i))
	}
	used := a.Used()
	if got := MemUsage(c) + c.Size(); int64(got) != used {
		t.Errorf("MemUsage says %d of %d bytes", got, used)
	}
	if per := float64(used) / count; per > 12.1 {
		t.Errorf("an element of 10 bytes takes %.2f", per)
	}
	drop(c)
}
