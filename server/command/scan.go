package command

import (
	"math"

	"dragonfly/server/glob"
	"dragonfly/store/resperr"
)

// ScanKind says what a SCAN command goes through.
type ScanKind uint8

// The kinds of SCAN commands.
const (
	ScanKeys   ScanKind = iota // SCAN
	ScanFields                 // HSCAN
	ScanOthers                 // SSCAN, ZSCAN
)

// ScanOptions are the options behind the cursor of a SCAN command.
type ScanOptions struct {
	Count    int
	Type     []byte // nil = any
	NoValues bool
	MinSize  int64  // SCAN: bytes of memory that a key takes at least
	Volatile Expiry // SCAN: whether a key has an expiry
	pattern  []byte
}

// Expiry is what the option ATTR of SCAN asks for.
type Expiry uint8

// The expiries of ATTR.
const (
	AnyExpiry  Expiry = iota
	WithExpiry        // v
	NoExpiry          // p
)

// ScanCursor parses the cursor of a SCAN command.
func ScanCursor(arg []byte) (cursor uint64, err error) {
	if len(arg) > 0 && arg[0] == '+' {
		arg = arg[1:]
	}
	if len(arg) == 0 {
		return 0, resperr.InvalidCursor
	}
	for _, b := range arg {
		d := uint64(b - '0')
		if d > 9 || cursor > (math.MaxUint64-d)/10 {
			return 0, resperr.InvalidCursor
		}
		cursor = cursor*10 + d
	}
	return cursor, nil
}

// ParseScan parses the options of a SCAN command. Redis looks at them after it has found the key.
func ParseScan(args [][]byte, kind ScanKind) (ScanOptions, error) {
	o := ScanOptions{Count: 10}
	for len(args) > 0 {
		opt, more := args[0], len(args) > 1
		args = args[1:]
		switch {
		case Is(opt, "count") && more:
			n, err := Int(args[0])
			if err != nil {
				return o, err
			}
			if n < 1 {
				return o, resperr.Syntax
			}
			o.Count = int(n)
		case Is(opt, "match") && more:
			o.pattern = args[0]
		case Is(opt, "type") && more && kind == ScanKeys:
			o.Type = args[0]
		case Is(opt, "minmsz") && more && kind == ScanKeys:
			n, err := Int(args[0])
			if err != nil {
				return o, err
			}
			o.MinSize = n
		case Is(opt, "attr") && more && kind == ScanKeys:
			switch {
			case Is(args[0], "v"):
				o.Volatile = WithExpiry
			case Is(args[0], "p"):
				o.Volatile = NoExpiry
			default:
				return o, resperr.Syntax
			}
		case Is(opt, "novalues"):
			if kind != ScanFields {
				return o, resperr.NoValuesOption
			}
			o.NoValues = true
			continue
		default:
			return o, resperr.Syntax
		}
		args = args[1:]
	}
	if string(o.pattern) == "*" {
		o.pattern = nil
	}
	return o, nil
}

// Match tells whether a name matches the pattern, if there is one.
func (o *ScanOptions) Match(name []byte) bool { return o.pattern == nil || glob.Match(o.pattern, name) }
