package script

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"dragonfly/server/reply"
)

// hostileScripts reads testdata/hostile.txt: scripts between lines of four dashes.
func hostileScripts(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n----\n")
}

// What hostile scripts may take in this test.
const (
	hostileMemory = 64 << 20
	hostileTime   = 30 * time.Millisecond // until they are ended
	// What they may take beyond that: a string that is being made, a table that is grown, an instruction that is slow. The
	// race detector makes them ten times slower: it is about what never ends.
	memorySlack = 320 << 20
	timeSlack   = 30 * time.Second
)

// health is a script whose reply is the same whatever ran before.
const health = `
local list = {}
local function walk(name, t)
	for k, v in pairs(t) do
		list[#list + 1] = name .. '.' .. tostring(k) .. ':' .. type(v)
		if type(v) == 'table' and v ~= _G and #name < 20 and v ~= KEYS and v ~= ARGV then
			walk(name .. '.' .. k, v)
		end
	end
end
walk('_G', _G)
list[#list + 1] = tostring(getmetatable(_G).__index ~= nil) .. tostring(getmetatable('').__index == string) .. ('x'):rep(3)
list[#list + 1] = redis.call('echo', KEYS[1]) .. #KEYS .. #ARGV .. tostring(redis.pcall('get').err)
table.sort(list)
return table.concat(list, '\n')`

// TestHostile runs scripts that want too much, or out. None may hold the VM for long, take much memory, change what others
// see, or end the process.
func TestHostile(t *testing.T) {
	h := &testHost{}
	vm := NewVM(h, Options{Memory: hostileMemory, Version: "7.4.1"})
	want := eval(t, vm, health)
	if !strings.Contains(want, "_G.redis.call:function") {
		t.Fatalf("health: %s", want)
	}
	var m memory
	for _, body := range hostileScripts(t) {
		s, err := Compile(body, nil)
		if err != nil {
			continue
		}
		started, ended := time.Now(), time.Time{}
		runtime.GC()
		base, peak := m.size(), int64(0)
		h.tick = func() error {
			peak = max(peak, m.size())
			if time.Since(started) > hostileTime {
				if ended.IsZero() {
					ended = time.Now()
				}
				return errKilled
			}
			return nil
		}
		w := reply.Writer{}
		vm.Run(Run{Script: s, Keys: [][]byte{[]byte("k")}}, &w)
		h.tick = nil
		took := time.Since(started)
		if peak = max(peak, m.size()); peak-base > hostileMemory+memorySlack {
			t.Errorf("%.200s\ntakes %d MiB, answers %.200q", body, (peak-base)>>20, w.Buf)
		}
		if took > hostileTime+timeSlack {
			t.Errorf("%.200s\ntakes %v, answers %.200q", body, took, w.Buf)
		}
		if testing.Verbose() {
			t.Logf("%8v %4d MiB %.100q → %.150q", took.Round(time.Millisecond), (peak-base)>>20, body, w.Buf)
		}
		if got := eval(t, vm, health); got != want {
			t.Fatalf("%s\nchanges what others see: %s", body, got)
		}
	}
}

// TestMemory runs scripts that take memory for ever and that nobody ends: they end by themselves, soon, and cannot catch it.
func TestMemory(t *testing.T) {
	vm := NewVM(&testHost{}, Options{Memory: 32 << 20})
	for _, body := range []string{
		"local t = {} while true do t[#t + 1] = 1 end",
		"local t = {} while true do t[#t + 1] = {} end",
		"local t = {} local i = 0 while true do i = i + 1 t['k' .. i] = i end",
		"local t = {} while true do t = {t} end",
		"local s = 'x' while true do s = s .. s end",
		"local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end",
		"local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
		"local t = {} while true do coroutine.wrap(function() while true do t[#t + 1] = {} end end)() end",
		"local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
		"local t = {} while true do t[#t + 1] = redis.call('args', 'a', 'b', 'c') end",
		"local t = {1} for i = 1, 40 do t = {t, t} end return t",
		"local s = string.rep('x', 1e6) local t = {} for i = 1, 1e4 do t[i] = s end return t",
		"return string.rep('x', 1e9)",
	} {
		runtime.GC() // garbage of others would count as the heap that was there
		started := time.Now()
		if got := eval(t, vm, body); !strings.HasPrefix(got, "-ERR not enough memory") {
			t.Errorf("%s: %.200q", body, got)
		}
		if took := time.Since(started); took > time.Minute { // seconds, where nothing else runs
			t.Errorf("%s: takes %v", body, took)
		}
		if got := eval(t, vm, "return #KEYS"); got != ":1\r\n" {
			t.Fatalf("after %s: %q", body, got)
		}
	}
	// What is garbage by now does not count.
	if got := eval(t, vm, "local n = 0 for i = 1, 1e6 do local t = {i} n = n + #string.rep('x', 100) end return n"); got != ":100000000\r\n" {
		t.Errorf("garbage: %q", got)
	}
}
