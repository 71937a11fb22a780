package listpack

import "dragonfly/store/number"

// Compare reports whether the text of the element at p is elem.
func Compare(lp []byte, p int, elem []byte) bool {
	s, n, isInt := Get(lp, p)
	if !isInt {
		return string(s) == string(elem)
	}
	v, ok := number.ParseInt(elem)
	return ok && n == v
}

// Find returns the offset of the first element equal to elem, -1 if there is
// none. It looks at the entry at p, then passes over skip entries, and so on:
// with skip 1 it sees only the fields of a field-value listpack. p may be -1.
func Find(lp []byte, p int, elem []byte, skip int) int {
	if p < 0 {
		return -1
	}
	// An integer is compared as one, so that elem is parsed once, not every
	// integer printed. Strings are compared as such even when they look like
	// integers: other writers may not have encoded them.
	want, wantInt := number.ParseInt(elem)
	passing := 0
	for {
		b := lp[p]
		if b == endByte {
			return -1
		}
		size := 1
		switch {
		case b < encStr6:
			if passing == 0 && wantInt && want == int64(b) {
				return p
			}
		case b < encInt13:
			size += int(b & 0x3F)
			if passing == 0 && size == 1+len(elem) && string(lp[p+1:p+size]) == string(elem) {
				return p
			}
		default:
			size = bodySize(lp, p)
			if passing == 0 {
				if s, n, isInt := getLong(lp, p); isInt && wantInt && n == want || !isInt && string(s) == string(elem) {
					return p
				}
			}
		}
		if passing--; passing < 0 {
			passing = skip
		}
		p += size + backlenSize(size)
	}
}
