package str

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// expiry says what a command does with the expiry of a key.
type expiry uint8

const (
	noExpiry expiry = iota
	setExpiry
	keepTTL
	persist
)

// unit is how the time of an expiry option is meant.
type unit uint8

const (
	relative unit = 1 << iota // to now
	seconds
)

// options are those of SET, GETEX and MSETEX.
type options struct {
	nx, xx, get, stick bool
	compare            compare
	operand            []byte // of compare
	expiry             expiry
	unit               unit   // of when
	when               []byte // the time given, if expiry is setExpiry; deadline looks at it
}

// grammar says whose options are parsed.
type grammar uint8

const (
	ofSet grammar = iota
	ofGetex
	ofMsetex
)

// timeUnit returns the unit of the options that take a time.
func timeUnit(arg []byte) (u unit, ok bool) {
	switch {
	case command.Is(arg, "ex"):
		return relative | seconds, true
	case command.Is(arg, "px"):
		return relative, true
	case command.Is(arg, "exat"):
		return seconds, true
	case command.Is(arg, "pxat"):
		return 0, true
	}
	return 0, false
}

// parse parses options. As in Redis an option may be repeated, and the last one counts.
func (o *options) parse(args [][]byte, g grammar) error {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if u, ok := timeUnit(arg); ok {
			again := o.expiry == setExpiry && o.unit == u
			if i+1 == len(args) || o.expiry != noExpiry && !again {
				return resperr.Syntax
			}
			i++
			o.expiry, o.unit, o.when = setExpiry, u, args[i]
			continue
		}
		if k, ok := compareOf(arg); ok {
			if g != ofSet || i+1 == len(args) || o.nx || o.xx || o.compare != always && o.compare != k {
				return resperr.Syntax
			}
			i++
			o.compare, o.operand = k, args[i]
			continue
		}
		switch {
		case g == ofGetex:
			if !command.Is(arg, "persist") || o.expiry != noExpiry && o.expiry != persist {
				return resperr.Syntax
			}
			o.expiry = persist
		case command.Is(arg, "nx") && !o.xx && o.compare == always:
			o.nx = true
		case command.Is(arg, "xx") && !o.nx && o.compare == always:
			o.xx = true
		case command.Is(arg, "keepttl") && (o.expiry == noExpiry || o.expiry == keepTTL):
			o.expiry = keepTTL
		case g == ofSet && command.Is(arg, "get"):
			o.get = true
		case g == ofSet && command.Is(arg, "stick"):
			o.stick = true
		default:
			return resperr.Syntax
		}
	}
	return nil
}

// deadline returns the deadline that the options give a key, for SetString.
func (o *options) deadline(c *command.Ctx) (ms int64, err error) {
	switch o.expiry {
	case setExpiry:
		return deadlineOf(c, o.when, o.unit)
	case keepTTL:
		return store.KeepDeadline, nil
	}
	return 0, nil
}

// deadlineOf returns the absolute time in ms that a time given with a command means.
func deadlineOf(c *command.Ctx, when []byte, u unit) (ms int64, err error) {
	ms, ok := number.ParseInt(when)
	if !ok {
		return 0, resperr.NotInteger
	}
	if ms <= 0 || u&seconds != 0 && ms > math.MaxInt64/1000 {
		return 0, resperr.InvalidExpire(c.Cmd.Name)
	}
	if u&seconds != 0 {
		ms *= 1000
	}
	if u&relative != 0 {
		if ms > math.MaxInt64-c.DB.NowMs {
			return 0, resperr.InvalidExpire(c.Cmd.Name)
		}
		ms += c.DB.NowMs
	}
	return ms, nil
}
