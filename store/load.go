package store

import (
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

// Insert adds a key that was read from a file: no event, no change counted. The shard of the key is locked. isNew is false
// if the key is there already: then it is replaced, or if it must not be the Cell is the zero one.
func (s *Store) Insert(db int, key []byte, at object.Attrs, valLen int, replace bool) (c object.Cell, isNew bool) {
	h := dash.Hash(key)
	d := s.shards[s.ShardOfHash(h)].dbs[db]
	isNew = true
	if p := d.Table.Find(h, key); p.Ok() {
		if !replace {
			return object.Cell{}, false
		}
		d.remove(p, object.Cell{A: d.A, Slot: p.Slot()})
		isNew = false
	}
	p := d.Table.Insert(h, object.New(d.A, key, valLen, at))
	if at.DeadlineMs != 0 {
		d.expires++
		d.note(p, at.DeadlineMs)
	}
	return object.Cell{A: d.A, Slot: p.Slot()}, isNew
}
