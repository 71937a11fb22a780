// Package btree is a B+ tree of fixed-size items in the arena, with subtree
// counts: order, search by key and search by rank in one structure. Sorted
// sets use it for their order, streams for their nodes and pending entries.
//
// # Terminology
//
//   - item: ItemSize bytes, kept in leaves only. The first eight are its Hi, a
//     u64 in the machine's order of bytes that decides the order of items.
//   - tie-break: what decides between items of equal Hi. Without Shape.Tail it
//     is Lo, the second u64 of the item; with it, the bytes that Tail returns
//     for the item, in memcmp order.
//   - key: what one searches with: Hi and Lo or Text. No two items of a tree
//     have equal keys.
//   - rank: number of items before, from 0.
//   - level: 0 are the leaves; the root is at level depth.
//
// # Layout
//
//	Root:  | node Ref | count u32 | depth u8 | pad |
//	Leaf:  | n u16 | pad u16 | prev Ref | next Ref | pad u32 | item × n | spare |
//	Inner: | n u16 | pad (8) | (key of the first item, count u32, child Ref) × n | spare |
//
// Nodes are blocks of nodeBytes; the leaf of a tree that has only one is just
// as large as it needs to be. Inner nodes keep the first KeySize bytes of the
// first item below each child, exactly and at all times: an item that was
// deleted is referred to nowhere, so what it refers to may be freed.
//
// # Filling
//
// A full leaf first moves items to a neighbour under the same parent. Failing
// that it splits: in the middle, or, when the new item is the first or last
// of the whole tree, beside it: ascending and descending inserts leave full
// leaves. A node less than a third full is merged with or topped up from a
// neighbour, except a node that is the only child of its parent, which occurs
// at the two edges of the tree.
//
// # Use
//
//	var pendingShape = btree.NewShape(24, 16, nil) // id (ms, seq), payload
//
//	t := btree.Tree{Root: root, A: a, Shape: &pendingShape}
//	t.Insert(btree.Key{Hi: ms, Lo: seq}, item[:])   // false: there is one already
//	t.Find(key)                                     // the item in place, nil if none; payload may be changed
//	t.Delete(key)
//	for c := t.SeekGE(key); c.Ok(); c.Next() { … c.Item() … }
//	rank, found := t.Rank(key)
//	c := t.At(rank)
//	t.Push(item[:])                                 // item is larger than all others: bulk load
//	t.DeleteRange(rank, n, func(item []byte) { … })
//	for !t.FreeStep(1000, nil) {}
//
// A cursor and a view of an item are good until the tree changes. The tree is
// not safe for concurrent use. It knows nothing of what items refer to.
package btree
