package listpack

import (
	"encoding/binary"
	"errors"
	"testing"
)

func TestValidate(t *testing.T) {
	f := func(lp, reason string) {
		t.Helper()
		err := Validate([]byte(lp), true)
		var corrupt *CorruptError
		if reason == "" && err != nil || reason != "" && (!errors.As(err, &corrupt) || corrupt.Reason != reason) {
			t.Errorf("Validate(%q) = %v, want %q", lp, err, reason)
		}
	}
	const (
		short    = "shorter than an empty listpack"
		total    = "total bytes differ from the length"
		noEnd    = "no end byte"
		encoding = "invalid encoding"
		past     = "entry reaches past the end"
		backlen  = "backlen differs from the entry's size"
		count    = "count differs from the number of entries"
	)
	f("", short)
	f("\x06\x00\x00\x00\x00\x00", short)
	f("\x07\x00\x00\x00\x00\x00\xff", "")
	f("\x08\x00\x00\x00\x00\x00\xff", total)
	f("\x07\x00\x00\x80\x00\x00\xff", total)
	f("\x07\x00\x00\x00\x00\x00\xfe", noEnd)
	f("\x07\x00\x00\x00\x01\x00\xff", count)
	f("\x07\x00\x00\x00\xff\xff\xff", "")
	f("\x09\x00\x00\x00\x01\x00\x05\x01\xff", "")
	f("\x09\x00\x00\x00\xff\xff\x05\x01\xff", "")
	f("\x09\x00\x00\x00\x02\x00\x05\x01\xff", count)
	f("\x09\x00\x00\x00\x01\x00\x05\x02\xff", backlen)
	f("\x09\x00\x00\x00\x01\x00\x05\x81\xff", backlen)
	f("\x08\x00\x00\x00\x01\x00\x05\xff", past)
	f("\x09\x00\x00\x00\x01\x00\x81a\xff", past)
	f("\x0a\x00\x00\x00\x01\x00\x81a\x02\xff", "")
	f("\x08\x00\x00\x00\x01\x00\xe0\xff", past)
	f("\x08\x00\x00\x00\x01\x00\xf0\xff", past)
	f("\x0c\x00\x00\x00\x01\x00\xf0\xff\xff\xff\xff\xff", past)
	f("\x0c\x00\x00\x00\x01\x00\xf4\x00\x00\x00\x09\xff", past)
	f("\x09\x00\x00\x00\x01\x00\xf5\x01\xff", encoding)
	f("\x09\x00\x00\x00\x01\x00\xff\x01\xff", encoding)
	if err := Validate([]byte("\x09\x00\x00\x00\x02\x00\xf5\x01\xff"), false); err != nil {
		t.Errorf("shallow: %v", err)
	}
}

// FuzzValidate checks that what passes can be used in every way.
func FuzzValidate(f *testing.F) {
	lp := New(nil)
	for _, e := range elements() {
		lp = Append(lp, e)
		f.Add(lp[headerSize:])
	}
	f.Add([]byte("\xf0\x02\x00\x00\x0012\x07\xff"))
	f.Fuzz(func(t *testing.T, entries []byte) {
		_ = Validate(entries, true)
		lp := binary.LittleEndian.AppendUint32(nil, uint32(headerSize+len(entries)))
		lp = append(append(lp, 0xff, 0xff), entries...)
		if Validate(lp, true) != nil {
			return
		}
		n := 0
		for p := First(lp); p >= 0; p = Next(lp, p) {
			elem := AppendElem(nil, lp, p)
			if !Compare(lp, p, elem) || Find(lp, p, elem, 0) != p {
				t.Fatalf("element %q does not equal itself", elem)
			}
			n++
		}
		if Len(lp) != n {
			t.Fatalf("Len %d, want %d", Len(lp), n)
		}
		for p := Last(lp); p >= 0; p = Prev(lp, p) {
			n--
		}
		if n != 0 {
			t.Fatal("backwards is not forwards")
		}
		out := Append(Prepend(lp, []byte("a")), []byte("b"))
		out, _ = Delete(Replace(out, Next(out, First(out)), []byte("replaced")), First(out))
		if err := Validate(out, true); err != nil {
			t.Fatal(err)
		}
	})
}
