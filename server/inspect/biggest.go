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
	if b.limit == 0 || size == 0 || len(b.keys) == b.limit && size <= b.keys[b.limit-1].size {
		return
	}
	if len(b.keys) == b.limit {
		b.keys = b.keys[:b.limit-1]
	}
	at, _ := slices.BinarySearchFunc(b.keys, size, func(k bigKey, size int64) int {
		if k.size >= size {
			return -1
		}
		return 1
	})
	b.keys = slices.Insert(b.keys, at, bigKey{size, BigKey{
		Key: newKey(c.Key()), DB: db, Type: typeName(c), Encoding: c.Encoding().String(),
		Bytes: m.bytes, Elements: m.elements, TTLMs: m.ttlMs,
	}})
}

// list returns the keys in an order that does not depend on that of the files.
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
