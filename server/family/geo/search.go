package geo

import (
	"cmp"
	"slices"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/zset"
)

func georadius(c *command.Ctx)         { runSearch(c, searchForm{source: 1, first: 6}) }
func georadiusRO(c *command.Ctx)       { runSearch(c, searchForm{source: 1, first: 6, noStore: true}) }
func georadiusbymember(c *command.Ctx) { runSearch(c, searchForm{source: 1, first: 5, byMember: true}) }
func georadiusbymemberRO(c *command.Ctx) {
	runSearch(c, searchForm{source: 1, first: 5, byMember: true, noStore: true})
}
func geosearch(c *command.Ctx) { runSearch(c, searchForm{source: 1, first: 2, options: true}) }
func geosearchstore(c *command.Ctx) {
	runSearch(c, searchForm{source: 2, first: 3, options: true, store: true})
}

func runSearch(c *command.Ctx, form searchForm) {
	cell, ok := find(c, c.Args[form.source])
	if !ok {
		return
	}
	q, err := parseSearch(c.Args, form, cell)
	if err != nil {
		c.Fail(err)
		return
	}
	var hits hits
	if cell.Ok() {
		hits.collect(cell, &q)
		hits.order(&q)
	}
	if q.target != nil {
		event := "georadiusstore"
		if form.options {
			event = "geosearchstore"
		}
		hits.store(c, &q, event)
		return
	}
	hits.reply(c, &q)
}

// hit is a member in the shape.
type hit struct {
	from, to int // its bytes in hits.names
	score    float64
	position position
	metres   float64
}

// hits are the members in the shape. Their names are copied: those of small
// sets may be made up of integers as they are read.
type hits struct {
	list  []hit
	names []byte
}

func (h *hits) name(i int) []byte { return h.names[h.list[i].from:h.list[i].to] }

// collect looks for members in the cells of a query. A cell that equals the
// one looked at before is left out: where cells are large, neighbours meet on
// the other side of the earth.
func (h *hits) collect(cell object.Cell, q *query) {
	limit := 0
	if q.any {
		limit = int(q.count)
	}
	last := gridCell{}
	for _, g := range q.cells() {
		if g == (gridCell{}) || g == last {
			continue
		}
		if limit > 0 && len(h.list) >= limit {
			return
		}
		h.collectCell(cell, q, g, limit)
		last = g
	}
}

func (h *hits) collectCell(cell object.Cell, q *query, g gridCell, limit int) {
	lo, hi := g.scores()
	from, to := zset.RanksByScore(cell, &zset.ScoreRange{Min: lo, Max: hi, MaxEx: true})
	if from == to {
		return
	}
	it := zset.IterAt(cell, from, false)
	for range to - from {
		m, score, _ := it.Next()
		p := positionOf(score)
		metres, ok := q.distanceTo(p)
		if !ok {
			continue
		}
		h.list = append(h.list, hit{len(h.names), len(h.names) + len(m), score, p, metres})
		h.names = append(h.names, m...)
		if limit > 0 && len(h.list) >= limit {
			return
		}
	}
}

// order sorts the hits as asked for and cuts them to the count.
func (h *hits) order(q *query) {
	switch q.sort {
	case ascending:
		slices.SortStableFunc(h.list, func(x, y hit) int { return cmp.Compare(x.metres, y.metres) })
	case descending:
		slices.SortStableFunc(h.list, func(x, y hit) int { return cmp.Compare(y.metres, x.metres) })
	}
	if q.count > 0 && int64(len(h.list)) > q.count {
		h.list = h.list[:q.count]
	}
}

func (h *hits) reply(c *command.Ctx, q *query) {
	more := 0
	for _, with := range []bool{q.withDist, q.withHash, q.withCoord} {
		if with {
			more++
		}
	}
	c.Reply.Array(len(h.list))
	for i := range h.list {
		e := &h.list[i]
		if more > 0 {
			c.Reply.Array(1 + more)
		}
		c.Reply.Bulk(h.name(i))
		if q.withDist {
			replyDistance(c, e.metres/q.unit)
		}
		if q.withHash {
			c.Reply.Int(int64(e.score))
		}
		if q.withCoord {
			replyPosition(c, e.position)
		}
	}
}

// store makes the target a sorted set of the hits, whatever it was, or deletes
// it if there are none.
func (h *hits) store(c *command.Ctx, q *query, event string) {
	st, n := c.DB.Store(), len(h.list)
	if n > 0 {
		b := zset.NewBuilder(st.Shard(st.ShardOf(q.target)).A)
		for i := range h.list {
			score := h.list[i].score
			if q.storeDist {
				score = h.list[i].metres / q.unit
			}
			b.Add(h.name(i), score)
		}
		b.Finish(c.DB.Replace(q.target, object.Zset, object.Listpack, 0), c.DB.Limits())
		c.DB.Changed(q.target, store.EventZset, event)
	} else if c.DB.Delete(q.target) {
		c.DB.Changed(q.target, store.EventGeneric, "del")
	}
	c.Reply.Int(int64(n))
}
