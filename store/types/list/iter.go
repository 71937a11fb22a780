package list

import (
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Elem is an element: the integer Int if IsInt, else the bytes Text, a view that is valid until the list changes.
type Elem struct {
	Text  []byte
	Int   int64
	IsInt bool
}

func elemAt(lp []byte, p int) Elem {
	s, n, isInt := listpack.Get(lp, p)
	return Elem{s, n, isInt}
}

// Append appends the text of the element to dst.
func (e Elem) Append(dst []byte) []byte {
	if e.IsInt {
		return number.AppendInt(dst, e.Int)
	}
	return append(dst, e.Text...)
}

// Matcher tells which elements are equal to one.
type Matcher struct {
	text  []byte
	n     int64
	isInt bool
}

// NewMatcher returns the matcher of elem, which it keeps.
func NewMatcher(elem []byte) Matcher {
	n, ok := number.ParseInt(elem)
	return Matcher{elem, n, ok}
}

// Match reports whether e is equal to the matcher's element.
func (m *Matcher) Match(e Elem) bool {
	if e.IsInt {
		return m.isInt && e.Int == m.n
	}
	return string(e.Text) == string(m.text)
}

// Iter walks over a list. The list must not change meanwhile. If the shard lock was given up in between, Resume
// comes first.
type Iter struct {
	c        object.Cell
	data     []byte // of the present node; nil before the first one
	node     int
	p        int // offset of the next element in data, -1 if there is none
	plain    bool
	backward bool
}

// From returns an iterator whose first element is the one at an index counted from the head.
func From(c object.Cell, index int) Iter { return from(c, index, false) }

// BackwardFrom returns an iterator toward the head whose first element is the one at an index counted from the
// head.
func BackwardFrom(c object.Cell, index int) Iter { return from(c, index, true) }

func from(c object.Cell, index int, backward bool) Iter {
	it := Iter{c: c, p: -1, backward: backward}
	if index < 0 || index >= Len(c) {
		return it
	}
	if isListpack(c) {
		it.data = c.View()
		it.p = listpack.Seek(it.data, index)
		return it
	}
	q := open(c)
	i, at := q.find(index)
	it.enter(&q, i)
	if !it.plain {
		it.p = listpack.Seek(it.data, at)
	}
	return it
}

// enter goes to node i; p becomes the offset of its first element, or of its last when backward.
func (it *Iter) enter(q *quicklist, i int) {
	n := q.at(i)
	it.node, it.data, it.plain = i, q.data(n), n.isPlain()
	switch {
	case it.plain:
		it.p = 0
	case it.backward:
		it.p = listpack.Last(it.data)
	default:
		it.p = listpack.First(it.data)
	}
}

// Resume makes the iterator good again after the list may have moved in memory, without having changed.
func (it *Iter) Resume(c object.Cell) {
	it.c = c
	if it.data == nil {
		return
	}
	if isListpack(c) {
		it.data = c.View()
		return
	}
	q := open(c)
	it.data = q.data(q.at(it.node))
}

// Next returns the next element; ok is false at the end.
func (it *Iter) Next() (e Elem, ok bool) {
	p := it.p
	if p < 0 {
		if !it.nextNode() {
			return Elem{}, false
		}
		p = it.p
	}
	switch {
	case it.plain:
		it.p = -1
		return Elem{Text: it.data}, true
	case it.backward:
		it.p = listpack.Prev(it.data, p)
		return elemAt(it.data, p), true
	default:
		e.Text, e.Int, e.IsInt, it.p = listpack.GetNext(it.data, p)
		return e, true
	}
}

func (it *Iter) nextNode() bool {
	if it.data == nil || isListpack(it.c) {
		return false
	}
	q := open(it.c)
	i := it.node + 1
	if it.backward {
		i = it.node - 1
	}
	if i < 0 || i >= int(q.nodes) {
		return false
	}
	it.enter(&q, i)
	return true
}
