// Package zset is the sorted set: members with a score each, ordered by score
// and then by the bytes of the member.
//
// # Layout
//
// A small one is a listpack in the value bytes of its entry, in Redis's own
// bytes: member and score of each element in order, both as listpack elements,
// so that integers of either kind are stored as integers.
//
// A big one is for clients a skiplist. Its value bytes are the reference of a
// block of its own, and its elements are blocks too:
//
//	Value:  | root Ref u32 |
//	Root:   | btree.Root (12) | pad u32 | dash.Root (24) |
//	Member: | score f64 | length u8 | bytes |                 up to 254 bytes
//	        | score f64 | 255 | length u32 | bytes |          longer
//	Item:   | order u64 | member Ref u32 |                    in the tree
//
// The dash table finds a member by its bytes, the tree by order and rank. The
// order of an item is its score as an integer that sorts alike: so the tree
// compares integers, and looks at members only where scores are equal.
//
// # Minus zero
//
// -0 and 0 are the same score in the order. A listpack stores integers, so -0
// becomes 0 in it; a big sorted set keeps it, as in Redis.
//
// # Use
//
// All functions take the entry of the sorted set. Ranks are ascending and
// count from 0; every range is turned into ranks first, from ≤ rank < to, and
// what is to be done with it is done by rank, in logarithmic time for the
// big encoding however large an offset is. Views of members are good until the
// sorted set changes.
//
// A sorted set may become empty, but commands do not leave it so: they delete
// its key.
package zset
