package hash

import (
	"dragonfly/store/dash"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Scratch holds the text of an integer.
type Scratch = [number.MaxIntLen]byte

// Init makes the entry an empty hash.
func Init(c object.Cell) {
	c.SetKind(object.Hash, object.Listpack)
	c.SetLen(len(listpack.New(c.Reserve(listpack.EmptySize))))
}

// SizeFor returns the size of the value of a new hash that gets these fields and values in turn, at least: what to
// add the entry with, so that it need not grow.
func SizeFor(pairs [][]byte, lim *object.Limits) int {
	size := listpack.EmptySize
	if len(pairs)/2 > lim.HashMaxListpackEntries {
		return size
	}
	for _, s := range pairs {
		if len(s) > lim.HashMaxListpackValue {
			return listpack.EmptySize
		}
		size += listpack.EncodedSize(s)
	}
	return size
}

// Prepare converts the hash to a table if what is about to be set, fields and values in turn, does not fit a
// listpack. As in Redis the number of arguments counts, repeated fields too.
func Prepare(c object.Cell, pairs [][]byte, lim *object.Limits) {
	if c.Encoding() == object.Hashtable {
		return
	}
	if len(pairs)/2 > lim.HashMaxListpackEntries {
		toTable(c)
		return
	}
	sum := 0
	for _, s := range pairs {
		if len(s) > lim.HashMaxListpackValue {
			toTable(c)
			return
		}
		sum += len(s)
	}
	if !listpack.SafeToAdd(c.View(), sum) {
		toTable(c)
	}
}

// step returns the number of listpack elements that make a field.
func step(e object.Encoding) int {
	if e == object.ListpackEx {
		return 3
	}
	return 2
}

// Len returns the number of fields, those included that have expired and are still there.
func Len(c object.Cell) int {
	if e := c.Encoding(); e != object.Hashtable {
		return listpack.Len(c.View()) / step(e)
	}
	t := rootOf(c).table(c.A)
	return t.Len()
}

// Get returns the value of a field; ok is false if there is no such field at the time now.
func Get(c object.Cell, field []byte, now int64, scratch *Scratch) (value []byte, ok bool) {
	switch c.Encoding() {
	case object.Listpack:
		b := c.View()
		p := listpack.Find(b, listpack.First(b), field, 1)
		if p < 0 {
			return nil, false
		}
		return listpack.GetText(b, listpack.Next(b, p), scratch), true
	case object.ListpackEx:
		b := c.View()
		p := listpack.Find(b, listpack.First(b), field, 2)
		if p < 0 {
			return nil, false
		}
		v := listpack.Next(b, p)
		if expired(deadlineAt(b, listpack.Next(b, v)), now) {
			return nil, false
		}
		return listpack.GetText(b, v, scratch), true
	default:
		t := rootOf(c).table(c.A)
		p := t.Find(dash.Hash(field), field)
		if !p.Ok() {
			return nil, false
		}
		f := view(c.A, *p.Slot())
		if expired(f.deadline(), now) {
			return nil, false
		}
		return f.value(), true
	}
}

// Has tells whether there is such a field at the time now.
func Has(c object.Cell, field []byte, now int64) bool {
	var scratch Scratch
	_, ok := Get(c, field, now, &scratch)
	return ok
}

// Set gives a field a value and reports whether the field is new. A deadline that the field had goes, unless
// keepTTL is set.
func Set(c object.Cell, field, value []byte, keepTTL bool, lim *object.Limits) (created bool) {
	enc := c.Encoding()
	if enc != object.Hashtable && (len(field) > lim.HashMaxListpackValue || len(value) > lim.HashMaxListpackValue) {
		toTable(c)
		enc = object.Hashtable
	}
	switch enc {
	case object.Listpack:
		created = setPair(c, field, value)
	case object.ListpackEx:
		created = setTriple(c, field, value, keepTTL)
	default:
		return setInTable(c, field, value, keepTTL)
	}
	if Len(c) > lim.HashMaxListpackEntries {
		toTable(c)
	}
	return created
}

// Remove removes a field, expired or not, and reports whether it was there.
func Remove(c object.Cell, field []byte) (removed bool) {
	enc := c.Encoding()
	if enc == object.Hashtable {
		return removeFromTable(c, field)
	}
	b := c.View()
	n := step(enc)
	p := listpack.Find(b, listpack.First(b), field, n-1)
	if p < 0 {
		return false
	}
	b = listpack.DeleteRange(c.Value(), p, n)
	c.Resize(len(b))
	if enc == object.ListpackEx {
		noteTimed(c)
	}
	return true
}

// setPair is Set for a listpack.
func setPair(c object.Cell, field, value []byte) (created bool) {
	b := c.View()
	if p := listpack.Find(b, listpack.First(b), field, 1); p >= 0 {
		replaceAt(c, listpack.Next(b, p), value)
		return false
	}
	b = c.Reserve(len(b) + listpack.EncodedSize(field) + listpack.EncodedSize(value))
	b = listpack.Append(listpack.Append(b, field), value)
	c.SetLen(len(b))
	return true
}

// replaceAt replaces the element at offset p of a listpack, in place if its size stays.
func replaceAt(c object.Cell, p int, value []byte) {
	b := c.View()
	size := len(b) - listpack.EntrySize(b, p) + listpack.EncodedSize(value)
	switch {
	case size > len(b):
		b = listpack.Replace(c.Reserve(size), p, value)
		c.SetLen(len(b))
	case size < len(b):
		listpack.Replace(c.Value(), p, value)
		c.Resize(size)
	default:
		listpack.Replace(b, p, value)
	}
}
