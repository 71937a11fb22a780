package luac

import (
	"strings"
)

// token is a token of Lua: a byte for itself, or one of the constants below.
type token int

const (
	tkAnd token = iota + 257
	tkBreak
	tkDo
	tkElse
	tkElseif
	tkEnd
	tkFalse
	tkFor
	tkFunction
	tkIf
	tkIn
	tkLocal
	tkNil
	tkNot
	tkOr
	tkRepeat
	tkReturn
	tkThen
	tkTrue
	tkUntil
	tkWhile
	tkConcat
	tkDots
	tkEq
	tkGe
	tkLe
	tkNe
	tkNumber
	tkName
	tkString
	tkEOS
)

// words are the texts of the tokens from tkAnd on. Those before tkConcat are reserved words.
var words = [...]string{
	"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or",
	"repeat", "return", "then", "true", "until", "while", "..", "...", "==", ">=", "<=", "~=", "<number>", "<name>",
	"<string>", "<eof>",
}

// reserved finds a reserved word.
func reserved(name string) (token, bool) {
	for i, w := range words[:tkConcat-tkAnd] {
		if w == name {
			return tkAnd + token(i), true
		}
	}
	return 0, false
}

// text is how an error names the token.
func (t token) text() string {
	switch {
	case t >= tkAnd:
		return words[t-tkAnd]
	case t < ' ' || t == 0x7f:
		return "char(" + itoa(int(t)) + ")"
	}
	return string([]byte{byte(t)})
}

// lexeme is a token with what it stands for.
type lexeme struct {
	tok token
	str string  // of a name or string
	num float64 // of a number
	raw string  // the source, as an error shows it, of a name, string or number
}

// lexer splits source into tokens.
type lexer struct {
	src   string
	chunk string // as errors show it
	pos   int
	line  int // where pos is
	last  int // the line of the token before t
	t     lexeme
	ahead lexeme // the token after t, if hasAhead
	has   bool
}

// errorNear stops the parser with a message that names the source, or nothing if near is empty.
func (lx *lexer) errorNear(msg, near string) {
	msg = lx.chunk + ":" + itoa(lx.line) + ": " + msg
	if near != "" {
		msg += " near '" + near + "'"
	}
	panic(&Error{Message: msg})
}

// syntaxError stops the parser at the current token.
func (lx *lexer) syntaxError(msg string) { lx.errorNear(msg, lx.t.near()) }

// near is how an error shows the token.
func (t *lexeme) near() string {
	if t.tok == tkName || t.tok == tkString || t.tok == tkNumber {
		return cString(t.raw)
	}
	return t.tok.text()
}

// cString cuts a string where C sees its end.
func cString(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

// next goes on to the next token.
func (lx *lexer) next() {
	lx.last = lx.line
	if lx.has {
		lx.t, lx.has = lx.ahead, false
		return
	}
	lx.t = lx.scan()
}

// peek returns the token after the current one.
func (lx *lexer) peek() token {
	if !lx.has {
		lx.ahead, lx.has = lx.scan(), true
	}
	return lx.ahead.tok
}

// at returns the byte n after the current one, -1 behind the end.
func (lx *lexer) at(n int) int {
	if lx.pos+n >= len(lx.src) {
		return -1
	}
	return int(lx.src[lx.pos+n])
}

// newline skips a line break of one or two bytes.
func (lx *lexer) newline() {
	first := lx.src[lx.pos]
	lx.pos++
	if c := lx.at(0); (c == '\n' || c == '\r') && byte(c) != first {
		lx.pos++
	}
	lx.line++
}

func isDigit(c int) bool { return '0' <= c && c <= '9' }

func isName(c int) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || isDigit(c)
}

// scan reads the next token.
func (lx *lexer) scan() lexeme {
	for {
		c := lx.at(0)
		switch c {
		case -1:
			return lexeme{tok: tkEOS}
		case '\n', '\r':
			lx.newline()
		case ' ', '\t', '\v', '\f':
			lx.pos++
		case '-':
			if lx.at(1) != '-' {
				lx.pos++
				return lexeme{tok: '-'}
			}
			lx.comment()
		case '[':
			level := lx.longBracket()
			if level >= 0 {
				return lx.longString(level, false)
			}
			if level != -1 {
				lx.errorNear("invalid long string delimiter", cString(lx.src[lx.pos:lx.pos-level]))
			}
			lx.pos++
			return lexeme{tok: '['}
		case '=':
			return lx.oneOrTwo('=', tkEq)
		case '<':
			return lx.oneOrTwo('=', tkLe)
		case '>':
			return lx.oneOrTwo('=', tkGe)
		case '~':
			return lx.oneOrTwo('=', tkNe)
		case '"', '\'':
			return lx.quoted(byte(c))
		case '.':
			switch {
			case lx.at(1) == '.' && lx.at(2) == '.':
				lx.pos += 3
				return lexeme{tok: tkDots}
			case lx.at(1) == '.':
				lx.pos += 2
				return lexeme{tok: tkConcat}
			case isDigit(lx.at(1)):
				return lx.numeral()
			}
			lx.pos++
			return lexeme{tok: '.'}
		default:
			switch {
			case isDigit(c):
				return lx.numeral()
			case isName(c):
				return lx.name()
			}
			lx.pos++
			return lexeme{tok: token(c)}
		}
	}
}

// oneOrTwo reads the byte at pos, and the one behind it if that is second: then the token is two.
func (lx *lexer) oneOrTwo(second byte, two token) lexeme {
	first := token(lx.src[lx.pos])
	lx.pos++
	if lx.at(0) != int(second) {
		return lexeme{tok: first}
	}
	lx.pos++
	return lexeme{tok: two}
}

func (lx *lexer) name() lexeme {
	start := lx.pos
	for isName(lx.at(0)) {
		lx.pos++
	}
	s := lx.src[start:lx.pos]
	if tok, ok := reserved(s); ok {
		return lexeme{tok: tok}
	}
	return lexeme{tok: tkName, str: s, raw: s}
}

// numeral takes everything that could be meant as a number, then looks whether it is one.
func (lx *lexer) numeral() lexeme {
	start := lx.pos
	for isDigit(lx.at(0)) || lx.at(0) == '.' {
		lx.pos++
	}
	if c := lx.at(0); c == 'e' || c == 'E' {
		lx.pos++
		if c := lx.at(0); c == '+' || c == '-' {
			lx.pos++
		}
	}
	for isName(lx.at(0)) {
		lx.pos++
	}
	s := lx.src[start:lx.pos]
	f, ok := ParseNumber(s)
	if !ok {
		lx.errorNear("malformed number", s)
	}
	return lexeme{tok: tkNumber, num: f, raw: s}
}

// comment skips a comment.
func (lx *lexer) comment() {
	lx.pos += 2
	if lx.at(0) == '[' {
		if level := lx.longBracket(); level >= 0 {
			lx.longString(level, true)
			return
		}
	}
	for c := lx.at(0); c != '\n' && c != '\r' && c >= 0; c = lx.at(0) {
		lx.pos++
	}
}

// longBracket returns the level of the long bracket that opens at pos: the number of its "=". If there is none, it returns -1
// for a mere "[", or -1-n for a "[" with n times "=".
func (lx *lexer) longBracket() int {
	n := 0
	for lx.at(1+n) == '=' {
		n++
	}
	if lx.at(1+n) == '[' {
		return n
	}
	return -1 - n
}

// longString reads a string or comment in long brackets of a level.
func (lx *lexer) longString(level int, comment bool) lexeme {
	start := lx.pos
	lx.pos += level + 2
	if c := lx.at(0); c == '\n' || c == '\r' {
		lx.newline()
	}
	var text strings.Builder
	for {
		switch c := lx.at(0); c {
		case -1:
			if comment {
				lx.errorNear("unfinished long comment", tkEOS.text())
			}
			lx.errorNear("unfinished long string", tkEOS.text())
		case ']':
			n := 0
			for lx.at(1+n) == '=' {
				n++
			}
			if n == level && lx.at(1+n) == ']' {
				lx.pos += n + 2
				return lexeme{tok: tkString, str: text.String(), raw: lx.src[start:lx.pos]}
			}
			text.WriteString(lx.src[lx.pos : lx.pos+1+n])
			lx.pos += 1 + n
		case '\n', '\r':
			lx.newline()
			text.WriteByte('\n')
		default:
			text.WriteByte(byte(c))
			lx.pos++
		}
	}
}

// quoted reads a string in quotes.
func (lx *lexer) quoted(quote byte) lexeme {
	start := lx.pos
	lx.pos++
	var text strings.Builder
	for {
		switch c := lx.at(0); c {
		case -1:
			lx.errorNear("unfinished string", tkEOS.text())
		case '\n', '\r':
			lx.errorNear("unfinished string", cString(lx.unescaped(start, &text)))
		case int(quote):
			lx.pos++
			s := text.String()
			return lexeme{tok: tkString, str: s, raw: string(quote) + s + string(quote)}
		case '\\':
			lx.escape(start, &text)
		default:
			text.WriteByte(byte(c))
			lx.pos++
		}
	}
}

// unescaped is what Lua shows of a string that is not complete: its escapes are resolved already.
func (lx *lexer) unescaped(start int, text *strings.Builder) string {
	return lx.src[start:start+1] + text.String()
}

// escape reads a backslash and what it says.
func (lx *lexer) escape(start int, text *strings.Builder) {
	lx.pos++
	c := lx.at(0)
	switch c {
	case -1:
		return // the end of the source is found next
	case '\n', '\r':
		lx.newline()
		text.WriteByte('\n')
		return
	case 'a':
		c = '\a'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'v':
		c = '\v'
	default:
		if !isDigit(c) {
			break
		}
		n := 0
		for i := 0; i < 3 && isDigit(lx.at(0)); i++ {
			n = 10*n + lx.at(0) - '0'
			lx.pos++
		}
		if n > 255 {
			lx.errorNear("escape sequence too large", cString(lx.unescaped(start, text)))
		}
		text.WriteByte(byte(n))
		return
	}
	text.WriteByte(byte(c))
	lx.pos++
}
