package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command"
)

// The matrix of permissions: every command and subcommand, in every form of its syntax, with every key and channel once
// outside of what a user may touch. Handlers are replaced by one that notes that it ran, so that what is counted is what
// got past the check, whatever it would have done then. Which arguments are keys is read from the syntax that the
// commands declare for their documentation, and not from the key specs that the check itself goes by.

// word is an argument of a form.
type formWord struct {
	text string
	kind string // "key", "channel", or empty
}

// forms returns forms of a syntax: all of its alternatives, options and repetitions once.
func forms(args []syntaxArg) [][]formWord {
	base := []formWord{}
	parts := make([][][]formWord, len(args))
	for i := range args {
		parts[i] = argForms(&args[i])
		base = append(base, parts[i][0]...)
	}
	all := [][]formWord{base}
	for i := range parts {
		for _, other := range parts[i][1:] {
			var form []formWord
			for j := range parts {
				if j == i {
					form = append(form, other...)
				} else {
					form = append(form, parts[j][0]...)
				}
			}
			all = append(all, form)
		}
	}
	return all
}

func argForms(a *syntaxArg) [][]formWord {
	var one [][]formWord
	switch a.kind {
	case "pure-token":
		one = [][]formWord{{{text: a.token}}}
	case "oneof":
		for i := range a.args {
			one = append(one, argForms(&a.args[i])...)
		}
	case "block":
		one = forms(a.args)
	default:
		one = [][]formWord{{valueOf(a)}}
	}
	if a.token != "" && a.kind != "pure-token" {
		for i := range one {
			one[i] = append([]formWord{{text: a.token}}, one[i]...)
		}
	}
	if a.multiple {
		one = append(one, slices.Concat(one[0], one[0]), slices.Concat(one[0], one[0], one[0]))
	}
	if a.optional {
		one = append([][]formWord{nil}, one...)
	}
	return one
}

// valueOf returns a value for an argument.
func valueOf(a *syntaxArg) formWord {
	switch {
	case a.kind == "key", a.name == "dst", a.name == "src":
		return formWord{kind: "key"}
	case a.name == "channel", a.name == "shardchannel":
		return formWord{kind: "channel"}
	case a.name == "numkeys":
		return formWord{kind: "numkeys"}
	case a.kind == "integer", a.kind == "double", a.kind == "unix-time":
		return formWord{text: "1"}
	case a.kind == "pattern":
		return formWord{text: "p"}
	}
	return formWord{text: "v"}
}

// formsOf returns the forms of a command that its arity allows.
func formsOf(cmd *command.Command) (list [][]formWord) {
	parts := strings.Count(cmd.Name, "|") + 1
	for _, form := range forms(parseSyntax(cmd.Syntax)) {
		if i := slices.IndexFunc(form, func(w formWord) bool { return w.text == "STREAMS" }); i >= 0 {
			// As many IDs as keys.
			key, id := formWord{kind: "key"}, formWord{text: "v"}
			list = append(list, slices.Concat(form[:i+1], []formWord{key, id}), slices.Concat(form[:i+1], []formWord{key, key, id, id}))
			continue
		}
		if cmd.Channels.Patterns {
			for i := range form {
				form[i].kind = "channel"
			}
		}
		if cmd.ArityOK(parts + len(form)) {
			list = append(list, form)
		}
	}
	return list
}

// filled makes the arguments of a command of a form: the n-th key or channel is outside, and ok, if there is one.
func filled(cmd *command.Command, form []formWord, n int) (args [][]byte, ok bool) {
	for part := range strings.SplitSeq(cmd.Name, "|") {
		args = append(args, []byte(part))
	}
	for i, w := range form {
		text := w.text
		switch w.kind {
		case "numkeys":
			keys := 0
			for _, w := range form[i:] {
				if w.kind == "key" {
					keys++
				}
			}
			text = fmt.Sprint(keys)
		case "key", "channel":
			if text = "a:1"; n == 0 {
				text, ok = "x:1", true
			} else if cmd.Channels.Patterns {
				text = "a:*" // a pattern is allowed as it is written
			}
			n--
		}
		args = append(args, []byte(text))
	}
	return args, ok
}

// matrix runs commands for one user.
type matrix struct {
	t    *testing.T
	s    *Server
	co   *coordinator
	cl   *client
	ran  [][]byte // the command that got past the check, nil if none has
	runs int
}

// newMatrix replaces all handlers but those of transactions.
func newMatrix(t *testing.T) *matrix {
	m := &matrix{t: t, s: newServer(t, nil)}
	if err := inMemory(t, m.s).Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	m.cl = m.s.clients.all()[0]
	m.co = newCoordinator(m.s, 0)
	for _, cmd := range m.s.registry.All() {
		switch {
		case cmd.Run == nil, cmd.Name == "multi", cmd.Name == "exec", cmd.Name == "discard":
		default:
			cmd.Run = func(c *command.Ctx) {
				m.ran = copyArgs(c.Args)
				c.Reply.OK()
			}
			cmd.Flags &^= command.Script // no Lua is run
		}
	}
	return m
}

// user makes the client a user with rules.
func (m *matrix) user(rules string) {
	m.t.Helper()
	u, err := m.s.acl.users.Set("u", append([]string{"reset", "on", "nopass"}, strings.Fields(rules)...))
	if err != nil {
		m.t.Fatal(err)
	}
	m.cl.become(u)
}

// do runs a command and returns its reply, and the command that got past the check.
func (m *matrix) do(args ...[]byte) (reply string, ran [][]byte) {
	m.t.Helper()
	m.runs++
	m.ran = nil
	m.co.nowMs = time.Now().UnixMilli()
	m.co.out.Buf = m.co.out.Buf[:0]
	r := &request{args: args}
	m.co.resolve(r)
	m.co.command(m.cl, r)
	m.co.tx.Unlock()
	return string(m.co.out.Buf), m.ran
}

// commands lists what the matrix runs, in all forms.
func (m *matrix) commands(each func(cmd *command.Command, form []formWord)) {
	for _, cmd := range m.s.registry.All() {
		if cmd.Run == nil || cmd.Flags&command.Immediate != 0 && cmd.Name != "watch" {
			continue
		}
		list := formsOf(cmd)
		for _, form := range list {
			each(cmd, form)
		}
		if len(list) == 0 {
			m.t.Errorf("%s: no form of %q fits its arity", cmd.Name, cmd.Syntax)
		}
	}
}

// TestMatrixCommands: a user who may only GET keys of a prefix runs nothing else, directly or in a transaction.
func TestMatrixCommands(t *testing.T) {
	m := newMatrix(t)
	m.user("-@all +get ~a:* +multi +exec")
	commands, allowed := 0, 0
	m.commands(func(cmd *command.Command, form []formWord) {
		commands++
		for n := -1; ; n++ { // no key, then each key outside
			args, outside := filled(cmd, form, n)
			if n >= 0 && !outside {
				break
			}
			m.cl.Multi = nil
			reply, ran := m.do(args...)
			open := cmd.Flags&command.NoAuth != 0
			switch may := open || cmd.Name == "get" && !outside; {
			case may && ran == nil:
				t.Errorf("%q: %s", args, reply)
			case !may && ran != nil:
				t.Errorf("%q was run", args)
			case !may && cmd.Name == "get" && reply != "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n",
				!may && cmd.Name != "get" && reply != "-NOPERM User u has no permissions to run the '"+cmd.Name+"' command\r\n":
				t.Errorf("%q: %s", args, reply)
			case may:
				allowed++
			}
			// A script asks before each command that it calls.
			if err := m.co.permitted(m.cl, cmd, args); (err == nil) != (open || cmd.Name == "get" && !outside) {
				t.Errorf("%q in a script: %v", args, err)
			}
			if cmd.Flags&(command.NoMulti|command.Immediate) != 0 || open {
				continue
			}
			// Refused when it is queued, or, if the rules change after that, when it is run.
			m.do([]byte("multi"))
			if reply, ran = m.do(args...); ran != nil || cmd.Name != "get" && !strings.HasPrefix(reply, "-NOPERM ") {
				t.Errorf("%q in MULTI: %s", args, reply)
			}
			if reply, ran = m.do([]byte("exec")); ran != nil && (cmd.Name != "get" || outside) {
				t.Errorf("%q in MULTI was run by EXEC: %s", args, reply)
			}
			m.user("+@all allkeys allchannels")
			m.do([]byte("multi"))
			m.do(args...)
			m.user("-@all +get ~a:* +multi +exec")
			if reply, ran = m.do([]byte("exec")); ran != nil && (cmd.Name != "get" || outside) {
				t.Errorf("%q queued before the rules changed was run by EXEC: %s", args, reply)
			} else if ran == nil && !strings.HasPrefix(reply, "*1\r\n-NOPERM ACLs rules changed between ") {
				t.Errorf("%q queued before the rules changed: %s", args, reply)
			}
		}
	})
	t.Logf("%d commands, %d forms, %d calls: %d allowed, 0 executions outside of the grant", len(m.s.registry.All()), commands, m.runs, allowed)
}

// namesOnly are commands that touch no key or channel of those that they name.
var namesOnly = []string{"cluster|keyslot", "pubsub|numsub", "pubsub|shardnumsub"}

// TestMatrixKeys: a user who may run everything on keys of a prefix touches no other key, in whatever place of a command
// it stands; nor a channel.
func TestMatrixKeys(t *testing.T) {
	for _, rules := range []string{"+@all ~a:* &a:*", "(+@all ~a:* &a:*)", "+@all ~a:* &a:* (+@all ~b:* &b:*)"} {
		m := newMatrix(t)
		m.user(rules)
		places := 0
		m.commands(func(cmd *command.Command, form []formWord) {
			if args, _ := filled(cmd, form, -1); true {
				m.cl.Multi = nil
				if reply, ran := m.do(args...); ran == nil {
					t.Errorf("%s: %q: %s", rules, args, reply)
				}
			}
			for n := 0; ; n++ {
				args, outside := filled(cmd, form, n)
				if !outside {
					return
				}
				if cmd.Channels.Leaves || slices.Contains(namesOnly, cmd.Name) {
					continue
				}
				places++
				want := "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"
				if cmd.Channels.First != 0 {
					want = "-NOPERM this user has no permissions to access one of the channels used as arguments\r\n"
				}
				if reply, ran := m.do(args...); ran != nil || reply != want {
					t.Errorf("%s: %q: ran %v: %s", rules, args, ran != nil, reply)
				}
			}
		})
		t.Logf("%s: %d places of keys and channels, %d calls, 0 executions outside of the grant", rules, places, m.runs)
	}
}
