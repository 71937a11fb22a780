package btree

import (
	"bytes"
	"unsafe"

	"dragonfly/store/arena"
)

const (
	// nodeBytes was chosen by measurement: with 100 k to 1 M items of 12
	// bytes, 512 is a fifth slower by its extra level; from 768 to 2048 there
	// is no difference, so the smaller of the round ones.
	nodeBytes = 1024
	leafHead  = 16
	innerHead = 8
	// maxDepth bounds the path from root to leaf. Nodes that are not at an
	// edge have at least minFan/3 children, so 2^32 items need fewer levels.
	maxDepth = 24
	minFan   = 12
)

// Root is the state of a tree: plain bytes without pointers, so that it can
// live in the arena. The zero Root is an empty tree. It needs an alignment of
// 4 bytes.
type Root struct {
	node  arena.Ref
	count uint32
	depth uint8
	_     [3]byte
}

// RootBytes is the size of a Root.
const RootBytes = int(unsafe.Sizeof(Root{}))

var _ [0]struct{} = [RootBytes - 12]struct{}{}

// Key is what items are searched by.
type Key struct {
	Hi   uint64
	Lo   uint64 // breaks ties in trees without Tail
	Text []byte // breaks ties in trees with Tail
}

// Shape is what the trees of one kind have in common. It does not change
// after NewShape.
type Shape struct {
	levels   [2]layout // leaves, inner nodes
	itemSize int
	keySize  int
	tail     func(a *arena.Arena, item []byte) []byte
}

// layout is how the slots of a node lie: items in a leaf, entries for
// children in an inner node. Both begin with a key.
type layout struct{ head, size, cap int }

// NewShape describes trees of items of itemSize bytes, of which the first
// keySize (16 at least; 9 with a tail) decide the order. tail, unless nil,
// returns the bytes that order items of equal Hi, as a view into the arena;
// it sees only the first keySize bytes. It panics if inner nodes would have
// too few children.
func NewShape(itemSize, keySize int, tail func(a *arena.Arena, item []byte) []byte) Shape {
	s := Shape{itemSize: itemSize, keySize: keySize, tail: tail}
	s.levels[0] = layout{leafHead, itemSize, (nodeBytes - leafHead) / itemSize}
	s.levels[1] = layout{innerHead, keySize + 8, (nodeBytes - innerHead) / (keySize + 8)}
	if keySize > itemSize || keySize < 8 || tail == nil && keySize < 16 || min(s.levels[0].cap, s.levels[1].cap) < minFan {
		panic("btree: item or key of an unsuitable size")
	}
	return s
}

// Tree is a handle on a tree: its root together with what is needed to work
// on it.
type Tree struct {
	*Root
	A *arena.Arena
	*Shape
}

// Len returns the number of items.
func (t Tree) Len() int { return int(t.count) }

// leaf is the front of a leaf.
type leaf struct {
	n          uint16
	_          uint16
	prev, next arena.Ref
	_          uint32
}

var _ [0]struct{} = [unsafe.Sizeof(leaf{}) - leafHead]struct{}{}

// node is a view of a node as an array of slots.
type node struct {
	p   unsafe.Pointer
	lay *layout
}

func (t *Tree) at(r arena.Ref, level int) node {
	return node{t.A.Ptr(r), &t.levels[min(level, 1)]}
}

func (n node) len() int { return int(*(*uint16)(n.p)) }

func (n node) setLen(v int) { *(*uint16)(n.p) = uint16(v) }

func (n node) full() bool { return n.len() == n.lay.cap }

func (n node) leaf() *leaf { return (*leaf)(n.p) }

// slot returns the address of slot i.
func (n node) slot(i int) unsafe.Pointer { return unsafe.Add(n.p, n.lay.head+i*n.lay.size) }

// slots returns the bytes of count slots from i on.
func (n node) slots(i, count int) []byte {
	return unsafe.Slice((*byte)(n.slot(i)), count*n.lay.size)
}

// open makes a gap of count slots at i.
func (n node) open(i, count int) {
	k := n.len()
	copy(n.slots(i+count, k-i), n.slots(i, k-i))
	n.setLen(k + count)
}

// close removes count slots from i on.
func (n node) close(i, count int) {
	k := n.len()
	copy(n.slots(i, k-i-count), n.slots(i+count, k-i-count))
	n.setLen(k - count)
}

// child returns the reference in entry i of an inner node.
func (n node) child(i int) *arena.Ref {
	return (*arena.Ref)(unsafe.Add(n.p, innerHead+i*n.lay.size+n.lay.size-4))
}

// count returns the number of items below entry i of an inner node.
func (n node) count(i int) *uint32 {
	return (*uint32)(unsafe.Add(n.p, innerHead+i*n.lay.size+n.lay.size-8))
}

// weight returns the number of items in or below a node.
func (n node) weight(level int) uint32 {
	if level == 0 {
		return uint32(n.len())
	}
	sum := uint32(0)
	for i := range n.len() {
		sum += *n.count(i)
	}
	return sum
}

// setKey copies the key at the start of a slot to entry i of an inner node.
func (t *Tree) setKey(n node, i int, slot unsafe.Pointer) {
	copy(unsafe.Slice((*byte)(n.slot(i)), t.keySize), unsafe.Slice((*byte)(slot), t.keySize))
}

// step is one node of a path and the slot chosen in it.
type step struct {
	node
	i int
}

// path leads from the leaf, at index 0, to the root, at index depth.
type path [maxDepth]step

// less tells whether the key in a slot is smaller than k, beyond its Hi,
// which is equal.
func (t *Tree) tieLess(slot unsafe.Pointer, k *Key) bool {
	if t.tail == nil {
		return *(*uint64)(unsafe.Add(slot, 8)) < k.Lo
	}
	return bytes.Compare(t.tail(t.A, unsafe.Slice((*byte)(slot), t.keySize)), k.Text) < 0
}

// tieEqual tells whether the key in a slot, of equal Hi, is k.
func (t *Tree) tieEqual(slot unsafe.Pointer, k *Key) bool {
	if t.tail == nil {
		return *(*uint64)(unsafe.Add(slot, 8)) == k.Lo
	}
	return string(t.tail(t.A, unsafe.Slice((*byte)(slot), t.keySize))) == string(k.Text)
}

// search returns the first slot from lo on whose key is not smaller than k.
func (t *Tree) search(n node, lo int, k *Key) int {
	hi := n.len()
	base, size := unsafe.Add(n.p, n.lay.head), n.lay.size
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		slot := unsafe.Add(base, m*size)
		if v := *(*uint64)(slot); v < k.Hi || v == k.Hi && t.tieLess(slot, k) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// route returns the child of an inner node below which k belongs: the last
// one whose first item is not larger, or the first.
func (t *Tree) route(n node, k *Key) int {
	i := t.search(n, 1, k)
	if i < n.len() {
		if slot := n.slot(i); *(*uint64)(slot) == k.Hi && t.tieEqual(slot, k) {
			return i
		}
	}
	return i - 1
}

// equal tells whether slot i exists and has key k.
func (t *Tree) equal(n node, i int, k *Key) bool {
	if i >= n.len() {
		return false
	}
	slot := n.slot(i)
	return *(*uint64)(slot) == k.Hi && t.tieEqual(slot, k)
}

// descend fills the path to the place of k and tells whether it is there.
// The tree is not empty.
func (t *Tree) descend(p *path, k *Key) bool {
	r := t.node
	for level := int(t.depth); level > 0; level-- {
		n := t.at(r, level)
		i := t.route(n, k)
		p[level] = step{n, i}
		r = *n.child(i)
	}
	n := t.at(r, 0)
	i := t.search(n, 0, k)
	p[0] = step{n, i}
	return t.equal(n, i, k)
}

// descendRank fills the path to the item of a rank below Len.
func (t *Tree) descendRank(p *path, rank int) {
	r := t.node
	for level := int(t.depth); level > 0; level-- {
		n := t.at(r, level)
		i := 0
		for rank >= int(*n.count(i)) {
			rank -= int(*n.count(i))
			i++
		}
		p[level] = step{n, i}
		r = *n.child(i)
	}
	p[0] = step{t.at(r, 0), rank}
}

// fixMin brings the keys above a node in line with its first slot.
func (t *Tree) fixMin(p *path, level int) {
	slot := p[level].slot(0)
	for level++; level <= int(t.depth); level++ {
		t.setKey(p[level].node, p[level].i, slot)
		if p[level].i > 0 {
			return
		}
	}
}

// addCounts adds d to the counts above the leaf of a path, and to the tree's.
func (t *Tree) addCounts(p *path, d int) {
	t.count += uint32(d)
	for level := 1; level <= int(t.depth); level++ {
		*p[level].count(p[level].i) += uint32(d)
	}
}
