package script

import (
	"fmt"
	"strings"
	"testing"
)

func TestCompileErrors(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if _, err := Compile(body, nil); err == nil || err.Error() != want {
			t.Errorf("%q: %v", body, err)
		}
	}
	f("#!lua", "ERR Invalid script shebang")
	f("#!not-lua\nreturn 1", "ERR Unexpected engine in script shebang: #!not-lua")
	f("#!lua badger=data\nreturn 1", "ERR Unknown lua shebang option: badger=data")
	f("#!lua flags=allow-oom,what?\nreturn 1", "ERR Unexpected flag in script shebang: what?")
	f("--!df flags=what\nreturn 1", "ERR Invalid config format: what")
	f("return (", "ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'")
	f("#!lua\nreturn (", "ERR Error compiling script (new function): user_script:2: unexpected symbol near '<eof>'")
}

func TestFlags(t *testing.T) {
	f := func(body string, want Flags) {
		t.Helper()
		if s, err := Compile(body, nil); err != nil || s.Flags() != want {
			t.Errorf("%q: %v, %v", body, s, err)
		}
		if got := FlagsOf([]byte(body)); got != want {
			t.Errorf("FlagsOf(%q) = %v", body, got)
		}
	}
	f("return 1", Plain)
	f("#!lua\nreturn 1", 0)
	f("#!lua flags=\nreturn 1", 0)
	f("#!lua flags=no-writes,allow-stale\nreturn 1", NoWrites|AllowStale)
	f("#!lua flags=no-writes flags=allow-oom\nreturn 1", NoWrites|AllowOOM)
	f("\n--!df flags=allow-undeclared-keys, disable-atomicity\nreturn 1", Plain|AllowUndeclaredKeys|DisableAtomicity)
	if got := FlagsOf([]byte("#!lua flags=no-writes,what\n")); got != 0 {
		t.Error(got)
	}
	if got := strings.Join((NoWrites | AllowCrossSlot | Plain).Names(), " "); got != "no-writes allow-cross-slot-keys" {
		t.Error(got)
	}
}

func TestCache(t *testing.T) {
	c := NewCache(nil)
	s, err := c.Load([]byte("return 'loaded'"))
	if err != nil || s.SHA != "b534286061d4b9e4026607613b95c06c06015ae8" {
		t.Fatal(s, err)
	}
	if c.Get([]byte(strings.ToUpper(s.SHA))) != s || c.Get([]byte(s.SHA[1:])) != nil {
		t.Error("Get")
	}
	first, _ := c.Eval([]byte("return 'first'"))
	second, _ := c.Eval([]byte("return 'second'"))
	for i := range maxEvaluated - 2 {
		if _, err := c.Eval(fmt.Appendf(nil, "return %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	c.Get([]byte(first.SHA))
	if n, _, evicted := c.Usage(); n != maxEvaluated+1 || evicted != 0 {
		t.Error(n, evicted)
	}
	if _, err := c.Eval([]byte("return 'one more'")); err != nil {
		t.Fatal(err)
	}
	if n, _, evicted := c.Usage(); n != maxEvaluated+1 || evicted != 1 {
		t.Error(n, evicted)
	}
	if c.Get([]byte(second.SHA)) != nil || c.Get([]byte(first.SHA)) != first || c.Get([]byte(s.SHA)) != s {
		t.Error("the wrong script was evicted")
	}
	if again, _ := c.Load([]byte("return 'first'")); again != first {
		t.Error("compiled twice")
	}
	if _, err := c.Eval([]byte("return (")); err == nil {
		t.Error("no error")
	}
	if !c.AddFlags([]byte(first.SHA), NoWrites) || first.Flags() != Plain|NoWrites || c.AddFlags([]byte("x"), NoWrites) {
		t.Error("AddFlags")
	}
	c.Flush()
	if n, bytes, _ := c.Usage(); n != 0 || bytes != 0 || c.Get([]byte(first.SHA)) != nil {
		t.Error(n, bytes)
	}
}
