package geo

import (
	"strconv"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/zset"
)

// parsePosition parses a longitude and a latitude.
func parsePosition(lon, lat []byte) (p position, err error) {
	var ok1, ok2 bool
	p.lon, ok1 = number.ParseFloat(lon)
	p.lat, ok2 = number.ParseFloat(lat)
	switch {
	case !ok1 || !ok2:
		return p, resperr.NotFloat
	case !p.valid():
		return p, resperr.GeoPosition(sixDecimals(p.lon), sixDecimals(p.lat))
	}
	return p, nil
}

func sixDecimals(f float64) string {
	if f-f != 0 {
		return string(number.AppendScore(nil, f)) // inf, -inf
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// addArgs are the parsed arguments of GEOADD.
type addArgs struct {
	flags   zset.Flags
	ch      bool
	triples [][]byte // longitude, latitude, member, …
}

func parseAdd(args [][]byte) (a addArgs, err error) {
	rest := args[2:]
options:
	for ; len(rest) > 0; rest = rest[1:] {
		switch opt := rest[0]; {
		case command.Is(opt, "nx"):
			a.flags |= zset.NX
		case command.Is(opt, "xx"):
			a.flags |= zset.XX
		case command.Is(opt, "ch"):
			a.ch = true
		default:
			break options
		}
	}
	a.triples = rest
	if len(rest) == 0 || len(rest)%3 != 0 || a.flags == zset.NX|zset.XX {
		return a, resperr.Syntax
	}
	return a, nil
}

func geoadd(c *command.Ctx) {
	a, err := parseAdd(c.Args)
	if err != nil {
		c.Fail(err)
		return
	}
	var buf [16]float64
	scores := buf[:0]
	for i := 0; i < len(a.triples); i += 3 {
		p, err := parsePosition(a.triples[i], a.triples[i+1])
		if err != nil {
			c.Fail(err)
			return
		}
		scores = append(scores, scoreOf(p))
	}
	key, lim := c.Args[1], c.DB.Limits()
	cell, ok := c.DB.EditAs(key, object.Zset)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
		return
	case cell.Ok():
		zset.Expect(cell, lim, len(scores))
	case a.flags&zset.XX != 0:
		c.Reply.Int(0)
		return
	default:
		cell = c.DB.Add(key, object.Attrs{Type: object.Zset, Encoding: object.Listpack}, 0)
		zset.Init(cell, lim, len(scores), len(a.triples[2]))
	}
	added, updated := 0, 0
	for i, score := range scores {
		switch _, out := zset.Add(cell, lim, score, a.triples[3*i+2], a.flags); out {
		case zset.Added:
			added++
		case zset.Updated:
			updated++
		}
	}
	if added+updated > 0 {
		c.DB.Changed(key, store.EventZset, "zadd")
	}
	if a.ch {
		added += updated
	}
	c.Reply.Int(int64(added))
}
