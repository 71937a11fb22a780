package list

import (
	"dragonfly/store/arena"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

const (
	// maxEntryOverhead is the most bytes that an element takes in a listpack beside its own.
	maxEntryOverhead = 10
	// toEnd is more elements than a listpack has.
	toEnd = 1 << 31
	// smallBlock is the size beyond which the arena wants to know how much of a block is used.
	smallBlock = 16 << 10
	// minRoom is the least that a node that grows is given.
	minRoom = 256
)

// data returns the data of the node with the rest of the block as capacity.
func (q *quicklist) data(n *node) []byte {
	return q.a.Slice(n.block, int(n.gap+n.size))[n.gap:]
}

// buffer returns the gap and the data of the node.
func (q *quicklist) buffer(n *node) []byte { return q.a.Bytes(n.block, int(n.gap+n.size)) }

// newNode returns a node with room for a listpack of about size bytes, without elements.
func (q *quicklist) newNode(size int) node {
	b := q.a.Alloc(size)
	listpack.New(q.a.Slice(b, 0))
	return node{block: b, size: listpack.EmptySize}
}

// nodeOf returns a node that holds a copy of data.
func (q *quicklist) nodeOf(data []byte, tally uint32) node {
	b := q.a.Alloc(len(data))
	copy(q.a.Bytes(b, len(data)), data)
	return node{block: b, size: uint32(len(data)), tally: tally}
}

// single returns a node with elem only, plain if it is large.
func (q *quicklist) single(lim *object.Limits, elem []byte) node {
	if isLarge(lim, len(elem)) {
		return q.nodeOf(elem, 1|plainBit)
	}
	n := q.newNode(listpack.EmptySize + listpack.EncodedSize(elem))
	lp := listpack.Append(q.data(&n), elem)
	n.size, n.tally = uint32(len(lp)), 1
	return n
}

// changed notes the listpack of a node after a change in place of its tail.
func (q *quicklist) changed(n *node, lp []byte, count int) {
	n.size = uint32(len(lp))
	n.tally += uint32(count)
	q.count += uint64(count)
	if len(lp) > smallBlock {
		q.a.SetUsed(n.block, int(n.gap+n.size))
	}
}

// grown returns the listpack of the node with capacity for extra more bytes at its tail.
func (q *quicklist) grown(lim *object.Limits, n *node, extra int) []byte {
	lp := q.data(n)
	if cap(lp)-len(lp) >= extra {
		return lp
	}
	if int(n.gap) >= extra {
		q.moveTo(n, 0)
		return q.data(n)
	}
	q.realloc(n, roomFor(lim, len(lp)+extra))
	return q.data(n)
}

// roomFor returns how large a block to take for a listpack that has come to need size bytes: half as much again,
// so that growth is cheap, but not more than a node can come to have.
func roomFor(lim *object.Limits, size int) int {
	return max(size, min(max(size+size/2, minRoom), nodeBytes(lim)))
}

// moveTo moves the data of the node within its block, to behind a gap of so many bytes.
func (q *quicklist) moveTo(n *node, gap int) {
	b := q.a.Bytes(n.block, max(gap, int(n.gap))+int(n.size))
	copy(b[gap:], b[n.gap:n.gap+n.size])
	n.gap = uint32(gap)
	if n.size > smallBlock {
		q.a.SetUsed(n.block, int(n.gap+n.size))
	}
}

// realloc moves the data of the node to the start of a block of size bytes.
func (q *quicklist) realloc(n *node, size int) {
	b := q.a.Alloc(size)
	copy(q.a.Bytes(b, int(n.size)), q.data(n))
	q.a.Free(n.block)
	n.block, n.gap = b, 0
	if size > smallBlock {
		q.a.SetUsed(b, int(n.size))
	}
}

// pushTail adds elem behind the last element of the node.
func (q *quicklist) pushTail(lim *object.Limits, n *node, elem []byte) {
	lp := q.data(n)
	if cap(lp)-len(lp) < len(elem)+maxEntryOverhead {
		lp = q.grown(lim, n, listpack.EncodedSize(elem))
	}
	q.changed(n, listpack.Append(lp, elem), 1)
}

// pushHead adds elem before the first element of the node.
func (q *quicklist) pushHead(lim *object.Limits, n *node, elem []byte) {
	gap, ok := listpack.PrependLeft(q.buffer(n), int(n.gap), elem)
	if !ok {
		q.grownLeft(lim, n, listpack.EncodedSize(elem))
		gap, _ = listpack.PrependLeft(q.buffer(n), int(n.gap), elem)
	}
	n.size += n.gap - uint32(gap)
	n.gap = uint32(gap)
	n.tally++
	q.count++
}

// grownLeft makes a gap of at least extra bytes.
func (q *quicklist) grownLeft(lim *object.Limits, n *node, extra int) {
	size := int(n.size)
	want := roomFor(lim, size+extra)
	if q.a.Cap(n.block) < size+extra {
		q.realloc(n, want)
	}
	room := q.a.Cap(n.block)
	if room > smallBlock {
		room = min(room, want) // pages beyond were never touched and cost nothing
	}
	q.moveTo(n, room-size)
}

// insert adds elem before the entry at offset p of the node's listpack, which may be the end.
func (q *quicklist) insert(lim *object.Limits, n *node, p int, elem []byte) {
	lp := q.grown(lim, n, listpack.EncodedSize(elem))
	q.changed(n, listpack.Insert(lp, p, elem), 1)
}

// replace puts elem in the place of the entry at offset p of the node's listpack.
func (q *quicklist) replace(lim *object.Limits, n *node, p int, elem []byte) {
	extra := listpack.EncodedSize(elem) - listpack.EntrySize(q.data(n), p)
	lp := q.grown(lim, n, max(extra, 0))
	q.changed(n, listpack.Replace(lp, p, elem), 0)
}

// removeAt removes count elements of a listpack node beginning at index at. Some must be left.
func (q *quicklist) removeAt(n *node, at, count int) {
	if at == 0 {
		gap := listpack.DeleteLeft(q.buffer(n), int(n.gap), count)
		n.size -= uint32(gap) - n.gap
		n.gap = uint32(gap)
		n.tally -= uint32(count)
		q.count -= uint64(count)
	} else {
		lp := q.data(n)
		q.changed(n, listpack.DeleteRange(lp, listpack.Seek(lp, at), count), -count)
	}
	q.shrink(n)
}

// shrink gives the spare room of a node back when it is most of the block. The bounds are apart from those of
// roomFor, so that pushing and popping by turns does not move the data each time.
func (q *quicklist) shrink(n *node) {
	if size, block := int(n.size), q.a.Size(n.block); block > minRoom && 3*size < block {
		q.realloc(n, size+size/2)
	}
}

// fit gives all spare room of a node back that is worth it: for nodes that are no longer at an end.
func (q *quicklist) fit(n *node) {
	if size := int(n.size); arena.Round(size) < q.a.Size(n.block) {
		q.realloc(n, size)
	}
}

// split cuts node i before the entry at offset p: what begins there becomes node i+1.
func (q *quicklist) split(i, p int) {
	n := q.at(i)
	lp := q.data(n)
	right := node{block: q.a.Alloc(listpack.EmptySize + len(lp) - p)}
	data := listpack.Slice(q.a.Slice(right.block, 0), lp, p, toEnd)
	count := listpack.Len(data)
	right.size, right.tally = uint32(len(data)), uint32(count)
	q.changed(n, listpack.DeleteRange(lp, p, toEnd), -count)
	q.fit(n)
	q.insertNode(i+1, right)
}

// merge joins node i+1 to node i.
func (q *quicklist) merge(lim *object.Limits, i int) {
	a, b := q.at(i), q.at(i+1)
	data := q.data(b)
	lp := q.grown(lim, a, len(data))
	q.changed(a, listpack.Extend(lp, data), b.len())
	q.removeNodes(i+1, i+2)
}

// mergeAround joins the neighbours around node i as far as the limit allows, in the order in which Redis tries
// them, which decides the outcome.
func (q *quicklist) mergeAround(lim *object.Limits, i int) {
	join := func(k int) bool {
		if k < 0 || k+1 >= int(q.nodes) || !allowsMerge(lim, q.at(k), q.at(k+1)) {
			return false
		}
		q.merge(lim, k)
		return true
	}
	if join(i - 2) {
		i--
	}
	join(i + 1)
	if join(i - 1) {
		i--
	}
	join(i)
}
