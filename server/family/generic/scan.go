package generic

import (
	"bytes"
	"math/rand/v2"

	"dragonfly/server/command"
	"dragonfly/server/glob"
	"dragonfly/store"
	"dragonfly/store/object"
)

func keys(c *command.Ctx) {
	pattern := c.Args[1]
	all := string(pattern) == "*"
	total := 0
	c.Tx.VisitAll(func(sh *store.Shard) { total += sh.Len(c.DB.Index) })
	if c.Long(total) {
		return
	}
	mark, n := c.Reply.Defer(), 0
	c.Tx.VisitAll(func(sh *store.Shard) {
		if c.KeysLimit > 0 && n >= c.KeysLimit {
			return
		}
		c.DB.Each(sh, func(cell object.Cell) bool {
			c.Breathe()
			if key := cell.Key(); (all || glob.Match(pattern, key)) && !c.DB.Expired(cell) {
				c.Reply.Bulk(key)
				n++
			}
			return c.KeysLimit == 0 || n < c.KeysLimit
		})
	})
	c.Reply.CloseArray(mark, n)
}

// A cursor of SCAN is the number of a shard and the cursor of its table:
//
//	| 63…53 zero | 52…37 shard | 36…0 cell |
//
// so it is below 2^53 and passes through clients that keep it as a double. Shards are scanned one after the other;
// within a shard the guarantee is that of package dash.
const (
	cellBits    = 37
	cellsPerKey = 10 // how many cells SCAN looks at for each key it was asked for, at most
)

func scan(c *command.Ctx) {
	cursor, err := command.ScanCursor(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	opt, err := command.ParseScan(c.Args[2:], command.ScanKeys)
	if err != nil {
		c.Fail(err)
		return
	}
	mark, n := c.Reply.Defer(), 0
	next := walk(c, cursor, opt.Count, func(cell object.Cell) {
		if wanted(&opt, cell) {
			c.Reply.Bulk(cell.Key())
			n++
		}
	})
	c.Reply.CloseScan(mark, next, n)
}

// wanted tells whether a key is one of those that the options of SCAN ask for.
func wanted(opt *command.ScanOptions, cell object.Cell) bool {
	if opt.Volatile != command.AnyExpiry {
		if _, volatile := cell.Deadline(); volatile != (opt.Volatile == command.WithExpiry) {
			return false
		}
	}
	return (opt.Type == nil || command.Is(opt.Type, typeName(cell))) && opt.Match(cell.Key()) &&
		(opt.MinSize <= 0 || int64(store.MemUsage(cell)) >= opt.MinSize)
}

// rm is SCAN that deletes the keys it finds, and answers how many these are.
func rm(c *command.Ctx) {
	cursor, err := command.ScanCursor(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	opt, err := command.ParseScan(c.Args[2:], command.ScanKeys)
	if err != nil {
		c.Fail(err)
		return
	}
	removed := 0
	var found [][]byte
	next := walkCells(c, cursor, opt.Count, func(key object.Cell) {
		if wanted(&opt, key) {
			found = append(found, bytes.Clone(key.Key()))
		}
	}, func() { // before the shard is given up
		for _, key := range found {
			if c.DB.Delete(key) {
				c.DB.Changed(key, store.EventGeneric, "del")
				removed++
			}
		}
		found = found[:0]
	})
	c.Reply.Array(2)
	c.Reply.BulkInt(int64(next))
	c.Reply.Int(int64(removed))
}

// walk calls fn for the keys from a cursor on until it has seen count of them, filtered out or not, or enough
// cells. It returns where to go on, 0 at the end.
func walk(c *command.Ctx, cursor uint64, count int, fn func(key object.Cell)) (next uint64) {
	return walkCells(c, cursor, count, fn, func() {})
}

// walkCells is walk that calls after behind each cell of a table, when keys may be removed.
func walkCells(c *command.Ctx, cursor uint64, count int, fn func(key object.Cell), after func()) (next uint64) {
	seen, cells := 0, 0
	shards := uint64(c.DB.Store().NumShards())
	shard, cell := cursor>>cellBits, cursor&(1<<cellBits-1)
	more := func() bool { return seen < count && cells/cellsPerKey < count }
	for shard < shards && more() {
		c.Tx.Visit(int(shard), func(sh *store.Shard) {
			if sh.Len(c.DB.Index) == 0 {
				shard, cell = shard+1, 0 // costs nothing, so it is not counted
				return
			}
			for more() {
				cell = c.DB.Scan(sh, cell, func(key object.Cell) {
					seen++
					fn(key)
				})
				cells++
				after()
				if cell == 0 {
					shard++
					return
				}
			}
		})
	}
	if shard >= shards {
		return 0
	}
	return shard<<cellBits | cell
}

// randomTries is how often RANDOMKEY looks for a key that has not expired before it answers that there is none.
const randomTries = 100

func randomkey(c *command.Ctx) {
	for range randomTries {
		shard := randomShard(c)
		if shard < 0 {
			break
		}
		found := false
		c.Tx.Visit(shard, func(sh *store.Shard) {
			cell := c.DB.Random(sh)
			if found = cell.Ok(); found {
				c.Reply.Bulk(cell.Key())
			}
		})
		if found {
			return
		}
		// All keys of the shard had expired and are removed now, or others have emptied it; or a snapshot still needs what
		// has expired.
	}
	c.Reply.Null()
}

// randomShard returns a shard, chosen in proportion to its keys in the database, or -1 if there are none.
func randomShard(c *command.Ctx) int {
	// Each shard takes the place of the choice so far with the probability that its keys have among all so far:
	// one pass, and no list.
	chosen, total := -1, 0
	c.Tx.VisitAll(func(sh *store.Shard) {
		n := sh.Len(c.DB.Index)
		total += n
		if n > 0 && rand.IntN(total) < n {
			chosen = sh.ID()
		}
	})
	return chosen
}
