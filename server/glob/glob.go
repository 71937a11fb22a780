// Package glob matches names against the patterns of KEYS, MATCH and PSUBSCRIBE exactly as Redis does.
//
//   - any bytes, also none
//     ?        one byte
//     [abc]    one of these bytes; [a-c] a range, in either order; [^abc] any other byte
//     \x       x itself, also within brackets
//
// A bracket that is not closed ends with the pattern; a backslash at the end stands for itself. An empty name is
// matched by the empty pattern only, not by a star: Redis's commands treat a lone star apart.
//
// Time is at most the product of both lengths: a star never needs to try again what an earlier star has tried.
package glob

// Match tells whether the name matches the pattern.
func Match(pattern, name []byte) bool { return match(pattern, name, false) }

// MatchFold is Match where ASCII letters match in any case.
func MatchFold(pattern, name []byte) bool { return match(pattern, name, true) }

func match(pattern, name []byte, fold bool) bool {
	if len(name) == 0 {
		return len(pattern) == 0
	}
	// Where to go on when the rest does not match: behind the last star, with one byte more given to it.
	var retryPattern, retryName []byte
	star := false
	for {
		if len(pattern) > 0 && pattern[0] == '*' {
			pattern = pattern[1:]
			retryPattern, retryName, star = pattern, name, true
			continue
		}
		if len(name) == 0 && len(pattern) == 0 {
			return true
		}
		if len(name) > 0 && len(pattern) > 0 {
			if ok, rest := one(pattern, name[0], fold); ok {
				pattern, name = rest, name[1:]
				continue
			}
		}
		if !star || len(retryName) == 0 {
			return false
		}
		retryName = retryName[1:]
		pattern, name = retryPattern, retryName
	}
}

// one matches a byte with the first element of a pattern, no star, and returns the rest of the pattern.
func one(pattern []byte, c byte, fold bool) (ok bool, rest []byte) {
	switch pattern[0] {
	case '?':
		return true, pattern[1:]
	case '[':
		return class(pattern[1:], c, fold)
	case '\\':
		if len(pattern) >= 2 {
			pattern = pattern[1:]
		}
	}
	return same(pattern[0], c, fold), pattern[1:]
}

// class matches a byte with what follows an opening bracket.
func class(p []byte, c byte, fold bool) (ok bool, rest []byte) {
	not := len(p) > 0 && p[0] == '^'
	if not {
		p = p[1:]
	}
	for len(p) > 0 && p[0] != ']' {
		switch {
		case p[0] == '\\' && len(p) >= 2:
			ok = ok || p[1] == c // never folded, as in Redis
			p = p[2:]
		case len(p) >= 3 && p[1] == '-':
			ok = ok || within(p[0], p[2], c, fold)
			p = p[3:]
		default:
			ok = ok || same(p[0], c, fold)
			p = p[1:]
		}
	}
	if len(p) > 0 {
		p = p[1:]
	}
	return ok != not, p
}

// within tells whether a byte is in a range. Redis compares bytes as signed numbers there.
func within(from, to, c byte, fold bool) bool {
	if int8(from) > int8(to) {
		from, to = to, from
	}
	if fold {
		from, to, c = lower(from), lower(to), lower(c)
	}
	return int8(from) <= int8(c) && int8(c) <= int8(to)
}

func same(a, b byte, fold bool) bool { return a == b || fold && lower(a) == lower(b) }

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b |= 0x20
	}
	return b
}
