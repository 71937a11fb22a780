package rdbload

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
)

// chunksOf returns s in chunks of n bytes, behind its length.
func chunksOf(n int, s string) []byte {
	b := num(uint64(len(s)))
	for len(s) > 0 {
		k := min(n, len(s))
		b = append(b, str(s[:k])...)
		s = s[k:]
	}
	return b
}

// The sketches of the tests, as they come out.

func bloomValue(filters ...[]byte) []byte {
	return join(num(0), f64(2), f64(0.005), num(100, 7, 300, uint64(len(filters))), join(filters...))
}

func cuckooValue() []byte {
	return join(num(2, 20, 2, 4, 3, 1, 2), chunksOf(100, "12345678"), chunksOf(100, "1234567812345678"))
}

func cmsValue() []byte { return join(num(3, 2, math.MaxUint64), bytes.Repeat(i64(-2), 6)) }

func topKValue() []byte {
	return join(num(0, 3, 4, 2), f64(0.9), num(2), str("item"), num(5), rdbfmt.AppendInt(nil, 12345), num(math.MaxUint32),
		str(strings.Repeat("abcd", 8)))
}

func TestOpaqueValues(t *testing.T) {
	f := func(typ byte, val []byte, want ValueType, wantBytes []byte) {
		t.Helper()
		c, sum, err := load(file(9, rec(typ, "k", val)), Options{})
		if err != nil || sum.Keys != 1 {
			t.Errorf("type %d: %+v, %v", typ, sum, err)
			return
		}
		if v := c.dbs[0]["k"]; v.typ != want || v.items[0].name != string(wantBytes) {
			t.Errorf("type %d: %v %q, want %q", typ, v.typ, v.items[0].name, wantBytes)
		}
		s := keep{}
		if err := LoadValue(rdbfmt.AppendFooter(append([]byte{typ}, val...), 0, 9), &s); err != nil || s.v.items[0].name != string(wantBytes) {
			t.Errorf("payload of type %d: %v", typ, err)
		}
	}
	const text = ` {"a": [1, null, "\u00e9"]}`
	f(20, str(text), JSON, []byte(text))
	f(30, str(text), JSON, []byte(text))
	f(30, rdbfmt.AppendInt(nil, -7), JSON, []byte("-7"))
	long := `"` + strings.Repeat("x", 100) + `"`
	f(30, rdbfmt.AppendString(nil, []byte(long), true), JSON, []byte(long))

	bits := strings.Repeat("01234567", 8)
	filter := func(n int) []byte { return join(num(5), chunksOf(n, bits)) }
	f(34, bloomValue(filter(64), filter(64)), Bloom, bloomValue(filter(64), filter(64)))
	f(34, bloomValue(filter(7), filter(1)), Bloom, bloomValue(filter(64), filter(64)))
	f(33, bloomValue(join(num(5), str(bits))), Bloom, bloomValue(filter(64)))
	f(33, bloomValue(join(num(5), rdbfmt.AppendString(nil, []byte(bits), true))), Bloom, bloomValue(filter(64)))
	f(34, bloomValue(join(num(1), chunksOf(1, "x"))), Bloom, bloomValue(join(num(1), chunksOf(1, "x"))))
	empty := join(num(0), f64(1), f64(0), num(0, 0, 0, 0))
	f(33, empty, Bloom, empty)

	f(35, cmsValue(), CMS, cmsValue())
	f(35, join([]byte{0x80, 0, 0, 0, 1, 0x40, 1, 0}, i64(9)), CMS, join(num(1, 1, 0), i64(9)))
	f(36, topKValue(), TopK, topKValue())
	f(36, join(num(0, 3, 4, 2), f64(0.9), num(1), str("12"), num(5), rdbfmt.AppendString(nil, bytes.Repeat([]byte{0}, 32), true)),
		TopK, join(num(0, 3, 4, 2), f64(0.9), num(1), rdbfmt.AppendInt(nil, 12), num(5), str(strings.Repeat("\x00", 32))))
	f(37, cuckooValue(), Cuckoo, cuckooValue())
	f(37, join(num(2, 20, 2, 4, 3, 1, 2), chunksOf(3, "12345678"), chunksOf(1, "1234567812345678")), Cuckoo, cuckooValue())
	f(37, join(num(1, 1, 0, 1, 0, 0, 1), chunksOf(1, "x")), Cuckoo, join(num(1, 1, 0, 1, 0, 0, 1), chunksOf(1, "x")))
}

// Chunks of the file and those of the value need not meet.
func TestChunkBorders(t *testing.T) {
	bits := strings.Repeat("0123456789abcdef", 4)
	for n := 1; n <= 64; n++ {
		in := chunksOf(n, bits)[2:]
		for size := 1; size <= 65; size++ {
			r := sketchReader{l: &loader{in: window{buf: in, w: len(in)}}, chunk: uint64(size)}
			r.chunks(64)
			if want := chunksOf(size, bits)[2:]; r.err != nil || !bytes.Equal(r.buf, want) {
				t.Fatalf("chunks of %d become %x, want %d: %x; %v", n, r.buf, size, want, r.err)
			}
			r = sketchReader{chunk: uint64(size)}
			r.chunked([]byte(bits))
			if want := chunksOf(size, bits); r.err != nil || !bytes.Equal(r.buf, want) {
				t.Fatalf("a string becomes %x, want %d: %x; %v", r.buf, size, want, r.err)
			}
		}
	}
}

// putFunc is a Sink of which only Put matters.
type putFunc func(*Record) error

func (putFunc) Aux(_, _ []byte) error           { return nil }
func (putFunc) Function([]byte) error           { return nil }
func (putFunc) ModuleAux([]byte) error          { return nil }
func (putFunc) DB(int) error                    { return nil }
func (putFunc) ResizeHint(keys, expires uint64) {}
func (f putFunc) Put(rec *Record) error         { return f(rec) }

func TestRefusedOpaqueValues(t *testing.T) {
	f := func(typ byte, want string, val ...[]byte) {
		t.Helper()
		checkRefused(t, file(9, rec(typ, "k", val...)), want)
	}
	for _, text := range []string{"", "{", "nul", `{"a":1}x`, "[1,]", `"` + "\n" + `"`, "1 2", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)} {
		f(30, "invalid JSON text", str(text))
	}
	f(20, "type 20 (Dragonfly JSON): invalid JSON text", str("{"))

	head := func(growth, rate float64, n ...uint64) []byte { return join(num(0), f64(growth), f64(rate), num(n...)) }
	inf := math.Inf(1)
	f(34, "unknown Bloom filter options", num(1))
	for _, growth := range []float64{0.5, -1, inf, math.NaN()} {
		f(34, "Bloom filter growth out of range", head(growth, 0.1, 0, 0, 0, 1))
	}
	for _, rate := range []float64{0, 0.6, -1, inf, math.NaN()} {
		f(34, "Bloom filter error rate out of range", head(1, rate, 0, 0, 0, 1))
	}
	f(34, "Bloom filter without a filter", head(1, 0.1, 0, 0, 0, 0))
	f(34, "Bloom filter without a filter", head(1, 0, 0, 0, 1, 0))
	one := head(1, 0.1, 0, 0, 0, 1)
	f(34, "Bloom filter hashes out of range", one, num(0))
	f(34, "Bloom filter hashes out of range", one, num(1<<16))
	f(34, "Bloom filter bits are no power of two", one, num(1), chunksOf(9, "123"))
	f(34, "Bloom filter bits are no power of two", one, num(1, 0))
	f(33, "Bloom filter bits are no power of two", one, num(1), str("123"))
	f(33, "Bloom filter bits are no power of two", one, num(1), str(""))
	f(34, "chunks that do not add up to their filter", one, num(1, 4, 3), []byte("123"), num(2), []byte("12"))
	f(34, "chunks that do not add up to their filter", one, num(1, 4, 0))
	f(34, "a value of more than 2 GiB is not supported", one, num(1, 1<<40, 1<<40))

	f(35, "sketch width out of range", num(0, 1, 0))
	f(35, "sketch width out of range", num(1<<32, 1, 0))
	f(35, "sketch depth out of range", num(1, 0, 0))
	f(35, "sketch depth out of range", num(1, 1<<32, 0))
	f(35, "a value of more than 2 GiB is not supported", num(math.MaxUint32, math.MaxUint32, 0))
	f(35, "a value of more than 2 GiB is not supported", num(1<<14, 1<<14, 0))

	f(36, "unknown top-k options", num(1))
	f(36, "top-k size out of range", num(0, 0))
	f(36, "sketch width out of range", num(0, 1, 0))
	f(36, "sketch depth out of range", num(0, 1, 1, 0))
	for _, decay := range []float64{-0.1, 1.1, math.NaN()} {
		f(36, "top-k decay out of range", num(0, 1, 1, 1), f64(decay), num(0))
	}
	good := join(num(0, 1, 2, 2), f64(0.9))
	f(36, "more items than a top-k has", good, num(2))
	f(36, "top-k count out of range", good, num(1), str("x"), num(1<<32))
	f(36, "top-k counters that are not width times depth", good, num(0), str("123"))
	f(36, "a value of more than 2 GiB is not supported", num(0, 1, math.MaxUint32, math.MaxUint32), f64(0.9), num(0))

	f(37, "cuckoo filter slots out of range", num(0))
	f(37, "cuckoo filter slots out of range", num(256))
	f(37, "cuckoo filter iterations out of range", num(1, 0))
	f(37, "cuckoo filter iterations out of range", num(1, 1<<16))
	f(37, "cuckoo filter expansion out of range", num(1, 1, 1<<16))
	f(37, "cuckoo filter expansion is no power of two", num(1, 1, 3, 1, 0, 0, 1))
	f(37, "cuckoo filter buckets are no power of two", num(1, 1, 2, 3, 0, 0, 1))
	f(37, "cuckoo filter buckets are no power of two", num(1, 1, 2, 0, 0, 0, 1))
	f(37, "cuckoo filter without a filter", num(1, 1, 2, 1, 0, 0, 0))
	f(37, "fingerprints that are not as many", num(1, 1, 2, 2, 0, 0, 1), chunksOf(9, "123"))
	f(37, "fingerprints that are not as many", num(1, 1, 2, 2, 0, 0, 2), chunksOf(9, "12"), chunksOf(9, "12"))
	f(37, "cuckoo filter buckets are no power of two", num(1, 1, 0, 2, 0, 0, 2), chunksOf(9, "12"), num(0))
	f(37, "a value of more than 2 GiB is not supported", num(2, 1, 2, 1<<30, 0, 0, 1), num(1<<31))
	f(37, "a value of more than 2 GiB is not supported", num(2, 1, 2, 1<<63, 0, 0, 1))

	// Redis gives these numbers to other types.
	checkRefused(t, file(15, rec(34, "k", bloomValue())), "type byte 34 has no meaning")
}

// A module's string is measured before it is copied.
func TestModuleSize(t *testing.T) {
	checkRefused(t, file(12, rec(7, "m", num(1<<10, rdbfmt.ModuleString, 1<<31))), "a value of more than 2 GiB is not supported")
	checkRefused(t, file(12, rec(7, "m", num(1<<10, rdbfmt.ModuleString), []byte{0xC3}, num(1<<31, 5))), "a value of more than 2 GiB is not supported")
}

func ExamplePacking() {
	// A Bloom filter comes in the chunked form, whatever the file had.
	old := join(num(0), f64(2), f64(0.005), num(0, 1, 100, 1), num(7), str("0123456789abcdef"))
	_, err := Load(bytes.NewReader(file(9, rec(rdbfmt.TypeDFBloomOld, "k", old))), Options{}, putFunc(func(rec *Record) error {
		fmt.Printf("%v %q\n", rec.Type, rec.Bytes[17+5:])
		return nil
	}))
	if err != nil {
		fmt.Println(err)
	}
	// Output: MBbloom-- "\a\x10\x100123456789abcdef"
}
