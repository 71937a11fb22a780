package hash

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// existence is a condition of HSETEX on the fields that it names.
type existence uint8

const (
	whether    existence = iota
	noneExists           // FNX: else nothing is set
	allExist             // FXX: else nothing is set
	skipOld              // NX: those that exist are left alone
)

// exArgs are the arguments of HGETEX and HSETEX.
type exArgs struct {
	fields    [][]byte // with their values in turn, for HSETEX
	existence existence
	timed     bool // deadline is given
	deadline  int64
	persist   bool // HGETEX
	keepTTL   bool // HSETEX
	count     bool // HSETEX answers the number of new fields: Dragonfly's grammar
}

// exGrammar says what differs between HGETEX and HSETEX.
type exGrammar struct {
	perField  int // arguments for each field
	oneExpiry resperr.Error
}

// hgetexGrammar and hsetexGrammar return what they are named for.
func hgetexGrammar() exGrammar { return exGrammar{1, resperr.HgetexOneExpiry} }
func hsetexGrammar() exGrammar { return exGrammar{2, resperr.HsetexOneExpiry} }

// parseEx parses the options and fields of HGETEX or HSETEX, in any order.
func parseEx(cmd string, args [][]byte, g exGrammar, nowMs int64) (a exArgs, err error) {
	setting := g.perField == 2
	for len(args) > 0 {
		arg, used := args[0], 1
		base, unit, isTime := timeOption(arg, nowMs)
		expiry := isTime || command.Is(arg, "keepttl") && setting || command.Is(arg, "persist") && !setting
		switch {
		case expiry && (a.timed || a.persist || a.keepTTL):
			return a, g.oneExpiry
		case isTime && len(args) == 1:
			return a, resperr.ExpireTimeMissing
		case isTime:
			a.timed, used = true, 2
			a.deadline, err = parseDeadline(cmd, args[1], base, unit)
		case expiry:
			a.persist, a.keepTTL = !setting, setting
		case setting && (command.Is(arg, "fnx") || command.Is(arg, "fxx")):
			if a.existence != whether {
				return a, resperr.HsetexOneExists
			}
			a.existence = existenceOf(arg)
		case command.Is(arg, "fields"):
			if a.fields != nil {
				return a, resperr.FieldsTwice
			}
			a.fields, err = exFields(cmd, args[1:], g.perField)
			used = 2 + len(a.fields)
		default:
			return a, resperr.UnknownArgument(arg)
		}
		if err != nil {
			return a, err
		}
		args = args[used:]
	}
	if a.fields == nil {
		return a, resperr.FieldsNone
	}
	return a, nil
}

// timeOption returns the time from which the time behind an option counts, and its unit.
func timeOption(arg []byte, nowMs int64) (base, unit int64, ok bool) {
	switch {
	case command.Is(arg, "ex"):
		return nowMs, seconds, true
	case command.Is(arg, "px"):
		return nowMs, milliseconds, true
	case command.Is(arg, "exat"):
		return 0, seconds, true
	case command.Is(arg, "pxat"):
		return 0, milliseconds, true
	}
	return 0, 0, false
}

// existenceOf returns the condition that an option names.
func existenceOf(arg []byte) existence {
	switch {
	case command.Is(arg, "fnx"):
		return noneExists
	case command.Is(arg, "fxx"):
		return allExist
	case command.Is(arg, "nx"):
		return skipOld
	}
	return whether
}

// exFields returns the arguments of the fields that follow the word FIELDS and their number.
func exFields(cmd string, args [][]byte, perField int) ([][]byte, error) {
	if len(args) < 1+perField {
		return nil, resperr.WrongArgs(cmd)
	}
	n, err := command.IntFrom(args[0], 1, resperr.FieldsNumber)
	switch {
	case err != nil:
		return nil, err
	case n > math.MaxInt32:
		return nil, resperr.FieldsNumber
	case n > int64((len(args)-1)/perField):
		return nil, resperr.FieldsFew
	}
	return args[1 : 1+int(n)*perField], nil
}

// parseHsetex parses the arguments of HSETEX in either grammar.
func parseHsetex(args [][]byte, nowMs int64) (a exArgs, err error) {
	const cmd = "hsetex"
	rest := args
	for len(rest) > 0 && (existenceOf(rest[0]) != whether || command.Is(rest[0], "keepttl")) {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return a, resperr.FieldsNone
	}
	if _, ok := number.ParseInt(rest[0]); !ok {
		return parseEx(cmd, args, hsetexGrammar(), nowMs)
	}
	for _, arg := range args[:len(args)-len(rest)] {
		e := existenceOf(arg)
		if e != whether && a.existence != whether || e == whether && a.keepTTL {
			return a, resperr.Syntax
		}
		a.existence, a.keepTTL = max(a.existence, e), a.keepTTL || e == whether
	}
	a.fields, a.timed, a.count = rest[1:], true, true
	if len(a.fields) == 0 || len(a.fields)%2 != 0 {
		return a, resperr.WrongArgs(cmd)
	}
	if a.deadline, err = command.MemberDeadline(rest[0], nowMs); err != nil {
		err = resperr.InvalidExpire(cmd)
	}
	return a, err
}
