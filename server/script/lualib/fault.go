package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// describe makes the fault of a value that is being thrown.
func describe(L *lua.LState, v lua.LValue) *Fault {
	top, _ := at(L, 0)
	if text, ok := v.(lua.LString); ok && top.goes() {
		v = lua.LString(translate(L, top, string(text)))
	}
	f := &Fault{Value: v}
	if !top.goes() {
		top, _ = at(L, 1)
	}
	if chunk, line := top.position(); line > 0 {
		f.Source, f.Line = "@"+chunk, line
		if strings.HasPrefix(chunk, "[string ") {
			f.Source = chunk
		}
	}
	return f
}

// translate words an error of the machine as Lua does. f is the function that ran.
func translate(L *lua.LState, f frame, text string) string {
	prefix := f.prefix()
	msg, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return text
	}
	for _, t := range translations {
		if rest, ok := strings.CutPrefix(msg, t.begin); ok {
			return prefix + t.say(L, f, rest)
		}
	}
	return text
}

// translations are the texts of gopher-lua's machine, by their beginning, and what makes Lua's of them and of their rest.
var translations = [...]struct {
	begin string
	say   func(L *lua.LState, f frame, rest string) string
}{
	{"attempt to index a non-table object(", indexFault},
	{"attempt to call a non-function object", callFault},
	{"cannot perform ", arithmeticFault},
	{"__unm undefined", negationFault},
	{"attempt to compare ", compareFault},
	{"registry overflow", say("stack overflow")},
	{"too many recursions in gettable", say("loop in gettable")},
	{"too many recursions in settable", say("loop in settable")},
}

func say(text string) func(*lua.LState, frame, string) string {
	return func(*lua.LState, frame, string) string { return text }
}

// wrongType is what Lua says of a value of the wrong type. name is "" or like "local 'x'".
func wrongType(doing, name, typ string) string {
	if name == "" {
		return "attempt to " + doing + " a " + typ + " value"
	}
	return "attempt to " + doing + " " + name + " (a " + typ + " value)"
}

// indexFault has the type of what could not be indexed. It is the operand, or what a metatable led to, which has no name.
func indexFault(L *lua.LState, f frame, rest string) string {
	typ, _, _ := strings.Cut(rest, ")")
	name := ""
	a, b := registers(f)
	var object lua.LValue
	switch f.op() {
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		object, name = f.register(L, b), f.name(luac.Object)
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
		object, name = f.register(L, a), f.name(luac.Object)
	case lua.OP_SELF:
		object, name = f.register(L, b), f.name(luac.Receiver)
	}
	if object == nil || object.Type().String() != typ {
		name = ""
	}
	return wrongType("index", name, typ)
}

// registers are the first two operands of an instruction.
func registers(f frame) (a, b int) {
	in := f.fn.Proto.Code[f.pc]
	return int(in>>18) & 0xff, int(in & 0x1ff)
}

func callFault(L *lua.LState, f frame, _ string) string {
	a, _ := registers(f)
	name := ""
	switch f.op() {
	case lua.OP_TFORLOOP:
		a += 3 // where the generator is called
	case lua.OP_CALL, lua.OP_TAILCALL:
		name = f.name(luac.Callee)
	}
	typ := "nil"
	if v := f.register(L, a); v != nil {
		typ = v.Type().String()
	}
	return wrongType("call", name, typ)
}

// arithmeticFault has "add operation between nil and number". Strings are not among the types, they have metamethods.
func arithmeticFault(_ *lua.LState, f frame, rest string) string {
	_, types, _ := strings.Cut(rest, " between ")
	left, right, _ := strings.Cut(types, " and ")
	if left != "number" {
		return wrongType("perform arithmetic on", f.name(luac.Left), left)
	}
	return wrongType("perform arithmetic on", f.name(luac.Right), right)
}

func negationFault(L *lua.LState, f frame, _ string) string {
	_, b := registers(f)
	typ := "nil"
	if v := f.register(L, b); v != nil {
		typ = v.Type().String()
	}
	return wrongType("perform arithmetic on", f.name(luac.Left), typ)
}

// compareFault has "nil with number".
func compareFault(_ *lua.LState, _ frame, rest string) string {
	left, right, _ := strings.Cut(rest, " with ")
	return cannotCompare(left, right)
}

func cannotCompare(left, right string) string {
	if left == right {
		return "attempt to compare two " + left + " values"
	}
	return "attempt to compare " + left + " with " + right
}

// operandError throws what the machine throws for an operand of the wrong type, for an operator that is a hook or a
// metamethod: the frame behind the running function is the one with the operator.
func operandError(L *lua.LState, doing string, operand int, v lua.LValue) {
	name := ""
	if f, ok := at(L, 1); ok && f.goes() {
		name = f.name(operand)
	}
	raise(L, wrongType(doing, name, v.Type().String()))
}
