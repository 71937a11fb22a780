package stream

import (
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/types/btree"
)

// UnknownRead is the number of entries read of a group whose place in the history of the stream is not known.
const UnknownRead = -1

// NeverActive is the active time of a consumer that was never given an entry.
const NeverActive = -1

// group is the front of a consumer group's block.
type group struct {
	named
	lastID      ID    // last ID delivered
	entriesRead int64 // entries of the stream up to lastID, or UnknownRead
	pel         btree.Root
	consumers   names
	_           uint32
}

const groupBytes = int(unsafe.Sizeof(group{}))

var _ [0]struct{} = [groupBytes - 56]struct{}{}

// consumer is the front of a consumer's block.
type consumer struct {
	named
	seenMs   int64 // last attempted interaction
	activeMs int64 // last successful one, or NeverActive
	pel      btree.Root
	_        uint32
}

const consumerBytes = int(unsafe.Sizeof(consumer{}))

var _ [0]struct{} = [consumerBytes - 40]struct{}{}

// Group is a handle on a consumer group. The zero Group is "no such group".
type Group struct {
	a *arena.Arena
	g *group
	r arena.Ref
}

// Consumer is a handle on a consumer of a group. The zero Consumer is "no such consumer".
type Consumer struct {
	a *arena.Arena
	c *consumer
	r arena.Ref
}

func groupAt(a *arena.Arena, r arena.Ref) Group { return Group{a, (*group)(a.Ptr(r)), r} }

func consumerAt(a *arena.Arena, r arena.Ref) Consumer { return Consumer{a, (*consumer)(a.Ptr(r)), r} }

// Groups returns the number of groups.
func (s Stream) Groups() int { return int(s.r.groups.n) }

// GroupAt returns the group at index i in the order of names.
func (s Stream) GroupAt(i int) Group { return groupAt(s.a, s.r.groups.refs(s.a)[i]) }

// Group returns the group of a name.
func (s Stream) Group(name []byte) Group {
	i, ok := s.r.groups.find(s.a, name)
	if !ok {
		return Group{}
	}
	return s.GroupAt(i)
}

// CreateGroup adds a group; ok is false if there is one of that name.
func (s Stream) CreateGroup(name []byte, lastID ID, entriesRead int64) (g Group, ok bool) {
	i, found := s.r.groups.find(s.a, name)
	if found {
		return Group{}, false
	}
	g = groupAt(s.a, newNamed(s.a, groupBytes, name))
	g.g.lastID, g.g.entriesRead = lastID, entriesRead
	s.r.groups.insert(s.a, i, g.r)
	return g, true
}

// DestroyGroup removes a group and tells whether there was one of that name.
func (s Stream) DestroyGroup(name []byte) bool {
	i, ok := s.r.groups.find(s.a, name)
	if !ok {
		return false
	}
	g := s.GroupAt(i)
	s.r.groups.remove(s.a, i)
	budget := maxBudget
	g.free(&budget)
	return true
}

// Ok tells whether there is a group.
func (g Group) Ok() bool { return g.g != nil }

// Name returns the name of the group.
func (g Group) Name() []byte { return nameOf(g.a, g.r) }

// LastID returns the last ID that was delivered.
func (g Group) LastID() ID { return g.g.lastID }

// EntriesRead returns the number of entries of the stream up to LastID, or UnknownRead.
func (g Group) EntriesRead() int64 { return g.g.entriesRead }

// SetID sets the last ID delivered and the number of entries up to it.
func (g Group) SetID(id ID, entriesRead int64) { g.g.lastID, g.g.entriesRead = id, entriesRead }

// RaiseLastID sets the last ID delivered if it is larger than it was, and tells whether it was.
func (g Group) RaiseLastID(id ID) bool {
	if !g.g.lastID.Less(id) {
		return false
	}
	g.g.lastID = id
	return true
}

// Consumers returns the number of consumers.
func (g Group) Consumers() int { return int(g.g.consumers.n) }

// ConsumerAt returns the consumer at index i in the order of names.
func (g Group) ConsumerAt(i int) Consumer { return consumerAt(g.a, g.g.consumers.refs(g.a)[i]) }

// Consumer returns the consumer of a name.
func (g Group) Consumer(name []byte) Consumer {
	i, ok := g.g.consumers.find(g.a, name)
	if !ok {
		return Consumer{}
	}
	return g.ConsumerAt(i)
}

// CreateConsumer adds a consumer; ok is false if there is one of that name.
func (g Group) CreateConsumer(name []byte, nowMs int64) (c Consumer, ok bool) {
	i, found := g.g.consumers.find(g.a, name)
	if found {
		return Consumer{}, false
	}
	c = consumerAt(g.a, newNamed(g.a, consumerBytes, name))
	c.c.seenMs, c.c.activeMs = nowMs, NeverActive
	g.g.consumers.insert(g.a, i, c.r)
	return c, true
}

// DeleteConsumer removes a consumer with its pending entries, and returns their number; ok is false if there is
// none of that name.
func (g Group) DeleteConsumer(name []byte) (pending int, ok bool) {
	i, ok := g.g.consumers.find(g.a, name)
	if !ok {
		return 0, false
	}
	c := g.ConsumerAt(i)
	pending = c.PendingLen()
	pel := g.pel()
	for cur := c.pel().First(); cur.Ok(); cur.Next() {
		pel.Delete(keyOf(*idOf(cur.Item())))
	}
	g.g.consumers.remove(g.a, i)
	budget := maxBudget
	c.free(&budget)
	return pending, true
}

// Ok tells whether there is a consumer.
func (c Consumer) Ok() bool { return c.c != nil }

// Name returns the name of the consumer.
func (c Consumer) Name() []byte { return nameOf(c.a, c.r) }

// SeenMs returns the time of the last attempted interaction.
func (c Consumer) SeenMs() int64 { return c.c.seenMs }

// ActiveMs returns the time of the last successful interaction, or NeverActive.
func (c Consumer) ActiveMs() int64 { return c.c.activeMs }

// SetSeenMs sets the time of the last attempted interaction.
func (c Consumer) SetSeenMs(ms int64) { c.c.seenMs = ms }

// SetActiveMs sets the time of the last successful interaction.
func (c Consumer) SetActiveMs(ms int64) { c.c.activeMs = ms }

// Is tells whether c and o are the same consumer.
func (c Consumer) Is(o Consumer) bool { return c.r == o.r }

// Advance records that the entry with this ID, the next one after LastID, was delivered to the group: its last ID
// and the number of entries read follow, if the ID is new to the group.
func (s Stream) Advance(g Group, id ID) {
	if !g.g.lastID.Less(id) {
		return
	}
	switch {
	case g.g.entriesRead != UnknownRead && !g.g.lastID.Less(s.r.firstID) && !s.tombstoneFrom(g.g.lastID):
		g.g.entriesRead++
	case s.r.added > 0:
		g.g.entriesRead = s.readUpTo(id)
	}
	g.g.lastID = id
}

// Lag returns the number of entries that were not yet delivered to the group; ok is false if it cannot be known
// because entries in between were deleted.
func (s Stream) Lag(g Group) (lag int64, ok bool) {
	switch last := g.g.lastID; {
	case s.r.added == 0 || s.r.length == 0:
		return 0, true
	case last.Less(s.r.firstID) && s.r.maxDeleted.Less(s.r.firstID):
		// All that was deleted was deleted from the head: what is left is what is to come.
		return int64(s.r.length), true
	case g.g.entriesRead != UnknownRead && !s.tombstoneFrom(last):
		return int64(s.r.added) - g.g.entriesRead, true
	default:
		read := s.readUpTo(last)
		return int64(s.r.added) - read, read != UnknownRead
	}
}

// tombstoneFrom tells whether an entry was deleted whose ID is not smaller than id.
func (s Stream) tombstoneFrom(id ID) bool {
	return s.r.length > 0 && !s.r.maxDeleted.IsZero() && !s.r.maxDeleted.Less(id)
}

// readUpTo returns how many entries were ever added up to and including an ID, or UnknownRead. It is known for
// IDs at the ends of the stream, as long as no entry behind them was deleted.
func (s Stream) readUpTo(id ID) int64 {
	switch added, length := int64(s.r.added), int64(s.r.length); {
	case added == 0:
		return 0
	case length == 0 && !s.r.lastID.Less(id):
		return added
	case !id.IsZero() && id.Less(s.r.maxDeleted):
		return UnknownRead
	case id == s.r.lastID:
		return added
	case s.r.lastID.Less(id):
		return UnknownRead
	case !s.r.maxDeleted.IsZero() && !s.r.maxDeleted.Less(s.r.firstID):
		return UnknownRead
	case id.Less(s.r.firstID):
		return added - length
	case id == s.r.firstID:
		return added - length + 1
	default:
		return UnknownRead
	}
}
