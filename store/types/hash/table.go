package hash

import (
	"encoding/binary"
	"math"
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// root is a big hash: a block of its own in the arena, which keeps it aligned.
type root struct {
	dash.Root
	bytes int64 // of all field blocks
	timed int64 // fields with a deadline
	// No field expires before; MaxInt64 if timed is 0. Removing fields leaves it too low.
	minDeadline int64
}

const rootBytes = int(unsafe.Sizeof(root{}))

// newRoot allocates an empty table.
func newRoot(a *arena.Arena) (arena.Ref, *root) {
	r := a.AllocZero(rootBytes)
	rt := (*root)(a.Ptr(r))
	rt.minDeadline = math.MaxInt64
	return r, rt
}

// setRoot makes the table with its root at r the value.
func setRoot(c object.Cell, r arena.Ref) {
	binary.LittleEndian.PutUint32(c.Resize(4), uint32(r))
	c.SetKind(object.Hash, object.Hashtable)
	c.SetHasFieldTTL((*root)(c.A.Ptr(r)).timed > 0)
}

func rootRef(c object.Cell) arena.Ref { return arena.Ref(binary.LittleEndian.Uint32(c.View())) }

func rootOf(c object.Cell) *root { return (*root)(c.A.Ptr(rootRef(c))) }

// table returns a handle on the table of fields.
func (rt *root) table(a *arena.Arena) dash.Table {
	return dash.Table{Root: &rt.Root, A: a, KeyOf: fieldOf}
}

// fieldView is a field block taken apart.
type fieldView struct {
	p       unsafe.Pointer
	field   int // offset of the field; a deadline is the 8 bytes before it
	length  int // offset of the value's length
	valueAt int // offset of the value
	size    int // bytes in use
	timed   bool
}

// readHead reads the length of the field and whether it has a deadline, and the bytes that say so.
func readHead(p unsafe.Pointer) (head uint64, w int) {
	if b := *(*byte)(p); b < 0x80 {
		return uint64(b), 1
	}
	return binary.Uvarint(unsafe.Slice((*byte)(p), binary.MaxVarintLen64))
}

// fieldOf returns the field in the block at r.
func fieldOf(a *arena.Arena, r arena.Ref) []byte {
	p := a.Ptr(r)
	head, w := readHead(p)
	return unsafe.Slice((*byte)(unsafe.Add(p, w+int(head&1)*8)), head>>1)
}

// view takes the block at r apart.
func view(a *arena.Arena, r arena.Ref) fieldView {
	p := a.Ptr(r)
	head, w := readHead(p)
	f := fieldView{p: p, timed: head&1 != 0, field: w + int(head&1)*8}
	f.length = f.field + int(head>>1)
	n, w := readHead(unsafe.Add(p, f.length))
	f.valueAt = f.length + w
	f.size = f.valueAt + int(n)
	return f
}

func (f *fieldView) name() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(f.p, f.field)), f.length-f.field)
}

func (f *fieldView) value() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(f.p, f.valueAt)), f.size-f.valueAt)
}

// deadline returns the deadline, 0 if there is none.
func (f *fieldView) deadline() int64 {
	if !f.timed {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(f.deadlineBytes()))
}

func (f *fieldView) deadlineBytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(f.p, f.field-8)), 8)
}

// lengthBytes returns the size of n as uvarint.
func lengthBytes(n int) int {
	w := 1
	for ; n >= 0x80; n >>= 7 {
		w++
	}
	return w
}

// newField allocates the block of a field; a deadline of 0 means none.
func newField(a *arena.Arena, field, value []byte, deadline int64) arena.Ref {
	head := uint64(len(field)) << 1
	extra := 0
	if deadline != 0 {
		head |= 1
		extra = 8
	}
	size := lengthBytes(int(head)) + extra + len(field) + lengthBytes(len(value)) + len(value)
	r := a.Alloc(size)
	b := a.Bytes(r, size)
	n := binary.PutUvarint(b, head)
	if deadline != 0 {
		binary.LittleEndian.PutUint64(b[n:], uint64(deadline))
		n += 8
	}
	n += copy(b[n:], field)
	n += binary.PutUvarint(b[n:], uint64(len(value)))
	copy(b[n:], value)
	return r
}

// insert adds a field that is not there.
func (rt *root) insert(t *dash.Table, field, value []byte, deadline int64) {
	r := newField(t.A, field, value, deadline)
	rt.bytes += int64(t.A.Size(r))
	p := t.Insert(dash.Hash(field), r)
	if deadline != 0 {
		rt.timed++
		rt.note(p, deadline)
	}
}

// note lowers the bounds for a field that now expires at deadline.
func (rt *root) note(p dash.Pos, deadline int64) {
	rt.minDeadline = min(rt.minDeadline, deadline)
	p.NoteDeadline(deadline)
}

// rewrite replaces the block of a field by one with this value and deadline. The value may be the present one.
func (rt *root) rewrite(a *arena.Arena, slot *arena.Ref, value []byte, deadline int64) {
	old := *slot
	f := view(a, old)
	r := newField(a, f.name(), value, deadline)
	rt.bytes += int64(a.Size(r)) - int64(a.Size(old))
	switch {
	case f.timed && deadline == 0:
		rt.lostTimed()
	case !f.timed && deadline != 0:
		rt.timed++
	}
	*slot = r
	a.Free(old)
}

// lostTimed counts a field with a deadline less.
func (rt *root) lostTimed() {
	if rt.timed--; rt.timed == 0 {
		rt.minDeadline = math.MaxInt64
	}
}

// setInTable is Set for a table.
func setInTable(c object.Cell, field, value []byte, keepTTL bool) (created bool) {
	rt := rootOf(c)
	t := rt.table(c.A)
	h := dash.Hash(field)
	p := t.Find(h, field)
	if !p.Ok() {
		r := newField(c.A, field, value, 0)
		rt.bytes += int64(c.A.Size(r))
		t.Insert(h, r)
		return true
	}
	f := view(c.A, *p.Slot())
	if f.timed && !keepTTL {
		rt.rewrite(c.A, p.Slot(), value, 0)
		c.SetHasFieldTTL(rt.timed > 0)
		return false
	}
	if !rt.setInPlace(c.A, *p.Slot(), &f, value) {
		rt.rewrite(c.A, p.Slot(), value, f.deadline())
	}
	return false
}

// setInPlace writes a value into the block of its field, if it fits there and does not leave much unused.
func (rt *root) setInPlace(a *arena.Arena, r arena.Ref, f *fieldView, value []byte) bool {
	size := f.length + lengthBytes(len(value)) + len(value)
	old := a.Size(r)
	if size > a.Cap(r) || arena.Round(size) < old*3/4 {
		return false
	}
	b := a.Bytes(r, size)
	n := f.length + binary.PutUvarint(b[f.length:], uint64(len(value)))
	copy(b[n:], value)
	a.SetUsed(r, size)
	rt.bytes += int64(a.Size(r)) - int64(old)
	return true
}

// take removes the field at p from the table and frees it.
func (rt *root) take(t *dash.Table, p dash.Pos) {
	r := *p.Slot()
	if f := view(t.A, r); f.timed {
		rt.lostTimed()
	}
	t.Remove(p)
	rt.bytes -= int64(t.A.Size(r))
	t.A.Free(r)
}

func removeFromTable(c object.Cell, field []byte) (removed bool) {
	rt := rootOf(c)
	t := rt.table(c.A)
	p := t.Find(dash.Hash(field), field)
	if !p.Ok() {
		return false
	}
	rt.take(&t, p)
	c.SetHasFieldTTL(rt.timed > 0)
	return true
}

// toTable converts a listpack of either kind to a table.
func toTable(c object.Cell) {
	r, rt := newRoot(c.A)
	t := rt.table(c.A)
	it := NewIter(c, 0)
	for field, value, ok := it.Next(); ok; field, value, ok = it.Next() {
		// A listpack from outside may name a field twice: the first stays.
		if !t.Find(dash.Hash(field), field).Ok() {
			rt.insert(&t, field, value, it.Deadline)
		}
	}
	setRoot(c, r)
}
