package lualib

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/luac"
)

// spec is a conversion of C's printf.
type spec struct {
	minus, plus, space, sharp, zero bool
	width                           int
	precision                       int // -1 if there is none
	verb                            byte
}

const formatFlags = "-+ #0"

// parseSpec reads a conversion behind its "%", and returns how long it is.
func parseSpec(L *lua.LState, s string) (c spec, n int) {
	c.precision = -1
	for n < len(s) && strings.IndexByte(formatFlags, s[n]) >= 0 {
		switch s[n] {
		case '-':
			c.minus = true
		case '+':
			c.plus = true
		case ' ':
			c.space = true
		case '#':
			c.sharp = true
		case '0':
			c.zero = true
		}
		n++
	}
	if n > len(formatFlags) {
		raise(L, "invalid format (repeated flags)")
	}
	c.width, n = twoDigits(s, n)
	if n < len(s) && s[n] == '.' {
		c.precision, n = twoDigits(s, n+1)
	}
	if n < len(s) {
		if isDigit(s[n]) {
			raise(L, "invalid format (width or precision too long)")
		}
		c.verb = s[n]
		n++
	}
	return c, n
}

// twoDigits reads a number of at most two digits.
func twoDigits(s string, i int) (n, end int) {
	for end = i; end < len(s) && end < i+2 && isDigit(s[end]); end++ {
		n = 10*n + int(s[end]-'0')
	}
	return n, end
}

// longString is how long a string is that %s copies as it is, with zero bytes and without regard for its width.
const longString = 100

// format is string.format.
func (s *library) format(L *lua.LState) int {
	text := checkString(L, 1)
	var out []byte
	arg := 1
	for {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			break
		}
		out = append(out, text[:i]...)
		text = text[i+1:]
		if strings.HasPrefix(text, "%") {
			out, text = append(out, '%'), text[1:]
			continue
		}
		if arg++; arg > L.GetTop() {
			argError(L, arg, "no value")
		}
		c, n := parseSpec(L, text)
		text = text[n:]
		out = c.append(L, out, arg)
		checkSize(L, len(out))
	}
	out = append(out, text...)
	checkSize(L, len(out))
	L.Push(lua.LString(out))
	return 1
}

// append appends an argument.
func (c spec) append(L *lua.LState, out []byte, arg int) []byte {
	start := len(out)
	switch c.verb {
	case 'c':
		ch := byte(toInteger(checkNumber(L, arg)))
		c.zero = false
		return cBytes(c.pad(append(out, ch), start, 0), start)
	case 'd', 'i':
		return c.integer(out, toInteger(checkNumber(L, arg)))
	case 'o', 'u', 'x', 'X':
		return c.unsigned(out, toUnsigned(checkNumber(L, arg)))
	case 'e', 'E', 'f', 'g', 'G':
		return c.float(out, checkNumber(L, arg))
	case 'q':
		return quote(out, checkString(L, arg))
	case 's':
		str := checkString(L, arg)
		if c.precision < 0 && len(str) >= longString {
			return append(out, str...)
		}
		str = cString(str)
		if c.precision >= 0 && len(str) > c.precision {
			str = str[:c.precision]
		}
		c.zero = false
		return c.pad(append(out, str...), start, 0)
	}
	verb := ""
	if c.verb != 0 {
		verb = string([]byte{c.verb})
	}
	raise(L, "invalid option '%"+verb+"' to 'format'")
	return nil
}

// toUnsigned converts a number to an unsigned integer as compilers for Intel's processors do.
func toUnsigned(f float64) uint64 {
	if f < 1<<63 || f != f {
		return uint64(toInteger(f))
	}
	return uint64(toInteger(f-1<<63)) ^ 1<<63
}

// pad fills what was appended behind start up to the width. Zeros go behind the first signs bytes.
func (c spec) pad(out []byte, start, signs int) []byte {
	n := c.width - (len(out) - start)
	if n <= 0 {
		return out
	}
	at, fill := start, byte(' ')
	switch {
	case c.minus:
		at = len(out)
	case c.zero:
		at, fill = start+signs, '0'
	}
	out = append(out, strings.Repeat(" ", n)...)
	copy(out[at+n:], out[at:len(out)-n])
	for i := at; i < at+n; i++ {
		out[i] = fill
	}
	return out
}

// sign appends the sign of a number.
func (c spec) sign(out []byte, negative bool) []byte {
	switch {
	case negative:
		return append(out, '-')
	case c.plus:
		return append(out, '+')
	case c.space:
		return append(out, ' ')
	}
	return out
}

func (c spec) integer(out []byte, n int64) []byte {
	start := len(out)
	out = c.sign(out, n < 0)
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	return c.digits(out, start, u, 10)
}

func (c spec) unsigned(out []byte, u uint64) []byte {
	start := len(out)
	switch c.verb {
	case 'o':
		if c.sharp && (u != 0 || c.precision == 0) {
			c.precision = max(c.precision, len(strconv.FormatUint(u, 8))+1)
			if u == 0 {
				c.precision = 1
			}
		}
		return c.digits(out, start, u, 8)
	case 'x', 'X':
		if c.sharp && u != 0 {
			out = append(out, '0', c.verb)
		}
		return c.digits(out, start, u, 16)
	}
	return c.digits(out, start, u, 10)
}

// digits appends an integer, whose sign or base was appended behind start.
func (c spec) digits(out []byte, start int, u uint64, base int) []byte {
	signs := len(out) - start
	text := strconv.FormatUint(u, base)
	if c.verb == 'X' {
		text = strings.ToUpper(text)
	}
	if c.precision >= 0 {
		c.zero = false
		if u == 0 && c.precision == 0 {
			text = ""
		}
		for range c.precision - len(text) {
			out = append(out, '0')
		}
	}
	return c.pad(append(out, text...), start, signs)
}

func (c spec) float(out []byte, f float64) []byte {
	start := len(out)
	out = c.sign(out, math.Signbit(f))
	signs := len(out) - start
	f = math.Abs(f)
	if math.IsInf(f, 0) || f != f {
		at := len(out)
		out = luac.AppendSpecial(out, f)
		if c.verb < 'a' {
			copy(out[at:], strings.ToUpper(string(out[at:])))
		}
		c.zero = false
		return c.pad(out, start, signs)
	}
	precision := c.precision
	if precision < 0 {
		precision = 6
	}
	at := len(out)
	if c.verb|0x20 == 'g' {
		out = c.general(out, f, max(precision, 1))
	} else {
		out = strconv.AppendFloat(out, f, c.verb, precision, 64)
		if c.sharp && precision == 0 {
			out = addPoint(out, at)
		}
	}
	return c.pad(out, start, signs)
}

// general appends a number as %g does. With "#" it keeps the zeros at its end.
func (c spec) general(out []byte, f float64, precision int) []byte {
	at := len(out)
	if !c.sharp {
		return strconv.AppendFloat(out, f, c.verb, precision, 64)
	}
	out = strconv.AppendFloat(out, f, c.verb-'g'+'e', precision-1, 64)
	_, exponent, _ := strings.Cut(strings.ToLower(string(out[at:])), "e")
	if x, err := strconv.Atoi(exponent); err == nil && -4 <= x && x < precision {
		out = strconv.AppendFloat(out[:at], f, 'f', precision-1-x, 64)
	}
	if !strings.Contains(string(out[at:]), ".") {
		out = addPoint(out, at)
	}
	return out
}

// addPoint puts a point behind the digits of a number that begins at a place.
func addPoint(out []byte, at int) []byte {
	i := at
	for i < len(out) && isDigit(out[i]) {
		i++
	}
	out = append(out, 0)
	copy(out[i+1:], out[i:])
	out[i] = '.'
	return out
}
