package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

// Lua's patterns, matched by backtracking as in Lua:
//
//	pattern  item… , "^" in front ties it to the start
//	item     single, single followed by * + - ?, %1…%9, %bxy, %f[set], (pattern), ()
//	single   a byte, ".", %a %c %d %l %p %s %u %w %x %z or their opposites in upper case, %x for any other x, [set]
//
// As for Lua, a pattern ends at a zero byte. What it may take is bounded: the levels of its recursion, one for each item, and its
// steps, among which the state's context is asked whether to go on.
const (
	maxCaptures   = 32
	maxRecursion  = 20000
	stepsPerTick  = 1 << 12
	maxMatchSteps = 1 << 32

	setBytesPerStep = 16 // how much of a set is read in the time of a step
)

// The lengths of captures that are not closed, or have none.
const (
	captureOpen     = -1
	capturePosition = -2
)

// capture is a part of the subject.
type capture struct{ start, length int }

// matcher matches a pattern.
type matcher struct {
	L        *lua.LState
	src, pat string
	captures [maxCaptures]capture
	level    int // captures, open or closed
	depth    int
	steps    int // so far, all in all
	left     int // until the next tick
}

// fails is what match returns when there is no match.
const fails = -1

// step counts n steps.
func (m *matcher) step(n int) {
	m.steps += n
	if m.left -= n; m.left > 0 {
		return
	}
	m.left = stepsPerTick
	tick(m.L)
	if m.steps > maxMatchSteps {
		raise(m.L, "pattern too complex")
	}
}

// match matches the pattern from p on with the subject from s on, and returns where the match ends.
func (m *matcher) match(s, p int) int {
	m.depth++
	end := m.follow(s, p)
	m.depth--
	return end
}

// follow is match without the count of levels. Items that leave only one way to go on are followed in the loop.
func (m *matcher) follow(s, p int) int {
	if m.depth > maxRecursion {
		raise(m.L, "pattern too complex")
	}
	for p < len(m.pat) {
		m.step(1)
		switch m.pat[p] {
		case '(':
			if p+1 < len(m.pat) && m.pat[p+1] == ')' {
				return m.openCapture(s, p+2, capturePosition)
			}
			return m.openCapture(s, p+1, captureOpen)
		case ')':
			return m.closeCapture(s, p+1)
		case '%':
			next := byte(0)
			if p+1 < len(m.pat) {
				next = m.pat[p+1]
			}
			switch {
			case next == 'b':
				if s = m.balance(s, p+2); s == fails {
					return fails
				}
				p += 4
				continue
			case next == 'f':
				end, ok := m.frontier(s, p+2)
				if !ok {
					return fails
				}
				p = end
				continue
			case isDigit(next):
				if s = m.back(s, next); s == fails {
					return fails
				}
				p += 2
				continue
			}
		case '$':
			if p+1 == len(m.pat) {
				if s == len(m.src) {
					return s
				}
				return fails
			}
		}
		end := m.classEnd(p)
		mode := byte(0)
		if end < len(m.pat) {
			mode = m.pat[end]
		}
		switch mode {
		case '?':
			if m.single(s, p, end) {
				if e := m.match(s+1, end+1); e != fails {
					return e
				}
			}
			p = end + 1
		case '*':
			return m.most(s, p, end, 0)
		case '+':
			return m.most(s, p, end, 1)
		case '-':
			return m.least(s, p, end)
		default:
			if !m.single(s, p, end) {
				return fails
			}
			s++
			p = end
		}
	}
	return s
}

// most matches as many of the class at p as there are, at least some, and fewer if the rest demands it.
func (m *matcher) most(s, p, end, least int) int {
	n := 0
	for m.single(s+n, p, end) {
		m.step(1)
		n++
	}
	for ; n >= least; n-- {
		if e := m.match(s+n, end+1); e != fails {
			return e
		}
		m.step(1)
	}
	return fails
}

// least matches as few of the class at p as the rest allows.
func (m *matcher) least(s, p, end int) int {
	for {
		if e := m.match(s, end+1); e != fails {
			return e
		}
		m.step(1)
		if !m.single(s, p, end) {
			return fails
		}
		s++
	}
}

func (m *matcher) openCapture(s, p, length int) int {
	if m.level >= maxCaptures {
		raise(m.L, "too many captures")
	}
	m.captures[m.level] = capture{s, length}
	m.level++
	e := m.match(s, p)
	if e == fails {
		m.level--
	}
	return e
}

func (m *matcher) closeCapture(s, p int) int {
	i := m.level - 1
	for i >= 0 && m.captures[i].length != captureOpen {
		i--
	}
	if i < 0 {
		raise(m.L, "invalid pattern capture")
	}
	m.captures[i].length = s - m.captures[i].start
	e := m.match(s, p)
	if e == fails {
		m.captures[i].length = captureOpen
	}
	return e
}

// balance matches %bxy, whose two bytes are at p.
func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		raise(m.L, "unbalanced pattern")
	}
	opens, closes := m.pat[p], m.pat[p+1]
	if s >= len(m.src) || m.src[s] != opens {
		return fails
	}
	depth := 1
	for s++; s < len(m.src); s++ {
		m.step(1)
		switch m.src[s] {
		case closes:
			if depth--; depth == 0 {
				return s + 1
			}
		case opens:
			depth++
		}
	}
	return fails
}

// frontier matches %f, whose set is at p: the place between a byte that is not in the set and one that is. It returns
// the end of the set.
func (m *matcher) frontier(s, p int) (end int, ok bool) {
	if p >= len(m.pat) || m.pat[p] != '[' {
		raise(m.L, "missing '[' after '%f' in pattern")
	}
	end = m.classEnd(p)
	before, at := byte(0), byte(0)
	if s > 0 {
		before = m.src[s-1]
	}
	if s < len(m.src) {
		at = m.src[s]
	}
	return end, !m.inSet(before, p, end-1) && m.inSet(at, p, end-1)
}

// back matches what a capture has matched.
func (m *matcher) back(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.level || m.captures[i].length == captureOpen {
		raise(m.L, "invalid capture index")
	}
	c := m.captures[i]
	if c.length < 0 || len(m.src)-s < c.length || m.src[s:s+c.length] != m.src[c.start:c.start+c.length] {
		return fails
	}
	return s + c.length
}

// classEnd returns where the single at p ends.
func (m *matcher) classEnd(p int) int {
	start := p
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p >= len(m.pat) {
			raise(m.L, "malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if p < len(m.pat) && m.pat[p] == '^' {
			p++
		}
		for first := true; first || m.pat[p] != ']'; first = false { // a "]" in front is one of the set
			if p >= len(m.pat) {
				raise(m.L, "malformed pattern (missing ']')")
			}
			escaped := m.pat[p] == '%'
			if p++; escaped && p < len(m.pat) {
				p++
			}
			if p >= len(m.pat) {
				raise(m.L, "malformed pattern (missing ']')")
			}
		}
		m.step((p - start) / setBytesPerStep)
		return p + 1
	}
	return p
}

// single tells whether the byte at s is in the class from p to end.
func (m *matcher) single(s, p, end int) bool {
	if s >= len(m.src) {
		return false
	}
	c := m.src[s]
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pat[p] == c
}

// inSet tells whether c is in the set between the brackets at p and last.
func (m *matcher) inSet(c byte, p, last int) bool {
	m.step((last - p) / setBytesPerStep)
	in := true
	p++
	if m.pat[p] == '^' {
		in = false
		p++
	}
	for ; p < last; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if inClass(c, m.pat[p]) {
				return in
			}
		case m.pat[p+1] == '-' && p+2 < last:
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return in
			}
			p += 2
		case m.pat[p] == c:
			return in
		}
	}
	return !in
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// inClass tells whether c is in the class %class.
func inClass(c, class byte) bool {
	var in bool
	switch class | 0x20 {
	case 'a':
		in = isLetter(c)
	case 'c':
		in = c < ' ' || c == 0x7f
	case 'd':
		in = isDigit(c)
	case 'l':
		in = 'a' <= c && c <= 'z'
	case 'p':
		in = '!' <= c && c <= '~' && !isLetter(c) && !isDigit(c)
	case 's':
		in = c == ' ' || '\t' <= c && c <= '\r'
	case 'u':
		in = 'A' <= c && c <= 'Z'
	case 'w':
		in = isLetter(c) || isDigit(c)
	case 'x':
		in = isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if !isLetter(class) {
		return class == c
	}
	return in == ('a' <= class && class <= 'z')
}

// start matches the whole pattern, behind its anchor, from s on.
func (m *matcher) start(s, p int) int {
	m.level = 0
	return m.match(s, p)
}

// get is capture i of a match from s to e. The whole match is capture 0, if the pattern has none.
func (m *matcher) get(i, s, e int) lua.LValue {
	if i >= m.level {
		if i != 0 {
			raise(m.L, "invalid capture index")
		}
		return lua.LString(m.src[s:e])
	}
	switch c := m.captures[i]; c.length {
	case captureOpen:
		raise(m.L, "unfinished capture")
		return nil
	case capturePosition:
		return lua.LNumber(c.start + 1)
	default:
		return lua.LString(m.src[c.start : c.start+c.length])
	}
}

// push pushes all captures, or the whole match if there are none and it is wanted.
func (m *matcher) push(s, e int, whole bool) int {
	n := m.level
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		m.L.Push(m.get(i, s, e))
	}
	return n
}
