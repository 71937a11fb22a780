package store

import (
	"slices"

	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// Watch adds a key to what w watches. The shard of the key is locked.
func (v *View) Watch(w *Watcher, key []byte) {
	db := v.st.shards[v.st.ShardOf(key)].dbs[v.Index]
	if slices.ContainsFunc(db.watched[string(key)], func(x watching) bool { return x.w == w }) {
		return
	}
	expired := false
	if p := db.Table.Find(dash.Hash(key), key); p.Ok() {
		c := object.Cell{A: db.A, Slot: p.Slot()}
		ms, ok := c.Deadline()
		if expired = ok && ms < v.NowMs; !expired && v.membersDue(c) {
			v.Peek(key) // members of a set that expired before are no change for who watches it from now on
		}
	}
	if db.watched == nil {
		db.watched = map[string][]watching{}
	}
	db.watched[string(key)] = append(db.watched[string(key)], watching{w, expired})
	w.keys = append(w.keys, watchedKey{v.Index, string(key)})
}

// Unwatch ends the watching of all keys of w. No shard is locked by the caller.
func (s *Store) Unwatch(w *Watcher) {
	s.UnwatchHeld(w, func(int) bool { return false })
}

// UnwatchHeld is Unwatch for a caller who holds the shards that held tells of; the others are locked for a moment each.
func (s *Store) UnwatchHeld(w *Watcher, held func(shard int) bool) {
	for _, k := range w.keys {
		sh := s.shards[s.ShardOf([]byte(k.key))]
		if !held(sh.id) {
			sh.mu.Lock() // even while a script keeps the shard: it does not look at watchers between its steps
			sh.unwatch(w, k)
			sh.mu.Unlock()
		} else {
			sh.unwatch(w, k)
		}
	}
	w.keys = nil
}

// unwatch ends the watching of one key. The shard is locked.
func (sh *Shard) unwatch(w *Watcher, k watchedKey) {
	db := sh.dbs[k.db]
	list := slices.DeleteFunc(db.watched[k.key], func(x watching) bool { return x.w == w })
	if len(list) == 0 {
		delete(db.watched, k.key)
	} else {
		db.watched[k.key] = list
	}
}

// Keys lists the watched keys.
func (w *Watcher) Keys() [][]byte {
	keys := make([][]byte, len(w.keys))
	for i, k := range w.keys {
		keys[i] = []byte(k.key)
	}
	return keys
}

// Len returns the number of watched keys.
func (w *Watcher) Len() int { return len(w.keys) }

// Expired tells whether a watched key, or a member of a watched set, has expired since it was watched, without anyone
// having removed it yet.
// The shards of the keys are locked.
func (s *Store) Expired(w *Watcher, nowMs int64) bool {
	for _, k := range w.keys {
		db := s.shards[s.ShardOf([]byte(k.key))].dbs[k.db]
		p := db.Table.Find(dash.Hash([]byte(k.key)), []byte(k.key))
		if !p.Ok() {
			continue
		}
		c := object.Cell{A: db.A, Slot: p.Slot()}
		v := s.View(k.db, nowMs)
		if ms, ok := c.Deadline(); (!ok || ms >= nowMs) && !v.membersDue(c) {
			continue
		}
		if slices.Contains(db.watched[k.key], watching{w, false}) {
			return true
		}
	}
	return false
}

// trip tells those who watch or cache a key that it was changed by a client.
func (db *DB) trip(client int64, key []byte) {
	if st := db.sh.st; st.Tracked.Load() {
		st.modified(client, db.index, key)
	}
	db.sh.wake(db.index, key)
	if len(db.watched) == 0 {
		return
	}
	for _, x := range db.watched[string(key)] {
		x.w.Tripped.Store(true)
	}
}

// tripExpired is trip for a key that is removed because it expired: no change for those who watched it when it
// had expired already.
func (db *DB) tripExpired(key []byte) {
	if st := db.sh.st; st.Tracked.Load() {
		st.modified(0, db.index, key)
	}
	db.sh.wake(db.index, key)
	if len(db.watched) == 0 {
		return
	}
	for _, x := range db.watched[string(key)] {
		if !x.expired {
			x.w.Tripped.Store(true)
		}
	}
}

// replaced tells the watchers of a database that another, or nothing, takes its place: SWAPDB, FLUSHALL. A watched
// key changes if it was there or is there then; a key that has expired counts as missing, unless it expired only
// after it was watched.
func (db *DB) replaced(by *DB, nowMs int64) {
	for key, list := range db.watched {
		h := dash.Hash([]byte(key))
		was := db.Table.Find(h, []byte(key)).Ok()
		is, isExpired := false, false
		if by != nil {
			if p := by.Table.Find(h, []byte(key)); p.Ok() {
				ms, ok := object.Cell{A: by.A, Slot: p.Slot()}.Deadline()
				isExpired = ok && ms < nowMs
				is = !isExpired
			}
		}
		for i := range list {
			x := &list[i]
			if is || was && !x.expired {
				x.w.Tripped.Store(true)
			}
			x.expired = isExpired
		}
	}
}
