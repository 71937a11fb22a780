package snapshot

import (
	"encoding/binary"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/types/stream"
)

// nextPart appends one piece of a stream. The three types differ in what they have more than the one before: 19 the IDs
// and counters of the stream and the entries read of a group, 21 the active time of a consumer.
func (v *value) nextPart(dst []byte, compress bool) []byte {
	p := &v.stream
	switch p.Next() {
	case stream.PartNode:
		v.at++
		dst = appendID(rdbfmt.AppendLen(dst, stream.IDBytes), p.ID)
		return appendBlob(dst, p.Listpack, compress)
	case stream.PartMeta:
		return v.appendMeta(dst, stream.Open(v.c))
	case stream.PartGroup:
		dst = rdbfmt.AppendString(dst, p.Group.Name(), compress)
		dst = appendLenID(dst, p.Group.LastID())
		if v.kind != rdbfmt.TypeStreamListpacks {
			dst = rdbfmt.AppendLen(dst, uint64(p.Group.EntriesRead()))
		}
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

// appendMeta appends what a stream says of itself.
func (v *value) appendMeta(dst []byte, s stream.Stream) []byte {
	dst = rdbfmt.AppendLen(dst, uint64(s.Len()))
	dst = appendLenID(dst, s.LastID())
	if v.kind != rdbfmt.TypeStreamListpacks {
		dst = appendLenID(dst, s.FirstID())
		dst = appendLenID(dst, s.MaxDeletedID())
		dst = rdbfmt.AppendLen(dst, uint64(s.Added()))
	}
	return rdbfmt.AppendLen(dst, uint64(s.Groups()))
}

// appendID appends a stream ID in its binary form.
func appendID(dst []byte, id stream.ID) []byte {
	dst = binary.BigEndian.AppendUint64(dst, id.Ms)
	return binary.BigEndian.AppendUint64(dst, id.Seq)
}

// appendLenID appends a stream ID as two lengths.
func appendLenID(dst []byte, id stream.ID) []byte {
	return rdbfmt.AppendLen(rdbfmt.AppendLen(dst, id.Ms), id.Seq)
}
