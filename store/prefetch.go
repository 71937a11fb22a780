package store

// PrefetchBucket and PrefetchEntry have the memory fetched that a command for the key with hash h will need, in two
// steps that should be some time apart. They are hints and need no lock.

// PrefetchBucket is the first step.
func (s *Store) PrefetchBucket(db int, h uint64) {
	sh := s.shards[s.ShardOfHash(h)]
	// Through the root in the DB and not through its Table: a DB that was made this moment may be seen before
	// its pointers are.
	sh.dbs[db].root.PrefetchBucket(sh.A, h)
}

// PrefetchEntry is the second step.
func (s *Store) PrefetchEntry(db int, h uint64) {
	sh := s.shards[s.ShardOfHash(h)]
	sh.dbs[db].root.PrefetchEntries(sh.A, h)
}
