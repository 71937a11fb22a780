package script

import "testing"

// testPositions knows a few commands.
func testPositions(name string) (first, last, step int, ok bool) {
	switch name {
	case "get", "set", "incr", "lpush":
		return 1, 1, 1, true
	case "del", "mget":
		return 1, -1, 1, true
	case "mset":
		return 1, -1, 2, true
	case "rename":
		return 1, 2, 1, true
	case "time":
		return 0, 0, 0, true
	}
	return 0, 0, 0, false
}

func TestOnlyDeclared(t *testing.T) {
	f := func(body string, want bool) {
		t.Helper()
		s, err := Compile(body, testPositions)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if s.OnlyDeclared() != want {
			t.Errorf("%s: %v", body, !want)
		}
	}
	f("return 1", true)
	f("return redis.call('get', KEYS[1])", true)
	f("return redis.call('GET', KEYS[1])", true)
	f("return redis.pcall('set', KEYS[1], ARGV[1])", true)
	f("local k = KEYS[1] return redis.call('get', k)", true)
	f("local k, v = KEYS[1], ARGV[1] if redis.call('get', k) == v then return redis.call('del', k) end return 0", true)
	f("for i, k in ipairs(KEYS) do redis.call('incr', k) end", true)
	f("for i = 1, #KEYS do redis.call('incr', KEYS[i]) end", true)
	f("return redis.call('del', unpack(KEYS))", true)
	f("return redis.call('del', KEYS[1], unpack(KEYS))", true)
	f("return redis.call('lpush', KEYS[1], unpack(ARGV))", true)
	f("return redis.call('mset', KEYS[1], ARGV[1], KEYS[2], ARGV[2])", true)
	f("local function f(x) return redis.call('get', KEYS[x]) end return f(1)", true)
	f("local t = redis.call('time') return t[1]", true)
	f("return redis.sha1hex(redis.call('get', KEYS[1]))", true)
	f("local n = 0 n = n + 1 while n < 3 do n = n + 1 end repeat local x = {a = 1, n} until x.a return -n .. 'x', not n", true)
	f("return cjson.encode({redis.call('get', KEYS[1])})", true)
	f("#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])", true)

	f("return redis.call('get', 'x')", false)
	f("return redis.call('get', ARGV[1])", false)
	f("return redis.call('get', KEYS[1] .. 'x')", false)
	f("return redis.call('get', (KEYS[1] or 'x'))", false)
	f("return redis.call(ARGV[1], KEYS[1])", false)
	f("return redis.call('g' .. 'et', KEYS[1])", false)
	f("return redis.call('scan', 0)", false)
	f("return redis.call()", false)
	f("return redis.call(unpack(ARGV))", false)
	f("return redis.call('del', unpack(ARGV))", false)
	f("return redis.call('del', KEYS[1], unpack(ARGV))", false)
	f("return redis.call('rename', KEYS[1], ARGV[1])", false)
	f("return redis.call('get', unpack(ARGV))", false)
	f("return redis.call('mset', KEYS[1], ARGV[1], ARGV[2], ARGV[3])", false)
	f("return redis.call('mset', KEYS[1], ARGV[1], unpack(ARGV))", false)
	f("local k = KEYS[1] k = 'x' return redis.call('get', k)", false)
	f("local k = KEYS[1] do local k = 'x' redis.call('get', k) end", false)
	f("local k = KEYS[1] local function f(k) return redis.call('get', k) end return f('x')", false)
	f("local k = KEYS[1] for k = 1, 2 do redis.call('get', k) end", false)
	f("local k = KEYS[1] local function k() end return redis.call('get', k)", false)
	f("local k local j = KEYS[1] return redis.call('get', k)", false)
	f("for k, i in ipairs(KEYS) do redis.call('get', k) end", false)
	f("for i, k in ipairs(ARGV) do redis.call('get', k) end", false)
	f("KEYS[1] = 'x' return redis.call('get', KEYS[1])", false)
	f("local KEYS = {'x'} return redis.call('get', KEYS[1])", false)
	f("local k = KEYS k[1] = 'x' return redis.call('get', KEYS[1])", false)
	f("table.insert(KEYS, 'x') return redis.call('get', KEYS[1])", false)
	f("local function f(t) t[1] = 'x' end f(KEYS) return redis.call('get', KEYS[1])", false)
	f("local t = {KEYS} t[1][1] = 'x' return redis.call('get', KEYS[1])", false)
	f("local redis = {call = function() end} return 1", false)
	f("local r = redis return r.call('get', 'x')", false)
	f("local c = redis.call return c('get', 'x')", false)
	f("return pcall(redis.call, 'get', 'x')", false)
	f("return redis['call']('get', 'x')", false)
	f("return redis[ARGV[1]]('get', 'x')", false)
	f("return redis:call('get', 'x')", false)
	f("return _G.redis.call('get', 'x')", false)
	f("return loadstring(ARGV[1])()", false)
	f("return load(function() end)", false)
	f("return getmetatable(_G).__index.redis.call('get', 'x')", false)
	f("local ipairs = function() return next, ARGV end for i, k in ipairs(KEYS) do redis.call('get', k) end", false)
	f("local unpack = function() return 'x' end return redis.call('del', unpack(KEYS))", false)
	f("return string.gsub(ARGV[1], '.', redis.call)", false)
	f(`return redis.call('ge\t', KEYS[1])`, false)
	f("local t = {} function t.redis() end function t:x() return redis.call('get', self) end", false)
}
