package store

import (
	"bytes"
	"math"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// freeAtOnce is how many elements of a value are freed on the spot; more are freed in the background.
const freeAtOnce = 256

// garbage is memory on its way back: an entry that is in no table any more, or a whole table.
type garbage struct {
	entry  arena.Ref
	db     *DB
	cursor uint64
	bytes  int64 // about what is still to come back
	keys   int64 // how many keys it was
}

// outside tells whether a value has memory outside its entry.
func outside(c object.Cell) bool {
	switch c.Encoding() {
	case object.Quicklist, object.Hashtable, object.Skiplist, object.StreamTree:
		return true
	}
	return false
}

// discard frees an entry that was taken out of its table.
func (sh *Shard) discard(r arena.Ref) {
	if !outside(object.Cell{A: sh.A, Slot: &r}) || sh.discardOutside(r) {
		sh.A.Free(r)
	}
}

// discardOutside frees what the value of an entry has outside it, or leaves all of it to the background: then it returns
// false.
func (sh *Shard) discardOutside(r arena.Ref) (done bool) {
	c := object.Cell{A: sh.A, Slot: &r}
	size := int64(0)
	if Elements(c) > freeAtOnce {
		size = int64(MemUsage(c))
	}
	cursor, before := uint64(0), sh.A.Used()
	if freeStep(c, &cursor, freeAtOnce) {
		return true
	}
	sh.waste(garbage{entry: r, cursor: cursor, bytes: max(0, size-(before-sh.A.Used())), keys: 1})
	return false
}

// discardDB frees a table that is no database any more. How much of the shard is its own is estimated from its keys.
func (sh *Shard) discardDB(db *DB) {
	if db.Len() == 0 {
		db.Table.Clear()
		return
	}
	n, all := int64(db.Len()), int64(db.Len())
	for _, other := range sh.dbs {
		all += int64(other.Len())
	}
	size := sh.Live()
	if n < all {
		size = int64(float64(size) * float64(n) / float64(all))
	}
	sh.waste(garbage{db: db, bytes: size, keys: n})
}

// waste leaves g to the background.
func (sh *Shard) waste(g garbage) {
	sh.garbage = append(sh.garbage, g)
	sh.wasted += g.bytes
}

// Live returns the bytes of the blocks in use but for what is being freed, which is about right while something is.
func (sh *Shard) Live() int64 { return sh.A.Used() - sh.wasted }

// Pending returns how many values and tables are still to be freed in the background.
func (sh *Shard) Pending() int { return len(sh.garbage) }

// freeValue frees what a value has outside its entry; the value bytes are overwritten next. A value too big to
// free now moves, root and all, into an entry of its own that is freed later.
func (db *DB) freeValue(c object.Cell) {
	c.SetHasFieldTTL(false)
	if !outside(c) {
		return
	}
	v := c.View()
	r := object.New(db.A, nil, len(v), object.Attrs{Type: c.Type(), Encoding: c.Encoding()})
	copy(object.Cell{A: db.A, Slot: &r}.View(), v)
	db.sh.discard(r)
}

// clean frees about n elements of garbage and tells whether there is more.
func (sh *Shard) clean(n int) (more bool) {
	for len(sh.garbage) > 0 && n > 0 {
		n -= freeAtOnce
		last := len(sh.garbage) - 1
		g := sh.garbage[last]
		before, wasted := sh.A.Used(), sh.wasted
		done := sh.cleanStep(&g) // may append to garbage
		// What came back, and what is garbage of its own now.
		back := min(g.bytes, before-sh.A.Used()+sh.wasted-wasted)
		if done {
			back = g.bytes
			sh.Stats.LazyFreed += g.keys
		}
		g.bytes -= back
		sh.wasted -= back
		sh.garbage[last] = g
		if done {
			sh.garbage[last] = sh.garbage[len(sh.garbage)-1]
			sh.garbage = sh.garbage[:len(sh.garbage)-1]
		}
	}
	return len(sh.garbage) > 0
}

// cleanStep frees about freeAtOnce elements and tells whether all is done.
func (sh *Shard) cleanStep(g *garbage) (done bool) {
	if g.db != nil {
		return g.db.Table.FreeStep(&g.cursor, freeAtOnce, sh.discard)
	}
	if !freeStep(object.Cell{A: sh.A, Slot: &g.entry}, &g.cursor, freeAtOnce) {
		return false
	}
	sh.A.Free(g.entry)
	return true
}

// freeStep frees about n elements of what a value has outside its entry and tells whether all is done.
func freeStep(c object.Cell, cursor *uint64, n int) (done bool) {
	switch c.Type() {
	case object.List:
		return list.FreeStep(c, cursor, n)
	case object.Set:
		return set.FreeStep(c, cursor, n)
	case object.Zset:
		return zset.FreeStep(c, cursor, n)
	case object.Hash:
		return hash.FreeStep(c, cursor, n)
	case object.Stream:
		return stream.FreeStep(c, cursor, n)
	}
	return true
}

// copyValue makes dst, an entry with an empty value of the same kind, a deep copy of src.
func copyValue(dst, src object.Cell) {
	switch src.Type() {
	case object.List:
		list.Copy(dst, src)
	case object.Set:
		set.Copy(dst, src)
	case object.Zset:
		zset.Copy(dst, src)
	case object.Hash:
		hash.Copy(dst, src)
	case object.Stream:
		dst.Resize(stream.ValueBytes)
		stream.Copy(dst, src)
	}
}

// MemUsage returns the bytes of memory of a key with its value.
func MemUsage(c object.Cell) int {
	n := c.Size()
	if !outside(c) {
		return n
	}
	switch c.Type() {
	case object.List:
		n += list.MemUsage(c)
	case object.Set:
		n += set.MemUsage(c)
	case object.Zset:
		n += zset.MemUsage(c)
	case object.Hash:
		n += hash.MemUsage(c)
	case object.Stream:
		n += stream.MemUsage(c)
	}
	return n
}

// Elements returns the number of elements of a collection, the length of a string.
func Elements(c object.Cell) int {
	switch c.Type() {
	case object.List:
		return list.Len(c)
	case object.Set:
		return set.Len(c)
	case object.Zset:
		return zset.Len(c)
	case object.Hash:
		return hash.Len(c)
	case object.Stream:
		return stream.Len(c)
	}
	return c.Len()
}

// minFieldDeadline returns a time before which no field of a hash, or no member of a set, expires.
func minFieldDeadline(c object.Cell) int64 {
	if c.Type() == object.Set {
		return set.MinDeadline(c)
	}
	return hash.MinDeadline(c)
}

// fieldsAtOnce is how many expired fields of a hash, or members of a set, the expiry cycle removes from it at once.
const fieldsAtOnce = 1000

// expireFields removes expired fields of a hash or members of a set, and the key if none is left. It tells whether
// there are more to remove.
func (v *View) expireFields(key []byte) (more bool) {
	h := dash.Hash(key)
	db := v.db(h)
	p := db.Table.Find(h, key)
	if !p.Ok() {
		return false
	}
	c := object.Cell{A: db.A, Slot: p.Slot()}
	if db.snap != nil && db.snap.owes(p, c) {
		return false // a big value: that can wait until the snapshot has it
	}
	db.beforeChange(p, c)
	removed := 0
	count := func([]byte) { removed++ }
	if c.Type() == object.Set {
		more = set.ExpireMembers(c, v.NowMs, fieldsAtOnce, count)
	} else {
		more = hash.ExpireFields(c, v.NowMs, fieldsAtOnce, count)
	}
	v.FieldsExpired(key, c, removed)
	return more
}

// expireMembers removes all expired members of the set at p, and the key if none is left. It returns where the entry is
// then.
func (v *View) expireMembers(db *DB, p dash.Pos, c object.Cell, key []byte) dash.Pos {
	name := bytes.Clone(key) // key may be a view into the entry
	db.beforeChange(p, c)
	removed := 0
	set.ExpireMembers(c, v.NowMs, math.MaxInt, func([]byte) { removed++ })
	if v.FieldsExpired(name, c, removed) {
		return dash.Pos{}
	}
	return p
}

// FieldsExpired tells what follows when n fields of the hash, or members of the set, at key were removed because they
// had expired: events, and the end of the key when none is left, which it reports.
func (v *View) FieldsExpired(key []byte, c object.Cell, n int) (gone bool) {
	if n == 0 {
		return false
	}
	db := v.st.shards[v.st.ShardOf(key)].dbs[v.Index]
	db.sh.Stats.ExpiredFields += int64(n)
	db.trip(0, key)
	if c.Type() == object.Set {
		db.event(EventSet, "sexpired", key)
	} else {
		db.event(EventHash, "hexpired", key)
	}
	if Elements(c) > 0 {
		v.NoteFieldDeadline(key, minFieldDeadline(c))
		return false
	}
	name := append([]byte(nil), key...)
	v.Delete(key)
	db.event(EventGeneric, "del", name)
	return true
}
