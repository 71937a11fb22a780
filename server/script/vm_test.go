package script

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dragonfly/server/reply"
)

var errKilled = errors.New("ERR killed")

// testHost answers a few commands, and logs.
type testHost struct {
	logged []string
	ticks  int
	tick   func() error
}

func (h *testHost) Call(dst []byte, args [][]byte, proto int) []byte {
	w := reply.Writer{Buf: dst, Proto: proto}
	switch strings.ToLower(string(args[0])) {
	case "echo":
		w.Bulk(args[1])
	case "args":
		w.Array(len(args) - 1)
		for _, a := range args[1:] {
			w.Bulk(a)
		}
	case "raw": // answers its arguments as they are
		for _, a := range args[1:] {
			w.Buf = append(w.Buf, a...)
		}
	case "panic":
		panic("a broken invariant")
	default:
		w.Err(errors.New("ERR Unknown Redis command called from script"))
	}
	return w.Buf
}

func (h *testHost) CheckCommand(args [][]byte) (bool, error) {
	switch string(args[0]) {
	case "get":
		return true, nil
	case "set":
		return false, nil
	}
	return false, errors.New("unknown")
}

func (h *testHost) Log(level int, text string) { h.logged = append(h.logged, fmt.Sprint(level, text)) }

func (h *testHost) Tick() error {
	h.ticks++
	if h.tick != nil {
		return h.tick()
	}
	return nil
}

// eval runs a script, in RESP2, and returns its reply.
func eval(t testing.TB, vm *VM, body string, args ...string) string {
	t.Helper()
	return evalProto(t, vm, 2, body, args...)
}

func evalProto(t testing.TB, vm *VM, proto int, body string, args ...string) string {
	t.Helper()
	s, err := Compile(body, nil)
	if err != nil {
		return "-" + err.Error() + "\r\n"
	}
	r := Run{Script: s, Keys: [][]byte{[]byte("k")}}
	for _, a := range args {
		r.Args = append(r.Args, []byte(a))
	}
	w := reply.Writer{Proto: proto}
	vm.Run(r, &w)
	return string(w.Buf)
}

func TestReplies(t *testing.T) {
	vm := NewVM(&testHost{}, Options{Version: "7.4.1"})
	f := func(body, want2, want3 string) {
		t.Helper()
		if want3 == "" {
			want3 = want2
		}
		if got := evalProto(t, vm, 2, body, "a"); got != want2 {
			t.Errorf("RESP2: %s\n got %q\nwant %q", body, got, want2)
		}
		if got := evalProto(t, vm, 3, body, "a"); got != want3 {
			t.Errorf("RESP3: %s\n got %q\nwant %q", body, got, want3)
		}
	}
	f("return 1", ":1\r\n", "")
	f("return 3.99", ":3\r\n", "")
	f("return -3.99", ":-3\r\n", "")
	f("return 1e100", ":-9223372036854775808\r\n", "")
	f("return 0/0", ":-9223372036854775808\r\n", "")
	f("return 'x'", "$1\r\nx\r\n", "")
	f("return nil", "$-1\r\n", "_\r\n")
	f("return", "$-1\r\n", "_\r\n")
	f("return true", ":1\r\n", "")
	f("return false", "$-1\r\n", "_\r\n")
	f("redis.setresp(3) return {true, false}", "*2\r\n:1\r\n:0\r\n", "*2\r\n#t\r\n#f\r\n")
	f("return {1,2,nil,3}", "*2\r\n:1\r\n:2\r\n", "")
	f("return {KEYS[1], ARGV[1], #KEYS, #ARGV}", "*4\r\n$1\r\nk\r\n$1\r\na\r\n:1\r\n:1\r\n", "")
	f("return {ok='a\\r\\nb'}", "+a  b\r\n", "")
	f("return {err='a\\r\\nb'}", "-a  b\r\n", "")
	f("return {err=1}", "*0\r\n", "")
	f("return {double=3.5}", "$3\r\n3.5\r\n", ",3.5\r\n")
	f("return {map={a=1}}", "*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n$1\r\na\r\n:1\r\n")
	f("return {set={a=true}}", "*1\r\n$1\r\na\r\n", "~1\r\n$1\r\na\r\n")
	f("return {big_number='12\\r3'}", "$4\r\n12 3\r\n", "(12 3\r\n")
	f("return {verbatim_string={format='text',string='hello'}}", "$5\r\nhello\r\n", "=9\r\ntex:hello\r\n")
	f("return {verbatim_string={format='txt'}}", "*0\r\n", "")
	f("return redis.error_reply('x')", "-ERR x\r\n", "")
	f("return redis.error_reply('-My Err')", "-My Err\r\n", "")
	f("return redis.error_reply(1)", "-ERR wrong number or type of arguments\r\n", "")
	f("return redis.status_reply('x')", "+x\r\n", "")
	f("return redis.sha1hex('')", "$40\r\nda39a3ee5e6b4b0d3255bfef95601890afd80709\r\n", "")
	f("return redis.pcall('nosuch')", "-ERR Unknown Redis command called from script\r\n", "")
	f("return redis.call('args', 1, 1.5, -0.25, 1e15, 'x')", "*5\r\n$1\r\n1\r\n$3\r\n1.5\r\n$5\r\n-0.25\r\n$16\r\n1000000000000000\r\n$1\r\nx\r\n", "")
	f("return redis.REDIS_VERSION_NUM", ":459777\r\n", "")

	// From RESP to Lua and back.
	f("return redis.call('raw', '+x\\r\\n').ok", "$1\r\nx\r\n", "")
	f("return redis.call('raw', '$-1\\r\\n') == false", ":1\r\n", "")
	f("redis.setresp(3) return redis.call('raw', '_\\r\\n') == nil", ":1\r\n", "#t\r\n")
	f("redis.setresp(3) return redis.call('raw', ',1.5\\r\\n')", "$3\r\n1.5\r\n", ",1.5\r\n")
	f("redis.setresp(3) return redis.call('raw', '%1\\r\\n+a\\r\\n:1\\r\\n').map", "*0\r\n", "")
	f("redis.setresp(3) return redis.call('raw', '~1\\r\\n:5000000\\r\\n')", "*1\r\n:5000000\r\n", "~1\r\n:5000000\r\n")
	f("redis.setresp(3) return redis.call('raw', '=7\\r\\ntxt:abc\\r\\n')", "$3\r\nabc\r\n", "=7\r\ntxt:abc\r\n")
	f("redis.setresp(3) return redis.call('raw', '|1\\r\\n+a\\r\\n:1\\r\\n:7\\r\\n')", ":7\r\n", "")
	f("return redis.call('raw', '*2\\r\\n-X y\\r\\n:1\\r\\n')", "*2\r\n-X y\r\n:1\r\n", "")
}

func TestKill(t *testing.T) {
	h := &testHost{}
	vm := NewVM(h, Options{})
	for _, body := range []string{
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"local f f = function() pcall(f) return f() end f()",
		"while true do redis.pcall('echo', 'x') end",
		"local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
		"coroutine.wrap(function() while true do end end)()",
		"while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
		"return xpcall(function() while true do end end, function() while true do end end)",
		"string.gsub(string.rep('x', 1000), 'x', function() while true do end end)",
		"table.sort({3,2,1}, function() while true do end end)",
		"setmetatable({}, {__index = function() while true do end end}).x = nil; return setmetatable({}, {__index = function() while true do end end}).x",
		"for i in function() while true do end end do end",
	} {
		started := time.Now()
		h.tick = func() error {
			if time.Since(started) > 20*time.Millisecond {
				return errKilled
			}
			return nil
		}
		if got := eval(t, vm, body); !strings.HasPrefix(got, "-ERR killed") {
			t.Errorf("%s: %q", body, got)
		}
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("%s: took %v", body, took)
		}
		h.tick = nil
		if got := eval(t, vm, "return 1"); got != ":1\r\n" {
			t.Errorf("after %s: %q", body, got)
		}
	}
}

func TestHostPanics(t *testing.T) {
	vm := NewVM(&testHost{}, Options{})
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "a broken invariant") {
			t.Errorf("recovered %v", p)
		}
	}()
	t.Error(eval(t, vm, "return pcall(redis.call, 'panic')"))
}

func BenchmarkRun(b *testing.B) {
	vm := NewVM(&testHost{}, Options{})
	for _, c := range []struct{ name, body string }{
		{"Return", "return 1"},
		{"Call", "return redis.call('echo', KEYS[1])"},
		{"Loop100k", "local n = 0 for i = 1, 100000 do n = n + i end return n"},
	} {
		s, err := Compile(c.body, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			w := reply.Writer{}
			r := Run{Script: s, Keys: [][]byte{[]byte("key")}}
			for b.Loop() {
				w.Buf = w.Buf[:0]
				vm.Run(r, &w)
			}
		})
	}
}
