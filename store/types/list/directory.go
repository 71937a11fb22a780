package list

import (
	"encoding/binary"
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/object"
)

var le = binary.LittleEndian

// root is the front of a directory.
type root struct {
	count uint64 // elements of the list. Invariant: the sum of its nodes' counts
	first uint32 // index of the first node in the directory's room
	nodes uint32 // nodes in use, all neighbours
}

// node describes a node of a quicklist.
// Invariant: a node in the directory has at least one element.
type node struct {
	block arena.Ref
	gap   uint32 // bytes of the block before the data
	size  uint32 // bytes of data: the listpack or the plain element
	tally uint32 // elements, and plainBit
}

const (
	plainBit = 1 << 31 // the data is one element as it is

	rootSize = int(unsafe.Sizeof(root{}))
	nodeSize = int(unsafe.Sizeof(node{}))
	refSize  = 4 // value of the entry

	minNodes = 4 // room of the smallest directory
)

var (
	_ [0]struct{} = [unsafe.Sizeof(root{}) - 16]struct{}{}
	_ [0]struct{} = [unsafe.Sizeof(node{}) - 16]struct{}{}
)

func (n *node) isPlain() bool { return n.tally&plainBit != 0 }

func (n *node) len() int { return int(n.tally &^ plainBit) }

// quicklist is a view of a list of that encoding. It goes stale when the entry changes otherwise.
type quicklist struct {
	a     *arena.Arena
	value []byte // of the entry: the Ref of the directory
	*root
}

func open(c object.Cell) quicklist {
	q := quicklist{a: c.A, value: c.View()}
	q.load()
	return q
}

func (q *quicklist) dir() arena.Ref { return arena.Ref(le.Uint32(q.value)) }

func (q *quicklist) load() { q.root = (*root)(q.a.Ptr(q.dir())) }

// create makes the entry an empty quicklist. What its value referred to is the caller's.
func create(c object.Cell) quicklist {
	dir := c.A.Alloc(rootSize + minNodes*nodeSize)
	*(*root)(c.A.Ptr(dir)) = root{}
	le.PutUint32(c.Resize(refSize), uint32(dir))
	c.SetKind(object.List, object.Quicklist)
	return open(c)
}

// room returns the whole room of the directory.
func (q *quicklist) room() []node {
	dir := q.dir()
	first := (*node)(unsafe.Add(q.a.Ptr(dir), rootSize))
	return unsafe.Slice(first, (q.a.Cap(dir)-rootSize)/nodeSize)
}

// list returns the nodes in list order.
func (q *quicklist) list() []node {
	first := (*node)(unsafe.Add(unsafe.Pointer(q.root), rootSize+int(q.first)*nodeSize))
	return unsafe.Slice(first, int(q.nodes))
}

// at returns node i. It is valid until nodes are inserted or removed.
func (q *quicklist) at(i int) *node { return &q.list()[i] }

// insertNode makes n node i.
func (q *quicklist) insertNode(i int, n node) {
	room := q.room()
	count := int(q.nodes)
	atHead := i < count-i
	if atHead && q.first == 0 || !atHead && int(q.first)+count == len(room) {
		room = q.makeRoom(atHead)
	}
	first := int(q.first)
	if atHead {
		copy(room[first-1:], room[first:first+i])
		q.first--
	} else {
		copy(room[first+i+1:], room[first+i:first+count])
	}
	q.nodes++
	room[int(q.first)+i] = n
	q.count += uint64(n.len())
}

// makeRoom frees room before the first node or after the last: by moving the nodes while a third of the room is
// free, which keeps the cost of a move spread over many inserts, else in a larger directory.
func (q *quicklist) makeRoom(atHead bool) []node {
	room, list := q.room(), q.list()
	if len(list)+len(list)/2 >= len(room) {
		q.replaceRoom(atHead)
		return q.room()
	}
	q.first = firstIn(room, len(list), atHead)
	copy(room[q.first:], list)
	return room
}

// replaceRoom moves the nodes to a directory with half as much room again.
func (q *quicklist) replaceRoom(atHead bool) {
	old, r, list := q.dir(), *q.root, q.list()
	dir := q.a.Alloc(rootSize + (len(list)+len(list)/2+minNodes)*nodeSize)
	le.PutUint32(q.value, uint32(dir))
	q.load()
	*q.root = r
	room := q.room()
	q.first = firstIn(room, len(list), atHead)
	copy(room[q.first:], list)
	q.a.Free(old)
}

// firstIn returns where count nodes begin in room when all of the free room shall be at one end.
func firstIn(room []node, count int, freeAtHead bool) uint32 {
	if freeAtHead {
		return uint32(len(room) - count)
	}
	return 0
}

// removeNodes takes nodes [i, j) out of the directory and frees their blocks.
func (q *quicklist) removeNodes(i, j int) {
	for k := i; k < j; k++ {
		n := q.at(k)
		q.a.Free(n.block)
		q.count -= uint64(n.len())
	}
	q.closeHole(i, j)
}

// closeHole takes nodes [i, j), which own nothing any more, out of the directory.
func (q *quicklist) closeHole(i, j int) {
	list := q.list()
	if i < len(list)-j {
		copy(list[j-i:], list[:i])
		q.first += uint32(j - i)
	} else {
		copy(list[i:], list[j:])
	}
	q.nodes -= uint32(j - i)
	q.shrinkRoom()
}

// shrinkRoom gives room back when little of it is used.
func (q *quicklist) shrinkRoom() {
	if room := len(q.room()); room >= 4*minNodes && int(q.nodes) < room/4 {
		q.replaceRoom(false)
	}
}

// find returns the node of an element and the element's index in it. The index must be in the list.
func (q *quicklist) find(index int) (i, at int) {
	list := q.list()
	if index < int(q.count)/2 {
		for i := range list {
			n := list[i].len()
			if index < n {
				return i, index
			}
			index -= n
		}
	}
	index -= int(q.count)
	for i := len(list) - 1; ; i-- {
		n := list[i].len()
		if index += n; index >= 0 {
			return i, index
		}
	}
}
