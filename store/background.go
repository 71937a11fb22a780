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
	// expireSlice is how many segments one lock visit of the expiry cycle searches at most.
	expireSlice = 4
	// expireShare is the part of one core that the expiry cycle may take.
	expireShare = 0.10
)

// expireCursor is where the expiry cycle of a shard goes on.
type expireCursor struct {
	db  int
	pos uint64
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
		if s.NoActiveExpire.Load() || s.NoExpire.Load() {
			continue
		}
		start := time.Now()
		budget := time.Duration(float64(interval) * expireShare)
		for i, sh := range s.shards {
			for time.Since(start) < budget {
				if !sh.expireStep(&cursors[i], now().UnixMilli()) {
					break
				}
			}
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

// expireStep searches some segments for expired keys and fields. It returns false when the cursor has gone
// round once, or nothing can expire.
func (sh *Shard) expireStep(cur *expireCursor, nowMs int64) (more bool) {
	sh.Lock()
	defer sh.Unlock()
	for n := 0; n < expireSlice; {
		db := sh.dbs[cur.db]
		s, next, ok := db.SegmentAt(cur.pos)
		if !ok {
			cur.pos = 0
			cur.db++
			if cur.db == len(sh.dbs) {
				cur.db = 0
				return false
			}
			continue
		}
		cur.pos = next
		// Looking at one number per segment is what makes a large keyspace with few expiries cheap.
		if s.MinDeadline() < nowMs {
			n++
			db.expireSegment(s, nowMs)
		}
	}
	return true
}

// expireSegment removes what has expired in a segment.
func (db *DB) expireSegment(s dash.Segment, nowMs int64) {
	var keys, hashes [][]byte
	least := int64(math.MaxInt64)
	db.EachBucket(s, func(b *dash.Bucket) {
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
					hashes = append(hashes, bytes.Clone(c.Key()))
				}
				least = min(least, ms)
			}
		})
	})
	s.SetMinDeadline(least)
	v := View{st: db.sh.st, Index: db.index, NowMs: nowMs}
	for _, key := range keys {
		v.Peek(key)
	}
	for _, key := range hashes {
		v.expireFields(key)
	}
}
