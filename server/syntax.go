package server

import (
	"slices"
	"strings"
)

// syntaxArg is one argument of a command as COMMAND DOCS describes it.
type syntaxArg struct {
	name     string // of a value; what tokens and groups are called follows from their parts
	kind     string // "string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof" or "block"
	token    string // word before the value, or the word itself
	optional bool
	multiple bool
	args     []syntaxArg // of oneof and block
}

// parseSyntax reads the Syntax of a command:
//
//	syntax = seq
//	seq    = item …
//	item   = value | TOKEN [item] | word "|" word … | "[" alt "]" | "<" alt ">"
//	alt    = seq " | " seq …
//
// Words with a lower-case letter are values, all others tokens. Brackets make optional. A bracket that repeats what
// stands before it and ends in "..." makes that multiple, as in key value [key value ...].
func parseSyntax(text string) []syntaxArg {
	p := syntaxParser{tokens: lexSyntax(text)}
	return p.seq()
}

// lexSyntax splits into words, brackets, "|" and "...".
func lexSyntax(text string) []string {
	for _, bracket := range [...]string{"[", "]", "<", ">"} {
		text = strings.ReplaceAll(text, bracket, " "+bracket+" ")
	}
	return strings.Fields(text)
}

type syntaxParser struct {
	tokens []string
	repeat bool // the sequence just read ended in "..."
}

// peek returns the next token, empty at the end.
func (p *syntaxParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *syntaxParser) next() string {
	t := p.peek()
	if t != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

// seq reads items up to a closing bracket, a lone "|" or the end.
func (p *syntaxParser) seq() []syntaxArg {
	var list []syntaxArg
	p.repeat = false
	for {
		switch t := p.peek(); t {
		case "", "]", ">", "|":
			return list
		case "...":
			p.next()
			p.repeat = true
		case "[":
			p.next()
			list = p.bracket(list)
		case "<":
			p.next()
			list = append(list, joined(p.alternatives(">"), "oneof"))
		default:
			p.next()
			list = append(list, p.word(t))
		}
	}
}

// bracket reads an optional part that follows list.
func (p *syntaxParser) bracket(list []syntaxArg) []syntaxArg {
	alts := p.alternatives("]")
	repeat := p.repeat
	p.repeat = false
	if repeat && len(alts) == 1 {
		inner := alts[0]
		if n := len(list) - len(inner); n >= 0 && sameArgs(list[n:], inner) {
			arg := joined([][]syntaxArg{slices.Clone(list[n:])}, "block")
			arg.multiple = true
			return append(list[:n], arg)
		}
	}
	arg := joined(alts, "oneof")
	arg.optional = true
	arg.multiple = arg.multiple || repeat
	return append(list, arg)
}

// alternatives reads sequences separated by "|" up to the closing bracket.
func (p *syntaxParser) alternatives(closing string) [][]syntaxArg {
	var alts [][]syntaxArg
	repeat := false
	for {
		alts = append(alts, p.seq())
		repeat = repeat || p.repeat
		if t := p.next(); t != "|" {
			// closing, or the end of a text that lacks it
			p.repeat = repeat
			return alts
		}
	}
}

// word reads the item that begins with a word.
func (p *syntaxParser) word(t string) syntaxArg {
	if words := strings.Split(t, "|"); len(words) > 1 {
		arg := syntaxArg{kind: "oneof"}
		for _, w := range words {
			arg.args = append(arg.args, oneWord(w))
		}
		return arg
	}
	arg := oneWord(t)
	if arg.kind != "pure-token" {
		return arg
	}
	// A token belongs to the value or the choice that follows it.
	switch n := p.peek(); {
	case n == "<":
		p.next()
		arg = joined(p.alternatives(">"), "oneof")
	case n == "" || strings.ContainsAny(n, "[]|>") || n == "..." || isToken(n):
		return arg
	default:
		arg = p.word(p.next())
	}
	arg.token = t
	return arg
}

func oneWord(t string) syntaxArg {
	if isToken(t) {
		return syntaxArg{kind: "pure-token", token: t}
	}
	return syntaxArg{name: t, kind: valueKind(t)}
}

func isToken(t string) bool { return strings.ToUpper(t) == t }

// valueKind tells the type of a value from its name.
func valueKind(name string) string {
	switch name {
	case "key", "destination", "source", "destkey", "sourcekey", "newkey", "key1", "key2":
		return "key"
	case "pattern":
		return "pattern"
	case "score", "longitude", "latitude", "radius", "width", "height", "timeout", "weight":
		return "double"
	case "count", "numkeys", "seconds", "milliseconds", "index", "index1", "index2", "db", "destination-db", "limit", "rank",
		"len", "num-matches", "cursor", "increment", "decrement", "offset", "client-id", "ms", "numreplicas", "numlocal", "maxage",
		"start", "stop", "end", "port", "protover", "numfields", "entries-read", "entries-added", "min-idle-time":
		return "integer"
	}
	if strings.HasPrefix(name, "unix-time") {
		return "unix-time"
	}
	return "string"
}

// joined makes one argument of alternatives: the only item of the only sequence itself, or a group.
func joined(alts [][]syntaxArg, kind string) syntaxArg {
	if len(alts) == 1 {
		if len(alts[0]) == 1 {
			return alts[0][0]
		}
		return syntaxArg{kind: "block", args: alts[0]}
	}
	arg := syntaxArg{kind: kind}
	for _, seq := range alts {
		arg.args = append(arg.args, joined([][]syntaxArg{seq}, "block"))
	}
	return arg
}

// title returns what COMMAND DOCS calls an argument.
func (a *syntaxArg) title() string {
	switch {
	case a.name != "":
		return a.name
	case a.kind == "pure-token":
		return symbolName(a.token)
	}
	parts := make([]string, len(a.args))
	for i := range a.args {
		parts[i] = a.args[i].title()
	}
	return strings.Join(parts, "_")
}

// symbolName names the tokens that are no words.
func symbolName(token string) string {
	switch token {
	case "*":
		return "auto-id"
	case "=":
		return "equal"
	case "~":
		return "approximately"
	case "$":
		return "last-id"
	}
	return strings.ToLower(token)
}

// sameArgs tells whether b repeats a; the token before a need not be repeated.
func sameArgs(a, b []syntaxArg) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].title() != b[i].title() || b[i].token != "" && a[i].token != b[i].token {
			return false
		}
	}
	return true
}
