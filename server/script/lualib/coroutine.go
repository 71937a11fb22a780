package lualib

import (
	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// Coroutines are gopher-lua's, started and stopped by its own functions. Around them we see to it that they have the context of
// their state, that their errors are described like those of protected calls, and that they yield only where they can.
//
// The first function of a coroutine is ours. It yields at once, within create: from then on gopher-lua leaves the function that
// describes errors in its place.
const startSource = "local fn, yield = ... return fn(yield())"

func (s *library) openCoroutine(L *lua.LState, originals *lua.LTable) {
	create := originals.RawGetString("create").(*lua.LFunction).GFunction
	s.resumed = originals.RawGetString("resume").(*lua.LFunction).GFunction
	s.yield = L.NewFunction(originals.RawGetString("yield").(*lua.LFunction).GFunction)
	proto, err := Compile(startSource, "=coroutine")
	if err != nil {
		panic("lualib: the start of a coroutine does not compile: " + err.Error())
	}
	s.start = L.NewFunctionFromProto(proto)
	newCoroutine := func(L *lua.LState) *lua.LState { return s.create(L, create) }
	module(L, "coroutine", map[string]lua.LGFunction{
		"create": func(L *lua.LState) int {
			L.Push(newCoroutine(L))
			return 1
		},
		"wrap": func(L *lua.LState) int {
			co := newCoroutine(L)
			L.Push(L.NewClosure(s.wrapped, co))
			return 1
		},
		"resume":  s.resume,
		"yield":   yield,
		"status":  status,
		"running": running,
	})
}

// create makes the coroutine of the function that is the first argument.
func (s *library) create(L *lua.LState, create lua.LGFunction) *lua.LState {
	fn, ok := L.Get(1).(*lua.LFunction)
	if !ok || fn.IsG {
		argError(L, 1, "Lua function expected")
	}
	L.SetTop(0)
	L.Push(s.start)
	ctx := L.Context()
	if ctx != nil {
		L.RemoveContext()
	}
	create(L)
	if ctx != nil {
		L.SetContext(ctx)
	}
	co := L.Get(-1).(*lua.LState)
	if ctx != nil {
		co.SetContext(ctx)
	}
	s.switchTo(L, co, fn, s.yield)
	co.Panic = s.thrown
	L.SetTop(0)
	return co
}

// switchTo resumes a coroutine with args, and returns what gopher-lua's function does: that many values on the stack, of
// which the first tells whether it went well.
func (s *library) switchTo(L, co *lua.LState, args ...lua.LValue) int {
	L.SetTop(0)
	L.Push(co)
	for _, arg := range args {
		L.Push(arg)
	}
	current, depth := L.G.CurrentThread, s.depth
	n := s.resumed(L)
	L.G.CurrentThread, s.depth = current, depth
	return n
}

// resumable tells why a coroutine cannot be resumed, or nothing.
func resumable(L, co *lua.LState) string {
	if now := state(L, co); now != "suspended" {
		return "cannot resume " + now + " coroutine"
	}
	return ""
}

// resume is coroutine.resume.
func (s *library) resume(L *lua.LState) int {
	co, ok := L.Get(1).(*lua.LState)
	if !ok {
		argError(L, 1, "coroutine expected")
	}
	return s.proceed(L, co, rest(L, 2))
}

// proceed resumes a coroutine, if it can be.
func (s *library) proceed(L, co *lua.LState, args []lua.LValue) int {
	why := resumable(L, co)
	if why == "" && s.depth >= maxDepth {
		why = "C stack overflow"
	}
	if why != "" {
		L.Push(lua.LFalse)
		L.Push(lua.LString(why))
		return 2
	}
	s.depth++
	n := s.switchTo(L, co, args...)
	s.depth--
	s.fault = nil
	return n
}

// rest are the arguments from the n-th on.
func rest(L *lua.LState, n int) []lua.LValue {
	var list []lua.LValue
	for ; n <= L.GetTop(); n++ {
		list = append(list, L.Get(n))
	}
	return list
}

// wrapped is the function that coroutine.wrap returns.
func (s *library) wrapped(L *lua.LState) int {
	co := L.Get(lua.UpvalueIndex(1)).(*lua.LState)
	n := s.proceed(L, co, rest(L, 1))
	top := L.GetTop()
	if L.Get(top-n+1) == lua.LTrue {
		return n - 1
	}
	err := L.Get(top)
	if text, ok := err.(lua.LString); ok {
		err = lua.LString(where(L, 1)) + text
	}
	throw(L, err)
	return 0
}

// yield is coroutine.yield.
func yield(L *lua.LState) int {
	if L.Parent == nil || crossesGo(L) {
		throw(L, lua.LString("attempt to yield across metamethod/C-call boundary"))
	}
	return -1
}

// crossesGo tells whether a Go function is among those that yield would leave, or a call that gopher-lua makes in Go: that of
// a metamethod or of the generator of a for.
func crossesGo(L *lua.LState) bool {
	for level := 1; ; level++ {
		f, ok := at(L, level)
		if !ok {
			return false
		}
		if !f.goes() {
			return true
		}
		switch f.op() {
		case lua.OP_CALL, lua.OP_TAILCALL:
		default:
			return true
		}
		if f.fn.Proto.SourceName == luac.ChunkID("=coroutine") {
			return false
		}
	}
}

func status(L *lua.LState) int {
	co, ok := L.Get(1).(*lua.LState)
	if !ok {
		argError(L, 1, "coroutine expected")
	}
	L.Push(lua.LString(state(L, co)))
	return 1
}

// state is the status of a coroutine.
func state(L, co *lua.LState) string {
	switch {
	case co.Dead:
		return "dead"
	case co == L.G.CurrentThread:
		return "running"
	case co.Parent != nil:
		return "normal"
	}
	return "suspended"
}

func running(L *lua.LState) int {
	if L.G.CurrentThread == L.G.MainThread {
		L.Push(lua.LNil)
	} else {
		L.Push(L.G.CurrentThread)
	}
	return 1
}
