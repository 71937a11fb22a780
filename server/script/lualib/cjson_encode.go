package lualib

import (
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// encoder writes one value as JSON.
type encoder struct {
	*cjson
	L     *lua.LState
	out   []byte
	n     int // values so far
	slots int // of Lua's stack that C would use here
}

// encode is cjson.encode.
func (c *cjson) encode(L *lua.LState) int {
	one(L)
	e := encoder{cjson: c, L: L, slots: 1}
	e.value(L.Get(1), 0)
	checkSize(L, len(e.out))
	L.Push(lua.LString(e.out))
	return 1
}

// refuse throws the error of a value that has no JSON.
func (e *encoder) refuse(v lua.LValue, why string) {
	raise(e.L, "Cannot serialise "+v.Type().String()+": "+why)
}

func (e *encoder) value(v lua.LValue, depth int) {
	e.n++
	tickEvery(e.L, e.n)
	checkSize(e.L, len(e.out))
	switch v := v.(type) {
	case lua.LString:
		e.text(string(v))
	case lua.LNumber:
		e.number(v)
	case lua.LBool:
		e.out = strconv.AppendBool(e.out, bool(v))
	case *lua.LTable:
		e.table(v, depth+1)
	case *lua.LNilType:
		e.out = append(e.out, "null"...)
	default:
		if v != lua.LValue(e.null) {
			e.refuse(v, "type not supported")
		}
		e.out = append(e.out, "null"...)
	}
}

func (e *encoder) table(t *lua.LTable, depth int) {
	if depth > e.maxEncodeDepth || e.slots+3 > maxResults {
		raise(e.L, "Cannot serialise, excessive nesting ("+strconv.Itoa(depth)+")")
	}
	if n := e.arrayLength(t); n > 0 {
		e.array(t, n, depth)
	} else {
		e.object(t, depth)
	}
}

// arrayLength is the highest index of a table, if all its keys are indexes, and it is not too sparse. Otherwise it is no array:
// -1. It is 0 for an empty table.
func (e *encoder) arrayLength(t *lua.LTable) int {
	highest, items := 0, 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n, ok := k.(lua.LNumber)
		if !ok || n < 1 || n != lua.LNumber(math.Floor(float64(n))) {
			return -1
		}
		highest = max(highest, int(int32(toInteger(float64(n)))))
		items++
		tickEvery(e.L, items)
	}
	if e.sparse.ratio > 0 && highest > items*e.sparse.ratio && highest > e.sparse.safe {
		if e.sparse.convert == 0 {
			e.refuse(t, "excessively sparse array")
		}
		return -1
	}
	return highest
}

func (e *encoder) array(t *lua.LTable, n, depth int) {
	e.out = append(e.out, '[')
	e.slots++
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.out = append(e.out, ',')
		}
		e.value(element(t, i), depth)
	}
	e.slots--
	e.out = append(e.out, ']')
}

func (e *encoder) object(t *lua.LTable, depth int) {
	e.out = append(e.out, '{')
	e.slots += 2
	first := true
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if !first {
			e.out = append(e.out, ',')
		}
		first = false
		switch k := k.(type) {
		case lua.LNumber:
			e.out = append(e.out, '"')
			e.number(k)
			e.out = append(e.out, '"')
		case lua.LString:
			e.text(string(k))
		default:
			e.refuse(k, "table key must be a number or string")
		}
		e.out = append(e.out, ':')
		e.value(v, depth)
	}
	e.slots -= 2
	e.out = append(e.out, '}')
}

func (e *encoder) number(n lua.LNumber) {
	f := float64(n)
	if math.IsInf(f, 0) || f != f {
		switch e.encodeInvalid {
		case invalidOff:
			e.refuse(n, "must not be NaN or Inf")
		case invalidNull:
			e.out = append(e.out, "null"...)
			return
		}
		f = math.Abs(f)
		if n < 0 {
			e.out = append(e.out, '-')
		}
	}
	e.out = luac.AppendG(e.out, f, e.precision)
}

// text writes a string. Bytes from 128 on are written as they are, whether they are UTF-8 or not.
func (e *encoder) text(s string) {
	const hex = "0123456789abcdef"
	e.out = append(e.out, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != '/' && c != 0x7f {
			continue
		}
		e.out = append(e.out, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\', '/':
			e.out = append(e.out, '\\', c)
		case '\b':
			e.out = append(e.out, `\b`...)
		case '\t':
			e.out = append(e.out, `\t`...)
		case '\n':
			e.out = append(e.out, `\n`...)
		case '\f':
			e.out = append(e.out, `\f`...)
		case '\r':
			e.out = append(e.out, `\r`...)
		default:
			e.out = append(e.out, `\u00`...)
			e.out = append(e.out, hex[c>>4], hex[c&15])
			checkSize(e.L, len(e.out)) // it is six times as long
		}
	}
	e.out = append(append(e.out, s[start:]...), '"')
}
