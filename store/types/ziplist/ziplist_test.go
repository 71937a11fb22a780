package ziplist

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"dragonfly/store/types/listpack"
)

func TestRedisBytes(t *testing.T) {
	file, err := os.ReadFile("testdata/redis.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		zl, _ := hex.DecodeString(fields[2])
		if err := Validate(zl); err != nil {
			t.Errorf("%s %s: %v", fields[0], fields[1], err)
			continue
		}
		if got := hex.EncodeToString(ToListpack(nil, zl)); got != fields[3] {
			t.Errorf("%s %s: %s, want %s", fields[0], fields[1], got, fields[3])
		}
		lp, _ := hex.DecodeString(fields[3])
		old := strings.HasPrefix(fields[0], "2.4.") // it knew fewer encodings
		if got := hex.EncodeToString(FromListpack(nil, lp)); got != fields[2] && !old {
			t.Errorf("%s %s: as a ziplist %s, want %s", fields[0], fields[1], got, fields[2])
		}
		truncate(t, zl)
	}
}

// truncate checks that no part of zl passes, and that a walk over any damage
// that does pass stays in bounds.
func truncate(t *testing.T, zl []byte) {
	t.Helper()
	for n := range zl {
		cut := bytes.Clone(zl[:n])
		if n >= 4 {
			binary.LittleEndian.PutUint32(cut, uint32(n))
		}
		if Validate(zl[:n]) == nil || Validate(cut) == nil {
			t.Errorf("valid although cut to %d bytes", n)
		}
		damaged := bytes.Clone(zl)
		for _, b := range []byte{0x00, 0x7F, 0x80, 0xF0, 0xFE, 0xFF} {
			if damaged[n] = b; Validate(damaged) == nil {
				ToListpack(nil, damaged)
			}
		}
	}
}

// writer makes ziplists in all legal ways.
type writer struct {
	entries  []byte
	n        int
	last     int
	prev     int
	longPrev bool // write sizes of previous entries in the long form
}

// entry adds an entry of the given encoding and data.
func (w *writer) entry(body ...byte) {
	w.last = headerSize + len(w.entries)
	start := len(w.entries)
	if w.longPrev || w.prev >= 254 {
		w.entries = append(w.entries, 0xFE)
		w.entries = binary.LittleEndian.AppendUint32(w.entries, uint32(w.prev))
	} else {
		w.entries = append(w.entries, byte(w.prev))
	}
	w.entries = append(w.entries, body...)
	w.prev = len(w.entries) - start
	w.n++
}

func (w *writer) str(s string) {
	switch n := len(s); {
	case n < 64:
		w.entry(append([]byte{byte(n)}, s...)...)
	case n < 16384:
		w.entry(append([]byte{0x40 | byte(n>>8), byte(n)}, s...)...)
	default:
		w.entry(append(binary.BigEndian.AppendUint32([]byte{0x80}, uint32(n)), s...)...)
	}
}

// int adds n in the encoding that enc names, which must fit it.
func (w *writer) int(enc byte, n int64) {
	b := binary.LittleEndian.AppendUint64([]byte{enc}, uint64(n))
	w.entry(b[:1+map[byte]int{0xFE: 1, 0xC0: 2, 0xF0: 3, 0xD0: 4, 0xE0: 8}[enc]]...)
}

func (w *writer) bytes() []byte {
	last := w.last
	if w.n == 0 {
		last = headerSize
	}
	zl := binary.LittleEndian.AppendUint32(nil, uint32(headerSize+len(w.entries)+1))
	zl = binary.LittleEndian.AppendUint32(zl, uint32(last))
	zl = binary.LittleEndian.AppendUint16(zl, uint16(min(w.n, unknownCount)))
	return append(append(zl, w.entries...), endByte)
}

func TestEncodings(t *testing.T) {
	for _, longPrev := range []bool{false, true} {
		w := writer{longPrev: longPrev}
		var want []string
		str := func(s string) {
			w.str(s)
			want = append(want, s)
		}
		num := func(enc byte, n int64) {
			w.int(enc, n)
			want = append(want, strconv.FormatInt(n, 10))
		}
		for i := range 13 {
			num(0xF1+byte(i), int64(i))
		}
		for _, n := range []int64{0, -1, math.MaxInt8, math.MinInt8} {
			num(0xFE, n)
			num(0xC0, n)
			num(0xF0, n)
			num(0xD0, n)
			num(0xE0, n)
		}
		num(0xC0, math.MinInt16)
		num(0xF0, -1<<23)
		num(0xF0, 1<<23-1)
		num(0xD0, math.MinInt32)
		num(0xE0, math.MinInt64)
		for _, n := range []int{0, 1, 63, 64, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 16383, 16384, 70000} {
			str(strings.Repeat("x", n))
		}
		str("12")
		str("\xff")
		zl := w.bytes()
		if err := Validate(zl); err != nil {
			t.Fatal(err)
		}
		p := First(zl)
		for i, text := range want {
			s, n, isInt, next := GetNext(zl, p)
			if isInt {
				s = strconv.AppendInt(nil, n, 10)
			}
			if string(s) != text {
				t.Fatalf("element %d = %.40q, want %.40q", i, s, text)
			}
			p = next
		}
		if p != -1 {
			t.Error("more elements than written")
		}
		lp := ToListpack(nil, zl)
		if err := listpack.Validate(lp, true); err != nil || listpack.Len(lp) != len(want) {
			t.Errorf("%d elements in the listpack, want %d; %v", listpack.Len(lp), len(want), err)
		}
	}
}

func TestValidate(t *testing.T) {
	f := func(zl, reason string) {
		t.Helper()
		err := Validate([]byte(zl))
		var corrupt *CorruptError
		if reason == "" && err != nil || reason != "" && (!errors.As(err, &corrupt) || corrupt.Reason != reason) {
			t.Errorf("Validate(%q) = %v, want %q", zl, err, reason)
		}
	}
	f("", "shorter than an empty ziplist")
	f("\x0b\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xff", "")
	f("\x0c\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xff", "total bytes differ from the length")
	f("\x0b\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xfe", "no end byte")
	f("\x0b\x00\x00\x00\x0a\x00\x00\x00\x01\x00\xff", "count differs from the number of entries")
	f("\x0b\x00\x00\x00\x0b\x00\x00\x00\x00\x00\xff", "the last entry is elsewhere")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xf1\xff", "")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\xff\xff\x00\xf1\xff", "")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x01\xf1\xff", "the previous entry has another size")
	f("\x0f\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\xf1\x03\xf1\xff", "the previous entry has another size")
	f("\x0c\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xff", "entry reaches past the end")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x01\xff", "entry reaches past the end")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x40\xff", "entry reaches past the end")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x80\xff", "entry reaches past the end")
	f("\x11\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x80\xff\xff\xff\xff\xff", "entry reaches past the end")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xe0\xff", "entry reaches past the end")
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\xfe\x00\xff", "entry reaches past the end")
	for _, enc := range []string{"\xc1", "\xcf", "\xd1", "\xdf", "\xe1", "\xef", "\xff"} {
		f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00"+enc+"\xff", "invalid encoding")
	}
	f("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\xff\xf1\xff", "end byte before the end")
	// An entry of 255 bytes before one that says so in one byte.
	var w writer
	w.str(strings.Repeat("x", 252))
	if w.prev != 255 {
		t.Fatal(w.prev)
	}
	w.entries = append(w.entries, 255, 0xF1)
	w.n, w.last = 2, headerSize+255
	f(string(w.bytes()), "end byte before the end")
}

func FuzzValidate(f *testing.F) {
	var w writer
	w.str("abc")
	w.int(0xF0, -5)
	w.str(strings.Repeat("x", 300))
	w.int(0xF3, 2)
	f.Add(w.bytes()[headerSize:], uint32(w.last))
	f.Fuzz(func(t *testing.T, entries []byte, last uint32) {
		_ = Validate(entries)
		zl := binary.LittleEndian.AppendUint32(nil, uint32(headerSize+len(entries)))
		zl = binary.LittleEndian.AppendUint32(zl, last)
		zl = append(append(zl, 0xFF, 0xFF), entries...)
		if Validate(zl) != nil {
			return
		}
		n := 0
		for p := First(zl); p >= 0; n++ {
			_, _, _, p = GetNext(zl, p)
		}
		lp := ToListpack(nil, zl)
		if err := listpack.Validate(lp, true); err != nil || listpack.Len(lp) != n {
			t.Fatalf("%d elements in the listpack, want %d; %v", listpack.Len(lp), n, err)
		}
	})
}

func TestAllocs(t *testing.T) {
	var w writer
	for range 100 {
		w.str("some text")
		w.int(0xC0, 1000)
	}
	zl := w.bytes()
	buf := make([]byte, 0, 2*len(zl))
	if n := testing.AllocsPerRun(100, func() {
		if Validate(zl) != nil || len(ToListpack(buf, zl)) == 0 {
			t.Error("invalid")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkToListpack(b *testing.B) {
	var w writer
	for range 100 {
		w.str("some text")
		w.int(0xC0, 1000)
	}
	zl := w.bytes()
	buf := make([]byte, 0, 2*len(zl))
	b.SetBytes(int64(len(zl)))
	for b.Loop() {
		if Validate(zl) != nil {
			b.Fatal("invalid")
		}
		ToListpack(buf, zl)
	}
}
