// Package str edits strings in their entries. The value bytes are the string itself, integers as their decimal
// text; the encoding is only what OBJECT ENCODING says, and follows Redis: a string that is set whole gets the
// one that EncodingOf chooses, one that is edited in place becomes raw.
package str

import (
	"dragonfly/store/number"
	"dragonfly/store/object"
)

// MaxLen is the longest string that commands make: Redis's default for proto-max-bulk-len.
const MaxLen = 512 << 20

// EncodingOf returns the encoding of a string that is set whole: int if it is the text of an int64.
func EncodingOf(value []byte) object.Encoding {
	if len(value) > object.EmbstrMax {
		return object.Raw
	}
	if _, ok := number.ParseInt(value); ok {
		return object.Int
	}
	return object.Embstr
}

// Append adds tail at the end of the string and returns the new length. tail must not be a view into the entry.
func Append(c object.Cell, tail []byte) int {
	size := c.Len()
	b := reserve(c, size+len(tail))
	b = append(b, tail...)
	c.SetLen(len(b))
	c.SetEncoding(object.Raw)
	return len(b)
}

// Prepend adds head before the string and returns the new length. head must not be a view into the entry.
func Prepend(c object.Cell, head []byte) int {
	size := c.Len()
	b := reserve(c, size+len(head))[:size+len(head)]
	copy(b[len(head):], b[:size])
	copy(b, head)
	c.SetLen(len(b))
	c.SetEncoding(object.Raw)
	return len(b)
}

// Extend makes the string at least n bytes long, new ones being zero, and returns it for editing in place.
func Extend(c object.Cell, n int) []byte {
	size := c.Len()
	b := c.Value()
	if n > size {
		b = reserve(c, n)[:n]
		clear(b[size:])
		c.SetLen(n)
	}
	c.SetEncoding(object.Raw)
	return b
}

const (
	slackFrom = 64      // strings shorter than this grow without slack
	slackMost = 1 << 26 // bytes of slack at most
)

// reserve returns the string with capacity for n bytes, and more if it must grow: a string that grew once often
// grows again, and would else be copied each time.
func reserve(c object.Cell, n int) []byte {
	slack := 0
	if n >= slackFrom && n > cap(c.Value()) {
		slack = min(n/4, slackMost)
	}
	return c.Reserve(n + slack)
}
