package set

import (
	"math/rand/v2"

	"dragonfly/store/arena"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// Random returns a member of a set that is not empty, all being equally likely.
func Random(c object.Cell, scratch *Scratch) []byte {
	b := c.View()
	switch c.Encoding() {
	case object.Intset:
		return number.AppendInt(scratch[:0], intset.At(b, rand.IntN(intset.Len(b))))
	case object.Listpack:
		return listpack.GetText(b, listpack.Seek(b, rand.IntN(listpack.Len(b))), scratch)
	default:
		t := rootOf(c).table(c.A)
		return memberOf(c.A, *t.Random())
	}
}

// Pop removes a member of a set that is not empty, all being equally likely, and appends it to dst.
func Pop(c object.Cell, dst []byte) []byte {
	b := c.View()
	switch c.Encoding() {
	case object.Intset:
		n := intset.At(b, rand.IntN(intset.Len(b)))
		removeInt(c, n)
		return number.AppendInt(dst, n)
	case object.Listpack:
		p := listpack.Seek(b, rand.IntN(listpack.Len(b)))
		dst = listpack.AppendElem(dst, b, p)
		removeAt(c, p)
		return dst
	default:
		t := rootOf(c).table(c.A)
		m := memberOf(c.A, *t.Random())
		dst = append(dst, m...)
		removeFromTable(c, m)
		return dst
	}
}

// Sample calls fn for n different members, 0 ≤ n ≤ Len, all choices being equally likely. Small sets keep
// their order.
func Sample(c object.Cell, n int, fn func(member []byte)) {
	if c.Encoding() == object.Hashtable {
		t := rootOf(c).table(c.A)
		t.Sample(n, func(slot *arena.Ref) { fn(memberOf(c.A, *slot)) })
		return
	}
	it := NewIter(c)
	for left := Len(c); n > 0; left-- {
		m, _ := it.Next()
		if rand.IntN(left) < n {
			fn(m)
			n--
		}
	}
}
