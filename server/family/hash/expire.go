package hash

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hash"
)

// maxDeadline is the latest time in ms that a client may give a field, as in Redis.
const maxDeadline = 1<<46 - 1

// Units of time in ms.
const (
	seconds      = 1000
	milliseconds = 1
)

func hexpire(c *command.Ctx)    { expire(c, c.DB.NowMs, seconds) }
func hpexpire(c *command.Ctx)   { expire(c, c.DB.NowMs, milliseconds) }
func hexpireat(c *command.Ctx)  { expire(c, 0, seconds) }
func hpexpireat(c *command.Ctx) { expire(c, 0, milliseconds) }

// expireArgs are the arguments of HEXPIRE and its kin.
type expireArgs struct {
	deadline int64
	cond     hash.Cond
	fields   [][]byte
}

// parseDeadline parses a time that is counted in units from base on.
func parseDeadline(cmd string, arg []byte, base, unit int64) (deadline int64, err error) {
	n, err := command.Int(arg)
	switch {
	case err != nil:
		return 0, err
	case n < 0:
		return 0, resperr.ExpireNegative
	case n > maxDeadline/unit || n*unit > maxDeadline-base:
		return 0, resperr.InvalidExpire(cmd)
	}
	return n*unit + base, nil
}

// parseExpire parses time [NX | XX | GT | LT] FIELDS numfields field…; there are at least four arguments. The time
// is counted in units from base on.
func parseExpire(cmd string, args [][]byte, base, unit int64) (a expireArgs, err error) {
	if a.deadline, err = parseDeadline(cmd, args[0], base, unit); err != nil {
		return a, err
	}
	args = args[1:]
	switch opt := args[0]; {
	case command.Is(opt, "nx"):
		a.cond = hash.NX
	case command.Is(opt, "xx"):
		a.cond = hash.XX
	case command.Is(opt, "gt"):
		a.cond = hash.GT
	case command.Is(opt, "lt"):
		a.cond = hash.LT
	}
	if a.cond != hash.Always {
		args = args[1:]
	}
	a.fields, err = parseFields(args, resperr.NumFieldsZero)
	return a, err
}

// parseFields parses FIELDS numfields field…; there are at least two arguments. A number below 1 is refused with
// wrong.
func parseFields(args [][]byte, wrong resperr.Error) (fields [][]byte, err error) {
	if !command.Is(args[0], "fields") {
		return nil, resperr.FieldsMissing
	}
	n, err := command.IntFrom(args[1], 1, wrong)
	if err != nil {
		return nil, err
	}
	if n != int64(len(args)-2) {
		return nil, resperr.FieldsMismatch
	}
	return args[2:], nil
}

// missing answers for fields of a hash that does not exist.
func missing(c *command.Ctx, n int) {
	c.Reply.Array(n)
	for range n {
		c.Reply.Int(int64(hash.NoField))
	}
}

// expire is HEXPIRE and its kin. Redis looks at the type of the key before it looks at the arguments.
func expire(c *command.Ctx, base, unit int64) {
	key := c.Args[1]
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	a, err := parseExpire(c.Cmd.Name, c.Args[2:], base, unit)
	if err != nil {
		c.Fail(err)
		return
	}
	if !cell.Ok() {
		missing(c, len(a.fields))
		return
	}
	hash.AllowTTL(cell)
	set, deleted := 0, 0
	c.Reply.Array(len(a.fields))
	for _, field := range a.fields {
		r := hash.SetDeadline(cell, field, a.deadline, c.DB.ExpiryMs(), a.cond)
		switch r {
		case hash.Done:
			set++
		case hash.Deleted:
			deleted++
		}
		c.Reply.Int(int64(r))
	}
	if set > 0 {
		c.DB.NoteFieldDeadline(key, a.deadline)
	}
	switch {
	case deleted > 0:
		fieldsRemoved(c, key, cell)
	case set > 0:
		c.DB.Changed(key, store.EventHash, "hexpire")
	}
	moreChanges(c, set+deleted)
}

func hpersist(c *command.Ctx) {
	key := c.Args[1]
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	fields, err := parseFields(c.Args[2:], resperr.FieldsPositive)
	if err != nil {
		c.Fail(err)
		return
	}
	if !cell.Ok() {
		missing(c, len(fields))
		return
	}
	changed := false
	c.Reply.Array(len(fields))
	for _, field := range fields {
		r := hash.Persist(cell, field, c.DB.ExpiryMs())
		changed = changed || r == hash.Done
		c.Reply.Int(int64(r))
	}
	if changed {
		c.DB.Changed(key, store.EventHash, "hpersist")
	}
}

func httl(c *command.Ctx)         { ttl(c, c.DB.NowMs, seconds) }
func hpttl(c *command.Ctx)        { ttl(c, c.DB.NowMs, milliseconds) }
func hexpiretime(c *command.Ctx)  { ttl(c, 0, seconds) }
func hpexpiretime(c *command.Ctx) { ttl(c, 0, milliseconds) }

// ttl is HTTL and its kin: it answers deadlines in units from base on, rounded up.
func ttl(c *command.Ctx, base, unit int64) {
	cell, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	fields, err := parseFields(c.Args[2:], resperr.FieldsPositive)
	if err != nil {
		c.Fail(err)
		return
	}
	if !cell.Ok() {
		missing(c, len(fields))
		return
	}
	c.Reply.Array(len(fields))
	for _, field := range fields {
		c.Reply.Int(remaining(cell, field, c.DB.NowMs, base, unit))
	}
}

func remaining(cell object.Cell, field []byte, now, base, unit int64) int64 {
	deadline, ok := hash.Deadline(cell, field, now)
	switch {
	case !ok:
		return int64(hash.NoField)
	case deadline == 0:
		return int64(hash.NoTTL)
	case deadline > math.MaxInt64-unit:
		return deadline / unit // only a file can say so
	}
	return (deadline - base + unit - 1) / unit
}
