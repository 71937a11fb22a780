package server

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// digest is the fingerprint that DEBUG DIGEST answers, the same as that of Redis 7.4 for the same data. What has no
// order is added, what has one is mixed:
//
//	add(x): d = d xor SHA1(x)
//	mix(x): d = SHA1(d xor SHA1(x))
//
//	data set: for every database that is not empty, ascending: mix(index u32be), then for every key in any order: add(key's)
//	key:      mix(key), then its value
//	value:    mix(type u32be), then by type, then add("!!expire!!") if the key has a deadline
//	string:   mix(bytes)            list: mix(element)…          set: add(member)…
//	zset:     add(own digest of mix(member), mix(score))…
//	hash:     add(own digest of mix(field), mix(value), add("!!hexpire!!") if the field has a deadline)…
//	stream:   mix("ms.seq"), then mix(field), mix(value)… for every entry; groups are left out
type digest [sha1.Size]byte

func (d *digest) add(b []byte) {
	h := sha1.Sum(b)
	for i := range d {
		d[i] ^= h[i]
	}
}

func (d *digest) mix(b []byte) {
	d.add(b)
	*d = sha1.Sum(d[:])
}

func (d *digest) mixInt(n int) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	d.mix(b[:])
}

func (d *digest) String() string { return hex.EncodeToString(d[:]) }

// digestOf returns the fingerprint of the data set, keys that have expired but are still there included. All shards
// are locked.
func digestOf(st *store.Store) (d digest) {
	for i := range st.NumDBs() {
		keys := 0
		for n := range st.NumShards() {
			keys += st.Shard(n).Len(i)
		}
		if keys == 0 {
			continue
		}
		d.mixInt(i)
		v := st.View(i, 0)
		for n := range st.NumShards() {
			v.Each(st.Shard(n), func(c object.Cell) bool {
				var key digest
				key.mix(c.Key())
				key.value(c)
				d.add(key[:])
				return true
			})
		}
	}
	return d
}

// value takes in a value and whether it expires.
func (d *digest) value(c object.Cell) {
	d.mixInt(int(c.Type()))
	switch c.Type() {
	case object.String:
		d.mix(c.View())
	case object.List:
		d.list(c)
	case object.Set:
		it := set.NewIter(c)
		for m, ok := it.Next(); ok; m, ok = it.Next() {
			d.add(m)
		}
	case object.Zset:
		d.zset(c)
	case object.Hash:
		d.hash(c)
	case object.Stream:
		d.stream(c)
	}
	if _, ok := c.Deadline(); ok {
		d.add([]byte("!!expire!!"))
	}
}

func (d *digest) list(c object.Cell) {
	var buf []byte
	it := list.From(c, 0)
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		buf = e.Append(buf[:0])
		d.mix(buf)
	}
}

func (d *digest) zset(c object.Cell) {
	var buf []byte
	it := zset.IterAt(c, 0, false)
	for m, score, ok := it.Next(); ok; m, score, ok = it.Next() {
		var e digest
		e.mix(m)
		buf = number.AppendFpconv(buf[:0], score)
		e.mix(buf)
		d.add(e[:])
	}
}

func (d *digest) hash(c object.Cell) {
	it := hash.NewIter(c, 0)
	for field, value, ok := it.Next(); ok; field, value, ok = it.Next() {
		var e digest
		e.mix(field)
		e.mix(value)
		if it.Deadline != 0 {
			e.add([]byte("!!hexpire!!"))
		}
		d.add(e[:])
	}
}

func (d *digest) stream(c object.Cell) {
	var buf []byte
	for it := stream.Open(c).Range(stream.ID{}, stream.MaxID); it.Next(); {
		buf = appendDotted(buf[:0], it.ID)
		d.mix(buf)
		for field, value, ok := it.NextField(); ok; field, value, ok = it.NextField() {
			d.mix(field)
			d.mix(value)
		}
	}
}

// appendDotted appends an ID with a dot, as only the digest has it.
func appendDotted(dst []byte, id stream.ID) []byte {
	dst = strconv.AppendUint(dst, id.Ms, 10)
	dst = append(dst, '.')
	return strconv.AppendUint(dst, id.Seq, 10)
}
