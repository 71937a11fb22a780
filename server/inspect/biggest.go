package inspect

import (
	"cmp"
	"slices"

	"dragonfly/store/object"
)

// biggest collects the keys with the largest sizes.
type biggest struct {
	limit int
	keys  []bigKey // by size, descending; of equal ones those seen first
}

// bigKey is a key with the size by which it is compared.
type bigKey struct {
	size int64
	BigKey
}

// offer takes in a key if it is one of the biggest so far.
func (b *biggest) offer(size int64, db int, c object.Cell, m measures) {
	if !b.wants(size) {
		return
	}
	b.insert(bigKey{size, BigKey{
		Key: newKey(c.Key()), DB: db, Type: typeName(c), Encoding: c.Encoding().String(),
		Bytes: m.bytes, Elements: m.elements, TTLMs: m.ttlMs,
	}})
}

func (b *biggest) wants(size int64) bool {
	return b.limit > 0 && size > 0 && (len(b.keys) < b.limit || size > b.keys[b.limit-1].size)
}

func (b *biggest) insert(k bigKey) {
	if len(b.keys) == b.limit {
		b.keys = b.keys[:b.limit-1]
	}
	at, _ := slices.BinarySearchFunc(b.keys, k.size, func(k bigKey, size int64) int {
		if k.size >= size {
			return -1
		}
		return 1
	})
	b.keys = slices.Insert(b.keys, at, k)
}

// merge takes in the keys of another collection.
func (b *biggest) merge(part *biggest) {
	for _, k := range part.keys {
		if b.wants(k.size) {
			b.insert(k)
		}
	}
}

// list returns the keys. Those of equal size are in the order of their names.
func (b *biggest) list() []BigKey {
	slices.SortStableFunc(b.keys, func(x, y bigKey) int {
		return cmp.Or(-cmp.Compare(x.size, y.size), cmp.Compare(x.DB, y.DB), cmp.Compare(x.Key.bytes, y.Key.bytes))
	})
	list := make([]BigKey, 0, len(b.keys))
	for _, k := range b.keys {
		list = append(list, k.BigKey)
	}
	return list
}
