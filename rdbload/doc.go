// Package rdbload reads the RDB format of any age and origin — Redis 1 to 15,
// Valkey 80 and 81, Dragonfly's .rdb and each file of its .dfs snapshots — and of
// a DUMP payload, and hands every value to a Sink.
//
// # Terms
//
// A record is one key with its value and what precedes it: deadline, idle time
// or frequency, flags. A value is handed over in one of four forms:
//
//   - plain: a string, whole;
//   - packed: a small collection in Redis's own bytes (listpack, intset), to be
//     copied, not rebuilt;
//   - element-wise: a cursor, Elems, that yields one element at a time, so that a
//     collection of millions is never held here;
//   - opaque: what has no commands here, a module's value, JSON or a sketch, in
//     its own bytes.
//
// Encodings that Redis has left behind are converted on the way: a ziplist or
// zipmap becomes a listpack, so a Sink knows three packings and no history.
//
// A compressed blob is a run of items, unpacked as it is read. A value in tagged
// chunks comes in pieces with other records between them; it is read by a
// coroutine, so that it looks like any other to those who parse it and, but for
// Record.Interleaved, to the Sink.
//
// # What is promised
//
// Input is hostile until read. No length in it is believed: memory follows what
// has arrived, a compressed string is measured before it is unpacked, and what a
// compressed blob unpacks to is never held.
// Nothing panics. What a Sink gets has been checked to the last byte: a packed
// value is well formed, without duplicate members, its pairs complete, its
// scores numbers and in order; a stream's IDs ascend and its pending entries
// have one owner each; JSON is JSON, and a sketch has the size it says it has.
// A module's value is only known to be whole. Not checked, because only the receiver can do so without
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
// kept; an unknown module's value is handed over rather than the end of the load;
// the deep checks are always on; a higher version is tried, not refused.
// From Dragonfly, which refuses them: plain lists, zipmaps, list ziplists,
// expiry in seconds, functions, hash field deadlines and Valkey's files load;
// modules are kept; the checksum counts where there is one. A value that is not
// complete at the end of a file ends the load there with a warning, here with an
// error; so does a file that belongs to another snapshot (Options.SnapshotID),
// which it passes over.
//
// Not read, and refused by name: Redis 8's arrays, GCRA limiters and templates of
// a layout unknown here; Valkey's path hashes and compressed envelope; commands in
// a journal. Passed over, with a warning: metadata that modules keep of keys, and
// the graphs of vector indexes.
package rdbload
