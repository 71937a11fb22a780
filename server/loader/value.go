package loader

import (
	"errors"
	"fmt"
	"slices"

	"dragonfly/rdbload"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// Errors of values that are well formed but say a thing twice, or nothing.
var (
	ErrDuplicateMember = errors.New("an element appears twice")
	ErrDuplicateKey    = errors.New("the key appears twice")
)

// kinds are the types of the store for those of the reader.
var kinds = [...]object.Type{
	rdbload.String: object.String, rdbload.List: object.List, rdbload.Set: object.Set,
	rdbload.Zset: object.Zset, rdbload.Hash: object.Hash, rdbload.Stream: object.Stream,
	rdbload.Module: object.Module, rdbload.JSON: object.JSON, rdbload.Bloom: object.Bloom,
	rdbload.Cuckoo: object.Cuckoo, rdbload.CMS: object.CMS, rdbload.TopK: object.TopK,
}

// packedKind returns the encoding of a value whose bytes go into the entry as they are.
func packedKind(packing rdbload.Packing, value []byte, isInt bool) object.Encoding {
	switch {
	case packing == rdbload.Opaque:
		return object.Raw
	case packing == rdbload.Intset:
		return object.Intset
	case packing == rdbload.Listpack:
		return object.Listpack
	case packing == rdbload.ListpackTTL:
		return object.ListpackEx
	case isInt:
		return object.Int
	case len(value) <= object.EmbstrMax:
		return object.Embstr
	}
	return object.Raw
}

// settle converts a packed value that exceeds the limits of today.
func settle(c object.Cell, lim *object.Limits) {
	switch c.Encoding() {
	case object.Intset:
		set.Settle(c, lim)
	case object.Listpack:
		switch c.Type() {
		case object.List:
			list.Settle(c, lim)
		case object.Set:
			set.Settle(c, lim)
		case object.Zset:
			zset.Settle(c, lim)
		case object.Hash:
			hash.Settle(c, lim)
		}
	case object.ListpackEx:
		hash.Settle(c, lim)
	}
}

// build makes the value of c, a fresh entry, from elements that come one by one.
func (l *Loader) build(c object.Cell, rec *rdbload.Record) error {
	lim := &l.st.Limits
	var err error
	switch rec.Type {
	case rdbload.List:
		err = buildList(c, rec.Elems, lim)
	case rdbload.Set:
		err = l.buildSet(c, rec)
	case rdbload.Zset:
		err = buildZset(c, rec.Elems, lim)
	case rdbload.Hash:
		err = buildHash(c, rec, lim)
	case rdbload.Stream:
		err = buildStream(c, rec.Elems)
	default:
		return fmt.Errorf("no elements expected of a %s", rec.Type)
	}
	if err != nil {
		return err
	}
	return rec.Elems.Err()
}

func buildList(c object.Cell, elems *rdbload.Elems, lim *object.Limits) error {
	var b list.Builder
	b.Begin(c, lim)
	for elems.Next() {
		switch e := &elems.Elem; e.Kind {
		case rdbload.ElemListNode:
			b.AddListpack(e.Data)
		default:
			b.Push(e.Data)
		}
	}
	b.End()
	return nil
}

// hint is an announced number of elements as far as it may be believed before they have come.
func hint(n uint64) int { return int(min(n, 1<<16)) }

func (l *Loader) buildSet(c object.Cell, rec *rdbload.Record) error {
	b := set.Build(c, hint(rec.Len), &l.st.Limits)
	for rec.Elems.Next() {
		if e := &rec.Elems.Elem; !b.AddTimed(e.Data, e.DeadlineMs) {
			return ErrDuplicateMember
		}
	}
	return nil
}

func buildZset(c object.Cell, elems *rdbload.Elems, lim *object.Limits) error {
	b := zset.NewBuilder(c.A)
	for elems.Next() {
		if e := &elems.Elem; !b.Add(e.Data, e.Score) {
			b.Discard()
			return ErrDuplicateMember
		}
	}
	if b.Len() == 0 {
		b.Discard()
		return nil
	}
	b.Finish(c, lim)
	return nil
}

func buildHash(c object.Cell, rec *rdbload.Record, lim *object.Limits) error {
	b := hash.Build(c, hint(rec.Len), lim)
	for rec.Elems.Next() {
		e := &rec.Elems.Elem
		if !b.Add(e.Data, e.Value, e.DeadlineMs) {
			return ErrDuplicateMember
		}
	}
	return nil
}

func id(x rdbload.StreamID) stream.ID { return stream.ID{Ms: x.Ms, Seq: x.Seq} }

// groupParts collects a group, because the reader tells the pending entries by consumer and the builder wants those
// of the group first.
type groupParts struct {
	consumers []consumerParts
	pending   []pendingPart
}

type consumerParts struct {
	name           []byte
	seenMs, active int64
	owned          []stream.ID
}

type pendingPart struct {
	id          stream.ID
	deliveredMs int64
	count       uint64
}

func buildStream(c object.Cell, elems *rdbload.Elems) error {
	c.Resize(stream.ValueBytes)
	b := stream.Build(c)
	c.SetKind(object.Stream, object.StreamTree)
	var g groupParts
	for elems.Next() {
		var err error
		switch e := &elems.Elem; e.Kind {
		case rdbload.ElemStreamNode:
			err = b.AddNode(id(e.ID), e.Data)
		case rdbload.ElemStream:
			b.SetMeta(stream.Meta{
				LastID: id(e.Stream.LastID), MaxDeletedID: id(e.Stream.MaxDeletedID),
				Added: int64(e.Stream.EntriesAdded), Version: 3,
			})
		case rdbload.ElemGroup:
			if err = g.flush(&b); err == nil {
				err = b.AddGroup(e.Data, id(e.ID), e.EntriesRead)
			}
		case rdbload.ElemConsumer:
			g.consumers = append(g.consumers, consumerParts{name: slices.Clone(e.Data), seenMs: e.SeenMs, active: e.ActiveMs})
		case rdbload.ElemPending:
			last := &g.consumers[len(g.consumers)-1]
			last.owned = append(last.owned, id(e.ID))
			g.pending = append(g.pending, pendingPart{id(e.ID), e.DeliveredMs, e.Deliveries})
		}
		if err != nil {
			return err
		}
	}
	if err := g.flush(&b); err != nil {
		return err
	}
	return b.Finish()
}

// flush hands the collected parts of a group to the builder.
func (g *groupParts) flush(b *stream.Builder) error {
	slices.SortFunc(g.pending, func(x, y pendingPart) int { return x.id.Compare(y.id) })
	for _, p := range g.pending {
		if err := b.AddPending(p.id, p.deliveredMs, p.count); err != nil {
			return err
		}
	}
	for _, c := range g.consumers {
		if err := b.AddConsumer(c.name, c.seenMs, c.active); err != nil {
			return err
		}
		for _, id := range c.owned {
			if err := b.AddOwned(id); err != nil {
				return err
			}
		}
	}
	*g = groupParts{}
	return nil
}
