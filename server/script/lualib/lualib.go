package lualib

import (
	"sync"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// Options bound what a script may ask of one library call.
type Options struct {
	// MaxString is the longest string a library function or a concatenation makes, at least 64 KiB. Zero means 512 MiB.
	MaxString int
}

const (
	defaultMaxString = 512 << 20
	leastMaxString   = 64 << 10 // up to here nothing is checked
)

// library is what the functions of one state share.
type library struct {
	max     int                         // length of a string
	threads []*lua.LState               // idle, for protected calls
	depth   int                         // of protected calls, coroutines and callbacks within one another
	fault   *Fault                      // of the error that is on its way
	callers map[*lua.LState]*lua.LState // of the threads of protected calls, where they were called
	enter   *lua.LFunction
	start   *lua.LFunction // the body of every coroutine, see coroutine.go
	yield   *lua.LFunction
	resumed lua.LGFunction // gopher-lua's own coroutine.resume
	null    *lua.LUserData // cjson.null
}

// registryKey is where a state keeps its library.
const registryKey = "dragonfly.lualib"

// of finds the library of a state.
func of(L *lua.LState) *library {
	return L.G.Registry.RawGetString(registryKey).(*lua.LUserData).Value.(*library)
}

// limitArrays keeps tables from growing to the size of any index that is set. See maxArray.
var limitArrays = sync.OnceFunc(func() { lua.MaxArrayIndex = maxArray })

// Open sets the standard libraries, cjson, cmsgpack, struct and bit in the globals of L. It sets nothing that reaches outside the
// process except os.clock, no random functions, and no redis table.
func Open(L *lua.LState, opt Options) {
	limitArrays()
	s := &library{max: max(opt.MaxString, leastMaxString), callers: map[*lua.LState]*lua.LState{}}
	if opt.MaxString <= 0 {
		s.max = defaultMaxString
	}
	L.G.Registry.RawSetString(registryKey, &lua.LUserData{Value: s, Metatable: lua.LNil})
	L.G.MainThread, L.G.CurrentThread = L, L
	base, coroutines := originals(L)
	s.openProtected(L)
	s.openBase(L, base)
	s.openCoroutine(L, coroutines)
	s.openString(L)
	s.openTable(L)
	openMath(L)
	openOS(L)
	openBit(L)
	s.openStruct(L)
	s.openCJSON(L)
	s.openCMsgpack(L)
}

// originals are gopher-lua's libraries, of which some functions are used.
func originals(L *lua.LState) (base, coroutines *lua.LTable) {
	globals, registry := L.G.Global, L.G.Registry
	defer func() { L.G.Global, L.G.Registry = globals, registry }()
	L.G.Global, L.G.Registry = L.CreateTable(0, 0), L.CreateTable(0, 0)
	lua.OpenBase(L)
	lua.OpenCoroutine(L)
	L.SetTop(0)
	base = L.G.Global
	coroutines = base.RawGetString("coroutine").(*lua.LTable)
	return base, coroutines
}

// module sets a library in the globals.
func module(L *lua.LState, name string, functions map[string]lua.LGFunction) *lua.LTable {
	t := L.CreateTable(0, len(functions))
	for name, fn := range functions {
		t.RawSetString(name, L.NewFunction(fn))
	}
	L.G.Global.RawSetString(name, t)
	return t
}

// Compile compiles source, whose name is as Lua has it: "@user_script" is shown as user_script in errors, "=name" as name,
// and anything else is taken for the source itself. Any number of states may share the prototype. An error has the text of
// Lua 5.1: "user_script:1: what near 'token'".
func Compile(source, name string) (*lua.FunctionProto, error) {
	return luac.Compile(source, name, operators())
}

// operators are the functions that the compiler puts in the place of operators.
func operators() *luac.Hooks {
	hook := func(fn lua.LGFunction) *lua.LFunction { return &lua.LFunction{IsG: true, GFunction: fn} }
	return &luac.Hooks{
		Concat: hook(concat), Length: hook(length), Join: hook(join),
		ForInit:  hook(bound("'for' initial value must be a number")),
		ForLimit: hook(bound("'for' limit must be a number")),
		ForStep:  hook(bound("'for' step must be a number")),
	}
}

// AppendNumber appends a number as tostring shows it.
func AppendNumber(dst []byte, f float64) []byte { return luac.AppendNumber(dst, f) }

// ParseNumber converts a string where Lua takes it for a number.
func ParseNumber(s string) (float64, bool) { return luac.ParseNumber(s) }
