package stream

import "dragonfly/store/types/btree"

// Part is the kind of a piece of a stream.
type Part uint8

// The pieces of a stream, in the order in which Parts gives them.
const (
	PartNode      Part = iota // a node: ID, Listpack
	PartMeta                  // what the Stream says of itself; Groups is the number of groups to come
	PartGroup                 // a group: Group; its PendingLen is the number of pending entries to come
	PartPending               // a pending entry of the group: Pending
	PartConsumers             // the end of pending entries; Group.Consumers is the number of consumers to come
	PartConsumer              // a consumer: Consumer; its PendingLen is the number of IDs to come
	PartOwned                 // a pending entry of the consumer: ID
	PartEnd
)

// Parts gives a stream in pieces, for writing it. It is good until the stream changes, wherever its key moves
// meanwhile, so writing can pause between any two pieces.
type Parts struct {
	ID       ID
	Listpack []byte
	Pending  *Pending
	Group    Group
	Consumer Consumer

	s        Stream
	at       Part // the kind that comes next, if there are more of it
	cur      btree.Cursor
	group    int // index of Group
	consumer int // index of Consumer
}

// Parts begins with the first piece.
func (s Stream) Parts() Parts { return Parts{s: s, cur: s.nodes().First()} }

// Next moves to the next piece and returns its kind.
func (p *Parts) Next() Part {
	for {
		switch p.at {
		case PartNode:
			if p.cur.Ok() {
				item := nodeOf(p.cur.Item())
				p.ID, p.Listpack = item.id, p.s.block(item.lp)
				p.cur.Next()
				return PartNode
			}
			p.at, p.group = PartGroup, -1
			return PartMeta
		case PartGroup:
			if p.group++; p.group >= p.s.Groups() {
				p.at = PartEnd
				return PartEnd
			}
			p.Group = p.s.GroupAt(p.group)
			p.at, p.cur = PartPending, p.Group.pel().First()
			return PartGroup
		case PartPending:
			if p.cur.Ok() {
				p.Pending = pendingOf(p.cur.Item())
				p.cur.Next()
				return PartPending
			}
			p.at, p.consumer = PartConsumer, -1
			return PartConsumers
		case PartConsumer:
			if p.consumer++; p.consumer >= p.Group.Consumers() {
				p.at = PartGroup
				continue
			}
			p.Consumer = p.Group.ConsumerAt(p.consumer)
			p.at, p.cur = PartOwned, p.Consumer.pel().First()
			return PartConsumer
		case PartOwned:
			if p.cur.Ok() {
				p.ID = *idOf(p.cur.Item())
				p.cur.Next()
				return PartOwned
			}
			p.at = PartConsumer
		default:
			return PartEnd
		}
	}
}
