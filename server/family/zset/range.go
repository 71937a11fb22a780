package zset

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/zset"
)

// rangeArgs are the parsed arguments of ZRANGE, its older forms, and
// ZRANGESTORE.
type rangeArgs struct {
	rangeSpec
	rev           bool
	withScores    bool
	offset, limit int64 // limit -1: all
}

// rangeForm says what the name of a command settles.
type rangeForm struct {
	kind  rangeKind
	rev   bool
	auto  bool // kind and direction are options
	store bool
}

// parseRange parses min, max and options.
func parseRange(args [][]byte, form rangeForm) (a rangeArgs, err error) {
	a.kind, a.rev, a.limit = form.kind, form.rev, -1
	picked := false // BYSCORE or BYLEX was given
	for i := 2; i < len(args); i++ {
		switch opt := args[i]; {
		case command.Is(opt, "withscores") && !form.store:
			a.withScores = true
		case command.Is(opt, "limit") && i+2 < len(args):
			if a.offset, err = command.Int(args[i+1]); err != nil {
				return a, err
			}
			if a.limit, err = command.Int(args[i+2]); err != nil {
				return a, err
			}
			i += 2
		case command.Is(opt, "rev") && form.auto && !a.rev:
			a.rev = true
		case command.Is(opt, "bylex") && form.auto && !picked:
			a.kind, picked = byLex, true
		case command.Is(opt, "byscore") && form.auto && !picked:
			a.kind, picked = byScore, true
		default:
			return a, resperr.Syntax
		}
	}
	if a.limit != -1 && a.kind == byRank {
		return a, resperr.ZrangeLimit
	}
	if a.withScores && a.kind == byLex {
		return a, resperr.ZrangeLexScores
	}
	lo, hi := args[0], args[1]
	if a.rev && a.kind != byRank {
		lo, hi = hi, lo
	}
	return a, a.parse(lo, hi)
}

// slice returns the first rank to show and how many.
func (a *rangeArgs) slice(cell object.Cell) (first, n int) {
	from, to := a.ranks(cell)
	n = to - from
	if a.kind == byRank {
		if a.rev {
			return zset.Len(cell) - 1 - from, n
		}
		return from, n
	}
	if a.offset < 0 || a.offset >= int64(n) {
		return 0, 0
	}
	skip := int(a.offset)
	n -= skip
	if a.limit >= 0 {
		n = int(min(int64(n), a.limit))
	}
	if a.rev {
		return to - 1 - skip, n
	}
	return from + skip, n
}

func zrange(c *command.Ctx) { runRange(c, rangeForm{auto: true}) }

func zrevrange(c *command.Ctx) { runRange(c, rangeForm{rev: true}) }

func zrangebyscore(c *command.Ctx) { runRange(c, rangeForm{kind: byScore}) }

func zrevrangebyscore(c *command.Ctx) { runRange(c, rangeForm{kind: byScore, rev: true}) }

func zrangebylex(c *command.Ctx) { runRange(c, rangeForm{kind: byLex}) }

func zrevrangebylex(c *command.Ctx) { runRange(c, rangeForm{kind: byLex, rev: true}) }

func runRange(c *command.Ctx, form rangeForm) {
	a, err := parseRange(c.Args[2:], form)
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	if !cell.Ok() {
		c.Reply.Array(0)
		return
	}
	first, n := a.slice(cell)
	if c.Long(n) {
		return
	}
	pairs := beginPairs(c, n, a.withScores)
	pairs.addRun(cell, first, n, a.rev)
}

// pairs is a reply of members, with or without their scores: flat in RESP2,
// nested in RESP3.
type pairs struct {
	c          *command.Ctx
	withScores bool
	nested     bool
}

func beginPairs(c *command.Ctx, n int, withScores bool) pairs {
	p := pairs{c, withScores, withScores && c.Reply.RESP3()}
	if withScores && !p.nested {
		n *= 2
	}
	c.Reply.Array(n)
	return p
}

func (p *pairs) add(member []byte, score float64) {
	if p.nested {
		p.c.Reply.Array(2)
	}
	p.c.Breathe()
	p.c.Reply.Bulk(member)
	if p.withScores {
		p.c.Reply.Double(score)
	}
}

// addRun adds n elements from a rank on, upwards, or downwards if rev.
func (p *pairs) addRun(cell object.Cell, first, n int, rev bool) {
	it := zset.IterAt(cell, first, rev)
	for range n {
		m, score, _ := it.Next()
		p.add(m, score)
	}
}

func zrangestore(c *command.Ctx) {
	a, err := parseRange(c.Args[3:], rangeForm{auto: true, store: true})
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[2])
	if !ok {
		return
	}
	first, n := 0, 0
	if cell.Ok() {
		first, n = a.slice(cell)
	}
	if c.Long(n) {
		return
	}
	b := zset.NewBuilder(arenaOf(&c.DB, c.Args[1]))
	if cell.Ok() {
		it := zset.IterAt(cell, first, a.rev)
		for range n {
			m, score, _ := it.Next()
			b.Add(m, score)
			c.Breathe()
		}
	}
	c.Reply.Int(int64(storeResult(&c.DB, c.Args[1], b, "zrangestore")))
}

// storeResult makes a key the sorted set that was built, whatever it was, or
// deletes it if that is empty. It returns the number of members.
func storeResult(v *store.View, key []byte, b *zset.Builder, event string) int {
	n := b.Len()
	if n > 0 {
		b.Finish(v.Replace(key, object.Zset, object.Listpack, 0), v.Limits())
		v.Changed(key, store.EventZset, event)
	} else if v.Delete(key) {
		v.Changed(key, store.EventGeneric, "del")
	}
	return n
}
