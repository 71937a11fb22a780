package stream

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"strconv"

	"dragonfly/store/number"
)

// ID identifies an entry of a stream. The zero ID is smaller than that of any entry.
type ID struct {
	Ms, Seq uint64
}

// MaxID is the largest ID.
var MaxID = ID{math.MaxUint64, math.MaxUint64}

// IDBytes is the size of an ID in its binary form.
const IDBytes = 16

// maxIDText is the longest text of an ID that is parsed at all.
const maxIDText = 127

// Compare returns a negative number, zero or a positive one as id is less than, equal to or greater than o.
func (id ID) Compare(o ID) int {
	if id.Ms != o.Ms {
		return cmp.Compare(id.Ms, o.Ms)
	}
	return cmp.Compare(id.Seq, o.Seq)
}

// Less tells whether id is smaller than o.
func (id ID) Less(o ID) bool { return id.Ms < o.Ms || id.Ms == o.Ms && id.Seq < o.Seq }

// IsZero tells whether id is 0-0.
func (id ID) IsZero() bool { return id == ID{} }

// Next returns the ID after id; ok is false, and the ID zero, if there is none.
func (id ID) Next() (next ID, ok bool) {
	if id.Seq < math.MaxUint64 {
		return ID{id.Ms, id.Seq + 1}, true
	}
	if id.Ms < math.MaxUint64 {
		return ID{id.Ms + 1, 0}, true
	}
	return ID{}, false
}

// Prev returns the ID before id; ok is false, and the ID the largest, if there is none.
func (id ID) Prev() (prev ID, ok bool) {
	if id.Seq > 0 {
		return ID{id.Ms, id.Seq - 1}, true
	}
	if id.Ms > 0 {
		return ID{id.Ms - 1, math.MaxUint64}, true
	}
	return MaxID, false
}

// AppendText appends the text of the ID, as in 1526919030474-55.
func (id ID) AppendText(dst []byte) []byte {
	dst = strconv.AppendUint(dst, id.Ms, 10)
	dst = append(dst, '-')
	return strconv.AppendUint(dst, id.Seq, 10)
}

// AppendBinary appends the 16 bytes that stand for the ID on disk: ms and seq, big endian.
func (id ID) AppendBinary(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, id.Ms)
	return binary.BigEndian.AppendUint64(dst, id.Seq)
}

// IDFromBinary is the inverse of AppendBinary. b has IDBytes bytes.
func IDFromBinary(b []byte) ID {
	return ID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// ParseID parses the text of an ID: ms or ms-seq. A missing seq becomes missingSeq.
func ParseID(text []byte, missingSeq uint64) (id ID, ok bool) {
	id, autoSeq, ok := parse(text, missingSeq)
	return id, ok && !autoSeq
}

// ParseRangeID is ParseID that also knows "-" and "+" for the smallest and the largest ID.
func ParseRangeID(text []byte, missingSeq uint64) (id ID, ok bool) {
	switch string(cString(text)) {
	case "-":
		return ID{}, true
	case "+":
		return MaxID, true
	}
	return ParseID(text, missingSeq)
}

// ParseBound parses a bound of a range: as ParseRangeID, or "(" and an ID, which is then not part of the range.
func ParseBound(text []byte, missingSeq uint64) (id ID, exclusive, ok bool) {
	if len(text) > 1 && text[0] == '(' {
		id, ok = ParseID(text[1:], missingSeq)
		return id, true, ok
	}
	id, ok = ParseRangeID(text, missingSeq)
	return id, false, ok
}

// NewID says which ID an entry to be appended shall get.
type NewID struct {
	ID      ID
	Auto    bool // chosen by the stream
	AutoSeq bool // ID.Ms is given, seq is chosen by the stream
}

// ParseNewID parses "*", "ms-*" or an ID.
func ParseNewID(text []byte) (n NewID, ok bool) {
	if string(text) == "*" {
		return NewID{Auto: true}, true
	}
	n.ID, n.AutoSeq, ok = parse(text, 0)
	return n, ok
}

// parse parses ms, ms-seq or ms-*.
func parse(text []byte, missingSeq uint64) (id ID, autoSeq, ok bool) {
	if len(text) > maxIDText {
		return ID{}, false, false
	}
	ms, seq, hasSeq := bytes.Cut(cString(text), []byte{'-'})
	if id.Ms, ok = parseUint(ms); !ok {
		return ID{}, false, false
	}
	switch {
	case !hasSeq:
		id.Seq = missingSeq
	case string(seq) == "*":
		autoSeq = true
	default:
		if id.Seq, ok = parseUint(seq); !ok {
			return ID{}, false, false
		}
	}
	return id, autoSeq, true
}

// cString returns the text up to its first zero byte, where Redis stops reading an ID.
func cString(text []byte) []byte {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return text[:i]
	}
	return text
}

// parseUint reads an unsigned number as Redis does: canonical numbers must not be negative, all else goes through
// strtoull, which takes leading space, a sign (of a number that is then negated modulo 2^64) and leading zeros.
func parseUint(s []byte) (v uint64, ok bool) {
	if n, ok := number.ParseInt(s); ok {
		return uint64(n), n >= 0
	}
	s = bytes.TrimLeft(s, " \t\n\v\f\r")
	negative := false
	if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, false
	}
	for _, c := range s {
		c -= '0'
		if c > 9 || v > math.MaxUint64/10 || v*10 > math.MaxUint64-uint64(c) {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	if negative {
		v = -v
	}
	return v, true
}
