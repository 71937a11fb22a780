package zset

import (
	"dragonfly/server/command"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/zset"
)

// find looks a key up for reading. It answers an error, and ok is false, if
// the key is not a sorted set; the zero Cell is a missing key.
func find(c *command.Ctx, key []byte) (cell object.Cell, ok bool) {
	cell, ok = c.DB.FindAs(key, object.Zset)
	if !ok {
		c.Fail(resperr.WrongType)
	}
	return cell, ok
}

func zcard(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	n := 0
	if cell.Ok() {
		n = zset.Len(cell)
	}
	c.Reply.Int(int64(n))
}

func zscore(c *command.Ctx) {
	if cell, ok := find(c, c.Args[1]); ok {
		replyScore(c, cell, c.Args[2])
	}
}

func zmscore(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		replyScore(c, cell, m)
	}
}

func replyScore(c *command.Ctx, cell object.Cell, member []byte) {
	if cell.Ok() {
		if score, ok := zset.Score(cell, member); ok {
			c.Reply.Double(score)
			return
		}
	}
	c.Reply.Null()
}

func zrank(c *command.Ctx) { rank(c, false) }

func zrevrank(c *command.Ctx) { rank(c, true) }

func rank(c *command.Ctx, rev bool) {
	if len(c.Args) > 4 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	withScore := len(c.Args) == 4
	if withScore && !command.Is(c.Args[3], "withscore") {
		c.Fail(resperr.Syntax)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	r, score, found := 0, 0.0, false
	if cell.Ok() {
		r, score, found = zset.Rank(cell, c.Args[2])
	}
	if found && rev {
		r = zset.Len(cell) - 1 - r
	}
	switch {
	case !found && withScore:
		c.Reply.NullArray()
	case !found:
		c.Reply.Null()
	case withScore:
		c.Reply.Array(2)
		c.Reply.Int(int64(r))
		c.Reply.Double(score)
	default:
		c.Reply.Int(int64(r))
	}
}

func zcount(c *command.Ctx) { count(c, byScore) }

func zlexcount(c *command.Ctx) { count(c, byLex) }

func count(c *command.Ctx, kind rangeKind) {
	r := rangeSpec{kind: kind}
	if err := r.parse(c.Args[2], c.Args[3]); err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	from, to := 0, 0
	if cell.Ok() {
		from, to = r.ranks(cell)
	}
	c.Reply.Int(int64(to - from))
}

// zscan shows scores of a big set with 17 digits, as Redis does here alone.
func zscan(c *command.Ctx) {
	cursor, err := command.ScanCursor(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	if !cell.Ok() {
		c.Reply.CloseScan(c.Reply.Defer(), 0, 0)
		return
	}
	o, err := command.ParseScan(c.Args[3:], command.ScanOthers)
	if err != nil {
		c.Fail(err)
		return
	}
	scan(c, cell, cursor, &o)
}

func scan(c *command.Ctx, cell object.Cell, cursor uint64, o *command.ScanOptions) {
	appendScore := number.AppendScore
	if cell.Encoding() == object.Skiplist {
		appendScore = number.AppendG17
	}
	mark := c.Reply.Defer()
	n, passed := 0, 0
	for cells := 0; ; cells++ {
		cursor = zset.Scan(cell, cursor, func(member []byte, score float64) {
			passed++
			if !o.Match(member) {
				return
			}
			var buf [number.MaxScoreLen]byte
			c.Reply.Bulk(member)
			c.Reply.Bulk(appendScore(buf[:0], score))
			n += 2
		})
		if cursor == 0 || passed >= o.Count || cells/10 >= o.Count {
			break
		}
	}
	c.Reply.CloseScan(mark, cursor, n)
}
