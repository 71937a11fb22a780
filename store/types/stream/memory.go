package stream

import (
	"math"
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/object"
	"dragonfly/store/types/btree"
	"dragonfly/store/types/listpack"
)

// nodeCost is what freeing a node counts for, in elements: a node is a block of some KiB.
const nodeCost = 16

// maxBudget is a number of elements that no free exceeds.
const maxBudget = math.MaxInt

// Free frees all of a stream but its key's entry.
func Free(c object.Cell) {
	var cursor uint64
	for !FreeStep(c, &cursor, maxBudget) {
	}
}

// FreeStep frees about n elements of a stream and tells whether all is freed. Between the first step and the
// last the stream must not be used otherwise. The cursor is not used: what is left says where to go on.
func FreeStep(c object.Cell, cursor *uint64, n int) (done bool) {
	ref := rootRef(c)
	if ref == arena.Nil {
		return true
	}
	s := Open(c)
	if !s.nodes().FreeStep(n/nodeCost+1, func(item []byte) { s.a.Free(nodeOf(item).lp); n -= nodeCost }) {
		return false
	}
	for s.r.groups.n > 0 {
		if n <= 0 {
			return false
		}
		last := int(s.r.groups.n) - 1
		if !s.GroupAt(last).free(&n) {
			return false
		}
		s.r.groups.remove(s.a, last)
	}
	s.a.Free(ref)
	clear(c.View())
	return true
}

// free frees the group within a budget of elements, and tells whether it is gone.
func (g Group) free(budget *int) (done bool) {
	if !freePEL(g.pel(), budget) {
		return false
	}
	for g.g.consumers.n > 0 {
		last := int(g.g.consumers.n) - 1
		if *budget <= 0 || !g.ConsumerAt(last).free(budget) {
			return false
		}
		g.g.consumers.remove(g.a, last)
	}
	g.a.Free(g.r)
	return true
}

// free is the same for a consumer.
func (c Consumer) free(budget *int) (done bool) {
	*budget--
	if !freePEL(c.pel(), budget) {
		return false
	}
	c.a.Free(c.r)
	return true
}

// freePEL frees some of a PEL even if nothing is left of the budget, so that every step gets on.
func freePEL(t btree.Tree, budget *int) (done bool) {
	n := max(1, *budget)
	*budget -= min(t.Len(), n)
	return t.FreeStep(n, nil)
}

// MemUsage returns the bytes of a stream beside its key's entry.
func MemUsage(c object.Cell) int {
	s := Open(c)
	sum := s.a.Size(rootRef(c)) + s.nodes().Bytes()
	for cur := s.nodes().First(); cur.Ok(); cur.Next() {
		sum += s.a.Size(nodeOf(cur.Item()).lp)
	}
	sum += s.r.groups.bytes(s.a)
	for i := range s.Groups() {
		g := s.GroupAt(i)
		sum += s.a.Size(g.r) + g.pel().Bytes() + g.g.consumers.bytes(s.a)
		for j := range g.Consumers() {
			c := g.ConsumerAt(j)
			sum += s.a.Size(c.r) + c.pel().Bytes()
		}
	}
	return sum
}

func (l *names) bytes(a *arena.Arena) int {
	if l.n == 0 {
		return 0
	}
	return a.Size(l.list)
}

// Copy makes dst, a fresh entry with ValueBytes bytes in this or another arena, a copy of the stream src.
func Copy(dst, src object.Cell) {
	from, to := Open(src), New(dst)
	for cur := from.nodes().First(); cur.Ok(); cur.Next() {
		item := nodeOf(cur.Item())
		lp := from.block(item.lp)
		to.pushNode(item.id, to.newBlock(lp))
	}
	to.r.length, to.r.added = from.r.length, from.r.added
	to.r.lastID, to.r.firstID, to.r.maxDeleted = from.r.lastID, from.r.firstID, from.r.maxDeleted
	for i := range from.Groups() {
		copyGroup(to, from.GroupAt(i))
	}
}

// newBlock makes a block of a listpack.
func (s Stream) newBlock(lp []byte) arena.Ref {
	r := s.a.Alloc(len(lp))
	copy(s.a.Bytes(r, len(lp)), lp[:listpack.Bytes(lp)])
	return r
}

func copyGroup(to Stream, from Group) {
	g, _ := to.CreateGroup(from.Name(), from.g.lastID, from.g.entriesRead)
	for i := range from.Consumers() {
		f := from.ConsumerAt(i)
		c, _ := g.CreateConsumer(f.Name(), f.c.seenMs)
		c.c.activeMs = f.c.activeMs
		pel := c.pel()
		for cur := f.pel().First(); cur.Ok(); cur.Next() {
			pel.Push(cur.Item())
		}
	}
	// Owners are found by the order of names, which is the same on both sides.
	pel := g.pel()
	for cur := from.pel().First(); cur.Ok(); cur.Next() {
		p := *pendingOf(cur.Item())
		i, _ := from.g.consumers.find(from.a, from.Owner(&p).Name())
		p.owner = g.ConsumerAt(i).r
		pel.Push(unsafe.Slice((*byte)(unsafe.Pointer(&p)), pendingBytes))
	}
}
