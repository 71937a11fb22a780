// Package snapshot turns entries into RDB records: whole ones, and big values in pieces between which the shard
// lock is given up. Writer implements store.SnapshotWriter.
//
// # Types
//
// The types written are the oldest that hold a value, so that the file loads in the oldest reader possible.
// Counts.Version says which RDB version the file needs.
//
//	value                         RDB file                        DFS file        target 9 (Redis 5, 6)
//	string                        0
//	list                          18 (10)                                         14
//	set: intset                   11
//	set                           2
//	set with member TTLs          32, Dragonfly's                 32              -
//	sorted set: listpack          17 (10)                                         12
//	sorted set                    5
//	hash: listpack                16 (10)                                         13
//	hash                          4
//	hash with field TTLs          25 if a listpack, else 24 (12)  31, or as RDB   -
//	stream                        19 (10), 21 (11)                21              15
//	JSON                          30, Dragonfly's                                 -
//	Bloom, CMS, TopK, Cuckoo      34 to 37, Dragonfly's                           -
//	module                        7                                               -
//
// In brackets the first RDB version of a type, if it is above 9; an empty column means "as in an RDB file". Sets in
// listpacks are written as plain sets: their own type exists only from 7.2 on. A stream is of type 21 if some
// consumer's last activity is not told by its last sighting.
//
// # What DFS files cannot hold
//
// Dragonfly knows deadlines of fields and members in whole seconds. A hash of which a deadline is none is written as in
// an RDB file, because a deadline must come back as it was; Dragonfly cannot load that, and Counts.FieldTTLMs says how
// many there are. Deadlines of set members are rounded up, so a member may live for less than a second longer.
//
// # Targets
//
// With a Target of an RDB version, nothing is written that readers of that version do not know: no deadlines of fields
// before 12, and in no version deadlines of members, sticky marks, memcache flags, modules or types of Dragonfly. Such
// a key is an error, unless the target says that this may be dropped: then fields and members stay without their
// deadlines (those whose time has come do not), keys of other types are left out, and all is counted.
package snapshot
