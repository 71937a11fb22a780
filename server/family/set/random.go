package set

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/set"
)

func spop(c *command.Ctx) {
	key := c.Args[1]
	switch {
	case len(c.Args) > 3:
		c.Fail(resperr.Syntax)
		return
	case len(c.Args) == 3:
		spopCount(c)
		return
	}
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	if !cell.Ok() {
		c.Reply.Null()
		return
	}
	popOne(c, cell)
	membersRemoved(c, key, cell, "spop")
}

// popOne removes a random member and answers with it.
func popOne(c *command.Ctx, cell object.Cell) {
	var buf [128]byte
	c.Reply.Bulk(set.Pop(cell, buf[:0]))
}

func spopCount(c *command.Ctx) {
	key := c.Args[1]
	count, err := command.IntFrom(c.Args[2], 0, resperr.NotPositive)
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	if !cell.Ok() || count == 0 {
		c.Reply.Set(0)
		return
	}
	size := set.Len(cell)
	if count >= int64(size) {
		// As in Redis the members come in the order of a union.
		result := newResult(c, key)
		union(c, result, []object.Cell{cell})
		answer(c, result)
		discard(result)
		c.DB.Delete(key)
		c.DB.Changed(key, store.EventSet, "spop")
		c.DB.Event(key, store.EventGeneric, "del")
		moreChanges(c, size)
		return
	}
	n := int(count)
	c.Reply.Set(n)
	for range n {
		popOne(c, cell)
	}
	// Where Redis takes out the few that stay, it puts them into a new set.
	if (size-n)*5 <= n {
		set.Repack(cell, c.DB.Limits())
	}
	c.DB.Changed(key, store.EventSet, "spop")
	moreChanges(c, n)
}

// maxRepeats bounds how many members SRANDMEMBER returns when it may repeat them.
const maxRepeats = 1 << 24

func srandmember(c *command.Ctx) {
	switch {
	case len(c.Args) > 3:
		c.Fail(resperr.Syntax)
		return
	case len(c.Args) == 3:
		srandmemberCount(c)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	if !cell.Ok() {
		c.Reply.Null()
		return
	}
	var scratch set.Scratch
	c.Reply.Bulk(set.Random(cell, &scratch))
}

func srandmemberCount(c *command.Ctx) {
	count, ok := number.ParseInt(c.Args[2])
	switch {
	case !ok:
		c.Fail(resperr.NotInteger)
		return
	case count == math.MinInt64:
		c.Fail(resperr.RangeOutOfBounds)
		return
	case count < -maxRepeats:
		c.Fail(resperr.ValueRange)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	if !cell.Ok() || count == 0 {
		c.Reply.Array(0)
		return
	}
	if count > 0 {
		n := int(min(count, int64(set.Len(cell))))
		c.Reply.Array(n)
		set.Sample(cell, n, c.Reply.Bulk)
		return
	}
	c.Reply.Array(int(-count))
	var scratch set.Scratch
	for range -count {
		c.Reply.Bulk(set.Random(cell, &scratch))
	}
}
