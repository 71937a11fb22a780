package acl

import (
	"strings"
	"testing"
	"time"
)

// testTable has a few commands of Redis.
func testTable() *Table {
	const read, write, dangerous = 1, 2, 4
	return NewTable([]Command{
		{Name: "acl"},
		{Name: "acl|setuser", Categories: dangerous},
		{Name: "acl|whoami"},
		{Name: "auth", Open: true},
		{Name: "config"},
		{Name: "config|get", Categories: dangerous},
		{Name: "config|set", Categories: dangerous},
		{Name: "copy", Categories: write},
		{Name: "get", Categories: read},
		{Name: "keys", Categories: read | dangerous},
		{Name: "publish"},
		{Name: "psubscribe"},
		{Name: "select"},
		{Name: "set", Categories: write},
	}, []string{"read", "write", "dangerous"})
}

// set makes or changes a user by rules separated by blanks.
func set(t *testing.T, s *Users, name, rules string) *User {
	t.Helper()
	u, err := s.Set(name, strings.Fields(rules))
	if err != nil {
		t.Fatalf("%s %s: %v", name, rules, err)
	}
	return u
}

func TestDescription(t *testing.T) {
	f := func(rules, want string) {
		t.Helper()
		s := NewUsers(testTable())
		u := set(t, s, "u", rules)
		if got := u.Rules().String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", rules, got, want)
		}
		// What is printed makes the same user.
		if again := set(t, s, "v", u.Rules().String()); again.Rules().String() != want {
			t.Errorf("%s\nread again %s", want, again.Rules().String())
		}
	}
	hash := strings.Repeat("0a", 32)
	f("", "off resetchannels -@all")
	f("on", "on resetchannels -@all")
	f("on nopass ~* &* +@all $all", "on nopass ~* &* +@all")
	f("ON NOPASS ALLKEYS AllChannels allCommands", "on nopass ~* &* +@all")
	f("reset", "off sanitize-payload resetchannels -@all")
	f("skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all")
	f("nopass #"+hash, "off #"+hash+" resetchannels -@all")
	f("#"+hash+" #"+hash+" nopass", "off nopass resetchannels -@all")
	f("#"+hash+" resetpass", "off resetchannels -@all")
	f("#"+hash+" !"+hash, "off resetchannels -@all")
	f(">", "off #e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 resetchannels -@all")
	f(">pass <pass", "off resetchannels -@all")

	f("~a* ~b ~a*", "off ~a* ~b resetchannels -@all")
	f("%R~a %W~b %RW~c %wr~d", "off %R~a %W~b ~c ~d resetchannels -@all")
	f("%R~a %W~a", "off ~a resetchannels -@all")
	f("%RW", "off ~ resetchannels -@all")
	f("~a allkeys", "off ~* resetchannels -@all")
	f("allkeys resetkeys ~a", "off ~a resetchannels -@all")
	f("%R~*", "off %R~* resetchannels -@all")
	f("&a &b &a", "off resetchannels &a &b -@all")
	f("&a &*", "off &* -@all")

	f("+GET +set", "off resetchannels -@all +get +set")
	f("+get +set +get", "off resetchannels -@all +set +get")
	f("+get -get", "off resetchannels -@all -get")
	f("+@read -get +@READ", "off resetchannels -@all -get +@read")
	f("+@all -config +config|get", "off resetchannels +@all -config +config|get")
	f("+@all -config|get -config|set -config", "off resetchannels +@all -config")
	f("+@all +get +@read +select|0", "off resetchannels +@all")
	f("+get +@all", "off resetchannels +@all")
	f("+@all -get nocommands", "off resetchannels -@all")
	f("+select|0 +select|1", "off resetchannels -@all +select|0 +select|1")
	f("+select|0 +select", "off resetchannels -@all +select")

	f("(+get ~a) ()", "off resetchannels -@all (~a resetchannels -@all +get) (resetchannels -@all)")
	f("(%R~a  &x ) (+@all allkeys allchannels)", "off resetchannels -@all (%R~a resetchannels &x -@all) (~* &* +@all)")
	f("(+get) clearselectors", "off resetchannels -@all")
	f("(+get) reset", "off sanitize-payload resetchannels -@all")
}

func TestMistakes(t *testing.T) {
	f := func(want string, words ...string) {
		t.Helper()
		s := NewUsers(testTable())
		set(t, s, "u", "on +get")
		before := s.Get("u").String()
		if _, err := s.Set("u", append([]string{"nopass", "+set"}, words...)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", words, err, want)
		}
		if after := s.Get("u").String(); after != before {
			t.Errorf("%q was refused, and made %s of %s", words, after, before)
		}
	}
	const (
		syntax   = "Syntax error"
		unknown  = "Unknown command or category name in ACL"
		firstArg = "Allowing first-arg of a subcommand is not supported"
		keys     = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
		channels = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
		hash     = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
		password = "The password you are trying to remove from the user does not exist"
	)
	f(syntax, "foo")
	f(syntax, ")")
	f(syntax, " ()")
	f(syntax, "(on)")
	f(syntax, "((+get))")
	f(syntax, "%~a")
	f(syntax, "%")
	f(syntax, "%X~a")
	f(syntax, "%RR~a")
	f(syntax, "~a b")
	f(syntax, "~a\x00")
	f(syntax, "&a\tb")
	f(syntax, "+select|")
	f(syntax, "+select|a b")
	f(unknown, "+")
	f(unknown, "-")
	f(unknown, "+@")
	f(unknown, "+@nosuch")
	f(unknown, "-@nosuch")
	f(unknown, "+nosuch")
	f(unknown, "-select|0")
	f(unknown, "+config|nosuch")
	f(unknown, "+get|a|b")
	f(firstArg, "+config|get|maxmemory")
	f(keys, "~*", "~a")
	f(keys, "allkeys", "%R~a")
	f(channels, "&*", "&a")
	f(hash, "#abc")
	f(hash, "!"+strings.Repeat("0A", 32))
	f(password, "<nosuch")
	f(password, "!"+strings.Repeat("00", 32))
	f("ERR Unmatched parenthesis in acl selector starting at '(+get'.", "(+get", "~a")

	s := NewUsers(testTable())
	for _, name := range []string{"a b", "a\x00", "a\n"} {
		if _, err := s.Set(name, nil); err == nil {
			t.Errorf("a user named %q", name)
		}
	}
}

func TestMergeSelectors(t *testing.T) {
	got, err := MergeSelectors([]string{"on", "(+get", "~a", ")", "()", "( +set)", "~(a"})
	if want := "on,(+get ~a ),(),( +set),~(a"; err != nil || strings.Join(got, ",") != want {
		t.Errorf("%v, %v", got, err)
	}
}

// call is a call of a command as text: "name argument …", keys as R:key, W:key, RW:key or key for no access, channels as
// &channel and patterns as &&pattern.
func call(t *testing.T, table *Table, text string) *Call {
	t.Helper()
	words := strings.Fields(text)
	c := &Call{}
	i, ok := table.find(words[0])
	if !ok {
		t.Fatal(text)
	}
	c.Command = i
	for i, w := range words {
		if access, key, isKey := strings.Cut(w, ":"); isKey {
			k := Key{Arg: i, Access: parseAccess(access)}
			c.Keys = append(c.Keys, k)
			w = key
		}
		if channel, isChannel := strings.CutPrefix(w, "&"); isChannel {
			c.Channels = append(c.Channels, i)
			w, c.Patterns = strings.CutPrefix(channel, "&")
		}
		c.Args = append(c.Args, []byte(w))
	}
	return c
}

func TestCheck(t *testing.T) {
	table := testTable()
	f := func(rules, text string, want Denial) {
		t.Helper()
		s := NewUsers(table)
		u := set(t, s, "u", rules)
		if got := u.Rules().Check(call(t, table, text)); got != want {
			t.Errorf("%s: %s: %+v, want %+v", rules, text, got, want)
		}
		if u.Rules().Unrestricted() && want != (Denial{}) {
			t.Errorf("%s: unrestricted", rules)
		}
	}
	ok := Denial{}
	command := Denial{Reason: DeniedCommand}
	key := func(i int) Denial { return Denial{DeniedKey, i} }
	channel := func(i int) Denial { return Denial{DeniedChannel, i} }

	f("", "get R:a", command)
	f("", "auth x", ok)
	f("+get", "get R:a", key(1))
	f("+get ~b", "get R:a", key(1))
	f("+get ~b ~a", "get R:a", ok)
	f("+get ~a*", "get R:abc", ok)
	f("+get %R~a", "get R:a", ok)
	f("+get %W~a", "get R:a", key(1))
	f("+get %W~a", "get :a", ok)
	f("+get %W~a", "get :b", key(1))
	f("+set %R~a", "set RW:a v", key(1))
	f("+set ~a", "set RW:a v", ok)
	f("+set %R~a %W~a", "set RW:a v", ok)
	f("+set %R~a %W~a*", "set RW:a v", key(1)) // one pattern must give both
	f("+copy %R~a %W~b", "copy R:a W:b", ok)
	f("+copy %R~a %W~b", "copy R:b W:a", key(1))
	f("+copy %R~a %W~b", "copy R:a W:a", key(2))
	f("+@all ~a", "keys", ok)
	f("allcommands allkeys", "publish &c m", channel(1))
	f("allcommands allkeys &c", "publish &c m", ok)
	f("allcommands allkeys &c*", "publish &cd m", ok)
	f("allcommands allkeys &c*", "psubscribe &&cd", channel(1))
	f("allcommands allkeys &c*", "psubscribe &&c*", ok)
	f("allcommands allkeys &c* &d", "psubscribe &&c* &&d &&e", channel(3))
	f("allcommands allkeys allchannels", "psubscribe &&x", ok)

	f("+config", "config|set a", ok)
	f("+config -config|set", "config|set a", command)
	f("+config|get", "config|get a", ok)
	f("+config|get", "config|set a", command)
	f("+@dangerous", "config|set a", ok)
	f("+@all -@dangerous", "config|set a", command)
	f("+@all -@dangerous allkeys", "get R:a", ok)
	f("+@all -@read +get allkeys", "get R:a", ok)
	f("+@all -get", "get R:a", command)
	f("+select|0", "select 0", ok)
	f("+select|a", "select A", ok)
	f("+select|0", "select 1", command)
	f("+select|0", "select", command)
	f("+select|0 -select", "select 0", command)
	f("+@all +select|0", "select 1", ok)
	f("+@all -select +select|0", "select 1", command)

	// One selector must allow all of a call; of several refusals the furthest is told.
	f("(+get ~a) (+set ~b)", "get R:a", ok)
	f("(+get ~a) (+set ~b)", "get R:b", key(1))
	f("(+get ~a) (+set ~b)", "copy R:a W:b", command)
	f("(+copy %R~a) (+copy %W~b)", "copy R:a W:b", key(2))
	f("+@all (allkeys) (allchannels)", "get R:a", key(1))
	f("(allcommands allkeys allchannels)", "get R:a", ok)
	f("+get ~a (+publish)", "publish &c m", channel(1))
}

func TestAllowsAllKeys(t *testing.T) {
	table := testTable()
	f := func(rules string, want bool) {
		t.Helper()
		u := set(t, NewUsers(table), "u", rules)
		if got := u.Rules().AllowsAllKeys(call(t, table, "get R:a"), Read); got != want {
			t.Errorf("%s: %v", rules, got)
		}
	}
	f("+@all", false)
	f("+@all ~a", false)
	f("+@all %W~*", false)
	f("+@all %R~*", true)
	f("+@all %RW~*", true)
	f("+@all allkeys", true)
	f("-get +@write allkeys", false)
	f("-@all allkeys (+get ~a)", false)
	f("-@all (+get %R~*)", true)
	f("+@all allkeys allchannels", true)
}

func TestAuthenticate(t *testing.T) {
	s := NewUsers(testTable())
	f := func(name, password string, want bool) {
		t.Helper()
		if got := s.Authenticate(name, []byte(password)); (got != nil) != want {
			t.Errorf("%s %q: %v", name, password, got)
		}
	}
	f("default", "anything", true)
	f("u", "", false)
	set(t, s, "u", ">one >two")
	f("u", "one", false) // off
	set(t, s, "u", "on")
	f("u", "one", true)
	f("u", "two", true)
	f("u", "three", false)
	f("u", "", false)
	set(t, s, "u", "<one")
	f("u", "one", false)
	set(t, s, "u", "nopass")
	f("u", "one", true)
	set(t, s, "u", "resetpass")
	f("u", "one", false)
	f("u", "", false)

	s.SetDefaultPassword("secret\x00x")
	f("default", "anything", false)
	f("default", "secret\x00x", true)
	s.SetDefaultPassword("")
	f("default", "anything", true)
}

// TestChanges: a change is one for everybody who has the user, and a deleted user is allowed nothing.
func TestChanges(t *testing.T) {
	table := testTable()
	s := NewUsers(table)
	u := set(t, s, "u", "on nopass +@all allkeys allchannels")
	get := call(t, table, "get R:a")
	if !u.Unrestricted() || u.Rules().Check(get) != (Denial{}) {
		t.Error("a user who may do everything may not")
	}
	set(t, s, "u", "-get")
	if u.Unrestricted() || u.Rules().Check(get).Reason != DeniedCommand {
		t.Error("the change did not reach the user")
	}
	set(t, s, "u", "+@all")
	if !u.Unrestricted() {
		t.Error("everything was given back")
	}
	if s.Delete("nosuch") != nil || s.Delete("default") != nil || s.Delete("u") != u {
		t.Error("Delete")
	}
	if u.Unrestricted() || !u.Rules().Deleted() || u.Rules().Check(get).Reason != DeniedAuth || u.Rules().Check(call(t, table, "auth x")).Reason != DeniedAuth ||
		u.Rules().AllowsAllKeys(get, Read) || u.Rules().AllowsChannel([]byte("c"), false) || s.Authenticate("u", nil) != nil || s.Get("u") != nil {
		t.Error("a deleted user may do something")
	}
	if again := set(t, s, "u", ""); again == u {
		t.Error("a new user of the same name is another one")
	}
	if !(*User)(nil).Unrestricted() {
		t.Error("the server itself may not do everything")
	}
}

func TestNewChannels(t *testing.T) {
	s := NewUsers(testTable())
	s.AllowNewAllChannels(true)
	u := set(t, s, "u", "(+get)")
	if got, want := u.Rules().String(), "off &* -@all (&* -@all +get)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	set(t, s, "u", "reset")
	if got, want := u.Rules().String(), "off sanitize-payload &* -@all"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFile(t *testing.T) {
	s := NewUsers(testTable())
	s.SetDefaultPassword("secret")
	old, gone := set(t, s, "old", "on +get"), set(t, s, "gone", "on +@all allkeys allchannels")
	list, err := s.Parse("users.acl", "# comment\n\n  user new on nopass (+get   ~a:*) ( +set ~b )\r\nUSER old off +set\nuser  on\n")
	if err != nil {
		t.Fatal(err)
	}
	if s.Get("new") != nil {
		t.Error("parsing changed something")
	}
	s.Replace(list)
	want := "user  on resetchannels -@all\n" +
		"user default on #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b ~* &* +@all\n" +
		"user new on nopass resetchannels -@all (~a:* resetchannels -@all +get) (~b resetchannels -@all +set)\n" +
		"user old off resetchannels -@all +set\n"
	if got := s.Format(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if s.Get("old") != old || old.Rules().Enabled() || !gone.Rules().Deleted() || s.Default().Rules().NoPass() {
		t.Error("users that were there before")
	}
	again, err := s.Parse("", want)
	if err != nil {
		t.Fatal(err)
	}
	s.Replace(again)
	if got := s.Format(); got != want {
		t.Errorf("read again\n%s", got)
	}

	f := func(text, wantErr string) {
		t.Helper()
		if _, err := s.Parse("f", text); err == nil || err.Error() != wantErr {
			t.Errorf("%q: %v, want %s", text, err, wantErr)
		}
	}
	f("user a on\nuser", "f:2: should start with user keyword followed by the username")
	f("foo a on", "f:1: should start with user keyword followed by the username")
	f("\nuser a\nuser b\nuser a", "f:4: Duplicate user 'a' found")
	f("user a +nosuch", "f:1: Error in applying operation '+nosuch': Unknown command or category name in ACL")
	f("user a #secret", "f:1: The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters")
	f("user a (+get", "f:1: Unmatched parenthesis in acl selector starting at '(+get'.")
	f("user a\x00 on\nuser b x", "f:1: username 'a\x00' contains invalid characters\nf:2: Syntax error")
}

func TestLog(t *testing.T) {
	var l Log
	l.SetMax(3)
	now := time.UnixMilli(1_000_000)
	e := func(object string) Event { return Event{DeniedKey, TopLevel, object, "u"} }
	f := func(want string) {
		t.Helper()
		var got []string
		for _, e := range l.Entries(100) {
			got = append(got, e.Object+strings.Repeat("+", int(e.Count)))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	l.Add(e("a"), "", now)
	l.Add(e("b"), "", now)
	l.Add(e("a"), "last", now.Add(time.Second))
	f("a++ b+")
	if first := l.Entries(1)[0]; first.Client != "last" || first.ID != 0 || !first.Created.Equal(now) || !first.Updated.Equal(now.Add(time.Second)) {
		t.Errorf("%+v", first)
	}
	l.Add(e("a"), "", now.Add(logSame+time.Second+1))
	f("a+ a++ b+")
	l.Add(Event{DeniedKey, InMulti, "a", "u"}, "", now.Add(logSame))
	f("a+ a+ a++")
	l.SetMax(1)
	f("a+")
	l.Reset()
	f("")
	if n := l.Count(DeniedKey); n != 5 {
		t.Errorf("%d counted", n)
	}
	l.ResetCounts()
	if n := l.Count(DeniedKey); n != 0 {
		t.Errorf("%d counted after the reset", n)
	}
	l.Add(e(strings.Repeat("x", logObject+1)), "", now)
	if e := l.Entries(1)[0]; len(e.Object) != logObject || e.ID != 4 {
		t.Errorf("object of %d bytes, id %d", len(e.Object), e.ID)
	}
	l.SetMax(0)
	l.Add(e("a"), "", now)
	f("")
}

func TestTally(t *testing.T) {
	s := NewUsers(testTable())
	set(t, s, "u", ">a >b ~abc &de +get +@read (+set ~x)")
	got := s.Tally()
	got.Bytes = 0
	if want := (Tally{Users: 2, Passwords: 2, CategoryRules: 2, CommandRules: 2, KeyPatterns: 2, KeyBytes: 4, ChannelPatterns: 1, ChannelBytes: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAllocs(t *testing.T) {
	table := testTable()
	s := NewUsers(table)
	u := set(t, s, "u", "+get +select|0 ~"+strings.Repeat("long", 20)+"* ~a* &c (+set)")
	for _, text := range []string{"get R:abc", "set RW:x v", "publish &c m", "select 0"} {
		c := call(t, table, text)
		if n := testing.AllocsPerRun(100, func() { u.Rules().Check(c) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	table := testTable()
	s := NewUsers(table)
	if _, err := s.Set("u", []string{"+get", "~a:*"}); err != nil {
		b.Fatal(err)
	}
	c := &Call{Command: table.byName["get"], Args: [][]byte{[]byte("get"), []byte("a:key")}, Keys: []Key{{1, Read}}}
	for b.Loop() {
		if s.Get("u").Rules().Check(c).Reason != Allowed {
			b.Fatal()
		}
	}
}
