// Package dash is the hash table of the store: extendible hashing over arena references, after "Dash: Scalable
// Hashing on Persistent Memory" (Lu et al., VLDB 2020). It holds the keyspace of a shard, and the members of big
// hashes, sets and sorted sets. It knows no Redis.
//
// # Terminology
//
//   - entry: what a reference in the table refers to; the table only knows how to get its key.
//   - segment: a fixed mini-table of home buckets and stash buckets. Growth splits one segment.
//   - directory: 2^depth references to segments, indexed by the top bits of the hash. A segment of local depth d
//     stands 2^(depth-d) times in it.
//   - home bucket: where the hash points at; stash bucket: shared overflow of the home buckets of a segment.
//   - fingerprint: one byte of the hash per entry; 0 marks a free place.
//   - position: the 37 hash bits that choose directory entry and home bucket.
//
// # How it works
//
// Bits of the 64-bit hash, each used once, so that shard, directory, bucket and fingerprint are independent:
//
//	| 63…48 shard (not used here) | 47…16 directory, top bits first | 15…11 home bucket | 10…3 fingerprint | 2…0 - |
//
// A lookup compares 24 fingerprints of the home bucket, eight at a time, and then the keys of those that
// match. Only when entries of this home bucket are in the stash the stash is searched as well. A table that is
// full splits the one segment in which there was no room: no rehash of the whole, no doubled memory.
//
// A small table has one segment with 1, 2, 4 … 32 home buckets (the top bits of the bucket bits choose), so the
// same structure serves a set of ten members and a keyspace of a billion.
//
// Keys that agree in all 37 bits cannot be split apart. Then, and when a split would make the directory sparse
// (someone chose the keys), the segment grows a chain of extra stash buckets instead.
//
// # Layout
//
//	Root:    | count u64 | directory, or the only segment at depth 0: Ref | deep u32 | segments u32 | depth u8 | log2 home buckets u8 | pad |
//	Segment: | home buckets 2^log × 128 B | stash buckets × 128 B | header 32 B |
//	Header:  | minDeadline i64 | prefix u32 | chain Ref | count u16 | local depth u8 | pad |
//	Bucket:  | fingerprint u8 × 24 | Ref × 24 | version u32 | overflow u16 | pad u16 |
//	Chain:   | Bucket | next Ref | pad |
//
// # Guarantees
//
// Scan visits every entry that is present from its start to its end at least once, however the table grows or
// shrinks meanwhile: every cell covers a range of cursors, what hashes to lower cursors has been seen, and a cell
// that was merged since is seen again as a whole.
//
// Before an entry is added, moved or removed, Hook is called for the buckets concerned; the store uses that
// for snapshots.
//
// # What it does not do
//
// It does not own entries: removing a reference does not free what it refers to. It is not safe for concurrent use, but
// for the hints in prefetch.go.
package dash
