package persistence

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A conversion of strftime is '%', flags, perhaps the modifier E or O, and a letter:
//
//	flags  -  no padding    _  blanks    0  zeros    ^  upper case    #  the other case
//
// The modifiers ask for other calendars and digits, of which the C locale has none. What is no conversion stands for
// itself.

// conversion is what a letter stands for: exactly one of sequence, number, words and text is set.
type conversion struct {
	sequence string // other conversions

	number func(time.Time) int
	width  int  // of all its values, 0 if they differ
	pad    byte // '0' unless set

	words []string // one of which is chosen
	word  func(time.Time) int

	text    func(time.Time) string
	pattern string // that all texts match
}

var (
	weekdays = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	months   = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December"}
)

// short returns the three letters that words are abbreviated to.
func short(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w[:3]
	}
	return out
}

func number(width int, f func(time.Time) int) conversion { return conversion{number: f, width: width} }

// conversionOf returns what a letter stands for in the C locale.
func conversionOf(letter byte) (c conversion, ok bool) {
	weekday := func(t time.Time) int { return int(t.Weekday()) }
	month := func(t time.Time) int { return int(t.Month()) - 1 }
	afternoon := func(t time.Time) int { return t.Hour() / 12 }
	hour12 := func(t time.Time) int { return (t.Hour()+11)%12 + 1 }
	blank := func(c conversion) conversion { c.pad = ' '; return c }
	switch letter {
	case 'a':
		return conversion{words: short(weekdays[:]), word: weekday}, true
	case 'A':
		return conversion{words: weekdays[:], word: weekday}, true
	case 'b', 'h':
		return conversion{words: short(months[:]), word: month}, true
	case 'B':
		return conversion{words: months[:], word: month}, true
	case 'c':
		return conversion{sequence: "%a %b %e %H:%M:%S %Y"}, true
	case 'C':
		return number(2, func(t time.Time) int { return t.Year() / 100 }), true
	case 'd':
		return number(2, time.Time.Day), true
	case 'D', 'x':
		return conversion{sequence: "%m/%d/%y"}, true
	case 'e':
		return blank(number(2, time.Time.Day)), true
	case 'F':
		return conversion{sequence: "%Y-%m-%d"}, true
	case 'g':
		return number(2, func(t time.Time) int { y, _ := t.ISOWeek(); return y % 100 }), true
	case 'G':
		return number(4, func(t time.Time) int { y, _ := t.ISOWeek(); return y }), true
	case 'H':
		return number(2, time.Time.Hour), true
	case 'I':
		return number(2, hour12), true
	case 'j':
		return number(3, time.Time.YearDay), true
	case 'k':
		return blank(number(2, time.Time.Hour)), true
	case 'l':
		return blank(number(2, hour12)), true
	case 'm':
		return number(2, func(t time.Time) int { return int(t.Month()) }), true
	case 'M':
		return number(2, time.Time.Minute), true
	case 'n':
		return conversion{text: func(time.Time) string { return "\n" }, pattern: "\n"}, true
	case 'p':
		return conversion{words: []string{"AM", "PM"}, word: afternoon}, true
	case 'P':
		return conversion{words: []string{"am", "pm"}, word: afternoon}, true
	case 'r':
		return conversion{sequence: "%I:%M:%S %p"}, true
	case 'R':
		return conversion{sequence: "%H:%M"}, true
	case 's':
		return number(0, func(t time.Time) int { return int(t.Unix()) }), true
	case 'S':
		return number(2, time.Time.Second), true
	case 't':
		return conversion{text: func(time.Time) string { return "\t" }, pattern: "\t"}, true
	case 'T', 'X':
		return conversion{sequence: "%H:%M:%S"}, true
	case 'u':
		return number(1, func(t time.Time) int { return (weekday(t)+6)%7 + 1 }), true
	case 'U': // weeks begin with a Sunday
		return number(2, func(t time.Time) int { return (t.YearDay() + 6 - weekday(t)) / 7 }), true
	case 'V':
		return number(2, func(t time.Time) int { _, w := t.ISOWeek(); return w }), true
	case 'w':
		return number(1, weekday), true
	case 'W': // weeks begin with a Monday
		return number(2, func(t time.Time) int { return (t.YearDay() + 6 - (weekday(t)+6)%7) / 7 }), true
	case 'y':
		return number(2, func(t time.Time) int { return t.Year() % 100 }), true
	case 'Y':
		return number(4, time.Time.Year), true
	case 'z':
		return conversion{text: func(t time.Time) string { return t.Format("-0700") }, pattern: "[+-][0-9]{4}"}, true
	case 'Z':
		return conversion{text: func(t time.Time) string { return t.Format("MST") }, pattern: "[A-Za-z0-9+-]*"}, true
	case '%':
		return conversion{text: func(time.Time) string { return "%" }, pattern: "%"}, true
	}
	return conversion{}, false
}

// piece is a part of a format: text as it is, or a conversion with its flags.
type piece struct {
	literal string
	conv    conversion
	pad     byte // of the flags: '-', '_' or '0', 0 if none
	fold    byte // '^' or '#', 0 if none
}

// pieces splits a format.
func pieces(format string) []piece {
	var out []piece
	for format != "" {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			return append(out, piece{literal: format})
		}
		if i > 0 {
			out = append(out, piece{literal: format[:i]})
			format = format[i:]
		}
		p, size := parseConversion(format)
		out = append(out, p)
		format = format[size:]
	}
	return out
}

// parseConversion reads the conversion that begins with the '%' of s, or takes this and what belongs to it as it is.
func parseConversion(s string) (p piece, size int) {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '-', '_', '0':
			p.pad = c
			continue
		case '^', '#':
			p.fold = c
			continue
		case 'E', 'O':
			if i+1 < len(s) && isLetter(s[i+1]) && s[i+1] != 'E' && s[i+1] != 'O' {
				i++
			}
		}
		conv, ok := conversionOf(s[i])
		if !ok {
			return piece{literal: s[:i+1]}, i + 1
		}
		p.conv = conv
		return p, i + 1
	}
	return piece{literal: s}, len(s)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// strftime formats a time as the C function does in the C locale.
func strftime(format string, t time.Time) string {
	var b strings.Builder
	for _, p := range pieces(format) {
		b.WriteString(p.format(t))
	}
	return b.String()
}

func (p piece) format(t time.Time) string {
	c := p.conv
	var s string
	switch {
	case c.sequence != "":
		s = strftime(c.sequence, t)
	case c.number != nil:
		return p.formatNumber(c.number(t))
	case c.words != nil:
		s = c.words[c.word(t)]
	case c.text != nil:
		s = c.text(t)
	default:
		return p.literal
	}
	upper := strings.ToUpper(s)
	switch {
	case p.fold == '#' && s == upper:
		return strings.ToLower(s)
	case p.fold != 0:
		return upper
	}
	return s
}

func (p piece) formatNumber(n int) string {
	pad := p.conv.pad
	if p.pad != 0 {
		pad = p.pad
	}
	switch pad {
	case '-':
		return strconv.Itoa(n)
	case '_', ' ':
		return fmt.Sprintf("%*d", p.conv.width, n)
	}
	return fmt.Sprintf("%0*d", p.conv.width, n)
}

// strftimePattern returns a regular expression of all that a format can become, in characters.
func strftimePattern(format string) string {
	var b strings.Builder
	for _, p := range pieces(format) {
		b.WriteString(p.regexp())
	}
	return b.String()
}

func (p piece) regexp() string {
	c := p.conv
	var s string
	switch {
	case c.sequence != "":
		s = strftimePattern(c.sequence)
	case c.number != nil:
		return p.numberRegexp()
	case c.words != nil:
		s = strings.Join(c.words, "|")
	case c.text != nil:
		s = c.pattern
	default:
		return regexp.QuoteMeta(characters(p.literal))
	}
	if p.fold != 0 {
		return "(?i:" + s + ")"
	}
	return "(?:" + s + ")"
}

func (p piece) numberRegexp() string {
	pad := p.conv.pad
	if p.pad != 0 {
		pad = p.pad
	}
	switch width := p.conv.width; {
	case width == 0:
		return "[0-9]+"
	case pad == '-':
		return fmt.Sprintf("[0-9]{1,%d}", width)
	case pad == '_', pad == ' ':
		return fmt.Sprintf("[ 0-9]{%d}", width)
	default:
		return fmt.Sprintf("[0-9]{%d}", width)
	}
}
