package set

import (
	"slices"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/set"
)

// cells returns the sets at the keys, the zero Cell for a missing one. If a key holds something else it answers so
// and returns false, as it does if they are too big to be dealt with here.
func cells(c *command.Ctx, keys [][]byte) (list []object.Cell, ok bool) {
	for _, key := range keys {
		if _, ok := find(c, key); !ok {
			return nil, false
		}
	}
	// Only now, as finding may remove an expired key, which moves what other cells refer to.
	list = make([]object.Cell, len(keys))
	total := 0
	for i, key := range keys {
		list[i] = c.DB.Peek(key)
		total += size(list[i])
	}
	return list, !c.Long(total)
}

// size returns the number of members of a set that may be missing.
func size(cell object.Cell) int {
	if !cell.Ok() {
		return 0
	}
	return set.Len(cell)
}

// newResult returns an empty set that is in no table, in the memory of the shard of a key.
func newResult(c *command.Ctx, key []byte) object.Cell {
	st := c.DB.Store()
	a := st.Shard(st.ShardOf(key)).A
	r := object.New(a, nil, 0, object.Attrs{Type: object.Set, Encoding: object.Intset})
	cell := object.Cell{A: a, Slot: &r}
	set.InitEmpty(cell)
	return cell
}

// discard frees a result.
func discard(result object.Cell) {
	set.Free(result)
	result.A.Free(*result.Slot)
}

// storeResult makes a result the value of a key and answers its size. An empty one deletes the key.
func storeResult(c *command.Ctx, key []byte, result object.Cell, event string) {
	n := set.Len(result)
	c.Reply.Int(int64(n))
	if n == 0 {
		discard(result)
		if c.DB.Delete(key) {
			c.DB.Changed(key, store.EventGeneric, "del")
		}
		return
	}
	// What the result has outside its entry is in the right arena already and changes its owner.
	value := result.View()
	cell := c.DB.Replace(key, object.Set, result.Encoding(), len(value))
	copy(cell.View(), value)
	result.A.Free(*result.Slot)
	c.DB.Changed(key, store.EventSet, event)
}

func sinter(c *command.Ctx) {
	list, ok := cells(c, c.Args[1:])
	if !ok {
		return
	}
	mark, n := c.Reply.Defer(), 0
	intersect(c, list, func(m []byte) bool {
		c.Reply.Bulk(m)
		n++
		return true
	})
	c.Reply.CloseSet(mark, n)
}

func sintercard(c *command.Ctx) {
	numKeys, err := command.IntFrom(c.Args[1], 1, resperr.NumKeysZero)
	if err != nil {
		c.Fail(err)
		return
	}
	if numKeys > int64(len(c.Args)-2) {
		c.Fail(resperr.NumKeysMany)
		return
	}
	keys, limit := c.Args[2:2+numKeys], int64(0)
	for opts := c.Args[2+numKeys:]; len(opts) > 0; opts = opts[2:] {
		if len(opts) < 2 || !command.Is(opts[0], "limit") {
			c.Fail(resperr.Syntax)
			return
		}
		if limit, err = command.IntFrom(opts[1], 0, resperr.LimitNegative); err != nil {
			c.Fail(err)
			return
		}
	}
	list, ok := cells(c, keys)
	if !ok {
		return
	}
	n := int64(0)
	intersect(c, list, func([]byte) bool {
		n++
		return n != limit
	})
	c.Reply.Int(n)
}

func sinterstore(c *command.Ctx) {
	key := c.Args[1]
	list, ok := cells(c, c.Args[2:])
	if !ok {
		return
	}
	result := newResult(c, key)
	lim := c.DB.Limits()
	if smallest := slices.MinFunc(list, bySize); smallest.Ok() && smallest.Encoding() != object.Intset {
		set.InitListpack(result)
	}
	ints := true
	intersect(c, list, func(m []byte) bool {
		if ints {
			_, ints = number.ParseInt(m)
		}
		set.Add(result, m, lim)
		return true
	})
	if ints && set.Len(result) > 0 {
		set.ToIntset(result, lim)
	}
	storeResult(c, key, result, "sinterstore")
}

func bySize(a, b object.Cell) int { return size(a) - size(b) }

// intersect calls fn for the members that all sets have, in the order of the smallest set, until it returns false. It
// sorts the list.
func intersect(c *command.Ctx, list []object.Cell, fn func(m []byte) bool) {
	slices.SortStableFunc(list, bySize)
	smallest := list[0]
	if !smallest.Ok() {
		return
	}
	it := set.NewIter(smallest)
next:
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		c.Breathe()
		for _, other := range list[1:] {
			if other.Slot != smallest.Slot && !set.Contains(other, m) {
				continue next
			}
		}
		if !fn(m) {
			return
		}
	}
}

func sunion(c *command.Ctx) { combine(c, c.Args[1:], union) }
func sdiff(c *command.Ctx)  { combine(c, c.Args[1:], diff) }

func sunionstore(c *command.Ctx) { combineStore(c, union, "sunionstore") }
func sdiffstore(c *command.Ctx)  { combineStore(c, diff, "sdiffstore") }

// operation computes a set of several ones into an empty result.
type operation func(c *command.Ctx, result object.Cell, list []object.Cell)

// combine answers with the result of an operation.
func combine(c *command.Ctx, keys [][]byte, op operation) {
	list, ok := cells(c, keys)
	if !ok {
		return
	}
	result := newResult(c, keys[0])
	op(c, result, list)
	answer(c, result)
	discard(result)
}

// combineStore stores the result of an operation.
func combineStore(c *command.Ctx, op operation, event string) {
	list, ok := cells(c, c.Args[2:])
	if !ok {
		return
	}
	result := newResult(c, c.Args[1])
	op(c, result, list)
	storeResult(c, c.Args[1], result, event)
}

// union adds the members of all sets. The order of a small result is that in which they are added.
func union(c *command.Ctx, result object.Cell, list []object.Cell) {
	for _, cell := range list {
		addAll(c, result, cell)
	}
}

// addAll adds the members of a set, which may be missing.
func addAll(c *command.Ctx, result, cell object.Cell) {
	if !cell.Ok() {
		return
	}
	lim := c.DB.Limits()
	it := set.NewIter(cell)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		c.Breathe()
		set.Add(result, m, lim)
	}
}

// diff adds the members of the first set that are in none of the others. Like Redis it either looks each up in
// the others or removes those of the others one by one, whichever promises less work: the encoding of the result
// tells which.
func diff(c *command.Ctx, result object.Cell, list []object.Cell) {
	first, others := list[0], list[1:]
	if !first.Ok() {
		return
	}
	lookups, removals := 0, 0
	for _, cell := range list {
		if cell.Ok() {
			lookups += size(first)
			removals += size(cell)
		}
	}
	for _, cell := range others {
		if cell.Slot == first.Slot {
			return
		}
	}
	if lookups/2 <= removals {
		diffByLookup(c, result, first, others)
	} else {
		diffByRemoval(c, result, first, others)
	}
}

func diffByLookup(c *command.Ctx, result, first object.Cell, others []object.Cell) {
	// The biggest first: most likely it has the member.
	slices.SortStableFunc(others, func(a, b object.Cell) int { return size(b) - size(a) })
	lim := c.DB.Limits()
	it := set.NewIter(first)
next:
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		c.Breathe()
		for _, other := range others {
			if other.Ok() && set.Contains(other, m) {
				continue next
			}
		}
		set.Add(result, m, lim)
	}
}

func diffByRemoval(c *command.Ctx, result, first object.Cell, others []object.Cell) {
	addAll(c, result, first)
	for _, other := range others {
		if !other.Ok() {
			continue
		}
		it := set.NewIter(other)
		for m, ok := it.Next(); ok && set.Len(result) > 0; m, ok = it.Next() {
			c.Breathe()
			set.Remove(result, m)
		}
	}
}
