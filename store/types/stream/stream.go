package stream

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/object"
	"dragonfly/store/types/btree"
	"dragonfly/store/types/listpack"
)

// ValueBytes is the size of the value bytes of a stream's key.
const ValueBytes = 4

// Errors of Append and NextID.
var (
	ErrIDTooSmall = errors.New("stream: ID is not larger than the last one")
	ErrTooLarge   = errors.New("stream: entry is too large to be stored")
)

// root is the block that the value bytes of a stream refer to.
type root struct {
	length uint64 // live entries
	added  uint64 // entries ever added
	// lastID is the largest ID ever given; firstID that of the first live entry, 0-0 if there is none; maxDeleted the
	// largest that was deleted by name.
	lastID, firstID, maxDeleted ID
	// tailID and tail are the last node; tail is Nil if there is none.
	tailID ID
	tail   arena.Ref
	nodes  btree.Root
	groups names
}

const rootBytes = int(unsafe.Sizeof(root{}))

var _ [0]struct{} = [rootBytes - 104]struct{}{}

// nodeItem is an item of the node tree.
type nodeItem struct {
	id ID
	lp arena.Ref
	_  uint32
}

const nodeItemBytes = int(unsafe.Sizeof(nodeItem{}))

var nodeShape = btree.NewShape(nodeItemBytes, IDBytes, nil)

func nodeOf(item []byte) *nodeItem { return (*nodeItem)(unsafe.Pointer(&item[0])) }

func keyOf(id ID) btree.Key { return btree.Key{Hi: id.Ms, Lo: id.Seq} }

// Stream is a handle on a stream. It is good as long as the stream exists, wherever its key moves.
type Stream struct {
	a *arena.Arena
	r *root
}

// New makes the value of c, which has ValueBytes bytes, an empty stream.
func New(c object.Cell) Stream {
	r := c.A.AllocZero(rootBytes)
	binary.LittleEndian.PutUint32(c.View(), uint32(r))
	return Open(c)
}

func rootRef(c object.Cell) arena.Ref { return arena.Ref(binary.LittleEndian.Uint32(c.View())) }

// Open returns the handle of the stream that is c's value.
func Open(c object.Cell) Stream { return Stream{c.A, (*root)(c.A.Ptr(rootRef(c)))} }

// Len returns the number of entries.
func Len(c object.Cell) int { return Open(c).Len() }

// Len returns the number of entries.
func (s Stream) Len() int { return int(s.r.length) }

// LastID returns the largest ID that was ever given.
func (s Stream) LastID() ID { return s.r.lastID }

// FirstID returns the ID of the first entry, 0-0 if there is none.
func (s Stream) FirstID() ID { return s.r.firstID }

// MaxDeletedID returns the largest ID that was deleted by name.
func (s Stream) MaxDeletedID() ID { return s.r.maxDeleted }

// Added returns the number of entries ever added.
func (s Stream) Added() int64 { return int64(s.r.added) }

// SetLastID changes the last ID; it must not be smaller than that of any entry.
func (s Stream) SetLastID(id ID) { s.r.lastID = id }

// SetAdded changes the number of entries ever added.
func (s Stream) SetAdded(n int64) { s.r.added = uint64(n) }

// SetMaxDeletedID changes the largest ID that was deleted.
func (s Stream) SetMaxDeletedID(id ID) { s.r.maxDeleted = id }

// Nodes returns the number of nodes.
func (s Stream) Nodes() int { return s.nodes().Len() }

func (s Stream) nodes() btree.Tree { return btree.Tree{Root: &s.r.nodes, A: s.a, Shape: &nodeShape} }

// block returns the listpack in a block, with the whole block as capacity.
func (s Stream) block(r arena.Ref) []byte {
	return s.a.Slice(r, listpack.Bytes(s.a.Bytes(r, 4)))
}

// Exhausted tells that no larger ID than the last one exists.
func (s Stream) Exhausted() bool { return s.r.lastID == MaxID }

// NextID returns the ID that an entry appended now shall get.
func (s Stream) NextID(want NewID, nowMs int64) (ID, error) {
	last := s.r.lastID
	var id ID
	switch {
	case want.Auto && uint64(nowMs) > last.Ms:
		return ID{Ms: uint64(nowMs)}, nil
	case want.Auto:
		id, _ = last.Next()
	case want.AutoSeq && want.ID.Ms == last.Ms:
		id, _ = last.Next()
		if id.Ms != last.Ms {
			return ID{}, ErrIDTooSmall
		}
	default:
		id = want.ID
	}
	if !last.Less(id) {
		return ID{}, ErrIDTooSmall
	}
	return id, nil
}

// maxEntryBytes bounds the bytes of fields and values of an entry, as in Redis.
const maxEntryBytes = listpack.MaxSize

// Append adds an entry with an ID from NextID and the given pairs of field and value.
func (s Stream) Append(id ID, pairs [][]byte, lim *object.Limits) error {
	size := 0
	for _, b := range pairs {
		size += len(b)
	}
	if size > maxEntryBytes {
		return ErrTooLarge
	}
	if s.r.tail == arena.Nil || s.tailFull(size, lim) {
		s.appendNode(id, pairs)
	} else {
		s.appendTail(id, pairs)
	}
	s.r.added++
	s.r.lastID = id
	s.r.length++
	if s.r.length == 1 {
		s.r.firstID = id
	}
	return nil
}

// tailFull tells whether the limits demand a new node for an entry of size bytes.
func (s Stream) tailFull(size int, lim *object.Limits) bool {
	maxBytes := lim.StreamNodeMaxBytes
	if maxBytes == 0 || maxBytes > listpack.MaxSize {
		maxBytes = listpack.MaxSize
	}
	lp := s.block(s.r.tail)
	if len(lp)+size >= maxBytes {
		return true
	}
	if lim.StreamNodeMaxEntries == 0 {
		return false
	}
	n := openNode(s.r.tailID, lp)
	return n.count+n.deleted >= int64(lim.StreamNodeMaxEntries)
}

// appendNode begins a new node with the entry.
func (s Stream) appendNode(id ID, pairs [][]byte) {
	if s.r.tail != arena.Nil {
		s.fitTail()
	}
	r := s.a.Alloc(nodeOverhead + pairsRoom(pairs))
	lp := startNode(s.a.Slice(r, 0), pairs)
	lp = appendEntry(lp, id, id, pairs, true)
	s.a.SetUsed(r, len(lp))
	s.pushNode(id, r)
}

// pushNode adds the block of a node that comes after all others.
func (s Stream) pushNode(id ID, r arena.Ref) {
	item := nodeItem{id: id, lp: r}
	s.nodes().Push(unsafe.Slice((*byte)(unsafe.Pointer(&item)), nodeItemBytes))
	s.r.tailID, s.r.tail = id, r
}

// appendTail adds the entry to the last node.
func (s Stream) appendTail(id ID, pairs [][]byte) {
	lp := s.block(s.r.tail)
	if need := len(lp) + countBytes + entryOverhead + pairsRoom(pairs); need > cap(lp) {
		lp = s.growTail(len(lp), need)
	}
	n := openNode(s.r.tailID, lp)
	same := n.sameFields(pairs)
	n.count++
	n.storeCounts()
	lp = appendEntry(n.lp, n.id, id, pairs, same)
	s.a.SetUsed(s.r.tail, len(lp))
}

// growTail gives the last node a block of at least need bytes, with room for more to come.
func (s Stream) growTail(size, need int) []byte {
	s.moveTail(s.a.Realloc(s.r.tail, size, max(need, size+size/2)))
	return s.block(s.r.tail)
}

// fitTail gives the last node a block of just its size: nothing more will be appended to it.
func (s Stream) fitTail() {
	size := listpack.Bytes(s.a.Bytes(s.r.tail, 4))
	if arena.Round(size) < s.a.Size(s.r.tail) {
		r := s.a.Alloc(size)
		copy(s.a.Bytes(r, size), s.a.Bytes(s.r.tail, size))
		s.a.Free(s.r.tail)
		s.moveTail(r)
	}
}

// moveTail records that the last node has moved to another block.
func (s Stream) moveTail(r arena.Ref) {
	if r != s.r.tail {
		nodeOf(s.nodes().Find(keyOf(s.r.tailID))).lp = r
		s.r.tail = r
	}
}

// resetTail finds the last node anew.
func (s Stream) resetTail() {
	s.r.tailID, s.r.tail = ID{}, arena.Nil
	if c := s.nodes().Last(); c.Ok() {
		item := nodeOf(c.Item())
		s.r.tailID, s.r.tail = item.id, item.lp
	}
}

// edit returns the node of an item for storeCounts: with room for counters that grow.
func (s Stream) edit(item *nodeItem) node {
	lp := s.block(item.lp)
	if cap(lp)-len(lp) < countBytes {
		r := s.a.Realloc(item.lp, len(lp), len(lp)+countBytes)
		if item.lp == s.r.tail {
			s.r.tail = r
		}
		item.lp = r
		lp = s.block(r)
	}
	return openNode(item.id, lp)
}

// Delete removes an entry and tells whether it was there.
func (s Stream) Delete(id ID) bool {
	c := s.nodes().SeekLE(keyOf(id))
	if !c.Ok() {
		return false
	}
	item := nodeOf(c.Item())
	n := openNode(item.id, s.block(item.lp))
	p := n.find(id)
	if p < 0 {
		return false
	}
	if n.count <= 1 {
		s.a.Free(item.lp)
		s.nodes().Delete(keyOf(item.id))
		s.resetTail()
	} else {
		n = s.edit(item)
		n.tombstone(p)
		n.storeCounts()
		s.a.SetUsed(item.lp, len(n.lp))
	}
	s.r.length--
	if s.r.maxDeleted.Less(id) {
		s.r.maxDeleted = id
	}
	if id == s.r.firstID || s.r.length == 0 {
		s.resetFirst()
	}
	return true
}

// resetFirst finds the first entry anew.
func (s Stream) resetFirst() {
	s.r.firstID = ID{}
	if s.r.length > 0 {
		if it := s.Range(ID{}, MaxID); it.Next() {
			s.r.firstID = it.ID
		}
	}
}

// Exists tells whether there is an entry with this ID.
func (s Stream) Exists(id ID) bool {
	c := s.nodes().SeekLE(keyOf(id))
	if !c.Ok() {
		return false
	}
	item := nodeOf(c.Item())
	n := openNode(item.id, s.block(item.lp))
	return n.find(id) >= 0
}

// LastEntryID returns the ID of the last entry, 0-0 if there is none. It differs from LastID when that entry was
// deleted.
func (s Stream) LastEntryID() ID {
	if it := s.RevRange(ID{}, MaxID); it.Next() {
		return it.ID
	}
	return ID{}
}
