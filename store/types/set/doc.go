// Package set is the set type: the value bytes of an entry whose type is object.Set.
//
// # Encodings
//
//	intset     the value is an intset; all members are integers
//	listpack   the value is a listpack of the members, in the order they were added
//	hashtable  the value is a 4-byte reference to the root of a dash table of members
//
// A set begins as an intset or a listpack and converts where Redis 7.4 converts, never back by itself: an intset
// that gets a text becomes a listpack if it fits the limits of one, else a table; what outgrows its limits becomes
// a table. Store commands build small results anew and so may end in a smaller encoding: ToIntset, Repack.
//
// # Layout of a big set
//
//	Value:   | Ref u32le |
//	Root:    | dash.Root 24 B | bytes of all members u64 |
//	Member:  | length uvarint | bytes | spare |
//
// Root and members are arena blocks. A member costs one length byte, five bytes in the table at full load, and
// rounding to 8 bytes.
//
// # Use
//
// Functions work on the Cell of the entry and may move it. Members given to them may be views into the arena, but
// not into the set that they change. Views they return are valid until the set changes or its entry moves.
// Integers are kept as such in small encodings; they come back as text in a scratch buffer of the caller or of
// the iterator. A set that became empty is the caller's to delete: Redis has no empty sets.
package set
