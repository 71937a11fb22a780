package bitmap

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/str"
)

// parseOffset parses the offset of a bit. If width is not 0 it may be "#n": n times the width.
func parseOffset(arg []byte, width int64) (int, error) {
	if width > 0 && len(arg) > 0 && arg[0] == '#' {
		arg = arg[1:]
	} else {
		width = 1
	}
	n, ok := number.ParseInt(arg)
	if !ok || n < 0 || n > str.MaxLen*8-1 || n*width > str.MaxLen*8-1 {
		return 0, resperr.BitOffset
	}
	return int(n * width), nil
}

// find returns the string at a key for reading, nil if it is missing. ok is false if the key is of another type,
// which has been answered then.
func find(c *command.Ctx, key []byte) (s []byte, exists, ok bool) {
	cell, ok := c.DB.FindAs(key, object.String)
	if !ok {
		c.Fail(resperr.WrongType)
		return nil, false, false
	}
	if !cell.Ok() {
		return nil, false, true
	}
	return cell.View(), true, true
}

// edit returns the string at a key for changing the bits up to last: it exists and is long enough afterwards.
// grown tells whether that has changed it. ok is false if the key is of another type, which has been answered
// then.
func edit(c *command.Ctx, key []byte, last int) (s []byte, grown, ok bool) {
	cell, ok := c.DB.EditAs(key, object.String)
	if !ok {
		c.Fail(resperr.WrongType)
		return nil, false, false
	}
	if !cell.Ok() {
		cell = c.DB.Add(key, object.Attrs{Type: object.String, Encoding: object.Raw}, 0)
	}
	grown = cell.Len() <= last>>3
	return str.Extend(cell, last>>3+1), grown, true
}

func getbit(c *command.Ctx) {
	i, err := parseOffset(c.Args[2], 0)
	if err != nil {
		c.Fail(err)
		return
	}
	if s, _, ok := find(c, c.Args[1]); ok {
		c.Reply.Int(int64(getBit(s, i)))
	}
}

func setbit(c *command.Ctx) {
	key := c.Args[1]
	i, err := parseOffset(c.Args[2], 0)
	if err != nil {
		c.Fail(err)
		return
	}
	v, ok := number.ParseInt(c.Args[3])
	if !ok || v != 0 && v != 1 {
		c.Fail(resperr.BitValue)
		return
	}
	s, grown, ok := edit(c, key, i)
	if !ok {
		return
	}
	old := getBit(s, i)
	if grown || old != int(v) {
		setBit(s, i, int(v))
		c.DB.Changed(key, store.EventString, "setbit")
	}
	c.Reply.Int(int64(old))
}

// bounds are the start, the end and the unit of a range given with a command.
type bounds struct {
	start, end int64
	inBits     bool
}

// parse parses start and end.
func (b *bounds) parse(start, end []byte) (err error) {
	if b.start, err = command.Int(start); err == nil {
		b.end, err = command.Int(end)
	}
	return err
}

// parseUnit parses BYTE or BIT.
func (b *bounds) parseUnit(arg []byte) error {
	if b.inBits = command.Is(arg, "bit"); !b.inBits && !command.Is(arg, "byte") {
		return resperr.Syntax
	}
	return nil
}

// clamp returns the first and the last bit of the range in s; ok is false if it is empty.
func (b *bounds) clamp(s []byte) (first, last int, ok bool) {
	size := int64(len(s))
	if b.inBits {
		size *= 8
	}
	start, end := b.start, b.end
	if start < 0 {
		start = max(start+size, 0)
	}
	if end < 0 {
		end = max(end+size, 0)
	}
	end = min(end, size-1)
	if start > end {
		return 0, 0, false
	}
	if b.inBits {
		return int(start), int(end), true
	}
	return int(start * 8), int(end*8 + 7), true
}

func bitcount(c *command.Ctx) {
	b := bounds{end: -1}
	var err error
	switch args := c.Args[2:]; len(args) {
	case 0:
	case 2:
		err = b.parse(args[0], args[1])
	case 3:
		if err = b.parse(args[0], args[1]); err == nil {
			err = b.parseUnit(args[2])
		}
	default:
		err = resperr.Syntax
	}
	if err != nil {
		c.Fail(err)
		return
	}
	s, _, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	n := 0
	// Two negative bounds in the wrong order are empty, even where clamp would make both of them 0.
	inOrder := b.start >= 0 || b.end >= 0 || b.start <= b.end
	if first, last, ok := b.clamp(s); ok && inOrder {
		n = countBits(s, first, last)
	}
	c.Reply.Int(int64(n))
}

// parsePos parses the range of BITPOS, in the order in which Redis finds faults with it.
func (b *bounds) parsePos(args [][]byte) (err error) {
	b.end = -1
	if len(args) > 3 {
		return resperr.Syntax
	}
	if len(args) > 0 {
		if b.start, err = command.Int(args[0]); err != nil {
			return err
		}
	}
	if len(args) > 2 {
		if err = b.parseUnit(args[2]); err != nil {
			return err
		}
	}
	if len(args) > 1 {
		b.end, err = command.Int(args[1])
	}
	return err
}

func bitpos(c *command.Ctx) {
	v, err := command.Int(c.Args[2])
	if err != nil {
		c.Fail(err)
		return
	}
	if v != 0 && v != 1 {
		c.Fail(resperr.BitArgument)
		return
	}
	var b bounds
	if err := b.parsePos(c.Args[3:]); err != nil {
		c.Fail(err)
		return
	}
	s, exists, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	if !exists { // zeros without end
		c.Reply.Int(-v)
		return
	}
	first, last, ok := b.clamp(s)
	pos := -1
	if ok {
		pos = findBit(s, first, last, int(v))
		if endGiven := len(c.Args) > 4; pos < 0 && v == 0 && !endGiven {
			pos = len(s) * 8 // behind the string there are zeros
		}
	}
	c.Reply.Int(int64(pos))
}
