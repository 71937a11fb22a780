package resp

import "bytes"

// inline parses the line at the start of in as words, the way a person types a command.
func (p *Parser) inline(in []byte, args [][]byte) ([][]byte, int, error) {
	window := in[:min(len(in), maxLine+1)]
	i := bytes.IndexByte(window[min(p.seen, len(window)):], '\n')
	if i < 0 {
		if len(in) > maxLine {
			return args, 0, errBigInline
		}
		p.seen = len(window)
		return args, 0, nil
	}
	end := p.seen + i
	p.seen = 0
	line := in[:end]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	args, ok := splitWords(line, args)
	if !ok {
		return args[:0], 0, errQuotes
	}
	return args, end + 1, nil
}

// splitWords appends the words of line to args. A word is plain bytes, "double quoted" (with \n \r \t \b \a \xHH, and \c for any other c) or
// 'single quoted' (with \' only); quotes may open in the middle of a word and close only at its end. It reports false for unbalanced quotes.
func splitWords(line []byte, args [][]byte) ([][]byte, bool) {
	var buf []byte // the quoted words; never longer than the line, so it does not move under the words
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return args, true
		}
		start := i
		for i < len(line) && !endsWord(line[i]) && line[i] != '"' && line[i] != '\'' {
			i++
		}
		if i == len(line) || endsWord(line[i]) {
			args = append(args, line[start:i:i])
			continue
		}
		if buf == nil {
			buf = make([]byte, 0, len(line))
		}
		from := len(buf)
		var ok bool
		buf, i, ok = appendQuoted(append(buf, line[start:i]...), line, i)
		if !ok {
			return args, false
		}
		args = append(args, buf[from:len(buf):len(buf)])
	}
}

// appendQuoted appends what stands between the quote at line[open] and the one that closes it. next is the offset behind that.
func appendQuoted(dst, line []byte, open int) (out []byte, next int, ok bool) {
	quote := line[open]
	for i := open + 1; i < len(line); i++ {
		ch := line[i]
		switch {
		case ch == quote:
			i++
			return dst, i, i == len(line) || isSpace(line[i])
		case ch == '\\' && quote == '"' && i+1 < len(line):
			var n int
			ch, n = unescape(line[i+1:])
			i += n
		case ch == '\\' && quote == '\'' && i+1 < len(line) && line[i+1] == '\'':
			ch = '\''
			i++
		}
		dst = append(dst, ch)
	}
	return dst, 0, false
}

// unescape decodes what stands behind a backslash; b is not empty. n is the number of bytes it takes.
func unescape(b []byte) (ch byte, n int) {
	switch b[0] {
	case 'x':
		if len(b) >= 3 {
			hi, okHi := hexDigit(b[1])
			lo, okLo := hexDigit(b[2])
			if okHi && okLo {
				return hi<<4 | lo, 3
			}
		}
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	}
	return b[0], 1
}

func hexDigit(ch byte) (byte, bool) {
	switch {
	case '0' <= ch && ch <= '9':
		return ch - '0', true
	case 'a' <= ch && ch <= 'f':
		return ch - 'a' + 10, true
	case 'A' <= ch && ch <= 'F':
		return ch - 'A' + 10, true
	}
	return 0, false
}

// isSpace is C's isspace: what separates words and may follow a closing quote.
func isSpace(ch byte) bool { return ch == ' ' || ('\t' <= ch && ch <= '\r') }

// endsWord is the shorter list that ends a plain word: a vertical tab or form feed inside one belongs to it, as in Redis.
func endsWord(ch byte) bool { return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' }
