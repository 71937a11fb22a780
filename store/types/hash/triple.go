package hash

import (
	"math"

	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// expired tells whether a deadline (0 = none) has been reached; with now 0 none has.
func expired(deadline, now int64) bool { return deadline != 0 && deadline <= now }

// deadlineAt returns the deadline that is the element at offset p of a listpackex.
func deadlineAt(b []byte, p int) int64 {
	_, n, _ := listpack.Get(b, p)
	return n
}

// setTriple is Set for a listpackex.
func setTriple(c object.Cell, field, value []byte, keepTTL bool) (created bool) {
	b := c.View()
	p := listpack.Find(b, listpack.First(b), field, 2)
	if p < 0 {
		insertTriple(c, field, value, 0)
		return true
	}
	v := listpack.Next(b, p)
	if keepTTL || deadlineAt(b, listpack.Next(b, v)) == 0 {
		replaceAt(c, v, value)
		return false
	}
	// Without its deadline the field belongs to the end.
	b = listpack.DeleteRange(c.Value(), p, 3)
	c.SetLen(len(b))
	insertTriple(c, field, value, 0)
	noteTimed(c)
	return false
}

// insertTriple adds a field that is not there at the place that its deadline demands: behind those that expire
// before it.
func insertTriple(c object.Cell, field, value []byte, deadline int64) {
	b := c.View()
	b = c.Reserve(len(b) + listpack.EncodedSize(field) + listpack.EncodedSize(value) + listpack.EncodedSizeInt(deadline))
	p := len(b) - 1 // the end byte
	if deadline != 0 {
		p = placeOf(b, deadline)
	}
	var scratch Scratch
	b = listpack.Insert(b, p, number.AppendInt(scratch[:0], deadline))
	b = listpack.Insert(b, p, value)
	b = listpack.Insert(b, p, field)
	c.SetLen(len(b))
}

// placeOf returns the offset of the first triple that does not expire before the deadline.
func placeOf(b []byte, deadline int64) int {
	for p := listpack.First(b); p >= 0; {
		_, _, _, v := listpack.GetNext(b, p)
		_, _, _, d := listpack.GetNext(b, v)
		_, at, _, next := listpack.GetNext(b, d)
		if at == 0 || at >= deadline {
			return p
		}
		p = next
	}
	return len(b) - 1
}

// moveTriple gives the field at offset p another deadline and with it another place.
func moveTriple(c object.Cell, p int, field []byte, deadline int64) {
	b := c.Value()
	v := listpack.Next(b, p)
	// The value outlives its place in a scratch block.
	size := listpack.EntrySize(b, v) + number.MaxIntLen
	r := c.A.Alloc(size)
	value := listpack.AppendElem(c.A.Slice(r, 0), b, v)
	b = listpack.DeleteRange(b, p, 3)
	c.SetLen(len(b))
	insertTriple(c, field, value, deadline)
	c.A.Free(r)
}

// minTriple returns the deadline of the field that expires first, MaxInt64 if none does.
func minTriple(b []byte) int64 {
	p := listpack.First(b)
	if p < 0 {
		return math.MaxInt64
	}
	if d := deadlineAt(b, listpack.Next(b, listpack.Next(b, p))); d != 0 {
		return d
	}
	return math.MaxInt64
}

// noteTimed keeps the entry's mark of fields with deadlines right after a listpackex lost one.
func noteTimed(c object.Cell) { c.SetHasFieldTTL(minTriple(c.View()) != math.MaxInt64) }

// toTriples converts a listpack to a listpackex without deadlines.
func toTriples(c object.Cell) {
	b := c.View()
	r := c.A.Alloc(len(b) + listpack.Len(b)/2*listpack.EncodedSizeInt(0))
	lp := listpack.New(c.A.Slice(r, 0))
	for p := listpack.First(b); p >= 0; {
		lp, p = appendElement(lp, b, p)
		lp, p = appendElement(lp, b, p)
		lp = listpack.AppendInt(lp, 0)
	}
	c.Set(lp)
	c.SetEncoding(object.ListpackEx)
	c.A.Free(r)
}

// appendElement adds the element at offset p of b to lp and returns the offset of the next one.
func appendElement(lp, b []byte, p int) (_ []byte, next int) {
	s, n, isInt, next := listpack.GetNext(b, p)
	if isInt {
		return listpack.AppendInt(lp, n), next
	}
	return listpack.Append(lp, s), next
}
