package set

import (
	"dragonfly/store/dash"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// Scratch holds the text of an integer member.
type Scratch = [number.MaxIntLen]byte

// Init makes the entry an empty set that is about to get n members, the first of them being first. The hint n
// chooses the encoding as Redis does for a new key: it counts arguments, repeated ones too.
func Init(c object.Cell, first []byte, n int, lim *object.Limits) {
	_, isInt := number.ParseInt(first)
	switch {
	case isInt && n <= lim.SetMaxIntsetEntries:
		initIntset(c)
	case n <= lim.SetMaxListpackEntries:
		initListpack(c)
	default:
		initTable(c)
	}
}

// InitEmpty makes the entry an empty intset, where a result of unknown content begins.
func InitEmpty(c object.Cell) { initIntset(c) }

// InitListpack makes the entry an empty listpack.
func InitListpack(c object.Cell) { initListpack(c) }

func initIntset(c object.Cell) {
	c.SetKind(object.Set, object.Intset)
	b := c.Reserve(intset.EmptySize)
	c.SetLen(len(intset.New(b)))
}

func initListpack(c object.Cell) {
	c.SetKind(object.Set, object.Listpack)
	b := c.Reserve(listpack.EmptySize)
	c.SetLen(len(listpack.New(b)))
}

// Prepare converts the set to a table if n members that are about to be added would not fit its encoding even if
// it were empty.
func Prepare(c object.Cell, n int, lim *object.Limits) {
	enc := c.Encoding()
	if enc == object.Listpack && n > lim.SetMaxListpackEntries || enc == object.Intset && n > lim.SetMaxIntsetEntries {
		toTable(c)
	}
}

// Len returns the number of members.
func Len(c object.Cell) int {
	switch c.Encoding() {
	case object.Intset:
		return intset.Len(c.View())
	case object.Listpack:
		return listpack.Len(c.View())
	default:
		t := rootOf(c).table(c.A)
		return t.Len()
	}
}

// Contains tells whether m is a member.
func Contains(c object.Cell, m []byte) bool {
	switch c.Encoding() {
	case object.Intset:
		n, ok := number.ParseInt(m)
		if !ok {
			return false
		}
		_, found := intset.Find(c.View(), n)
		return found
	case object.Listpack:
		b := c.View()
		return listpack.Find(b, listpack.First(b), m, 0) >= 0
	default:
		t := rootOf(c).table(c.A)
		return t.Find(dash.Hash(m), m).Ok()
	}
}

// Add adds m and reports whether it was no member before.
func Add(c object.Cell, m []byte, lim *object.Limits) (added bool) {
	switch c.Encoding() {
	case object.Intset:
		if n, ok := number.ParseInt(m); ok {
			return addInt(c, n, lim)
		}
		if fitsListpack(c.View(), m, lim) {
			intsetToListpack(c)
			appendMember(c, m)
			return true
		}
	case object.Listpack:
		b := c.View()
		if listpack.Find(b, listpack.First(b), m, 0) >= 0 {
			return false
		}
		if listpack.Len(b) < lim.SetMaxListpackEntries && len(m) <= lim.SetMaxListpackValue &&
			listpack.SafeToAdd(b, listpack.EncodedSize(m)) {
			appendMember(c, m)
			return true
		}
	default:
		return rootOf(c).add(c.A, m)
	}
	// Not a member, and too much for the small encoding.
	return toTable(c).add(c.A, m)
}

// addInt adds n to an intset.
func addInt(c object.Cell, n int64, lim *object.Limits) (added bool) {
	b := c.View()
	if _, found := intset.Find(b, n); found {
		return false
	}
	b = c.Reserve(intset.AddSize(b, n))
	b, _ = intset.Add(b, n)
	c.SetLen(len(b))
	if intset.Len(b) > maxIntset(lim) {
		toTable(c)
	}
	return true
}

// maxIntset returns how many members an intset may have. Redis bounds its parameter to keep blobs below 8 GiB.
func maxIntset(lim *object.Limits) int { return min(lim.SetMaxIntsetEntries, 1<<30) }

// fitsListpack tells whether the members of an intset and m, no integer, may be a listpack.
func fitsListpack(ints, m []byte, lim *object.Limits) bool {
	n := intset.Len(ints)
	if n >= lim.SetMaxListpackEntries || len(m) > lim.SetMaxListpackValue {
		return false
	}
	if n == 0 {
		return true
	}
	// The longest text is that of the least or the greatest member.
	var scratch Scratch
	longest := max(len(number.AppendInt(scratch[:0], intset.At(ints, 0))),
		len(number.AppendInt(scratch[:0], intset.At(ints, n-1))))
	return longest <= lim.SetMaxListpackValue && listpack.SafeToAdd(nil, n*maxIntEntry+len(m))
}

// appendMember adds m to a listpack that does not have it.
func appendMember(c object.Cell, m []byte) {
	b := c.Reserve(c.Len() + listpack.EncodedSize(m))
	c.SetLen(len(listpack.Append(b, m)))
}

// Remove removes m and reports whether it was a member.
func Remove(c object.Cell, m []byte) (removed bool) {
	switch c.Encoding() {
	case object.Intset:
		n, ok := number.ParseInt(m)
		return ok && removeInt(c, n)
	case object.Listpack:
		b := c.View()
		p := listpack.Find(b, listpack.First(b), m, 0)
		if p < 0 {
			return false
		}
		removeAt(c, p)
		return true
	default:
		return removeFromTable(c, m)
	}
}

func removeInt(c object.Cell, n int64) (removed bool) {
	b, removed := intset.Remove(c.Value(), n)
	if removed {
		c.Resize(len(b))
	}
	return removed
}

// removeAt removes the entry at offset p of a listpack.
func removeAt(c object.Cell, p int) {
	b, _ := listpack.Delete(c.Value(), p)
	c.Resize(len(b))
}
