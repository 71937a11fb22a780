package lualib

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// frame is a function that is being called.
type frame struct {
	fn *lua.LFunction
	pc int // of its instruction; of no meaning for a Go function
	// debug is how gopher-lua hands out its registers.
	debug *lua.Debug
}

// at finds the function at a level: 0 is the running one, 1 its caller.
func at(L *lua.LState, level int) (frame, bool) {
	dbg, ok := L.GetStack(level)
	if !ok {
		return behind(L, level)
	}
	fn, err := L.GetInfo("f", dbg, nil)
	if err != nil {
		return frame{}, false
	}
	// The program counter is the one thing gopher-lua does not tell. A test holds the fields in their place.
	pc := reflect.ValueOf(dbg).Elem().FieldByName("frame").Elem().FieldByName("Pc").Int()
	return frame{fn.(*lua.LFunction), int(pc) - 1, dbg}, true
}

// behind finds a function at a level that is not on the stack of L, as that belongs to a protected call. The function at its
// bottom is the one that the stack of its caller has on its top.
func behind(L *lua.LState, level int) (frame, bool) {
	caller := of(L).callers[L]
	if caller == nil || level < 0 || level > maxLevel {
		return frame{}, false
	}
	depth := 0
	for _, ok := L.GetStack(depth); ok; _, ok = L.GetStack(depth) {
		depth++
	}
	return at(caller, level-depth+1)
}

// maxLevel is how far error looks for the function that its level means.
const maxLevel = 200

// goes tells whether the frame is a Lua function in the middle of an instruction.
func (f frame) goes() bool {
	return f.fn != nil && !f.fn.IsG && f.pc >= 0 && f.pc < len(f.fn.Proto.Code)
}

// op is the operation of the instruction.
func (f frame) op() int { return luac.OpCode(f.fn.Proto.Code[f.pc]) }

// name is how errors call an operand of the instruction.
func (f frame) name(operand int) string { return luac.Name(f.fn.Proto, f.pc, operand) }

// register returns the value in a register, nil if it is not there.
func (f frame) register(L *lua.LState, n int) lua.LValue {
	if name, v := L.GetLocal(f.debug, n+1); name != "" {
		return v
	}
	return nil
}

// position is where the frame is: its chunk and line, 0 if it is no Lua function.
func (f frame) position() (chunk string, line int) {
	if !f.goes() {
		return "", 0
	}
	return f.fn.Proto.SourceName, f.fn.Proto.DbgSourcePositions[f.pc]
}

// prefix is the position as it begins an error text, or nothing.
func (f frame) prefix() string {
	chunk, line := f.position()
	if line == 0 {
		return ""
	}
	return chunk + ":" + strconv.Itoa(line) + ": "
}

// where is the position of the function at a level, as it begins an error text.
func where(L *lua.LState, level int) string {
	f, _ := at(L, level)
	return f.prefix()
}

// raise throws an error of a library function, with the position of its caller.
func raise(L *lua.LState, msg string) { throw(L, lua.LString(where(L, 1)+msg)) }

// throw throws any value as it is.
func throw(L *lua.LState, v lua.LValue) { L.Error(v, 0) }

// argError throws the error of an argument.
func argError(L *lua.LState, n int, msg string) {
	name := "?"
	if f, ok := at(L, 1); ok && f.goes() {
		switch f.op() {
		case lua.OP_CALL, lua.OP_TAILCALL:
			full := f.name(luac.Callee)
			if kind, rest, ok := strings.Cut(full, " '"); ok {
				name = strings.TrimSuffix(rest, "'")
				if kind == "method" {
					if n--; n == 0 {
						raise(L, "calling '"+name+"' on bad self ("+msg+")")
					}
				}
			}
		case lua.OP_TFORLOOP:
			name = "(for generator)"
		}
	}
	raise(L, "bad argument #"+strconv.Itoa(n)+" to '"+name+"' ("+msg+")")
}

// typeError throws the error of an argument of the wrong type.
func typeError(L *lua.LState, n int, want string) {
	argError(L, n, want+" expected, got "+typeName(L, n))
}

// typeName is what errors call the type of an argument.
func typeName(L *lua.LState, n int) string {
	if n > L.GetTop() {
		return "no value"
	}
	return L.Get(n).Type().String()
}

// absent tells whether an optional argument is not there.
func absent(L *lua.LState, n int) bool { return L.Get(n) == lua.LNil }

func checkAny(L *lua.LState, n int) lua.LValue {
	if n > L.GetTop() {
		argError(L, n, "value expected")
	}
	return L.Get(n)
}

func checkTable(L *lua.LState, n int) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		typeError(L, n, "table")
	}
	return t
}

func checkFunction(L *lua.LState, n int) *lua.LFunction {
	fn, ok := L.Get(n).(*lua.LFunction)
	if !ok {
		typeError(L, n, "function")
	}
	return fn
}

// toString converts what Lua takes for a string.
func toString(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		var buf [32]byte
		return string(luac.AppendNumber(buf[:0], float64(v))), true
	}
	return "", false
}

// toNumber converts what Lua takes for a number.
func toNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return luac.ParseNumber(string(v))
	}
	return 0, false
}

func checkString(L *lua.LState, n int) string {
	s, ok := toString(L.Get(n))
	if !ok {
		typeError(L, n, "string")
	}
	return s
}

func optString(L *lua.LState, n int, otherwise string) string {
	if absent(L, n) {
		return otherwise
	}
	return checkString(L, n)
}

func checkNumber(L *lua.LState, n int) float64 {
	f, ok := toNumber(L.Get(n))
	if !ok {
		typeError(L, n, "number")
	}
	return f
}

// checkInteger returns an argument as the integer that C makes of the number.
func checkInteger(L *lua.LState, n int) int64 { return toInteger(checkNumber(L, n)) }

func optInteger(L *lua.LState, n int, otherwise int64) int64 {
	if absent(L, n) {
		return otherwise
	}
	return checkInteger(L, n)
}

// checkInt returns an argument as the int that C makes of the number: what does not fit is cut.
func checkInt(L *lua.LState, n int) int { return int(int32(checkInteger(L, n))) }

func optInt(L *lua.LState, n int, otherwise int) int {
	if absent(L, n) {
		return otherwise
	}
	return checkInt(L, n)
}

// toInteger truncates a number as a processor of Intel does. Go leaves open what becomes of numbers that do not fit.
func toInteger(f float64) int64 {
	if f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}

// tick does what the machine does before every instruction. What takes long calls it now and then.
func tick(L *lua.LState) {
	ctx := L.Context()
	if ctx == nil {
		return
	}
	select {
	case <-ctx.Done():
		raise(L, ctx.Err().Error())
	default:
	}
}

// call calls a value within a library function, and returns its first result.
func call(L *lua.LState, fn lua.LValue, args ...lua.LValue) lua.LValue {
	if fn.Type() != lua.LTFunction && L.GetMetaField(fn, "__call").Type() != lua.LTFunction {
		raise(L, "attempt to call a "+fn.Type().String()+" value")
	}
	s := of(L)
	s.deeper(L)
	L.Push(fn)
	for _, arg := range args {
		L.Push(arg)
	}
	L.Call(len(args), 1)
	s.depth--
	v := L.Get(-1)
	L.Pop(1)
	return v
}
