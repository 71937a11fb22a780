package list

import (
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Init makes the entry an empty list. Its value is dropped.
func Init(c object.Cell) {
	b := c.Reserve(listpack.EmptySize)
	c.SetLen(len(listpack.New(b)))
	c.SetKind(object.List, object.Listpack)
}

// SizeHint returns how long the value of a new entry will be once elems are pushed: allocating it so saves
// growing it.
func SizeHint(lim *object.Limits, elems [][]byte) int {
	size := listpack.EmptySize
	for _, e := range elems {
		if size += listpack.EncodedSize(e); !fits(lim, size, 1) {
			return refSize
		}
	}
	return size
}

func isListpack(c object.Cell) bool { return c.Encoding() == object.Listpack }

// Len returns the number of elements.
func Len(c object.Cell) int {
	if isListpack(c) {
		return listpack.Len(c.View())
	}
	q := open(c)
	return int(q.count)
}

// grow makes the list a quicklist if a listpack cannot take count more elements of size bytes together. Redis
// asks this before it knows whether a change will be made.
func grow(c object.Cell, lim *object.Limits, count, size int) {
	if !isListpack(c) {
		return
	}
	if lp := c.View(); !fits(lim, len(lp)+size, listpack.Len(lp)+count) {
		toQuicklist(c)
	}
}

// toQuicklist turns a listpack into a quicklist of one node, or of none if it is empty.
func toQuicklist(c object.Cell) {
	lp := c.View()
	var n node
	if count := listpack.Len(lp); count > 0 {
		block := c.A.Alloc(len(lp))
		copy(c.A.Bytes(block, len(lp)), lp)
		n = node{block: block, size: uint32(len(lp)), tally: uint32(count)}
	}
	q := create(c)
	if n.len() > 0 {
		q.insertNode(0, n)
	}
}

// TryShrink makes a quicklist that has become small a listpack again. To be called after elements were removed
// or replaced, once the list is not empty.
func TryShrink(c object.Cell, lim *object.Limits) {
	if isListpack(c) {
		return
	}
	bytes, count := limits(lim)
	toListpack(c, bytes/2, count/2)
}

// toListpack turns a quicklist of one listpack of at most so many bytes and elements into that listpack.
func toListpack(c object.Cell, bytes, count int) {
	q := open(c)
	if q.nodes != 1 {
		return
	}
	n := *q.at(0)
	if n.isPlain() || int(n.size) > bytes || n.len() > count {
		return
	}
	dir, data := q.dir(), q.data(&n)
	copy(c.Resize(len(data)), data)
	c.SetKind(object.List, object.Listpack)
	c.A.Free(n.block)
	c.A.Free(dir)
}

// PushTail adds elements at the tail, in order.
func PushTail(c object.Cell, lim *object.Limits, elems ...[]byte) {
	if lp := prepare(c, lim, elems); lp != nil {
		for _, e := range elems {
			lp = listpack.Append(lp, e)
		}
		c.SetLen(len(lp))
		return
	}
	q := open(c)
	for _, e := range elems {
		q.append(lim, e)
	}
}

// PushHead adds elements at the head, one after the other: the last becomes the first of the list.
func PushHead(c object.Cell, lim *object.Limits, elems ...[]byte) {
	if lp := prepare(c, lim, elems); lp != nil {
		for _, e := range elems {
			lp = listpack.Prepend(lp, e)
		}
		c.SetLen(len(lp))
		return
	}
	q := open(c)
	for _, e := range elems {
		q.prepend(lim, e)
	}
}

// prepare returns the listpack of the list with capacity for elems, nil if the list is a quicklist.
func prepare(c object.Cell, lim *object.Limits, elems [][]byte) []byte {
	if !isListpack(c) {
		return nil
	}
	size := 0
	for _, e := range elems {
		size += len(e)
	}
	grow(c, lim, len(elems), size)
	if !isListpack(c) {
		return nil
	}
	size = c.Len()
	for _, e := range elems {
		size += listpack.EncodedSize(e)
	}
	return c.Reserve(size)
}

func (q *quicklist) append(lim *object.Limits, elem []byte) {
	if last := int(q.nodes) - 1; last >= 0 {
		n := q.at(last)
		if n.allowsInsert(lim, len(elem)) {
			q.pushTail(lim, n, elem)
			return
		}
		q.fit(n)
	}
	q.insertNode(int(q.nodes), q.single(lim, elem))
}

func (q *quicklist) prepend(lim *object.Limits, elem []byte) {
	if q.nodes > 0 {
		n := q.at(0)
		if n.allowsInsert(lim, len(elem)) {
			q.pushHead(lim, n, elem)
			return
		}
		q.fit(n)
	}
	q.insertNode(0, q.single(lim, elem))
}

// normal returns an index counted from the head; ok tells whether there is such an element.
func normal(index, count int) (_ int, ok bool) {
	if index < 0 {
		index += count
	}
	return index, index >= 0 && index < count
}

// Index returns an element by its index; negative ones count from the tail. The element is valid until the list
// changes.
func Index(c object.Cell, index int) (e Elem, ok bool) {
	if isListpack(c) {
		lp := c.View()
		p := listpack.Seek(lp, index)
		if p < 0 {
			return Elem{}, false
		}
		return elemAt(lp, p), true
	}
	q := open(c)
	if index, ok = normal(index, int(q.count)); !ok {
		return Elem{}, false
	}
	i, at := q.find(index)
	n := q.at(i)
	data := q.data(n)
	if n.isPlain() {
		return Elem{Text: data}, true
	}
	return elemAt(data, listpack.Seek(data, at)), true
}

// Set replaces an element by its index; negative ones count from the tail. It reports whether there was one.
func Set(c object.Cell, lim *object.Limits, index int, elem []byte) bool {
	grow(c, lim, 1, len(elem))
	index, ok := normal(index, Len(c))
	if !ok {
		return false
	}
	if isListpack(c) {
		lp := c.View()
		p := listpack.Seek(lp, index)
		extra := listpack.EncodedSize(elem) - listpack.EntrySize(lp, p)
		lp = c.Reserve(len(lp) + max(extra, 0))
		c.SetLen(len(listpack.Replace(lp, p, elem)))
		trimValue(c)
		return true
	}
	q := open(c)
	q.set(lim, index, elem)
	return true
}

func (q *quicklist) set(lim *object.Limits, index int, elem []byte) {
	i, at := q.find(index)
	n := q.at(i)
	large := isLarge(lim, len(elem))
	switch {
	case n.isPlain() && large:
		q.a.Free(n.block)
		*n = q.nodeOf(elem, 1|plainBit)
	case n.isPlain():
		q.insertBeside(lim, i, 0, elem, true)
		q.removeNodes(i, i+1)
	case !large && listpack.SafeToAdd(q.data(n), len(elem)+maxEntryOverhead):
		q.replace(lim, n, listpack.Seek(q.data(n), at), elem)
		q.shrink(n)
	default:
		// The element gets a node: cut behind the old one and drop that.
		if lp := q.data(n); at+1 < n.len() {
			q.split(i, listpack.Seek(lp, at+1))
		}
		q.insertNode(i+1, q.single(lim, elem))
		if n = q.at(i); n.len() == 1 {
			q.removeNodes(i, i+1)
			return
		}
		q.removeAt(n, n.len()-1, 1)
		q.mergeAround(lim, i+1)
	}
}

// Insert adds elem before or after the first element equal to pivot. It reports whether there was one.
func Insert(c object.Cell, lim *object.Limits, pivot, elem []byte, after bool) bool {
	grow(c, lim, 1, len(elem))
	if isListpack(c) {
		lp := c.View()
		p := listpack.Find(lp, listpack.First(lp), pivot, 0)
		if p < 0 {
			return false
		}
		lp = c.Reserve(len(lp) + listpack.EncodedSize(elem))
		if after {
			lp = listpack.InsertAfter(lp, p, elem)
		} else {
			lp = listpack.Insert(lp, p, elem)
		}
		c.SetLen(len(lp))
		return true
	}
	q := open(c)
	for i := range int(q.nodes) {
		n := q.at(i)
		if data := q.data(n); n.isPlain() {
			if string(data) == string(pivot) {
				q.insertBeside(lim, i, 0, elem, after)
				return true
			}
		} else if p := listpack.Find(data, listpack.First(data), pivot, 0); p >= 0 {
			q.insertBeside(lim, i, p, elem, after)
			return true
		}
	}
	return false
}

// insertBeside adds elem before or after an element: the one of plain node i, or the one at offset p of
// listpack node i. In a full node it goes where Redis puts it.
func (q *quicklist) insertBeside(lim *object.Limits, i, p int, elem []byte, after bool) {
	n := q.at(i)
	atTail, atHead := after, !after
	if !n.isPlain() {
		// p becomes the offset before which elem goes.
		lp := q.data(n)
		atHead = !after && p == listpack.First(lp)
		if after {
			p += listpack.EntrySize(lp, p)
			atTail = p == len(lp)-1
		}
	}
	large := isLarge(lim, len(elem))
	switch {
	case n.allowsInsert(lim, len(elem)):
		q.insert(lim, n, p, elem)
	case !large && atTail && i+1 < int(q.nodes) && q.at(i+1).allowsInsert(lim, len(elem)):
		q.pushHead(lim, q.at(i+1), elem)
	case !large && atHead && i > 0 && q.at(i-1).allowsInsert(lim, len(elem)):
		q.pushTail(lim, q.at(i-1), elem)
	case atTail:
		q.insertNode(i+1, q.single(lim, elem))
	case atHead:
		q.insertNode(i, q.single(lim, elem))
	case large:
		q.split(i, p)
		q.insertNode(i+1, q.single(lim, elem))
	case after:
		q.split(i, p)
		q.pushHead(lim, q.at(i+1), elem)
		q.mergeAround(lim, i)
	default:
		q.split(i, p)
		q.pushTail(lim, q.at(i), elem)
		q.mergeAround(lim, i+1)
	}
}
