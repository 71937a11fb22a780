package script

import (
	lua "github.com/yuin/gopher-lua"
)

// Redis's Lua has read-only tables: the globals, the libraries in them and the metatables of both. Here a script gets an empty
// front of each such table instead. Its metatable finds what is in the table behind and refuses to add anything, and the functions
// that look past metatables are wrapped: they see the table behind, or refuse.

const readOnly = "Attempt to modify a readonly table"

// builtins are the globals that Redis leaves to scripts.
var builtins = [...]string{
	"_VERSION", "assert", "bit", "cjson", "cmsgpack", "collectgarbage", "coroutine", "error", "gcinfo", "getmetatable", "ipairs",
	"load", "loadstring", "math", "next", "os", "pairs", "pcall", "rawequal", "rawget", "rawset", "select", "setmetatable", "string",
	"struct", "table", "tonumber", "tostring", "type", "unpack", "xpcall",
}

// deprecated are those it leaves to them if it is told to.
var deprecated = [...]string{"getfenv", "newproxy", "setfenv"}

// guard is what stands between the scripts of a universe and its globals.
type guard struct {
	l       *lua.LState
	globals *lua.LTable // behind _G
	front   *lua.LTable // _G
	meta    *lua.LTable // the metatable of front
	// behind finds the table behind a front.
	behind map[*lua.LTable]*lua.LTable
	// What getmetatable shows of _G and of strings.
	globalsMeta, stringMeta *lua.LTable
	refuse                  *lua.LFunction // __newindex of fronts
}

// newGuard takes the globals of l over. Nothing is protected before close.
func newGuard(l *lua.LState, withDeprecated bool) *guard {
	g := &guard{l: l, globals: l.NewTable(), behind: map[*lua.LTable]*lua.LTable{}}
	g.refuse = l.NewFunction(func(l *lua.LState) int {
		l.RaiseError(readOnly)
		return 0
	})
	was := l.G.Global
	for _, name := range builtins {
		g.globals.RawSetString(name, was.RawGetString(name))
	}
	if withDeprecated {
		for _, name := range deprecated {
			g.globals.RawSetString(name, was.RawGetString(name))
		}
	}
	return g
}

// global adds a global, before close.
func (g *guard) global(name string, v lua.LValue) { g.globals.RawSetString(name, v) }

// set changes a global that only the server changes: KEYS and ARGV.
func (g *guard) set(name string, v lua.LValue) { g.globals.RawSetString(name, v) }

// close protects everything that is in the globals now.
func (g *guard) close() {
	l := g.l
	g.wrapAll()
	g.globals.ForEach(func(k, v lua.LValue) {
		if t, ok := v.(*lua.LTable); ok {
			g.globals.RawSet(k, g.newFront(t))
		}
	})
	missing := l.NewTable()
	missing.RawSetString("__index", l.NewFunction(noSuchGlobal))
	g.globals.Metatable = missing
	g.front = g.newFront(g.globals)
	g.meta = g.front.Metatable.(*lua.LTable)
	g.globals.RawSetString("_G", g.front)
	g.globalsMeta = g.newFront(missing)

	shown := l.NewTable()
	shown.RawSetString("__index", g.globals.RawGetString("string"))
	g.stringMeta = g.newFront(shown)

	l.G.Global = g.front
	l.Env = g.front
}

// newFront makes the front of a table.
func (g *guard) newFront(t *lua.LTable) *lua.LTable {
	meta := g.l.CreateTable(0, 2)
	meta.RawSetString("__index", t)
	meta.RawSetString("__newindex", g.refuse)
	front := g.l.CreateTable(0, 0)
	front.Metatable = meta
	g.behind[front] = t
	return front
}

// show makes scripts see other globals: those of a library while its body runs, or nil for the usual ones.
func (g *guard) show(globals *lua.LTable) {
	if globals == nil {
		globals = g.globals
	}
	g.meta.RawSetString("__index", globals)
}

// noSuchGlobal is called for a global that is not there.
func noSuchGlobal(l *lua.LState) int {
	name, _ := asText(l.Get(2))
	l.RaiseError("Script attempted to access nonexistent global variable '%s'", name)
	return 0
}

// real returns the table behind a front, or nil if v is none.
func (g *guard) real(v lua.LValue) *lua.LTable {
	if t, ok := v.(*lua.LTable); ok {
		return g.behind[t]
	}
	return nil
}

// wrapAll wraps the functions that look past metatables.
func (g *guard) wrapAll() {
	table, _ := g.globals.RawGetString("table").(*lua.LTable)
	for _, name := range [...]string{"rawset", "setmetatable"} {
		g.wrap(g.globals, name, g.refuseFront)
	}
	for _, name := range [...]string{"insert", "remove", "sort", "setn"} {
		g.wrap(table, name, g.refuseFront)
	}
	for _, name := range [...]string{"rawget", "next"} {
		g.wrap(g.globals, name, g.lookBehind)
	}
	for _, name := range [...]string{"foreach", "foreachi", "getn", "maxn", "concat"} {
		g.wrap(table, name, g.lookBehind)
	}
	next := g.globals.RawGetString("next")
	g.wrap(g.globals, "pairs", func(l *lua.LState, call lua.LGFunction) int {
		front := l.Get(1)
		if g.real(front) == nil {
			return call(l)
		}
		l.Push(next)
		l.Push(front)
		l.Push(lua.LNil)
		return 3
	})
	g.wrap(g.globals, "getmetatable", func(l *lua.LState, call lua.LGFunction) int {
		switch v := l.Get(1); {
		case v.Type() == lua.LTString:
			l.Push(g.stringMeta)
		case v == g.front:
			l.Push(g.globalsMeta)
		case g.real(v) != nil:
			l.Push(lua.LNil)
		default:
			return call(l)
		}
		return 1
	})
	g.wrap(g.globals, "pcall", pcall)
	str, _ := g.globals.RawGetString("string").(*lua.LTable)
	g.wrap(str, "dump", dump)
}

// wrap puts with before the function of that name in t, if there is one. with may call it.
func (g *guard) wrap(t *lua.LTable, name string, with func(l *lua.LState, call lua.LGFunction) int) {
	if t == nil {
		return
	}
	fn, ok := t.RawGetString(name).(*lua.LFunction)
	if !ok {
		return
	}
	wrapped := *fn
	wrapped.GFunction = func(l *lua.LState) int { return with(l, fn.GFunction) }
	t.RawSetString(name, &wrapped)
}

// refuseFront keeps a function from changing its first argument if that is read-only.
func (g *guard) refuseFront(l *lua.LState, call lua.LGFunction) int {
	if g.real(l.Get(1)) != nil {
		l.Error(lua.LString(readOnly), 0)
	}
	return call(l)
}

// lookBehind lets a function read the table behind its first argument.
func (g *guard) lookBehind(l *lua.LState, call lua.LGFunction) int {
	if t := g.real(l.Get(1)); t != nil {
		l.Replace(1, t)
	}
	return call(l)
}

// dump is string.dump. Binary code cannot be loaded; it is its signature and nothing else.
func dump(l *lua.LState, call lua.LGFunction) int {
	if fn, ok := l.Get(1).(*lua.LFunction); ok && !fn.IsG {
		l.Push(lua.LString("\x1bLua"))
		return 1
	}
	return call(l)
}

// pcall is Lua's, but an error table is shown as its text, as scripts of old expect.
func pcall(l *lua.LState, call lua.LGFunction) int {
	if l.GetTop() == 0 {
		// Redis finds the place of the result where the function should be.
		l.Push(lua.LFalse)
		l.Push(lua.LString("attempt to call a boolean value"))
		return 2
	}
	n := call(l)
	if n == 2 && l.Get(-2) == lua.LFalse {
		if t, ok := l.Get(-1).(*lua.LTable); ok {
			if text, ok := asText(t.RawGetString("err")); ok {
				l.Pop(1)
				l.Push(lua.LString(text))
			}
		}
	}
	return n
}
