package command

import "testing"

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
