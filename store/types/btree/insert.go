package btree

import (
	"unsafe"

	"dragonfly/store/arena"
)

// Insert adds an item whose key is k. It returns false, and changes nothing,
// if there is an item with that key.
func (t Tree) Insert(k Key, item []byte) bool {
	var p path
	if t.node == arena.Nil {
		t.plant()
		p[0] = step{t.at(t.node, 0), 0}
	} else if t.descend(&p, &k) {
		return false
	}
	t.insertAt(&p, item)
	return true
}

// Push adds an item that is larger than all others, which is not checked.
func (t Tree) Push(item []byte) {
	var p path
	if t.node == arena.Nil {
		t.plant()
	}
	r := t.node
	for level := int(t.depth); level > 0; level-- {
		n := t.at(r, level)
		i := n.len() - 1
		p[level] = step{n, i}
		r = *n.child(i)
	}
	n := t.at(r, 0)
	p[0] = step{n, n.len()}
	t.insertAt(&p, item)
}

// Update gives the item with key old the key k and the bytes of item. It
// returns false, and changes nothing, if there is no such item. There must
// be no other item with key k. An item that stays between its neighbours is
// changed in place.
func (t Tree) Update(old, k Key, item []byte) bool {
	var p path
	if t.node == arena.Nil || !t.descend(&p, &old) {
		return false
	}
	n, i := p[0].node, p[0].i
	if i > 0 && i+1 < n.len() && t.between(n, i, &k) {
		copy(n.slots(i, 1), item)
		return true
	}
	t.remove(&p, 1)
	return t.Insert(k, item)
}

// plant makes the first leaf.
func (t *Tree) plant() {
	t.node = t.A.Alloc(leafHead + t.itemSize)
	t.depth = 0
	*(*leaf)(t.A.Ptr(t.node)) = leaf{}
}

// insertAt adds an item at the place that a path leads to.
func (t *Tree) insertAt(p *path, item []byte) {
	if t.depth == 0 && !p[0].full() {
		t.fit(p)
	} else if p[0].full() && !t.spill(p) {
		t.makeRoom(p, 0)
	}
	n, i := p[0].node, p[0].i
	n.open(i, 1)
	copy(n.slots(i, 1), item)
	t.addCounts(p, 1)
	if i == 0 {
		t.fixMin(p, 0)
	}
}

// fit makes room for one more item in the block of the only leaf.
func (t *Tree) fit(p *path) {
	need := leafHead + (p[0].len()+1)*t.itemSize
	if need <= t.A.Cap(t.node) {
		return
	}
	size := min(need+need/4, nodeBytes)
	t.node = t.A.Realloc(t.node, need-t.itemSize, size)
	p[0].p = t.A.Ptr(t.node)
}

// spill moves items of a full leaf to a neighbour under the same parent, if
// one has room worth the effort, and lets the path follow.
func (t *Tree) spill(p *path) bool {
	if t.depth == 0 {
		return false
	}
	up, j := p[1].node, p[1].i
	n, at := p[0].node, p[0].i
	room := func(i int) int {
		free := n.lay.cap - t.at(*up.child(i), 0).len()
		if free < n.lay.cap/8 {
			return 0
		}
		return (free + 1) / 2
	}
	// The first and the last leaf are left full: see split.
	if at == n.len() && n.leaf().next == arena.Nil || at == 0 && n.leaf().prev == arena.Nil {
		return false
	}
	if j > 0 {
		if m := room(j - 1); m > 0 {
			k := t.at(*up.child(j - 1), 0).len()
			t.shift(up, j-1, 0, k+m)
			if at <= m {
				p[0] = step{t.at(*up.child(j - 1), 0), k + at}
				p[1].i--
			} else {
				p[0].i -= m
			}
			return true
		}
	}
	if j+1 < up.len() {
		if m := room(j + 1); m > 0 {
			keep := n.len() - m
			t.shift(up, j, 0, keep)
			if at > keep {
				p[0] = step{t.at(*up.child(j + 1), 0), at - keep}
				p[1].i++
			}
			return true
		}
	}
	return false
}

// shift moves slots between the children j and j+1 of an inner node, at the
// given level, so that the left one has want of them and the right one some.
func (t *Tree) shift(up node, j, level, want int) {
	left, right := t.at(*up.child(j), level), t.at(*up.child(j + 1), level)
	have := left.len()
	if m := want - have; m > 0 {
		copy(left.slots(have, m), right.slots(0, m))
		left.setLen(want)
		right.close(0, m)
	} else if m < 0 {
		right.open(0, -m)
		copy(right.slots(0, -m), left.slots(want, -m))
		left.setLen(want)
	}
	sum := *up.count(j) + *up.count(j + 1)
	w := left.weight(level)
	*up.count(j), *up.count(j + 1) = w, sum-w
	t.setKey(up, j+1, right.slot(0))
}

// makeRoom splits the full node of a path at a level, and full nodes above
// it, so that the path leads to a node with room.
func (t *Tree) makeRoom(p *path, level int) {
	if !p[level].full() {
		return
	}
	if level == int(t.depth) {
		t.growRoot(p)
	} else {
		t.makeRoom(p, level+1)
	}
	t.split(p, level)
}

// growRoot puts a new root above the present one.
func (t *Tree) growRoot(p *path) {
	old := t.at(t.node, int(t.depth))
	r := t.A.Alloc(nodeBytes)
	t.depth++
	n := t.at(r, int(t.depth))
	n.setLen(1)
	*n.child(0), *n.count(0) = t.node, t.count
	t.setKey(n, 0, old.slot(0))
	t.node = r
	p[t.depth] = step{n, 0}
}

// split moves slots of the full node of a path to a new one at its right.
// The parent has room. In a leaf the path leads to the place of a new slot;
// in an inner node to the slot before it.
func (t *Tree) split(p *path, level int) {
	up, j := p[level+1].node, p[level+1].i
	n, at := p[level].node, p[level].i
	r := t.A.Alloc(nodeBytes)
	right := t.at(r, level)
	keep := n.len() / 2
	switch {
	case t.atEnd(p, level):
		keep = n.len() - min(level, 1) // an inner node takes the child with it that the path leads to
	case t.atStart(p, level):
		keep = min(level, 1)
	}
	m := n.len() - keep
	if level == 0 {
		*right.leaf() = leaf{}
		t.link(*up.child(j), n.leaf(), r, right.leaf())
	}
	copy(right.slots(0, m), n.slots(keep, m))
	right.setLen(m)
	n.setLen(keep)

	up.open(j+1, 1)
	*up.child(j + 1) = r
	sum := *up.count(j)
	w := n.weight(level)
	*up.count(j), *up.count(j + 1) = w, sum-w
	if m > 0 {
		t.setKey(up, j+1, right.slot(0))
	}
	if at > keep || at == keep && keep > 0 && (level > 0 || m == 0) {
		p[level] = step{right, at - keep}
		p[level+1].i++
	}
}

// atEnd tells whether a path leads to the end of a node at the right edge.
func (t *Tree) atEnd(p *path, level int) bool {
	last := p[level].len() - min(level, 1)
	if p[level].i != last {
		return false
	}
	for l := level + 1; l <= int(t.depth); l++ {
		if p[l].i != p[l].len()-1 {
			return false
		}
	}
	return true
}

// atStart tells whether a path leads to the start of a node at the left edge.
func (t *Tree) atStart(p *path, level int) bool {
	for l := level; l <= int(t.depth); l++ {
		if p[l].i != 0 {
			return false
		}
	}
	return true
}

// link puts a new leaf behind another.
func (t *Tree) link(r arena.Ref, l *leaf, added arena.Ref, to *leaf) {
	to.prev, to.next = r, l.next
	if l.next != arena.Nil {
		(*leaf)(t.A.Ptr(l.next)).prev = added
	}
	l.next = added
}

// between tells whether k belongs between the neighbours of slot i.
func (t *Tree) between(n node, i int, k *Key) bool {
	prev := n.slot(i - 1)
	if v := *(*uint64)(prev); v > k.Hi || v == k.Hi && !t.tieLess(prev, k) {
		return false
	}
	return t.before(k, n.slot(i+1))
}

// before tells whether k is smaller than the key in a slot.
func (t *Tree) before(k *Key, slot unsafe.Pointer) bool {
	v := *(*uint64)(slot)
	return k.Hi < v || k.Hi == v && !t.tieLess(slot, k) && !t.tieEqual(slot, k)
}
