package lualib

import (
	"bytes"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (s *library) openString(L *lua.LState) {
	t := module(L, "string", map[string]lua.LGFunction{
		"byte": stringByte, "char": stringChar, "dump": stringDump, "find": stringFind, "format": s.format, "gsub": s.gsub,
		"len": stringLen, "lower": stringLower, "match": stringMatch, "rep": stringRep, "reverse": stringReverse,
		"sub": stringSub, "upper": stringUpper,
	})
	gmatch := L.NewFunction(gmatch)
	t.RawSetString("gmatch", gmatch)
	t.RawSetString("gfind", gmatch)
	setStringMetatable(L, t)
}

// relative converts a position that may count from the end.
func relative(pos int64, length int) int64 {
	if pos < 0 {
		pos += int64(length) + 1
	}
	return max(pos, 0)
}

func stringByte(L *lua.LState) int {
	s := checkString(L, 1)
	from := relative(optInteger(L, 2, 1), len(s))
	to := relative(optInteger(L, 3, from), len(s))
	from, to = max(from, 1), min(to, int64(len(s)))
	if from > to {
		return 0
	}
	n := int(to - from + 1)
	if L.GetTop()+n > maxResults {
		raise(L, "stack overflow (string slice too long)")
	}
	for _, c := range []byte(s[from-1 : to]) {
		L.Push(lua.LNumber(c))
	}
	return n
}

func stringChar(L *lua.LState) int {
	buf := make([]byte, L.GetTop())
	for i := range buf {
		c := checkInt(L, i+1)
		if c < 0 || c > 255 {
			argError(L, i+1, "invalid value")
		}
		buf[i] = byte(c)
	}
	L.Push(lua.LString(buf))
	return 1
}

// stringDump has no code to show: prototypes have no form outside memory.
func stringDump(L *lua.LState) int {
	checkFunction(L, 1)
	raise(L, "unable to dump given function")
	return 0
}

func stringLen(L *lua.LState) int {
	L.Push(lua.LNumber(len(checkString(L, 1))))
	return 1
}

// mapped pushes the first argument with each byte changed.
func mapped(L *lua.LState, change func(c byte) byte) int {
	buf := []byte(checkString(L, 1))
	for i, c := range buf {
		buf[i] = change(c)
	}
	L.Push(lua.LString(buf))
	return 1
}

func stringLower(L *lua.LState) int {
	return mapped(L, func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		return c
	})
}

func stringUpper(L *lua.LState) int {
	return mapped(L, func(c byte) byte {
		if 'a' <= c && c <= 'z' {
			c &^= 0x20
		}
		return c
	})
}

func stringReverse(L *lua.LState) int {
	s := checkString(L, 1)
	buf := make([]byte, len(s))
	for i := range s {
		buf[len(s)-1-i] = s[i]
	}
	L.Push(lua.LString(buf))
	return 1
}

func stringSub(L *lua.LState) int {
	s := checkString(L, 1)
	from := max(relative(checkInteger(L, 2), len(s)), 1)
	to := min(relative(optInteger(L, 3, -1), len(s)), int64(len(s)))
	if from > to {
		L.Push(lua.LString(""))
	} else {
		L.Push(lua.LString(s[from-1 : to]))
	}
	return 1
}

func stringRep(L *lua.LState) int {
	s, n := checkString(L, 1), max(checkInt(L, 2), 0)
	if len(s) > 0 && n > of(L).max/len(s) {
		checkSize(L, of(L).max+1)
	}
	L.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

func stringFind(L *lua.LState) int { return search(L, true) }

func stringMatch(L *lua.LState) int { return search(L, false) }

// search is string.find and string.match.
func search(L *lua.LState, find bool) int {
	s, pattern := checkString(L, 1), checkString(L, 2)
	start := min(max(int(relative(optInteger(L, 3, 1), len(s)))-1, 0), len(s))
	if find && (L.ToBool(4) || !strings.ContainsAny(cString(pattern), "^$*+?.([%-")) {
		i := strings.Index(s[start:], pattern)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(start + i + 1))
		L.Push(lua.LNumber(start + i + len(pattern)))
		return 2
	}
	m := newMatcher(L, s, pattern)
	p := m.anchor()
	for ; start <= len(s); start++ {
		if end := m.start(start, p); end != fails {
			if !find {
				return m.push(start, end, true)
			}
			L.Push(lua.LNumber(start + 1))
			L.Push(lua.LNumber(end))
			return 2 + m.push(start, end, false)
		}
		if p > 0 {
			break
		}
		m.step(1)
	}
	L.Push(lua.LNil)
	return 1
}

// cString cuts a string where C sees its end.
func cString(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

func newMatcher(L *lua.LState, s, pattern string) *matcher {
	return &matcher{L: L, src: s, pat: cString(pattern)}
}

// anchor returns where the pattern begins behind its anchor: 1 if it has one.
func (m *matcher) anchor() int {
	if strings.HasPrefix(m.pat, "^") {
		return 1
	}
	return 0
}

func gmatch(L *lua.LState) int {
	s, pattern := checkString(L, 1), checkString(L, 2)
	pos := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		m := newMatcher(L, s, pattern)
		for ; pos <= len(s); pos++ {
			end := m.start(pos, 0)
			if end == fails {
				m.step(1)
				continue
			}
			start := pos
			if pos = end; end == start {
				pos++
			}
			return m.push(start, end, true)
		}
		return 0
	}))
	return 1
}

// gsub is string.gsub.
func (s *library) gsub(L *lua.LState) int {
	src, pattern := checkString(L, 1), checkString(L, 2)
	most := optInt(L, 4, len(src)+1)
	with := L.Get(3)
	switch with.Type() {
	case lua.LTNumber, lua.LTString, lua.LTFunction, lua.LTTable:
	default:
		argError(L, 3, "string/function/table expected")
	}
	m := newMatcher(L, src, pattern)
	p := m.anchor()
	var out []byte
	count, pos := 0, 0
	for count < most {
		end := m.start(pos, p)
		if end != fails {
			count++
			out = m.replace(out, with, pos, end)
		}
		switch {
		case end != fails && end > pos:
			pos = end
		case pos < len(src):
			out = append(out, src[pos])
			pos++
			m.step(1)
		default:
			pos++
		}
		checkSize(L, len(out))
		if pos > len(src) || p > 0 {
			break
		}
	}
	out = append(out, src[min(pos, len(src)):]...)
	checkSize(L, len(out))
	L.Push(lua.LString(out))
	L.Push(lua.LNumber(count))
	return 2
}

// replace appends what takes the place of a match.
func (m *matcher) replace(out []byte, with lua.LValue, start, end int) []byte {
	var v lua.LValue
	switch w := with.(type) {
	case *lua.LFunction:
		n := max(m.level, 1)
		args := make([]lua.LValue, n)
		for i := range args {
			args[i] = m.get(i, start, end)
		}
		v = call(m.L, w, args...)
	case *lua.LTable:
		v = m.L.GetTable(w, m.get(0, start, end))
	default:
		text, _ := toString(with)
		return m.expand(out, text, start, end)
	}
	switch {
	case !lua.LVAsBool(v):
		return append(out, m.src[start:end]...)
	case !isString(v):
		raise(m.L, "invalid replacement value (a "+v.Type().String()+")")
	}
	return appendString(out, v)
}

// expand appends a replacement text, with captures in the place of %0 to %9.
func (m *matcher) expand(out []byte, text string, start, end int) []byte {
	for {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			return append(out, text...)
		}
		out = append(out, text[:i]...)
		c := byte(0) // what C finds behind the end
		if i+1 < len(text) {
			c = text[i+1]
		}
		switch {
		case !isDigit(c):
			out = append(out, c)
		case c == '0':
			out = append(out, m.src[start:end]...)
		default:
			out = appendString(out, m.get(int(c-'1'), start, end))
		}
		checkSize(m.L, len(out))
		text = text[min(i+2, len(text)):]
	}
}

// quote appends a string as %q shows it.
func quote(out []byte, s string) []byte {
	out = append(out, '"')
	for _, c := range []byte(s) {
		switch c {
		case '"', '\\', '\n':
			out = append(out, '\\', c)
		case '\r':
			out = append(out, `\r`...)
		case 0:
			out = append(out, `\000`...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// cBytes cuts what was appended behind start where C sees its end.
func cBytes(out []byte, start int) []byte {
	if i := bytes.IndexByte(out[start:], 0); i >= 0 {
		return out[:start+i]
	}
	return out
}
