package stream

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
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
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// newCell returns an entry for a stream without one in it.
func newCell(a *arena.Arena) object.Cell {
	r := object.New(a, []byte("key"), ValueBytes, object.Attrs{Type: object.Stream, Encoding: object.StreamTree})
	return object.Cell{A: a, Slot: &r}
}

func newStream(a *arena.Arena) (object.Cell, Stream) {
	c := newCell(a)
	return c, New(c)
}

// model is a stream as plain data.
type model struct {
	entries                     []modelEntry
	lastID, firstID, maxDeleted ID
	added                       int
	groups                      map[string]*modelGroup
}

type modelEntry struct {
	id    ID
	pairs [][]byte
}

type modelGroup struct {
	lastID    ID
	pending   map[ID]*modelPending
	consumers map[string]bool
}

type modelPending struct {
	time, count int64
	owner       string
}

func (m *model) find(id ID) (int, bool) {
	return slices.BinarySearchFunc(m.entries, id, func(e modelEntry, id ID) int { return e.id.Compare(id) })
}

func (m *model) resetFirst() {
	m.firstID = ID{}
	if len(m.entries) > 0 {
		m.firstID = m.entries[0].id
	}
}

// check compares the stream with the model.
func (m *model) check(t *testing.T, s Stream) {
	t.Helper()
	s.checkInvariants()
	if s.Len() != len(m.entries) || s.LastID() != m.lastID || s.FirstID() != m.firstID || s.MaxDeletedID() != m.maxDeleted || s.Added() != int64(m.added) {
		t.Fatalf("metadata: %d %v %v %v %d, want %d %v %v %v %d", s.Len(), s.LastID(), s.FirstID(), s.MaxDeletedID(), s.Added(),
			len(m.entries), m.lastID, m.firstID, m.maxDeleted, m.added)
	}
	m.checkRange(t, s, ID{}, MaxID)
	last := ID{}
	if n := len(m.entries); n > 0 {
		last = m.entries[n-1].id
	}
	if got := s.LastEntryID(); got != last {
		t.Fatalf("LastEntryID = %v, want %v", got, last)
	}
	names := slices.Sorted(maps.Keys(m.groups))
	if s.Groups() != len(names) {
		t.Fatalf("%d groups, want %d", s.Groups(), len(names))
	}
	for i, name := range names {
		g := s.GroupAt(i)
		if string(g.Name()) != name || !s.Group([]byte(name)).Ok() {
			t.Fatalf("group %q, want %q", g.Name(), name)
		}
		m.groups[name].check(t, g)
	}
}

func (m *model) checkRange(t *testing.T, s Stream, start, end ID) {
	t.Helper()
	lo, _ := m.find(start)
	hi, found := m.find(end)
	if found {
		hi++
	}
	var want []modelEntry
	if lo < hi {
		want = slices.Clone(m.entries[lo:hi])
	}
	for _, rev := range []bool{false, true} {
		it := s.Range(start, end)
		if rev {
			it = s.RevRange(start, end)
			slices.Reverse(want)
		}
		i := 0
		for ; it.Next(); i++ {
			if i == len(want) || it.ID != want[i].id || it.Fields*2 != len(want[i].pairs) {
				t.Fatalf("rev %v, entry %d of %d: %v with %d fields", rev, i, len(want), it.ID, it.Fields)
			}
			j := 0
			for field, value, ok := it.NextField(); ok; field, value, ok = it.NextField() {
				if !bytes.Equal(field, want[i].pairs[j]) || !bytes.Equal(value, want[i].pairs[j+1]) {
					t.Fatalf("%v: %q %q", it.ID, field, value)
				}
				j += 2
			}
			if j != len(want[i].pairs) {
				t.Fatalf("%v has %d fields and values, want %d", it.ID, j, len(want[i].pairs))
			}
		}
		if i != len(want) || it.Next() {
			t.Fatalf("rev %v: %d entries from %v to %v, want %d", rev, i, start, end, len(want))
		}
	}
}

func (m *modelGroup) check(t *testing.T, g Group) {
	t.Helper()
	if g.LastID() != m.lastID || g.PendingLen() != len(m.pending) || g.Consumers() != len(m.consumers) {
		t.Fatalf("group %q: %v %d %d, want %v %d %d", g.Name(), g.LastID(), g.PendingLen(), g.Consumers(), m.lastID, len(m.pending), len(m.consumers))
	}
	ids := slices.SortedFunc(maps.Keys(m.pending), ID.Compare)
	it := g.PendingFrom(ID{})
	owned := map[string]int{}
	for _, id := range ids {
		p, want := it.Next(), m.pending[id]
		owned[want.owner]++
		if p == nil || p.ID != id || p.DeliveredMs != want.time || int64(p.Count) != want.count || string(g.Owner(p).Name()) != want.owner {
			t.Fatalf("group %q: pending %v is %+v, want %+v", g.Name(), id, p, want)
		}
	}
	if it.Next() != nil {
		t.Fatal("more pending entries than there should be")
	}
	if len(ids) > 0 {
		if first, last := g.PendingBounds(); first != ids[0] || last != ids[len(ids)-1] {
			t.Fatalf("bounds %v %v", first, last)
		}
	}
	for i, name := range slices.Sorted(maps.Keys(m.consumers)) {
		c := g.ConsumerAt(i)
		if string(c.Name()) != name || !g.Consumer([]byte(name)).Is(c) || c.PendingLen() != owned[name] {
			t.Fatalf("consumer %q has %d pending entries, want %q %d", c.Name(), c.PendingLen(), name, owned[name])
		}
		n := 0
		for it := g.PendingOf(c, ID{}); ; n++ {
			p := it.Next()
			if p == nil {
				break
			}
			if m.pending[p.ID].owner != name {
				t.Fatalf("%v belongs to %q", p.ID, m.pending[p.ID].owner)
			}
		}
		if n != owned[name] {
			t.Fatalf("%q: %d pending entries, want %d", name, n, owned[name])
		}
	}
}

// checkInvariants panics if the stream is not what it should be.
func (s Stream) checkInvariants() {
	length := int64(0)
	prev := ID{}
	var tail nodeItem
	for c := s.nodes().First(); c.Ok(); c.Next() {
		tail = *nodeOf(c.Item())
		lp := s.block(tail.lp)
		live, deleted, last, err := validateNode(tail.id, lp)
		n := openNode(tail.id, lp)
		if err != nil || live != n.count || deleted != n.deleted || n.last() != last || length > 0 && !prev.Less(tail.id) {
			panic(fmt.Sprint("stream: bad node ", tail.id, ": ", err))
		}
		length += live
		prev = last
	}
	if tail.id != s.r.tailID || tail.lp != s.r.tail {
		panic("stream: the tail is not the last node")
	}
	if length != int64(s.r.length) || s.r.lastID.Less(prev) {
		panic("stream: wrong length or last ID")
	}
}

// source decodes decisions from bytes, so that the same test runs from a fuzzer and from a generator.
type source struct {
	b []byte
}

func (s *source) n(max int) int {
	if len(s.b) < 2 {
		s.b = nil
		return 0
	}
	v := int(s.b[0]) | int(s.b[1])<<8
	s.b = s.b[2:]
	return v % max
}

func (s *source) pairs() [][]byte {
	fields := [][]byte{[]byte("a"), []byte("temperature"), []byte("12"), []byte("")}
	n := 1 + s.n(3)
	var pairs [][]byte
	for range n {
		value := strconv.AppendInt(nil, int64(s.n(1<<16))<<s.n(40), 10)
		switch s.n(6) {
		case 0:
			value = bytes.Repeat([]byte("v"), s.n(200))
		case 1:
			value = nil
		}
		pairs = append(pairs, fields[min(s.n(8), 3)], value)
	}
	return pairs
}

// play applies operations decoded from bytes to a stream and to a model, and compares them.
func play(t *testing.T, ops []byte) {
	a := newArena(t)
	start := a.Used()
	cell, s := newStream(a)
	m := &model{groups: map[string]*modelGroup{}}
	src := &source{ops}
	lim := object.DefaultLimits()
	lim.StreamNodeMaxEntries = []int{3, 10, 100, 0}[src.n(4)]
	lim.StreamNodeMaxBytes = []int{0, 300, 4096}[src.n(3)]
	for step := 0; len(src.b) > 0; step++ {
		m.step(t, s, src, &lim, int64(step))
		m.check(t, s)
	}
	m.checkCopies(t, cell)
	if used := a.Used() - start; used < int64(MemUsage(cell)) {
		t.Fatalf("MemUsage %d of %d", MemUsage(cell), used)
	}
	var cursor uint64
	for !FreeStep(cell, &cursor, 1+src.n(20)) {
	}
	a.Free(*cell.Slot)
	if a.Used() != start {
		t.Fatalf("%d bytes are left", a.Used()-start)
	}
}

func (m *model) step(t *testing.T, s Stream, src *source, lim *object.Limits, now int64) {
	pick := func() ID {
		if len(m.entries) == 0 || src.n(8) == 0 {
			return ID{uint64(src.n(40)), uint64(src.n(10))}
		}
		return m.entries[src.n(len(m.entries))].id
	}
	switch src.n(12) {
	default:
		m.append(t, s, src, lim)
	case 0:
		id := pick()
		i, found := m.find(id)
		if s.Exists(id) != found || s.Delete(id) != found {
			t.Fatalf("Delete(%v), want %v", id, found)
		}
		if found {
			m.entries = slices.Delete(m.entries, i, i+1)
			if m.maxDeleted.Less(id) {
				m.maxDeleted = id
			}
			m.resetFirst()
		}
	case 1:
		m.trim(t, s, Trim{MaxLen: int64(src.n(len(m.entries) + 2)), Approx: src.n(2) == 0, Limit: int64(src.n(30))})
	case 2:
		m.trim(t, s, Trim{ByID: true, MinID: pick(), Approx: src.n(2) == 0, Limit: int64(src.n(30))})
	case 3:
		m.checkRange(t, s, pick(), pick())
	case 4, 5, 6:
		m.group(t, s, src, now)
	}
}

func (m *model) append(t *testing.T, s Stream, src *source, lim *object.Limits) {
	pairs := src.pairs()
	want := NewID{ID: ID{m.lastID.Ms + uint64(src.n(2)), uint64(src.n(5))}, AutoSeq: src.n(2) == 0}
	if src.n(3) == 0 {
		want = NewID{Auto: true}
	}
	now := max(0, int64(m.lastID.Ms)+int64(src.n(3))-1)
	id, err := s.NextID(want, now)
	switch {
	case want.Auto && now > int64(m.lastID.Ms):
		if id != (ID{Ms: uint64(now)}) || err != nil {
			t.Fatalf("NextID = %v, %v at %d", id, err, now)
		}
	case want.Auto, want.AutoSeq && want.ID.Ms == m.lastID.Ms:
		if next, _ := m.lastID.Next(); id != next || err != nil {
			t.Fatalf("NextID = %v, %v after %v", id, err, m.lastID)
		}
	case err == nil != m.lastID.Less(want.ID) || err == nil && id != want.ID:
		t.Fatalf("NextID(%v) = %v, %v after %v", want, id, err, m.lastID)
	}
	if err != nil {
		return
	}
	if err := s.Append(id, pairs, lim); err != nil {
		t.Fatal(err)
	}
	m.entries = append(m.entries, modelEntry{id, pairs})
	m.added++
	m.lastID = id
	m.resetFirst()
}

// trim checks what a trim removed by the rules rather than by doing the same.
func (m *model) trim(t *testing.T, s Stream, tr Trim) {
	wanted := max(0, len(m.entries)-int(tr.MaxLen))
	if tr.ByID {
		wanted, _ = m.find(tr.MinID)
	}
	if !tr.Approx {
		tr.Limit = 0
	}
	removed := int(s.Trim(tr))
	if removed > wanted || !tr.Approx && removed != wanted || tr.Limit > 0 && removed > int(tr.Limit) {
		t.Fatalf("%+v removed %d of %d", tr, removed, wanted)
	}
	m.entries = m.entries[removed:]
	if removed > 0 {
		m.resetFirst()
	}
}

func (m *model) group(t *testing.T, s Stream, src *source, now int64) {
	name := string(rune('p' + src.n(3)))
	g, mg := s.Group([]byte(name)), m.groups[name]
	if g.Ok() != (mg != nil) {
		t.Fatalf("group %q: %v", name, g.Ok())
	}
	if mg == nil {
		id := ID{uint64(src.n(20)), 0}
		if _, ok := s.CreateGroup([]byte(name), id, UnknownRead); !ok {
			t.Fatal("CreateGroup")
		}
		m.groups[name] = &modelGroup{id, map[ID]*modelPending{}, map[string]bool{}}
		return
	}
	who := string(rune('a' + src.n(4)))
	c, created := g.CreateConsumer([]byte(who), now)
	if created == mg.consumers[who] {
		t.Fatalf("CreateConsumer(%q) = %v", who, created)
	}
	mg.consumers[who] = true
	if !created {
		c = g.Consumer([]byte(who))
	}
	id := ID{uint64(src.n(20)), uint64(src.n(3))}
	switch src.n(7) {
	case 0:
		if src.n(4) == 0 {
			delete(m.groups, name)
			if !s.DestroyGroup([]byte(name)) || s.DestroyGroup([]byte(name)) {
				t.Fatal("DestroyGroup")
			}
		}
	case 1:
		want := 0
		maps.DeleteFunc(mg.pending, func(_ ID, p *modelPending) bool {
			if p.owner == who {
				want++
			}
			return p.owner == who
		})
		delete(mg.consumers, who)
		if n, ok := g.DeleteConsumer([]byte(who)); !ok || n != want {
			t.Fatalf("DeleteConsumer = %d, %v, want %d", n, ok, want)
		}
	case 2:
		if g.Ack(id) != (mg.pending[id] != nil) {
			t.Fatalf("Ack(%v)", id)
		}
		delete(mg.pending, id)
	case 3:
		if p := mg.pending[id]; p != nil {
			g.Claim(c, id, now-1, now, p.count+1)
			*p = modelPending{now - 1, p.count + 1, who}
		} else {
			g.Force(c, id, now)
			mg.pending[id] = &modelPending{now, 1, who}
		}
	default:
		for range src.n(40) {
			id := ID{uint64(src.n(20)), uint64(src.n(10))}
			g.Deliver(c, id, now)
			mg.pending[id] = &modelPending{now, 1, who}
			s.Advance(g, id)
			if mg.lastID.Less(id) {
				mg.lastID = id
			}
		}
	}
}

// checkCopies copies the stream whole and piece by piece.
func (m *model) checkCopies(t *testing.T, cell object.Cell) {
	t.Helper()
	a := newArena(t)
	c := newCell(a)
	Copy(c, cell)
	m.check(t, Open(c))
	rebuilt := newCell(a)
	if err := rebuild(Build(rebuilt), Open(c)); err != nil {
		t.Fatal(err)
	}
	m.check(t, Open(rebuilt))
	Free(c)
	Free(rebuilt)
	a.Free(*c.Slot)
	a.Free(*rebuilt.Slot)
	if a.Used() != 0 {
		t.Fatalf("%d bytes of the copies are left", a.Used())
	}
}

// rebuild plays the parts of s to a builder.
func rebuild(b Builder, s Stream) error {
	for p := s.Parts(); ; {
		var err error
		switch p.Next() {
		case PartNode:
			err = b.AddNode(p.ID, p.Listpack)
		case PartMeta:
			b.SetMeta(Meta{LastID: s.LastID(), MaxDeletedID: s.MaxDeletedID(), Added: s.Added(), Version: 3})
		case PartGroup:
			err = b.AddGroup(p.Group.Name(), p.Group.LastID(), p.Group.EntriesRead())
		case PartPending:
			err = b.AddPending(p.Pending.ID, p.Pending.DeliveredMs, p.Pending.Count)
		case PartConsumer:
			err = b.AddConsumer(p.Consumer.Name(), p.Consumer.SeenMs(), p.Consumer.ActiveMs())
		case PartOwned:
			err = b.AddOwned(p.ID)
		case PartEnd:
			return b.Finish()
		}
		if err != nil {
			return err
		}
	}
}

func TestModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 0))
		ops := make([]byte, 200+r.IntN(6000))
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		play(t, ops)
	}
}

func FuzzOps(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		ops := make([]byte, 400)
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		f.Add(ops)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) < 3000 {
			play(t, ops)
		}
	})
}

// FuzzNode checks that a node that passes validation can be used in every way.
func FuzzNode(f *testing.F) {
	add := func(ids []ID, pairs ...string) {
		var list [][]byte
		for _, p := range pairs {
			list = append(list, []byte(p))
		}
		lp := startNode(nil, list)
		for i, id := range ids {
			lp = appendEntry(lp, ids[0], id, list, i%2 == 0)
		}
		f.Add(lp[6:])
	}
	add([]ID{{1, 1}, {1, 2}, {5, 0}}, "a", "1", "b", "2")
	add([]ID{{1, 1}}, "field", "value")
	f.Fuzz(func(t *testing.T, body []byte) {
		n := len(body) + 6
		lp := append([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0, 0xff, 0xff}, body...)
		a := newArena(t)
		c := newCell(a)
		b := Build(c)
		if b.AddNode(ID{1, 1}, lp) == nil {
			b.SetMeta(Meta{LastID: ID{1, 1}, Version: 1})
			s := Open(c)
			s.checkInvariants()
			m := &model{added: s.Len(), lastID: s.LastID()}
			for it := s.Range(ID{}, MaxID); it.Next(); {
				e := modelEntry{id: it.ID}
				for field, value, ok := it.NextField(); ok; field, value, ok = it.NextField() {
					e.pairs = append(e.pairs, bytes.Clone(field), bytes.Clone(value))
				}
				m.entries = append(m.entries, e)
			}
			m.resetFirst()
			m.check(t, s)
			for i, e := range m.entries {
				if i%2 == 0 {
					s.Delete(e.id)
				}
			}
			lim := object.DefaultLimits()
			if id, err := s.NextID(NewID{Auto: true}, 5); err == nil {
				if err := s.Append(id, [][]byte{[]byte("a"), []byte("b")}, &lim); err != nil {
					t.Fatal(err)
				}
			}
			s.checkInvariants()
			s.Trim(Trim{MaxLen: 1})
			s.checkInvariants()
			s.Trim(Trim{MaxLen: 0})
			if s.Len() != 0 {
				t.Fatal("trimming to nothing leaves something")
			}
		}
		Free(c)
		a.Free(*c.Slot)
		if a.Used() != 0 {
			t.Fatalf("%d bytes are left", a.Used())
		}
	})
}
