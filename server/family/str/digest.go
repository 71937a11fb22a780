package str

import (
	"bytes"
	"strconv"

	"github.com/zeebo/xxh3"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// digestLen is the length of a digest: the 64 bits of XXH3 of a value, in hexadecimal, with leading zeros.
const digestLen = 16

// appendDigest appends the digest of a value.
func appendDigest(dst, value []byte) []byte {
	var text [digestLen]byte
	hex := strconv.AppendUint(text[:0], xxh3.Hash(value), 16)
	for range digestLen - len(hex) {
		dst = append(dst, '0')
	}
	return append(dst, hex...)
}

func digest(c *command.Ctx) {
	cell, ok := c.DB.FindAs(c.Args[1], object.String)
	switch {
	case !ok:
		c.Fail(resperr.WrongType)
	case cell.Ok():
		var text [digestLen]byte
		c.Reply.Bulk(appendDigest(text[:0], cell.View()))
	default:
		c.Reply.Null()
	}
}

// compare is a condition on the value that a key has.
type compare uint8

const (
	always        compare = iota
	equal                 // IFEQ
	unequal               // IFNE
	equalDigest           // IFDEQ
	unequalDigest         // IFDNE
)

// compareOf returns the condition that an option names.
func compareOf(arg []byte) (k compare, ok bool) {
	switch {
	case command.Is(arg, "ifeq"):
		return equal, true
	case command.Is(arg, "ifne"):
		return unequal, true
	case command.Is(arg, "ifdeq"):
		return equalDigest, true
	case command.Is(arg, "ifdne"):
		return unequalDigest, true
	}
	return always, false
}

// holds tells whether a value meets the condition. Of a digest Redis checks only the length.
func (k compare) holds(value, operand []byte) (bool, error) {
	switch k {
	case equal, unequal:
		return bytes.Equal(value, operand) == (k == equal), nil
	case equalDigest, unequalDigest:
		if len(operand) != digestLen {
			return false, resperr.DigestLength
		}
		var text [digestLen]byte
		return sameDigest(operand, appendDigest(text[:0], value)) == (k == equalDigest), nil
	}
	return true, nil
}

// sameDigest tells whether two digests are equal; the digits of the first may be upper case.
func sameDigest(a, b []byte) bool {
	for i, digit := range a {
		if 'A' <= digit && digit <= 'F' {
			digit |= 0x20
		}
		if digit != b[i] {
			return false
		}
	}
	return true
}

// delex is DEL of one key, or with a condition of a string that meets it.
func delex(c *command.Ctx) {
	key := c.Args[1]
	if len(c.Args) != 2 && len(c.Args) != 4 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	cell := c.DB.Peek(key)
	if !cell.Ok() {
		c.Reply.Int(0)
		return
	}
	if len(c.Args) == 4 {
		may, err := meets(cell, c.Args[2], c.Args[3])
		switch {
		case err != nil:
			c.Fail(err)
			return
		case !may:
			c.Reply.Int(0)
			return
		}
	}
	c.DB.Delete(key)
	c.DB.Changed(key, store.EventGeneric, "del")
	c.Reply.Int(1)
}

// meets tells whether a key meets the condition that a word names.
func meets(cell object.Cell, word, operand []byte) (bool, error) {
	if cell.Type() != object.String {
		return false, resperr.DelexNotString
	}
	k, ok := compareOf(word)
	if !ok {
		return false, resperr.DelexCondition
	}
	return k.holds(cell.View(), operand)
}
