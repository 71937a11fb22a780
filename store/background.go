package store

import (
	"bytes"
	"context"
	"math"
	"time"

	"dragonfly/store/dash"
	"dragonfly/store/object"
)

const (
	// cleanSlice is how many elements of garbage one lock visit frees: well under a millisecond.
	cleanSlice = 2048
	// One lock visit of the expiry cycle looks at this many segments at most, and searches this many of them.
	lookSlice   = 256
	expireSlice = 4
	// The expiry cycle may take expireShare of one core, and expireMore for each further effort.
	expireShare, expireMore = 0.10, 0.04
)

// expireCursor is where the expiry cycle of a shard goes on.
type expireCursor struct {
	db  int
	pos uint64
	// The database that the walk began with, which another may have replaced since, and the least deadline seen.
	began *DB
	least int64
}

// Background removes expired keys and frees memory until ctx ends, once every interval. now is the clock.
func (s *Store) Background(ctx context.Context, interval time.Duration, now func() time.Time) {
	cursors := make([]expireCursor, len(s.shards))
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.cleanAll(ctx)
		if !s.NoActiveExpire.Load() && !s.NoExpire.Load() && !s.KeepExpired.Load() {
			start := time.Now()
			budget := time.Duration(float64(interval) * (expireShare + expireMore*float64(s.ExpireEffort.Load()-1)))
			for i, sh := range s.shards {
				for time.Since(start) < budget {
					if !sh.expireStep(&cursors[i], now().UnixMilli()) {
						break
					}
				}
			}
		}
		if s.onReady != nil && s.HasReady() {
			s.onReady()
		}
	}
}

// cleanAll frees all garbage, shard by shard and in slices.
func (s *Store) cleanAll(ctx context.Context) {
	for _, sh := range s.shards {
		for ctx.Err() == nil {
			sh.Lock()
			more := sh.clean(cleanSlice)
			sh.publish()
			sh.Unlock()
			if !more {
				break
			}
		}
	}
}

// expireStep searches some segments for expired keys, fields and members. It returns false when the cursor has gone
// round once, or nothing can expire.
func (sh *Shard) expireStep(cur *expireCursor, nowMs int64) (more bool) {
	sh.Lock()
	defer sh.Unlock()
	for looked, searched := 0, 0; looked < lookSlice && searched < expireSlice; looked++ {
		db := sh.dbs[cur.db]
		if cur.pos == 0 {
			if db.due >= nowMs { // most often: nothing in it has a deadline
				if !cur.nextDB(sh) {
					return false
				}
				continue
			}
			cur.began, cur.least, db.noted = db, math.MaxInt64, math.MaxInt64
		}
		s, next, ok := db.SegmentAt(cur.pos)
		if !ok {
			if cur.began == db {
				db.due = min(cur.least, db.noted)
			}
			if !cur.nextDB(sh) {
				return false
			}
			continue
		}
		// Looking at one number per segment is what makes a large keyspace with few expiries cheap.
		least := s.MinDeadline()
		if least < nowMs {
			searched++
			var more bool
			if least, more = db.expireSegment(s, nowMs); more {
				continue
			}
		}
		cur.pos = next
		cur.least = min(cur.least, least)
	}
	return true
}

// nextDB goes on to the next database, and returns false when that is the first again.
func (cur *expireCursor) nextDB(sh *Shard) bool {
	cur.pos = 0
	cur.db = (cur.db + 1) % len(sh.dbs)
	return cur.db != 0
}

// expireSegment removes what has expired in a segment, and returns the least deadline of the rest. A big value may have
// more to remove than can be done at once.
func (db *DB) expireSegment(s dash.Segment, nowMs int64) (least int64, more bool) {
	var keys, collections [][]byte
	least = math.MaxInt64
	db.EachBucket(s, func(b *dash.Bucket) {
		b.Prefetch(db.A)
		b.Each(func(slot *ref) {
			c := object.Cell{A: db.A, Slot: slot}
			if ms, ok := c.Deadline(); ok {
				if ms < nowMs {
					keys = append(keys, bytes.Clone(c.Key()))
					return
				}
				least = min(least, ms)
			}
			if c.HasFieldTTL() {
				ms := minFieldDeadline(c)
				if ms < nowMs {
					collections = append(collections, bytes.Clone(c.Key()))
				}
				least = min(least, ms)
			}
		})
	})
	s.SetMinDeadline(least)
	v := View{st: db.sh.st, Index: db.index, NowMs: nowMs, ReadOnly: true}
	for _, key := range keys {
		v.Peek(key)
		if db.snap == nil {
			continue
		}
		if p := db.Table.Find(dash.Hash(key), key); p.Ok() { // a snapshot still needs it
			db.note(p, nowMs)
			least = min(least, nowMs)
		}
	}
	for _, key := range collections {
		more = v.expireFields(key) || more
	}
	return least, more
}

// note tells the expiry cycle that the entry at p, or a field of it, expires at ms.
func (db *DB) note(p dash.Pos, ms int64) {
	p.NoteDeadline(ms)
	db.due, db.noted = min(db.due, ms), min(db.noted, ms)
}

// noteField is note for a field of a hash or a member of a set.
func (db *DB) noteField(p dash.Pos, ms int64) {
	if (object.Cell{A: db.A, Slot: p.Slot()}).Type() == object.Set {
		db.timedSets = 1
	}
	db.note(p, ms)
}

// noteFields is noteField for all fields or members of the entry at p, which has come into the database.
func (db *DB) noteFields(p dash.Pos) {
	if c := (object.Cell{A: db.A, Slot: p.Slot()}); c.HasFieldTTL() {
		db.noteField(p, minFieldDeadline(c))
	}
}
