package zset

import (
	"cmp"
	"slices"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/arena"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/set"
	"dragonfly/store/types/zset"
)

// operation is what several sorted sets are combined by.
type operation uint8

const (
	union operation = iota
	inter
	diff
)

// combineForm says what the name of a command settles.
type combineForm struct {
	op    operation
	store bool // into the key at argument 1
	card  bool // only the number of members is asked for
}

// combineArgs are the parsed arguments of ZUNION and its kin.
type combineArgs struct {
	keys       [][]byte
	weights    [][]byte // nil: all 1
	aggregate  func(target, score float64) float64
	withScores bool
	limit      int64 // of ZINTERCARD, 0 = none
}

// source is one input: a sorted set, a set, whose members count as having
// score 1, or a missing key.
type source struct {
	c      *command.Ctx
	cell   object.Cell
	weight float64
	size   int
}

func sum(target, score float64) float64 {
	if target += score; target == target {
		return target
	}
	return 0 // inf - inf
}

func minimum(target, score float64) float64 {
	if score < target {
		return score
	}
	return target
}

func maximum(target, score float64) float64 {
	if score > target {
		return score
	}
	return target
}

// parseCombineKeys parses the number of keys and the keys; rest are the options.
func parseCombineKeys(cmd string, args [][]byte) (keys, rest [][]byte, err error) {
	n, err := command.Int(args[0])
	switch {
	case err != nil:
		return nil, nil, err
	case n < 1:
		return nil, nil, resperr.NoInputKeys(cmd)
	case n > int64(len(args)-1):
		return nil, nil, resperr.Syntax
	}
	return args[1 : 1+n], args[1+n:], nil
}

// parseOptions parses what follows the keys. Redis does so after it has
// looked at the types of the keys.
func (a *combineArgs) parseOptions(args [][]byte, form combineForm) (err error) {
	a.aggregate = sum
	scored := form.op != diff && !form.card
	for len(args) > 0 {
		opt := args[0]
		args = args[1:]
		switch {
		case scored && command.Is(opt, "weights") && len(args) >= len(a.keys):
			a.weights, args = args[:len(a.keys)], args[len(a.keys):]
			for _, w := range a.weights {
				if _, ok := number.ParseFloat(w); !ok {
					return resperr.WeightNotFloat
				}
			}
		case scored && command.Is(opt, "aggregate") && len(args) > 0:
			switch how := args[0]; {
			case command.Is(how, "sum"):
				a.aggregate = sum
			case command.Is(how, "min"):
				a.aggregate = minimum
			case command.Is(how, "max"):
				a.aggregate = maximum
			default:
				return resperr.Syntax
			}
			args = args[1:]
		case command.Is(opt, "withscores") && !form.store && !form.card:
			a.withScores = true
		case form.card && command.Is(opt, "limit") && len(args) > 0:
			if a.limit, err = command.IntFrom(args[0], 0, resperr.LimitNegative); err != nil {
				return err
			}
			args = args[1:]
		default:
			return resperr.Syntax
		}
	}
	return nil
}

// openSources checks the types of all keys. To look a key up may remove it,
// if it has expired, which makes other cells stale: so cells are taken in a
// second round.
func openSources(c *command.Ctx, keys [][]byte) ([]source, error) {
	for _, key := range keys {
		cell := c.DB.Find(key)
		if cell.Ok() && cell.Type() != object.Zset && cell.Type() != object.Set {
			return nil, resperr.WrongType
		}
	}
	sources := make([]source, len(keys))
	total := 0
	for i, key := range keys {
		s := source{c: c, cell: c.DB.Peek(key), weight: 1}
		switch {
		case !s.cell.Ok():
		case s.cell.Type() == object.Zset:
			s.size = zset.Len(s.cell)
		default:
			s.size = set.Len(s.cell)
		}
		sources[i] = s
		total += s.size
	}
	c.Long(total)
	return sources, nil
}

// find returns the score of a member, without the weight.
func (s *source) find(member []byte) (score float64, ok bool) {
	switch {
	case s.size == 0:
		return 0, false
	case s.cell.Type() == object.Zset:
		return zset.Score(s.cell, member)
	}
	return 1, set.Contains(s.cell, member)
}

// each calls fn for every member until it returns false.
func (s *source) each(fn func(member []byte, score float64) bool) {
	if s.size == 0 {
		return
	}
	if s.cell.Type() == object.Zset {
		it := zset.IterAt(s.cell, 0, false)
		for m, score, ok := it.Next(); ok && fn(m, score); m, score, ok = it.Next() {
			s.c.Breathe()
		}
		return
	}
	it := set.NewIter(s.cell)
	for m, ok := it.Next(); ok && fn(m, 1); m, ok = it.Next() {
		s.c.Breathe()
	}
}

// weighted returns the score of a first occurrence.
func (s *source) weighted(score float64) float64 {
	if score *= s.weight; score == score {
		return score
	}
	return 0 // inf * 0
}

func zunion(c *command.Ctx)      { combine(c, combineForm{op: union}) }
func zinter(c *command.Ctx)      { combine(c, combineForm{op: inter}) }
func zdiff(c *command.Ctx)       { combine(c, combineForm{op: diff}) }
func zunionstore(c *command.Ctx) { combine(c, combineForm{op: union, store: true}) }
func zinterstore(c *command.Ctx) { combine(c, combineForm{op: inter, store: true}) }
func zdiffstore(c *command.Ctx)  { combine(c, combineForm{op: diff, store: true}) }
func zintercard(c *command.Ctx)  { combine(c, combineForm{op: inter, card: true}) }

func combine(c *command.Ctx, form combineForm) {
	args := c.Args[1:]
	if form.store {
		args = c.Args[2:]
	}
	var a combineArgs
	keys, rest, err := parseCombineKeys(c.Cmd.Name, args)
	if err != nil {
		c.Fail(err)
		return
	}
	a.keys = keys
	sources, err := openSources(c, keys)
	if err == nil {
		err = a.parseOptions(rest, form)
	}
	if err != nil {
		c.Fail(err)
		return
	}
	if c.Relocated {
		return
	}
	for i := range a.weights {
		sources[i].weight, _ = number.ParseFloat(a.weights[i])
	}
	if form.op != diff {
		slices.SortStableFunc(sources, func(x, y source) int { return cmp.Compare(x.size, y.size) })
	}
	switch {
	case form.card:
		c.Reply.Int(intersectionSize(sources, a.limit))
	case form.store:
		b := zset.NewBuilder(arenaOf(&c.DB, c.Args[1]))
		a.build(b, sources, form.op)
		c.Reply.Int(int64(storeResult(&c.DB, c.Args[1], b, c.Cmd.Name)))
	default:
		a.show(c, sources, form.op)
	}
}

// arenaOf returns the arena in which the value of a key lives.
func arenaOf(v *store.View, key []byte) *arena.Arena {
	st := v.Store()
	return st.Shard(st.ShardOf(key)).A
}

// show answers the result. It is built, for the order, beside one of the
// inputs, whose shard is locked.
func (a *combineArgs) show(c *command.Ctx, sources []source, op operation) {
	b := zset.NewBuilder(arenaOf(&c.DB, a.keys[0]))
	a.build(b, sources, op)
	b.Sort()
	pairs := beginPairs(c, b.Len(), a.withScores)
	for i := range b.Len() {
		m, score := b.At(i)
		pairs.add(m, score)
	}
	b.Discard()
}

func (a *combineArgs) build(b *zset.Builder, sources []source, op operation) {
	switch op {
	case union:
		a.union(b, sources)
	case inter:
		a.inter(b, sources)
	default:
		subtract(b, sources)
	}
}

func (a *combineArgs) union(b *zset.Builder, sources []source) {
	for i := range sources {
		s := &sources[i]
		s.each(func(m []byte, score float64) bool {
			score = s.weighted(score)
			if p := b.Find(m); p != nil {
				*p = a.aggregate(*p, score)
			} else {
				b.Add(m, score)
			}
			return true
		})
	}
}

// inter goes through the smallest source, which is the first.
func (a *combineArgs) inter(b *zset.Builder, sources []source) {
	first, others := &sources[0], sources[1:]
	first.each(func(m []byte, score float64) bool {
		total := first.weighted(score)
		for i := range others {
			v, ok := others[i].find(m)
			if !ok {
				return true
			}
			total = a.aggregate(total, v*others[i].weight)
		}
		b.Add(m, total)
		return true
	})
}

func subtract(b *zset.Builder, sources []source) {
	first, others := &sources[0], sources[1:]
	first.each(func(m []byte, score float64) bool {
		for i := range others {
			if _, ok := others[i].find(m); ok {
				return true
			}
		}
		b.Add(m, score)
		return true
	})
}

// intersectionSize counts up to a limit; 0 is none.
func intersectionSize(sources []source, limit int64) (n int64) {
	first, others := &sources[0], sources[1:]
	first.each(func(m []byte, _ float64) bool {
		for i := range others {
			if _, ok := others[i].find(m); !ok {
				return true
			}
		}
		n++
		return n != limit
	})
	return n
}
