package geo

import (
	"dragonfly/server/command"
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

// positionIn returns the position of a member, if it is there.
func positionIn(cell object.Cell, member []byte) (p position, ok bool) {
	if !cell.Ok() {
		return p, false
	}
	score, ok := zset.Score(cell, member)
	if !ok {
		return p, false
	}
	return positionOf(score), true
}

// parseUnit returns the metres of a unit.
func parseUnit(arg []byte) (metres float64, err error) {
	switch {
	case command.Is(arg, "m"):
		return 1, nil
	case command.Is(arg, "km"):
		return 1000, nil
	case command.Is(arg, "ft"):
		return 0.3048, nil
	case command.Is(arg, "mi"):
		return 1609.34, nil
	}
	return 0, resperr.GeoUnit
}

func geodist(c *command.Ctx) {
	unit := 1.0
	switch len(c.Args) {
	case 4:
	case 5:
		var err error
		if unit, err = parseUnit(c.Args[4]); err != nil {
			c.Fail(err)
			return
		}
	default:
		c.Fail(resperr.Syntax)
		return
	}
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	p, ok1 := positionIn(cell, c.Args[2])
	q, ok2 := positionIn(cell, c.Args[3])
	if !ok1 || !ok2 {
		c.Reply.Null()
		return
	}
	replyDistance(c, distance(p, q)/unit)
}

// replyDistance answers a distance, a bulk string in both protocols.
func replyDistance(c *command.Ctx, d float64) {
	var buf [32]byte
	c.Reply.Bulk(appendDistance(buf[:0], d))
}

func replyPosition(c *command.Ctx, p position) {
	var buf [32]byte
	c.Reply.Array(2)
	c.Reply.DoubleText(appendCoordinate(buf[:0], p.lon))
	c.Reply.DoubleText(appendCoordinate(buf[:0], p.lat))
}

func geopos(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		if p, ok := positionIn(cell, m); ok {
			replyPosition(c, p)
		} else {
			c.Reply.NullArray()
		}
	}
}

func geohash(c *command.Ctx) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		if p, ok := positionIn(cell, m); ok {
			var buf [11]byte
			c.Reply.Bulk(appendGeohash(buf[:0], p))
		} else {
			c.Reply.Null()
		}
	}
}
