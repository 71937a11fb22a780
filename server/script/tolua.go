package script

import (
	"bytes"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/store/number"
)

// parser makes Lua values of a reply.
type parser struct {
	vm *VM
	l  *lua.LState
	in []byte
	// failed tells that the reply is an error.
	failed bool
}

// maxSparse is up to where an integer key is an index of the array part of a table, whatever is in it. Lua's table would grow to
// its size.
const maxSparse = 1 << 12

// value takes one value from the reply.
//
//	RESP2  :n number · $ string · + {ok=} · - {err=} · * array · null false
//	RESP3  also _ nil · # boolean · , {double=} · ( {big_number=} · = {verbatim_string={format=, string=}}
//	       % {map=} · ~ {set=}, whose members are keys with the value true
func (p *parser) value() lua.LValue {
	if len(p.in) == 0 {
		return lua.LNil
	}
	kind := p.in[0]
	line := p.line()
	switch kind {
	case ':':
		n, _ := number.ParseInt(line)
		return lua.LNumber(n)
	case '$':
		if line[0] == '-' {
			return lua.LFalse
		}
		return lua.LString(p.take(line))
	case '+':
		return p.single("ok", lua.LString(line))
	case '-':
		p.failed = true
		return errorTable(p.l, codeAndText(string(line)), true)
	case '*', '>':
		if line[0] == '-' {
			return lua.LFalse
		}
		return p.array(line)
	case '#':
		return lua.LBool(line[0] == 't')
	case ',':
		f, _ := number.ParseFloat(line)
		return p.single("double", lua.LNumber(f))
	case '(':
		return p.single("big_number", lua.LString(line))
	case '=':
		return p.verbatim(p.take(line))
	case '%':
		return p.single("map", p.mapping(line))
	case '~':
		return p.single("set", p.set(line))
	case '|':
		for range 2 * count(line) {
			p.value()
		}
		return p.value()
	}
	return lua.LNil // '_'
}

// line takes a line and returns what is between its type and its end.
func (p *parser) line() []byte {
	end := bytes.IndexByte(p.in, '\r')
	line := p.in[1:end]
	p.in = p.in[end+2:]
	return line
}

// take takes the bytes of a bulk string, whose length is given.
func (p *parser) take(length []byte) []byte {
	n := count(length)
	b := p.in[:n]
	p.in = p.in[n+2:]
	return b
}

func count(line []byte) int {
	n, _ := number.ParseInt(line)
	return int(n)
}

func (p *parser) single(field string, v lua.LValue) *lua.LTable {
	t := p.l.CreateTable(0, 1)
	t.RawSetString(field, v)
	return t
}

func (p *parser) array(length []byte) *lua.LTable {
	n := count(length)
	t := p.l.CreateTable(n, 0)
	for i := range n {
		t.RawSetInt(i+1, p.value())
		p.vm.pulse.Done()
	}
	p.failed = false // an error within an array is a value
	return t
}

func (p *parser) mapping(length []byte) *lua.LTable {
	n := count(length)
	t := p.l.CreateTable(0, n)
	for range n {
		k := p.value()
		setKey(t, k, p.value())
	}
	return t
}

func (p *parser) set(length []byte) *lua.LTable {
	n := count(length)
	t := p.l.CreateTable(0, n)
	for range n {
		setKey(t, p.value(), lua.LTrue)
	}
	return t
}

// setKey sets a field whose key comes from a reply.
func setKey(t *lua.LTable, k, v lua.LValue) {
	switch n, ok := k.(lua.LNumber); {
	case k == lua.LNil:
	case ok && n > maxSparse:
		t.RawSetH(k, v)
	default:
		t.RawSet(k, v)
	}
}

func (p *parser) verbatim(b []byte) *lua.LTable {
	t := p.l.CreateTable(0, 2)
	t.RawSetString("format", lua.LString(b[:3]))
	t.RawSetString("string", lua.LString(b[4:]))
	return p.single("verbatim_string", t)
}
