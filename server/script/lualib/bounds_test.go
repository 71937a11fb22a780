package lualib

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// TestMaxString: nothing makes a string that is longer than allowed, and nothing is allocated for it.
func TestMaxString(t *testing.T) {
	L := newState(t, Options{MaxString: 1})
	f := func(source string) {
		t.Helper()
		if got := runText(t, L, "local x = ('x'):rep(40000) "+source); got != "fault: not enough memory" {
			t.Errorf("%s: %.100s", source, got)
		}
	}
	f(`return x .. x`)
	f(`return 1 .. x .. x`)
	f(`return x:rep(2)`)
	f(`return ('x'):rep(2^30)`)
	f(`return x:gsub('x', 'xx')`)
	f(`return x:gsub('x', '%0%0')`)
	f(`return x:gsub('.*', function(s) return s .. s end)`)
	f(`return x:gsub('x', {x='yyy'})`)
	f(`return string.format('%s%s', x, x)`)
	f(`return string.format('%q', ('\0'):rep(40000))`)
	f(`return table.concat({x, x})`)
	f(`return table.concat({1,2,3}, x)`)
	f(`return cjson.encode({x, x})`)
	f(`return cjson.encode(('\0'):rep(40000))`)
	f(`return cmsgpack.pack(x, x)`)
	f(`return struct.pack('ss', x, x)`)
	f(`return struct.pack('b!1048576i32', 1, 1) .. x .. x`)
	f(`return load(function() return x end)`)
}

// counter is a context that ends after some instructions.
type counter struct {
	context.Context
	left int
	done chan struct{}
}

var errEnded = errors.New("ended")

func (c *counter) Done() <-chan struct{} {
	if c.left--; c.left == 0 {
		close(c.done)
	}
	return c.done
}

func (c *counter) Err() error { return errEnded }

// TestEnded: whatever takes long ends when the context of the state does, be it in a coroutine or in a pcall.
func TestEnded(t *testing.T) {
	f := func(source string) {
		t.Helper()
		L := newState(t, Options{})
		L.SetContext(&counter{context.Background(), 500, make(chan struct{})})
		started := time.Now()
		got := runText(t, L, source)
		if !strings.Contains(got, errEnded.Error()) {
			t.Errorf("%s: %.100s", source, got)
		}
		if took := time.Since(started); took > 5*time.Second {
			t.Errorf("%s takes %v", source, took)
		}
	}
	f(`while true do end`)
	f(`while true do pcall(error) end`)
	f(`while true do pcall(function() while true do end end) end`)
	f(`local co = coroutine.wrap(function() while true do end end) co()`)
	f(`local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end`)
	f(`local co = coroutine.wrap(function() pcall(function() while true do end end) while true do end end) co()`)
	f(`return string.find(('a'):rep(100000), ('a?'):rep(40) .. ('a'):rep(100001))`)
	f(`return string.find(('a'):rep(100000), ('.-'):rep(20) .. 'b')`)
	f(`return string.find(('a'):rep(100000), '[' .. ('b'):rep(100000) .. ']')`)
	f(`return string.find(('('):rep(100000), '%b()')`)
	f(`return (('a'):rep(100000):gsub('.-b', ''))`)
	f(`for x in (('a'):rep(100000)):gmatch('.-b') do end`)
	f(`local t = {} for i = 1, 500 do t[i] = i end while true do table.sort(t, function(a, b) return a > b end) end`)
	f(`local t = {} for i = 1, 30 do t = {t, t} end return cjson.encode(t)`)
	f(`local t = {} for i = 1, 14 do t = {t, t, t, t, t, t, t, t} end return cmsgpack.pack(t)`)
	f(`local t = setmetatable({}, {__index = function(t, k) return k end}) while true do local x = t[1] end`)
	f(`local f = load(function() return ' ' end) return f`)
}

// TestDeep: what nests deep ends with an error, not with the process.
func TestDeep(t *testing.T) {
	L := newState(t, Options{})
	f := func(source, want string) {
		t.Helper()
		if got := runText(t, L, source); !strings.Contains(got, want) {
			t.Errorf("%.60s: %.200s", source, got)
		}
	}
	const n = 100000
	f("return "+strings.Repeat("(", n)+"1"+strings.Repeat(")", n), "chunk has too many syntax levels")
	f("return "+strings.Repeat("{", n), "chunk has too many syntax levels")
	f("return "+strings.Repeat("- ", n)+"1", "chunk has too many syntax levels")
	f("return "+strings.Repeat("not ", n)+"1", "chunk has too many syntax levels")
	f("return 1"+strings.Repeat("+1", n), "chunk has too many syntax levels")
	f("return 1"+strings.Repeat(" .. 1", n), "chunk has too many syntax levels")
	f("return 2"+strings.Repeat("^2", n), "chunk has too many syntax levels")
	f("return a"+strings.Repeat(".a", n), "chunk has too many syntax levels")
	f("return a"+strings.Repeat("()", n), "chunk has too many syntax levels")
	f("return a"+strings.Repeat(" or a", n), "chunk has too many syntax levels")
	f(strings.Repeat("do ", n), "chunk has too many syntax levels")
	f(strings.Repeat("if 1 then ", n), "chunk has too many syntax levels")
	f(strings.Repeat("function f() ", n), "chunk has too many syntax levels")
	f("if 1 then "+strings.Repeat("elseif 1 then ", n)+"end", "control structure too long")
	f(strings.Repeat("local a ", n), "local variables")
	f("local "+strings.Repeat("a,", n)+"a", "local variables")
	f("return f("+strings.Repeat("1,", n)+"1)", "function or expression too complex")
	f("return "+strings.Repeat("1,", n)+"1", "function or expression too complex")
	f(strings.Repeat("a,", n)+"a = 1", "variables in assignment")
	var many strings.Builder
	for i := range n {
		many.WriteString("a = '")
		many.WriteString(string(luac.AppendNumber(nil, float64(i))))
		many.WriteString("' ")
	}
	f(many.String(), "constant table overflow")

	f("local function f() return f() + 1 end return f()", "user_script:1: stack overflow")
	f("local function f() return f() + 1 end local ok, err = pcall(f) return err", "user_script:1: stack overflow")
	f("local function f() pcall(f) error('deepest') end f()", "deepest")
	f("local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x", "overflow")
	f("local t = {} setmetatable(t, {__index = t}) return t.x", "loop in gettable")
	f("local function f() return coroutine.wrap(f)() end return f()", "C stack overflow")
	f("local function f() return (('x'):gsub('x', f)) end return f()", "C stack overflow")
	f("return unpack({}, 1, 1e8)", "too many results to unpack")
	f("local t = {} t[1e8] = 1 t[5e8] = 2 return #t", "0")
	f("return #string.rep('x', 100):rep(100)", "10000")
}

// TestSharedVariables: a caught error does not part closures from the variables that they share.
func TestSharedVariables(t *testing.T) {
	L := newState(t, Options{})
	const source = `
local n = 0
local function add() n = n + 1 end
local get
local ok, err = pcall(function()
	local inner = 10
	get = function() inner = inner + 1 return inner end
	add()
	local function deeper() add() error('x') end
	deeper()
end)
add()
local co = coroutine.wrap(function() add() coroutine.yield() add() error('y') end)
co() pcall(co) add()
return n .. ':' .. get() .. ':' .. get() .. ':' .. err`
	if got, want := runText(t, L, source), "6:11:12:user_script:9: x"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestFault: where an error was thrown.
func TestFault(t *testing.T) {
	L := newState(t, Options{})
	f := func(source, value, chunk string, line int) {
		t.Helper()
		proto, err := Compile(source, "@user_script")
		if err != nil {
			t.Fatal(err)
		}
		_, fault := Call(L, L.NewFunctionFromProto(proto))
		if fault == nil || fault.Error() != value || fault.Source != chunk || fault.Line != line {
			t.Errorf("%s: %+v", source, fault)
		}
	}
	f("\nerror('x')", "user_script:2: x", "@user_script", 2)
	f("\n\nlocal x = nil + 1", "user_script:3: attempt to perform arithmetic on a nil value", "@user_script", 3)
	f("error('x', 0)", "x", "@user_script", 1)
	f("local function f()\n error('x', 2)\nend\n f()", "user_script:4: x", "@user_script", 2)
	f("local t = {}\nt[nil] = 1", "user_script:2: table index is nil", "@user_script", 2)
	f("loadstring('error(5)')()", `[string "error(5)"]:1: 5`, `[string "error(5)"]`, 1)
	f("coroutine.wrap(function()\n error('x') end)()", "user_script:2: user_script:2: x", "@user_script", 2)
	f("return ('x'):rep(\n{})", "user_script:1: bad argument #1 to 'rep' (number expected, got table)", "@user_script", 1)
}

// TestPanic: a panic within becomes an error, and a state goes on.
func TestPanic(t *testing.T) {
	L := newState(t, Options{})
	L.SetGlobal("crash", L.NewFunction(func(*lua.LState) int { panic("crashed") }))
	if got := runText(t, L, "local ok, err = pcall(crash) return err"); !strings.Contains(got, "crashed") {
		t.Error(got)
	}
	if got := runText(t, L, "crash()"); !strings.Contains(got, "crashed") {
		t.Error(got)
	}
	if got := runText(t, L, "return 1"); got != "1" {
		t.Error(got)
	}
}

// TestLongConstructor: gopher-lua's code has no room for so many elements in one.
func TestLongConstructor(t *testing.T) {
	L := newState(t, Options{})
	source := "local function f() return 'a', 'b' end local t = {" + strings.Repeat("1,", 60000) + "x = 5, [70000] = 6, f()} "
	if got := runText(t, L, source+"return #t .. t[60000] .. t[60001] .. t[60002] .. t.x .. t[70000]"); got != "600021ab56" {
		t.Error(got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("[1,{\"a\":null}]")
	f.Add("\x92\x01\x81\xa1a\xc0")
	L := newState(f, Options{MaxString: 1})
	f.Fuzz(func(t *testing.T, in string) {
		L.SetContext(&counter{context.Background(), 300, make(chan struct{})})
		L.SetGlobal("input", lua.LString(in))
		runText(t, L, `pcall(cjson.decode, input) pcall(cmsgpack.unpack, input) pcall(struct.unpack, input, input)
			pcall(string.find, input, input) pcall(string.gsub, input, input, input) pcall(string.format, input, 1, 'x', 2.5)`)
	})
}
