package script

import (
	"maps"
	"strings"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/resp"
	"dragonfly/store/resperr"
)

// functionChunk is the name of a library in its error messages.
const functionChunk = "@user_function"

// loadLimit is how long the body of a library may run.
const loadLimit = 500 * time.Millisecond

// Library is the compiled source of a function library. It does not change, and any number of VMs may load it.
type Library struct {
	Name string
	Code string

	proto   *lua.FunctionProto
	retired atomic.Bool
}

// Retire tells all VMs that the library will not be run again. They forget it when they load another one.
func (lib *Library) Retire() { lib.retired.Store(true) }

// Function is a function as its library registered it.
type Function struct {
	Name           string
	Description    string
	HasDescription bool
	Flags          Flags
}

// NewLibrary reads the first line of a library, "#!lua name=…", and compiles the rest. The error is what the client is answered.
func NewLibrary(code string) (*Library, error) {
	name, end, err := libraryHeader(code)
	if err != nil {
		return nil, err
	}
	lib := &Library{Name: name, Code: code}
	if lib.proto, err = compile(code[end:], functionChunk); err != nil {
		return nil, resperr.FunctionCompile(err)
	}
	return lib, nil
}

// LibraryName is the name in the first line of a library, "" if it has none.
func LibraryName(code string) string {
	name, _, err := libraryHeader(code)
	if err != nil {
		return ""
	}
	return name
}

// libraryHeader reads the first line of a library, and returns where it ends.
func libraryHeader(code string) (name string, end int, err error) {
	if !strings.HasPrefix(code, "#!") {
		return "", 0, resperr.LibraryNoHeader
	}
	end = strings.IndexByte(code, '\n')
	if end < 0 {
		return "", 0, resperr.LibraryHeader
	}
	words, ok := split(code[:end])
	if !ok {
		return "", 0, resperr.LibraryHeader
	}
	named := false
	for _, word := range words[1:] {
		if len(word) < 5 || !strings.EqualFold(word[:5], "name=") {
			return "", 0, resperr.LibraryMetadata(word)
		}
		if named {
			return "", 0, resperr.LibraryTwoNames
		}
		named, name = true, word[5:]
	}
	switch engine := words[0][2:]; {
	case !named:
		return "", 0, resperr.LibraryNoName
	case !validName(name):
		return "", 0, resperr.LibraryBadName
	case !strings.EqualFold(engine, "lua"):
		return "", 0, resperr.LibraryEngine(engine)
	}
	return name, end, nil
}

// split splits a first line into words, which may be in quotes.
func split(line string) ([]string, bool) {
	var p resp.Parser
	args, _, err := p.Next([]byte(line+"\n"), nil, &resp.Limits{})
	if err != nil || len(args) == 0 {
		return nil, false
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = string(a)
	}
	return words, true
}

// validName tells whether a library or function may have that name.
func validName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		default:
			return false
		}
	}
	return s != ""
}

// loaded is a library in a VM: the functions that its body registered there.
type loaded struct {
	functions []Function // in the order of their registration
	callbacks map[string]*lua.LFunction
}

// LoadLibrary runs the body of a library and returns the functions that it registered. The VM keeps them for Run.
func (vm *VM) LoadLibrary(lib *Library) ([]Function, error) {
	l, err := vm.load(lib)
	if err != nil {
		return nil, err
	}
	return l.functions, nil
}

// load returns a library, whose body is run if it was not yet.
func (vm *VM) load(lib *Library) (*loaded, error) {
	if vm.funcs == nil {
		vm.funcs = vm.newUniverse(true)
	}
	u := vm.funcs
	if have := u.libraries[lib]; have != nil {
		return have, nil
	}
	running := vm.running
	vm.running = false
	defer func() {
		vm.running = running
		vm.pulse.begin(0)
	}()
	vm.pulse.begin(loadLimit)
	have := &loaded{callbacks: map[string]*lua.LFunction{}}
	u.body = have
	u.guard.show(u.loading)
	_, fault := vm.protect(u.l, u.l.NewFunctionFromProto(lib.proto))
	u.guard.show(nil)
	u.body = nil
	switch {
	case fault != nil && vm.pulse.dead():
		vm.funcs = nil
		return nil, resperr.FunctionRegister(vm.pulse.Err().Error())
	case fault != nil:
		text, _ := errorText(fault.Value)
		return nil, resperr.FunctionRegister(text)
	case len(have.functions) == 0:
		return nil, resperr.NoFunctions
	}
	maps.DeleteFunc(u.libraries, func(lib *Library, _ *loaded) bool { return lib.retired.Load() })
	u.libraries[lib] = have
	return have, nil
}

// loadGlobals makes the globals of the body of a library: all it sees is a redis table with which it registers its functions.
func (vm *VM) loadGlobals(u *universe) *lua.LTable {
	missing := u.l.NewTable()
	missing.RawSetString("__index", u.l.NewFunction(noSuchGlobal))
	api := u.l.NewTable()
	vm.openCommon(u.l, api)
	api.RawSetString("register_function", u.l.NewFunction(u.register))
	api.Metatable = missing
	globals := u.l.NewTable()
	globals.RawSetString("redis", u.guard.newFront(api))
	globals.Metatable = missing
	return globals
}

// register is redis.register_function. A library may have kept it until one of its functions runs.
func (u *universe) register(l *lua.LState) int {
	if u.body == nil {
		raise(l, "ERR redis.register_function can only be called on FUNCTION LOAD command")
	}
	var f Function
	var callback *lua.LFunction
	switch n := l.GetTop(); {
	case n < 1 || n > 2:
		raise(l, "ERR wrong number of arguments to redis.register_function")
	case n == 1:
		f, callback = named(l)
	default:
		f, callback = positional(l)
	}
	if !validName(f.Name) {
		raise(l, string(resperr.LibraryBadName))
	}
	if u.body.callbacks[f.Name] != nil {
		raise(l, "ERR Function already exists in the library")
	}
	u.body.callbacks[f.Name] = callback
	u.body.functions = append(u.body.functions, f)
	return 0
}

// positional reads register_function(name, callback).
func positional(l *lua.LState) (f Function, callback *lua.LFunction) {
	name, ok := asText(l.Get(1))
	if !ok {
		raise(l, "ERR first argument to redis.register_function must be a string")
	}
	if callback, ok = l.Get(2).(*lua.LFunction); !ok {
		raise(l, "ERR second argument to redis.register_function must be a function")
	}
	f.Name = name
	return f, callback
}

// named reads register_function{function_name=, callback=, description=, flags=}.
func named(l *lua.LState) (f Function, callback *lua.LFunction) {
	t, ok := l.Get(1).(*lua.LTable)
	if !ok {
		raise(l, "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).")
	}
	hasName := false
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		key, isText := asText(k)
		if !isText {
			raise(l, "ERR named argument key given to redis.register_function is not a string")
		}
		switch key {
		case "function_name":
			f.Name, hasName = text(l, v, key), true
		case "description":
			f.Description, f.HasDescription = text(l, v, key), true
		case "callback":
			if callback, ok = v.(*lua.LFunction); !ok {
				raise(l, "ERR callback argument given to redis.register_function must be a function")
			}
		case "flags":
			f.Flags = flags(l, v)
		default:
			raise(l, "ERR unknown argument given to redis.register_function")
		}
	}
	if !hasName {
		raise(l, "ERR redis.register_function must get a function name argument")
	}
	if callback == nil {
		raise(l, "ERR redis.register_function must get a callback argument")
	}
	return f, callback
}

// text reads a named argument that is a string.
func text(l *lua.LState, v lua.LValue, name string) string {
	s, ok := asText(v)
	if !ok {
		raise(l, "ERR "+name+" argument given to redis.register_function must be a string")
	}
	return s
}

// flags reads the argument flags.
func flags(l *lua.LState, v lua.LValue) (f Flags) {
	t, ok := v.(*lua.LTable)
	if !ok {
		raise(l, "ERR flags argument to redis.register_function must be a table representing function flags")
	}
	for i := 1; t.RawGetInt(i) != lua.LNil; i++ {
		name, _ := t.RawGetInt(i).(lua.LString)
		flag, ok := ParseFlag(string(name))
		if !ok || flag&redisFlags == 0 {
			raise(l, "ERR unknown flag given")
		}
		f |= flag
	}
	return f
}
