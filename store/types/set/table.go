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

const (
	rootBytes = int(unsafe.Sizeof(root{}))
	refBytes  = 4
)

// initTable makes the value an empty table and returns its root.
func initTable(c object.Cell) *root {
	r := c.A.AllocZero(rootBytes)
	setRoot(c, r)
	return (*root)(c.A.Ptr(r))
}

// setRoot makes the table with its root at r the value. None of its members has a deadline.
func setRoot(c object.Cell, r arena.Ref) {
	binary.LittleEndian.PutUint32(c.Resize(refBytes), uint32(r))
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
	rt.insertBlock(t, h, newMember(t.A, m))
}

// insertBlock adds the member in the block at r, which is none yet; h is its hash.
func (rt *root) insertBlock(t *dash.Table, h uint64, r arena.Ref) dash.Pos {
	rt.bytes += int64(t.A.Size(r))
	return t.Insert(h, r)
}

// take removes the member at p from the table and frees it.
func (rt *root) take(t *dash.Table, p dash.Pos) {
	r := *p.Slot()
	t.Remove(p)
	rt.bytes -= int64(t.A.Size(r))
	t.A.Free(r)
}

func removeFromTable(c object.Cell, m []byte) (removed bool) {
	rt := rootOf(c)
	t := rt.table(c.A)
	p := t.Find(dash.Hash(m), m)
	if !p.Ok() {
		return false
	}
	timed := c.HasFieldTTL() && deadlineOf(c.A, *p.Slot()) != 0
	rt.take(&t, p)
	if timed {
		countTimed(c, -1)
	}
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
	n, at, _ := readHead(p)
	return unsafe.Slice((*byte)(unsafe.Add(p, at)), n)
}

// maxHead bounds the bytes of a length.
const maxHead = binary.MaxVarintLen32 + 1

// readHead reads the length of the member in the block at p, if it takes more than one byte, and finds where the
// member begins and whether its deadline is the 8 bytes before that.
func readHead(p unsafe.Pointer) (n, at int, timed bool) {
	size, at := binary.Uvarint(unsafe.Slice((*byte)(p), maxHead))
	if *(*byte)(unsafe.Add(p, at-1)) == 0 {
		return int(size), at + deadlineBytes, true
	}
	return int(size), at, false
}
