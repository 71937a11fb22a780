package lualib

import (
	"runtime"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openBase sets the basic functions. Those that reach around a script, getfenv, setfenv and newproxy, are gopher-lua's.
func (s *library) openBase(L *lua.LState, originals *lua.LTable) {
	globals := L.G.Global
	globals.RawSetString("_G", globals)
	globals.RawSetString("_VERSION", lua.LString("Lua 5.1"))
	for _, name := range [...]string{"getfenv", "setfenv", "newproxy"} {
		globals.RawSetString(name, originals.RawGetString(name))
	}
	for name, fn := range map[string]lua.LGFunction{
		"assert": assert, "collectgarbage": collectGarbage, "error": throwError, "gcinfo": gcInfo, "getmetatable": getMetatable,
		"load": s.load, "loadstring": loadString, "next": next, "pcall": s.pcall, "rawequal": rawEqual, "rawget": rawGet,
		"rawset": rawSet, "select": selectArgs, "setmetatable": setMetatable, "tonumber": toNumberFunc, "tostring": toStringFunc,
		"type": typeOf, "unpack": unpack, "xpcall": s.xpcall,
	} {
		globals.RawSetString(name, L.NewFunction(fn))
	}
	globals.RawSetString("ipairs", L.NewClosure(ipairs, L.NewFunction(ipairsNext)))
	globals.RawSetString("pairs", L.NewClosure(pairs, globals.RawGetString("next")))
}

func assert(L *lua.LState) int {
	if !lua.LVAsBool(checkAny(L, 1)) {
		raise(L, optString(L, 2, "assertion failed!"))
	}
	return L.GetTop()
}

// collectGarbage measures the memory of the process. There is nothing else a script may tell Go's collector.
func collectGarbage(L *lua.LState) int {
	switch option := optString(L, 1, "collect"); option {
	case "count":
		L.Push(lua.LNumber(heap() / 1024))
	case "collect", "stop", "restart", "setpause", "setstepmul":
		L.Push(lua.LNumber(0))
	case "step":
		L.Push(lua.LTrue)
	default:
		argError(L, 1, "invalid option '"+option+"'")
	}
	return 1
}

func gcInfo(L *lua.LState) int {
	L.Push(lua.LNumber(int(heap() / 1024)))
	return 1
}

// heap is the memory of the process, in bytes.
func heap() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func throwError(L *lua.LState) int {
	level := optInt(L, 2, 1)
	v := L.Get(1)
	if s, ok := toString(v); ok && level > 0 {
		v = lua.LString(where(L, level) + s)
	}
	throw(L, v)
	return 0
}

func getMetatable(L *lua.LState) int {
	L.Push(L.GetMetatable(checkAny(L, 1)))
	return 1
}

func setMetatable(L *lua.LState) int {
	t := checkTable(L, 1)
	mt := L.Get(2)
	if L.GetTop() < 2 || mt != lua.LNil && mt.Type() != lua.LTTable {
		argError(L, 2, "nil or table expected")
	}
	if old, ok := t.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		raise(L, "cannot change a protected metatable")
	}
	t.Metatable = mt
	L.Push(t)
	return 1
}

// load compiles what a function returns piece by piece. What that throws is returned.
func (s *library) load(L *lua.LState) int {
	fn := checkFunction(L, 1)
	name := optString(L, 2, "=(load)")
	var source strings.Builder
	for {
		L.SetTop(0)
		L.Push(fn)
		if fault := s.protected(L, 1); fault != nil {
			return notLoaded(L, fault.Value)
		}
		piece := L.Get(2)
		text, ok := toString(piece)
		if piece != lua.LNil && !ok {
			return notLoaded(L, lua.LString(where(L, 1)+"reader function must return a string"))
		}
		if text == "" {
			return loaded(L, source.String(), name)
		}
		checkSize(L, source.Len()+len(text))
		source.WriteString(text)
	}
}

// notLoaded pushes nil and why.
func notLoaded(L *lua.LState, why lua.LValue) int {
	L.Push(lua.LNil)
	L.Push(why)
	return 2
}

func loadString(L *lua.LState) int {
	source := checkString(L, 1)
	return loaded(L, source, optString(L, 2, source))
}

// maxSource is the longest source that a script may compile: it cannot be ended meanwhile.
const maxSource = 4 << 20

// loaded pushes the function that was compiled, or nil and an error.
func loaded(L *lua.LState, source, name string) int {
	if len(source) > maxSource {
		return notLoaded(L, lua.LString("chunk is too long"))
	}
	proto, err := Compile(source, name)
	if err != nil {
		return notLoaded(L, lua.LString(err.Error()))
	}
	L.Push(L.NewFunctionFromProto(proto))
	return 1
}

func next(L *lua.LState) int {
	t := checkTable(L, 1)
	k, v := t.Next(L.Get(2))
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

func ipairs(L *lua.LState) int {
	t := checkTable(L, 1)
	L.Push(L.Get(lua.UpvalueIndex(1)))
	L.Push(t)
	L.Push(lua.LNumber(0))
	return 3
}

func ipairsNext(L *lua.LState) int {
	i := checkInt(L, 2) + 1
	v := element(checkTable(L, 1), i)
	if v == lua.LNil {
		return 0
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

func pairs(L *lua.LState) int {
	t := checkTable(L, 1)
	L.Push(L.Get(lua.UpvalueIndex(1)))
	L.Push(t)
	L.Push(lua.LNil)
	return 3
}

func rawEqual(L *lua.LState) int {
	L.Push(lua.LBool(L.RawEqual(checkAny(L, 1), checkAny(L, 2))))
	return 1
}

func rawGet(L *lua.LState) int {
	t := checkTable(L, 1)
	L.Push(t.RawGet(checkAny(L, 2)))
	return 1
}

func rawSet(L *lua.LState) int {
	t := checkTable(L, 1)
	key, v := checkAny(L, 2), checkAny(L, 3)
	if n, ok := key.(lua.LNumber); ok && n != n {
		throw(L, lua.LString("table index is NaN"))
	}
	if key == lua.LNil {
		throw(L, lua.LString("table index is nil"))
	}
	t.RawSet(key, v)
	L.Push(t)
	return 1
}

func selectArgs(L *lua.LState) int {
	n := L.GetTop()
	if s, ok := L.Get(1).(lua.LString); ok && strings.HasPrefix(string(s), "#") {
		L.Push(lua.LNumber(n - 1))
		return 1
	}
	i := checkInt(L, 1)
	if i < 0 {
		i = n + i
	} else if i > n {
		i = n
	}
	if i < 1 {
		argError(L, 1, "index out of range")
	}
	return n - i
}

// maxBase is the highest base of tonumber.
const maxBase = 36

func toNumberFunc(L *lua.LState) int {
	base := optInt(L, 2, 10)
	if base == 10 {
		f, ok := toNumber(checkAny(L, 1))
		if !ok {
			L.Push(lua.LNil)
		} else {
			L.Push(lua.LNumber(f))
		}
		return 1
	}
	s := checkString(L, 1)
	if base < 2 || base > maxBase {
		argError(L, 2, "base out of range")
	}
	n, ok := parseUnsigned(s, base)
	if !ok {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(n))
	}
	return 1
}

// parseUnsigned converts a string to an integer as C's strtoul does: a sign wraps around, what is too large becomes the largest.
func parseUnsigned(s string, base int) (float64, bool) {
	s, _, _ = strings.Cut(s, "\x00")
	const blanks = " \t\n\v\f\r"
	s = strings.Trim(s, blanks)
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	if s == "" || s[0] == '+' || s[0] == '-' || strings.Contains(s, "_") {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 64)
	if err != nil && n == 0 {
		return 0, false
	}
	if negative && err == nil {
		n = -n
	}
	return float64(n), true
}

func toStringFunc(L *lua.LState) int {
	L.Push(stringOf(L, checkAny(L, 1)))
	return 1
}

// stringOf is what tostring makes of a value.
func stringOf(L *lua.LState, v lua.LValue) lua.LValue {
	if fn := L.GetMetaField(v, "__tostring"); fn != lua.LNil {
		return call(L, fn, v)
	}
	if s, ok := toString(v); ok {
		return lua.LString(s)
	}
	if v == lua.LValue(of(L).null) {
		return lua.LString("userdata: (nil)") // C shows a null pointer so
	}
	return lua.LString(v.String())
}

func typeOf(L *lua.LState) int {
	L.Push(lua.LString(checkAny(L, 1).Type().String()))
	return 1
}

// maxResults is how many values a Lua function has room for.
const maxResults = 8000

func unpack(L *lua.LState) int {
	t := checkTable(L, 1)
	i := optInt(L, 2, 1)
	e := 0
	if absent(L, 3) {
		e = tableLength(t)
	} else {
		e = checkInt(L, 3)
	}
	if i > e {
		return 0
	}
	n := e - i + 1
	if L.GetTop()+n > maxResults {
		raise(L, "too many results to unpack")
	}
	for ; i <= e; i++ {
		L.Push(t.RawGet(lua.LNumber(i)))
	}
	return n
}
