package stream

import (
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/types/btree"
)

// Pending is an entry that was delivered to a consumer and not acknowledged, an item of a group's PEL.
type Pending struct {
	ID          ID
	DeliveredMs int64  // time of the last delivery
	Count       uint64 // deliveries
	owner       arena.Ref
	_           uint32
}

const pendingBytes = int(unsafe.Sizeof(Pending{}))

var (
	pendingShape = btree.NewShape(pendingBytes, IDBytes, nil)
	ownedShape   = btree.NewShape(IDBytes, IDBytes, nil)
)

func pendingOf(item []byte) *Pending { return (*Pending)(unsafe.Pointer(&item[0])) }

func idOf(item []byte) *ID { return (*ID)(unsafe.Pointer(&item[0])) }

func (g Group) pel() btree.Tree { return btree.Tree{Root: &g.g.pel, A: g.a, Shape: &pendingShape} }

func (c Consumer) pel() btree.Tree { return btree.Tree{Root: &c.c.pel, A: c.a, Shape: &ownedShape} }

// PendingLen returns the number of pending entries of the group.
func (g Group) PendingLen() int { return g.pel().Len() }

// PendingLen returns the number of pending entries of the consumer.
func (c Consumer) PendingLen() int { return c.pel().Len() }

// Pending returns the pending entry with an ID, nil if there is none. Delivery time and count may be changed in
// place. It is good until the PEL changes.
func (g Group) Pending(id ID) *Pending {
	item := g.pel().Find(keyOf(id))
	if item == nil {
		return nil
	}
	return pendingOf(item)
}

// Owner returns the consumer that a pending entry of the group was delivered to.
func (g Group) Owner(p *Pending) Consumer { return consumerAt(g.a, p.owner) }

// Deliver records that the entry with this ID was given to the consumer, whoever had it before, for the first time
// now.
func (g Group) Deliver(c Consumer, id ID, nowMs int64) {
	p := Pending{ID: id, DeliveredMs: nowMs, Count: 1, owner: c.r}
	if g.insert(&p) {
		c.own(id)
	} else {
		old := g.Pending(id)
		g.give(old, c)
		old.DeliveredMs, old.Count = nowMs, 1
	}
	c.c.activeMs = nowMs
}

// insert adds an entry to the group's PEL; false if there is one with that ID.
func (g Group) insert(p *Pending) bool {
	return g.pel().Insert(keyOf(p.ID), unsafe.Slice((*byte)(unsafe.Pointer(p)), pendingBytes))
}

// own adds an ID to the consumer's PEL; false if it is there.
func (c Consumer) own(id ID) bool {
	return c.pel().Insert(keyOf(id), unsafe.Slice((*byte)(unsafe.Pointer(&id)), IDBytes))
}

// give makes c the owner of a pending entry.
func (g Group) give(p *Pending, c Consumer) {
	if p.owner == c.r {
		return
	}
	g.Owner(p).pel().Delete(keyOf(p.ID))
	p.owner = c.r
	c.own(p.ID)
}

// Claim makes c the owner of a pending entry with the given delivery time; the delivery count becomes count, or
// stays if count is negative. The entry must be pending.
func (g Group) Claim(c Consumer, id ID, deliveredMs, nowMs, count int64) {
	p := g.Pending(id)
	g.give(p, c)
	p.DeliveredMs = deliveredMs
	if count >= 0 {
		p.Count = uint64(count)
	}
	c.c.activeMs = nowMs
}

// Force makes an entry pending for c that nobody has, as if delivered once now. It does not count as activity.
func (g Group) Force(c Consumer, id ID, nowMs int64) {
	if g.insert(&Pending{ID: id, DeliveredMs: nowMs, Count: 1, owner: c.r}) {
		c.own(id)
	}
}

// Ack removes a pending entry and tells whether there was one.
func (g Group) Ack(id ID) bool {
	p := g.Pending(id)
	if p == nil {
		return false
	}
	g.Owner(p).pel().Delete(keyOf(id))
	g.pel().Delete(keyOf(id))
	return true
}

// PendingIter walks over pending entries in the order of IDs. It is good until the PEL changes.
type PendingIter struct {
	g     Group
	cur   btree.Cursor
	owned bool // cur is in a consumer's PEL
}

// PendingFrom returns an iterator over the group's pending entries from an ID on.
func (g Group) PendingFrom(id ID) PendingIter {
	return PendingIter{g: g, cur: g.pel().SeekGE(keyOf(id))}
}

// PendingOf returns an iterator over those of the group's pending entries that c owns, from an ID on.
func (g Group) PendingOf(c Consumer, id ID) PendingIter {
	return PendingIter{g: g, cur: c.pel().SeekGE(keyOf(id)), owned: true}
}

// Next returns the next pending entry, nil at the end.
func (it *PendingIter) Next() *Pending {
	if !it.cur.Ok() {
		return nil
	}
	item := it.cur.Item()
	it.cur.Next()
	if it.owned {
		return it.g.Pending(*idOf(item))
	}
	return pendingOf(item)
}

// PendingBounds returns the smallest and the largest ID of the group's pending entries; there must be some.
func (g Group) PendingBounds() (first, last ID) {
	f, l := g.pel().First(), g.pel().Last()
	return pendingOf(f.Item()).ID, pendingOf(l.Item()).ID
}
