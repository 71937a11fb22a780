package script

import (
	"os"
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
	// What they may take beyond that: a string that is being made, a table that is grown, an instruction that is slow.
	memorySlack = 320 << 20
	timeSlack   = 2 * time.Second
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
