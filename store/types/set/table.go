package set

import (
	"encoding/binary"
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// root is a big set: a block of its own in the arena, which keeps it aligned.
type root struct {
	dash.Root
	bytes int64 // of all member blocks
}

const rootBytes = int(unsafe.Sizeof(root{}))

// initTable makes the value an empty table and returns its root.
func initTable(c object.Cell) *root {
	r := c.A.AllocZero(rootBytes)
	setRoot(c, r)
	return (*root)(c.A.Ptr(r))
}

// setRoot makes the table with its root at r the value.
func setRoot(c object.Cell, r arena.Ref) {
	binary.LittleEndian.PutUint32(c.Resize(4), uint32(r))
	c.SetKind(object.Set, object.Hashtable)
}

func rootRef(c object.Cell) arena.Ref { return arena.Ref(binary.LittleEndian.Uint32(c.View())) }

func rootOf(c object.Cell) *root { return (*root)(c.A.Ptr(rootRef(c))) }

// table returns a handle on the table of members.
func (rt *root) table(a *arena.Arena) dash.Table {
	return dash.Table{Root: &rt.Root, A: a, KeyOf: memberOf}
}

// add adds m unless it is a member.
func (rt *root) add(a *arena.Arena, m []byte) (added bool) {
	t := rt.table(a)
	h := dash.Hash(m)
	if t.Find(h, m).Ok() {
		return false
	}
	rt.insert(&t, h, m)
	return true
}

// insert adds m, which is no member; h is its hash.
func (rt *root) insert(t *dash.Table, h uint64, m []byte) {
	r := newMember(t.A, m)
	rt.bytes += int64(t.A.Size(r))
	t.Insert(h, r)
}

func (rt *root) remove(a *arena.Arena, m []byte) (removed bool) {
	t := rt.table(a)
	p := t.Find(dash.Hash(m), m)
	if !p.Ok() {
		return false
	}
	r := *p.Slot()
	t.Remove(p)
	rt.bytes -= int64(a.Size(r))
	a.Free(r)
	return true
}

// newMember allocates the block of a member.
func newMember(a *arena.Arena, m []byte) arena.Ref {
	if len(m) < 0x80 {
		r := a.Alloc(1 + len(m))
		b := a.Bytes(r, 1+len(m))
		b[0] = byte(len(m))
		copy(b[1:], m)
		return r
	}
	var head [binary.MaxVarintLen32]byte
	w := binary.PutUvarint(head[:], uint64(len(m)))
	r := a.Alloc(w + len(m))
	b := a.Bytes(r, w+len(m))
	copy(b, head[:w])
	copy(b[w:], m)
	return r
}

// memberOf returns the member in the block at r.
func memberOf(a *arena.Arena, r arena.Ref) []byte {
	p := a.Ptr(r)
	if n := *(*byte)(p); n < 0x80 {
		return unsafe.Slice((*byte)(unsafe.Add(p, 1)), n)
	}
	n, w := binary.Uvarint(unsafe.Slice((*byte)(p), binary.MaxVarintLen32))
	return unsafe.Slice((*byte)(unsafe.Add(p, w)), n)
}
