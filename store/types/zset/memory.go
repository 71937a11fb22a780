package zset

import (
	"encoding/binary"

	"dragonfly/store/arena"
	"dragonfly/store/object"
)

// Free frees what the value has outside its entry.
func Free(c object.Cell) {
	cursor := uint64(0)
	for !FreeStep(c, &cursor, 1<<20) {
	}
}

// FreeStep is Free in pieces of about n elements. cursor starts at 0. It tells
// whether all is done; until then the value must not be used otherwise.
func FreeStep(c object.Cell, cursor *uint64, n int) (done bool) {
	if c.Encoding() == object.Listpack || rootOf(c) == arena.Nil {
		return true
	}
	b := openBig(c)
	if !b.table.FreeStep(cursor, n, c.A.Free) {
		return false
	}
	// The nodes of the tree are few.
	if !b.tree.FreeStep(16*n, nil) {
		return false
	}
	c.A.Free(rootOf(c))
	binary.LittleEndian.PutUint32(c.View(), 0)
	return true
}

// MemUsage looks at all members of up to fewMembers, and at sampled of more.
const fewMembers, sampled = 1024, 256

// MemUsage returns the bytes of memory outside the entry; that of many members is estimated.
func MemUsage(c object.Cell) int {
	if c.Encoding() == object.Listpack {
		return 0
	}
	b := openBig(c)
	n, members := b.tree.Len(), 0
	if n <= fewMembers {
		for cur := b.tree.First(); cur.Ok(); cur.Next() {
			members += c.A.Size(refOf(cur.Item()))
		}
	} else {
		for i := range sampled {
			cur := b.tree.At(i * n / sampled)
			members += c.A.Size(refOf(cur.Item()))
		}
		members = members * n / sampled
	}
	return c.A.Size(rootOf(c)) + b.tree.Bytes() + b.table.Bytes() + members
}

// Copy makes dst, an entry of any content in this or another arena, a copy of
// src.
func Copy(dst, src object.Cell) {
	if src.Encoding() == object.Listpack {
		dst.SetKind(object.Zset, object.Listpack)
		copy(dst.Resize(src.Len()), src.View())
		return
	}
	from := openBig(src)
	r := newRoot(dst.A)
	b := openRoot(dst.A, r)
	for cur := from.tree.First(); cur.Ok(); cur.Next() {
		m := refOf(cur.Item())
		b.push(*scoreOf(src.A, m), textOf(src.A, m))
	}
	setRoot(dst, r)
}
