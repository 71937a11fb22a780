package set

import (
	"dragonfly/store/arena"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// maxIntEntry bounds the size of an integer as an entry of a listpack.
const maxIntEntry = 10

// toTable converts a small set to a table and returns its root.
func toTable(c object.Cell) *root {
	r := c.A.AllocZero(rootBytes)
	rt := (*root)(c.A.Ptr(r))
	it := NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		rt.add(c.A, m) // a listpack from outside may name a member twice: the first stays
	}
	setRoot(c, r)
	return rt
}

// intsetToListpack converts an intset to a listpack of the same order.
func intsetToListpack(c object.Cell) {
	b := c.View()
	n := intset.Len(b)
	size := listpack.EmptySize
	for i := range n {
		size += listpack.EncodedSizeInt(intset.At(b, i))
	}
	r := c.A.Alloc(size)
	lp := listpack.New(c.A.Slice(r, 0))
	for i := range n {
		lp = listpack.AppendInt(lp, intset.At(b, i))
	}
	replace(c, object.Listpack, r, lp)
}

// replace makes b, which lies in the scratch block r, the value, and frees the block.
func replace(c object.Cell, enc object.Encoding, r arena.Ref, b []byte) {
	c.Set(b)
	c.SetEncoding(enc)
	c.A.Free(r)
}

// ToIntset converts a set whose members are known to be integers to an intset, unless there are too many or some have a
// deadline.
func ToIntset(c object.Cell, lim *object.Limits) {
	n := Len(c)
	if c.Encoding() == object.Intset || c.HasFieldTTL() || n > maxIntset(lim) {
		return
	}
	r := c.A.Alloc(intset.EmptySize + 8*n)
	b := intset.New(c.A.Slice(r, 0))
	it := NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		v, _ := number.ParseInt(m)
		b, _ = intset.Add(b, v)
	}
	Free(c)
	replace(c, object.Intset, r, b)
}

// Repack makes a table a listpack if it fits one and no member has a deadline. Redis does so when SPOP leaves a small
// rest of a big set.
func Repack(c object.Cell, lim *object.Limits) {
	if c.Encoding() != object.Hashtable || c.HasFieldTTL() || Len(c) > lim.SetMaxListpackEntries {
		return
	}
	size := listpack.EmptySize
	it := NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		if len(m) > lim.SetMaxListpackValue {
			return
		}
		size += listpack.EncodedSize(m)
	}
	r := c.A.Alloc(size)
	lp := listpack.New(c.A.Slice(r, 0))
	it = NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		lp = listpack.Append(lp, m)
	}
	Free(c)
	replace(c, object.Listpack, r, lp)
}
