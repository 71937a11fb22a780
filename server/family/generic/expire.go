package generic

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

func expire(c *command.Ctx)    { expireAfter(c, c.DB.NowMs, 1000) }
func pexpire(c *command.Ctx)   { expireAfter(c, c.DB.NowMs, 1) }
func expireat(c *command.Ctx)  { expireAfter(c, 0, 1000) }
func pexpireat(c *command.Ctx) { expireAfter(c, 0, 1) }

// expireAfter is EXPIRE and its kin: the key expires the argument, in units of unitMs, after baseMs. A time that
// has come already deletes the key at once.
func expireAfter(c *command.Ctx, baseMs, unitMs int64) {
	cond, err := parseCondition(c.Args[3:])
	if err != nil {
		c.Fail(err)
		return
	}
	n, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	if n > math.MaxInt64/unitMs || n < math.MinInt64/unitMs || n*unitMs > math.MaxInt64-baseMs {
		c.Fail(resperr.InvalidExpire(c.Cmd.Name))
		return
	}
	key, deadline := c.Args[1], baseMs+n*unitMs
	cell := c.DB.Edit(key)
	switch {
	case !cell.Ok() || !cond.holds(cell, deadline):
		c.Reply.Int(0)
		return
	case deadline <= c.DB.ExpiryMs():
		c.DB.Delete(key)
		c.DB.Changed(key, store.EventGeneric, "del")
	default:
		c.DB.SetDeadline(key, deadline)
		c.DB.Changed(key, store.EventGeneric, "expire")
	}
	c.Reply.Int(1)
}

// condition is the set of the options of EXPIRE that were given.
type condition uint8

const (
	ifNone    condition = 1 << iota // NX
	ifAny                           // XX
	ifGreater                       // GT
	ifLess                          // LT
)

func parseCondition(args [][]byte) (cond condition, err error) {
	for _, arg := range args {
		switch {
		case command.Is(arg, "nx"):
			cond |= ifNone
		case command.Is(arg, "xx"):
			cond |= ifAny
		case command.Is(arg, "gt"):
			cond |= ifGreater
		case command.Is(arg, "lt"):
			cond |= ifLess
		default:
			return 0, resperr.UnsupportedOption(string(arg))
		}
	}
	switch {
	case cond&ifNone != 0 && cond != ifNone:
		return 0, resperr.ExpireNXOther
	case cond&ifGreater != 0 && cond&ifLess != 0:
		return 0, resperr.ExpireGTLT
	}
	return cond, nil
}

// holds tells whether the key may get the new deadline. Having none counts as an infinite one.
func (cond condition) holds(cell object.Cell, deadline int64) bool {
	if cond == 0 {
		return true
	}
	old, has := cell.Deadline()
	switch {
	case cond&ifNone != 0 && has,
		cond&ifAny != 0 && !has,
		cond&ifGreater != 0 && (!has || deadline <= old),
		cond&ifLess != 0 && has && deadline >= old:
		return false
	}
	return true
}

func ttl(c *command.Ctx)         { answerDeadline(c, c.DB.NowMs, 1000) }
func pttl(c *command.Ctx)        { answerDeadline(c, c.DB.NowMs, 1) }
func expiretime(c *command.Ctx)  { answerDeadline(c, 0, 1000) }
func pexpiretime(c *command.Ctx) { answerDeadline(c, 0, 1) }

// answerDeadline answers the deadline of the key relative to baseMs in units of unitMs: -1 if it has none, -2 if
// there is no such key.
func answerDeadline(c *command.Ctx, baseMs, unitMs int64) {
	v := c.DB
	v.NoTouch = true
	cell := v.Find(c.Args[1])
	if !cell.Ok() {
		c.Reply.Int(-2)
		return
	}
	deadline, ok := cell.Deadline()
	if !ok {
		c.Reply.Int(-1)
		return
	}
	// A key whose time has come is still seen while expiry is suspended.
	left := max(deadline-baseMs, 0)
	n := left / unitMs
	if unitMs > 1 && left%unitMs >= unitMs/2 {
		n++
	}
	c.Reply.Int(n)
}

func persist(c *command.Ctx) {
	key := c.Args[1]
	cell := c.DB.Edit(key)
	if !cell.Ok() {
		c.Reply.Int(0)
		return
	}
	if _, ok := cell.Deadline(); !ok {
		c.Reply.Int(0)
		return
	}
	c.DB.SetDeadline(key, 0)
	c.DB.Changed(key, store.EventGeneric, "persist")
	c.Reply.Int(1)
}
