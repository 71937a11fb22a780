package lualib

import (
	"encoding/binary"
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// openCMsgpack sets the library cmsgpack, which converts between Lua values and MessagePack.
func (s *library) openCMsgpack(L *lua.LState) {
	t := module(L, "cmsgpack", map[string]lua.LGFunction{
		"pack": packMsg, "unpack": unpackAll, "unpack_one": unpackOne, "unpack_limit": unpackLimit,
	})
	t.RawSetString("_NAME", lua.LString("cmsgpack"))
	t.RawSetString("_VERSION", lua.LString("lua-cmsgpack 0.4.0"))
	t.RawSetString("_COPYRIGHT", lua.LString("Copyright (C) 2012, Salvatore Sanfilippo"))
	t.RawSetString("_DESCRIPTION", lua.LString("MessagePack C implementation for Lua"))
}

// The first bytes of MessagePack. Of those that stand for a range, the low bits are the value or length.
//
//	00..7f int · 80..8f map · 90..9f array · a0..bf string · e0..ff negative int
//	The others are followed by a value or length, big-endian.
const (
	msgMap     = 0x80
	msgArray   = 0x90
	msgString  = 0xa0
	msgNil     = 0xc0
	msgFalse   = 0xc2
	msgTrue    = 0xc3
	msgFloat   = 0xca
	msgDouble  = 0xcb
	msgUint8   = 0xcc // then 16, 32, 64
	msgInt8    = 0xd0 // then 16, 32, 64
	msgString8 = 0xd9 // then 16, 32
	msgArray16 = 0xdc // then 32
	msgMap16   = 0xde // then 32
	msgNegInt  = 0xe0
)

// msgDepth is from which depth on tables are packed as nil, so that one that contains itself comes to an end.
const msgDepth = 16

// packer packs values.
type packer struct {
	L   *lua.LState
	out []byte
	n   int // values so far
}

func packMsg(L *lua.LState) int {
	n := L.GetTop()
	if n == 0 {
		argError(L, 0, "MessagePack pack needs input.")
	}
	p := packer{L: L}
	for i := 1; i <= n; i++ {
		p.value(L.Get(i), 0)
	}
	checkSize(L, len(p.out))
	L.Push(lua.LString(p.out))
	return 1
}

func (p *packer) value(v lua.LValue, depth int) {
	p.n++
	tickEvery(p.L, p.n)
	checkSize(p.L, len(p.out))
	switch v := v.(type) {
	case lua.LString:
		p.text(string(v))
	case lua.LBool:
		if v {
			p.out = append(p.out, msgTrue)
		} else {
			p.out = append(p.out, msgFalse)
		}
	case lua.LNumber:
		p.number(float64(v))
	case *lua.LTable:
		if depth == msgDepth {
			p.out = append(p.out, msgNil)
			return
		}
		p.table(v, depth)
	default:
		p.out = append(p.out, msgNil)
	}
}

// number packs a number as an integer if it is one, else as a float if that is exact, else as a double.
func (p *packer) number(f float64) {
	switch n := toInteger(f); {
	case float64(n) == f && !math.IsInf(f, 0):
		p.integer(n)
	case float64(float32(f)) == f:
		p.out = binary.BigEndian.AppendUint32(append(p.out, msgFloat), math.Float32bits(float32(f)))
	default:
		p.out = binary.BigEndian.AppendUint64(append(p.out, msgDouble), math.Float64bits(f))
	}
}

func (p *packer) integer(n int64) {
	switch {
	case n >= 0 && n < msgMap:
		p.out = append(p.out, byte(n))
	case n >= 0:
		p.sized(msgUint8, 1, uint64(n))
	case n >= -32:
		p.out = append(p.out, byte(n))
	case n >= math.MinInt8:
		p.out = append(p.out, msgInt8, byte(n))
	case n >= math.MinInt16:
		p.out = binary.BigEndian.AppendUint16(append(p.out, msgInt8+1), uint16(n))
	case n >= math.MinInt32:
		p.out = binary.BigEndian.AppendUint32(append(p.out, msgInt8+2), uint32(n))
	default:
		p.out = binary.BigEndian.AppendUint64(append(p.out, msgInt8+3), uint64(n))
	}
}

// sized packs an unsigned number in as many bytes as it needs, behind a first byte that says how many: first is for
// that of least bytes, and the following are for twice as many each.
func (p *packer) sized(first byte, least int, n uint64) {
	b := [9]byte{first}
	size := least
	for size < 8 && n>>(8*size) != 0 {
		size *= 2
		b[0]++
	}
	binary.BigEndian.PutUint64(b[1:], n<<(64-8*size))
	p.out = append(p.out, b[:1+size]...)
}

// head packs the length of something whose first byte is short if it is less than limit.
func (p *packer) head(short byte, limit int, first byte, least, n int) {
	if n < limit {
		p.out = append(p.out, short|byte(n))
		return
	}
	p.sized(first, least, uint64(n))
}

func (p *packer) text(s string) {
	p.head(msgString, 32, msgString8, 1, len(s))
	p.out = append(p.out, s...)
}

func (p *packer) table(t *lua.LTable, depth int) {
	fields, isArray := p.survey(t)
	if isArray {
		n := tableLength(t)
		p.head(msgArray, 16, msgArray16, 2, n)
		for i := 1; i <= n; i++ {
			p.value(p.L.GetTable(t, lua.LNumber(i)), depth+1)
		}
		return
	}
	p.head(msgMap, 16, msgMap16, 2, fields)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		p.value(k, depth+1)
		p.value(v, depth+1)
	}
}

// survey counts the fields of a table, and tells whether their keys are just the numbers from 1 on.
func (p *packer) survey(t *lua.LTable) (fields int, isArray bool) {
	isArray = true
	highest := 0.0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n, ok := k.(lua.LNumber)
		if !ok || n <= 0 || n > math.MaxInt32 || float64(n) != math.Trunc(float64(n)) {
			isArray = false
		}
		highest = max(highest, float64(n))
		fields++
		tickEvery(p.L, fields)
	}
	return fields, isArray && highest == float64(fields)
}

func unpackAll(L *lua.LState) int { return unpackMsg(L, 0, 0) }

func unpackOne(L *lua.LState) int { return unpackMsg(L, 1, optInteger(L, 2, 0)) }

func unpackLimit(L *lua.LState) int {
	limit := checkInteger(L, 2)
	return unpackMsg(L, limit, optInteger(L, 3, 0))
}

// unpackMsg unpacks at most limit values from an offset on, and returns them behind the offset of the next, which is -1 at the end.
// If both are 0 it unpacks all, and returns no offset.
func unpackMsg(L *lua.LState, limit, offset int64) int {
	in := checkString(L, 1)
	switch {
	case offset < 0 || limit < 0:
		raise(L, fmt.Sprintf("Invalid request to unpack with offset of %d and limit of %d.", int32(offset), int32(len(in))))
	case offset > int64(len(in)):
		raise(L, fmt.Sprintf("Start offset %d greater than input length %d.", int32(offset), int32(len(in))))
	}
	all := limit == 0 && offset == 0
	if all {
		limit = math.MaxInt32
	}
	u := unpacker{L: L, in: in[offset:], slots: 1}
	var values []lua.LValue
	for len(u.in) > 0 && int64(len(values)) < limit {
		values = append(values, u.value())
		u.slots++
	}
	n := len(values)
	if !all {
		n++
		next := len(in) - len(u.in)
		if len(u.in) == 0 {
			next = -1
		}
		L.Push(lua.LNumber(next))
	}
	for _, v := range values {
		L.Push(v)
	}
	return n
}

// unpacker unpacks values.
type unpacker struct {
	L     *lua.LState
	in    string // what is left
	slots int    // of Lua's stack that C would use here, which bounds the recursion
	n     int    // values so far
}

// take takes n bytes.
func (u *unpacker) take(n uint64) string {
	if n > uint64(len(u.in)) {
		raise(u.L, "Missing bytes in input.")
	}
	b := u.in[:n]
	u.in = u.in[n:]
	return b
}

// uint takes an unsigned number of some bytes.
func (u *unpacker) uint(size int) uint64 {
	n := uint64(0)
	for _, c := range []byte(u.take(uint64(size))) {
		n = n<<8 | uint64(c)
	}
	return n
}

// room checks that there is room for another value.
func (u *unpacker) room(doing string) {
	if u.slots+1 > maxResults {
		raise(u.L, "stack overflow ("+doing+")")
	}
}

// value takes a value.
func (u *unpacker) value() lua.LValue {
	u.n++
	tickEvery(u.L, u.n)
	u.room("too many return values at once; use unpack_one or unpack_limit instead.")
	switch b := u.take(1)[0]; {
	case b < msgMap:
		return lua.LNumber(b)
	case b < msgArray:
		return u.mapping(uint64(b & 0x0f))
	case b < msgString:
		return u.array(uint64(b & 0x0f))
	case b < msgNil:
		return lua.LString(u.take(uint64(b & 0x1f)))
	case b == msgNil:
		return lua.LNil
	case b == msgFalse || b == msgTrue:
		return lua.LBool(b == msgTrue)
	case b == msgFloat:
		return lua.LNumber(math.Float32frombits(uint32(u.uint(4))))
	case b == msgDouble:
		return lua.LNumber(math.Float64frombits(u.uint(8)))
	case b >= msgUint8 && b < msgInt8:
		return lua.LNumber(int64(u.uint(1 << (b - msgUint8)))) // Lua has no larger integers
	case b >= msgInt8 && b < msgInt8+4:
		size := 1 << (b - msgInt8)
		shift := 64 - 8*size
		return lua.LNumber(int64(u.uint(size)<<shift) >> shift)
	case b >= msgString8 && b < msgArray16:
		return lua.LString(u.take(u.uint(1 << (b - msgString8))))
	case b == msgArray16 || b == msgArray16+1:
		return u.array(u.uint(2 << (b - msgArray16)))
	case b == msgMap16 || b == msgMap16+1:
		return u.mapping(u.uint(2 << (b - msgMap16)))
	case b >= msgNegInt:
		return lua.LNumber(int8(b))
	}
	raise(u.L, "Bad data format in input.")
	return nil
}

func (u *unpacker) array(n uint64) lua.LValue {
	t := u.L.CreateTable(0, 0)
	u.slots++
	u.room("in function mp_decode_to_lua_array")
	u.slots++
	for i := 1; uint64(i) <= n; i++ {
		setElement(t, i, u.value())
	}
	u.slots -= 2
	return t
}

func (u *unpacker) mapping(n uint64) lua.LValue {
	t := u.L.CreateTable(0, 0)
	u.slots++
	for range n {
		k := u.value()
		u.slots++
		v := u.value()
		u.slots--
		if f, ok := k.(lua.LNumber); ok && f != f {
			throw(u.L, lua.LString("table index is NaN"))
		}
		if k == lua.LNil {
			throw(u.L, lua.LString("table index is nil"))
		}
		t.RawSet(k, v)
	}
	u.slots--
	return t
}
