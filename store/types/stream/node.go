package stream

import (
	"dragonfly/store/number"
	"dragonfly/store/types/listpack"
)

// Flags of an entry.
const (
	flagDeleted    = 1
	flagSameFields = 2
)

// node is the listpack of a node with its master entry decoded. The listpack is well-formed: see validate.go.
type node struct {
	lp       []byte
	id       ID // master ID
	count    int64
	deleted  int64
	fields   int // of the master entry
	fieldsAt int // offset of the first field of the master entry
}

// openNode decodes the master entry of lp.
func openNode(id ID, lp []byte) node {
	n := node{lp: lp, id: id}
	p := listpack.First(lp)
	_, n.count, _, p = listpack.GetNext(lp, p)
	_, n.deleted, _, p = listpack.GetNext(lp, p)
	_, fields, _, p := listpack.GetNext(lp, p)
	n.fields, n.fieldsAt = int(fields), p
	return n
}

// first returns the offset of the first entry, -1 if there is none.
func (n *node) first() int { return n.skip(n.fieldsAt, n.fields+1) }

// skip returns the offset of the element that comes count elements after the one at p, -1 at the end.
func (n *node) skip(p, count int) int {
	for ; count > 0 && p >= 0; count-- {
		p = listpack.Next(n.lp, p)
	}
	return p
}

// entry is the front of an entry, decoded.
type entry struct {
	id     ID
	at     int // offset of the flags
	flags  int64
	fields int
	data   int // offset of the first value if the fields are the master's, else of the first field
}

// entryAt decodes the entry whose flags are at p.
func (n *node) entryAt(p int) entry {
	e := entry{at: p}
	var ms, seq int64
	_, e.flags, _, p = listpack.GetNext(n.lp, p)
	_, ms, _, p = listpack.GetNext(n.lp, p)
	_, seq, _, p = listpack.GetNext(n.lp, p)
	e.id = ID{n.id.Ms + uint64(ms), n.id.Seq + uint64(seq)}
	if e.flags&flagSameFields != 0 {
		e.fields, e.data = n.fields, p
		return e
	}
	_, fields, _, p := listpack.GetNext(n.lp, p)
	e.fields, e.data = int(fields), p
	return e
}

// elements returns the number of listpack elements of the entry from its data on, lp-count included.
func (e *entry) elements() int {
	if e.flags&flagSameFields != 0 {
		return e.fields + 1
	}
	return 2*e.fields + 1
}

// after returns the offset of the entry that follows e, -1 if it is the last.
func (n *node) after(e *entry) int { return n.skip(e.data, e.elements()) }

// before returns the offset of the flags of the entry whose lp-count is at p, -1 if p is at the end of the master
// entry.
func (n *node) before(p int) int {
	_, elements, _ := listpack.Get(n.lp, p)
	if elements == 0 {
		return -1
	}
	for ; elements > 0; elements-- {
		p = listpack.Prev(n.lp, p)
	}
	return p
}

// last returns the ID of the last entry, tombstone or not; the master ID if there is none.
func (n *node) last() ID {
	p := n.before(listpack.Last(n.lp))
	if p < 0 {
		return n.id
	}
	e := n.entryAt(p)
	return e.id
}

// find returns the offset of the live entry with an ID, -1 if there is none.
func (n *node) find(id ID) int {
	for p := n.first(); p >= 0; {
		e := n.entryAt(p)
		if !e.id.Less(id) {
			if e.id == id && e.flags&flagDeleted == 0 {
				return p
			}
			return -1
		}
		p = n.after(&e)
	}
	return -1
}

// tombstone marks the live entry at p as deleted, in the counters too, which are to be stored. The flags never
// take more bytes than before.
func (n *node) tombstone(p int) {
	_, flags, _ := listpack.Get(n.lp, p)
	n.lp = listpack.ReplaceInt(n.lp, p, flags|flagDeleted)
	n.count--
	n.deleted++
}

// countBytes is by how much the two counters of a master entry may grow when they are stored again.
const countBytes = 2 * 9

// storeCounts writes the counters back. They may take other sizes than before: offsets beyond become stale. The
// listpack has room for countBytes more.
func (n *node) storeCounts() {
	p := listpack.First(n.lp)
	n.store(p, n.count)
	n.store(listpack.Next(n.lp, p), n.deleted)
}

// store writes an integer, unless it is there already: most often only one of the counters changes.
func (n *node) store(p int, v int64) {
	if _, old, _ := listpack.Get(n.lp, p); old != v {
		n.lp = listpack.ReplaceInt(n.lp, p, v)
	}
}

// sameFields tells whether the names in pairs (field, value, …) are the fields of the master entry.
func (n *node) sameFields(pairs [][]byte) bool {
	if n.fields != len(pairs)/2 {
		return false
	}
	p := n.fieldsAt
	for i := 0; i < len(pairs); i += 2 {
		if !listpack.Compare(n.lp, p, pairs[i]) {
			return false
		}
		p = listpack.Next(n.lp, p)
	}
	return true
}

// startNode makes a node without entries in lp's memory, with the fields in pairs.
func startNode(lp []byte, pairs [][]byte) []byte {
	lp = listpack.New(lp)
	lp = listpack.AppendInt(lp, 1) // the entry that is about to follow
	lp = listpack.AppendInt(lp, 0)
	lp = listpack.AppendInt(lp, int64(len(pairs)/2))
	for i := 0; i < len(pairs); i += 2 {
		lp = listpack.Append(lp, pairs[i])
	}
	return listpack.AppendInt(lp, 0)
}

// appendEntry adds an entry to a node with the given master ID, without counting it.
func appendEntry(lp []byte, master, id ID, pairs [][]byte, same bool) []byte {
	fields := int64(len(pairs) / 2)
	flags, elements := int64(0), 2*fields+4
	if same {
		flags, elements = flagSameFields, fields+3
	}
	lp = listpack.AppendInt(lp, flags)
	lp = listpack.AppendInt(lp, int64(id.Ms-master.Ms))
	lp = listpack.AppendInt(lp, int64(id.Seq-master.Seq))
	if !same {
		lp = listpack.AppendInt(lp, fields)
	}
	for i, b := range pairs {
		if i&1 == 1 || !same {
			lp = listpack.Append(lp, b)
		}
	}
	return listpack.AppendInt(lp, elements)
}

const (
	// nodeOverhead bounds the bytes of a new node with one entry beyond those of fields and values: six small
	// integers, the number of fields and lp-count.
	nodeOverhead = listpack.EmptySize + 6*2 + 2*10
	// entryOverhead bounds what another entry adds to that: flags, two deltas, the number of fields, lp-count.
	entryOverhead = 5 * 10
)

// pairsRoom bounds the bytes that the elements of pairs take. Short texts take at most two bytes more than their
// length, and others ten.
func pairsRoom(pairs [][]byte) int {
	room := 0
	for _, b := range pairs {
		room += len(b) + 2
		if len(b) >= 64 {
			room += 8
		}
	}
	return room
}

// fieldReader reads the fields and values of an entry one by one.
type fieldReader struct {
	lp            []byte
	left          int
	master        int                    // offset of the next field of the master entry, -1 if the entry has its own
	at            int                    // offset of the next value, or of the next field if the entry has its own
	fieldN, textN [number.MaxIntLen]byte // texts of integers
}

// read begins with the fields of e.
func (r *fieldReader) read(n *node, e *entry) {
	r.lp, r.left, r.at, r.master = n.lp, e.fields, e.data, -1
	if e.flags&flagSameFields != 0 {
		r.master = n.fieldsAt
	}
}

// next reads one field with its value; ok is false if there are no more. They are not kept in r, part of which they
// may be: that would move every iterator to the heap.
func (r *fieldReader) next() (field, value []byte, ok bool) {
	if r.left == 0 {
		return nil, nil, false
	}
	r.left--
	if r.master >= 0 {
		field, r.master = textNext(r.lp, r.master, &r.fieldN)
	} else {
		field, r.at = textNext(r.lp, r.at, &r.fieldN)
	}
	value, r.at = textNext(r.lp, r.at, &r.textN)
	return field, value, true
}

// textNext returns the text of the element at p, in buf if it is an integer, and the offset of the next one.
func textNext(lp []byte, p int, buf *[number.MaxIntLen]byte) (text []byte, next int) {
	s, v, isInt, next := listpack.GetNext(lp, p)
	if isInt {
		s = number.AppendInt(buf[:0], v)
	}
	return s, next
}
