// Package digest computes the fingerprints that DEBUG DIGEST and DEBUG DIGEST-VALUE answer, the same as those of Redis
// 7.4 for the same data. What has no order is added, what has one is mixed:
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
//
// Two things Redis does not know. A member of a set that has a deadline is added as a field of a hash is: the own digest
// of mix(member), add("!!hexpire!!"). A value that is kept as it was read, such as a module's, is mixed as a string is.
//
// Since keys are added, the keys of a data set may come in any order and from many places: see DataSet.
package digest

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// Digest is a fingerprint. The zero Digest is that of no data, and of a key that does not exist.
type Digest [sha1.Size]byte

// String returns the digest in hexadecimal, as commands answer it.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Key returns the digest of a key with its value.
func Key(c object.Cell) Digest {
	var d Digest
	d.mix(c.Key())
	d.value(c)
	return d
}

// Value returns the digest of a value: what DEBUG DIGEST-VALUE answers.
func Value(c object.Cell) Digest {
	var d Digest
	d.value(c)
	return d
}

func (d *Digest) add(b []byte) { d.xor(sha1.Sum(b)) }

func (d *Digest) xor(x Digest) {
	for i := range d {
		d[i] ^= x[i]
	}
}

func (d *Digest) mix(b []byte) {
	d.add(b)
	*d = sha1.Sum(d[:])
}

func (d *Digest) mixInt(n int) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n))
	d.mix(b[:])
}

// value takes in a value and whether it expires.
func (d *Digest) value(c object.Cell) {
	d.mixInt(int(c.Type()))
	switch c.Type() {
	case object.List:
		d.list(c)
	case object.Set:
		d.set(c)
	case object.Zset:
		d.zset(c)
	case object.Hash:
		d.hash(c)
	case object.Stream:
		d.stream(c)
	default:
		d.mix(c.View())
	}
	if _, ok := c.Deadline(); ok {
		d.add([]byte("!!expire!!"))
	}
}

func (d *Digest) list(c object.Cell) {
	var buf []byte
	it := list.From(c, 0)
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		buf = e.Append(buf[:0])
		d.mix(buf)
	}
}

func (d *Digest) set(c object.Cell) {
	it := set.NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		if it.Deadline == 0 {
			d.add(m)
			continue
		}
		var e Digest
		e.mix(m)
		e.add([]byte("!!hexpire!!"))
		d.add(e[:])
	}
}

func (d *Digest) zset(c object.Cell) {
	var buf []byte
	it := zset.IterAt(c, 0, false)
	for m, score, ok := it.Next(); ok; m, score, ok = it.Next() {
		var e Digest
		e.mix(m)
		buf = number.AppendFpconv(buf[:0], score)
		e.mix(buf)
		d.add(e[:])
	}
}

func (d *Digest) hash(c object.Cell) {
	it := hash.NewIter(c, 0)
	for field, value, ok := it.Next(); ok; field, value, ok = it.Next() {
		var e Digest
		e.mix(field)
		e.mix(value)
		if it.Deadline != 0 {
			e.add([]byte("!!hexpire!!"))
		}
		d.add(e[:])
	}
}

func (d *Digest) stream(c object.Cell) {
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
