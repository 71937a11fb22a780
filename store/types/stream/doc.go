// Package stream is the stream type: an append-only log of entries, each with an ID and field-value pairs,
// together with consumer groups that remember who was given what.
//
// # Terminology
//
//   - ID: milliseconds and sequence number, 128 bits; strictly ascending in a stream.
//   - node: a listpack of up to about a hundred entries, in Redis's own bytes.
//   - master entry: the head of a node: counters and the field names that its entries share.
//   - tombstone: an entry of a node that is marked as deleted.
//   - group, consumer: a consumer group; a named member of it.
//   - pending: delivered to a consumer and not acknowledged. PEL: list of pending entries.
//
// # Layout
//
// The value bytes of the key are the Ref of a root block; a stream is never inline, and may be empty.
//
//	Value:     | root Ref u32 |
//	Root:      | counters and IDs | node tree | tail node | names of groups |        see type root
//	Node tree: B+ tree of | master ID ms u64, seq u64 | listpack Ref u32 | pad u32 |
//	Names:     | Ref u32 × n | spare |                         ordered by the names of what they refer to
//	Group:     | type group | name |
//	Consumer:  | type consumer | name |
//	Group PEL: B+ tree of | ID | delivery time i64 ms | delivery count u64 | consumer Ref u32 | pad u32 |
//	Consumer's PEL: B+ tree of | ID |                          what else is known of it is in the group's
//
// A node is one listpack. Its bytes are frozen: they are on disk and on the wire.
//
//	Master entry: | count | deleted | number of fields | field × n | 0 |
//	Entry:        | flags | ms delta | seq delta | … | lp-count |
//
// where … is the values alone if flags has flagSameFields (the fields are those of the master entry), else
// | number of fields | (field, value) × n |. Deltas are from the master ID, which is the ID the first entry of the
// node had; the seq delta is negative when ms differs and seq is smaller. lp-count is the number of elements
// of the entry before it, for reading backwards.
//
// # How it works
//
// Append extends the last node until the limits of stream-node-max-bytes or -entries, then opens another.
// Deletion marks an entry as a tombstone, and frees a node when its last live entry goes; tombstones of a node
// that lives on stay, as in Redis. Trim frees whole nodes from the head, and if it is to be exact marks entries
// of one more.
//
// A Stream, Group or Consumer is a handle: a pointer into the arena, good until what it stands for is freed.
// Iterators and views of fields are good until the stream is changed.
//
// # What it does not do
//
// It does not wait for entries, and knows no commands. The text of IDs is parsed here, since its oddities are
// part of the format, but not the syntax around it.
package stream
