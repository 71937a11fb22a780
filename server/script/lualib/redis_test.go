package lualib

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/command/commandtest"
)

// harness runs the Lua in ARGV[1] and shows what it returns or throws.
const harness = `
local function order(a, b)
	if type(a) ~= type(b) then return type(a) < type(b) end
	if type(a) == 'number' or type(a) == 'string' then return a < b end
	return tostring(a) < tostring(b)
end
local function show(v, depth)
	if type(v) == 'string' then return string.format('%q', v) end
	if type(v) == 'number' or type(v) == 'boolean' or v == nil then return tostring(v) end
	if type(v) ~= 'table' or depth > 20 then return type(v) end
	local keys, out = {}, {}
	for k in pairs(v) do keys[#keys + 1] = k end
	table.sort(keys, order)
	for i = 1, #keys do out[i] = '[' .. show(keys[i], depth + 1) .. ']=' .. show(v[keys[i]], depth + 1) end
	return '{' .. table.concat(out, ',') .. '}'
end
local function pack(...) return {n = select('#', ...), ...} end
local f, err = loadstring(ARGV[1], '@s')
if not f then return 'compile: ' .. err end
local r = pack(pcall(f))
local out = {}
for i = 1, r.n do out[i] = show(r[i], 1) end
return table.concat(out, ' ')`

// snippets reads testdata: one piece of Lua in a line, with "⏎" for line ends within it. Lines that begin with # are comments.
func snippets(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if line != "" && line[0] != '#' {
			list = append(list, strings.ReplaceAll(line, "⏎", "\n"))
		}
	}
	return list
}

var update = flag.Bool("update", false, "write what redis-server answers to testdata/*.want")

// TestKnown runs pieces of Lua, and compares what they return or throw with what a redis-server answered once.
func TestKnown(t *testing.T) {
	for _, file := range pieceFiles(t) {
		text, err := os.ReadFile(strings.TrimSuffix(file, ".lua.txt") + ".want")
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Split(string(text), "\n")
		for i, s := range snippets(t, file) {
			if got := strconv.Quote(runHarness(t, s)); got != want[i] {
				t.Errorf("%s\n got %.400s\nwant %.400s", s, got, want[i])
			}
		}
	}
}

// pieceFiles are the files of testdata.
func pieceFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.lua.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	return files
}

// TestAgainstRedis runs pieces of Lua here and in a redis-server, and compares what they return or throw.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	for _, file := range pieceFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".lua.txt"), func(t *testing.T) {
			var known strings.Builder
			for _, s := range snippets(t, file) {
				want := bulk(r.Do("EVAL", harness, "0", s))
				known.WriteString(strconv.Quote(want) + "\n")
				if got := runHarness(t, s); got != want {
					t.Errorf("%s\n  got %.400s\nredis %.400s", s, got, want)
				}
			}
			if *update {
				name := strings.TrimSuffix(file, ".lua.txt") + ".want"
				if err := os.WriteFile(name, []byte(known.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// bulk is the text of a bulk reply.
func bulk(reply string) string {
	if reply[0] != '$' {
		return reply
	}
	head, rest, _ := strings.Cut(reply, "\r\n")
	n, _ := strconv.Atoi(head[1:])
	return rest[:n]
}

// newState makes a state with all libraries.
func newState(t testing.TB, opt Options) *lua.LState {
	t.Helper()
	L := lua.NewState(lua.Options{
		SkipOpenLibs: true, MinimizeStackMemory: true, CallStackSize: 20000,
		RegistrySize: 256, RegistryGrowStep: 4096, RegistryMaxSize: 1 << 20,
	})
	Open(L, opt)
	return L
}

// runHarness is what the harness returns here.
func runHarness(t *testing.T, s string) string {
	t.Helper()
	L := newState(t, Options{})
	argv := L.NewTable()
	argv.Append(lua.LString(s))
	L.SetGlobal("ARGV", argv)
	lockGlobals(L)
	return runText(t, L, harness)
}

// lockGlobals refuses new and unknown globals as Redis does.
func lockGlobals(L *lua.LState) {
	mt := L.NewTable()
	mt.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		raise(L, "Script attempted to access nonexistent global variable '"+L.ToString(2)+"'")
		return 0
	}))
	mt.RawSetString("__newindex", L.NewFunction(func(L *lua.LState) int {
		raise(L, "Attempt to modify a readonly table")
		return 0
	}))
	L.G.Global.Metatable = mt
}

// runText runs source and shows its first result or its error.
func runText(t testing.TB, L *lua.LState, source string) string {
	t.Helper()
	proto, err := Compile(source, "@user_script")
	if err != nil {
		return "compile: " + err.Error()
	}
	results, fault := Call(L, L.NewFunctionFromProto(proto))
	if fault != nil {
		return "fault: " + fault.Error()
	}
	if len(results) == 0 {
		return ""
	}
	return results[0].String()
}
