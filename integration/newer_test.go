package integration

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// newer makes random commands that redis-server 7.0.15 does not know, and does what each means with older ones.
type newer struct {
	t   testing.TB
	rng *rand.Rand
	old *conn // to a server that gets the older commands
}

// newCommand is a command with what older commands answer that do the same.
type newCommand struct {
	args  []string
	older func() *value
}

func (n *newer) pick(from ...string) string { return from[n.rng.IntN(len(from))] }

// value, field and deadline are words: few values, so that comparing them often succeeds.
func (n *newer) value() string { return n.pick("a", "b", "17", "", strings.Repeat("long ", 20)) }
func (n *newer) field() string { return "f" + strconv.Itoa(n.rng.IntN(4)) }

// deadline is an option with an instant in milliseconds, which may be past or absent.
func (n *newer) deadline() (option []string, at string) {
	switch n.rng.IntN(6) {
	case 0:
		at := 4_000_000_000 + n.rng.IntN(1000)
		return []string{"EXAT", strconv.Itoa(at)}, strconv.Itoa(at * 1000)
	case 1:
		at := strconv.Itoa(4_000_000_000_000 + n.rng.IntN(1000))
		return []string{"PXAT", at}, at
	case 2:
		return []string{"PXAT", "1000"}, "1000"
	}
	return nil, ""
}

// do runs an older command.
func (n *newer) do(args ...string) *value { return parseValue(n.old.must(n.t, args...)) }

// is is a reply without items.
func is(kind byte, text string) *value { return &value{kind: kind, text: text} }

// next makes a command.
func (n *newer) next() newCommand {
	return []func() newCommand{n.older, n.prepend, n.delex, n.setIf, n.msetex, n.hgetdel, n.hgetex, n.hsetex, n.smove}[n.rng.IntN(9)]()
}

// older makes a command that both know.
func (n *newer) older() newCommand {
	s, h, set, f, v := "s"+n.pick("0", "1"), "h"+n.pick("0", "1"), "t"+n.pick("0", "1"), n.field(), n.value()
	args := [][]string{
		{"SET", s, v}, {"SET", s, v, "EXAT", "4000000000"}, {"DEL", s}, {"SADD", set, f}, {"HDEL", h, f}, {"HSET", h, f, v},
		{"HPEXPIREAT", h, "4000000000000", "FIELDS", "1", f}, {"EXPIREAT", h, "4000000000"}, {"SADD", s, v},
	}[n.rng.IntN(9)]
	if n.rng.IntN(20) == 0 {
		args = []string{"SET", h, v} // another type, until it is deleted
	} else if n.rng.IntN(5) == 0 {
		args = []string{"DEL", h}
	}
	return newCommand{args, func() *value { return n.do(args...) }}
}

func (n *newer) prepend() newCommand {
	key, v := "s"+n.pick("0", "1"), n.value()
	return newCommand{[]string{"PREPEND", key, v}, func() *value {
		old := n.do("GET", key)
		if old.kind == '-' {
			return old
		}
		if len(v)+len(old.text) < 4000 {
			n.do("SET", key, v+old.text, "KEEPTTL")
			return is(':', strconv.Itoa(len(v)+len(old.text)))
		}
		n.do("DEL", key) // the test does not go on for ever
		return nil
	}}
}

// condition makes a condition on a string, with a function that tells whether it holds.
func (n *newer) condition() (option []string, holds func(old *value) bool) {
	v := n.value()
	switch name := n.pick("IFEQ", "IFNE", "IFDEQ", "IFDNE"); name {
	case "IFEQ":
		return []string{name, v}, func(old *value) bool { return !old.null && old.text == v }
	case "IFNE":
		return []string{name, v}, func(old *value) bool { return old.null || old.text != v }
	default:
		n.do("SET", "x", v)
		digest := n.do("DIGEST", "x").text
		n.do("DEL", "x")
		return []string{name, digest}, func(old *value) bool {
			return (!old.null && old.text == v) == (name == "IFDEQ")
		}
	}
}

func (n *newer) delex() newCommand {
	key := "s" + n.pick("0", "1")
	if n.rng.IntN(5) == 0 {
		return newCommand{[]string{"DELEX", key}, func() *value { return n.do("DEL", key) }}
	}
	option, holds := n.condition()
	return newCommand{append([]string{"DELEX", key}, option...), func() *value {
		switch old := n.do("GET", key); {
		case old.kind == '-':
			return is('-', "ERR Key should be of string type if conditions are specified")
		case !old.null && holds(old):
			return n.do("DEL", key)
		}
		return is(':', "0")
	}}
}

func (n *newer) setIf() newCommand {
	key, v := "s"+n.pick("0", "1"), n.value()
	option, holds := n.condition()
	args := append([]string{"SET", key, v}, option...)
	until, _ := n.deadline()
	get := n.rng.IntN(3) == 0
	if get {
		args = append(args, "GET")
	}
	args = append(args, until...)
	return newCommand{args, func() *value {
		old := n.do("GET", key)
		if old.kind == '-' {
			return old
		}
		reply := &value{kind: '$', null: true}
		if holds(old) {
			reply = n.do(append([]string{"SET", key, v}, until...)...)
		}
		if get {
			return old
		}
		return reply
	}}
}

func (n *newer) msetex() newCommand {
	pairs := []string{"s0", n.value(), "s" + n.pick("1", "0"), n.value()}
	until, at := n.deadline()
	if at == "" {
		until = [][]string{nil, {"KEEPTTL"}}[n.rng.IntN(2)]
	}
	option := n.pick("", "NX", "XX")
	args := append(append([]string{"MSETEX", "2"}, pairs...), until...)
	if option != "" {
		args = append(args, option)
	}
	return newCommand{args, func() *value {
		exist := n.do("EXISTS", "s0", pairs[2]).text
		if option == "NX" && exist != "0" || option == "XX" && exist != "2" {
			return is(':', "0")
		}
		for i := 0; i < len(pairs); i += 2 {
			n.do(append([]string{"SET", pairs[i], pairs[i+1]}, until...)...)
		}
		return is(':', "1")
	}}
}

// hashFields are a key, and the words FIELDS, the number, and one or two fields that differ.
func (n *newer) hashFields() (key string, fields []string) {
	key, fields = "h"+n.pick("0", "1"), []string{"FIELDS", "1", n.field()}
	if f := n.field(); f != fields[2] {
		fields = append(fields, f)
		fields[1] = "2"
	}
	return key, fields
}

func (n *newer) hgetdel() newCommand {
	key, fields := n.hashFields()
	fields = []string{"FIELDS", "1", fields[2]}
	return newCommand{append([]string{"HGETDEL", key}, fields...), func() *value {
		reply := n.do(append([]string{"HMGET", key}, fields[2:]...)...)
		n.do(append([]string{"HDEL", key}, fields[2:]...)...)
		return reply
	}}
}

func (n *newer) hgetex() newCommand {
	key, fields := n.hashFields()
	until, at := n.deadline()
	if at == "" && n.rng.IntN(2) == 0 {
		until = []string{"PERSIST"}
	}
	return newCommand{append(append([]string{"HGETEX", key}, until...), fields...), func() *value {
		reply := n.do(append([]string{"HMGET", key}, fields[2:]...)...)
		switch {
		case at != "":
			n.do(append([]string{"HPEXPIREAT", key, at}, fields...)...)
		case until != nil:
			n.do(append([]string{"HPERSIST", key}, fields...)...)
		}
		return reply
	}}
}

func (n *newer) hsetex() newCommand {
	key, fields := n.hashFields()
	pairs := []string{fields[0], fields[1]}
	for _, f := range fields[2:] {
		pairs = append(pairs, f, n.value())
	}
	until, at := n.deadline()
	keep := at == "" && n.rng.IntN(2) == 0
	if keep {
		until = []string{"KEEPTTL"}
	}
	option := n.pick("", "FNX", "FXX")
	args := append([]string{"HSETEX", key}, until...)
	if option != "" {
		args = append(args, option)
	}
	return newCommand{append(args, pairs...), func() *value {
		if reply := n.do("HLEN", key); reply.kind == '-' {
			return reply
		}
		was := n.do(append([]string{"HPEXPIRETIME", key}, fields...)...)
		for _, f := range fields[2:] {
			if exists := n.do("HEXISTS", key, f).text == "1"; option == "FNX" && exists || option == "FXX" && !exists {
				return is(':', "0")
			}
		}
		n.do(append([]string{"HSET", key}, pairs[2:]...)...)
		switch {
		case at != "":
			n.do(append([]string{"HPEXPIREAT", key, at}, fields...)...)
		case keep:
			for i, f := range fields[2:] {
				if i < len(was.items) && was.items[i].text[0] != '-' {
					n.do("HPEXPIREAT", key, was.items[i].text, "FIELDS", "1", f)
				}
			}
		}
		return is(':', "1")
	}}
}

// smove moves a member, which is not new but keeps a deadline, so far as the target has none.
func (n *newer) smove() newCommand {
	from, to, member := "t"+n.pick("0", "1"), "t"+n.pick("0", "1"), n.field()
	return newCommand{[]string{"SMOVE", from, to, member}, func() *value {
		if n.do("SISMEMBER", from, member).text == "0" {
			return is(':', "0")
		}
		if from != to {
			n.do("SREM", from, member)
			n.do("SADD", to, member)
		}
		return is(':', "1")
	}}
}

// TestNewer plays random commands that redis-server 7.0.15 does not know to one server of ours, and to another the older commands
// that do the same, and compares replies and contents. COMMANDS sets twenty times how many.
func TestNewer(t *testing.T) {
	c, old := startOurs(t, t.TempDir(), "--dbfilename=").client(), startOurs(t, t.TempDir(), "--dbfilename=").client()
	rng := newRand(t)
	n := &newer{t: t, rng: rng, old: old}
	var history []string
	for i := range countFrom("COMMANDS", 50_000) / 20 {
		next := n.next()
		want, got := next.older(), parseValue(c.must(t, next.args...))
		history = append(history, commandText(next.args))
		if want == nil { // too long by now
			c.must(t, "DEL", next.args[1])
		} else if got.String() != want.String() {
			t.Fatalf("%s\ngot %s, want %s", strings.Join(history[max(0, i-20):], "\n"), got, want)
		}
		if i%20 == 19 {
			if lines := readContents(t, c).differences(readContents(t, old), 0); len(lines) > 0 {
				t.Fatalf("%s\ncontents differ from what older commands make:\n%s", strings.Join(history[max(0, i-20):], "\n"), strings.Join(lines, "\n"))
			}
		}
	}
}
