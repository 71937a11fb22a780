package set

import "dragonfly/store/object"

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

// AddTimed is Add for a member with a deadline in ms, 0 if it has none.
func (b *Builder) AddTimed(m []byte, deadlineMs int64) (added bool) {
	if deadlineMs == 0 {
		return Add(b.c, m, b.lim)
	}
	return AddUntil(b.c, m, deadlineMs, true)
}
