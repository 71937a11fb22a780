package generic

import (
	"bytes"

	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

// sortArgs are the arguments of SORT.
type sortArgs struct {
	by           *pattern // nil = the elements themselves
	asIs         bool     // BY with a pattern that names no key: the order in which the elements are stored
	get          []pattern
	start, count int64 // LIMIT; a negative count means all
	alpha, desc  bool
	store        bool
	target       []byte
}

// pattern is the argument of BY or GET: a key name in which the first star stands for the element, optionally
// with a field behind an arrow if the key is a hash.
type pattern struct {
	self           bool // "#": the element itself
	constant       bool // there is no star, so it finds nothing
	prefix, suffix []byte
	field          []byte // nil = none
}

func parsePattern(arg []byte) pattern {
	if string(arg) == "#" {
		return pattern{self: true}
	}
	star := bytes.IndexByte(arg, '*')
	if star < 0 {
		return pattern{constant: true}
	}
	p := pattern{prefix: arg[:star], suffix: arg[star+1:]}
	// An arrow with nothing behind it belongs to the name.
	if i := bytes.Index(p.suffix, []byte("->")); i >= 0 && i+2 < len(p.suffix) {
		p.suffix, p.field = p.suffix[:i], p.suffix[i+2:]
	}
	return p
}

// parseSort parses the arguments behind the key. limited is Ctx.Limited.
func parseSort(args [][]byte, readOnly, limited bool) (a sortArgs, err error) {
	a.count = -1
	for len(args) > 0 {
		opt, left := args[0], len(args)-1
		used := 1
		switch {
		case command.Is(opt, "asc"):
			a.desc = false
		case command.Is(opt, "desc"):
			a.desc = true
		case command.Is(opt, "alpha"):
			a.alpha = true
		case command.Is(opt, "limit") && left >= 2:
			if a.start, err = command.Int(args[1]); err != nil {
				return a, err
			}
			if a.count, err = command.Int(args[2]); err != nil {
				return a, err
			}
			used = 3
		case command.Is(opt, "store") && left >= 1 && !readOnly:
			a.store, a.target = true, args[1]
			used = 2
		case command.Is(opt, "by") && left >= 1:
			if limited && bytes.IndexByte(args[1], '*') >= 0 {
				return a, resperr.SortByDenied
			}
			p := parsePattern(args[1])
			a.by = &p
			a.asIs = a.asIs || p.self || p.constant
			used = 2
		case command.Is(opt, "get") && left >= 1:
			if limited {
				return a, resperr.SortGetDenied // GET # as well, as in Redis
			}
			a.get = append(a.get, parsePattern(args[1]))
			used = 2
		default:
			return a, resperr.Syntax
		}
		args = args[used:]
	}
	return a, nil
}

// findSort returns the indices of the keys of SORT: the source, and the target of the last STORE. The keys that
// patterns lead to cannot be known before the elements are.
func findSort(dst []int, args [][]byte) []int {
	dst = append(dst, 1)
	target := 0
	for i := 2; i < len(args); i++ {
		switch {
		case command.Is(args[i], "limit"):
			i += 2
		case command.Is(args[i], "get"), command.Is(args[i], "by"):
			i++
		case command.Is(args[i], "store") && i+1 < len(args):
			target = i + 1
			i++
		}
	}
	if target > 0 {
		dst = append(dst, target)
	}
	return dst
}
