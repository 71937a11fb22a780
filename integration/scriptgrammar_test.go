package integration

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Random scripts that run random commands of a grammar. What they run stands in an argument of theirs that they do not
// look at, so that replies can be compared like those of the commands: what has no order in order, and so on.
//
//	EVAL script numkeys key … argument … #list:SET,k,v;GET,k
//
// where each word is in base64. #call: is a script that answers what its one command answers, #list: one that answers
// with a list of what all answer, #list3: the same with RESP3 within the script.

// withScripts adds a family of scripts to a grammar, and of calls of the functions of library.
func (g *generator) withScripts(weight int) {
	g.scripts = &scripts{}
	g.families = append(g.families, family{weight: weight})
	g.total += weight
}

// scripts are those that a generator has made, to be called again.
type scripts struct {
	made   int
	recent []script
}

// script is the text of a script with its arguments, keys first.
type script struct {
	text       string
	keys, args []string
}

// library is the one library of functions: run is a script whose commands are its arguments.
const library = `#!lua name=random
local function run(keys, args)
  local r, i = {}, 1
  while i < #args do
    local n = tonumber(args[i])
    r[#r+1] = redis.pcall(unpack(args, i + 1, i + n))
    i = i + n + 1
  end
  return r
end
redis.register_function('run', run)
redis.register_function{function_name='look', callback=run, flags={'no-writes'}}`

// script makes a command that runs a script.
func (g *generator) script() []string {
	switch n := g.rng.IntN(20); {
	case n == 0:
		return []string{"SCRIPT", "EXISTS", g.recentScript().sha(), "0123456789012345678901234567890123456789"}
	case n == 1:
		return []string{"SCRIPT", "LOAD", g.recentScript().text}
	case n < 6:
		return g.functionCall()
	case n < 10:
		s := g.recentScript()
		return append(append([]string{g.pick("EVALSHA", "EVALSHA", "EVALSHA_RO"), s.sha(), strconv.Itoa(len(s.keys))}, s.keys...), s.args...)
	}
	s := g.newScript()
	g.scripts.recent = append(g.scripts.recent, s)
	if len(g.scripts.recent) > 20 {
		g.scripts.recent = g.scripts.recent[1:]
	}
	return append(append([]string{g.pick("EVAL", "EVAL", "EVAL", "EVAL_RO"), s.text, strconv.Itoa(len(s.keys))}, s.keys...), s.args...)
}

func (g *generator) recentScript() script {
	if len(g.scripts.recent) == 0 {
		return g.newScript()
	}
	return g.scripts.recent[g.rng.IntN(len(g.scripts.recent))]
}

// sha is the name of a script for EVALSHA.
func (s script) sha() string {
	sum := sha1.Sum([]byte(s.text))
	return hex.EncodeToString(sum[:])
}

// commandOfScript makes a command for a script: scripts in scripts are left out.
func (g *generator) commandOfScript() []string {
	inMulti := g.inMulti
	defer func() { g.inMulti = inMulti }()
	for {
		g.inMulti = false
		if args := g.next(); !strings.HasPrefix(args[len(args)-1], "#") && len(args) < 50 && !strings.EqualFold(args[0], "SCRIPT") {
			return args
		}
	}
}

// scriptKey is what keys of the grammar look like.
var scriptKey = regexp.MustCompile(`^(none|elist|missing|[a-z]{1,2})[0-9]?$`)

// newScript makes a script of up to four commands. Their words are literals or arguments.
func (g *generator) newScript() script {
	var s script
	single := g.rng.IntN(3) == 0
	var commands [][]string
	for range 1 + g.rng.IntN(4) {
		commands = append(commands, g.commandOfScript())
		if single {
			break
		}
	}
	resp3 := !single && g.rng.IntN(5) == 0
	var b strings.Builder
	b.WriteString(g.pick("", "", "", "", "#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-oom,allow-stale\n"))
	if resp3 {
		b.WriteString("redis.setresp(3)\n")
	}
	// No two are equal: Redis 7.4 forgets a script of EVAL after 500 others, 7.0 never.
	g.scripts.made++
	fmt.Fprintf(&b, "-- %d\n", g.scripts.made)
	if !single {
		b.WriteString("local r = {}\n")
	}
	declare := g.rng.IntN(10) > 0
	for i, args := range commands {
		call := fmt.Sprintf("redis.pcall(%s)", s.words(g, args, declare))
		switch {
		case single:
			fmt.Fprintf(&b, "return redis.%scall(%s)", g.pick("", "p"), strings.TrimSuffix(strings.TrimPrefix(call, "redis.pcall("), ")"))
		case resp3: // a null is nil there, which ends a list
			fmt.Fprintf(&b, "local x = %s; if x == nil then x = 'null' end; r[%d] = x\n", call, i+1)
		default:
			fmt.Fprintf(&b, "r[#r+1] = %s\n", call)
		}
	}
	mark := "#call:"
	if !single {
		mark = "#list:"
		b.WriteString("return r")
	}
	if resp3 {
		mark = "#list3:"
	}
	s.text = b.String()
	s.args = append(s.args, mark+encodeCommands(commands))
	return s
}

// words writes the words of a command as Lua: literals, or references to keys and arguments, which it adds.
func (s *script) words(g *generator, args []string, declare bool) string {
	var list []string
	for i, a := range args {
		switch n, err := strconv.Atoi(a); {
		case i > 0 && declare && scriptKey.MatchString(a):
			s.keys = append(s.keys, a)
			list = append(list, fmt.Sprintf("KEYS[%d]", len(s.keys)))
		case i > 0 && g.rng.IntN(2) == 0:
			s.args = append(s.args, a)
			list = append(list, fmt.Sprintf("ARGV[%d]", len(s.args)))
		case i > 0 && err == nil && strconv.Itoa(n) == a && n > -1e9 && n < 1e9 && g.rng.IntN(2) == 0:
			list = append(list, a) // a number
		default:
			list = append(list, luaString(a))
		}
	}
	return strings.Join(list, ", ")
}

// luaString writes a string as Lua.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c <= '~' && c != '\'' && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "\\%03d", c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// functionCall makes a call of a function of the library.
func (g *generator) functionCall() []string {
	var commands [][]string
	var keys, words []string
	for range 1 + g.rng.IntN(4) {
		args := g.commandOfScript()
		commands = append(commands, args)
		words = append(append(words, strconv.Itoa(len(args))), args...)
		for _, a := range args[1:] {
			if scriptKey.MatchString(a) {
				keys = append(keys, a)
			}
		}
	}
	call := append([]string{g.pick("FCALL", "FCALL", "FCALL_RO"), g.pick("run", "run", "look", "nosuchfunction"), strconv.Itoa(len(keys))}, keys...)
	return append(append(call, words...), "#list:"+encodeCommands(commands))
}

func encodeCommands(commands [][]string) string {
	var all []string
	for _, args := range commands {
		var words []string
		for _, a := range args {
			words = append(words, base64.StdEncoding.EncodeToString([]byte(a)))
		}
		all = append(all, strings.Join(words, ","))
	}
	return strings.Join(all, ";")
}

// commandsOf returns the commands that a script runs, and how it answers; none if it is no such script.
func commandsOf(args []string) (commands [][]string, mark string) {
	mark, text, found := strings.Cut(args[len(args)-1], ":")
	if !found || mark != "#call" && mark != "#list" && mark != "#list3" {
		return nil, ""
	}
	for c := range strings.SplitSeq(text, ";") {
		var words []string
		for w := range strings.SplitSeq(c, ",") {
			b, err := base64.StdEncoding.DecodeString(w)
			if err != nil {
				return nil, ""
			}
			words = append(words, string(b))
		}
		commands = append(commands, words)
	}
	return commands, mark
}

// sameScript tells whether two replies to a script say the same.
func sameScript(args []string, ours, redis *value) bool {
	commands, mark := commandsOf(args)
	if mark == "#call" {
		return sameReply(commands[0], ours, redis)
	}
	if ours.kind != '*' || redis.kind != '*' || len(ours.items) != len(redis.items) || len(ours.items) > len(commands) {
		return false
	}
	for i := range ours.items {
		if mark == "#list3" {
			for _, v := range []*value{ours.items[i], redis.items[i]} {
				anyMapOrder(v)
				shortNumbers(v)
			}
			if loses(commands[i]) && ours.items[i].kind == '*' {
				continue
			}
		}
		if !sameReply(commands[i], ours.items[i], redis.items[i]) {
			return false
		}
	}
	return true
}

// anyMapOrder puts maps in order, which have none when a script has had them.
func anyMapOrder(v *value) {
	for _, item := range v.items {
		anyMapOrder(item)
	}
	if v.kind == '%' {
		v.sorted(2)
	}
}

// shortNumbers writes doubles as briefly as can be, which 7.0 writes with 17 digits.
func shortNumbers(v *value) {
	if x, err := strconv.ParseFloat(v.text, 64); err == nil && len(v.text) > 17 && strings.Contains(v.text, ".") {
		v.text = strconv.FormatFloat(x, 'f', -1, 64)
	}
	for _, item := range v.items {
		shortNumbers(item)
	}
}

// loses tells whether a script with RESP3 loses what a command answers: a map has no order then, which is a list for a
// RESP2 client, and a list ends at a null, which any element of an unsorted set may have for SORT with GET.
func loses(args []string) bool {
	name := strings.ToUpper(args[0])
	return slices.Contains([]string{"LCS", "XINFO", "XREAD", "XREADGROUP"}, name) || strings.HasPrefix(name, "SORT") && has(args, "GET")
}
