package listpack

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// elements is one element of every encoding and of every size at which an
// encoding or a backlen changes.
func elements() [][]byte {
	var all [][]byte
	for _, n := range []int64{
		0, 1, 12, 127, 128, -1, 4095, 4096, -4096, -4097, math.MaxInt16, math.MaxInt16 + 1, math.MinInt16, math.MinInt16 - 1,
		1<<23 - 1, 1 << 23, -1 << 23, -1<<23 - 1, math.MaxInt32, math.MaxInt32 + 1, math.MinInt32, math.MinInt32 - 1, math.MaxInt64, math.MinInt64,
	} {
		all = append(all, strconv.AppendInt(nil, n, 10))
	}
	for _, n := range []int{0, 1, 2, 21, 62, 63, 64, 125, 126, 127, 128, 4095, 4096, 5000, 16377, 16378, 16379, 70000} {
		all = append(all, bytes.Repeat([]byte{'x'}, n))
	}
	for _, s := range []string{"-0", "+1", "01", "9223372036854775808", " 1", "1e3", "\xff", "\xff\xff\xff\xff\xff\xff\xff"} {
		all = append(all, []byte(s))
	}
	return all
}

// check compares every way of reading lp with the model, and its structure.
func check(t *testing.T, lp []byte, model [][]byte) {
	t.Helper()
	if err := Validate(lp, true); err != nil {
		t.Fatal(err)
	}
	if Bytes(lp) != len(lp) || Len(lp) != len(model) {
		t.Fatalf("Bytes %d, Len %d; want %d, %d", Bytes(lp), Len(lp), len(lp), len(model))
	}
	var buf [20]byte
	p, i := First(lp), 0
	for ; p >= 0; i++ {
		if i == len(model) {
			t.Fatal("First/Next goes past the model")
		}
		if got := GetText(lp, p, &buf); !bytes.Equal(got, model[i]) {
			t.Fatalf("element %d = %q, want %q", i, clip(got), clip(model[i]))
		}
		if got := AppendElem([]byte("-"), lp, p); string(got[1:]) != string(model[i]) {
			t.Fatalf("AppendElem %d = %q", i, clip(got))
		}
		if !Compare(lp, p, model[i]) || Compare(lp, p, append(slices.Clone(model[i]), '!')) {
			t.Fatalf("Compare at %d is wrong", i)
		}
		if EntrySize(lp, p) != EncodedSize(model[i]) {
			t.Fatalf("EntrySize %d, EncodedSize %d", EntrySize(lp, p), EncodedSize(model[i]))
		}
		if Seek(lp, i) != p || Seek(lp, i-len(model)) != p {
			t.Fatalf("Seek(%d) = %d, Seek(%d) = %d, want %d", i, Seek(lp, i), i-len(model), Seek(lp, i-len(model)), p)
		}
		next := Next(lp, p)
		if _, _, _, n := GetNext(lp, p); n != next {
			t.Fatalf("GetNext = %d, Next = %d", n, next)
		}
		if next >= 0 && Prev(lp, next) != p || next < 0 && Last(lp) != p {
			t.Fatalf("Prev or Last does not lead back to %d", p)
		}
		p = next
	}
	if i != len(model) || Seek(lp, i) != -1 || Seek(lp, -i-1) != -1 {
		t.Fatalf("walk ends at %d of %d", i, len(model))
	}
	if i == 0 && (First(lp) != -1 || Last(lp) != -1 || len(lp) != EmptySize) {
		t.Fatal("an empty listpack has a first or last entry")
	}
}

func clip(b []byte) []byte { return b[:min(len(b), 40)] }

// offset is Seek by the slow and sure way.
func offset(lp []byte, index int) int {
	p := First(lp)
	for ; index > 0; index-- {
		p = Next(lp, p)
	}
	return p
}

func find(model [][]byte, from int, elem []byte, skip int) int {
	for i := from; i < len(model); i += skip + 1 {
		if bytes.Equal(model[i], elem) {
			return i
		}
	}
	return -1
}

// reserve moves lp to memory with exactly room bytes to spare, so that an edit
// of known size must stay in place.
func reserve(lp []byte, room int) []byte {
	return append(make([]byte, 0, len(lp)+max(room, 0)), lp...)
}

func TestElements(t *testing.T) {
	all := elements()
	lp := New(nil)
	check(t, lp, nil)
	for i, e := range all {
		lp = Append(lp, e)
		check(t, lp, all[:i+1])
	}
	for i, e := range all {
		if got := Find(lp, First(lp), e, 0); got != offset(lp, i) {
			t.Errorf("Find(%q) = %d, want %d", clip(e), got, offset(lp, i))
		}
	}
	for i := range all {
		p := offset(lp, i)
		for _, e := range all {
			room := EncodedSize(e) - EntrySize(lp, p)
			src := reserve(lp, room)
			got := Replace(src, p, e)
			if &got[0] != &src[0] {
				t.Fatal("Replace moved although there was room")
			}
			model := slices.Clone(all)
			model[i] = e
			if err := Validate(got, true); err != nil || !Compare(got, p, e) || Len(got) != len(all) {
				t.Fatalf("Replace(%q, %q): %v", clip(all[i]), clip(e), err)
			}
			if next := Next(got, p); next >= 0 && !Compare(got, next, all[i+1]) {
				t.Fatalf("Replace(%q, %q) harms the next element", clip(all[i]), clip(e))
			}
		}
	}
}

// TestUnminimal reads encodings that are legal but that we would not choose.
func TestUnminimal(t *testing.T) {
	f := func(entry, want string) {
		t.Helper()
		body := "\x01\x00" + entry + "\xff"
		lp := []byte(string(rune(4+len(body))) + "\x00\x00\x00" + body)
		if err := Validate(lp, true); err != nil {
			t.Errorf("%q: %v", entry, err)
			return
		}
		if got := AppendElem(nil, lp, First(lp)); string(got) != want || Last(lp) != headerSize || Next(lp, headerSize) != -1 {
			t.Errorf("%q = %q, want %q", entry, got, want)
		}
		if Find(lp, First(lp), []byte(want), 0) != headerSize || Find(lp, First(lp), []byte("none"), 0) != -1 {
			t.Errorf("Find of %q is wrong", want)
		}
	}
	f("\x8212\x03", "12")
	f("\xe0\x0212\x04", "12")
	f("\xf0\x02\x00\x00\x0012\x07", "12")
	f("\xf0\x00\x00\x00\x00\x05", "")
	f("\xc0\x07\x02", "7")
	f("\xdf\xff\x02", "-1")
	f("\xf1\x07\x00\x03", "7")
	f("\xf2\xff\xff\xff\x04", "-1")
	f("\xf3\x07\x00\x00\x00\x05", "7")
	f("\xf4\xfe\xff\xff\xff\xff\xff\xff\xff\x09", "-2")
}

func TestUnknownCount(t *testing.T) {
	lp := New(nil)
	for range unknownCount - 1 {
		lp = AppendInt(lp, 1)
	}
	if headerCount(lp) != unknownCount-1 || Len(lp) != unknownCount-1 {
		t.Fatalf("count %d, Len %d", headerCount(lp), Len(lp))
	}
	lp = Append(lp, []byte("a"))
	if headerCount(lp) != unknownCount || Len(lp) != unknownCount {
		t.Fatalf("count %d, Len %d", headerCount(lp), Len(lp))
	}
	lp = Append(lp, []byte("b"))
	if Len(lp) != unknownCount+1 || !Compare(lp, Seek(lp, -1), []byte("b")) || !Compare(lp, Seek(lp, unknownCount-1), []byte("a")) {
		t.Fatal("Len or Seek without a count")
	}
	if Seek(lp, unknownCount+1) != -1 || Seek(lp, -unknownCount-2) != -1 {
		t.Fatal("Seek past the ends without a count")
	}
	lp = DeleteRange(lp, First(lp), unknownCount)
	if headerCount(lp) != unknownCount || Len(lp) != 1 || Validate(lp, true) != nil {
		t.Fatal("unknown must stay unknown")
	}
	if got := Slice(nil, lp, First(lp), 9); headerCount(got) != 1 {
		t.Fatal("Slice counts anew")
	}
	if got := Extend(New(nil), lp); headerCount(got) != unknownCount || Len(got) != 1 {
		t.Fatal("Concat with an unknown count")
	}
}

func TestSafeToAdd(t *testing.T) {
	lp := New(nil)
	if !SafeToAdd(nil, MaxSize) || SafeToAdd(nil, MaxSize+1) || !SafeToAdd(lp, MaxSize-len(lp)) || SafeToAdd(lp, MaxSize-len(lp)+1) {
		t.Error("the limit is not MaxSize")
	}
}

// FuzzOps decodes operations from bytes and plays them to a listpack and to a
// plain slice.
func FuzzOps(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x02\x00\x30\x01\x05\x02\x09\x03\x01\x04\x00\x05\x01"))
	f.Add([]byte(strings.Repeat("\x00\x07\x02\x21\x04\x02\x06\x01\x07\x02\x08\x03", 4)))
	all := elements()
	f.Fuzz(func(t *testing.T, ops []byte) {
		lp := New(nil)
		var model [][]byte
		for len(ops) >= 2 && len(ops) < 400 {
			op, arg := ops[0]%10, int(ops[1])
			ops = ops[2:]
			e := all[arg%len(all)]
			at := 0
			if len(model) > 0 {
				at = arg % len(model)
			}
			if len(model) == 0 && op >= 2 && op != 8 {
				continue
			}
			lp = reserve(lp, EncodedSize(e)*(arg&1)) // in place every other time
			switch op {
			case 0:
				lp = Append(lp, e)
				model = append(model, e)
			case 1:
				lp = Prepend(lp, e)
				model = slices.Insert(model, 0, e)
			case 2:
				lp = Insert(lp, offset(lp, at), e)
				model = slices.Insert(model, at, e)
			case 3:
				lp = InsertAfter(lp, offset(lp, at), e)
				model = slices.Insert(model, at+1, e)
			case 4:
				lp = Replace(lp, offset(lp, at), e)
				model = slices.Clone(model)
				model[at] = e
			case 5:
				var next int
				lp, next = Delete(lp, offset(lp, at))
				model = slices.Delete(model, at, at+1)
				want := -1
				if at < len(model) {
					want = offset(lp, at)
				}
				if next != want {
					t.Fatalf("Delete: next %d, want %d", next, want)
				}
			case 6:
				count := arg / 16
				lp = DeleteRange(lp, offset(lp, at), count)
				model = slices.Delete(model, at, min(at+count, len(model)))
			case 7:
				skip := arg % 3
				want := find(model, at, e, skip)
				if want >= 0 {
					want = offset(lp, want)
				}
				if got := Find(lp, offset(lp, at), e, skip); got != want {
					t.Fatalf("Find(%q, skip %d) = %d, want %d", clip(e), skip, got, want)
				}
			case 8:
				n := int64(arg)<<(arg%57) - 100
				lp = AppendInt(lp, n)
				model = append(model, strconv.AppendInt(nil, n, 10))
			case 9:
				p := offset(lp, at)
				head := Slice(nil, lp, First(lp), at)
				tail := Slice(make([]byte, 3, 100), lp, p, len(model))
				check(t, head, model[:at])
				check(t, tail, model[at:])
				if !bytes.Equal(Extend(bytes.Clone(head), tail), lp) {
					t.Fatal("Slice and Concat do not give the listpack back")
				}
				lp = ReplaceInt(lp, p, int64(arg))
				model = slices.Clone(model)
				model[at] = strconv.AppendInt(nil, int64(arg), 10)
			}
			check(t, lp, model)
		}
		rebuilt := New(nil)
		for _, e := range model {
			rebuilt = Append(rebuilt, e)
		}
		if !bytes.Equal(rebuilt, lp) {
			t.Fatal("edited and rebuilt listpacks differ")
		}
	})
}
