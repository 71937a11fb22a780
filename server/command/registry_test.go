package command

import (
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	run := func(*Ctx) {}
	r := NewRegistry([]Command{
		{Name: "get", Arity: 2, Run: run},
		{Name: "config", Arity: -2, Flags: Container},
		{Name: "config|get", Arity: -3, Run: run},
	})
	f := func(name, want string) {
		t.Helper()
		got := ""
		if c := r.Find([]byte(name)); c != nil {
			got = c.Name
		}
		if got != want {
			t.Errorf("Find(%q) = %q, want %q", name, got, want)
		}
	}
	f("get", "get")
	f("GeT", "get")
	f("CONFIG", "config")
	f("config|get", "")
	f("get|", "")
	f("", "")
	f("a name that is longer than any command has", "")
	if c := r.Get("config|get"); c == nil || c != r.Find([]byte("config")).Sub([]byte("GET")) {
		t.Error("Get does not find the subcommand that its container has")
	}
}

func TestKeyAndNumKeys(t *testing.T) {
	spec := KeyAndNumKeys(2)
	f := func(request string, want ...int) {
		t.Helper()
		var args [][]byte
		for word := range strings.FieldsSeq(request) {
			args = append(args, []byte(word))
		}
		if got := spec.Append(nil, args); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", request, got, want)
		}
	}
	f("zunionstore to 2 a b", 1, 3, 4)
	f("zunionstore to 1 a b", 1, 3)
	f("zunionstore to 3 a b")
	f("zunionstore to 0 a b")
	f("zunionstore to -1 a b")
	f("zunionstore to x a b")
	f("zunionstore to 1443677133621497600 a")
}
