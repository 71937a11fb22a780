package acl

import (
	"strings"
	"testing"
)

// FuzzRules: whatever the words, the rules they make are those that their description makes, also by way of a file; words
// that are refused change nothing.
func FuzzRules(f *testing.F) {
	for _, seed := range []string{"on|nopass|~*|&*|+@all", ">p|#x|%R~a|%W~a|&c", "(+get|~a)|()|reset|-@read", "+select|0|+config|get|-config", "%RW|\xff|~\x00", "allkeys|~x", "( |(|)"} {
		f.Add("user", strings.ReplaceAll(seed, "|", "\n"))
	}
	table := testTable()
	f.Fuzz(func(t *testing.T, name, text string) {
		s := NewUsers(table)
		before := s.Format()
		u, err := s.Set(name, strings.Split(text, "\n"))
		if err != nil {
			if after := s.Format(); after != before {
				t.Fatalf("%q was refused (%v), and left %s", text, err, after)
			}
			return
		}
		again := NewUsers(table)
		if _, err := again.Set(name, strings.Split(u.Rules().String(), " ")); err != nil {
			t.Fatalf("%q is described as %s: %v", text, u, err)
		}
		file := NewUsers(table)
		list, err := file.Parse("f", s.Format())
		if err != nil {
			t.Fatalf("%q: %v", s.Format(), err)
		}
		file.Replace(list)
		// The default user is in the file.
		for _, other := range []*Users{again, file} {
			v := other.Get(name)
			if v == nil || v.Rules().String() != u.Rules().String() || v.Unrestricted() != u.Unrestricted() {
				t.Fatalf("%q: %s became %v", text, u, v)
			}
			for _, line := range []string{"get R:a", "set RW:x v", "config|get x", "select 0", "publish &c m", "psubscribe &&c"} {
				if got, want := v.Rules().Check(call(t, table, line)), u.Rules().Check(call(t, table, line)); got != want {
					t.Fatalf("%q: %s: %+v and, read again, %+v", text, line, want, got)
				}
			}
		}
	})
}
