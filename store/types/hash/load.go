package hash

import (
	"errors"

	"dragonfly/store/dash"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// What can be wrong with a listpack that should be a hash.
var (
	ErrEmpty    = errors.New("hash: no fields")
	ErrUneven   = errors.New("hash: a field without value or deadline")
	ErrDeadline = errors.New("hash: a deadline is no time")
)

// Builder makes a hash of fields that arrive one by one, as from a file.
type Builder struct {
	c   object.Cell
	lim *object.Limits
}

// Build makes the entry an empty hash that is about to get n fields.
func Build(c object.Cell, n int, lim *object.Limits) Builder {
	if n > lim.HashMaxListpackEntries {
		r, _ := newRoot(c.A)
		setRoot(c, r)
	} else {
		Init(c)
	}
	return Builder{c, lim}
}

// Add adds a field, with a deadline unless that is 0. It reports whether the field was not there before; a file
// that repeats one is corrupt.
func (b *Builder) Add(field, value []byte, deadline int64) (added bool) {
	if deadline != 0 {
		AllowTTL(b.c)
	}
	if b.c.Encoding() != object.Hashtable {
		if _, there := Deadline(b.c, field, 0); there {
			return false
		}
		if Set(b.c, field, value, false, b.lim); deadline != 0 {
			putDeadline(b.c, field, deadline)
		}
		return true
	}
	rt := rootOf(b.c)
	t := rt.table(b.c.A)
	if t.Find(dash.Hash(field), field).Ok() {
		return false
	}
	rt.insert(&t, field, value, deadline)
	if deadline != 0 {
		b.c.SetHasFieldTTL(true)
	}
	return true
}

// AdoptListpack makes the hash of a listpack of pairs that was validated. It becomes a table if it exceeds the
// limits.
func AdoptListpack(c object.Cell, blob []byte, lim *object.Limits) error {
	n := listpack.Len(blob)
	if n == 0 {
		return ErrEmpty
	}
	if n%2 != 0 {
		return ErrUneven
	}
	c.Set(blob)
	c.SetKind(object.Hash, object.Listpack)
	c.SetHasFieldTTL(false)
	if n/2 > lim.HashMaxListpackEntries {
		toTable(c)
	}
	return nil
}

// AdoptListpackEx makes the hash of a listpack of triples that was validated. It becomes a table if it exceeds the
// limits. Triples in another order than ours are put in order.
func AdoptListpackEx(c object.Cell, blob []byte, lim *object.Limits) error {
	n := listpack.Len(blob)
	if n == 0 {
		return ErrEmpty
	}
	if n%3 != 0 {
		return ErrUneven
	}
	sorted, err := checkTriples(blob)
	if err != nil {
		return err
	}
	if !sorted {
		return adoptUnsorted(c, blob, lim)
	}
	c.Set(blob)
	c.SetKind(object.Hash, object.ListpackEx)
	noteTimed(c)
	if n/3 > lim.HashMaxListpackEntries {
		toTable(c)
	}
	return nil
}

// checkTriples tells whether the deadlines are numbers that may be ones, and whether they ascend.
func checkTriples(b []byte) (sorted bool, err error) {
	sorted = true
	prev := int64(0)
	for i, p := 0, listpack.First(b); p >= 0; i++ {
		_, n, isInt, next := listpack.GetNext(b, p)
		if p = next; i%3 != 2 {
			continue
		}
		if !isInt || n < 0 {
			return false, ErrDeadline
		}
		key := n - 1 // none sorts behind all
		if n == 0 {
			key = 1<<63 - 1
		}
		sorted = sorted && key >= prev
		prev = key
	}
	return sorted, nil
}

// adoptUnsorted builds the hash anew from triples in any order. Of a repeated field the first stays.
func adoptUnsorted(c object.Cell, blob []byte, lim *object.Limits) error {
	b := Build(c, listpack.Len(blob)/3, lim)
	AllowTTL(c)
	it := Iter{enc: object.ListpackEx, small: blob, p: listpack.First(blob)}
	for field, value, ok := it.Next(); ok; field, value, ok = it.Next() {
		b.Add(field, value, it.Deadline)
	}
	return nil
}
