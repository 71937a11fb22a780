package stream

import (
	"dragonfly/store/types/btree"
	"dragonfly/store/types/listpack"
)

// Iter walks over the entries of a range. Begin with Range or RevRange.
type Iter struct {
	ID     ID  // of the current entry
	Fields int // number of its fields

	s          Stream
	cur        btree.Cursor // the node after the open one
	start, end ID
	rev        bool
	open       bool // node is being walked
	node       node
	entry      entry
	p          int // forwards: the next entry's flags; backwards: its lp-count; -1 at the end of the node
	fieldReader
}

// Range returns an iterator over the entries from start to end, both inclusive.
func (s Stream) Range(start, end ID) Iter {
	it := Iter{s: s, start: start, end: end}
	it.cur = s.nodes().SeekLE(keyOf(start))
	if !it.cur.Ok() {
		it.cur = s.nodes().First()
	}
	return it
}

// RevRange returns an iterator over the entries from end down to start, both inclusive.
func (s Stream) RevRange(start, end ID) Iter {
	return Iter{s: s, start: start, end: end, rev: true, cur: s.nodes().SeekLE(keyOf(end))}
}

// Next moves to the next live entry; false means there is none.
func (it *Iter) Next() bool {
	for {
		if !it.open && !it.openNext() {
			return false
		}
		if it.p < 0 {
			it.open = false
			continue
		}
		if it.rev {
			it.stepBack()
			if !it.open {
				continue
			}
		} else {
			it.entry = it.node.entryAt(it.p)
			it.p = it.node.after(&it.entry)
		}
		id := it.entry.id
		beyond, outside := it.end.Less(id), id.Less(it.start)
		if it.rev {
			beyond, outside = outside, beyond
		}
		if beyond {
			it.cur, it.open, it.p = btree.Cursor{}, false, -1
			return false
		}
		if outside || it.entry.flags&flagDeleted != 0 {
			continue
		}
		it.ID, it.Fields = id, it.entry.fields
		it.read(&it.node, &it.entry)
		return true
	}
}

// openNext opens the next node.
func (it *Iter) openNext() bool {
	if !it.cur.Ok() {
		return false
	}
	item := nodeOf(it.cur.Item())
	it.node = openNode(item.id, it.s.block(item.lp))
	it.open = true
	if it.rev {
		it.cur.Prev()
		it.p = listpack.Last(it.node.lp)
	} else {
		it.cur.Next()
		it.p = it.node.first()
	}
	return true
}

// stepBack decodes the entry whose lp-count is at p; at the master entry it closes the node.
func (it *Iter) stepBack() {
	at := it.node.before(it.p)
	if at < 0 {
		it.open = false
		return
	}
	it.entry = it.node.entryAt(at)
	it.p = listpack.Prev(it.node.lp, at)
}

// NextField returns the next field of the current entry and its value, good until the next call; ok is false if there
// are no more.
func (it *Iter) NextField() (field, value []byte, ok bool) { return it.next() }
