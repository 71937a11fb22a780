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
//	Value:   | Ref u32le | [members with a deadline u64le | minDeadline i64le] |
//	Root:    | dash.Root 24 B | bytes of all members u64 |
//	Member:  | length uvarint | bytes | spare |
//	Timed:   | length uvarint, one byte longer than it need be: the last one is 0 | deadline i64le | bytes | spare |
//
// Root and members are arena blocks. A member costs one length byte, five bytes in the table at full load, and
// rounding to 8 bytes. A deadline costs nine bytes more, and sets without deadlines nothing: the odd length is one
// that a plain member cannot have, and the part of the value in brackets is there exactly as long as some member has a
// deadline, which is what object.Cell's HasFieldTTL says.
//
// # Members with a deadline
//
// A deadline is an absolute time in ms; a member has expired when now has reached it. Functions of this package make
// no difference between members that have expired and others: package store calls ExpireMembers before any command
// gets to see a set. A set of which a member gets a deadline becomes a table and stays one.
//
// # Use
//
// Functions work on the Cell of the entry and may move it. Members given to them may be views into the arena, but
// not into the set that they change. Views they return are valid until the set changes or its entry moves.
// Integers are kept as such in small encodings; they come back as text in a scratch buffer of the caller or of
// the iterator. A set that became empty is the caller's to delete: Redis has no empty sets.
package set
