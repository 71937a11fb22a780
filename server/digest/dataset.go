package digest

import (
	"crypto/sha1"
	"maps"
	"slices"

	"dragonfly/store"
	"dragonfly/store/object"
)

// DataSet collects the digests of keys and has the digest of the data set that consists of them. The zero DataSet has
// none.
type DataSet struct {
	dbs map[int]Digest // the sum of the keys of every database that has some
}

// Add takes in a key of a database.
func (s *DataSet) Add(db int, c object.Cell) {
	d := Key(c)
	sum := s.dbs[db]
	sum.xor(sha1.Sum(d[:]))
	s.set(db, sum)
}

func (s *DataSet) set(db int, sum Digest) {
	if s.dbs == nil {
		s.dbs = map[int]Digest{}
	}
	s.dbs[db] = sum
}

// Merge takes in the keys of another part of the data set.
func (s *DataSet) Merge(part *DataSet) {
	for db, d := range part.dbs {
		sum := s.dbs[db]
		sum.xor(d)
		s.set(db, sum)
	}
}

// Digest returns the digest of the data set.
func (s *DataSet) Digest() (d Digest) {
	for _, db := range slices.Sorted(maps.Keys(s.dbs)) {
		d.mixInt(db)
		d.xor(s.dbs[db])
	}
	return d
}

// Of returns the digest of a store, keys that have expired but are still there included. All shards are locked.
func Of(st *store.Store) Digest {
	var s DataSet
	for db := range st.NumDBs() {
		v := st.View(db, 0)
		for n := range st.NumShards() {
			v.Each(st.Shard(n), func(c object.Cell) bool {
				s.Add(db, c)
				return true
			})
		}
	}
	return s.Digest()
}
