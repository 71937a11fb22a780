package bitmap

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// overflow says what a number too large for its field becomes.
type overflow uint8

const (
	wrap overflow = iota
	saturate
	fail
)

// opKind is an operation of BITFIELD.
type opKind uint8

const (
	opGet opKind = iota
	opSet
	opIncrby
)

// field is a range of bits read as a number.
type field struct {
	offset, width int
	signed        bool
}

// operation is one of the operations of a BITFIELD command.
type operation struct {
	field
	kind     opKind
	value    int64
	overflow overflow
}

// parser walks over the operations of a command. They are parsed twice, before and while they are carried out,
// which is cheaper than to remember them.
type parser struct {
	args     [][]byte
	overflow overflow
}

// next parses the next operation; ok is false at the end.
func (p *parser) next() (op operation, ok bool, err error) {
	for len(p.args) > 0 {
		name, rest := p.args[0], p.args[1:]
		size := 2
		switch {
		case command.Is(name, "get") && len(rest) >= 2:
			op.kind = opGet
		case command.Is(name, "set") && len(rest) >= 3:
			op.kind, size = opSet, 3
		case command.Is(name, "incrby") && len(rest) >= 3:
			op.kind, size = opIncrby, 3
		case command.Is(name, "overflow") && len(rest) >= 1:
			if p.overflow, ok = parseOverflow(rest[0]); !ok {
				return op, false, resperr.BitfieldOverflow
			}
			p.args = rest[1:]
			continue
		default:
			return op, false, resperr.Syntax
		}
		p.args = rest[size:]
		op.overflow = p.overflow
		if op.field, err = parseField(rest[0], rest[1]); err != nil {
			return op, false, err
		}
		if op.kind != opGet {
			op.value, err = command.Int(rest[2])
		}
		return op, err == nil, err
	}
	return op, false, nil
}

func parseOverflow(arg []byte) (o overflow, ok bool) {
	switch {
	case command.Is(arg, "wrap"):
		return wrap, true
	case command.Is(arg, "sat"):
		return saturate, true
	case command.Is(arg, "fail"):
		return fail, true
	}
	return 0, false
}

// parseField parses a type, as in u8 or i16, and an offset.
func parseField(kind, offset []byte) (f field, err error) {
	if len(kind) == 0 || kind[0] != 'u' && kind[0] != 'i' {
		return f, resperr.BitfieldType
	}
	f.signed = kind[0] == 'i'
	most := int64(63)
	if f.signed {
		most = 64
	}
	width, ok := number.ParseInt(kind[1:])
	if !ok || width < 1 || width > most {
		return f, resperr.BitfieldType
	}
	f.width = int(width)
	f.offset, err = parseOffset(offset, width)
	return f, err
}

func bitfield(c *command.Ctx) { runBitfield(c, false) }

func bitfieldRO(c *command.Ctx) { runBitfield(c, true) }

func runBitfield(c *command.Ctx, readOnly bool) {
	p := parser{args: c.Args[2:]}
	count, last := 0, -1 // last bit that is written
	for {
		op, ok, err := p.next()
		if err != nil {
			c.Fail(err)
			return
		}
		if !ok {
			break
		}
		count++
		if op.kind != opGet {
			last = max(last, op.offset+op.width-1)
		}
	}
	key := c.Args[1]
	var s []byte
	var grown, ok bool
	switch {
	case last < 0:
		s, _, ok = find(c, key)
	case readOnly:
		c.Fail(resperr.BitfieldROOnlyGets)
		return
	default:
		s, grown, ok = edit(c, key, last)
	}
	if !ok {
		return
	}
	c.Reply.Array(count)
	changed := false
	p = parser{args: c.Args[2:]}
	for range count {
		op, _, _ := p.next()
		if changes, stored := op.run(c, s); changes || stored && grown {
			changed = true
		}
	}
	if changed {
		c.DB.Changed(key, store.EventString, "setbit")
	}
}

// get returns the number in the field.
func (f *field) get(s []byte) int64 {
	v := getField(s, f.offset, f.width)
	if f.signed {
		unused := 64 - f.width
		return int64(v<<unused) >> unused
	}
	return int64(v)
}

// run carries the operation out, replies, and tells whether it has changed s, or at least stored something.
func (op *operation) run(c *command.Ctx, s []byte) (changed, stored bool) {
	old := op.get(s)
	if op.kind == opGet {
		c.Reply.Int(old)
		return false, false
	}
	base, add := op.value, int64(0)
	if op.kind == opIncrby {
		base, add = old, op.value
	}
	v, ok := op.sum(base, add)
	switch {
	case !ok:
		c.Reply.Null()
		return false, false
	case op.kind == opSet:
		c.Reply.Int(old)
	default:
		c.Reply.Int(v)
	}
	setField(s, op.offset, op.width, uint64(v))
	return v != old, true
}

// sum returns what base + add is in the field; ok is false if that is nothing.
func (op *operation) sum(base, add int64) (v int64, ok bool) {
	var low, high int64
	over := 0 // beyond high or below low
	if op.signed {
		high = math.MaxInt64 >> (64 - op.width)
		low = -high - 1
		switch {
		case base > high || add > 0 && base > high-add:
			over = 1
		case base < low || add < 0 && base < low-add:
			over = -1
		}
	} else {
		high = 1<<op.width - 1
		// The value of SET is taken as unsigned: a negative one is beyond any limit.
		switch {
		case base < 0 || base > high || add > 0 && add > high-base:
			over = 1
		case add < 0 && base+add < 0:
			over = -1
		}
	}
	switch {
	case over == 0:
		return base + add, true
	case op.overflow == fail:
		return 0, false
	case op.overflow == wrap:
		unused := 64 - op.width
		if op.signed {
			return (base + add) << unused >> unused, true
		}
		return int64(uint64(base+add) << unused >> unused), true
	case over > 0:
		return high, true
	default:
		return low, true
	}
}
