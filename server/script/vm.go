package script

import (
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/reply"
	"dragonfly/server/script/lualib"
	"dragonfly/store/resperr"
)

// VM runs scripts, one at a time. It keeps what it has compiled and loaded between runs, so one VM per executor is meant
// to be used again and again. It is not safe for concurrent use.
type VM struct {
	host   Host
	opt    Options
	pulse  pulse
	random random

	eval  *universe // of EVAL; nil until it is needed, and after a run that may have left it in pieces
	funcs *universe // of function libraries

	// The state of the run.
	resp    int  // the protocol of the replies that redis.call gets, as redis.setresp wants it
	running bool // a script or function, not the body of a library
	crash   any  // what the host panicked with, nil if it did not

	// Buffers of redis.call.
	args   [][]byte
	joined []byte
	ends   []int
	reply  []byte
}

// The sizes of a Lua stack. Redis's Lua fails with a stack overflow at 20000 calls; where values are meant, it takes a few hundred
// for a coroutine to begin with, and a million is what 20000 calls may need.
const (
	maxCalls      = 20000
	initialValues = 256
	valuesStep    = 4096
	maxValues     = 1 << 20
)

// NewVM makes a VM whose scripts run on a host. It builds its Lua when the first script runs.
func NewVM(host Host, opt Options) *VM {
	if opt.Memory <= 0 {
		opt.Memory = DefaultMemory
	}
	vm := &VM{host: host, opt: opt}
	vm.pulse.vm = vm
	vm.random.seed(int32(time.Now().UnixNano()))
	return vm
}

// universe is one set of globals with all that was made in it. Scripts of EVAL share one, libraries of functions another.
type universe struct {
	l     *lua.LState
	guard *guard
	// functions are the scripts that were run here, ready to be run again.
	functions map[*Script]*lua.LFunction
	libraries map[*Library]*loaded
	loading   *lua.LTable // the globals of the body of a library
	body      *loaded     // the library whose body is running; nil for none
}

// maxFunctions is how many scripts a universe keeps ready before it forgets them: the cache may have dropped them long ago.
const maxFunctions = 1000

func (vm *VM) newUniverse(functions bool) *universe {
	l := lua.NewState(lua.Options{
		SkipOpenLibs: true, MinimizeStackMemory: true, CallStackSize: maxCalls,
		RegistrySize: initialValues, RegistryGrowStep: valuesStep, RegistryMaxSize: maxValues,
	})
	l.SetContext(&vm.pulse)
	lualib.Open(l, lualib.Options{MaxString: int(min(vm.opt.Memory, 512<<20))})
	u := &universe{l: l, functions: map[*Script]*lua.LFunction{}, libraries: map[*Library]*loaded{}}
	vm.openMath(l)
	u.guard = newGuard(l, vm.opt.Deprecated)
	u.guard.global("redis", vm.openRedis(l))
	if !functions {
		u.guard.global("__redis__err__handler", l.NewFunction(wrapError))
	}
	u.guard.close()
	if functions {
		u.loading = vm.loadGlobals(u)
	}
	return u
}

// Run runs a script or function and writes its reply, in the protocol of w.
func (vm *VM) Run(r Run, w *reply.Writer) Outcome {
	vm.resp, vm.running = 2, true
	defer func() { vm.running = false }()
	vm.pulse.begin(0)
	if r.Script != nil {
		return vm.runScript(r, w)
	}
	return vm.runFunction(r, w)
}

func (vm *VM) runScript(r Run, w *reply.Writer) Outcome {
	if vm.eval == nil {
		vm.eval = vm.newUniverse(false)
	}
	u := vm.eval
	fn := u.functions[r.Script]
	if fn == nil {
		if len(u.functions) >= maxFunctions {
			clear(u.functions)
		}
		fn = u.l.NewFunctionFromProto(r.Script.proto)
		u.functions[r.Script] = fn
	}
	u.guard.set("KEYS", list(u.l, r.Keys))
	u.guard.set("ARGV", list(u.l, r.Args))
	outcome := vm.finish(u, r.Script.SHA, w, fn)
	r.Script.ran(time.Since(vm.pulse.start))
	u.guard.set("KEYS", lua.LNil) // they may be large
	u.guard.set("ARGV", lua.LNil)
	if vm.worn() {
		vm.eval = nil
	}
	return outcome
}

func (vm *VM) runFunction(r Run, w *reply.Writer) Outcome {
	lib, err := vm.load(r.Library)
	if err != nil {
		w.Err(err)
		return Failed
	}
	fn := lib.callbacks[r.Function]
	if fn == nil {
		w.Err(resperr.FunctionNotFound)
		return Failed
	}
	u := vm.funcs
	outcome := vm.finish(u, r.Function, w, fn, list(u.l, r.Keys), list(u.l, r.Args))
	if vm.pulse.err == resperr.ScriptMemory {
		vm.funcs = nil // with what its libraries have kept
	}
	return outcome
}

// worn tells whether the universe of the last script is not worth to be kept: it was ended in the middle of something, or took so much
// memory that its stacks may be large.
func (vm *VM) worn() bool { return vm.pulse.dead() || vm.pulse.memory.took() > maxStacks }

// maxStacks is what a run may take before the stacks that it has left behind are freed.
const maxStacks = 32 << 20

// finish calls a function and writes its result.
func (vm *VM) finish(u *universe, name string, w *reply.Writer, fn *lua.LFunction, args ...lua.LValue) Outcome {
	results, fault := vm.protect(u.l, fn, args...)
	if fault != nil {
		text, counted := vm.describe(fault, name)
		w.Err(resperr.Error(text))
		if counted {
			return Counted
		}
		return Failed
	}
	var result lua.LValue = lua.LNil
	if len(results) > 0 {
		result = results[0]
	}
	c := converter{vm: vm, w: w}
	return c.reply(result)
}

// protect calls a function. A panic of the host is raised again here, behind Lua's frames.
func (vm *VM) protect(l *lua.LState, fn *lua.LFunction, args ...lua.LValue) ([]lua.LValue, *lualib.Fault) {
	vm.crash = nil
	results, fault := lualib.Call(l, fn, args...)
	if vm.crash != nil {
		panic(vm.crash)
	}
	if fault == nil && vm.pulse.dead() {
		fault = &lualib.Fault{} // it ended before the next instruction would have told it
	}
	return results, fault
}

// keepCrash notes a panic of the host before Lua takes it for an error of the script.
func (vm *VM) keepCrash() {
	if p := recover(); p != nil {
		vm.crash = fmt.Sprintf("%v\n\n%s", p, debug.Stack())
		vm.pulse.kill(resperr.Error("ERR internal error"))
		panic(p)
	}
}

// describe makes the text of the error reply from what ended a script, and tells whether that is the error of a command which the
// host has counted.
func (vm *VM) describe(f *lualib.Fault, name string) (text string, counted bool) {
	if err := vm.pulse.Err(); err != nil {
		text = err.Error()
	} else {
		text, counted = errorText(f.Value)
	}
	if f.Line > 0 {
		text += " script: " + name + ", on " + f.Source + ":" + strconv.Itoa(f.Line) + "."
	}
	return text, counted
}

// errorText is the text of what was thrown.
func errorText(v lua.LValue) (text string, counted bool) {
	t, ok := v.(*lua.LTable)
	if !ok {
		text, ok := asText(v)
		if !ok {
			text = v.String()
		}
		return "ERR " + text, false
	}
	counted = lua.LVAsBool(t.RawGetString(countedField))
	if text, ok := stringField(t, "err"); ok {
		return text, counted
	}
	return "ERR unknown error", counted
}

// list makes the table of KEYS or ARGV.
func list(l *lua.LState, items [][]byte) *lua.LTable {
	t := l.CreateTable(len(items), 0)
	for _, item := range items {
		t.Append(lua.LString(item))
	}
	return t
}
