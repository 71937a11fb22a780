package str

import (
	"bytes"
	"strings"
	"testing"

	"dragonfly/store/arena"
	"dragonfly/store/object"
)

func newString(t testing.TB, value string) object.Cell {
	a, err := arena.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	r := object.New(a, []byte("key"), len(value), object.Attrs{Type: object.String, Encoding: EncodingOf([]byte(value))})
	c := object.Cell{A: a, Slot: &r}
	copy(c.View(), value)
	return c
}

func TestEncodingOf(t *testing.T) {
	f := func(value string, want object.Encoding) {
		t.Helper()
		if got := EncodingOf([]byte(value)); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
	f("", object.Embstr)
	f("0", object.Int)
	f("-9223372036854775808", object.Int)
	f("9223372036854775808", object.Embstr)
	f("012", object.Embstr)
	f("+1", object.Embstr)
	f(strings.Repeat("x", 44), object.Embstr)
	f(strings.Repeat("x", 45), object.Raw)
}

func TestEdit(t *testing.T) {
	for _, start := range []string{"", "12", strings.Repeat("s", 250), strings.Repeat("l", 70000)} {
		c := newString(t, start)
		want := []byte(start)
		check := func(step string) {
			t.Helper()
			if !bytes.Equal(c.View(), want) {
				t.Fatalf("%.10q, %s: got %d bytes, want %d", start, step, c.Len(), len(want))
			}
			if c.Encoding() != object.Raw {
				t.Fatalf("%.10q, %s: encoding is %v", start, step, c.Encoding())
			}
		}
		for i, tail := range []string{"", "a", "bc", strings.Repeat("d", 300), "e", strings.Repeat("f", 40000)} {
			want = append(want, tail...)
			if n := Append(c, []byte(tail)); n != len(want) {
				t.Fatalf("Append returned %d for %d bytes", n, len(want))
			}
			check("append")
			want = append([]byte(tail), want...)
			if n := Prepend(c, []byte(tail)); n != len(want) {
				t.Fatalf("Prepend returned %d for %d bytes", n, len(want))
			}
			check("prepend")
			Extend(c, len(want)-i)
			check("extend to less")
			n := len(want) + 3*i
			if b := Extend(c, n); len(b) != n {
				t.Fatalf("Extend returned %d bytes for %d", len(b), n)
			}
			want = append(want, make([]byte, n-len(want))...)
			check("extend")
		}
	}
}

func TestAppendMovesSeldom(t *testing.T) {
	c := newString(t, "")
	moves, at := 0, *c.Slot
	for range 1 << 20 {
		Append(c, []byte("x"))
		if *c.Slot != at {
			moves, at = moves+1, *c.Slot
		}
	}
	if moves > 120 {
		t.Errorf("%d moves", moves)
	}
}
