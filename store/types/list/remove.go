package list

import (
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Delete removes up to count elements beginning at an index counted from the head. The list may become empty.
func Delete(c object.Cell, start, count int) {
	if isListpack(c) {
		lp := c.View()
		if p := listpack.Seek(lp, start); p >= 0 {
			c.SetLen(len(listpack.DeleteRange(lp, p, count)))
			trimValue(c)
		}
		return
	}
	q := open(c)
	if count = min(count, int(q.count)-start); count > 0 {
		q.delete(start, count)
	}
}

// trimValue gives room of the entry back that a smaller value does not need.
func trimValue(c object.Cell) { c.Resize(c.Len()) }

func (q *quicklist) delete(start, count int) {
	i, at := q.find(start)
	if n := q.at(i); at > 0 || count < n.len() {
		here := min(count, n.len()-at)
		q.removeAt(n, at, here)
		count -= here
		i++
	}
	j := i
	for ; count > 0; j++ {
		n := q.at(j)
		if count < n.len() {
			q.removeAt(n, 0, count)
			break
		}
		count -= n.len()
	}
	if j > i {
		q.removeNodes(i, j)
	}
}

// Remove removes the elements equal to elem: the first count of them, the last -count, or with 0 all. It returns
// how many there were. The list may become empty.
func Remove(c object.Cell, count int, elem []byte) int {
	fromTail := count < 0
	left := count
	if fromTail {
		left = -count
	}
	if left <= 0 { // 0, or the one number without a negative
		left = toEnd << 16
	}
	if isListpack(c) {
		lp, removed := removeFrom(c.View(), left, elem, fromTail)
		if removed > 0 {
			c.SetLen(len(lp))
			trimValue(c)
		}
		return removed
	}
	q := open(c)
	return q.remove(left, elem, fromTail)
}

// remove is Remove of up to left elements. Nodes that become empty leave the directory at the end, all at once.
func (q *quicklist) remove(left int, elem []byte, fromTail bool) (removed int) {
	i, step := 0, 1
	if fromTail {
		i, step = int(q.nodes)-1, -1
	}
	emptied := false
	for ; i >= 0 && i < int(q.nodes) && removed < left; i += step {
		n := q.at(i)
		gone := 0
		if data := q.data(n); !n.isPlain() {
			data, gone = removeFrom(data, left-removed, elem, fromTail)
			if gone > 0 {
				q.changed(n, data, -gone)
			}
		} else if string(data) == string(elem) {
			gone = 1
			q.count--
			n.tally = 0
		}
		switch {
		case gone == 0:
		case n.len() == 0:
			q.a.Free(n.block)
			emptied = true
		default:
			q.shrink(n)
		}
		removed += gone
	}
	if emptied {
		q.dropEmptied()
	}
	return removed
}

// dropEmptied takes the nodes without elements, whose blocks are free, out of the directory.
func (q *quicklist) dropEmptied() {
	list := q.list()
	kept := 0
	for i := range list {
		if list[i].len() > 0 {
			list[kept] = list[i]
			kept++
		}
	}
	q.closeHole(kept, len(list))
}

// removeFrom removes up to left elements equal to elem from a listpack, in place.
func removeFrom(lp []byte, left int, elem []byte, fromTail bool) (_ []byte, removed int) {
	if fromTail {
		for p := listpack.Last(lp); p >= 0 && removed < left; {
			before := listpack.Prev(lp, p)
			if listpack.Compare(lp, p, elem) {
				lp, _ = listpack.Delete(lp, p)
				removed++
			}
			p = before
		}
		return lp, removed
	}
	p := listpack.First(lp)
	for removed < left {
		if p = listpack.Find(lp, p, elem, 0); p < 0 {
			break
		}
		// Neighbours go together: what follows moves once.
		run := 1
		for next := listpack.Next(lp, p); next >= 0 && removed+run < left && listpack.Compare(lp, next, elem); run++ {
			next = listpack.Next(lp, next)
		}
		lp = listpack.DeleteRange(lp, p, run)
		if removed += run; p == len(lp)-1 {
			break
		}
	}
	return lp, removed
}
