package server

import (
	"strings"
	"testing"
)

// show writes arguments in a form that shows how they were understood.
func show(args []syntaxArg) string {
	parts := make([]string, len(args))
	for i, a := range args {
		s := a.title()
		if len(a.args) > 0 {
			open, sep := "(", " "
			if a.kind == "oneof" {
				open, sep = "<", "|"
			}
			s = open + strings.ReplaceAll(show(a.args), " ", sep) + map[string]string{"(": ")", "<": ">"}[open]
		}
		if a.token != "" {
			s = a.token + "=" + s
		}
		if a.multiple {
			s += "+"
		}
		if a.optional {
			s += "?"
		}
		parts[i] = s
	}
	return strings.Join(parts, " ")
}

func TestParseSyntax(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := show(parseSyntax(text)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	f("", "")
	f("key", "key")
	f("key [key ...]", "key+")
	f("key value [key value ...]", "(key value)+")
	f("[event [event ...]]", "event+?")
	f("key [NX | XX] [GET]", "key <NX=nx|XX=xx>? GET=get?")
	f("key [EX seconds | PERSIST]", "key <EX=seconds|PERSIST=persist>?")
	f("key BEFORE|AFTER pivot", "key <BEFORE=before|AFTER=after> pivot")
	f("[LIMIT offset count]", "(LIMIT=offset count)?")
	f("[GET pattern [GET pattern ...]]", "GET=pattern+?")
	f("key <* | id> field value [field value ...]", "key <*=auto-id|id> (field value)+")
	f("[<MAXLEN | MINID> [= | ~] threshold]", "(<MAXLEN=maxlen|MINID=minid> <==equal|~=approximately>? threshold)?")
	f("[TYPE <NORMAL | PUBSUB>]", "TYPE=<NORMAL=normal|PUBSUB=pubsub>?")
	f("key [COUNT count [ANY]]", "key (COUNT=count ANY=any?)?")
	f("STREAMS key [key ...] id [id ...]", "STREAMS=key+ id+")
	f("[unclosed", "unclosed?")
}

// The Syntax of every command can be read, and says of each key that it is one.
func TestSyntaxOfCommands(t *testing.T) {
	for _, cmd := range newRegistry().All() {
		args := parseSyntax(cmd.Syntax)
		if strings.Count(cmd.Syntax, "[") != strings.Count(cmd.Syntax, "]") || strings.Count(cmd.Syntax, "<") != strings.Count(cmd.Syntax, ">") {
			t.Errorf("%s: brackets of %q", cmd.Name, cmd.Syntax)
		}
		if cmd.Keys.Has() && len(args) == 0 {
			t.Errorf("%s: no syntax", cmd.Name)
		}
	}
}
