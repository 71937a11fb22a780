package snapshot

import (
	"encoding/binary"
	"math"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// value serialises one value, in pieces if it is big: head appends what comes before the elements, step the elements
// until done.
type value struct {
	c    object.Cell
	kind byte // type byte
	done bool

	// Where the elements stand; which one is in use follows from kind.
	node   int // of a list
	set    set.Iter
	zset   zset.Iter
	hash   hash.Iter
	base   int64 // least deadline of a hash's fields, which the others are relative to
	stream stream.Parts
}

// versionOf is the first RDB version that has a type byte, for the types written here.
func versionOf(kind byte) int {
	switch kind {
	case rdbfmt.TypeHashListpack, rdbfmt.TypeZsetListpack, rdbfmt.TypeListQuicklist2, rdbfmt.TypeStreamListpacks2:
		return 10
	case rdbfmt.TypeStreamListpacks3:
		return 11
	case rdbfmt.TypeHashMeta, rdbfmt.TypeHashListpackEx:
		return 12
	}
	return 9
}

// typeByte returns the type byte under which a value is written.
func typeByte(c object.Cell) byte {
	enc := c.Encoding()
	switch c.Type() {
	case object.List:
		return rdbfmt.TypeListQuicklist2
	case object.Set:
		if enc == object.Intset {
			return rdbfmt.TypeSetIntset
		}
		return rdbfmt.TypeSet
	case object.Zset:
		if enc == object.Listpack {
			return rdbfmt.TypeZsetListpack
		}
		return rdbfmt.TypeZset2
	case object.Hash:
		switch {
		case enc == object.Listpack:
			return rdbfmt.TypeHashListpack
		case hash.Timed(c) == 0:
			return rdbfmt.TypeHash
		case enc == object.ListpackEx:
			return rdbfmt.TypeHashListpackEx
		}
		return rdbfmt.TypeHashMeta
	case object.Stream:
		if tellsActivity(stream.Open(c)) {
			return rdbfmt.TypeStreamListpacks3
		}
		return rdbfmt.TypeStreamListpacks2
	}
	return rdbfmt.TypeString
}

// tellsActivity tells whether the active time of some consumer is not that at which it was seen last, which only the
// newer stream type holds.
func tellsActivity(s stream.Stream) bool {
	for i := range s.Groups() {
		g := s.GroupAt(i)
		for j := range g.Consumers() {
			if c := g.ConsumerAt(j); c.ActiveMs() != c.SeenMs() {
				return true
			}
		}
	}
	return false
}

// open prepares the serialisation of a value, which must stay as it is until the end.
func (v *value) open(c object.Cell) { v.c, v.kind, v.done, v.node = c, typeByte(c), false, 0 }

// head appends what comes before the elements. A value without elements is done with it.
func (v *value) head(dst []byte, compress bool) []byte {
	c := v.c
	switch v.kind {
	case rdbfmt.TypeString:
		v.done = true
		// Only what is encoded as an integer is written as one: so the encoding survives.
		if c.Encoding() == object.Int {
			return rdbfmt.AppendString(dst, c.View(), false)
		}
		return appendBlob(dst, c.View(), compress)
	case rdbfmt.TypeListQuicklist2:
		return rdbfmt.AppendLen(dst, uint64(list.Nodes(c)))
	case rdbfmt.TypeSet:
		v.set = set.NewIter(c)
		return rdbfmt.AppendLen(dst, uint64(set.Len(c)))
	case rdbfmt.TypeZset2:
		// From the highest score to the lowest, as Redis does: its loader inserts at the head of the list.
		v.zset = zset.IterAt(c, zset.Len(c)-1, true)
		return rdbfmt.AppendLen(dst, uint64(zset.Len(c)))
	case rdbfmt.TypeHash:
		v.hash = hash.NewIter(c, 0)
		return rdbfmt.AppendLen(dst, uint64(hash.Len(c)))
	case rdbfmt.TypeHashMeta:
		v.hash, v.base = hash.NewIter(c, 0), hash.MinDeadline(c)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v.base))
		return rdbfmt.AppendLen(dst, uint64(hash.Len(c)))
	case rdbfmt.TypeHashListpackEx:
		v.done = true
		base := hash.MinDeadline(c)
		if base == math.MaxInt64 {
			base = 0
		}
		dst = binary.LittleEndian.AppendUint64(dst, uint64(base))
		return appendBlob(dst, c.View(), compress)
	case rdbfmt.TypeStreamListpacks2, rdbfmt.TypeStreamListpacks3:
		s := stream.Open(c)
		v.stream = s.Parts()
		return rdbfmt.AppendLen(dst, uint64(s.Nodes()))
	default: // an intset or a listpack
		v.done = true
		return appendBlob(dst, c.View(), compress)
	}
}

// step appends elements until about limit bytes were appended, and sets done at the end.
func (v *value) step(dst []byte, limit int, compress bool) []byte {
	start := len(dst)
	for !v.done && len(dst)-start < limit {
		dst = v.next(dst, compress)
	}
	return dst
}

// next appends one element, or sets done if there is none.
func (v *value) next(dst []byte, compress bool) []byte {
	switch v.kind {
	case rdbfmt.TypeListQuicklist2:
		return v.nextNode(dst, compress)
	case rdbfmt.TypeSet:
		if m, ok := v.set.Next(); ok {
			return rdbfmt.AppendString(dst, m, compress)
		}
	case rdbfmt.TypeZset2:
		if m, score, ok := v.zset.Next(); ok {
			return rdbfmt.AppendDouble(rdbfmt.AppendString(dst, m, compress), score)
		}
	case rdbfmt.TypeHash, rdbfmt.TypeHashMeta:
		if field, val, ok := v.hash.Next(); ok {
			if v.kind == rdbfmt.TypeHashMeta {
				dst = rdbfmt.AppendLen(dst, relative(v.hash.Deadline, v.base))
			}
			return rdbfmt.AppendString(rdbfmt.AppendString(dst, field, compress), val, compress)
		}
	default:
		return v.nextPart(dst, compress)
	}
	v.done = true
	return dst
}

// relative is a field's deadline as type 24 has it: 0 for none, else 1 + what it is behind the least one.
func relative(deadline, base int64) uint64 {
	if deadline == 0 {
		return 0
	}
	return uint64(deadline-base) + 1
}

func (v *value) nextNode(dst []byte, compress bool) []byte {
	if v.node == list.Nodes(v.c) {
		v.done = true
		return dst
	}
	b, plain := list.Node(v.c, v.node)
	v.node++
	container := uint64(rdbfmt.ContainerPacked)
	if plain {
		container = rdbfmt.ContainerPlain
	}
	return appendBlob(rdbfmt.AppendLen(dst, container), b, compress)
}

// nextPart appends one piece of a stream.
func (v *value) nextPart(dst []byte, compress bool) []byte {
	p := &v.stream
	switch p.Next() {
	case stream.PartNode:
		dst = appendID(rdbfmt.AppendLen(dst, stream.IDBytes), p.ID)
		return appendBlob(dst, p.Listpack, compress)
	case stream.PartMeta:
		s := stream.Open(v.c)
		for _, n := range [...]uint64{
			uint64(s.Len()), s.LastID().Ms, s.LastID().Seq, s.FirstID().Ms, s.FirstID().Seq,
			s.MaxDeletedID().Ms, s.MaxDeletedID().Seq, uint64(s.Added()), uint64(s.Groups()),
		} {
			dst = rdbfmt.AppendLen(dst, n)
		}
	case stream.PartGroup:
		dst = rdbfmt.AppendString(dst, p.Group.Name(), compress)
		dst = rdbfmt.AppendLen(dst, p.Group.LastID().Ms)
		dst = rdbfmt.AppendLen(dst, p.Group.LastID().Seq)
		dst = rdbfmt.AppendLen(dst, uint64(p.Group.EntriesRead()))
		dst = rdbfmt.AppendLen(dst, uint64(p.Group.PendingLen()))
	case stream.PartPending:
		dst = appendID(dst, p.Pending.ID)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(p.Pending.DeliveredMs))
		dst = rdbfmt.AppendLen(dst, p.Pending.Count)
	case stream.PartConsumers:
		dst = rdbfmt.AppendLen(dst, uint64(p.Group.Consumers()))
	case stream.PartConsumer:
		dst = rdbfmt.AppendString(dst, p.Consumer.Name(), compress)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(p.Consumer.SeenMs()))
		if v.kind == rdbfmt.TypeStreamListpacks3 {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(p.Consumer.ActiveMs()))
		}
		dst = rdbfmt.AppendLen(dst, uint64(p.Consumer.PendingLen()))
	case stream.PartOwned:
		dst = appendID(dst, p.ID)
	case stream.PartEnd:
		v.done = true
	}
	return dst
}

// appendID appends a stream ID in its binary form.
func appendID(dst []byte, id stream.ID) []byte {
	dst = binary.BigEndian.AppendUint64(dst, id.Ms)
	return binary.BigEndian.AppendUint64(dst, id.Seq)
}

// appendBlob appends bytes, compressed if wanted and worth it.
func appendBlob(dst, b []byte, compress bool) []byte {
	if compress && len(b) > 20 {
		return rdbfmt.AppendString(dst, b, true)
	}
	return rdbfmt.AppendPlain(dst, b)
}
