package stream

import (
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/object"
)

// Builder makes a stream from the pieces in which it is stored, checking what it is given. The pieces come in the
// order in which Parts gives them: nodes, metadata, then for each group its pending entries, and its consumers,
// each with the IDs that it owns. After an error, and whenever the stream is not finished, Free gives back what
// there is.
type Builder struct {
	s        Stream
	last     ID // of the last entry in the nodes so far
	version  int
	group    Group
	consumer Consumer
	pending  ID  // last one of the group or consumer
	owned    int // pending entries of the group that have a consumer
}

// Meta is what is stored of a stream beside its nodes and groups.
type Meta struct {
	LastID       ID
	MaxDeletedID ID
	Added        int64
	// Version says what was stored: 1 LastID alone, and of groups neither entries read nor active times; 2 all but
	// active times; 3 everything. They are RDB types 15, 19 and 21.
	Version int
}

// Build begins with the value of c, a fresh entry with ValueBytes bytes.
func Build(c object.Cell) Builder { return Builder{s: New(c)} }

// AddNode adds a node with a master ID: a copy of the listpack lp. Counters in it that are wrong are put right, so
// that all that Redis loads is loaded.
func (b *Builder) AddNode(id ID, lp []byte) error {
	live, deleted, last, err := validateNode(id, lp)
	if err != nil {
		return err
	}
	if b.s.r.tail != arena.Nil && !b.last.Less(id) {
		return corruptOrder
	}
	b.s.pushNode(id, b.s.newBlock(lp))
	if n := openNode(id, lp); n.count != live || n.deleted != deleted {
		n = b.s.edit(nodeOf(b.s.nodes().Find(keyOf(id))))
		n.count, n.deleted = live, deleted
		n.storeCounts()
	}
	b.s.r.length += uint64(live)
	b.last = last
	return nil
}

// SetMeta sets the metadata, after all nodes. The length is what the nodes have, the last ID at least that of the
// last entry, and the entries added at least those that are there: what was stored of them may be wrong without
// harm.
func (b *Builder) SetMeta(m Meta) {
	r := b.s.r
	r.lastID = m.LastID
	if r.lastID.Less(b.last) {
		r.lastID = b.last
	}
	b.version = m.Version
	r.added = r.length
	if m.Version >= 2 {
		r.added, r.maxDeleted = max(r.added, uint64(m.Added)), m.MaxDeletedID
	}
	b.s.resetFirst()
}

// AddGroup adds a group. With version 1, entriesRead is not used.
func (b *Builder) AddGroup(name []byte, lastID ID, entriesRead int64) error {
	if err := b.endGroup(); err != nil {
		return err
	}
	if b.version < 2 {
		entriesRead = b.s.readUpTo(lastID)
	}
	var ok bool
	if b.group, ok = b.s.CreateGroup(name, lastID, entriesRead); !ok {
		return corruptGroup
	}
	b.consumer, b.owned = Consumer{}, 0
	return nil
}

// AddPending adds an entry to the PEL of the last group.
func (b *Builder) AddPending(id ID, deliveredMs int64, count uint64) error {
	pel := b.group.pel()
	if pel.Len() > 0 && !b.pending.Less(id) {
		return corruptPending
	}
	b.pending = id
	p := Pending{ID: id, DeliveredMs: deliveredMs, Count: count}
	pel.Push(unsafe.Slice((*byte)(unsafe.Pointer(&p)), pendingBytes))
	return nil
}

// AddConsumer adds a consumer to the last group. With a version below 3, activeMs is not used.
func (b *Builder) AddConsumer(name []byte, seenMs, activeMs int64) error {
	if b.version < 3 {
		activeMs = seenMs
	}
	var ok bool
	if b.consumer, ok = b.group.CreateConsumer(name, seenMs); !ok {
		return corruptConsumer
	}
	b.consumer.c.activeMs = activeMs
	return nil
}

// AddOwned adds an entry to the PEL of the last consumer.
func (b *Builder) AddOwned(id ID) error {
	p := b.group.Pending(id)
	if p == nil || p.owner != arena.Nil {
		return corruptOwner
	}
	pel := b.consumer.pel()
	if pel.Len() > 0 && !b.pending.Less(id) {
		return corruptPending
	}
	b.pending = id
	p.owner = b.consumer.r
	b.owned++
	pel.Push(unsafe.Slice((*byte)(unsafe.Pointer(&id)), IDBytes))
	return nil
}

// Finish ends the stream.
func (b *Builder) Finish() error { return b.endGroup() }

func (b *Builder) endGroup() error {
	if b.group.Ok() && b.owned != b.group.PendingLen() {
		return corruptOrphan
	}
	return nil
}
