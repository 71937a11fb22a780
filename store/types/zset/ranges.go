package zset

import (
	"bytes"

	"dragonfly/store/arena"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/btree"
	"dragonfly/store/types/listpack"
)

// ScoreRange is a range of scores. Neither bound is NaN.
type ScoreRange struct {
	Min, Max     float64
	MinEx, MaxEx bool // the bound itself is not in the range
}

// reached tells whether a score is not below the range.
func (r *ScoreRange) reached(score float64) bool {
	return score > r.Min || score == r.Min && !r.MinEx
}

// passed tells whether a score is above the range.
func (r *ScoreRange) passed(score float64) bool {
	return score > r.Max || score == r.Max && r.MaxEx
}

// LexBound is one end of a range of members.
type LexBound struct {
	Text []byte
	Inf  int8 // -1 below and 1 above every text, which is not used then
	Ex   bool // the bound itself is not in the range
}

// LexRange is a range of members of a sorted set whose scores are all equal.
// With other scores the result is as good as the order of its members.
type LexRange struct{ Min, Max LexBound }

func (r *LexRange) reached(member []byte) bool {
	c := r.Min.compare(member)
	return c > 0 || c == 0 && !r.Min.Ex
}

func (r *LexRange) passed(member []byte) bool {
	c := r.Max.compare(member)
	return c > 0 || c == 0 && r.Max.Ex
}

// compare returns how a member compares with the bound.
func (b *LexBound) compare(member []byte) int {
	if b.Inf != 0 {
		return -int(b.Inf)
	}
	return bytes.Compare(member, b.Text)
}

// RanksByScore returns the ranks from ≤ rank < to of the elements in a range.
func RanksByScore(c object.Cell, r *ScoreRange) (from, to int) {
	if c.Encoding() == object.Listpack {
		return ranksPacked(c.View(), func(lp []byte, _, sp int) (reached, passed bool) {
			s := scoreAt(lp, sp)
			return r.reached(s), r.passed(s)
		})
	}
	// Scores are whole in the order, so that excluding a bound is adding 1.
	lo, hi := orderOf(r.Min), orderOf(r.Max)
	if r.MinEx {
		lo++
	}
	if !r.MaxEx {
		hi++
	}
	if lo >= hi {
		return 0, 0
	}
	b := openBig(c)
	from, _ = b.tree.Rank(btree.Key{Hi: lo})
	to, _ = b.tree.Rank(btree.Key{Hi: hi})
	return from, to
}

// RanksByLex returns the ranks from ≤ rank < to of the members in a range.
func RanksByLex(c object.Cell, r *LexRange) (from, to int) {
	if c.Encoding() == object.Listpack {
		return ranksPacked(c.View(), func(lp []byte, p, _ int) (reached, passed bool) {
			var buf [number.MaxIntLen]byte
			m := listpack.GetText(lp, p, &buf)
			return r.reached(m), r.passed(m)
		})
	}
	b := openBig(c)
	from = b.tree.RankFunc(func(item []byte) bool { return !r.reached(itemText(c.A, item)) })
	to = b.tree.RankFunc(func(item []byte) bool { return !r.passed(itemText(c.A, item)) })
	return from, max(from, to)
}

// ranksPacked walks up to the end of a range.
func ranksPacked(lp []byte, look func(lp []byte, p, sp int) (reached, passed bool)) (from, to int) {
	rank, inside := 0, false
	for p := listpack.First(lp); p >= 0; rank++ {
		sp := listpack.Next(lp, p)
		reached, passed := look(lp, p, sp)
		if !inside && reached {
			from, inside = rank, true
		}
		if inside && passed {
			return from, rank
		}
		p = listpack.Next(lp, sp)
	}
	if !inside {
		return rank, rank
	}
	return from, rank
}

// Iter walks over elements. It is good until the sorted set changes. A walk
// over a huge one may be taken up again, if it has not changed, by rank.
type Iter struct {
	a   *arena.Arena
	cur btree.Cursor
	lp  []byte
	p   int // offset of the next member, -1 = none
	rev bool
	buf [number.MaxIntLen]byte
}

// IterAt begins a walk at a rank, upwards, or downwards if rev.
func IterAt(c object.Cell, rank int, rev bool) Iter {
	if c.Encoding() == object.Listpack {
		it := Iter{lp: c.View(), p: -1, rev: rev}
		if rank >= 0 {
			it.p = listpack.Seek(it.lp, 2*rank)
		}
		return it
	}
	b := openBig(c)
	return Iter{a: c.A, cur: b.tree.At(rank), rev: rev}
}

// Next returns the next element and moves on. The member is a view that is
// good until the sorted set changes or Next is called again.
func (it *Iter) Next() (member []byte, score float64, ok bool) {
	if it.a == nil {
		return it.nextPacked()
	}
	if !it.cur.Ok() {
		return nil, 0, false
	}
	r := refOf(it.cur.Item())
	if it.rev {
		it.cur.Prev()
	} else {
		it.cur.Next()
	}
	return textOf(it.a, r), *scoreOf(it.a, r), true
}

func (it *Iter) nextPacked() (member []byte, score float64, ok bool) {
	if it.p < 0 {
		return nil, 0, false
	}
	sp := listpack.Next(it.lp, it.p)
	member, score = listpack.GetText(it.lp, it.p, &it.buf), scoreAt(it.lp, sp)
	if !it.rev {
		it.p = listpack.Next(it.lp, sp)
	} else if it.p = listpack.Prev(it.lp, it.p); it.p >= 0 {
		it.p = listpack.Prev(it.lp, it.p)
	}
	return member, score, true
}

// Scan calls fn for some elements from a cursor on, which starts at 0, and
// returns the next one, 0 at the end: see dash.Table.Scan for what is
// guaranteed. A listpack is walked as a whole.
func Scan(c object.Cell, cursor uint64, fn func(member []byte, score float64)) uint64 {
	if c.Encoding() == object.Listpack {
		it := IterAt(c, 0, false)
		for m, s, ok := it.Next(); ok; m, s, ok = it.Next() {
			fn(m, s)
		}
		return 0
	}
	b := openBig(c)
	return b.table.Scan(cursor, func(slot *arena.Ref) { fn(textOf(c.A, *slot), *scoreOf(c.A, *slot)) })
}
