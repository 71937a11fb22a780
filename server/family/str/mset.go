package str

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

func mset(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	for i := 1; i < len(c.Args); i += 2 {
		assign(c, c.Args[i], c.Args[i+1], 0)
	}
	c.Reply.OK()
}

func msetnx(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	for i := 1; i < len(c.Args); i += 2 {
		if c.DB.Peek(c.Args[i]).Ok() {
			c.Reply.Int(0)
			return
		}
	}
	for i := 1; i < len(c.Args); i += 2 {
		assign(c, c.Args[i], c.Args[i+1], 0)
	}
	c.Reply.Int(1)
}

// msetex is MSET with a number of pairs before them and options of SET behind: all keys are set, or none.
func msetex(c *command.Ctx) {
	n, err := msetexPairs(c.Args)
	if err != nil {
		c.Fail(err)
		return
	}
	pairs := c.Args[2 : 2+2*n]
	var o options
	if err := o.parse(c.Args[2+2*n:], ofMsetex); err != nil {
		c.Fail(err)
		return
	}
	deadline, err := o.deadline(c)
	if err != nil {
		c.Fail(err)
		return
	}
	for i := 0; i < len(pairs) && (o.nx || o.xx); i += 2 {
		if c.DB.Peek(pairs[i]).Ok() != o.xx {
			c.Reply.Int(0)
			return
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		assign(c, pairs[i], pairs[i+1], deadline)
	}
	c.Reply.Int(1)
}

// msetexPairs returns the number of pairs of a key and a value that a MSETEX has.
func msetexPairs(args [][]byte) (n int, err error) {
	count, err := command.IntFrom(args[1], 1, resperr.MsetexNumKeys)
	switch {
	case err != nil:
		return 0, err
	case count > math.MaxInt32:
		return 0, resperr.MsetexNumKeys
	case count > int64(len(args)-2)/2:
		return 0, resperr.MsetexPairs
	}
	return int(count), nil
}

// findMsetex appends the indices of the keys of a MSETEX.
func findMsetex(dst []int, args [][]byte) []int {
	if n, err := msetexPairs(args); err == nil {
		for i := range n {
			dst = append(dst, 2+2*i)
		}
	}
	return dst
}
