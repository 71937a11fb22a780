package btree

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"dragonfly/store/arena"
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

// The two kinds of tree: ids with a payload, and references to texts.
var (
	pairShape = NewShape(24, 16, nil)
	textShape = NewShape(12, 12, tailOf)
)

func tailOf(a *arena.Arena, item []byte) []byte {
	r := arena.Ref(binary.NativeEndian.Uint32(item[8:]))
	n := int(a.Bytes(r, 1)[0])
	return a.Bytes(r, 1+n)[1:]
}

func newText(a *arena.Arena, text []byte) arena.Ref {
	r := a.Alloc(1 + len(text))
	b := a.Bytes(r, 1+len(text))
	b[0] = byte(len(text))
	copy(b[1:], text)
	return r
}

func pairItem(hi, lo, payload uint64) []byte {
	b := binary.NativeEndian.AppendUint64(nil, hi)
	b = binary.NativeEndian.AppendUint64(b, lo)
	return binary.NativeEndian.AppendUint64(b, payload)
}

func textItem(hi uint64, r arena.Ref) []byte {
	b := binary.NativeEndian.AppendUint64(nil, hi)
	return binary.NativeEndian.AppendUint32(b, uint32(r))
}

// check panics if the tree is not what it should be, and returns its items.
func (t *Tree) check() (items [][]byte) {
	if t.node == arena.Nil {
		if t.count != 0 || t.depth != 0 {
			panic("btree: an empty tree is not zero")
		}
		return nil
	}
	prev := arena.Nil
	var walk func(r arena.Ref, level int) (uint32, []byte)
	walk = func(r arena.Ref, level int) (uint32, []byte) {
		n := t.at(r, level)
		if n.len() == 0 || n.len() > n.lay.cap {
			panic("btree: a node has an impossible length")
		}
		if level == 0 {
			if n.leaf().prev != prev {
				panic("btree: a leaf has a wrong predecessor")
			}
			if prev != arena.Nil && t.at(prev, 0).leaf().next != r {
				panic("btree: a leaf has a wrong successor")
			}
			prev = r
			for i := range n.len() {
				items = append(items, bytes.Clone(n.slots(i, 1)))
			}
			return uint32(n.len()), n.slots(0, 1)[:t.keySize]
		}
		sum := uint32(0)
		for i := range n.len() {
			c, first := walk(*n.child(i), level-1)
			if c != *n.count(i) {
				panic("btree: an entry miscounts")
			}
			if !bytes.Equal(first, n.slots(i, 1)[:t.keySize]) {
				panic("btree: a key is not that of the first item")
			}
			sum += c
		}
		return sum, n.slots(0, 1)[:t.keySize]
	}
	if sum, _ := walk(t.node, int(t.depth)); sum != t.count {
		panic("btree: the root miscounts")
	}
	if t.at(prev, 0).leaf().next != arena.Nil {
		panic("btree: the last leaf has a successor")
	}
	return items
}

// model is the same as a sorted slice.
type model struct {
	keys  []Key
	items [][]byte
}

func compareKeys(a, b Key) int {
	switch {
	case a.Hi != b.Hi:
		if a.Hi < b.Hi {
			return -1
		}
		return 1
	case a.Text != nil || b.Text != nil:
		return bytes.Compare(a.Text, b.Text)
	case a.Lo < b.Lo:
		return -1
	case a.Lo > b.Lo:
		return 1
	}
	return 0
}

func (m *model) find(k Key) (int, bool) { return slices.BinarySearchFunc(m.keys, k, compareKeys) }

func (m *model) insert(k Key, item []byte) bool {
	i, ok := m.find(k)
	if !ok {
		m.keys = slices.Insert(m.keys, i, k)
		m.items = slices.Insert(m.items, i, item)
	}
	return !ok
}

func (m *model) delete(i, n int) {
	m.keys = slices.Delete(m.keys, i, i+n)
	m.items = slices.Delete(m.items, i, i+n)
}

func (m *model) compare(t *testing.T, tree Tree, deep bool, k Key) {
	t.Helper()
	if tree.Len() != len(m.keys) {
		t.Fatalf("Len = %d, want %d", tree.Len(), len(m.keys))
	}
	at, found := m.find(k)
	if rank, ok := tree.Rank(k); rank != at || ok != found {
		t.Fatalf("Rank = %d, %v, want %d, %v", rank, ok, at, found)
	}
	want := func(i int) []byte {
		if i < 0 || i >= len(m.items) {
			return nil
		}
		return m.items[i]
	}
	got := func(c Cursor) []byte {
		if !c.Ok() {
			return nil
		}
		return c.Item()
	}
	if c := tree.SeekGE(k); !bytes.Equal(got(c), want(at)) {
		t.Fatal("SeekGE is wrong")
	}
	le := at - 1
	if found {
		le = at
	}
	if c := tree.SeekLE(k); !bytes.Equal(got(c), want(le)) {
		t.Fatal("SeekLE is wrong")
	}
	limit := m.items[:at]
	if rank := tree.RankFunc(func(key []byte) bool {
		hi := binary.NativeEndian.Uint64(key)
		return len(limit) > 0 && hi <= binary.NativeEndian.Uint64(limit[at-1])
	}); rank < at || rank < len(m.keys) && len(limit) > 0 && m.keys[rank].Hi == m.keys[at-1].Hi {
		t.Fatalf("RankFunc = %d", rank)
	}
	if c := tree.At(at); !bytes.Equal(got(c), want(at)) {
		t.Fatal("At is wrong")
	}
	if item := tree.Find(k); found != (item != nil) || found && !bytes.Equal(item, want(at)) {
		t.Fatal("Find is wrong")
	}
	if !deep {
		return
	}
	items := tree.check()
	if !slices.EqualFunc(items, m.items, bytes.Equal) {
		t.Fatal("the items differ")
	}
	i := 0
	for c := tree.First(); c.Ok(); c.Next() {
		if !bytes.Equal(c.Item(), want(i)) {
			t.Fatalf("item %d is wrong forwards", i)
		}
		i++
	}
	for c := tree.Last(); c.Ok(); c.Prev() {
		i--
		if !bytes.Equal(c.Item(), want(i)) {
			t.Fatalf("item %d is wrong backwards", i)
		}
	}
	if i != 0 {
		t.Fatalf("%d items more backwards than forwards", i)
	}
	runs := 0
	for c := tree.First(); c.Ok(); {
		runs += len(c.Run())
	}
	if runs != tree.Len()*tree.itemSize {
		t.Fatal("Run does not see all items")
	}
}

// run plays operations decoded from bytes against the model, for both shapes.
func run(t *testing.T, ops []byte, texts bool, deepEvery int) {
	a := newArena(t)
	m := &model{}
	root := new(Root)
	tree := Tree{root, a, &pairShape}
	if texts {
		tree.Shape = &textShape
	}
	drop := func(item []byte) {
		if texts {
			a.Free(arena.Ref(binary.NativeEndian.Uint32(item[8:])))
		}
	}
	next := func() uint64 {
		v := uint64(0)
		for range 2 {
			if len(ops) > 0 {
				v = v<<8 | uint64(ops[0])
				ops = ops[1:]
			}
		}
		return v
	}
	key := func() Key {
		v := next()
		if texts {
			return Key{Hi: v >> 12, Text: []byte{byte(v >> 8), byte(v)}[:1+v&1]}
		}
		return Key{Hi: v >> 4, Lo: v & 15}
	}
	item := func(k Key) []byte {
		if texts {
			return textItem(k.Hi, newText(a, k.Text))
		}
		return pairItem(k.Hi, k.Lo, uint64(len(ops)))
	}
	ascending := uint64(1 << 20)
	for n := 0; len(ops) > 0; n++ {
		op := ops[0]
		ops = ops[1:]
		k := key()
		switch {
		case op < 120:
			it := item(k)
			want := m.insert(k, it)
			if got := tree.Insert(k, it); got != want {
				t.Fatalf("Insert = %v, want %v", got, want)
			}
			if !want {
				drop(it)
			}
		case op < 130: // a run of larger ones
			for range k.Hi % 400 {
				if n := len(m.keys); n > 0 {
					ascending = max(ascending, m.keys[n-1].Hi)
				}
				ascending++
				k := Key{Hi: ascending}
				if texts {
					k.Text = []byte("t")
				}
				it := item(k)
				m.insert(k, it)
				if op&1 == 0 {
					tree.Push(it)
				} else {
					tree.Insert(k, it)
				}
			}
		case op < 200:
			i, want := m.find(k)
			if op&1 == 0 && len(m.keys) > 0 {
				i, want = int(k.Hi)%len(m.keys), true
				k = m.keys[i]
			}
			var it []byte
			if want {
				it = m.items[i]
				m.delete(i, 1)
			}
			if got := tree.Delete(k); got != want {
				t.Fatalf("Delete = %v, want %v", got, want)
			}
			if want {
				drop(it)
			}
		case op < 235:
			if len(m.keys) == 0 {
				break
			}
			i := int(next()) % len(m.keys)
			old := m.keys[i]
			if op&1 == 0 {
				k = old
				k.Hi++
			}
			if _, dup := m.find(k); dup {
				break
			}
			it := item(k)
			gone := m.items[i]
			m.delete(i, 1)
			m.insert(k, it)
			if !tree.Update(old, k, it) {
				t.Fatal("Update did not find the item")
			}
			drop(gone)
		default:
			if len(m.keys) == 0 {
				break
			}
			i := int(k.Hi) % len(m.keys)
			want := min(int(next())%(len(m.keys)/2+2), len(m.keys)-i)
			var seen [][]byte
			got := tree.DeleteRange(i, want, func(it []byte) {
				seen = append(seen, bytes.Clone(it))
				drop(it)
			})
			if got != want || !slices.EqualFunc(seen, m.items[i:i+want], bytes.Equal) {
				t.Fatalf("DeleteRange = %d, want %d", got, want)
			}
			m.delete(i, want)
		}
		m.compare(t, tree, n%deepEvery == 0, k)
	}
	m.compare(t, tree, true, Key{Hi: 1, Text: m.textOr(texts)})
	nodes := tree.Bytes()
	if !texts && int64(nodes) != a.Used() {
		t.Fatalf("Bytes = %d, used %d", nodes, a.Used())
	}
	for !tree.FreeStep(100, drop) {
	}
	if a.Used() != 0 || *root != (Root{}) {
		t.Fatalf("after FreeStep: %d bytes used", a.Used())
	}
}

func (m *model) textOr(texts bool) []byte {
	if texts {
		return []byte("x")
	}
	return nil
}

func TestAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 3))
		ops := make([]byte, 30_000)
		for i := range ops {
			ops[i] = byte(rng.Uint32())
			if seed >= 4 && i%5 == 0 {
				ops[i] %= 150 // mostly growing
			}
		}
		run(t, ops, seed&1 == 1, 50)
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte{0, 1, 2, 125, 0, 200, 250, 0, 0, 0, 0}, false)
	f.Add([]byte{122, 200, 200, 0, 1, 2, 199, 1, 1, 240, 1, 1, 1, 1}, true)
	f.Fuzz(func(t *testing.T, ops []byte, texts bool) {
		run(t, ops[:min(len(ops), 2000)], texts, 1)
	})
}

// fill returns the share of the leaves' room that is in use.
func (t *Tree) fill() float64 {
	leaves := 0
	for c := t.First(); c.Ok(); {
		c.Run()
		leaves++
	}
	return float64(t.Len()) / float64(leaves*t.levels[0].cap)
}

func TestFill(t *testing.T) {
	a := newArena(t)
	f := func(name string, want float64, hi func(i uint64) uint64) {
		t.Helper()
		tree := Tree{new(Root), a, &pairShape}
		for i := range uint64(50_000) {
			tree.Insert(Key{Hi: hi(i), Lo: i}, pairItem(hi(i), i, 0))
		}
		tree.check()
		if got := tree.fill(); got < want {
			t.Errorf("%s: leaves are %.2f full, want %.2f", name, got, want)
		}
		for !tree.FreeStep(1<<20, nil) {
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	f("ascending", 0.99, func(i uint64) uint64 { return i })
	f("descending", 0.99, func(i uint64) uint64 { return 1<<32 - i })
	f("random", 0.8, func(uint64) uint64 { return rng.Uint64() })
}

// TestQueue moves a window through the key space: what leaves at one end and
// comes at the other must not leave empty nodes behind.
func TestQueue(t *testing.T) {
	a := newArena(t)
	tree := Tree{new(Root), a, &pairShape}
	for i := range uint64(40_000) {
		tree.Insert(Key{Hi: i}, pairItem(i, 0, 0))
		if i >= 1000 {
			if !tree.Delete(Key{Hi: i - 1000}) {
				t.Fatal("an item is missing")
			}
		}
	}
	tree.check()
	if n := tree.Bytes(); n > 40*nodeBytes {
		t.Fatalf("1000 items take %d bytes", n)
	}
}

func TestNoAllocations(t *testing.T) {
	a := newArena(t)
	tree := Tree{new(Root), a, &textShape}
	text := []byte("member")
	r := newText(a, text)
	item := textItem(5, r)
	for i := range uint64(1000) {
		tree.Insert(Key{Hi: i * 10, Text: text}, textItem(i*10, r))
	}
	if n := testing.AllocsPerRun(100, func() {
		k := Key{Hi: 5, Text: text}
		tree.Insert(k, item)
		tree.Find(k)
		tree.Rank(k)
		c := tree.SeekGE(k)
		c.Next()
		tree.Update(k, k, item)
		tree.Delete(k)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func benchTree(b *testing.B, n int) (Tree, []uint64) {
	a := newArena(b)
	tree := Tree{new(Root), a, &textShape}
	rng := rand.New(rand.NewPCG(1, 1))
	his := make([]uint64, n)
	for i := range his {
		his[i] = rng.Uint64()
		tree.Insert(Key{Hi: his[i]}, textItem(his[i], 1))
	}
	return tree, his
}

func BenchmarkInsertDelete(b *testing.B) {
	tree, his := benchTree(b, 100_000)
	item := make([]byte, 12)
	for i := 0; b.Loop(); i++ {
		k := Key{Hi: his[i%len(his)]}
		tree.Delete(k)
		k.Hi = k.Hi*6364136223846793005 + 1
		his[i%len(his)] = k.Hi
		binary.NativeEndian.PutUint64(item, k.Hi)
		tree.Insert(k, item)
	}
}

func BenchmarkRank(b *testing.B) {
	tree, his := benchTree(b, 100_000)
	for i := 0; b.Loop(); i++ {
		tree.Rank(Key{Hi: his[i%len(his)]})
	}
}

func BenchmarkPush(b *testing.B) {
	a := newArena(b)
	tree := Tree{new(Root), a, &textShape}
	item := make([]byte, 12)
	for i := uint64(0); b.Loop(); i++ {
		binary.NativeEndian.PutUint64(item, i)
		tree.Push(item)
	}
}
