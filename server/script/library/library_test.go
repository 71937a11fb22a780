package library

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/server/command/commandtest"
	"dragonfly/server/script"
)

// source is the source of a library with functions that answer its name.
func source(name string, functions ...string) string {
	code := "#!lua name=" + name + "\n"
	for _, f := range functions {
		code += "redis.register_function('" + f + "', function() return '" + name + "' end)\n"
	}
	return code
}

// load makes a library, without running its body.
func load(t testing.TB, name string, functions ...string) *Library {
	t.Helper()
	lib, err := script.NewLibrary(source(name, functions...))
	if err != nil {
		t.Fatal(err)
	}
	l := &Library{Library: lib}
	for _, f := range functions {
		l.Functions = append(l.Functions, script.Function{Name: f})
	}
	return l
}

// show lists libraries with their functions, as they are found, and the sources that are broken.
func show(s *Set) string {
	var b strings.Builder
	for _, l := range s.Libraries() {
		fmt.Fprintf(&b, "%s:", l.Name)
		for _, f := range l.Functions {
			if found, ok := s.Find([]byte(strings.ToUpper(f.Name))); !ok || found.Library != l {
				b.WriteString("!")
			}
			b.WriteString(f.Name + ",")
		}
	}
	libraries, functions, _ := s.Counts()
	fmt.Fprintf(&b, " %d %d %d", libraries, functions, len(s.Sources())-libraries)
	return b.String()
}

func TestSet(t *testing.T) {
	var s *Set
	f := func(next *Set, err error, want string) {
		t.Helper()
		got := show(next)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if err == nil {
			s = next
		}
	}
	f(s, nil, " 0 0 0")
	next, err := s.With(load(t, "b", "f", "g"), false)
	f(next, err, "b:f,g, 1 2 0")
	before := s
	next, err = s.With(load(t, "a", "h"), false)
	f(next, err, "a:h,b:f,g, 2 3 0")
	if show(before) != "b:f,g, 1 2 0" {
		t.Error("a set has changed")
	}
	next, err = s.With(load(t, "a", "i"), false)
	f(next, err, "ERR Library 'a' already exists")
	next, err = s.With(load(t, "c", "F"), false)
	f(next, err, "ERR Function F already exists")
	next, err = s.With(load(t, "b", "x", "h"), true)
	f(next, err, "ERR Function h already exists")
	next, err = s.With(load(t, "b", "x", "f"), true)
	f(next, err, "a:h,b:x,f, 2 3 0")

	f(s.WithBroken([]byte("#!lua name=bad\nregister('gone')")), nil, "a:h,b:x,f, 2 3 1")
	f(s.WithBroken([]byte("no library")), nil, "a:h,b:x,f, 2 3 2")
	if name, ok := s.Suspect([]byte("gone")); name != "bad" || !ok {
		t.Error(name, ok)
	}
	if name, ok := s.Suspect([]byte("never")); ok {
		t.Error(name)
	}
	next, err = s.With(load(t, "bad", "good"), false)
	f(next, err, "ERR Library 'bad' already exists")
	withBad := s
	next, err = s.With(load(t, "bad", "good"), true)
	f(next, err, "a:h,b:x,f,bad:good, 3 4 1")
	s = withBad
	next, ok := s.Without("bad")
	f(next, nil, "a:h,b:x,f, 2 3 1")
	if !ok {
		t.Error("a broken library cannot be deleted")
	}
	if next, ok = s.Without("none"); ok || next != s {
		t.Error("a library was deleted that is not there")
	}
	next, _ = s.Without("b")
	f(next, nil, "a:h, 1 1 1")
	if _, ok := (*Set)(nil).Without("a"); ok {
		t.Error("the empty set has a library")
	}
}

// TestDumpAgainstRedis: redis-server restores what is dumped here, and what it dumps is read here.
func TestDumpAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	var s *Set
	sources := []string{
		source("first", "f"), source("second", "g", "h"), source("long", "l") + strings.Repeat("-- a comment that is worth compressing\n", 200),
	}
	for i, name := range []string{"first", "second", "long"} {
		lib, err := script.NewLibrary(sources[i])
		if err != nil {
			t.Fatal(err)
		}
		if s, err = s.With(&Library{Library: lib, Functions: []script.Function{{Name: name}}}, false); err != nil {
			t.Fatal(err)
		}
	}
	payload := s.AppendDump([]byte("before"))[len("before"):]
	if got := r.Do("FUNCTION", "RESTORE", string(payload)); got != "+OK\r\n" {
		t.Fatalf("redis-server: %q", got)
	}
	list := r.Do("FUNCTION", "LIST", "WITHCODE")
	for _, code := range sources {
		if !strings.Contains(list, code) {
			t.Errorf("redis-server has no %.40q", code)
		}
	}
	if got := r.Do("FCALL", "h", "0"); got != "$6\r\nsecond\r\n" {
		t.Errorf("%q", got)
	}
	theirs := bulk(r.Do("FUNCTION", "DUMP"))
	got, err := ParseDump([]byte(theirs))
	if err != nil || len(got) != len(sources) {
		t.Fatalf("%q: %v", got, err)
	}
	for _, code := range sources {
		if !bytes.Contains(bytes.Join(got, nil), []byte(code)) {
			t.Errorf("%.40q is not in the dump of redis-server", code)
		}
	}
	if got := (*Set)(nil).AppendDump(nil); string(got) != bulk(emptyDump(r)) {
		t.Errorf("no libraries are dumped as %q", got)
	}
}

func emptyDump(r *commandtest.Redis) string {
	r.Do("FUNCTION", "FLUSH")
	return r.Do("FUNCTION", "DUMP")
}

// bulk is the text of a bulk reply.
func bulk(reply string) string {
	_, rest, _ := strings.Cut(reply, "\r\n")
	return strings.TrimSuffix(rest, "\r\n")
}

// TestParseDump: what is no dump of libraries is refused.
func TestParseDump(t *testing.T) {
	f := func(body string, want string) {
		t.Helper()
		if _, err := ParseDump(rdbfmt.AppendFooter([]byte(body), 0, dumpVersion)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
	f("\x00\x01a", "ERR given type is not a function")
	f("\xf6\x01a", "ERR given type is not a function")
	f("\xf5", "ERR failed loading functions payload")
	f("\xf5\x0aabc", "ERR failed loading functions payload")
	f("\xf5\x80\xff\xff\xff\xff", "ERR failed loading functions payload")
	if _, err := ParseDump([]byte("short")); err == nil {
		t.Error("a payload without footer is read")
	}
}

func FuzzParseDump(f *testing.F) {
	f.Add([]byte("\xf5\x03abc"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sources, err := ParseDump(rdbfmt.AppendFooter(bytes.Clone(body), 0, dumpVersion))
		if err != nil {
			return
		}
		var s *Set
		for _, source := range sources {
			s = s.WithBroken(source)
		}
		if again, err := ParseDump(s.AppendDump(nil)); err != nil || fmt.Sprint(again) != fmt.Sprint(sources) {
			t.Errorf("%q becomes %q, %v", sources, again, err)
		}
	})
}
