package str

import (
	"dragonfly/server/command"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/str"
)

// lcsOptions are those of LCS.
type lcsOptions struct {
	length, idx, withMatchLen bool
	minMatchLen               int64
}

func (o *lcsOptions) parse(args [][]byte) error {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case command.Is(arg, "idx"):
			o.idx = true
		case command.Is(arg, "len"):
			o.length = true
		case command.Is(arg, "withmatchlen"):
			o.withMatchLen = true
		case command.Is(arg, "minmatchlen") && i+1 < len(args):
			i++
			n, err := command.Int(args[i])
			if err != nil {
				return err
			}
			o.minMatchLen = n
		default:
			return resperr.Syntax
		}
	}
	if o.idx && o.length {
		return resperr.LCSLenAndIdx
	}
	return nil
}

func lcs(c *command.Ctx) {
	a, okA := c.DB.FindAs(c.Args[1], object.String)
	b, okB := c.DB.FindAs(c.Args[2], object.String)
	if !okA || !okB {
		c.Fail(resperr.LCSNotStrings)
		return
	}
	var o lcsOptions
	if err := o.parse(c.Args[3:]); err != nil {
		c.Fail(err)
		return
	}
	// Cells are good until the table changes, and finding the second key may have removed it as expired: the
	// first is looked up again.
	if a.Ok() {
		a = c.DB.Peek(c.Args[1])
	}
	var l lcsTable
	if !l.fill(view(a), view(b)) {
		c.Fail(resperr.LCSMemory)
		return
	}
	switch {
	case o.idx:
		l.replyRanges(c, &o)
	case o.length:
		c.Reply.Int(int64(l.length))
	default:
		c.Reply.Bulk(l.text())
	}
}

// view returns the string of an entry, that of a missing one being empty.
func view(c object.Cell) []byte {
	if !c.Ok() {
		return nil
	}
	return c.View()
}

// lcsTable is the result of the dynamic programming over all pairs of prefixes, reduced to what the way back
// needs: for each pair of characters one bit, whether to drop the last of a rather than that of b.
type lcsTable struct {
	a, b   []byte
	dropA  []uint64
	length int
}

// fill computes the table. It reports false for strings for which Redis, at four bytes a pair, would need more
// memory than it allows itself.
func (l *lcsTable) fill(a, b []byte) bool {
	if cells := uint64(len(a)+1) * uint64(len(b)+1); cells > str.MaxLen/4 {
		return false
	}
	l.a, l.b = a, b
	l.dropA = make([]uint64, (len(a)*len(b)+63)/64)
	row := make([]uint32, len(b)+1) // lengths for the prefix of a so far and each prefix of b
	for i, x := range a {
		diagonal := uint32(0) // what row[j] was before
		for j, y := range b {
			above := row[j+1]
			switch {
			case x == y:
				row[j+1] = diagonal + 1
			case above > row[j]:
				k := i*len(b) + j
				l.dropA[k/64] |= 1 << (k % 64)
			default:
				row[j+1] = row[j]
			}
			diagonal = above
		}
	}
	l.length = int(row[len(b)])
	return true
}

// back walks from the ends of the strings to their beginnings and calls match for each pair of characters of the
// common subsequence, last one first, with their indexes.
func (l *lcsTable) back(match func(i, j int)) {
	for i, j := len(l.a)-1, len(l.b)-1; i >= 0 && j >= 0; {
		k := i*len(l.b) + j
		switch {
		case l.a[i] == l.b[j]:
			match(i, j)
			i--
			j--
		case l.dropA[k/64]>>(k%64)&1 == 1:
			i--
		default:
			j--
		}
	}
}

// text returns the common subsequence.
func (l *lcsTable) text() []byte {
	text := make([]byte, l.length)
	n := l.length
	l.back(func(i, _ int) {
		n--
		text[n] = l.a[i]
	})
	return text
}

// replyRanges replies where the common subsequence lies in both strings, last range first.
func (l *lcsTable) replyRanges(c *command.Ctx, o *lcsOptions) {
	w := c.Reply
	w.Map(2)
	w.BulkString("matches")
	at, ranges := w.Defer(), 0
	var a, b, size int // the present range begins at a and b
	emit := func() {
		if size == 0 || int64(size) < o.minMatchLen {
			return
		}
		ranges++
		if o.withMatchLen {
			w.Array(3)
		} else {
			w.Array(2)
		}
		for _, start := range [...]int{a, b} {
			w.Array(2)
			w.Int(int64(start))
			w.Int(int64(start + size - 1))
		}
		if o.withMatchLen {
			w.Int(int64(size))
		}
	}
	l.back(func(i, j int) {
		if size > 0 && (i+1 != a || j+1 != b) {
			emit()
			size = 0
		}
		a, b = i, j
		size++
	})
	emit()
	w.CloseArray(at, ranges)
	w.BulkString("len")
	w.Int(int64(l.length))
}
