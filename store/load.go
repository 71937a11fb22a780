package store

import (
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// Insert adds a key that was read from a file: no event, no change counted. The shard of the key is locked. It
// returns false if the key is there already.
func (s *Store) Insert(db int, key []byte, at object.Attrs, valLen int) (object.Cell, bool) {
	h := dash.Hash(key)
	d := s.shards[s.ShardOfHash(h)].dbs[db]
	if d.Table.Find(h, key).Ok() {
		return object.Cell{}, false
	}
	p := d.Table.Insert(h, object.New(d.A, key, valLen, at))
	if at.DeadlineMs != 0 {
		d.expires++
		d.note(p, at.DeadlineMs)
	}
	return object.Cell{A: d.A, Slot: p.Slot()}, true
}
