package zset

import (
	"math"
	"math/rand/v2"
	"slices"

	"dragonfly/server/command"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/zset"
)

// maxRepeats is how many members ZRANDMEMBER draws with repetition.
const maxRepeats = 1 << 27

func zrandmember(c *command.Ctx) {
	if len(c.Args) > 2 {
		randomMembers(c)
		return
	}
	cell, ok := find(c, c.Args[1])
	switch {
	case !ok:
	case !cell.Ok():
		c.Reply.Null()
	default:
		one := pairs{c: c}
		one.addRank(cell, rand.IntN(zset.Len(cell)))
	}
}

// addRank adds the element of a rank that exists.
func (p *pairs) addRank(cell object.Cell, rank int) {
	it := zset.IterAt(cell, rank, false)
	m, score, _ := it.Next()
	p.add(m, score)
}

func randomMembers(c *command.Ctx) {
	count, withScores, err := parseRandom(c.Args[2:])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := find(c, c.Args[1])
	switch {
	case !ok:
	case !cell.Ok() || count == 0:
		c.Reply.Array(0)
	case count < -maxRepeats:
		c.Fail(resperr.ValueRange)
	case count < 0:
		pairs := beginPairs(c, int(-count), withScores)
		for n := zset.Len(cell); count < 0; count++ {
			pairs.addRank(cell, rand.IntN(n))
		}
	case count >= int64(zset.Len(cell)):
		// Redis answers all of them from the highest down.
		n := zset.Len(cell)
		pairs := beginPairs(c, n, withScores)
		pairs.addRun(cell, n-1, n, true)
	default:
		pairs := beginPairs(c, int(count), withScores)
		sample(cell, int(count), &pairs)
	}
}

func parseRandom(args [][]byte) (count int64, withScores bool, err error) {
	if count, err = command.Int(args[0]); err != nil {
		return 0, false, err
	}
	switch {
	case count == math.MinInt64:
		return 0, false, resperr.RangeOutOfBounds
	case len(args) == 1:
		return count, false, nil
	case len(args) > 2 || !command.Is(args[1], "withscores"):
		return 0, false, resperr.Syntax
	case count < -math.MaxInt64/2 || count > math.MaxInt64/2:
		return 0, false, resperr.ValueRange
	}
	return count, true, nil
}

// sample answers n different members, all choices being equally likely.
func sample(cell object.Cell, n int, pairs *pairs) {
	left := zset.Len(cell)
	if cell.Encoding() == object.Skiplist && n < left/3 {
		for _, rank := range differentRanks(n, left) {
			pairs.addRank(cell, rank)
		}
		return
	}
	// Walk over all and take each with the probability that n of those left
	// are still wanted.
	it := zset.IterAt(cell, 0, false)
	for ; n > 0; left-- {
		m, score, _ := it.Next()
		if rand.IntN(left) < n {
			pairs.add(m, score)
			n--
		}
	}
}

// differentRanks draws n ranks below limit, n well below limit, in order.
func differentRanks(n, limit int) []int {
	ranks := make([]int, 0, n)
	for len(ranks) < n {
		for range n - len(ranks) {
			ranks = append(ranks, rand.IntN(limit))
		}
		slices.Sort(ranks)
		ranks = slices.Compact(ranks)
	}
	return ranks
}
