package integration

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"testing"
)

// Types that are kept without commands: what TYPE says of them.
const (
	kindJSON   = "ReJSON-RL"
	kindBloom  = "MBbloom--"
	kindCuckoo = "MBbloomCF"
	kindCMS    = "CMSk-TYPE"
	kindTopK   = "TopK-TYPE"
)

// Type bytes of Dragonfly.
const (
	dumpJSON         = 30
	dumpSetTimed     = 32
	dumpBloom        = 33
	dumpBloomChunked = 34
	dumpCMS          = 35
	dumpTopK         = 36
	dumpCuckoo       = 37
)

// memberEpoch is the second since 1970 from which on Dragonfly counts deadlines of set members.
const memberEpoch = 1675209600

// dumpReader reads what DUMP answers:
//
//	| type byte | value | version u16le | CRC64 u64le |
//
// What does not fit ends the test.
type dumpReader struct {
	t testing.TB
	b []byte
}

// readDump returns the type byte and a reader of the value.
func readDump(t testing.TB, payload string) (kind byte, r *dumpReader) {
	t.Helper()
	if len(payload) < 11 {
		t.Fatalf("DUMP: %q", payload)
	}
	return payload[0], &dumpReader{t, []byte(payload[1 : len(payload)-10])}
}

func (r *dumpReader) take(n uint64) []byte {
	r.t.Helper()
	if n > uint64(len(r.b)) {
		r.t.Fatalf("DUMP: %d bytes wanted, %d are there", n, len(r.b))
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// end checks that all was read.
func (r *dumpReader) end() {
	r.t.Helper()
	if len(r.b) > 0 {
		r.t.Fatalf("DUMP: %d bytes too many: %.100q", len(r.b), r.b)
	}
}

// head reads a length, or which of the special encodings of strings follows.
func (r *dumpReader) head() (n uint64, special bool) {
	r.t.Helper()
	b := r.take(1)[0]
	switch {
	case b>>6 == 0:
		return uint64(b), false
	case b>>6 == 1:
		return uint64(b&0x3f)<<8 | uint64(r.take(1)[0]), false
	case b == 0x80:
		return uint64(binary.BigEndian.Uint32(r.take(4))), false
	case b == 0x81:
		return binary.BigEndian.Uint64(r.take(8)), false
	}
	return uint64(b & 0x3f), true
}

func (r *dumpReader) length() uint64 {
	r.t.Helper()
	n, special := r.head()
	if special {
		r.t.Fatalf("DUMP: no length: %.20q", r.b)
	}
	return n
}

func (r *dumpReader) number() float64 {
	r.t.Helper()
	return math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
}

func (r *dumpReader) text() string {
	r.t.Helper()
	n, special := r.head()
	if !special {
		return string(r.take(n))
	}
	switch n {
	case 0:
		return strconv.Itoa(int(int8(r.take(1)[0])))
	case 1:
		return strconv.Itoa(int(int16(binary.LittleEndian.Uint16(r.take(2)))))
	case 2:
		return strconv.Itoa(int(int32(binary.LittleEndian.Uint32(r.take(4)))))
	case 3:
		packed, size := r.length(), r.length()
		text := unpackLZF(r.take(packed))
		if uint64(len(text)) != size {
			r.t.Fatalf("DUMP: %d bytes unpacked, want %d", len(text), size)
		}
		return string(text)
	}
	r.t.Fatalf("DUMP: special encoding %d", n)
	return ""
}

// unpackLZF unpacks LZF:
//
//	| 000nnnnn | n+1 bytes |                          these bytes
//	| nnnooooo | o |, | 111ooooo | n | o |            n+2 bytes from o+1 bytes before the end of what was unpacked
func unpackLZF(b []byte) (out []byte) {
	for len(b) > 0 {
		n, o := int(b[0]>>5), int(b[0]&0x1f)
		if n == 0 {
			out = append(out, b[1:o+2]...)
			b = b[o+2:]
			continue
		}
		if b = b[1:]; n == 7 {
			n += int(b[0])
			b = b[1:]
		}
		from := len(out) - 1 - (o<<8 | int(b[0]))
		b = b[1:]
		for i := range n + 2 {
			out = append(out, out[from+i])
		}
	}
	return out
}

// memberDeadlines returns the deadlines, in Unix milliseconds, of the members that have one, from what DUMP answers for a
// set.
func memberDeadlines(t testing.TB, payload string) map[string]int64 {
	t.Helper()
	kind, r := readDump(t, payload)
	if kind != dumpSetTimed {
		return nil
	}
	deadlines := map[string]int64{}
	for range r.length() {
		member, after := r.text(), r.text()
		seconds, err := strconv.ParseInt(after, 10, 64)
		if err != nil {
			t.Fatalf("DUMP: deadline %q", after)
		}
		if seconds >= 0 {
			deadlines[member] = (memberEpoch + seconds) * 1000
		}
	}
	r.end()
	return deadlines
}

// filter is a value of a probabilistic type.
type filter struct {
	// facts are its numbers by name.
	facts map[string]any
	// tables are its bits, fingerprints or counters.
	tables []string
	// top are the items of a Top-K with their counts, in the order kept.
	top []string
}

// readFilter reads a probabilistic type.
func readFilter(t testing.TB, payload string) filter {
	t.Helper()
	kind, r := readDump(t, payload)
	f := filter{facts: map[string]any{}}
	switch kind {
	case dumpBloom, dumpBloomChunked:
		f.readBloom(r, kind == dumpBloomChunked)
	case dumpCMS:
		width, depth, count := r.length(), r.length(), int64(r.length())
		f.facts["width"], f.facts["depth"], f.facts["count"] = width, depth, count
		for range depth {
			f.tables = append(f.tables, string(r.take(8*width)))
		}
	case dumpTopK:
		f.facts["options"], f.facts["k"] = r.length(), r.length()
		f.facts["width"], f.facts["depth"], f.facts["decay"] = r.length(), r.length(), r.number()
		for range r.length() {
			f.top = append(f.top, r.text(), strconv.FormatUint(r.length(), 10))
		}
		f.tables = append(f.tables, r.text())
	case dumpCuckoo:
		for _, name := range []string{"Bucket size", "Max iterations", "Expansion rate", "Number of buckets", "Number of items inserted",
			"Number of items deleted", "Number of filters"} {
			f.facts[name] = r.length()
		}
		for range f.facts["Number of filters"].(uint64) {
			f.tables = append(f.tables, r.chunks())
		}
	default:
		t.Fatalf("DUMP: type byte %d", kind)
	}
	r.end()
	return f
}

func (f *filter) readBloom(r *dumpReader, chunked bool) {
	r.t.Helper()
	f.facts["options"] = r.length()
	f.facts["Expansion rate"], f.facts["probability"] = r.number(), r.number()
	f.facts["before"], f.facts["current"], f.facts["capacity"] = r.length(), r.length(), r.length()
	n := r.length()
	f.facts["Number of filters"] = n
	for i := range n {
		f.facts[fmt.Sprintf("hashes %d", i)] = r.length()
		if chunked {
			f.tables = append(f.tables, r.chunks())
		} else {
			f.tables = append(f.tables, r.text())
		}
	}
}

// chunks reads bytes in chunks: their number, then each chunk with its length.
func (r *dumpReader) chunks() string {
	r.t.Helper()
	var all []byte
	for left := r.length(); left > 0; {
		n := r.length()
		if n == 0 || n > left {
			r.t.Fatalf("DUMP: a chunk of %d bytes, %d are left", n, left)
		}
		all = append(all, r.take(n)...)
		left -= n
	}
	return string(all)
}

// opaqueParts returns what a key without commands holds, equal for equal values.
func opaqueParts(t testing.TB, kind, payload string) [][]string {
	t.Helper()
	if kind == kindJSON {
		b, r := readDump(t, payload)
		if b != dumpJSON {
			t.Fatalf("DUMP: type byte %d of a JSON document", b)
		}
		text := r.text()
		r.end()
		return [][]string{{normalJSON(t, text)}}
	}
	f := readFilter(t, payload)
	parts := [][]string{{fmt.Sprint(f.facts)}, f.top}
	for _, table := range f.tables {
		parts = append(parts, []string{table})
	}
	return parts
}

// normalJSON returns a JSON document without blanks, members sorted by name and numbers as they were written.
func normalJSON(t testing.TB, text string) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("JSON %.200q: %v", text, err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestUnpackLZF(t *testing.T) {
	f := func(packed, want string) {
		t.Helper()
		if got := string(unpackLZF([]byte(packed))); got != want {
			t.Errorf("%q: %q, want %q", packed, got, want)
		}
	}
	f("\x02abc", "abc")
	f("\x02abc\x20\x02", "abcabc")
	f("\x00a\xe0\x05\x00", "aaaaaaaaaaaaaaa")
}
