package zset

import (
	"encoding/binary"
	"math"
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/btree"
	"dragonfly/store/types/listpack"
)

// Flags restrict what Add does.
type Flags uint8

// The flags of Add.
const (
	NX   Flags = 1 << iota // only add
	XX                     // only update
	GT                     // only update to a larger score
	LT                     // only update to a smaller score
	Incr                   // the score is to be added to the present one
)

// Outcome is what Add did.
type Outcome uint8

// The outcomes of Add.
const (
	Added   Outcome = iota + 1
	Updated         // the score has changed
	Same            // the score is what it was
	Refused         // by a flag
	NaN             // the score would not be a number
)

// Init makes c, an entry of any content, an empty sorted set, of the encoding
// that suits a first change by so many elements of up to maxLen bytes.
func Init(c object.Cell, lim *object.Limits, elements, maxLen int) {
	if elements <= lim.ZsetMaxListpackEntries && maxLen <= lim.ZsetMaxListpackValue {
		c.SetKind(object.Zset, object.Listpack)
		b := listpack.New(c.Reserve(listpack.EmptySize + 2*maxLen))
		c.SetLen(len(b))
		return
	}
	setRoot(c, newRoot(c.A))
}

// Expect prepares for a change by so many elements: as in Redis, more than a
// listpack may have change the encoding whether they are added or not.
func Expect(c object.Cell, lim *object.Limits, elements int) {
	if c.Encoding() == object.Listpack && elements > lim.ZsetMaxListpackEntries {
		ToTree(c)
	}
}

// Len returns the number of elements.
func Len(c object.Cell) int {
	if c.Encoding() == object.Listpack {
		return listpack.Len(c.View()) / 2
	}
	b := openBig(c)
	return b.tree.Len()
}

// Score returns the score of a member.
func Score(c object.Cell, member []byte) (score float64, ok bool) {
	if c.Encoding() == object.Listpack {
		lp := c.View()
		p := listpack.Find(lp, listpack.First(lp), member, 1)
		if p < 0 {
			return 0, false
		}
		return scoreAt(lp, listpack.Next(lp, p)), true
	}
	b := openBig(c)
	p := b.table.Find(dash.Hash(member), member)
	if !p.Ok() {
		return 0, false
	}
	return *scoreOf(c.A, *p.Slot()), true
}

// Add adds a member or changes its score, and returns the score it has then
// if flags did not refuse that.
func Add(c object.Cell, lim *object.Limits, score float64, member []byte, flags Flags) (float64, Outcome) {
	if score != score {
		return score, NaN
	}
	if c.Encoding() == object.Listpack {
		lp := c.View()
		if p := listpack.Find(lp, listpack.First(lp), member, 1); p >= 0 {
			return updatePacked(c, lp, p, score, flags)
		}
		if flags&XX != 0 {
			return score, Refused
		}
		if fitsPacked(lp, lim, member) {
			insertPacked(c, score, member)
			return score, Added
		}
		ToTree(c)
	}
	b := openBig(c)
	h := dash.Hash(member)
	if p := b.table.Find(h, member); p.Ok() {
		return b.update(*p.Slot(), score, flags)
	}
	if flags&XX != 0 {
		return score, Refused
	}
	r := newMember(c.A, score, member)
	b.table.Insert(h, r)
	it := newItem(score, r)
	b.tree.Insert(btree.Key{Hi: orderOf(score), Text: member}, it[:])
	return score, Added
}

// change applies the flags of Add to a member that is there.
func (f Flags) change(old, score float64) (float64, Outcome) {
	if f&NX != 0 {
		return old, Refused
	}
	if f&Incr != 0 {
		score += old
		if score != score {
			return score, NaN
		}
	}
	if f&GT != 0 && score <= old || f&LT != 0 && score >= old {
		return old, Refused
	}
	if score == old {
		return old, Same
	}
	return score, Updated
}

// Remove removes a member and tells whether it was there.
func Remove(c object.Cell, member []byte) bool {
	if c.Encoding() == object.Listpack {
		lp := c.Value()
		p := listpack.Find(lp, listpack.First(lp), member, 1)
		if p < 0 {
			return false
		}
		lp = listpack.DeleteRange(lp, p, 2)
		c.Resize(len(lp))
		return true
	}
	b := openBig(c)
	p := b.table.Find(dash.Hash(member), member)
	if !p.Ok() {
		return false
	}
	r := *p.Slot()
	b.tree.Delete(btree.Key{Hi: orderOf(*scoreOf(c.A, r)), Text: member})
	b.table.Remove(p)
	c.A.Free(r)
	return true
}

// Rank returns the rank and the score of a member.
func Rank(c object.Cell, member []byte) (rank int, score float64, ok bool) {
	if c.Encoding() == object.Listpack {
		lp := c.View()
		at := listpack.Find(lp, listpack.First(lp), member, 1)
		if at < 0 {
			return 0, 0, false
		}
		for p := listpack.First(lp); p != at; rank++ {
			p = listpack.Next(lp, listpack.Next(lp, p))
		}
		return rank, scoreAt(lp, listpack.Next(lp, at)), true
	}
	b := openBig(c)
	p := b.table.Find(dash.Hash(member), member)
	if !p.Ok() {
		return 0, 0, false
	}
	score = *scoreOf(c.A, *p.Slot())
	rank, ok = b.tree.Rank(btree.Key{Hi: orderOf(score), Text: member})
	return rank, score, ok
}

// RemoveRange removes the elements of the ranks from ≤ rank < to.
func RemoveRange(c object.Cell, from, to int) {
	if c.Encoding() == object.Listpack {
		lp := c.Value()
		if p := listpack.Seek(lp, 2*from); from < to && p >= 0 {
			c.Resize(len(listpack.DeleteRange(lp, p, 2*(to-from))))
		}
		return
	}
	b := openBig(c)
	b.tree.DeleteRange(from, to-from, func(item []byte) {
		r := refOf(item)
		text := textOf(c.A, r)
		b.table.Remove(b.table.Find(dash.Hash(text), text))
		c.A.Free(r)
	})
}

// The big encoding.

// root is the state of a big sorted set.
type root struct {
	tree  btree.Root
	_     uint32
	table dash.Root
}

const rootBytes = int(unsafe.Sizeof(root{}))

var _ [0]struct{} = [rootBytes - 40]struct{}{}

// big is a handle on a big sorted set.
type big struct {
	tree  btree.Tree
	table dash.Table
}

const itemBytes = 12

// treeShape does not change.
var treeShape = btree.NewShape(itemBytes, itemBytes, itemText)

func newRoot(a *arena.Arena) arena.Ref { return a.AllocZero(rootBytes) }

// setRoot makes c a big sorted set.
func setRoot(c object.Cell, r arena.Ref) {
	c.SetKind(object.Zset, object.Skiplist)
	binary.LittleEndian.PutUint32(c.Resize(4), uint32(r))
}

// rootOf returns the reference of the root block, nil after FreeStep.
func rootOf(c object.Cell) arena.Ref { return arena.Ref(binary.LittleEndian.Uint32(c.View())) }

func openBig(c object.Cell) big { return openRoot(c.A, rootOf(c)) }

func openRoot(a *arena.Arena, r arena.Ref) big {
	rt := (*root)(a.Ptr(r))
	return big{
		tree:  btree.Tree{Root: &rt.tree, A: a, Shape: &treeShape},
		table: dash.Table{Root: &rt.table, A: a, KeyOf: textOf},
	}
}

// update gives a member that is there another score.
func (b *big) update(r arena.Ref, score float64, flags Flags) (float64, Outcome) {
	p := scoreOf(b.tree.A, r)
	score, out := flags.change(*p, score)
	if out != Updated {
		return score, out
	}
	text := textOf(b.tree.A, r)
	it := newItem(score, r)
	b.tree.Update(btree.Key{Hi: orderOf(*p), Text: text}, btree.Key{Hi: orderOf(score), Text: text}, it[:])
	*p = score
	return score, Updated
}

// orderOf maps a score to an integer that sorts alike.
func orderOf(score float64) uint64 {
	if score == 0 {
		score = 0 // -0 sorts as 0
	}
	u := math.Float64bits(score)
	if u>>63 != 0 {
		return ^u
	}
	return u | 1<<63
}

func newItem(score float64, r arena.Ref) (it [itemBytes]byte) {
	binary.NativeEndian.PutUint64(it[:], orderOf(score))
	binary.NativeEndian.PutUint32(it[8:], uint32(r))
	return it
}

func refOf(item []byte) arena.Ref { return arena.Ref(binary.NativeEndian.Uint32(item[8:])) }

func itemText(a *arena.Arena, item []byte) []byte { return textOf(a, refOf(item)) }

const (
	memberHead = 9   // score, length
	longMark   = 255 // the length follows in four bytes
)

// memberBytes returns the size of the block for a member of n bytes.
func memberBytes(n int) int {
	if n < longMark {
		return memberHead + n
	}
	return memberHead + 4 + n
}

func newMember(a *arena.Arena, score float64, text []byte) arena.Ref {
	r := a.Alloc(memberBytes(len(text)))
	b := a.Bytes(r, memberBytes(len(text)))
	*(*float64)(a.Ptr(r)) = score
	if len(text) < longMark {
		b[8] = byte(len(text))
		copy(b[memberHead:], text)
		return r
	}
	b[8] = longMark
	binary.LittleEndian.PutUint32(b[memberHead:], uint32(len(text)))
	copy(b[memberHead+4:], text)
	return r
}

func scoreOf(a *arena.Arena, r arena.Ref) *float64 { return (*float64)(a.Ptr(r)) }

func textOf(a *arena.Arena, r arena.Ref) []byte {
	p := a.Ptr(r)
	n := int(*(*uint8)(unsafe.Add(p, 8)))
	if n < longMark {
		return unsafe.Slice((*byte)(unsafe.Add(p, memberHead)), n)
	}
	n = int(binary.LittleEndian.Uint32(unsafe.Slice((*byte)(unsafe.Add(p, memberHead)), 4)))
	return unsafe.Slice((*byte)(unsafe.Add(p, memberHead+4)), n)
}

// ToTree changes the encoding of a listpack to the big one.
func ToTree(c object.Cell) {
	if c.Encoding() != object.Listpack {
		return
	}
	r := newRoot(c.A)
	b := openRoot(c.A, r)
	var buf [number.MaxIntLen]byte
	lp := c.View()
	for p := listpack.First(lp); p >= 0; {
		member := listpack.GetText(lp, p, &buf)
		sp := listpack.Next(lp, p)
		b.push(scoreAt(lp, sp), member)
		p = listpack.Next(lp, sp)
	}
	setRoot(c, r)
}

// push adds a member that is new and larger than all others.
func (b *big) push(score float64, member []byte) {
	r := newMember(b.tree.A, score, member)
	b.table.Insert(dash.Hash(member), r)
	it := newItem(score, r)
	b.tree.Push(it[:])
}
