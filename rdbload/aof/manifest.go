package aof

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxLine is the longest line of a manifest, its end included.
	maxLine = 1024
	// maxManifest is the longest manifest. A rewrite adds two lines at most.
	maxManifest = 16 << 20
)

// The types of files in a manifest.
const (
	typeBase    = 'b'
	typeIncr    = 'i'
	typeHistory = 'h'
)

// entry is one line of a manifest:
//
//	file "name" seq 1 type b
//
// in pairs of a key and a value, in any order. Keys that are unknown are passed over, as Redis does: later versions add
// some. A name stands in quotes if it has unusual bytes.
type entry struct {
	name string
	seq  int64
	typ  byte
}

// parseManifest returns the files that are to be read, in order: the base, if there is one, and the incremental files.
func parseManifest(r io.Reader) (list []entry, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxManifest {
		return nil, fmt.Errorf("longer than %d bytes", maxManifest)
	}
	var m manifest
	for n, rest := 1, string(text); rest != ""; n++ {
		line, more, ended := strings.Cut(rest, "\n")
		switch rest = more; {
		case len(line) >= maxLine:
			err = errors.New("too long")
		case strings.HasPrefix(line, "#"):
			continue
		case !ended:
			err = errors.New("cut short")
		default:
			err = m.add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if m.base != nil {
		list = append(list, *m.base)
	}
	if list = append(list, m.incr...); len(list) == 0 {
		return nil, errors.New("neither a base nor an incremental file is named")
	}
	return list, nil
}

// manifest is what the lines read so far say.
type manifest struct {
	base *entry
	incr []entry // by ascending seq
	all  []string
}

// add takes one line.
func (m *manifest) add(line string) error {
	e, err := parseEntry(line)
	if err != nil {
		return err
	}
	if slices.Contains(m.all, e.name) {
		return fmt.Errorf("file %q is named twice", e.name)
	}
	switch e.typ {
	case typeBase:
		if m.base != nil {
			return fmt.Errorf("a second base file, %q after %q", e.name, m.base.name)
		}
		m.base = &e
	case typeIncr:
		if n := len(m.incr); n > 0 && e.seq <= m.incr[n-1].seq {
			return fmt.Errorf("incremental file %d after %d", e.seq, m.incr[n-1].seq)
		}
		m.incr = append(m.incr, e)
	default:
		return nil // history: it may be many, and is not read
	}
	m.all = append(m.all, e.name)
	return nil
}

// parseEntry parses one line without its end.
func parseEntry(line string) (e entry, err error) {
	words, err := splitWords(line)
	if err != nil {
		return e, err
	}
	if len(words) == 0 || len(words)%2 != 0 {
		return e, errors.New("not made of keys and values")
	}
	for i := 0; i < len(words); i += 2 {
		value := words[i+1]
		switch strings.ToLower(words[i]) {
		case "file":
			if strings.ContainsAny(value, "/\\\x00") || value == "." || value == ".." {
				return e, fmt.Errorf("%q is not the name of a file in this directory", value)
			}
			e.name = value
		case "seq":
			if e.seq, err = strconv.ParseInt(value, 10, 64); err != nil || e.seq < 1 {
				return e, fmt.Errorf("%q is no sequence number", value)
			}
		case "type":
			if value != string(typeBase) && value != string(typeIncr) && value != string(typeHistory) {
				return e, fmt.Errorf("unknown type %q", value)
			}
			e.typ = value[0]
		}
	}
	if e.name == "" || e.seq == 0 || e.typ == 0 {
		return e, errors.New("file, seq or type is missing")
	}
	return e, nil
}

var errQuotes = errors.New("unbalanced quotes")

// splitWords cuts a line into words: plain bytes, "double quoted" with escapes, or 'single quoted'.
func splitWords(line string) (words []string, err error) {
	for {
		if line = strings.TrimLeft(line, blanks); line == "" {
			return words, nil
		}
		var word string
		if line[0] == '"' || line[0] == '\'' {
			if word, line, err = cutQuoted(line); err != nil {
				return nil, err
			}
			if line != "" && !strings.ContainsRune(blanks, rune(line[0])) {
				return nil, errQuotes
			}
		} else {
			end := strings.IndexAny(line+" ", blanks)
			if word, line = line[:end], line[end:]; strings.ContainsAny(word, `"'`) {
				return nil, errQuotes // Redis lets quotes open within a word, and writes none there
			}
		}
		words = append(words, word)
	}
}

// blanks separate the words of a line.
const blanks = " \t\r\v\f"

// cutQuoted returns what stands between the quotes that line begins with, and what follows them.
func cutQuoted(line string) (word, rest string, err error) {
	quote := line[0]
	var b []byte
	for i := 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == quote:
			return string(b), line[i+1:], nil
		case c == '\\' && quote == '\'' && strings.HasPrefix(line[i+1:], "'"):
			b = append(b, '\'')
			i++
		case c == '\\' && quote == '"' && i+1 < len(line):
			c, n := unescape(line[i+1:])
			b = append(b, c)
			i += n
		default:
			b = append(b, c)
		}
	}
	return "", "", errQuotes
}

// unescape decodes what stands behind a backslash; n is the number of bytes it takes.
func unescape(s string) (c byte, n int) {
	if s[0] == 'x' && len(s) >= 3 {
		if v, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return byte(v), 3
		}
	}
	if i := strings.IndexByte("nrtba", s[0]); i >= 0 {
		return "\n\r\t\b\a"[i], 1
	}
	return s[0], 1
}
