package lualib

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// Fault is an error that ended a protected call.
type Fault struct {
	Value  lua.LValue // what was thrown: a string, a table, anything
	Source string     // the chunk that was running when it was thrown, "" when it was no Lua function
	Line   int        // the line in it, 0 when not known
}

// Error is the text of the value.
func (f *Fault) Error() string {
	if s, ok := toString(f.Value); ok {
		return s
	}
	return f.Value.String()
}

// maxDepth is how many protected calls, coroutines and callbacks may be within one another, as in Lua.
const maxDepth = 200

// keepThreads is how many idle threads a state keeps.
const keepThreads = 16

// Call calls fn with args in L and returns its results, or the Fault that ended it. Errors that the machine itself throws
// have the texts of Lua 5.1.
func Call(L *lua.LState, fn *lua.LFunction, args ...lua.LValue) ([]lua.LValue, *Fault) {
	s := of(L)
	if _, within := L.GetStack(0); !within {
		s.depth = 0
	}
	th := s.thread(L)
	th.Push(s.enter)
	th.Push(fn)
	for _, arg := range args {
		th.Push(arg)
	}
	if fault := s.run(th, len(args)); fault != nil {
		return nil, fault
	}
	results := make([]lua.LValue, th.GetTop())
	for i := range results {
		results[i] = th.Get(i + 1)
	}
	s.release(th)
	return results, nil
}

func (s *library) openProtected(L *lua.LState) {
	s.enter = L.NewFunction(s.entered)
}

// thread takes a thread for a protected call.
func (s *library) thread(L *lua.LState) *lua.LState {
	n := len(s.threads)
	if n == 0 {
		th := newThread(L)
		s.callers[th] = L
		return th
	}
	th := s.threads[n-1]
	s.threads = s.threads[:n-1]
	s.callers[th] = L
	th.Env = L.Env
	if ctx := L.Context(); ctx != th.Context() {
		th.RemoveContext()
		if ctx != nil {
			th.SetContext(ctx)
		}
	}
	return th
}

// newThread makes a thread with the context of L. Left to itself, gopher-lua would derive a context whose Done is not that of L.
func newThread(L *lua.LState) *lua.LState {
	ctx := L.Context()
	if ctx != nil {
		L.RemoveContext()
	}
	th, _ := L.NewThread()
	if ctx != nil {
		L.SetContext(ctx)
		th.SetContext(ctx)
	}
	return th
}

// release gives a thread back whose call has ended.
func (s *library) release(th *lua.LState) {
	th.SetTop(0)
	delete(s.callers, th)
	if len(s.threads) < keepThreads {
		s.threads = append(s.threads, th)
	}
}

// run calls what is on the stack of a thread with n arguments. The results are on the stack then.
func (s *library) run(th *lua.LState, n int) *Fault {
	depth := s.depth
	err := th.PCall(n+1, lua.MultRet, nil)
	s.depth = depth
	if err == nil {
		return nil
	}
	fault := s.fault
	s.fault = nil
	if fault == nil {
		fault = &Fault{Value: lua.LString(err.Error())}
	}
	s.release(th)
	return fault
}

// entered is the Go function at the bottom of the stack of a protected call, as pcall is in Lua. It gets the function to call and its
// arguments.
func (s *library) entered(L *lua.LState) int {
	L.Panic = s.thrown
	defer s.panicked(L)
	L.Call(L.GetTop()-1, lua.MultRet)
	return L.GetTop()
}

// thrown is called by gopher-lua with an error on the top of the stack, when the closures of the functions that it ends have got
// their variables.
func (s *library) thrown(L *lua.LState) {
	s.fault = describe(L, L.Get(-1))
	// With a stack trace of its own, gopher-lua makes none.
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: s.fault.Value, StackTrace: "-"})
}

// panicked makes an error of a panic in gopher-lua: of what it does not check, like the size of its stack. A panic of ours is none.
func (s *library) panicked(L *lua.LState) {
	switch p := recover().(type) {
	case nil:
	case *lua.ApiError:
		panic(p)
	default:
		text := fmt.Sprint(p)
		if text == "lua callstack overflow" {
			text = "stack overflow"
		}
		throw(L, lua.LString(where(L, 0)+text))
	}
}

// deeper counts a level of protected calls, coroutines or callbacks. What counted it takes it back.
func (s *library) deeper(L *lua.LState) {
	if s.depth >= maxDepth {
		raise(L, "C stack overflow")
	}
	s.depth++
}

// pcall is Lua's.
func (s *library) pcall(L *lua.LState) int {
	checkAny(L, 1)
	fault := s.protected(L, 1)
	if fault != nil {
		L.Push(lua.LFalse)
		L.Push(fault.Value)
		return 2
	}
	return L.GetTop()
}

// protected calls the value at index i of the stack with all behind it. It leaves true and the results as the whole stack.
func (s *library) protected(L *lua.LState, i int) *Fault {
	if s.depth >= maxDepth {
		return &Fault{Value: lua.LString("C stack overflow")}
	}
	if fn := L.Get(i); fn.Type() != lua.LTFunction && L.GetMetaField(fn, "__call").Type() != lua.LTFunction {
		return &Fault{Value: lua.LString("attempt to call a " + fn.Type().String() + " value")}
	}
	s.depth++
	th := s.thread(L)
	th.Push(s.enter)
	n := L.GetTop() - i
	for ; i <= L.GetTop(); i++ {
		th.Push(L.Get(i))
	}
	fault := s.run(th, n)
	s.depth--
	if fault != nil {
		return fault
	}
	L.SetTop(0)
	L.Push(lua.LTrue)
	for i, n := 1, th.GetTop(); i <= n; i++ {
		L.Push(th.Get(i))
	}
	s.release(th)
	return nil
}

// xpcall is Lua's, but the handler is called when the stack of the error is gone: without the debug library it cannot tell.
func (s *library) xpcall(L *lua.LState) int {
	handler := checkAny(L, 2)
	fn := L.Get(1)
	L.SetTop(0)
	L.Push(fn)
	fault := s.protected(L, 1)
	if fault == nil {
		return L.GetTop()
	}
	result := lua.LValue(lua.LString("error in error handling"))
	if handler.Type() == lua.LTFunction {
		L.SetTop(0)
		L.Push(handler)
		L.Push(fault.Value)
		if s.protected(L, 1) == nil {
			result = L.Get(2)
		}
	}
	L.Push(lua.LFalse)
	L.Push(result)
	return 2
}
