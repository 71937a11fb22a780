package lualib

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// The operators that the compiler has replaced, see luac.Hooks, and arithmetic with strings, which gopher-lua would convert to
// numbers in its own way: strings have metamethods instead.

// concat is "..", of all its operands: those that are strings in a row at a time, from the right.
func concat(L *lua.LState) int {
	n := L.GetTop()
	last := L.Get(n)
	for n > 1 {
		if !isString(last) || !isString(L.Get(n-1)) {
			last = concatMeta(L, n-1, last)
			n--
			continue
		}
		first, size := n, stringSize(last)
		for first > 1 && isString(L.Get(first-1)) {
			first--
			size += stringSize(L.Get(first))
		}
		checkSize(L, size)
		var b strings.Builder
		b.Grow(size)
		for i := first; i < n; i++ {
			addString(&b, L.Get(i))
		}
		addString(&b, last)
		last, n = lua.LString(b.String()), first
	}
	L.Push(last)
	return 1
}

// numberSize is how long a number is at most.
const numberSize = len("-1.2345678901234e+308")

// stringSize is how long a string is, or a number at most.
func stringSize(v lua.LValue) int {
	if s, ok := v.(lua.LString); ok {
		return len(s)
	}
	return numberSize
}

// addString adds what Lua takes for a string.
func addString(b *strings.Builder, v lua.LValue) {
	switch v := v.(type) {
	case lua.LString:
		b.WriteString(string(v))
	case lua.LNumber:
		var buf [numberSize]byte
		b.Write(luac.AppendNumber(buf[:0], float64(v)))
	}
}

// isString tells whether Lua takes a value for a string.
func isString(v lua.LValue) bool {
	switch v.(type) {
	case lua.LString, lua.LNumber:
		return true
	}
	return false
}

// appendString appends what Lua takes for a string.
func appendString(dst []byte, v lua.LValue) []byte {
	switch v := v.(type) {
	case lua.LString:
		return append(dst, v...)
	case lua.LNumber:
		return luac.AppendNumber(dst, float64(v))
	}
	return dst
}

// concatMeta concatenates argument i with what is right of it, of which one is no string.
func concatMeta(L *lua.LState, i int, right lua.LValue) lua.LValue {
	left := L.Get(i)
	fn := L.GetMetaField(left, "__concat")
	if fn == lua.LNil {
		fn = L.GetMetaField(right, "__concat")
	}
	if fn != lua.LNil {
		return call(L, fn, left, right)
	}
	if isString(left) {
		// Only the last operand has a name here: others are results.
		if i+1 == L.GetTop() {
			operandError(L, "concatenate", luac.HookOperand+i, right)
		}
		raise(L, wrongType("concatenate", "", right.Type().String()))
	}
	operandError(L, "concatenate", luac.HookOperand+i-1, left)
	return nil
}

// checkSize throws an error if a string would be too long.
func checkSize(L *lua.LState, size int) {
	if size > leastMaxString && size > of(L).max {
		throw(L, lua.LString("not enough memory"))
	}
}

// length is "#".
func length(L *lua.LState) int {
	switch v := L.Get(1).(type) {
	case lua.LString:
		L.Push(lua.LNumber(len(v)))
	case *lua.LTable:
		L.Push(lua.LNumber(tableLength(v)))
	default:
		fn := L.GetMetaField(v, "__len")
		if fn == lua.LNil {
			operandError(L, "get length of", luac.HookOperand, v)
		}
		L.Push(call(L, fn, v))
	}
	return 1
}

// bound makes the function that converts a bound of a numeric for.
func bound(msg string) lua.LGFunction {
	return func(L *lua.LState) int {
		f, ok := toNumber(L.Get(1))
		if !ok {
			raise(L, msg)
		}
		L.Push(lua.LNumber(f))
		return 1
	}
}

// join puts the parts of a long constructor together.
func join(L *lua.LState) int {
	t, n := L.Get(1).(*lua.LTable), int(L.Get(2).(lua.LNumber))
	items, keyed := L.Get(3).(*lua.LTable), L.Get(4).(*lua.LTable)
	for i := range items.MaxN() {
		setElement(t, n+i+1, items.RawGetInt(i+1))
	}
	for k, v := keyed.Next(lua.LNil); k != lua.LNil; k, v = keyed.Next(k) {
		t.RawSet(k, v)
	}
	L.Push(t)
	return 1
}

// arithmetic makes the metamethod of strings for an operator.
func arithmetic(operate func(a, b float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		a, ok := toNumber(L.Get(1))
		if !ok {
			operandError(L, "perform arithmetic on", luac.Left, L.Get(1))
		}
		b, ok := toNumber(L.Get(2))
		if !ok {
			operandError(L, "perform arithmetic on", luac.Right, L.Get(2))
		}
		L.Push(lua.LNumber(operate(a, b)))
		return 1
	}
}

// negate is the unary minus of strings.
func negate(L *lua.LState) int {
	f, ok := toNumber(L.Get(1))
	if !ok {
		operandError(L, "perform arithmetic on", luac.Left, L.Get(1))
	}
	L.Push(lua.LNumber(-f))
	return 1
}

// modulo is "%" as gopher-lua has it.
func modulo(a, b float64) float64 {
	m := math.Mod(a, b)
	if b > 0 && m < 0 || b < 0 && m > 0 {
		m += b
	}
	return m
}

// setStringMetatable gives strings their methods and their arithmetic.
func setStringMetatable(L *lua.LState, methods *lua.LTable) {
	mt := L.CreateTable(0, 8)
	mt.RawSetString("__index", methods)
	for event, fn := range map[string]lua.LGFunction{
		"__add": arithmetic(func(a, b float64) float64 { return a + b }),
		"__sub": arithmetic(func(a, b float64) float64 { return a - b }),
		"__mul": arithmetic(func(a, b float64) float64 { return a * b }),
		"__div": arithmetic(func(a, b float64) float64 { return a / b }),
		"__mod": arithmetic(modulo),
		"__pow": arithmetic(math.Pow),
		"__unm": negate,
	} {
		mt.RawSetString(event, L.NewFunction(fn))
	}
	L.SetMetatable(lua.LString(""), mt)
}
