package list

import (
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Nodes returns the number of nodes; a listpack is one. A saver that writes node by node may give up the shard
// lock between nodes as long as the list does not change.
func Nodes(c object.Cell) int {
	if isListpack(c) {
		return 1
	}
	q := open(c)
	return int(q.nodes)
}

// Node returns the bytes of node i: a listpack, or one element if plain. They are valid until the list changes.
func Node(c object.Cell, i int) (data []byte, plain bool) {
	if isListpack(c) {
		return c.View(), false
	}
	q := open(c)
	n := q.at(i)
	return q.data(n), n.isPlain()
}

// MemUsage returns the bytes of memory of the list outside its entry.
func MemUsage(c object.Cell) int {
	if isListpack(c) {
		return 0
	}
	q := open(c)
	size := c.A.Size(q.dir())
	for i := range q.list() {
		size += c.A.Size(q.at(i).block)
	}
	return size
}

// Free frees what the list has outside its entry. The value is void then.
func Free(c object.Cell) {
	if isListpack(c) {
		return
	}
	q := open(c)
	for i := range q.list() {
		c.A.Free(q.at(i).block)
	}
	c.A.Free(q.dir())
}

// FreeStep does a part of Free, of about n elements, and reports whether it was the last. The rest of the list
// is all that it needs to know, so the cursor is not used.
func FreeStep(c object.Cell, _ *uint64, n int) (done bool) {
	if isListpack(c) {
		return true
	}
	q := open(c)
	for n > 0 && q.nodes > 0 {
		last := q.at(int(q.nodes) - 1)
		n -= last.len()
		c.A.Free(last.block)
		q.count -= uint64(last.len())
		q.nodes--
	}
	if q.nodes > 0 {
		return false
	}
	c.A.Free(q.dir())
	return true
}

// Copy makes target, a new entry of the same or another arena, a list equal to source.
func Copy(target, source object.Cell) {
	if isListpack(source) {
		lp := source.View()
		copy(target.Resize(len(lp)), lp)
		target.SetKind(object.List, object.Listpack)
		return
	}
	to, from := create(target), open(source)
	for i := range from.list() {
		n := from.at(i)
		to.insertNode(i, to.nodeOf(from.data(n), n.tally))
	}
}

// Builder fills lists that are loaded, node by node or element by element. The zero value is ready for Begin. It
// keeps a buffer of about a node's size from list to list.
type Builder struct {
	c     object.Cell
	lim   *object.Limits
	lp    []byte // elements that are in no node yet
	count int    // how many
	total int    // elements of the list
}

// Begin makes the entry an empty list, its value dropped, and fills it from now on.
func (b *Builder) Begin(c object.Cell, lim *object.Limits) {
	b.c, b.lim, b.count, b.total = c, lim, 0, 0
	b.lp = listpack.New(b.lp)
	Init(c)
}

// Push adds an element at the tail.
func (b *Builder) Push(elem []byte) {
	if isLarge(b.lim, len(elem)) {
		b.AddPlain(elem)
		return
	}
	if b.count > 0 && !fits(b.lim, len(b.lp)+len(elem)+entryOverhead, b.count+1) {
		b.flush()
	}
	b.lp = listpack.Append(b.lp, elem)
	b.count++
}

// flush makes a node of the elements that are in none.
func (b *Builder) flush() {
	if b.count == 0 {
		return
	}
	count := b.count
	b.count = 0
	b.add(b.lp, uint32(count))
	b.lp = listpack.New(b.lp)
}

// AddListpack adds a node of all elements of lp, which must have passed listpack.Validate, deep.
func (b *Builder) AddListpack(lp []byte) {
	b.flush()
	if count := listpack.Len(lp); count > 0 {
		b.add(lp, uint32(count))
	}
}

// AddPlain adds a node of one element as it is.
func (b *Builder) AddPlain(elem []byte) {
	b.flush()
	b.add(elem, 1|plainBit)
}

// add adds a node. The first one becomes the entry's listpack if it can stay so.
func (b *Builder) add(data []byte, tally uint32) {
	count := int(tally &^ plainBit)
	if b.total += count; b.total == count && tally&plainBit == 0 && fitsListpack(b.lim, len(data), count) {
		copy(b.c.Resize(len(data)), data)
		return
	}
	if isListpack(b.c) {
		toQuicklist(b.c)
	}
	q := open(b.c)
	q.insertNode(int(q.nodes), q.nodeOf(data, tally))
}

// fitsListpack tells whether a list that consists of one such listpack may be that listpack.
func fitsListpack(lim *object.Limits, size, count int) bool {
	bytes, most := limits(lim)
	return size <= bytes && count <= most
}

// End completes the list and returns the number of its elements. An empty list is the caller's to remove.
func (b *Builder) End() int {
	b.flush()
	b.c, b.lim = object.Cell{}, nil
	return b.total
}
