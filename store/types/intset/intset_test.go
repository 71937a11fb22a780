package intset

import (
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"testing"
)

// TestBytes compares with DUMP of real sets (redis 7.0.15).
func TestBytes(t *testing.T) {
	f := func(want string, members ...int64) {
		t.Helper()
		set := New(nil)
		for _, n := range members {
			set, _ = Add(set, n)
		}
		if got := hex.EncodeToString(set); got != want {
			t.Errorf("%d: %s, want %s", members, got, want)
		}
		if err := Validate(set, true); err != nil {
			t.Error(err)
		}
	}
	f("02000000010000000100", 1)
	f("0200000005000000ffff0000010002000300", 3, 1, 2, -1, 0)
	f("02000000020000000080ff7f", 32767, -32768)
	f("04000000020000000100000000800000", 1, 32768)
	f("0400000002000000ff7fffff01000000", 1, -32769)
	f("0400000004000000000000800500000007000000ffffff7f", 5, 7, 2147483647, -2147483648)
	f("0800000003000000010000000000000002000000000000000000008000000000", 1, 2, 2147483648)
	f("0800000003000000ffffff7fffffffff01000000000000000200000000000000", 1, 2, -2147483649)
	f("08000000050000000000000000000080fdffffffffffffff01000000000000007011010000000000ffffffffffffff7f", 1, 70000, math.MaxInt64, math.MinInt64, -3)
}

func check(t *testing.T, set []byte, model map[int64]bool) {
	t.Helper()
	if len(model) > 0 {
		if err := Validate(set, true); err != nil {
			t.Fatal(err)
		}
	}
	if Len(set) != len(model) || len(set) != headerSize+width(set)*len(model) {
		t.Fatalf("Len %d, %d bytes, want %d members", Len(set), len(set), len(model))
	}
	for i := range Len(set) {
		n := At(set, i)
		if !model[n] {
			t.Fatalf("%d is no member", n)
		}
		if at, found := Find(set, n); at != i || !found {
			t.Fatalf("Find(%d) = %d, %v, want %d", n, at, found, i)
		}
	}
}

var edges = []int64{
	0, 1, -1, 2, math.MaxInt16, math.MaxInt16 + 1, math.MinInt16, math.MinInt16 - 1,
	math.MaxInt32, math.MaxInt32 + 1, math.MinInt32, math.MinInt32 - 1, math.MaxInt64, math.MinInt64,
}

func FuzzOps(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x84\x05\x86\x07"))
	f.Add([]byte("\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x8d\x8c\x88"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		set, model := New(nil), map[int64]bool{}
		for _, op := range ops[:min(len(ops), 200)] {
			n := edges[int(op&15)%len(edges)] ^ int64(op>>4&7)
			if op < 128 {
				size, isNew := AddSize(set, n), !model[n]
				if op&1 == 0 {
					set = append(make([]byte, 0, size), set...)
				}
				before := &set[0]
				var added bool
				if set, added = Add(set, n); added != isNew {
					t.Fatalf("Add(%d) = %v", n, added)
				}
				if added && len(set) != size || op&1 == 0 && &set[0] != before {
					t.Fatalf("Add(%d): %d bytes, want %d in place", n, len(set), size)
				}
				model[n] = true
			} else {
				var removed bool
				if set, removed = Remove(set, n); removed != model[n] {
					t.Fatalf("Remove(%d) = %v", n, removed)
				}
				delete(model, n)
			}
			check(t, set, model)
			for _, n := range edges {
				if _, found := Find(set, n); found != model[n] {
					t.Fatalf("Find(%d) = %v", n, found)
				}
			}
		}
	})
}

func TestFindPlace(t *testing.T) {
	set := New(nil)
	for _, n := range []int64{10, 20, 30} {
		set, _ = Add(set, n)
	}
	for _, n := range []int64{5, 10, 15, 20, 25, 30, 35, math.MinInt64, math.MaxInt64} {
		want, wantFound := slices.BinarySearch([]int64{10, 20, 30}, n)
		if got, found := Find(set, n); got != want || found != wantFound {
			t.Errorf("Find(%d) = %d, %v; want %d, %v", n, got, found, want, wantFound)
		}
	}
}

func TestValidate(t *testing.T) {
	f := func(set, reason string) {
		t.Helper()
		err := Validate([]byte(set), true)
		var corrupt *CorruptError
		if reason == "" && err != nil || reason != "" && (!errors.As(err, &corrupt) || corrupt.Reason != reason) {
			t.Errorf("Validate(%q) = %v, want %q", set, err, reason)
		}
	}
	f("", "shorter than the header")
	f("\x02\x00\x00\x00\x00\x00\x00", "shorter than the header")
	f("\x02\x00\x00\x00\x00\x00\x00\x00", "no members")
	f("\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00", "width is not 2, 4 or 8")
	f("\x02\x00\x00\x00\x01\x00\x00\x00\x05\x00", "")
	f("\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00", "count differs from the length")
	f("\x08\x00\x00\x00\x00\x00\x00\x20", "count differs from the length")
	f("\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x05\x00", "")
	f("\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00\x05\x00", "members do not ascend")
	f("\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00\xff\xff", "members do not ascend")
	if Validate([]byte("\x02\x00\x00\x00\x02\x00\x00\x00\x05\x00\xff\xff"), false) != nil {
		t.Error("shallow looks at the order")
	}
}

func FuzzValidate(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x05\x00"))
	f.Fuzz(func(t *testing.T, set []byte) {
		if Validate(set, true) != nil {
			return
		}
		set = slices.Clone(set)
		members := map[int64]bool{}
		for i := range Len(set) {
			members[At(set, i)] = true
		}
		check(t, set, members)
		for _, n := range edges {
			set, _ = Add(set, n)
			members[n] = true
		}
		check(t, set, members)
	})
}

func TestAllocs(t *testing.T) {
	set := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		set = New(set)
		for i := range int64(50) {
			set, _ = Add(set, i*i*i*1000)
		}
		for i := range int64(50) {
			Find(set, i)
			set, _ = Remove(set, i*8000)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFind(b *testing.B) {
	set := New(nil)
	for i := range int64(512) {
		set, _ = Add(set, i*100)
	}
	for n := int64(0); b.Loop(); n++ {
		Find(set, n%512*100)
	}
}
