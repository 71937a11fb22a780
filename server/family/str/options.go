package str

import (
	"math"

	"dragonfly/server/command"
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

// options are those of SET and GETEX.
type options struct {
	nx, xx, get bool
	expiry      expiry
	unit        unit   // of when
	when        []byte // the time given, if expiry is setExpiry; deadline looks at it
}

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

// parse parses the options of SET, or of GETEX if getex. As in Redis an option may be repeated, and the last one
// counts.
func (o *options) parse(args [][]byte, getex bool) error {
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
		switch {
		case getex && command.Is(arg, "persist") && (o.expiry == noExpiry || o.expiry == persist):
			o.expiry = persist
		case getex:
			return resperr.Syntax
		case command.Is(arg, "nx") && !o.xx:
			o.nx = true
		case command.Is(arg, "xx") && !o.nx:
			o.xx = true
		case command.Is(arg, "get"):
			o.get = true
		case command.Is(arg, "keepttl") && (o.expiry == noExpiry || o.expiry == keepTTL):
			o.expiry = keepTTL
		default:
			return resperr.Syntax
		}
	}
	return nil
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
