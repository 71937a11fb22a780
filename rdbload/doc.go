// Package rdbload reads the RDB format of any age and origin — Redis 1 to 15,
// Valkey 80 and 81, the single-file form of Dragonfly — and of a DUMP payload,
// and hands every value to a Sink.
//
// # Terms
//
// A record is one key with its value and what precedes it: deadline, idle time
// or frequency, flags. A value is handed over in one of three forms:
//
//   - plain: a string, whole;
//   - packed: a small collection in Redis's own bytes (listpack, intset), to be
//     copied, not rebuilt;
//   - element-wise: a cursor, Elems, that yields one element at a time, so that a
//     collection of millions is never held here.
//
// Encodings that Redis has left behind are converted on the way: a ziplist or
// zipmap becomes a listpack, so a Sink knows three packings and no history.
//
// # What is promised
//
// Input is hostile until read. No length in it is believed: memory follows what
// has arrived, and a compressed string is measured before it is unpacked.
// Nothing panics. What a Sink gets has been checked to the last byte: a packed
// value is well formed, without duplicate members, its pairs complete, its
// scores numbers and in order; a stream's IDs ascend and its pending entries
// have one owner each. Not checked, because only the receiver can do so without
// a second copy of the data: that a key comes once, and that the elements of an
// element-wise collection, and a stream's groups and consumers, are distinct.
//
// The checksum is verified at the end, where it stands; a file that is cut or
// changed is an *Error that says where, in which key, and who wrote it. A load
// that fails has already handed over what came before: the Sink's owner drops it.
//
// # Differences
//
// From Redis: an expiry in seconds is read unsigned, so that one after 2038 is
// kept; a module's value is skipped and counted rather than the end of the load;
// the deep checks are always on; a higher version is tried, not refused.
// From Dragonfly, which refuses them: plain lists, zipmaps, list ziplists,
// expiry in seconds, functions, hash field deadlines and Valkey's files load;
// the checksum counts.
//
// Not read, and refused by name: Redis 8's arrays, GCRA limiters and templates of
// a layout unknown here; Valkey's path hashes and compressed envelope; Dragonfly's
// JSON and sketches, compressed blobs and what else only its own snapshots hold.
package rdbload
