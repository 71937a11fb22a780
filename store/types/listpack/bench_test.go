package listpack

import (
	"strconv"
	"testing"
)

func TestAllocs(t *testing.T) {
	buf, other := make([]byte, 0, 4096), Append(New(nil), []byte("other"))
	text, num, long := []byte("some text"), []byte("12345"), make([]byte, 300)
	var itoa [20]byte
	if n := testing.AllocsPerRun(100, func() {
		lp := New(buf)
		lp = Append(lp, text)
		lp = Append(lp, num)
		lp = Prepend(lp, long)
		lp = AppendInt(lp, -70000)
		lp = Insert(lp, Seek(lp, 1), num)
		lp = InsertAfter(lp, Seek(lp, -1), text)
		lp = Replace(lp, First(lp), text)
		lp = ReplaceInt(lp, Find(lp, First(lp), num, 0), 7)
		lp = Extend(lp, other)
		for p := First(lp); p >= 0; p = Next(lp, p) {
			GetText(lp, p, &itoa)
			Compare(lp, p, num)
		}
		lp, _ = Delete(lp, Last(lp))
		lp = DeleteRange(lp, Seek(lp, 1), 2)
		if Validate(lp, true) != nil || EncodedSize(text) == 0 {
			t.Error("invalid")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// hash is a listpack of fields and values as a small hash has them.
func hash(fields int) []byte {
	lp := New(nil)
	for i := range fields {
		lp = Append(lp, strconv.AppendInt([]byte("field:"), int64(i), 10))
		lp = Append(lp, strconv.AppendInt([]byte("some value "), int64(i*i), 10))
	}
	return lp
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{8, 128} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			lp, last := hash(n), []byte("field:"+strconv.Itoa(n-1))
			for b.Loop() {
				if Find(lp, First(lp), last, 1) < 0 {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkWalk(b *testing.B) {
	lp := hash(64)
	b.Run("Get+Next", func(b *testing.B) {
		for b.Loop() {
			for p := First(lp); p >= 0; p = Next(lp, p) {
				Get(lp, p)
			}
		}
	})
	b.Run("GetNext", func(b *testing.B) {
		for b.Loop() {
			for p := First(lp); p >= 0; {
				_, _, _, p = GetNext(lp, p)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	buf, elem := make([]byte, 0, 4096), []byte("some value 42")
	for b.Loop() {
		lp := New(buf)
		for range 100 {
			lp = Append(lp, elem)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	lp := hash(128)
	b.SetBytes(int64(len(lp)))
	for b.Loop() {
		if err := Validate(lp, true); err != nil {
			b.Fatal(err)
		}
	}
}
