package command

import (
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// Is tells whether an argument is the given word, which is in lower case; the argument may be in any.
func Is(arg []byte, lower string) bool {
	if len(arg) != len(lower) {
		return false
	}
	for i, b := range arg {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

// Int parses an argument that must be a 64-bit integer.
func Int(arg []byte) (int64, error) {
	n, ok := number.ParseInt(arg)
	if !ok {
		return 0, resperr.NotInteger
	}
	return n, nil
}

// IntFrom parses an argument that must be an integer of at least least; anything else is refused with wrong.
func IntFrom(arg []byte, least int64, wrong resperr.Error) (int64, error) {
	n, ok := number.ParseInt(arg)
	if !ok || n < least {
		return 0, wrong
	}
	return n, nil
}

// maxMemberTTL is the longest time in seconds that a member of a set, or a field of a hash, may be given by the
// commands of Dragonfly.
const maxMemberTTL = 1<<28 - 1

// MemberDeadline parses the seconds after which a member of a set, or a field of a hash, shall expire, and returns the
// deadline in ms.
func MemberDeadline(arg []byte, nowMs int64) (deadlineMs int64, err error) {
	n, err := IntFrom(arg, 1, resperr.NotInteger)
	switch {
	case err != nil:
		return 0, err
	case n > maxMemberTTL:
		return 0, resperr.NotInteger
	}
	return nowMs + n*1000, nil
}
