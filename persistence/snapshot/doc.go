// Package snapshot turns entries into RDB records: whole ones, and big values in pieces between which the shard
// lock is given up. It implements store.SnapshotWriter.
//
// The types written are the oldest that hold a value, so that the file loads in the oldest Redis possible: packed
// listpacks and intsets as they are (types 11, 16, 17, 18: Redis 7.0), sets in listpacks as plain sets, since
// their own type exists only from 7.2 on, hashes with field TTL as types 24 and 25 (7.4), streams as type 19
// (7.0) unless a consumer's activity is not told by its last sighting (21: 7.2). Writer.Version says what the file
// needs.
package snapshot
