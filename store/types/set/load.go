package set

import (
	"errors"

	"dragonfly/store/object"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// ErrEmpty is the error for a set without members in a file.
var ErrEmpty = errors.New("set: no members")

// Builder makes a set of members that arrive one by one, as from a file.
type Builder struct {
	c   object.Cell
	lim *object.Limits
}

// Build makes the entry an empty set that is about to get n members.
func Build(c object.Cell, n int, lim *object.Limits) Builder {
	if n > lim.SetMaxIntsetEntries {
		initTable(c)
	} else {
		initIntset(c)
	}
	return Builder{c, lim}
}

// Add adds a member and reports whether it was none before; a file that repeats one is corrupt.
func (b *Builder) Add(m []byte) (added bool) { return Add(b.c, m, b.lim) }

// AdoptIntset makes the set of an intset that was validated. It becomes a table if it exceeds the limits.
func AdoptIntset(c object.Cell, blob []byte, lim *object.Limits) error {
	if intset.Len(blob) == 0 {
		return ErrEmpty
	}
	c.Set(blob)
	c.SetKind(object.Set, object.Intset)
	if intset.Len(blob) > maxIntset(lim) {
		toTable(c)
	}
	return nil
}

// AdoptListpack makes the set of a listpack that was validated. It becomes a table if it exceeds the limits.
func AdoptListpack(c object.Cell, blob []byte, lim *object.Limits) error {
	n := listpack.Len(blob)
	if n == 0 {
		return ErrEmpty
	}
	c.Set(blob)
	c.SetKind(object.Set, object.Listpack)
	if n > lim.SetMaxListpackEntries {
		toTable(c)
	}
	return nil
}
