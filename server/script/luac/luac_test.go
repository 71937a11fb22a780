package luac

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// testHooks are hooks that are only told apart.
func testHooks() *Hooks {
	hook := func() *lua.LFunction { return &lua.LFunction{IsG: true, GFunction: func(*lua.LState) int { return 0 }} }
	return &Hooks{Concat: hook(), Length: hook(), ForInit: hook(), ForLimit: hook(), ForStep: hook(), Join: hook()}
}

func TestErrors(t *testing.T) {
	f := func(source, want string) {
		t.Helper()
		got := "compiles"
		if _, err := Compile(source, "@s", testHooks()); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", source, got, want)
		}
	}
	f("return 1", "compiles")
	f("", "compiles")
	f("x = = 1", "s:1: unexpected symbol near '='")
	f("x =\n\n", "s:3: unexpected symbol near '<eof>'")
	f("if x then\n\nfoo(", "s:3: unexpected symbol near '<eof>'")
	f("if x then\n\n", "s:3: 'end' expected (to close 'if' at line 1) near '<eof>'")
	f("for i = 1 do", "s:1: ',' expected near 'do'")
	f("local function 5", "s:1: '<name>' expected near '5'")
	f("break", "s:1: no loop to break near '<eof>'")
	f("function f() return ... end", "s:1: cannot use '...' outside a vararg function near '...'")
	f("x\n(1)", "s:2: ambiguous syntax (function call x new statement) near '('")
	f("x = 'a", "s:1: unfinished string near '<eof>'")
	f("x = 'a\n'", "s:1: unfinished string near ''a'")
	f("x = [[a", "s:1: unfinished long string near '<eof>'")
	f("--[[a", "s:1: unfinished long comment near '<eof>'")
	f("x = [=a", "s:1: invalid long string delimiter near '[='")
	f("x = '\\300'", "s:1: escape sequence too large near '''")
	f("x = 3..2", "s:1: malformed number near '3..2'")
	f("x = \x01", "s:1: unexpected symbol near 'char(1)'")
	f("return 1 return 2", "s:1: '<eof>' expected near 'return'")
}

func TestChunkID(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := ChunkID(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	f("@user_script", "user_script")
	f("=stdin", "stdin")
	f("return 1", `[string "return 1"]`)
	f("return 1\nreturn 2", `[string "return 1..."]`)
	f(strings.Repeat("x", 100), `[string "`+strings.Repeat("x", 43)+`..."]`)
	f("@"+strings.Repeat("x", 60)+"end", "..."+strings.Repeat("x", 49)+"end")
	f("="+strings.Repeat("x", 100), strings.Repeat("x", 59))
	f("", `[string ""]`)
}

// TestPrototype: what a prototype has when it is finished: real lines, hooks in its constants, names for its instructions.
func TestPrototype(t *testing.T) {
	hooks := testHooks()
	proto, err := Compile("local t = ...\nlocal s = t.a.b .. 'hook'\nfor i = #s, t.n do\n s:m(g, i + t.x) end", "@s", hooks)
	if err != nil {
		t.Fatal(err)
	}
	found := map[lua.LValue]int{}
	for _, c := range proto.Constants {
		found[c]++
	}
	for _, hook := range []*lua.LFunction{hooks.Concat, hooks.Length, hooks.ForInit, hooks.ForLimit} {
		if found[hook] != 1 {
			t.Errorf("a hook is there %d times", found[hook])
		}
	}
	if found[hooks.ForStep] != 0 || found[lua.LString("hook")] != 1 {
		t.Error("constants:", proto.Constants)
	}
	var names []string
	for pc, line := range proto.DbgSourcePositions {
		if line < 0 || line > 5 {
			t.Errorf("instruction %d is in line %d", pc, line)
		}
		for operand := range 4 {
			if name := Name(proto, pc, operand); name != "" {
				names = append(names, name)
			}
		}
	}
	const want = "local 't',field 'a',field 'b',local 's',local 't',method 'm',local 's',local 't',local 'i',field 'x',method 'm',local 's'"
	if got := strings.Join(names, ","); got != want {
		t.Errorf("names: %s\nwant   %s", got, want)
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		"return 1", "local t = {1, x = 2; [3] = 4} t.x, t[1] = t[1], t.x return t, -t.y .. #t",
		"for i = 1, #'x', 2 do local f = function(...) return ... end break end", "repeat local a = [[x]] until a == \"\\n\\065\" and not nil or 0x1p4",
		"function a.b:c(d, ...) if d then elseif e then else end while f() do g{h} i'j' end end --[==[ x ]==] goto = 1",
	} {
		f.Add(s)
	}
	hooks := testHooks()
	f.Fuzz(func(t *testing.T, source string) {
		proto, err := Compile(source, "@s", hooks)
		if (proto == nil) != (err != nil) {
			t.Error("neither or both")
		}
	})
}
