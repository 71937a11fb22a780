package store

import (
	"bytes"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

type ref = arena.Ref

// Scan calls fn for the entries of one cell of this shard's part of the database and returns the next cursor,
// 0 at the end. Expired keys are left out, and removed afterwards; sets come without expired members. fn must not add
// or remove keys.
func (v *View) Scan(sh *Shard, cursor uint64, fn func(c object.Cell)) uint64 {
	db := sh.dbs[v.Index]
	var due [][]byte
	next := db.Table.Scan(cursor, func(slot *ref) {
		c := object.Cell{A: sh.A, Slot: slot}
		if v.Expired(c) || v.membersDue(c) {
			due = append(due, bytes.Clone(c.Key()))
			return
		}
		fn(c)
	})
	for _, key := range due {
		if c := v.Peek(key); c.Ok() {
			fn(c)
		}
	}
	return next
}

// Each calls fn for every entry of this shard's part of the database, expired ones and members included, until it
// returns false. fn must not add or remove keys.
func (v *View) Each(sh *Shard, fn func(c object.Cell) bool) {
	sh.dbs[v.Index].Table.Each(func(slot *ref) bool { return fn(object.Cell{A: sh.A, Slot: slot}) })
}

// Expired tells whether the time of an entry has come.
func (v *View) Expired(c object.Cell) bool {
	ms, ok := c.Deadline()
	return ok && ms < v.NowMs && !v.st.NoExpire.Load()
}

// ExpiryMs returns the time by which keys and fields have expired for commands that write: NowMs, or 0 while nothing
// expires. A deadline that has come already does not remove anything then either: a log that is being loaded may change
// what it belongs to, before it tells that it went.
func (v *View) ExpiryMs() int64 {
	if v.st.NoExpire.Load() {
		return 0
	}
	return v.NowMs
}

// Random returns a key of this shard's part of the database, chosen with equal probability. It removes expired
// keys that it meets; the zero Cell means there is none, or that expired keys which a snapshot still needs hide it.
func (v *View) Random(sh *Shard) object.Cell {
	db := sh.dbs[v.Index]
	for tries := 0; db.Len() > 0 && tries < maxTries; tries++ {
		slot := db.Table.Random()
		c := object.Cell{A: sh.A, Slot: slot}
		if !v.Expired(c) && !v.membersDue(c) {
			return c
		}
		if c = v.Peek(bytes.Clone(c.Key())); c.Ok() {
			return c
		}
	}
	return object.Cell{}
}

// maxTries is how many expired keys Random meets before it gives up: mostly each of them is gone for the next try.
const maxTries = 1000

// FlushDB removes all keys of a database. All shards are locked. It takes a moment however many keys there are: the
// tables are swapped for empty ones and freed in the background, after a running snapshot has written them.
func (s *Store) FlushDB(index int) (removed int) {
	for _, sh := range s.shards {
		old := sh.dbs[index]
		removed += old.Len()
		old.replaced(nil, 0)
		db := sh.newDB(index)
		db.watched = old.watched
		sh.dbs[index] = db
		sh.wakeDB(index)
		if old.snap != nil {
			continue // the snapshot discards it when it is through
		}
		sh.discardDB(old)
	}
	return removed
}

// SwapDB exchanges two databases; keys that have expired by nowMs are none to those who watch. All shards are locked.
func (s *Store) SwapDB(a, b int, nowMs int64) {
	if a == b {
		return
	}
	for _, sh := range s.shards {
		x, y := sh.dbs[a], sh.dbs[b]
		x.replaced(y, nowMs)
		y.replaced(x, nowMs)
		x.index, y.index = b, a
		x.watched, y.watched = y.watched, x.watched
		sh.dbs[a], sh.dbs[b] = y, x
		sh.wakeDB(a)
		sh.wakeDB(b)
	}
}

// Rename moves a key to another name, in this database or another: value, expiry and attributes. target does not
// exist any more. Both shards are locked.
func (v *View) Rename(source []byte, to *View, target []byte) {
	h := dash.Hash(source)
	from := v.db(h)
	p := from.Table.Find(h, source)
	if !p.Ok() {
		return
	}
	c := object.Cell{A: from.A, Slot: p.Slot()}
	from.beforeChange(p, c)
	ht := dash.Hash(target)
	db := to.db(ht)
	if db.sh != from.sh {
		v.Copy(source, to, target)
		from.remove(from.Table.Find(h, source), c)
		return
	}
	ms, volatile := c.Deadline()
	r := *p.Slot()
	from.Table.Remove(p)
	if volatile {
		from.expires--
	}
	c = object.Cell{A: from.A, Slot: &r}
	c.Rename(target)
	np := db.Table.Insert(ht, r)
	if volatile {
		db.expires++
		db.note(np, ms)
	}
	db.noteFields(np)
	db.event(EventNew, "new", target)
}

// Copy makes target, which does not exist, a copy of source, expiry included. Both shards are locked.
func (v *View) Copy(source []byte, to *View, target []byte) {
	src := v.Peek(source)
	if !src.Ok() {
		return
	}
	ms, _ := src.Deadline()
	// The copy is added with an empty value first. That may move the slot of source, if both are in one table, so
	// source is looked up again.
	at := object.Attrs{Type: src.Type(), Encoding: src.Encoding(), DeadlineMs: ms, Clock: src.Clock(), Sticky: src.Sticky()}
	dst := to.Add(target, at, 0)
	src = v.Peek(source)
	if outside(src) {
		copyValue(dst, src)
	} else {
		dst.Set(src.View()) // growing dst does not move src
	}
	if src.HasFieldTTL() {
		dst.SetHasFieldTTL(true)
		to.NoteFieldDeadline(target, minFieldDeadline(dst))
	}
}

// Len returns the number of keys of a database in this shard, expired ones included.
func (sh *Shard) Len(db int) int { return sh.dbs[db].Len() }

// TableBytes returns the bytes of memory of the hash table of a database in this shard.
func (sh *Shard) TableBytes(db int) int { return sh.dbs[db].Table.Bytes() }
