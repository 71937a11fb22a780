package btree

import "dragonfly/store/arena"

// Delete removes the item with key k and tells whether there was one.
func (t Tree) Delete(k Key) bool {
	var p path
	if t.node == arena.Nil || !t.descend(&p, &k) {
		return false
	}
	t.remove(&p, 1)
	return true
}

// DeleteRange removes count items beginning with the one of a rank, fewer if
// there are fewer, and returns how many. It calls fn, unless nil, for each
// just before its removal; fn may free what the item refers to, but must not
// use the tree.
func (t Tree) DeleteRange(rank, count int, fn func(item []byte)) int {
	count = max(0, min(count, int(t.count)-rank))
	for left := count; left > 0; {
		var p path
		t.descendRank(&p, rank)
		n, i := p[0].node, p[0].i
		m := min(left, n.len()-i)
		if fn != nil {
			for j := i; j < i+m; j++ {
				fn(n.slots(j, 1))
			}
		}
		t.remove(&p, m)
		left -= m
	}
	return count
}

// remove takes m items out of the leaf of a path, from its slot on.
func (t *Tree) remove(p *path, m int) {
	n, i := p[0].node, p[0].i
	n.close(i, m)
	t.addCounts(p, -m)
	if n.len() == 0 {
		t.drop(p, 0)
		return
	}
	if i == 0 {
		t.fixMin(p, 0)
	}
	t.rebalance(p, 0)
}

// drop frees the node of a path at a level, which is empty, and its entry.
func (t *Tree) drop(p *path, level int) {
	if level == 0 {
		t.unlink(p[0].leaf())
	}
	if level == int(t.depth) {
		t.A.Free(t.node)
		*t.Root = Root{}
		return
	}
	up, j := p[level+1].node, p[level+1].i
	t.A.Free(*up.child(j))
	up.close(j, 1)
	if up.len() == 0 {
		t.drop(p, level+1)
		return
	}
	if j == 0 {
		t.fixMin(p, level+1)
	}
	t.rebalance(p, level+1)
}

// unlink takes a leaf out of the chain of leaves.
func (t *Tree) unlink(l *leaf) {
	if l.prev != arena.Nil {
		(*leaf)(t.A.Ptr(l.prev)).next = l.next
	}
	if l.next != arena.Nil {
		(*leaf)(t.A.Ptr(l.next)).prev = l.prev
	}
}

// rebalance merges the node of a path at a level with a neighbour, or tops
// it up from there, if it has become too empty. The keys above it are right.
func (t *Tree) rebalance(p *path, level int) {
	if level == int(t.depth) {
		t.shrinkRoot()
		return
	}
	limit := p[level].lay.cap
	if p[level].len() >= limit/3 {
		return
	}
	up, j := p[level+1].node, p[level+1].i
	if up.len() == 1 {
		return
	}
	if j+1 == up.len() {
		j--
	}
	left, right := t.at(*up.child(j), level), t.at(*up.child(j + 1), level)
	// Some room is left, so that the next insert does not split it again.
	if sum := left.len() + right.len(); sum > limit-limit/8 {
		t.shift(up, j, level, sum/2)
		return
	}
	k, m := left.len(), right.len()
	copy(left.slots(k, m), right.slots(0, m))
	left.setLen(k + m)
	*up.count(j) += *up.count(j + 1)
	if level == 0 {
		t.unlink(right.leaf())
	}
	t.A.Free(*up.child(j + 1))
	up.close(j+1, 1)
	t.rebalance(p, level+1)
}

// shrinkRoot removes roots with one child, and room that the only leaf does
// not need.
func (t *Tree) shrinkRoot() {
	for t.depth > 0 {
		n := t.at(t.node, int(t.depth))
		if n.len() > 1 {
			return
		}
		child := *n.child(0)
		t.A.Free(t.node)
		t.node = child
		t.depth--
	}
	need := leafHead + t.at(t.node, 0).len()*t.itemSize
	if arena.Round(need+2*t.itemSize) < t.A.Cap(t.node)/2 {
		t.node = t.A.Realloc(t.node, need, need)
	}
}

// FreeStep frees the tree in pieces, from the largest item on: about n items
// a call. It calls fn, unless nil, for each item. It tells whether all is
// done; Root is empty then. Between the first call and the last the tree
// must not be used otherwise.
func (t Tree) FreeStep(n int, fn func(item []byte)) (done bool) {
	for t.node != arena.Nil {
		if n <= 0 {
			return false
		}
		n -= t.freeLast(fn)
	}
	return true
}

// freeLast frees the last leaf, and the inner nodes that become empty.
func (t *Tree) freeLast(fn func(item []byte)) int {
	r, level := t.node, int(t.depth)
	parent := arena.Nil
	for ; level > 0; level-- {
		n := t.at(r, level)
		if n.len() == 0 {
			break
		}
		parent, r = r, *n.child(n.len() - 1)
	}
	freed := 1
	if level == 0 {
		n := t.at(r, 0)
		freed += n.len()
		if fn != nil {
			for i := range n.len() {
				fn(n.slots(i, 1))
			}
		}
	}
	t.A.Free(r)
	if parent == arena.Nil {
		*t.Root = Root{}
		return freed
	}
	n := t.at(parent, 1)
	n.setLen(n.len() - 1)
	return freed
}

// Bytes returns the memory of the nodes.
func (t Tree) Bytes() int {
	if t.node == arena.Nil {
		return 0
	}
	return t.bytes(t.node, int(t.depth))
}

func (t *Tree) bytes(r arena.Ref, level int) int {
	sum := t.A.Size(r)
	if level > 0 {
		n := t.at(r, level)
		for i := range n.len() {
			sum += t.bytes(*n.child(i), level-1)
		}
	}
	return sum
}
