package stream

import (
	"testing"

	"dragonfly/store/types/listpack"
)

// nodeBytes makes the listpack of a node with one field per entry.
func nodeBytes(ids ...ID) []byte {
	pairs := [][]byte{[]byte("f"), []byte("v")}
	lp := startNode(nil, pairs)
	for _, id := range ids {
		lp = appendEntry(lp, ids[0], id, pairs, true)
	}
	n := openNode(ids[0], lp)
	n.count = int64(len(ids))
	n.storeCounts()
	return n.lp
}

func TestBuildErrors(t *testing.T) {
	one, two := ID{1, 1}, ID{2, 0}
	f := func(want error, steps ...func(b *Builder) error) {
		t.Helper()
		a := newArena(t)
		c := newCell(a)
		b := Build(c)
		var err error
		for _, step := range append(steps, (*Builder).Finish) {
			if err = step(&b); err != nil {
				break
			}
		}
		if err != want {
			t.Errorf("error %v, want %v", err, want)
		}
		Free(c)
		a.Free(*c.Slot)
		if a.Used() != 0 {
			t.Errorf("%d bytes are left after %v", a.Used(), err)
		}
	}
	node := func(id ID, lp []byte) func(*Builder) error {
		return func(b *Builder) error { return b.AddNode(id, lp) }
	}
	meta := func(b *Builder) error { b.SetMeta(Meta{Version: 3}); return nil }
	group := func(name string) func(*Builder) error {
		return func(b *Builder) error { return b.AddGroup([]byte(name), one, 1) }
	}
	pending := func(id ID) func(*Builder) error {
		return func(b *Builder) error { return b.AddPending(id, 5, 1) }
	}
	consumer := func(name string) func(*Builder) error {
		return func(b *Builder) error { return b.AddConsumer([]byte(name), 5, 5) }
	}
	owned := func(id ID) func(*Builder) error {
		return func(b *Builder) error { return b.AddOwned(id) }
	}
	f(nil, meta)
	f(nil, node(one, nodeBytes(one, two)), meta, group("g"), pending(one), pending(two), consumer("a"), owned(two), consumer("b"), owned(one), group("h"))
	f(corruptOrder, node(one, nodeBytes(one)), node(one, nodeBytes(one)))
	f(corruptOrder, node(one, nodeBytes(one, two)), node(two, nodeBytes(two)))
	f(corruptOrder, node(one, nodeBytes(one, two, two)))
	f(corruptOrder, node(two, nodeBytes(two, one)))
	f(corruptMaster, node(one, listpack.New(nil)))
	f(corruptMaster, node(one, listpack.AppendInt(listpack.AppendInt(listpack.AppendInt(listpack.New(nil), 1), 0), 1<<60)))
	f(corruptEntry, node(one, listpack.AppendInt(nodeBytes(one), 2)))
	f(corruptEntry, node(one, listpack.ReplaceInt(nodeBytes(one), listpack.Last(nodeBytes(one)), 5)))
	f(corruptGroup, meta, group("g"), group("g"))
	f(corruptPending, meta, group("g"), pending(two), pending(two))
	f(corruptConsumer, meta, group("g"), consumer("a"), consumer("a"))
	f(corruptOwner, meta, group("g"), consumer("a"), owned(one))
	f(corruptOwner, meta, group("g"), pending(one), consumer("a"), owned(one), consumer("b"), owned(one))
	f(corruptPending, meta, group("g"), pending(one), pending(two), consumer("a"), owned(two), owned(one))
	f(corruptOrphan, meta, group("g"), pending(one))
	f(corruptOrphan, meta, group("g"), pending(one), group("h"))
}

// TestBuildOld derives what older versions did not store, and mends what is wrong without harm.
func TestBuildOld(t *testing.T) {
	a := newArena(t)
	c := newCell(a)
	b := Build(c)
	lp := nodeBytes(ID{1, 1}, ID{1, 2}, ID{5, 0})
	n := openNode(ID{1, 1}, lp)
	n.tombstone(n.first())
	n.count = 99 // as it should not be, and the number of tombstones is not stored either
	n.deleted = 0
	n.storeCounts()
	if err := b.AddNode(ID{1, 1}, n.lp); err != nil {
		t.Fatal(err)
	}
	b.SetMeta(Meta{LastID: ID{4, 0}, Version: 1})
	for _, g := range []struct {
		name string
		last ID
		read int64
	}{{"end", ID{5, 0}, 2}, {"first", ID{1, 2}, 1}, {"start", ID{}, 0}, {"unknown", ID{3, 0}, UnknownRead}} {
		if err := b.AddGroup([]byte(g.name), g.last, 77); err != nil {
			t.Fatal(err)
		}
		if got := Open(c).Group([]byte(g.name)).EntriesRead(); got != g.read {
			t.Errorf("group at %v has read %d, want %d", g.last, got, g.read)
		}
	}
	if err := b.AddConsumer([]byte("c"), 5, NeverActive); err != nil {
		t.Fatal(err)
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	s := Open(c)
	s.checkInvariants()
	if s.Len() != 2 || s.Added() != 2 || s.LastID() != (ID{5, 0}) || s.FirstID() != (ID{1, 2}) || !s.MaxDeletedID().IsZero() {
		t.Errorf("%d %d %v %v %v", s.Len(), s.Added(), s.LastID(), s.FirstID(), s.MaxDeletedID())
	}
	if got := s.Group([]byte("unknown")).ConsumerAt(0).ActiveMs(); got != 5 {
		t.Errorf("active at %d, want when it was seen", got)
	}
	Free(c)
}
