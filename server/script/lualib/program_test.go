package lualib

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
)

// program writes a random Lua program that comes to an end. It knows which variables there are, not what is in them, so much of
// what it does is an error, which a pcall may catch.
type program struct {
	rnd    *rand.Rand
	out    strings.Builder
	vars   []string // that are visible
	n      int      // of names made so far
	depth  int
	loops  int
	vararg bool
}

func (p *program) chance(percent int) bool { return p.rnd.IntN(100) < percent }

func (p *program) name() string {
	p.n++
	return fmt.Sprintf("v%d", p.n)
}

func (p *program) variable() string { return p.vars[p.rnd.IntN(len(p.vars))] }

// block writes some statements in a scope of their own.
func (p *program) block() {
	vars := len(p.vars)
	p.depth++
	for range 1 + p.rnd.IntN(5) {
		p.statement()
	}
	p.depth--
	p.vars = p.vars[:vars]
}

func (p *program) statement() {
	kind := p.rnd.IntN(14)
	if p.depth > 4 && kind > 5 {
		kind = p.rnd.IntN(6)
	}
	switch kind {
	case 0, 1:
		p.local()
	case 2, 3, 4:
		p.assignment()
	case 5:
		p.out.WriteString(p.call() + " ")
	case 6:
		p.out.WriteString("do ")
		p.block()
		p.out.WriteString("end ")
	case 7:
		p.out.WriteString("if " + p.expr() + " then ")
		p.block()
		if p.chance(40) {
			p.out.WriteString("elseif " + p.expr() + " then ")
			p.block()
		}
		if p.chance(50) {
			p.out.WriteString("else ")
			p.block()
		}
		p.out.WriteString("end ")
	case 8:
		v := p.name()
		step := ""
		if p.chance(30) {
			step = fmt.Sprintf(",%d", p.rnd.IntN(5)-2)
			if step == ",0" {
				step = ",1"
			}
		}
		fmt.Fprintf(&p.out, "for %s = %d, %d%s do ", v, p.rnd.IntN(4), p.rnd.IntN(6), step)
		p.loop(v)
	case 9:
		a, b := p.name(), p.name()
		fmt.Fprintf(&p.out, "for %s, %s in ipairs({%s}) do ", a, b, p.list(4))
		p.loop(a, b)
	case 10:
		v := p.name()
		fmt.Fprintf(&p.out, "local %s = 0 while %s < %d do %s = %s + 1 ", v, v, p.rnd.IntN(4), v, v)
		p.loop()
	case 11:
		v := p.name()
		fmt.Fprintf(&p.out, "local %s = 0 repeat %s = %s + 1 spend() ", v, v, v)
		p.loops++
		p.block()
		p.loops--
		fmt.Fprintf(&p.out, "until %s > %d ", v, p.rnd.IntN(3))
	case 12:
		v := p.name()
		if p.chance(50) {
			p.out.WriteString("local function " + v)
			p.vars = append(p.vars, v)
			p.function()
		} else {
			p.out.WriteString("local " + v + " = function")
			p.function()
			p.vars = append(p.vars, v)
		}
	default:
		p.out.WriteString("note(pcall(function() ")
		loops, vararg := p.loops, p.vararg
		p.loops, p.vararg = 0, false
		p.block()
		p.loops, p.vararg = loops, vararg
		p.out.WriteString("end)) ")
	}
}

func (p *program) loop(vars ...string) {
	n := len(p.vars)
	p.vars = append(p.vars, vars...)
	p.loops++
	p.out.WriteString("spend() ")
	p.block()
	p.loops--
	if p.chance(20) {
		p.out.WriteString("if " + p.expr() + " then break end ")
	}
	p.vars = p.vars[:n]
	p.out.WriteString("end ")
}

// function writes parameters and body.
func (p *program) function() {
	vars, vararg, loops := len(p.vars), p.vararg, p.loops
	p.loops = 0
	var params []string
	for range p.rnd.IntN(3) {
		params = append(params, p.name())
	}
	p.vars = append(p.vars, params...)
	p.vararg = p.chance(30)
	if p.vararg {
		params = append(params, "...")
	}
	p.out.WriteString("(" + strings.Join(params, ",") + ") spend() ")
	p.block()
	p.out.WriteString("return " + p.list(3) + " end ")
	p.vars, p.vararg, p.loops = p.vars[:vars], vararg, loops
}

func (p *program) local() {
	var names []string
	for range 1 + p.rnd.IntN(3) {
		names = append(names, p.name())
	}
	p.out.WriteString("local " + strings.Join(names, ","))
	if p.chance(80) {
		p.out.WriteString(" = " + p.list(3))
	}
	p.out.WriteString(" ")
	p.vars = append(p.vars, names...)
}

func (p *program) assignment() {
	var targets []string
	for range 1 + p.rnd.IntN(3) {
		t := p.variable()
		if p.chance(50) {
			t = p.variable() + pick(p.rnd, 1, ".x", ".y", "[1]", "[2]")
			p.out.WriteString("if type(" + t[:strings.IndexAny(t, ".[")] + ") ~= 'table' then " + t[:strings.IndexAny(t, ".[")] + " = {} end ")
		}
		targets = append(targets, t)
	}
	p.out.WriteString(strings.Join(targets, ", ") + " = " + p.list(3) + " ")
}

func (p *program) index() string {
	switch p.rnd.IntN(3) {
	case 0:
		return "." + pick(p.rnd, 1, "x", "y", "z")
	case 1:
		return fmt.Sprintf("[%d]", 1+p.rnd.IntN(3))
	}
	return "[" + p.number() + "]"
}

// list writes up to n expressions, at least one.
func (p *program) list(n int) string {
	var list []string
	for range 1 + p.rnd.IntN(n) {
		list = append(list, p.expr())
	}
	return strings.Join(list, ", ")
}

// expr writes an expression of any type. Those that want a type mostly get a value of it.
func (p *program) expr() string {
	p.depth++
	defer func() { p.depth-- }()
	kind := p.rnd.IntN(16)
	if p.depth > 6 {
		kind = p.rnd.IntN(5)
	}
	switch kind {
	case 0, 1, 2:
		return p.variable()
	case 3:
		return pick(p.rnd, 1, "nil", "true", "false")
	case 4, 5:
		return p.number()
	case 6, 7:
		return p.text()
	case 8, 9:
		return p.table()
	case 10:
		return p.expr() + pick(p.rnd, 1, " and ", " or ") + p.expr()
	case 11:
		return p.number() + pick(p.rnd, 1, " < ", " <= ", " > ", " >= ", " == ", " ~= ") + p.number()
	case 12:
		return p.expr() + pick(p.rnd, 1, " == ", " ~= ") + p.expr()
	case 13:
		return "not " + p.expr()
	case 14:
		return "(" + p.expr() + ")"
	}
	if p.vararg {
		return pick(p.rnd, 1, "...", "(...)")
	}
	return p.call()
}

// call writes a call that may have several values.
func (p *program) call() string {
	if p.chance(10) {
		return p.variable() + "(" + p.list(3) + ")"
	}
	return pick(p.rnd, 1, "f", "note", "g", "h") + "(" + p.list(3) + ")"
}

func (p *program) number() string {
	p.depth++
	defer func() { p.depth-- }()
	kind := p.rnd.IntN(12)
	if p.depth > 6 {
		kind = p.rnd.IntN(4)
	}
	switch kind {
	case 0, 1:
		return pick(p.rnd, 1, "0", "1", "2", "3", "-1", "1.5", "1e15", "0x10", "'7'")
	case 2, 3:
		return "num(" + p.variable() + ")"
	case 4:
		return p.variable()
	case 5:
		return "#str(" + p.expr() + ")"
	case 6:
		// Of a table with holes, "#" may differ.
		return "#{" + p.number() + "," + p.text() + "}"
	case 7:
		return "- " + p.number()
	case 8:
		return "(" + p.number() + ")"
	case 9:
		return "num(" + p.expr() + ")"
	}
	return p.number() + pick(p.rnd, 1, " + ", " - ", " * ") + p.number()
}

func (p *program) text() string {
	p.depth++
	defer func() { p.depth-- }()
	kind := p.rnd.IntN(10)
	if p.depth > 6 {
		kind = p.rnd.IntN(3)
	}
	switch kind {
	case 0, 1:
		return pick(p.rnd, 1, `"a"`, `"10"`, `""`, `"x y"`)
	case 2:
		return "str(" + p.variable() + ")"
	case 3:
		return "cap(" + p.variable() + ")"
	case 4:
		return fmt.Sprintf(`("%s"):%s`, pick(p.rnd, 2, "a", "b", "1"), pick(p.rnd, 1, "upper()", "rep(2)", "sub(2)"))
	case 5:
		return "str(" + p.expr() + ")"
	case 6:
		return "(" + p.text() + ")"
	case 7:
		return p.number() + " .. " + p.text()
	}
	return p.text() + " .. " + p.text()
}

func (p *program) table() string {
	p.depth++
	defer func() { p.depth-- }()
	kind := p.rnd.IntN(8)
	if p.depth > 6 {
		kind = p.rnd.IntN(3)
	}
	switch kind {
	case 0, 1, 2:
		return "tab(" + p.variable() + ")"
	case 3:
		return "{" + p.list(3) + "}"
	case 4:
		return "{x = " + p.expr() + ", [" + p.text() + "] = " + p.expr() + "; " + p.list(2) + "}"
	case 5:
		return "tab((" + p.table() + ")" + p.index() + ")"
	}
	out := p.out
	p.out = strings.Builder{}
	p.out.WriteString("{y = function")
	p.function()
	p.out.WriteString("}")
	table := p.out.String()
	p.out = out
	return table
}

// randomProgram writes a program whose result is a text of all that it noted.
func randomProgram(rnd *rand.Rand) string {
	p := &program{rnd: rnd, vars: []string{"a", "b", "c"}, depth: rnd.IntN(5)}
	p.out.WriteString(`local notes, budget = {}, 300
local function spend() budget = budget - 1 if budget < 0 then error('spent', 0) end end
local function shown(v, deep)
	if type(v) == 'table' and deep < 3 then
		return '{' .. shown(v.x, deep + 1) .. ',' .. shown(v.y, deep + 1) .. ',' .. shown(v[1], deep + 1) .. ',' .. shown(v[2], deep + 1) .. '}'
	end
	if v == 0 then return '0' end -- gopher-lua loses the sign of -0
	if type(v) == 'string' and #v > 300 then return #v .. 'bytes' end
	return (type(v) == 'table' or type(v) == 'function') and type(v) or tostring(v)
end
local function note(...)
	spend()
	for i = 1, select('#', ...) do notes[#notes + 1] = shown((select(i, ...)), 0) end
	return ...
end
local function f(x, y) spend() if type(x) == 'number' and x > 0 and x < 10 then return x - 1, y end return y end
local function g(...) spend() return ... end
local function h(x, ...) spend() if type(x) == 'function' then return x(...) end return x, ... end
local function num(x) return tonumber(x) or 2 end
local function str(x) if type(x) == 'string' and #x > 200 then return 'long' end return type(x) == 'string' and x or type(x) end
local function cap(x) return type(x) == 'string' and #x > 200 and 'long' or x end
local function tab(x) return type(x) == 'table' and x or {5, x = 6} end
local a, b, c = 1, {x = 1, y = 'k', 5, 6}, 'str'
note(pcall(function()
`)
	p.block()
	p.block()
	p.out.WriteString("note(" + strings.Join(p.vars[:3], ", ") + ") end))\nreturn table.concat(notes, ' ')")
	return p.out.String()
}

// TestProgramsAgainstRedis runs random programs here and in a redis-server. Of those that differ it shows the shortest.
func TestProgramsAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	shortest, got, want, failed := "", "", "", 0
	for range 4 * rounds(t) {
		s := randomProgram(rnd)
		there := bulk(r.Do("EVAL", harness, "0", s))
		here := runHarness(t, s)
		if here == there {
			continue
		}
		if failed++; shortest == "" || len(s) < len(shortest) {
			shortest, got, want = s, here, there
		}
	}
	if failed > 0 {
		t.Errorf("%d programs differ: %s\n  got %s\nredis %s", failed, shortest, got, want)
	}
}
