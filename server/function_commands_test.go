package server

import (
	"fmt"
	"testing"
)

// functionCode is the source of a library with one function that answers a number.
func functionCode(library, function string, answer int) string {
	return fmt.Sprintf("#!lua name=%s\nredis.register_function{function_name='%s', callback=function(keys, args) return %d end, flags={'no-writes'}}", library, function, answer)
}

func TestFunctionLibraries(t *testing.T) {
	s := newServer(t, nil)
	c := inMemory(t, s)
	f := func(want string, args ...any) {
		t.Helper()
		got, err := c.Do(t.Context(), args...).Result()
		if err != nil {
			got = err
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%v: %v, want %s", args, got, want)
		}
	}
	f("a", "FUNCTION", "LOAD", functionCode("a", "f", 1))
	f("ERR Library 'a' already exists", "FUNCTION", "LOAD", functionCode("a", "f", 2))
	f("ERR Function F already exists", "FUNCTION", "LOAD", functionCode("b", "F", 2))
	f("1", "FCALL", "f", 0)
	f("a", "FUNCTION", "LOAD", "replace", functionCode("a", "f", 2))
	f("2", "FCALL", "F", 0)
	f("b", "FUNCTION", "LOAD", functionCode("b", "g", 3))
	payload, err := c.Do(t.Context(), "FUNCTION", "DUMP").Text()
	if err != nil {
		t.Fatal(err)
	}
	f("OK", "FUNCTION", "DELETE", "a")
	f("ERR Function not found", "FCALL", "f", 0)
	f("ERR Library b already exists", "FUNCTION", "RESTORE", payload)
	f("ERR Function not found", "FCALL", "f", 0)
	f("OK", "FUNCTION", "RESTORE", payload, "REPLACE")
	f("2", "FCALL", "f", 0)
	for i := range len(payload) { // no byte of a damaged payload does harm
		if _, err := c.Do(t.Context(), "FUNCTION", "RESTORE", payload[:i], "FLUSH").Result(); err == nil {
			t.Errorf("the first %d bytes are restored", i)
		}
	}
	f("3", "FCALL", "g", 0)
	for _, flush := range [][]any{{"FUNCTION", "FLUSH"}, {"function", "flush", "sync"}, {"FUNCTION", "FLUSH", "ASYNC"}} {
		f("OK", "FUNCTION", "RESTORE", payload, "REPLACE")
		f("OK", flush...)
		f("[]", "FUNCTION", "LIST")
	}
	f("ERR FUNCTION FLUSH only supports SYNC|ASYNC option", "FUNCTION", "FLUSH", "now")
	f("ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.", "FUNCTION", "FLUSH", "sync", "sync")
}

// TestFunctionsOfSnapshot: libraries come with a snapshot and go into the next one; one that does not compile does too, until it is
// deleted or replaced, and a call says so.
func TestFunctionsOfSnapshot(t *testing.T) {
	s := newServer(t, nil)
	sources := [][]byte{[]byte(functionCode("lib", "f", 7)), []byte("#!lua name=broken\nthis is not Lua")}
	if err := s.adoptFunctions(sources, false, true); err != nil {
		t.Fatal(err)
	}
	c := inMemory(t, s)
	if got, err := c.Do(t.Context(), "FCALL", "f", 0).Int(); got != 7 || err != nil {
		t.Error(got, err)
	}
	if kept := s.functions.get().Sources(); fmt.Sprintf("%s", kept) != fmt.Sprintf("%s", sources) {
		t.Errorf("%s", kept)
	}
	f := func(want string, args ...any) {
		t.Helper()
		got, err := c.Do(t.Context(), args...).Result()
		if err != nil {
			got = err
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%v: %v, want %s", args, got, want)
		}
	}
	f("ERR Function not found; library 'broken' of the snapshot cannot be run here", "FCALL", "Lua", 0)
	f("ERR Function not found", "FCALL", "g", 0)
	f("ERR Library 'broken' already exists", "FUNCTION", "LOAD", functionCode("broken", "g", 8))
	f("broken", "FUNCTION", "LOAD", "REPLACE", functionCode("broken", "g", 8))
	f("8", "FCALL", "g", 0)
	if kept := s.functions.get().Sources(); len(kept) != 2 {
		t.Errorf("%s", kept)
	}
	if err := s.adoptFunctions(sources, false, true); err != nil {
		t.Fatal(err)
	}
	f("OK", "FUNCTION", "DELETE", "broken")
	f("ERR Library not found", "FUNCTION", "DELETE", "broken")
}
