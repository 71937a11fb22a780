package rdbload

import (
	"encoding/binary"
	"slices"

	"dragonfly/persistence/rdbfmt"
)

// A stream is, with what the later types 2 to 5 add marked by their number,
//
//	len nodes, nodes × (string master ID, string listpack)
//	len length, ID last, [2: ID first, ID max deleted, len entries added]
//	len groups, groups × (
//	    string name, ID last delivered, [2: len entries read]
//	    len pending, pending × (raw ID, i64 delivered ms, len deliveries)
//	    len consumers, consumers × (
//	        string name, i64 seen ms, [3: i64 active ms]
//	        len pending, pending × raw ID)
//	    [5: len nacked, nacked × raw ID])
//	[4: len duration, len max entries, len producers, producers × (
//	        string id, len entries, entries × (string id, ID))
//	    len added, len duplicates]
//
// where an ID is two lengths and a raw ID 16 bytes big-endian. A group's pending
// entries come before their owners are known. They are kept here until then, so
// that a Sink meets each one once, complete, with its consumer.

// streamPhase is where in the stream the cursor stands.
type streamPhase uint8

const (
	inNodes streamPhase = iota
	inGroups
	inConsumers
	inPending
)

// streamCursor is the part of Elems that only streams need.
type streamCursor struct {
	version   int // 1 to 5
	phase     streamPhase
	meta      StreamMeta
	lastEntry StreamID // of all entries so far, deleted ones too
	anyEntry  bool
	anyNode   bool

	groups    uint64 // still to come
	consumers uint64 // still to come in this group
	pending   uint64 // still to come of this consumer
	// pel is the group's pending entries, by ascending ID. The memory is reused.
	pel   []pendingEntry
	owned int // entries of pel that have an owner
}

type pendingEntry struct {
	id          StreamID
	deliveredMs int64
	deliveries  uint64
	owned       bool
}

// What a stream may have wrong.
const (
	errStreamID      corrupt = "stream IDs out of order"
	errStreamLength  corrupt = "stream has a length but no entries"
	errPendingOrder  corrupt = "pending entries out of order"
	errPendingOwner  corrupt = "consumer's pending entry is not one of its group"
	errPendingTwice  corrupt = "pending entry has two owners"
	errPendingOrphan corrupt = "pending entry has no owner"
)

// beginStream starts a stream of type t. One without nodes is a legal key.
func (l *loader) beginStream(t byte) (outcome, error) {
	version := 1
	switch t {
	case rdbfmt.TypeStreamListpacks2:
		version = 2
	case rdbfmt.TypeStreamListpacks3:
		version = 3
	case rdbfmt.TypeStreamListpacks4:
		version = 4
	case rdbfmt.TypeStreamListpacks5:
		version = 5
	}
	nodes, err := l.in.length()
	if err != nil {
		return 0, err
	}
	pel := l.elems.stream.pel[:0]
	l.startElems(Stream, formStream, nodes)
	l.elems.stream.version, l.elems.stream.pel = version, pel
	return present, nil
}

// stepStream reads the next element of a stream.
func (e *Elems) stepStream() (bool, error) {
	c := &e.stream
	for {
		switch c.phase {
		case inNodes:
			if e.left == 0 {
				c.phase = inGroups
				return true, e.readStreamMeta()
			}
			e.left--
			if ok, err := e.readStreamNode(); ok || err != nil {
				return ok, err
			}
		case inGroups:
			if c.groups == 0 {
				return false, e.readIdempotence()
			}
			c.groups--
			c.phase = inConsumers
			return true, e.readGroup()
		case inConsumers:
			if c.consumers > 0 {
				c.consumers--
				c.phase = inPending
				return true, e.readConsumer()
			}
			if err := e.endGroup(); err != nil {
				return false, err
			}
			c.phase = inGroups
		case inPending:
			if c.pending > 0 {
				c.pending--
				return true, e.readPending()
			}
			c.phase = inConsumers
		}
	}
}

// readStreamNode reads one node. It returns false if no entry in it is alive.
func (e *Elems) readStreamNode() (bool, error) {
	c := &e.stream
	c.anyNode = true
	raw, err := e.l.string()
	if err != nil {
		return false, err
	}
	if len(raw) != 16 {
		return false, corrupt("stream node key has not 16 bytes")
	}
	master := rawID(raw)
	lp, err := e.l.string()
	if err != nil {
		return false, err
	}
	node, err := checkStreamNode(lp, master)
	if err != nil {
		return false, err
	}
	if c.anyEntry && !c.lastEntry.Less(node.first) {
		return false, errStreamID
	}
	c.lastEntry, c.anyEntry = node.last, true
	if node.live == 0 {
		return false, nil
	}
	if c.meta.Length == 0 {
		c.meta.FirstID = node.firstLive
	}
	c.meta.Length += node.live
	e.Elem.Kind, e.Elem.ID, e.Elem.Data = ElemStreamNode, master, lp
	return true, nil
}

// readStreamMeta reads what stands between the nodes and the groups.
func (e *Elems) readStreamMeta() error {
	c, in := &e.stream, &e.l.in
	length, err := in.length()
	if err != nil {
		return err
	}
	if length > 0 && !c.anyNode {
		return errStreamLength
	}
	if length != c.meta.Length {
		e.l.warn("the length of a stream was not the number of its entries; the entries count")
	}
	if c.meta.LastID, err = in.streamID(); err != nil {
		return err
	}
	if c.anyEntry && c.meta.LastID.Less(c.lastEntry) {
		return errStreamID
	}
	if c.version == 1 {
		c.meta.EntriesAdded = c.meta.Length
	} else {
		first, err := in.streamID()
		if err != nil {
			return err
		}
		if c.meta.Length == 0 {
			c.meta.FirstID = first
		}
		if c.meta.MaxDeletedID, err = in.streamID(); err != nil {
			return err
		}
		if c.meta.EntriesAdded, err = in.length(); err != nil {
			return err
		}
	}
	if c.groups, err = in.length(); err != nil {
		return err
	}
	e.Elem.Kind, e.Elem.Stream = ElemStream, c.meta
	return nil
}

// readGroup reads a group up to its consumers, its pending entries included.
func (e *Elems) readGroup() (err error) {
	c, in := &e.stream, &e.l.in
	e.Elem.Kind = ElemGroup
	if e.Elem.Data, err = e.l.stringInto(&e.l.member); err != nil {
		return err
	}
	if e.Elem.ID, err = in.streamID(); err != nil {
		return err
	}
	if c.version == 1 {
		e.Elem.EntriesRead = c.meta.entriesReadAt(e.Elem.ID)
	} else {
		n, err := in.length()
		if err != nil {
			return err
		}
		e.Elem.EntriesRead = int64(n) // all ones is -1: unknown
	}
	pending, err := in.length()
	if err != nil {
		return err
	}
	c.pel, c.owned = c.pel[:0], 0
	for ; pending > 0; pending-- {
		raw, err := in.take(16)
		if err != nil {
			return err
		}
		p := pendingEntry{id: rawID(raw)}
		if n := len(c.pel); n > 0 && !c.pel[n-1].id.Less(p.id) {
			return errPendingOrder
		}
		if p.deliveredMs, err = in.int64(); err != nil {
			return err
		}
		if p.deliveries, err = in.length(); err != nil {
			return err
		}
		c.pel = append(c.pel, p)
	}
	c.consumers, err = in.length()
	return err
}

// entriesReadAt tells how many entries were ever added up to id, -1 if that
// cannot be known: what a group of a version 1 stream has read when it was last
// delivered id. Such a stream counts no deletions, so it is as if there were none.
func (m *StreamMeta) entriesReadAt(id StreamID) int64 {
	switch {
	case m.EntriesAdded == 0:
		return 0
	case m.Length == 0 && !m.LastID.Less(id), id == m.LastID:
		return int64(m.EntriesAdded)
	case m.LastID.Less(id):
		return -1
	case id.Less(m.FirstID):
		return int64(m.EntriesAdded - m.Length)
	case id == m.FirstID:
		return int64(m.EntriesAdded - m.Length + 1)
	}
	return -1
}

func (e *Elems) readConsumer() (err error) {
	c, in := &e.stream, &e.l.in
	e.Elem.Kind = ElemConsumer
	if e.Elem.Data, err = e.l.stringInto(&e.l.member); err != nil {
		return err
	}
	if e.Elem.SeenMs, err = in.int64(); err != nil {
		return err
	}
	e.Elem.ActiveMs = e.Elem.SeenMs
	if c.version >= 3 {
		if e.Elem.ActiveMs, err = in.int64(); err != nil {
			return err
		}
	}
	c.pending, err = in.length()
	return err
}

// readPending reads the ID of a consumer's pending entry; the rest is in pel.
func (e *Elems) readPending() error {
	p, err := e.claim()
	if err != nil {
		return err
	}
	e.Elem.Kind, e.Elem.ID = ElemPending, p.id
	e.Elem.DeliveredMs, e.Elem.Deliveries = p.deliveredMs, p.deliveries
	return nil
}

// claim reads an ID and takes the entry of that ID out of what has no owner.
func (e *Elems) claim() (*pendingEntry, error) {
	c := &e.stream
	raw, err := e.l.in.take(16)
	if err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(c.pel, rawID(raw), func(p pendingEntry, id StreamID) int {
		switch {
		case p.id.Less(id):
			return -1
		case p.id == id:
			return 0
		}
		return 1
	})
	if !found {
		return nil, errPendingOwner
	}
	p := &c.pel[i]
	if p.owned {
		return nil, errPendingTwice
	}
	p.owned = true
	c.owned++
	return p, nil
}

// endGroup reads the entries that were given back and have no owner, and
// verifies that all others have one.
func (e *Elems) endGroup() error {
	c := &e.stream
	if c.version >= 5 {
		nacked, err := e.l.in.length()
		if err != nil {
			return err
		}
		for ; nacked > 0; nacked-- {
			if _, err := e.claim(); err != nil {
				return err
			}
			e.l.lose("pending entries that a consumer had given back were dropped")
		}
	}
	if c.owned != len(c.pel) {
		return errPendingOrphan
	}
	if cap(c.pel) > scratchKeep/64 {
		c.pel = nil
	}
	return nil
}

// readIdempotence passes over what a stream remembers of its producers.
func (e *Elems) readIdempotence() error {
	if e.stream.version < 4 {
		return nil
	}
	in := &e.l.in
	if err := e.l.skipLengths(2); err != nil {
		return err
	}
	producers, err := in.length()
	if err != nil {
		return err
	}
	if producers > 0 {
		e.l.lose("producer IDs of streams were dropped")
	}
	for ; producers > 0; producers-- {
		if err := e.l.skipString(); err != nil {
			return err
		}
		entries, err := in.length()
		if err != nil {
			return err
		}
		for ; entries > 0; entries-- {
			if err := e.l.skipString(); err != nil {
				return err
			}
			if err := e.l.skipLengths(2); err != nil {
				return err
			}
		}
	}
	return e.l.skipLengths(2)
}

// streamID reads an ID as two lengths.
func (in *window) streamID() (id StreamID, err error) {
	if id.Ms, err = in.length(); err != nil {
		return id, err
	}
	id.Seq, err = in.length()
	return id, err
}

// rawID reads an ID from its 16 bytes.
func rawID(b []byte) StreamID {
	return StreamID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}
