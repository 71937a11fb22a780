package hash

import (
	"math/rand/v2"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Iter walks over the fields of a hash, in the order of a listpack, in no order of a table. An iterator over a table
// may be kept and continued later as long as the hash is not changed; one over a small hash is a view of the entry
// and good for one visit only.
type Iter struct {
	// Deadline is that of the field that Next returned, 0 if it has none.
	Deadline int64

	enc   object.Encoding
	small []byte // listpack of either kind
	p     int    // offset of the next field, -1 at the end
	now   int64
	a     *arena.Arena
	table dash.Iter

	fieldText, valueText Scratch
}

// NewIter returns an iterator that stands before the first field. It passes over what has expired at the time now,
// over nothing if now is 0.
func NewIter(c object.Cell, now int64) Iter {
	it := Iter{enc: c.Encoding(), a: c.A, now: now}
	if it.enc == object.Hashtable {
		t := rootOf(c).table(c.A)
		it.table = t.Iter()
	} else {
		it.small = c.View()
		it.p = listpack.First(it.small)
	}
	return it
}

// Next returns the next field and its value; ok is false at the end. They are valid until the next call.
func (it *Iter) Next() (field, value []byte, ok bool) {
	for {
		field, value, ok = it.step()
		if !ok || !expired(it.Deadline, it.now) {
			return field, value, ok
		}
	}
}

func (it *Iter) step() (field, value []byte, ok bool) {
	if it.enc == object.Hashtable {
		slot := it.table.Next()
		if slot == nil {
			return nil, nil, false
		}
		f := view(it.a, *slot)
		it.Deadline = f.deadline()
		return f.name(), f.value(), true
	}
	if it.p < 0 {
		return nil, nil, false
	}
	var n int64
	var isInt bool
	field, n, isInt, it.p = listpack.GetNext(it.small, it.p)
	if isInt {
		field = number.AppendInt(it.fieldText[:0], n)
	}
	value, n, isInt, it.p = listpack.GetNext(it.small, it.p)
	if isInt {
		value = number.AppendInt(it.valueText[:0], n)
	}
	if it.enc == object.ListpackEx {
		_, it.Deadline, _, it.p = listpack.GetNext(it.small, it.p)
	}
	return field, value, true
}

// Scan calls fn for fields from cursor on that have not expired at the time now and returns the cursor to continue
// from, 0 at the end. A small hash is passed whole. Of a table it passes cells until it has passed count fields,
// but no more than ten cells for each field asked for. See package dash for what is guaranteed while the hash
// changes.
func Scan(c object.Cell, cursor uint64, count int, now int64, fn func(field, value []byte)) uint64 {
	if c.Encoding() != object.Hashtable {
		it := NewIter(c, now)
		for f, v, ok := it.Next(); ok; f, v, ok = it.Next() {
			fn(f, v)
		}
		return 0
	}
	t := rootOf(c).table(c.A)
	passed := 0
	for cells := 0; ; cells++ {
		cursor = t.Scan(cursor, func(slot *arena.Ref) {
			passed++
			if f := view(c.A, *slot); !expired(f.deadline(), now) {
				fn(f.name(), f.value())
			}
		})
		if cursor == 0 || passed >= count || cells/10 >= count {
			return cursor
		}
	}
}

// Random returns a field of a hash that is not empty, all being equally likely, and its value. Expired fields count;
// ExpireFields removes them first. Each text is valid until its scratch buffer is used again.
func Random(c object.Cell, fieldText, valueText *Scratch) (field, value []byte) {
	enc := c.Encoding()
	if enc == object.Hashtable {
		t := rootOf(c).table(c.A)
		f := view(c.A, *t.Random())
		return f.name(), f.value()
	}
	b := c.View()
	n := step(enc)
	p := listpack.Seek(b, n*rand.IntN(listpack.Len(b)/n))
	return listpack.GetText(b, p, fieldText), listpack.GetText(b, listpack.Next(b, p), valueText)
}

// Sample calls fn for n different fields, 0 ≤ n ≤ Len, all choices being equally likely. Small hashes keep their
// order. Expired fields count, as for Random.
func Sample(c object.Cell, n int, fn func(field, value []byte)) {
	if c.Encoding() == object.Hashtable {
		t := rootOf(c).table(c.A)
		t.Sample(n, func(slot *arena.Ref) {
			f := view(c.A, *slot)
			fn(f.name(), f.value())
		})
		return
	}
	it := NewIter(c, 0)
	for left := Len(c); n > 0; left-- {
		f, v, _ := it.Next()
		if rand.IntN(left) < n {
			fn(f, v)
			n--
		}
	}
}
