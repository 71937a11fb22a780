package set

import (
	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// Iter walks over the members of a set, in the order of an intset or listpack, in no order of a table. An iterator
// over a table may be kept and continued later as long as the set is not changed; one over a small set is a view
// of the entry and good for one visit only.
type Iter struct {
	// Deadline is that of the member that Next returned, 0 if it has none.
	Deadline int64

	enc     object.Encoding
	small   []byte // intset or listpack
	p       int    // index or offset of the next member, -1 at the end
	a       *arena.Arena
	table   dash.Iter
	scratch Scratch
}

// NewIter returns an iterator that stands before the first member.
func NewIter(c object.Cell) Iter {
	it := Iter{enc: c.Encoding(), a: c.A}
	switch it.enc {
	case object.Intset:
		it.small = c.View()
	case object.Listpack:
		it.small = c.View()
		it.p = listpack.First(it.small)
	default:
		t := rootOf(c).table(c.A)
		it.table = t.Iter()
	}
	return it
}

// Next returns the next member; ok is false at the end. The member is valid until the next call.
func (it *Iter) Next() (member []byte, ok bool) {
	var n int64
	switch it.enc {
	case object.Intset:
		if it.p == intset.Len(it.small) {
			return nil, false
		}
		n = intset.At(it.small, it.p)
		it.p++
	case object.Listpack:
		if it.p < 0 {
			return nil, false
		}
		var isInt bool
		member, n, isInt, it.p = listpack.GetNext(it.small, it.p)
		if !isInt {
			return member, true
		}
	default:
		slot := it.table.Next()
		if slot == nil {
			return nil, false
		}
		member, it.Deadline = readMember(it.a, *slot)
		return member, true
	}
	return number.AppendInt(it.scratch[:0], n), true
}

// Scan calls fn for members from cursor on and returns the cursor to continue from, 0 at the end. A small set is
// passed whole. Of a table it passes cells until it has passed count members, but no more than ten cells for each
// member asked for. See package dash for what is guaranteed while the set changes.
func Scan(c object.Cell, cursor uint64, count int, fn func(member []byte)) uint64 {
	if c.Encoding() != object.Hashtable {
		it := NewIter(c)
		for m, ok := it.Next(); ok; m, ok = it.Next() {
			fn(m)
		}
		return 0
	}
	t := rootOf(c).table(c.A)
	passed := 0
	for cells := 0; ; cells++ {
		cursor = t.Scan(cursor, func(slot *arena.Ref) {
			passed++
			fn(memberOf(c.A, *slot))
		})
		if cursor == 0 || passed >= count || cells/10 >= count {
			return cursor
		}
	}
}
