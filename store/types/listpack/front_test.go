package listpack

import (
	"bytes"
	"fmt"
	"testing"
)

func TestFront(t *testing.T) {
	const room = 400
	buf := append(make([]byte, room), New(nil)...)
	off := room
	want := New(nil)
	texts := []string{"", "a", "7", "-300", "70000", "12345678901", "not a number", string(bytes.Repeat([]byte("x"), 100))}
	for i := range 3 * len(texts) {
		text := []byte(texts[i%len(texts)])
		to, ok := PrependLeft(buf, off, text)
		if fits := EncodedSize(text) <= off; ok != fits {
			t.Fatalf("step %d: ok is %v with %d bytes of room", i, ok, off)
		}
		if !ok {
			to = DeleteLeft(buf, off, 3)
			for range 3 {
				want, _ = Delete(want, First(want))
			}
		} else {
			want = Prepend(want, text)
		}
		off = to
		if err := Validate(buf[off:], true); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if !bytes.Equal(buf[off:], want) {
			t.Fatalf("step %d: got %x, want %x", i, buf[off:], want)
		}
	}
	if off = DeleteLeft(buf, off, 1000); !bytes.Equal(buf[off:], New(nil)) {
		t.Fatalf("emptied: %x", buf[off:])
	}
}

func BenchmarkPrepend(b *testing.B) {
	for _, size := range []int{100, 8000} {
		b.Run(fmt.Sprint("left/", size), func(b *testing.B) {
			buf := append(make([]byte, size), New(nil)...)
			off := size
			for b.Loop() {
				to, ok := PrependLeft(buf, off, []byte("some value"))
				if !ok {
					to = DeleteLeft(buf, off, size)
				}
				off = to
			}
		})
	}
}
