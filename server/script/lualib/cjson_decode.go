package lualib

import (
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// jsonToken is what a piece of JSON is.
type jsonToken uint8

const (
	jsonObject jsonToken = iota
	jsonObjectEnd
	jsonArray
	jsonArrayEnd
	jsonString
	jsonNumber
	jsonBool
	jsonNull
	jsonColon
	jsonComma
	jsonEnd
	jsonError
)

// jsonNames are how errors call the tokens.
var jsonNames = [...]string{
	"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL", "T_COLON", "T_COMMA",
	"T_END",
}

// decoder reads one value of JSON.
type decoder struct {
	*cjson
	L     *lua.LState
	in    string
	pos   int
	depth int
	slots int // of Lua's stack that C would use here
	n     int // tokens so far

	// The current token.
	token  jsonToken
	at     int    // where it is
	text   string // of a string, or what is wrong
	number float64
	truth  bool
}

// decode is cjson.decode.
func (c *cjson) decode(L *lua.LState) int {
	one(L)
	d := decoder{cjson: c, L: L, in: checkString(L, 1), slots: 1}
	if len(d.in) >= 2 && (d.in[0] == 0 || d.in[1] == 0) {
		raise(L, "JSON parser does not support UTF-16 or UTF-32")
	}
	d.next()
	v := d.value()
	d.next()
	if d.token != jsonEnd {
		d.fail("the end")
	}
	L.Push(v)
	return 1
}

// fail throws the error of a token that is not what is expected.
func (d *decoder) fail(expected string) {
	found := d.text
	if d.token != jsonError {
		found = jsonNames[d.token]
	}
	raise(d.L, "Expected "+expected+" but found "+found+" at character "+strconv.Itoa(d.at+1))
}

// wrong makes the current token an error, at the current byte.
func (d *decoder) wrong(what string) {
	d.token, d.text, d.at = jsonError, what, d.pos
}

// descend counts a level of nesting, for which C wants some slots of Lua's stack.
func (d *decoder) descend(slots int) {
	if d.depth++; d.depth > d.maxDecodeDepth || d.slots+slots > maxResults {
		raise(d.L, "Found too many nested data structures ("+strconv.Itoa(d.depth)+") at character "+strconv.Itoa(d.pos))
	}
}

// value converts what begins with the current token.
func (d *decoder) value() lua.LValue {
	switch d.token {
	case jsonString:
		return lua.LString(d.text)
	case jsonNumber:
		return lua.LNumber(d.number)
	case jsonBool:
		return lua.LBool(d.truth)
	case jsonNull:
		return d.null
	case jsonObject:
		return d.object()
	case jsonArray:
		return d.array()
	}
	d.fail("value")
	return nil
}

func (d *decoder) object() lua.LValue {
	d.descend(3)
	d.slots += 2
	t := d.L.CreateTable(0, 0)
	d.next()
	for d.token != jsonObjectEnd {
		if d.token != jsonString {
			d.fail("object key string")
		}
		key := d.text
		if d.next(); d.token != jsonColon {
			d.fail("colon")
		}
		d.next()
		t.RawSetString(key, d.value())
		if d.next(); d.token == jsonObjectEnd {
			break
		}
		if d.token != jsonComma {
			d.fail("comma or object end")
		}
		if d.next(); d.token == jsonObjectEnd {
			d.fail("object key string")
		}
	}
	d.slots -= 2
	d.depth--
	return t
}

func (d *decoder) array() lua.LValue {
	d.descend(2)
	d.slots++
	t := d.L.CreateTable(0, 0)
	d.next()
	for i := 1; d.token != jsonArrayEnd; i++ {
		setElement(t, i, d.value())
		if d.next(); d.token == jsonArrayEnd {
			break
		}
		if d.token != jsonComma {
			d.fail("comma or array end")
		}
		if d.next(); d.token == jsonArrayEnd {
			d.fail("value")
		}
	}
	d.slots--
	d.depth--
	return t
}

// next reads the next token. As for C, a zero byte is the end.
func (d *decoder) next() {
	d.n++
	tickEvery(d.L, d.n)
	for d.pos < len(d.in) && strings.IndexByte(" \t\n\r", d.in[d.pos]) >= 0 {
		d.pos++
	}
	d.at = d.pos
	if d.pos == len(d.in) {
		d.token = jsonEnd
		return
	}
	rest := d.in[d.pos:]
	switch c := rest[0]; c {
	case 0:
		d.token = jsonEnd
	case '{':
		d.single(jsonObject)
	case '}':
		d.single(jsonObjectEnd)
	case '[':
		d.single(jsonArray)
	case ']':
		d.single(jsonArrayEnd)
	case ':':
		d.single(jsonColon)
	case ',':
		d.single(jsonComma)
	case '"':
		d.stringToken()
	default:
		switch {
		case c == '-' || isDigit(c):
			if d.decodeInvalid == invalidOff && invalidNumber(rest) {
				d.wrong("invalid number")
				return
			}
			d.numberToken(rest)
		case strings.HasPrefix(rest, "true"):
			d.token, d.truth = jsonBool, true
			d.pos += len("true")
		case strings.HasPrefix(rest, "false"):
			d.token, d.truth = jsonBool, false
			d.pos += len("false")
		case strings.HasPrefix(rest, "null"):
			d.token = jsonNull
			d.pos += len("null")
		case strings.IndexByte("fiInNt+", c) >= 0 && d.decodeInvalid == invalidOn && invalidNumber(rest):
			d.numberToken(rest)
		default:
			d.wrong("invalid token")
		}
	}
}

func (d *decoder) single(t jsonToken) {
	d.token = t
	d.pos++
}

func (d *decoder) numberToken(rest string) {
	f, n := luac.ParsePrefix(rest)
	if n == 0 {
		d.wrong("invalid number")
		return
	}
	d.token, d.number = jsonNumber, f
	d.pos += n
}

// invalidNumber tells whether what C takes for a number is none in JSON.
func invalidNumber(s string) bool {
	at := func(i int) byte {
		if i < len(s) {
			return s[i]
		}
		return 0
	}
	if at(0) == '+' {
		return true
	}
	i := 0
	if at(0) == '-' {
		i++
	}
	if at(i) == '0' {
		return at(i+1)|0x20 == 'x' || isDigit(at(i+1))
	}
	if at(i) <= '9' {
		return false
	}
	begins := func(word string) bool { return len(s) >= i+len(word) && strings.EqualFold(s[i:i+len(word)], word) }
	return begins("inf") || begins("nan")
}

// stringToken reads a string. Its bytes need not be UTF-8.
func (d *decoder) stringToken() {
	d.pos++
	start := d.pos
	var text []byte
	for {
		if d.pos >= len(d.in) || d.in[d.pos] == 0 {
			d.wrong("unexpected end of string")
			return
		}
		switch d.in[d.pos] {
		case '"':
			if text == nil {
				d.text = d.in[start:d.pos]
			} else {
				d.text = string(append(text, d.in[start:d.pos]...))
			}
			d.token = jsonString
			d.pos++
			return
		case '\\':
			text = append(text, d.in[start:d.pos]...)
			var ok bool
			if text, ok = d.escape(text); !ok {
				return
			}
			start = d.pos
		default:
			d.pos++
		}
	}
}

// escape reads an escape sequence and appends what it stands for.
func (d *decoder) escape(text []byte) ([]byte, bool) {
	c := byte(0)
	if d.pos+1 < len(d.in) {
		c = d.in[d.pos+1]
	}
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 't':
		c = '\t'
	case 'n':
		c = '\n'
	case 'f':
		c = '\f'
	case 'r':
		c = '\r'
	case 'u':
		r, n := d.codepoint()
		if n == 0 {
			d.wrong("invalid unicode escape code")
			return nil, false
		}
		d.pos += n
		return utf8.AppendRune(text, r), true
	default:
		d.wrong("invalid escape code")
		return nil, false
	}
	d.pos += 2
	return append(text, c), true
}

// codepoint reads \u00e9, or two of them that are a pair of surrogates, and returns how long that is: 0 if it is neither.
func (d *decoder) codepoint() (r rune, n int) {
	const length = len(`\u00e9`)
	high, ok := d.hex4(d.pos + 2)
	if !ok {
		return 0, 0
	}
	if high&0xf800 != 0xd800 {
		return high, length
	}
	if high&0x400 != 0 || !strings.HasPrefix(d.in[d.pos+length:], `\u`) {
		return 0, 0
	}
	low, ok := d.hex4(d.pos + length + 2)
	if !ok || low&0xfc00 != 0xdc00 {
		return 0, 0
	}
	return (high&0x3ff<<10 | low&0x3ff) + 0x10000, 2 * length
}

// hex4 reads four hexadecimal digits.
func (d *decoder) hex4(at int) (rune, bool) {
	if at+4 > len(d.in) {
		return 0, false
	}
	digits := d.in[at : at+4]
	for i := range digits {
		if !inClass(digits[i], 'x') {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	return rune(n), err == nil
}
