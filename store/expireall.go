package store

// expireAllSlice is how many segments ExpireAll looks at in one lock visit.
const expireAllSlice = 64

// ExpireAll removes all keys, fields and members that have expired by nowMs, but for what a running snapshot has still to
// write. Shards are locked one at a time, and none is held by the caller. It ends early when stop says so.
func (s *Store) ExpireAll(nowMs int64, stop func() bool) {
	for _, sh := range s.shards {
		for i := range sh.dbs {
			for pos, more := uint64(0), true; more && !stop() && !s.NoExpire.Load(); {
				sh.Lock()
				pos, more = sh.dbs[i].expireFrom(pos, nowMs)
				sh.Unlock()
			}
		}
	}
}

// expireFrom removes what has expired in some segments from pos on, and returns where to go on if there are more.
func (db *DB) expireFrom(pos uint64, nowMs int64) (next uint64, more bool) {
	for range expireAllSlice {
		s, next, ok := db.SegmentAt(pos)
		if !ok {
			return 0, false
		}
		if s.MinDeadline() <= nowMs {
			if _, more := db.expireSegment(s, nowMs); more {
				continue // a big value, of which a part was done
			}
		}
		pos = next
	}
	return pos, true
}
