package lualib

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/command/commandtest"
)

// pick joins n random ones of some pieces.
func pick(rnd *rand.Rand, n int, pieces ...string) string {
	var b strings.Builder
	for range n {
		b.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	return b.String()
}

// randomPattern makes a call of a function with a pattern.
func randomPattern(rnd *rand.Rand) string {
	subject := pick(rnd, rnd.IntN(12), "a", "b", "1", " ", "(", ")", "é", "\\0", "\\n")
	pattern := pick(rnd, 1+rnd.IntN(5), "a", "b", ".", "%a", "%d", "%s", "%W", "[ab]", "[^a]", "[a-b1]", "[%a]", "(", ")", "()", "(a)", "(.-)",
		"%1", "%2", "^", "$", "%b()", "%f[a]", "%z", "%(", "[", "]", "%", "-", "*", "+", "?", "a*", ".-", "b+", "1?", "[]]", "[^]]", "[a-]", "%x")
	switch rnd.IntN(4) {
	case 0:
		return fmt.Sprintf(`return string.find("%s","%s",%d)`, subject, pattern, rnd.IntN(8)-4)
	case 1:
		return fmt.Sprintf(`return string.match("%s","%s")`, subject, pattern)
	case 2:
		return fmt.Sprintf(`local r={} for a,b in string.gmatch("%s","%s") do r[#r+1]=tostring(a)..tostring(b) if #r>20 then break end end return r`,
			subject, pattern)
	}
	with := pick(rnd, rnd.IntN(4), "x", "%0", "%1", "%%", "%2", "%")
	return fmt.Sprintf(`return string.gsub("%s","%s","%s",%d)`, subject, pattern, with, rnd.IntN(6))
}

// randomFormat makes a call of string.format.
func randomFormat(rnd *rand.Rand) string {
	var format string
	var args []string
	for range 1 + rnd.IntN(3) {
		format += "|%" + pick(rnd, rnd.IntN(3), "-", "+", " ", "#", "0")
		if rnd.IntN(2) == 0 {
			format += fmt.Sprint(rnd.IntN(25))
		}
		if rnd.IntN(2) == 0 {
			format += "." + pick(rnd, rnd.IntN(3), "0", "1", "3", "7")
		}
		format += pick(rnd, 1, "d", "i", "u", "c", "x", "X", "o", "e", "E", "f", "g", "G", "q", "s", "y", "a")
		args = append(args, pick(rnd, 1, "0", "1", "-1", "65", "255", "-255", "3.5", "-2.5", "1e15", "1e300", "-1e-7", "1/0", "-1/0", "2^31", "2^53",
			"2^63", "2^64", "-2^63", `"12"`, `"abc"`, `"a\0b"`, "nil", "{}", "0.1", "123456.789", "1e21"))
	}
	return fmt.Sprintf(`return string.format("%s|",%s)`, format, strings.Join(args, ","))
}

// randomStruct makes a call of struct.
func randomStruct(rnd *rand.Rand) string {
	format := pick(rnd, 1+rnd.IntN(6), "b", "B", "h", "H", "l", "L", "T", "i", "I", "i3", "I5", "i8", "i12", "f", "d", "s", "c3", "c0", "x", "!", "!4",
		"!2", "!3", "<", ">", " ", "y", "c", "i0", "i33")
	switch rnd.IntN(3) {
	case 0:
		return fmt.Sprintf(`return struct.size("%s")`, format)
	case 1:
		return fmt.Sprintf(`return struct.pack("%s",1,-2,300,4.7,"x",-6,2^40)`, format)
	}
	data := pick(rnd, rnd.IntN(30), `\0`, `\1`, `\255`, `\128`, `a`, `\3`)
	return fmt.Sprintf(`return struct.unpack("%s","%s",%d)`, format, data, rnd.IntN(4))
}

// randomMsg makes a call of cmsgpack.unpack or cjson.decode with something that is often nearly right.
func randomMsg(rnd *rand.Rand) string {
	if rnd.IntN(2) == 0 {
		return fmt.Sprintf(`return cmsgpack.unpack("%s")`, pick(rnd, 1+rnd.IntN(12), `\0`, `\127`, `\129`, `\146`, `\144`, `\163`, `\192`, `\193`, `\194`,
			`\195`, `\202`, `\203`, `\204`, `\205`, `\206`, `\207`, `\208`, `\211`, `\217`, `\218`, `\219`, `\220`, `\222`, `\224`, `\255`, `a`))
	}
	return fmt.Sprintf(`return cjson.decode('%s')`, pick(rnd, 1+rnd.IntN(12), "{", "}", "[", "]", ",", ":", `"a"`, `"`, "1", "-1.5e3", "true", "false", "null",
		" ", "nan", "inf", "0x1F", `"\\\\u00e9"`, `"\\\\n"`, `"\\\\x"`, `\0`, "tru", "+", "1e", `"a":1`, `[1]`, `{"b":[]}`))
}

// mutated is a piece of Lua with something put in, taken out or doubled. It may do anything if it is run.
func mutated(rnd *rand.Rand, s string) string {
	for range 1 + rnd.IntN(2) {
		i := rnd.IntN(len(s) + 1)
		switch rnd.IntN(4) {
		case 0:
			s = s[:i] + pick(rnd, 1, "(", ")", "{", "}", "[", "]", "=", " end ", " do ", ",", ".", "..", ":", "\"", "'", " function ", " local ", " then ",
				" and ", "#", "-", "--", "[[", "1", "x", "\n", " return ", " in ", " not ", "~", "\\", ";", " if ", " 0x", " 1e", "\x01", "\xff") + s[i:]
		case 1:
			if i < len(s) {
				s = s[:i] + s[min(len(s), i+1+rnd.IntN(4)):]
			}
		case 2:
			end := min(len(s), i+rnd.IntN(10))
			s = s[:end] + s[i:]
		default:
			s = s[:i]
		}
		if s == "" {
			return " "
		}
	}
	return s
}

// TestRandomAgainstRedis compares random calls of the functions that have the most cases.
func TestRandomAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	for name, random := range map[string]func(*rand.Rand) string{
		"pattern": randomPattern, "format": randomFormat, "struct": randomStruct, "decode": randomMsg,
	} {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			for range rounds(t) {
				s := random(rnd)
				want := bulk(r.Do("EVAL", harness, "0", s))
				if got := runHarness(t, s); got != want {
					t.Errorf("%q\n  got %.300q\nredis %.300q", s, got, want)
				}
			}
		})
	}
}

var manyRounds = flag.Int("rounds", 300, "how many random cases of each kind are compared with redis-server")

// rounds is how many random cases there are of each kind.
func rounds(t *testing.T) int {
	if testing.Short() {
		return 50
	}
	return *manyRounds
}

// TestSyntaxAgainstRedis compares which mutilated pieces of Lua compile, and the errors of those that do not.
func TestSyntaxAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	pieces := append(snippets(t, "testdata/language.lua.txt"), snippets(t, "testdata/errors.lua.txt")...)
	const compile = `local f, err = loadstring(ARGV[1], '@s') return f and 'compiles' or err`
	L := newState(t, Options{})
	argv := L.NewTable()
	L.SetGlobal("ARGV", argv)
	for range 4 * rounds(t) {
		s := mutated(rnd, pieces[rnd.IntN(len(pieces))])
		want := bulk(r.Do("EVAL", compile, "0", s))
		argv.RawSetInt(1, lua.LString(s))
		if got := runText(t, L, compile); got != want {
			t.Errorf("%q\n  got %.300q\nredis %.300q", s, got, want)
		}
	}
}
