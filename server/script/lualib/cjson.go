package lualib

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// cjson converts between Lua values and JSON as the library of that name. Each instance, see cjson.new, has settings of its own.
type cjson struct {
	null *lua.LUserData // stands for JSON's null

	maxEncodeDepth, maxDecodeDepth int
	precision                      int // of numbers
	keepBuffer                     int // of no consequence here
	encodeInvalid                  int // numbers: refused, as they are, or as null
	decodeInvalid                  int // numbers: refused or accepted
	sparse                         struct {
		convert int // sparse arrays to objects, instead of refusing them
		ratio   int // how many times more than its elements an array is long, to be sparse; 0 for never
		safe    int // how long it may be anyway
	}
}

// The choices for invalid numbers.
const (
	invalidOff = iota
	invalidOn
	invalidNull
)

const maxInt = 1<<31 - 1

// openCJSON sets the library cjson. Its null is also that of cmsgpack.
func (s *library) openCJSON(L *lua.LState) {
	s.null = &lua.LUserData{Metatable: lua.LNil}
	L.G.Global.RawSetString("cjson", s.newCJSON(L))
}

// newCJSON makes an instance with the settings that it has at first.
func (s *library) newCJSON(L *lua.LState) *lua.LTable {
	c := &cjson{null: s.null, maxEncodeDepth: 1000, maxDecodeDepth: 1000, precision: 14, keepBuffer: 1, decodeInvalid: invalidOn}
	c.sparse.ratio, c.sparse.safe = 2, 10
	t := L.CreateTable(0, 16)
	for name, fn := range map[string]lua.LGFunction{
		"encode": c.encode, "decode": c.decode,
		"encode_max_depth":        setting(integer(&c.maxEncodeDepth, 1, maxInt)),
		"decode_max_depth":        setting(integer(&c.maxDecodeDepth, 1, maxInt)),
		"encode_number_precision": setting(integer(&c.precision, 1, 14)),
		"encode_keep_buffer":      setting(choice(&c.keepBuffer, "off", "on")),
		"encode_invalid_numbers":  setting(choice(&c.encodeInvalid, "off", "on", "null")),
		"decode_invalid_numbers":  setting(choice(&c.decodeInvalid, "off", "on")),
		"encode_sparse_array": setting(choice(&c.sparse.convert, "off", "on"), integer(&c.sparse.ratio, 0, maxInt),
			integer(&c.sparse.safe, 0, maxInt)),
		"new": func(L *lua.LState) int {
			L.Push(s.newCJSON(L))
			return 1
		},
	} {
		t.RawSetString(name, L.NewFunction(fn))
	}
	t.RawSetString("null", s.null)
	t.RawSetString("_NAME", lua.LString("cjson"))
	t.RawSetString("_VERSION", lua.LString("2.1.0"))
	return t
}

// setting makes a function that changes settings, one per argument that is not nil, and returns them.
func setting(settings ...func(L *lua.LState, arg int)) lua.LGFunction {
	return func(L *lua.LState) int {
		if L.GetTop() > len(settings) {
			argError(L, len(settings)+1, "found too many arguments")
		}
		L.SetTop(len(settings))
		for i, set := range settings {
			set(L, i+1)
		}
		return len(settings)
	}
}

// integer is a setting between two bounds.
func integer(value *int, low, high int) func(*lua.LState, int) {
	return func(L *lua.LState, arg int) {
		if !absent(L, arg) {
			n := checkInteger(L, arg)
			if n < int64(low) || n > int64(high) {
				argError(L, 1, "expected integer between "+strconv.Itoa(low)+" and "+strconv.Itoa(high))
			}
			*value = int(n)
		}
		L.Push(lua.LNumber(*value))
	}
}

// choice is a setting that is one of some names, of which the first two are also false and true.
func choice(value *int, names ...string) func(*lua.LState, int) {
	return func(L *lua.LState, arg int) {
		switch v := L.Get(arg).(type) {
		case *lua.LNilType:
		case lua.LBool:
			*value = 0
			if v {
				*value = 1
			}
		default:
			*value = checkOption(L, arg, names)
		}
		if *value <= 1 {
			L.Push(lua.LBool(*value == 1))
		} else {
			L.Push(lua.LString(names[*value]))
		}
	}
}

// checkOption returns which of some names an argument is.
func checkOption(L *lua.LState, n int, names []string) int {
	s := checkString(L, n)
	for i, name := range names {
		if s == name {
			return i
		}
	}
	argError(L, n, "invalid option '"+s+"'")
	return 0
}

// one checks that a function has one argument.
func one(L *lua.LState) {
	if L.GetTop() != 1 {
		argError(L, 1, "expected 1 argument")
	}
}
