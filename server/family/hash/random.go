package hash

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hash"
)

// maxRepeats bounds how many fields HRANDFIELD returns when it may repeat them.
const maxRepeats = 1 << 24

func hrandfield(c *command.Ctx) {
	if len(c.Args) == 2 {
		hrandfieldOne(c)
		return
	}
	count, withValues, err := parseHrandfield(c.Args[2:])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	cell = withoutExpired(c, cell)
	if !cell.Ok() || count == 0 {
		c.Reply.Array(0)
		return
	}
	n := int(min(count, int64(hash.Len(cell))))
	if count < 0 {
		n = int(-count)
	}
	if withValues && !c.Reply.RESP3() {
		c.Reply.Array(2 * n)
	} else {
		c.Reply.Array(n)
	}
	answer := func(field, value []byte) {
		if withValues && c.Reply.RESP3() {
			c.Reply.Array(2)
		}
		c.Reply.Bulk(field)
		if withValues {
			c.Reply.Bulk(value)
		}
	}
	if count > 0 {
		hash.Sample(cell, n, answer)
		return
	}
	var fieldText, valueText hash.Scratch
	for range n {
		answer(hash.Random(cell, &fieldText, &valueText))
	}
}

func hrandfieldOne(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	cell = withoutExpired(c, cell)
	if !cell.Ok() {
		c.Reply.Null()
		return
	}
	var fieldText, valueText hash.Scratch
	field, _ := hash.Random(cell, &fieldText, &valueText)
	c.Reply.Bulk(field)
}

// parseHrandfield parses count [WITHVALUES].
func parseHrandfield(args [][]byte) (count int64, withValues bool, err error) {
	count, ok := number.ParseInt(args[0])
	switch {
	case !ok:
		return 0, false, resperr.NotInteger
	case count == math.MinInt64:
		return 0, false, resperr.RangeOutOfBounds
	case len(args) > 2 || len(args) == 2 && !command.Is(args[1], "withvalues"):
		return 0, false, resperr.Syntax
	case len(args) == 2 && (count < -math.MaxInt64/2 || count > math.MaxInt64/2) || count < -maxRepeats:
		return 0, false, resperr.ValueRange
	}
	return count, len(args) == 2, nil
}

// withoutExpired returns the hash at c.Args[1] after its expired fields were removed, so that chance meets no others.
func withoutExpired(c *command.Ctx, cell object.Cell) object.Cell {
	now := c.DB.NowMs
	if !cell.Ok() || !cell.HasFieldTTL() || hash.Expired(cell, now) == 0 || c.DB.Store().NoExpire.Load() {
		return cell
	}
	key := c.Args[1]
	cell = c.DB.Edit(key)
	removed := 0
	hash.ExpireFields(cell, now, math.MaxInt, func([]byte) { removed++ })
	if c.DB.FieldsExpired(key, cell, removed) {
		return object.Cell{}
	}
	return cell
}
