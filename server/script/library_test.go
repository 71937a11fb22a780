package script

import (
	"testing"
	"time"

	"dragonfly/server/reply"
)

// load loads a library of that body and returns the error.
func load(vm *VM, body string) (*Library, []Function, error) {
	lib, err := NewLibrary("#!lua name=lib\n" + body)
	if err != nil {
		return nil, nil, err
	}
	functions, err := vm.LoadLibrary(lib)
	return lib, functions, err
}

func TestLibraryHeader(t *testing.T) {
	f := func(code, want string) {
		t.Helper()
		if _, err := NewLibrary(code); err == nil || err.Error() != want {
			t.Errorf("%q: %v", code, err)
		}
	}
	f("return 1", "ERR Missing library metadata")
	f("#!lua name=x", "ERR Invalid library metadata")
	f("#!lua name=\"x\n", "ERR Invalid library metadata")
	f("#!lua\n", "ERR Library name was not given")
	f("#!lua name=x name=y\n", "ERR Invalid metadata value, name argument was given multiple times")
	f("#!lua name=x foo=bar\n", "ERR Invalid metadata value given: foo=bar")
	f("#!lua name=x-y\n", "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")
	f("#! name=x\n", "ERR Engine '' not found")
	f("#!js name=x\n", "ERR Engine 'js' not found")
	f("#!lua name=x\nlocal function f( ", "ERR Error compiling function: user_function:2: <name> or '...' expected near '<eof>'")
	if lib, err := NewLibrary("#!LUA NAME=\"x\"\nreturn 1"); err != nil || lib.Name != "x" {
		t.Error(lib, err)
	}
}

func TestLoadErrors(t *testing.T) {
	vm := NewVM(&testHost{}, Options{})
	f := func(body, want string) {
		t.Helper()
		if _, _, err := load(vm, body); err == nil || err.Error() != want {
			t.Errorf("%s: %v", body, err)
		}
	}
	const register = "ERR Error registering functions: "
	f("", "ERR No functions registered")
	f("redis.log(1, 'x')", "ERR No functions registered")
	f("error('x')", register+"ERR user_function:2: Script attempted to access nonexistent global variable 'error'")
	f("local a; a.b = 1", register+"ERR user_function:2: attempt to index local 'a' (a nil value)")
	f("redis.call('get', 'x')", register+"ERR user_function:2: Script attempted to access nonexistent global variable 'call'")
	f("x = 1", register+"ERR user_function:2: Attempt to modify a readonly table")
	f("redis.x = 1", register+"ERR user_function:2: Attempt to modify a readonly table")
	f("redis.redis.call()", register+"ERR user_function:2: Script attempted to access nonexistent global variable 'redis'")
	f("return KEYS", register+"ERR user_function:2: Script attempted to access nonexistent global variable 'KEYS'")
	f("while 1 do end", register+"ERR FUNCTION LOAD timeout")
	f("redis.register_function()", register+"ERR wrong number of arguments to redis.register_function")
	f("redis.register_function('f', 1, 2)", register+"ERR wrong number of arguments to redis.register_function")
	f("redis.register_function('f')", register+"ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).")
	f("redis.register_function(nil, function() end)", register+"ERR first argument to redis.register_function must be a string")
	f("redis.register_function('f', 1)", register+"ERR second argument to redis.register_function must be a function")
	const badName = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
	f("redis.register_function('a b', function() end)", register+badName)
	f(`redis.register_function('a\0b', function() end)`, register+badName)
	f("redis.register_function('', function() end)", register+badName)
	f("redis.register_function('f', function() end) redis.register_function('f', function() end)", register+"ERR Function already exists in the library")
	f("redis.register_function{1, 2}", register+"ERR unknown argument given to redis.register_function")
	f("redis.register_function{function_name=1}", register+"ERR redis.register_function must get a callback argument")
	f("redis.register_function{callback=function() end}", register+"ERR redis.register_function must get a function name argument")
	f("redis.register_function{function_name=function() end}", register+"ERR function_name argument given to redis.register_function must be a string")
	f("redis.register_function{description={}}", register+"ERR description argument given to redis.register_function must be a string")
	f("redis.register_function{callback=1}", register+"ERR callback argument given to redis.register_function must be a function")
	f("redis.register_function{flags=1}", register+"ERR flags argument to redis.register_function must be a table representing function flags")
	f("redis.register_function{flags={'x'}}", register+"ERR unknown flag given")
	f("redis.register_function{flags={function() end}}", register+"ERR unknown flag given")
	f("redis.register_function{flags={'allow-undeclared-keys'}}", register+"ERR unknown flag given")
}

func TestFunctions(t *testing.T) {
	vm := NewVM(&testHost{}, Options{Version: "7.4.1"})
	lib, functions, err := load(vm, `
		local version, kept = redis.REDIS_VERSION, redis
		local calls = 0
		redis.register_function('f', function(keys, args) return {keys[1], args[1], version} end)
		redis.register_function{function_name='g', callback=function() error('x') end, description='d', flags={'no-writes', 'allow-stale'}}
		redis.register_function('count', function() calls = calls + 1 return calls end)
		redis.register_function('keys', function() return KEYS end)
		redis.register_function('again', function() kept.register_function('x', function() end) end)
		redis.register_function('change', function() kept.math = math end)
		redis.register_function('raw', function() rawset(kept, 'math', math) end)
		redis.register_function('api', function() return redis.register_function end)
		redis.register_function('global', function() x = 1 end)
		redis.register_function('spin', function() while true do end end)
	`)
	if err != nil {
		t.Fatal(err)
	}
	if len(functions) != 10 || functions[0].Name != "f" || functions[0].HasDescription || functions[1] != (Function{"g", "d", true, NoWrites | AllowStale}) {
		t.Error(functions)
	}
	f := func(name, want string) {
		t.Helper()
		w := reply.Writer{}
		vm.Run(Run{Library: lib, Function: name, Keys: [][]byte{[]byte("k")}, Args: [][]byte{[]byte("a")}}, &w)
		if string(w.Buf) != want {
			t.Errorf("%s: %q", name, w.Buf)
		}
	}
	f("f", "*3\r\n$1\r\nk\r\n$1\r\na\r\n$5\r\n7.4.1\r\n")
	f("g", "-ERR user_function:6: x script: g, on @user_function:6.\r\n")
	f("count", ":1\r\n")
	f("count", ":2\r\n")
	f("keys", "-ERR user_function:8: Script attempted to access nonexistent global variable 'KEYS' script: keys, on @user_function:8.\r\n")
	f("again", "-ERR redis.register_function can only be called on FUNCTION LOAD command script: again, on @user_function:9.\r\n")
	f("change", "-ERR user_function:10: Attempt to modify a readonly table script: change, on @user_function:10.\r\n")
	f("raw", "-ERR Attempt to modify a readonly table script: raw, on @user_function:11.\r\n")
	f("api", "$-1\r\n")
	f("global", "-ERR user_function:13: Attempt to modify a readonly table script: global, on @user_function:13.\r\n")
	f("nosuch", "-ERR Function not found\r\n")

	// A VM that does not know a library runs its body first. What it keeps survives the end of a function.
	h := &testHost{}
	other := NewVM(h, Options{Version: "7.4.1"})
	started := time.Now()
	h.tick = func() error {
		if time.Since(started) > 10*time.Millisecond {
			return errKilled
		}
		return nil
	}
	vm = other
	f("count", ":1\r\n")
	f("spin", "-ERR killed script: spin, on @user_function:14.\r\n")
	h.tick = nil
	f("count", ":2\r\n")
	lib.Retire()
	if _, _, err := load(vm, "redis.register_function('f', function() end)"); err != nil {
		t.Fatal(err)
	}
	if len(vm.funcs.libraries) != 1 {
		t.Error("a retired library is kept")
	}
}
