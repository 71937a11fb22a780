package list

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/list"
)

// answer replies an element.
func answer(c *command.Ctx, e list.Elem) {
	if e.IsInt {
		c.Reply.BulkInt(e.Int)
	} else {
		c.Reply.Bulk(e.Text)
	}
}

// answerAll replies the next n elements.
func answerAll(c *command.Ctx, it *list.Iter, n int) {
	for range n {
		e, _ := it.Next()
		answer(c, e)
		c.Breathe()
	}
}

func llen(c *command.Ctx) {
	cell, ok := c.DB.FindAs(c.Args[1], object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case !cell.Ok():
		c.Reply.Int(0)
	default:
		c.Reply.Int(int64(list.Len(cell)))
	}
}

func lindex(c *command.Ctx) {
	cell, ok := c.DB.FindAs(c.Args[1], object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case !cell.Ok():
		c.Reply.Null()
		return
	}
	index, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	if e, ok := list.Index(cell, int(index)); ok {
		answer(c, e)
	} else {
		c.Reply.Null()
	}
}

// parseRange parses the bounds of a range, both included.
func parseRange(c *command.Ctx) (start, stop int, err error) {
	a, err := command.Int(c.Args[2])
	if err != nil {
		return 0, 0, err
	}
	b, err := command.Int(c.Args[3])
	return int(a), int(b), err
}

// clamp turns a range in a list of so many elements into its first index and length. Negative bounds count from
// the tail.
func clamp(start, stop, size int) (first, count int) {
	if start < 0 {
		start = max(start+size, 0)
	}
	if stop < 0 {
		stop += size
	}
	stop = min(stop, size-1)
	if start > stop {
		return 0, 0
	}
	return start, stop - start + 1
}

func lrange(c *command.Ctx) {
	start, stop, err := parseRange(c)
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := c.DB.FindAs(c.Args[1], object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case !cell.Ok():
		c.Reply.Array(0)
		return
	}
	first, count := clamp(start, stop, list.Len(cell))
	if c.Long(count) {
		return
	}
	c.Reply.Array(count)
	it := list.From(cell, first)
	answerAll(c, &it, count)
}

// posOptions are those of LPOS.
type posOptions struct {
	rank   int64 // of the first match wanted; negative from the tail
	count  int64 // matches wanted, 0 = all
	list   bool  // COUNT was given: the reply is an array
	maxLen int64 // elements to compare, 0 = all
}

func (o *posOptions) parse(args [][]byte) (err error) {
	o.rank, o.count = 1, 1
	for i := 0; i < len(args); i += 2 {
		if i+1 == len(args) {
			return resperr.Syntax
		}
		value := args[i+1]
		switch {
		case command.Is(args[i], "rank"):
			o.rank, err = parseCount(value)
			if err == nil && o.rank == 0 {
				err = resperr.ListRankZero
			}
		case command.Is(args[i], "count"):
			o.list = true
			o.count, err = command.IntFrom(value, 0, resperr.CountNegative)
		case command.Is(args[i], "maxlen"):
			o.maxLen, err = command.IntFrom(value, 0, resperr.MaxLenNegative)
		default:
			return resperr.Syntax
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parseCount parses an integer that has a negative.
func parseCount(arg []byte) (int64, error) {
	n, err := command.Int(arg)
	if n == math.MinInt64 {
		err = resperr.RangeOutOfBounds
	}
	return n, err
}

func lpos(c *command.Ctx) {
	var o posOptions
	if err := o.parse(c.Args[3:]); err != nil {
		c.Fail(err)
		return
	}
	cell, ok := c.DB.FindAs(c.Args[1], object.List)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case !cell.Ok() && o.list:
		c.Reply.Array(0)
	case !cell.Ok():
		c.Reply.Null()
	default:
		o.reply(c, cell)
	}
}

// reply walks over the list and replies the indexes of the matches.
func (o *posOptions) reply(c *command.Ctx, cell object.Cell) {
	size := list.Len(cell)
	it, rank := list.From(cell, 0), o.rank
	if rank < 0 {
		it, rank = list.BackwardFrom(cell, size-1), -rank
	}
	match := list.NewMatcher(c.Args[2])
	at, found := c.Reply.Defer(), 0
	for i := 0; o.maxLen == 0 || int64(i) < o.maxLen; i++ {
		e, ok := it.Next()
		if !ok {
			break
		}
		if !match.Match(e) {
			continue
		}
		if rank--; rank > 0 {
			continue
		}
		index := i
		if o.rank < 0 {
			index = size - 1 - i
		}
		c.Reply.Int(int64(index))
		if found++; int64(found) == o.count {
			break
		}
	}
	switch {
	case o.list:
		c.Reply.CloseArray(at, found)
	case found == 0:
		c.Reply.Null()
	}
}
