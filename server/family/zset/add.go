package zset

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/zset"
)

// addArgs are the parsed arguments of ZADD and ZINCRBY.
type addArgs struct {
	flags zset.Flags
	ch    bool
	pairs [][]byte // score, member, …
}

func parseAdd(args [][]byte, flags zset.Flags) (a addArgs, err error) {
	a.flags = flags
	rest := args[2:]
options:
	for ; len(rest) > 0; rest = rest[1:] {
		switch opt := rest[0]; {
		case command.Is(opt, "nx"):
			a.flags |= zset.NX
		case command.Is(opt, "xx"):
			a.flags |= zset.XX
		case command.Is(opt, "gt"):
			a.flags |= zset.GT
		case command.Is(opt, "lt"):
			a.flags |= zset.LT
		case command.Is(opt, "ch"):
			a.ch = true
		case command.Is(opt, "incr"):
			a.flags |= zset.Incr
		default:
			break options
		}
	}
	a.pairs = rest
	return a, a.check()
}

func (a *addArgs) check() error {
	has := func(f zset.Flags) bool { return a.flags&f == f }
	switch {
	case len(a.pairs) == 0 || len(a.pairs)%2 != 0:
		return resperr.Syntax
	case has(zset.NX | zset.XX):
		return resperr.ZaddXXWithNX
	case has(zset.GT | zset.NX), has(zset.LT | zset.NX), has(zset.GT | zset.LT):
		return resperr.ZaddGTLTNX
	case has(zset.Incr) && len(a.pairs) > 2:
		return resperr.ZaddIncrSingle
	}
	return nil
}

// scores appends the scores of all pairs: nothing is added if one is wrong.
func (a *addArgs) scores(dst []float64) ([]float64, error) {
	for i := 0; i < len(a.pairs); i += 2 {
		f, ok := number.ParseFloat(a.pairs[i])
		if !ok {
			return nil, resperr.NotFloat
		}
		dst = append(dst, f)
	}
	return dst, nil
}

func zadd(c *command.Ctx) { add(c, 0) }

func zincrby(c *command.Ctx) { add(c, zset.Incr) }

func add(c *command.Ctx, flags zset.Flags) {
	a, err := parseAdd(c.Args, flags)
	if err != nil {
		c.Fail(err)
		return
	}
	var buf [32]float64
	scores, err := a.scores(buf[:0])
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.Zset)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case cell.Ok():
		zset.Expect(cell, c.DB.Limits(), len(scores))
	case a.flags&zset.XX != 0:
		a.reply(c, addResult{last: zset.Refused})
		return
	default:
		cell = create(&c.DB, key, len(scores), len(a.pairs[1]))
	}
	r := a.apply(cell, c.DB.Limits(), scores)
	if r.added+r.updated > 0 {
		event := "zadd"
		if a.flags&zset.Incr != 0 {
			event = "zincr"
		}
		c.DB.Changed(key, store.EventZset, event)
	}
	a.reply(c, r)
}

// create adds an empty sorted set that is about to get so many members, the
// first of firstLen bytes.
func create(v *store.View, key []byte, members, firstLen int) object.Cell {
	cell := v.Add(key, object.Attrs{Type: object.Zset, Encoding: object.Listpack}, 0)
	zset.Init(cell, v.Limits(), members, firstLen)
	return cell
}

// addResult is what a ZADD did.
type addResult struct {
	added, updated int
	last           zset.Outcome // of the last pair, or the first that was no number
	score          float64      // of the last pair
}

func (a *addArgs) apply(cell object.Cell, lim *object.Limits, scores []float64) (r addResult) {
	for i, score := range scores {
		r.score, r.last = zset.Add(cell, lim, score, a.pairs[2*i+1], a.flags)
		switch r.last {
		case zset.Added:
			r.added++
		case zset.Updated:
			r.updated++
		case zset.NaN:
			return r
		}
	}
	return r
}

func (a *addArgs) reply(c *command.Ctx, r addResult) {
	switch {
	case r.last == zset.NaN:
		c.Fail(resperr.ScoreNaN)
	case a.flags&zset.Incr == 0 && a.ch:
		c.Reply.Int(int64(r.added + r.updated))
	case a.flags&zset.Incr == 0:
		c.Reply.Int(int64(r.added))
	case r.last == zset.Refused:
		c.Reply.Null()
	default:
		c.Reply.Double(r.score)
	}
}
