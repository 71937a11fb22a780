package store

import (
	"bytes"

	"dragonfly/store/dash"
	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

// View is one database at one time, for one command. The shards of the keys it is used for must be locked.
type View struct {
	st    *Store
	Index int
	// NowMs is the time of the command in ms; all of its expiry decisions use it.
	NowMs int64
	// ReadOnly says that no key will be added: an expired key that a snapshot has still to write, and that is too big to
	// be written at once, is hidden then and not removed.
	ReadOnly bool
	// NoTouch leaves the access clock of keys alone: CLIENT NO-TOUCH.
	NoTouch bool
	// Client is whose command it is, 0 for nobody's: Options.Modified is told.
	Client int64

	// The key whose hash the caller knew already, and the hash.
	known     *byte
	knownLen  int
	knownHash uint64
}

// Know tells the view the hash of a key that it will be asked for, so that it is not computed again. The bytes of the
// key must stay as they are for the life of the view.
func (v *View) Know(key []byte, hash uint64) {
	if len(key) > 0 {
		v.known, v.knownLen, v.knownHash = &key[0], len(key), hash
	}
}

func (v *View) hash(key []byte) uint64 {
	if len(key) == v.knownLen && len(key) > 0 && &key[0] == v.known {
		return v.knownHash
	}
	return dash.Hash(key)
}

// Store returns the store.
func (v *View) Store() *Store { return v.st }

// At returns the same view of another database.
func (v *View) At(db int) View {
	w := *v
	w.Index = db
	return w
}

// Limits returns the encoding thresholds.
func (v *View) Limits() *object.Limits { return &v.st.Limits }

func (v *View) db(h uint64) *DB { return v.st.shards[v.st.ShardOfHash(h)].dbs[v.Index] }

// lookup finds a live entry. An expired one is removed, and so are expired members of a set: nobody sees them.
func (v *View) lookup(db *DB, h uint64, key []byte) dash.Pos {
	p := db.Table.Find(h, key)
	if !p.Ok() || db.expires|db.timedSets == 0 {
		return p
	}
	c := object.Cell{A: db.A, Slot: p.Slot()}
	if ms, ok := c.Deadline(); ok && ms < v.NowMs && !v.st.NoExpire.Load() {
		if v.ReadOnly && (v.st.KeepExpired.Load() || db.snap != nil && db.snap.owes(p, c)) {
			return dash.Pos{} // it goes later, or when the snapshot has written it
		}
		db.expire(p, c, key)
		return dash.Pos{}
	}
	if db.timedSets != 0 && v.membersDue(c) {
		return v.expireMembers(db, p, c, key)
	}
	return p
}

// membersDue tells whether the entry is a set of which members may have expired.
func (v *View) membersDue(c object.Cell) bool {
	return c.HasFieldTTL() && c.Type() == object.Set && set.MinDeadline(c) <= v.NowMs && !v.st.NoExpire.Load()
}

// expire removes an entry whose time has come.
func (db *DB) expire(p dash.Pos, c object.Cell, key []byte) {
	db.sh.Stats.Expired++
	name := bytes.Clone(key) // key may be a view into the entry
	db.remove(p, c)
	db.tripExpired(name)
	db.event(EventExpired, "expired", name)
}

// Peek returns the entry of a key without counting it as an access. The zero Cell means there is none.
func (v *View) Peek(key []byte) object.Cell {
	h := v.hash(key)
	db := v.db(h)
	if p := v.lookup(db, h, key); p.Ok() {
		return object.Cell{A: db.A, Slot: p.Slot()}
	}
	return object.Cell{}
}

// Find returns the entry of a key for reading. The zero Cell means there is none.
func (v *View) Find(key []byte) object.Cell {
	h := v.hash(key)
	db := v.db(h)
	p := v.lookup(db, h, key)
	if !p.Ok() {
		db.sh.Stats.Misses++
		db.event(EventMiss, "keymiss", key)
		return object.Cell{}
	}
	db.sh.Stats.Hits++
	c := object.Cell{A: db.A, Slot: p.Slot()}
	v.touch(c)
	return c
}

// Edit returns the entry of a key for changing it. The zero Cell means there is none.
func (v *View) Edit(key []byte) object.Cell {
	h := v.hash(key)
	db := v.db(h)
	p := v.lookup(db, h, key)
	if !p.Ok() {
		return object.Cell{}
	}
	c := object.Cell{A: db.A, Slot: p.Slot()}
	db.beforeChange(p, c)
	v.touch(c)
	return c
}

// Add adds a key that is not there (Edit or Peek said so) and returns its entry with valLen bytes of undefined
// value.
func (v *View) Add(key []byte, at object.Attrs, valLen int) object.Cell {
	h := v.hash(key)
	db := v.db(h)
	if at.Clock == 0 {
		at.Clock = v.newClock()
	}
	r := object.New(db.A, key, valLen, at)
	p := db.Table.Insert(h, r)
	if at.DeadlineMs != 0 {
		db.expires++
		db.note(p, at.DeadlineMs)
	}
	db.event(EventNew, "new", key)
	return object.Cell{A: db.A, Slot: p.Slot()}
}

// SetString makes key a string, whatever it was before. A deadline of 0 means none, KeepDeadline what it was.
func (v *View) SetString(key, value []byte, enc object.Encoding, deadlineMs int64) {
	h := v.hash(key)
	db := v.db(h)
	p := v.lookup(db, h, key)
	if !p.Ok() {
		if deadlineMs == KeepDeadline {
			deadlineMs = 0
		}
		r := object.New(db.A, key, len(value), object.Attrs{Type: object.String, Encoding: enc, DeadlineMs: deadlineMs, Clock: v.newClock()})
		p = db.Table.Insert(h, r)
		c := object.Cell{A: db.A, Slot: p.Slot()}
		copy(c.View(), value)
		if deadlineMs != 0 {
			db.expires++
			db.note(p, deadlineMs)
		}
		db.event(EventNew, "new", key)
		return
	}
	c := object.Cell{A: db.A, Slot: p.Slot()}
	db.beforeChange(p, c)
	db.freeValue(c)
	c.SetKind(object.String, enc)
	c.Set(value)
	v.renew(c)
	if deadlineMs != KeepDeadline {
		db.setDeadline(p, c, deadlineMs)
	}
}

// KeepDeadline tells SetString to keep the expiry of the key.
const KeepDeadline = -1 << 63

// Delete removes a key and tells whether it was there.
func (v *View) Delete(key []byte) bool {
	h := v.hash(key)
	db := v.db(h)
	p := v.lookup(db, h, key)
	if !p.Ok() {
		return false
	}
	db.remove(p, object.Cell{A: db.A, Slot: p.Slot()})
	return true
}

// SetDeadline gives a key that exists an absolute expiry in ms, 0 removes it.
func (v *View) SetDeadline(key []byte, ms int64) {
	h := v.hash(key)
	db := v.db(h)
	p := db.Table.Find(h, key)
	if !p.Ok() {
		return
	}
	c := object.Cell{A: db.A, Slot: p.Slot()}
	db.beforeChange(p, c)
	db.setDeadline(p, c, ms)
}

// NoteFieldDeadline tells the expiry cycle that a field of the hash, or a member of the set, at key expires at ms. Who
// gives a member of a set a deadline and does not say so leaves it visible for ever.
func (v *View) NoteFieldDeadline(key []byte, ms int64) {
	h := v.hash(key)
	db := v.db(h)
	if p := db.Table.Find(h, key); p.Ok() {
		db.noteField(p, ms)
	}
}

func (db *DB) setDeadline(p dash.Pos, c object.Cell, ms int64) {
	_, had := c.Deadline()
	c.SetDeadline(ms)
	if ms != 0 {
		db.note(p, ms)
	}
	switch {
	case had && ms == 0:
		db.expires--
	case !had && ms != 0:
		db.expires++
	}
}

// remove takes an entry out of the table and frees it, a big value later and in pieces.
func (db *DB) remove(p dash.Pos, c object.Cell) {
	db.sh.discard(db.take(p, c))
}

// Changed reports that a key was changed, added or removed: watching clients, the change counter and keyspace
// events follow from it. An empty event is not published.
func (v *View) Changed(key []byte, class Class, event string) {
	db := v.db(v.hash(key))
	db.trip(v.Client, key)
	db.sh.dirty.Add(1)
	if event != "" {
		db.event(class, event, key)
	}
}

// Event publishes a further keyspace event of a change that was reported by Changed.
func (v *View) Event(key []byte, class Class, event string) {
	if v.st.notify != nil {
		v.st.notify(v.Index, class, event, key)
	}
}

func (db *DB) event(class Class, event string, key []byte) {
	if n := db.sh.st.notify; n != nil {
		n(db.index, class, event, key)
	}
}

// FindAs is Find for a key that must be of type t, if it is there.
func (v *View) FindAs(key []byte, t object.Type) (object.Cell, bool) {
	c := v.Find(key)
	return c, !c.Ok() || c.Type() == t
}

// EditAs is Edit for a key that must be of type t, if it is there.
func (v *View) EditAs(key []byte, t object.Type) (object.Cell, bool) {
	c := v.Edit(key)
	return c, !c.Ok() || c.Type() == t
}
