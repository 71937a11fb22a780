package bitmap

import (
	"encoding/binary"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// operator is an operator of BITOP.
type operator uint8

const (
	and operator = iota
	or
	xor
	not
)

func parseOperator(arg []byte) (op operator, ok bool) {
	for i, name := range [...]string{and: "and", or: "or", xor: "xor", not: "not"} {
		if command.Is(arg, name) {
			return operator(i), true
		}
	}
	return 0, false
}

func bitop(c *command.Ctx) {
	op, ok := parseOperator(c.Args[1])
	if !ok {
		c.Fail(resperr.Syntax)
		return
	}
	if op == not && len(c.Args) != 4 {
		c.Fail(resperr.BitopNot)
		return
	}
	// Views stay good while further keys are looked up: entries move only when they are changed themselves.
	var few [8][]byte
	sources, size := few[:0], 0
	for _, key := range c.Args[3:] {
		s, _, ok := find(c, key)
		if !ok {
			return
		}
		sources, size = append(sources, s), max(size, len(s))
	}
	target := c.Args[2]
	if size > 0 {
		c.DB.SetString(target, op.apply(sources, size), object.Raw, 0)
		c.DB.Changed(target, store.EventString, "set")
	} else if c.DB.Delete(target) {
		c.DB.Changed(target, store.EventGeneric, "del")
	}
	c.Reply.Int(int64(size))
}

// apply combines the sources to a new string of size bytes; shorter ones count as followed by zeros.
func (op operator) apply(sources [][]byte, size int) []byte {
	result := make([]byte, size)
	copy(result, sources[0])
	if op == not {
		for i := range result {
			result[i] = ^result[i]
		}
	}
	for _, s := range sources[1:] {
		op.combine(result, s)
		if op == and {
			clear(result[len(s):])
		}
	}
	return result
}

// combine applies the operator to the beginning of result and s, eight bytes at a time.
func (op operator) combine(result, s []byte) {
	le := binary.LittleEndian
	n := len(s) &^ 7
	for i := 0; i < n; i += 8 {
		x, y := le.Uint64(result[i:]), le.Uint64(s[i:])
		le.PutUint64(result[i:], op.word(x, y))
	}
	for i := n; i < len(s); i++ {
		result[i] = byte(op.word(uint64(result[i]), uint64(s[i])))
	}
}

func (op operator) word(x, y uint64) uint64 {
	switch op {
	case and:
		return x & y
	case or:
		return x | y
	default:
		return x ^ y
	}
}
