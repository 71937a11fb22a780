package btree

import (
	"unsafe"

	"dragonfly/store/arena"
)

// Find returns the item with key k in place, nil if there is none. What
// follows the key in it may be changed.
func (t Tree) Find(k Key) []byte {
	if t.count == 0 {
		return nil
	}
	c := t.seek(&k)
	if !t.equal(c.n, c.i, &k) {
		return nil
	}
	return c.Item()
}

// Rank returns the number of items smaller than k, and whether there is an
// item with key k.
func (t Tree) Rank(k Key) (rank int, found bool) {
	if t.count == 0 {
		return 0, false
	}
	r := t.node
	for level := int(t.depth); level > 0; level-- {
		n := t.at(r, level)
		i := t.route(n, &k)
		for j := range i {
			rank += int(*n.count(j))
		}
		r = *n.child(i)
	}
	n := t.at(r, 0)
	i := t.search(n, 0, &k)
	return rank + i, t.equal(n, i, &k)
}

// Cursor is a place in a tree: that of an item, or none. It is good until
// the tree changes.
type Cursor struct {
	a *arena.Arena
	n node
	i int
}

// Ok tells whether the cursor is at an item.
func (c *Cursor) Ok() bool { return c.n.p != nil }

// Item returns the item in place. What follows the key in it may be changed.
func (c *Cursor) Item() []byte {
	return unsafe.Slice((*byte)(c.n.slot(c.i)), c.n.lay.size)
}

// Next moves to the following item, or to none.
func (c *Cursor) Next() {
	if c.i++; c.i >= c.n.len() {
		c.jump(c.n.leaf().next)
	}
}

// Prev moves to the item before, or to none.
func (c *Cursor) Prev() {
	if c.i--; c.i < 0 {
		c.jump(c.n.leaf().prev)
		if c.Ok() {
			c.i = c.n.len() - 1
		}
	}
}

// jump moves to the first item of another leaf.
func (c *Cursor) jump(r arena.Ref) {
	c.i = 0
	c.n.p = nil
	if r != arena.Nil {
		c.n.p = c.a.Ptr(r)
	}
}

// Run returns the items from the cursor to the end of its leaf, one after
// the other in place, and moves behind them. It is how to read many items.
func (c *Cursor) Run() []byte {
	items := c.n.slots(c.i, c.n.len()-c.i)
	c.jump(c.n.leaf().next)
	return items
}

// seek returns the place of the first item of a leaf that is not smaller
// than k, which may be behind its last.
func (t *Tree) seek(k *Key) Cursor {
	r := t.node
	for level := int(t.depth); level > 0; level-- {
		n := t.at(r, level)
		r = *n.child(t.route(n, k))
	}
	n := t.at(r, 0)
	return Cursor{t.A, n, t.search(n, 0, k)}
}

// SeekGE returns the place of the smallest item not smaller than k.
func (t Tree) SeekGE(k Key) Cursor {
	if t.count == 0 {
		return Cursor{}
	}
	c := t.seek(&k)
	if c.i == c.n.len() {
		c.jump(c.n.leaf().next)
	}
	return c
}

// SeekLE returns the place of the largest item not larger than k.
func (t Tree) SeekLE(k Key) Cursor {
	if t.count == 0 {
		return Cursor{}
	}
	c := t.seek(&k)
	if !t.equal(c.n, c.i, &k) {
		c.Prev()
	}
	return c
}

// First returns the place of the smallest item.
func (t Tree) First() Cursor { return t.At(0) }

// Last returns the place of the largest item.
func (t Tree) Last() Cursor { return t.At(int(t.count) - 1) }

// At returns the place of the item of a rank, none if there is no such rank.
func (t Tree) At(rank int) Cursor {
	if rank < 0 || rank >= int(t.count) {
		return Cursor{}
	}
	r := t.node
	for level := int(t.depth); level > 0; level-- {
		n := t.at(r, level)
		i := 0
		for rank >= int(*n.count(i)) {
			rank -= int(*n.count(i))
			i++
		}
		r = *n.child(i)
	}
	return Cursor{t.A, t.at(r, 0), rank}
}

// RankFunc returns how many items come before the first for which before is
// false. Those for which it is true must be the first ones of the tree. It
// is called with the key of an item, its first keySize bytes.
func (t Tree) RankFunc(before func(key []byte) bool) (rank int) {
	if t.count == 0 {
		return 0
	}
	r := t.node
	for level := int(t.depth); level > 0; level-- {
		n := t.at(r, level)
		i := max(t.partition(n, before)-1, 0)
		for j := range i {
			rank += int(*n.count(j))
		}
		r = *n.child(i)
	}
	return rank + t.partition(t.at(r, 0), before)
}

// partition returns the first slot of a node for which before is false.
func (t *Tree) partition(n node, before func(key []byte) bool) int {
	lo, hi := 0, n.len()
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if before(n.slots(m, 1)[:t.keySize]) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}
