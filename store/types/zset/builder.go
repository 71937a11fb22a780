package zset

import (
	"bytes"
	"slices"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Builder makes a sorted set of elements that come in any order: for loading,
// and for commands that compute one. It keeps them in the arena from the
// start; Finish or Discard ends it.
type Builder struct {
	a      *arena.Arena
	root   dash.Root
	refs   []arena.Ref // in the order of addition, or sorted
	sorted bool
	maxLen int // of a member
	total  int // bytes of all members
}

// NewBuilder begins a sorted set in the arena.
func NewBuilder(a *arena.Arena) *Builder { return &Builder{a: a} }

func (b *Builder) table() dash.Table {
	return dash.Table{Root: &b.root, A: b.a, KeyOf: textOf}
}

// Len returns the number of elements.
func (b *Builder) Len() int { return len(b.refs) }

// Find returns the score of a member for reading and changing, nil if it is
// not there. It is good until the builder changes.
func (b *Builder) Find(member []byte) *float64 {
	t := b.table()
	p := t.Find(dash.Hash(member), member)
	if !p.Ok() {
		return nil
	}
	b.sorted = false
	return scoreOf(b.a, *p.Slot())
}

// Add adds a member. It returns false, and changes nothing, if it is there
// already or the score is not a number.
func (b *Builder) Add(member []byte, score float64) bool {
	h := dash.Hash(member)
	t := b.table()
	if score != score || t.Find(h, member).Ok() {
		return false
	}
	r := newMember(b.a, score, member)
	t.Insert(h, r)
	b.refs = append(b.refs, r)
	b.sorted = false
	b.maxLen = max(b.maxLen, len(member))
	b.total += len(member) + scoreRoom
	return true
}

// Sort brings the elements into their order, for At.
func (b *Builder) Sort() {
	if b.sorted {
		return
	}
	b.sorted = true
	// Files have elements in descending order, most other sources ascending.
	if b.ascending() {
		return
	}
	slices.Reverse(b.refs)
	if b.ascending() {
		return
	}
	items := make([]sortItem, len(b.refs))
	for i, r := range b.refs {
		items[i] = sortItem{orderOf(*scoreOf(b.a, r)), r}
	}
	slices.SortFunc(items, func(x, y sortItem) int {
		switch {
		case x.order < y.order:
			return -1
		case x.order > y.order:
			return 1
		}
		return bytes.Compare(textOf(b.a, x.r), textOf(b.a, y.r))
	})
	for i := range items {
		b.refs[i] = items[i].r
	}
}

type sortItem struct {
	order uint64
	r     arena.Ref
}

func (b *Builder) ascending() bool {
	for i := 1; i < len(b.refs); i++ {
		x, y := b.refs[i-1], b.refs[i]
		sx, sy := *scoreOf(b.a, x), *scoreOf(b.a, y)
		if sx > sy || sx == sy && bytes.Compare(textOf(b.a, x), textOf(b.a, y)) > 0 {
			return false
		}
	}
	return true
}

// At returns the element of a rank, after Sort. The member is a view that is
// good until the builder ends.
func (b *Builder) At(rank int) (member []byte, score float64) {
	r := b.refs[rank]
	return textOf(b.a, r), *scoreOf(b.a, r)
}

// Discard frees everything.
func (b *Builder) Discard() {
	t := b.table()
	cursor := uint64(0)
	for !t.FreeStep(&cursor, 1<<20, b.a.Free) {
	}
	*b = Builder{a: b.a, refs: b.refs[:0]}
}

// Finish makes c, an entry of any content in the same arena, the sorted set
// built, in the encoding that suits it. The builder is empty then and may be
// used again.
func (b *Builder) Finish(c object.Cell, lim *object.Limits) {
	b.Sort()
	if len(b.refs) <= lim.ZsetMaxListpackEntries && b.maxLen <= lim.ZsetMaxListpackValue && listpack.SafeToAdd(nil, b.total) {
		b.finishPacked(c)
		b.Discard()
		return
	}
	r := newRoot(c.A)
	(*root)(c.A.Ptr(r)).table = b.root
	z := openRoot(c.A, r)
	for _, m := range b.refs {
		it := newItem(*scoreOf(c.A, m), m)
		z.tree.Push(it[:])
	}
	setRoot(c, r)
	*b = Builder{a: b.a, refs: b.refs[:0]}
}

func (b *Builder) finishPacked(c object.Cell) {
	c.SetKind(object.Zset, object.Listpack)
	var buf [number.MaxScoreLen]byte
	size := listpack.EmptySize
	for _, r := range b.refs {
		size += listpack.EncodedSize(textOf(b.a, r)) + listpack.EncodedSize(appendPackedScore(buf[:0], *scoreOf(b.a, r)))
	}
	lp := listpack.New(c.Resize(size))
	for _, r := range b.refs {
		lp = listpack.Append(lp, textOf(b.a, r))
		lp = listpack.Append(lp, appendPackedScore(buf[:0], *scoreOf(b.a, r)))
	}
	c.SetLen(len(lp))
}
