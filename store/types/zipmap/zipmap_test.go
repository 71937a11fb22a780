package zipmap

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
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
		zm, _ := hex.DecodeString(fields[2])
		if err := Validate(zm); err != nil {
			t.Errorf("%s %s: %v", fields[0], fields[1], err)
			continue
		}
		if got := hex.EncodeToString(ToListpack(nil, zm)); got != fields[3] {
			t.Errorf("%s %s: %s, want %s", fields[0], fields[1], got, fields[3])
		}
		for n := range zm {
			if Validate(zm[:n]) == nil {
				t.Errorf("valid although cut to %d bytes", n)
			}
			damaged := bytes.Clone(zm)
			for _, b := range []byte{0x00, 0x7F, 0xFD, 0xFE, 0xFF} {
				if damaged[n] = b; Validate(damaged) == nil {
					ToListpack(nil, damaged)
				}
			}
		}
	}
}

// appendPair writes a pair with free bytes of garbage after the value.
func appendPair(zm []byte, field, value string, free int) []byte {
	length := func(n int) {
		if n < 254 {
			zm = append(zm, byte(n))
		} else {
			zm = binary.LittleEndian.AppendUint32(append(zm, 0xFE), uint32(n))
		}
	}
	length(len(field))
	zm = append(zm, field...)
	length(len(value))
	zm = append(zm, byte(free))
	zm = append(zm, value...)
	return append(zm, bytes.Repeat([]byte{0xFF}, free)...)
}

func TestLengths(t *testing.T) {
	zm := []byte{0}
	var want []string
	for i, n := range []int{0, 1, 252, 253, 254, 255, 256, 70000} {
		pair := []string{strings.Repeat("f", n), strings.Repeat("v", n)}
		zm = appendPair(zm, pair[0], pair[1], i*30)
		zm[0]++
		want = append(want, pair...)
	}
	zm = append(zm, endByte)
	for _, count := range []byte{zm[0], 254, 255} {
		zm[0] = count
		if err := Validate(zm); err != nil {
			t.Fatal(err)
		}
	}
	p := First(zm)
	for i := 0; i < len(want); i += 2 {
		field, value, next := GetNext(zm, p)
		if string(field) != want[i] || string(value) != want[i+1] {
			t.Fatalf("pair %d is %.10q… %.10q…", i/2, field, value)
		}
		p = next
	}
	if p != -1 {
		t.Error("more pairs than written")
	}
	if lp := ToListpack(nil, zm); listpack.Validate(lp, true) != nil || listpack.Len(lp) != len(want) {
		t.Error("listpack differs")
	}
}

func TestValidate(t *testing.T) {
	f := func(zm, reason string) {
		t.Helper()
		err := Validate([]byte(zm))
		var corrupt *CorruptError
		if reason == "" && err != nil || reason != "" && (!errors.As(err, &corrupt) || corrupt.Reason != reason) {
			t.Errorf("Validate(%q) = %v, want %q", zm, err, reason)
		}
	}
	const past = "pair reaches past the end"
	f("", "shorter than an empty zipmap")
	f("\xff", "shorter than an empty zipmap")
	f("\x00\xff", "")
	f("\xfe\xff", "")
	f("\x01\xff", "count differs from the number of pairs")
	f("\x00\x00", "no end byte")
	f("\x01\x01f\x01\x00v\xff", "")
	f("\x02\x01f\x01\x00v\xff", "count differs from the number of pairs")
	f("\xfe\x01f\x01\x00v\xff", "")
	f("\x01\x01f\x01\x02v\xff\xff\xff", "")
	f("\x01\x01f\x01\x03v\xff\xff\xff", past)
	f("\x01\x01f\x02\x00v\xff", past)
	f("\x01\x01f\x01\xff", past)
	f("\x01\x01f\xff", past)
	f("\x01\x05f\xff", past)
	f("\x01\x00\xff\x00\xff", past)
	f("\x01\xfe\x00\xff", past)
	f("\x01\xfe\xff\xff\xff\xff\xff", past)
	f("\x01\x01f\xfe\xff\xff\xff\xff\x00\xff", past)
	f("\x01\xff\xff", past)
}

func FuzzValidate(f *testing.F) {
	f.Add(append(appendPair(appendPair([]byte{2}, "f", "v", 3), "g", strings.Repeat("w", 300), 0), endByte))
	f.Fuzz(func(t *testing.T, zm []byte) {
		if Validate(zm) != nil {
			return
		}
		n := 0
		for p := First(zm); p >= 0; n++ {
			_, _, p = GetNext(zm, p)
		}
		lp := ToListpack(nil, zm)
		if err := listpack.Validate(lp, true); err != nil || listpack.Len(lp) != 2*n {
			t.Fatalf("%d elements in the listpack, want %d; %v", listpack.Len(lp), 2*n, err)
		}
	})
}

func TestAllocs(t *testing.T) {
	zm := append(appendPair([]byte{1}, "field", "value", 3), endByte)
	buf := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		if Validate(zm) != nil || len(ToListpack(buf, zm)) == 0 {
			t.Error("invalid")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkToListpack(b *testing.B) {
	zm := []byte{100}
	for range 100 {
		zm = appendPair(zm, "some field", "some value", 0)
	}
	zm = append(zm, endByte)
	buf := make([]byte, 0, 2*len(zm))
	b.SetBytes(int64(len(zm)))
	for b.Loop() {
		ToListpack(buf, zm)
	}
}
