package hll

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

const maxSparse = 3000

func add(t testing.TB, b []byte, from, to int) []byte {
	t.Helper()
	for i := from; i < to; i++ {
		var ok bool
		if b, _, ok = Add(b, fmt.Appendf(nil, "element %d", i), maxSparse); !ok {
			t.Fatalf("element %d: corrupted", i)
		}
	}
	return b
}

func TestHash(t *testing.T) {
	// As PFDEBUG DECODE of a real server shows them.
	f := func(elem string, index int, rank uint8) {
		t.Helper()
		if i, r := place([]byte(elem)); i != index || r != rank {
			t.Errorf("%q: register %d, %d; want %d, %d", elem, i, r, index, rank)
		}
	}
	f("a", 12711, 2)
	f("foo", 7348, 5)
	f("", 5938, 2)
	f("a longer element, more than a word", 15770, 1)
}

func TestCount(t *testing.T) {
	b := New(nil)
	at := 0
	for _, n := range []int{0, 1, 2, 10, 100, 1000, 2000, 10000, 100000} {
		b = add(t, b, at, n)
		at = n
		got, ok := Count(b)
		if e := math.Abs(float64(got) - float64(n)); !ok || e > 0.03*float64(n) {
			t.Errorf("%d elements: %d, %v", n, got, ok)
		}
		var u Registers
		if !u.Load(b) || u.Count() != got {
			t.Errorf("%d elements: the union of one counts %d, not %d", n, u.Count(), got)
		}
	}
	if IsSparse(b) || len(b) != DenseSize || !Valid(b) {
		t.Error("not dense at the end")
	}
}

// TestModel compares the registers of sparse and dense values with a plain array.
func TestModel(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 20 {
		var want Registers
		b := New(make([]byte, 0, DenseSize))
		steps := r.IntN(2500)
		for range steps {
			i, rank := r.IntN(registers), uint8(1+r.IntN(6))
			if r.IntN(2) == 0 {
				i %= 300 // so that neighbours merge
			}
			if r.IntN(2000) == 0 {
				rank = 40
			}
			var changed, ok bool
			b, changed, ok = raise(b, i, rank, maxSparse)
			if !ok || changed != (rank > want[i]) {
				t.Fatalf("register %d to %d from %d: changed %v, %v", i, rank, want[i], changed, ok)
			}
			want[i] = max(want[i], rank)
		}
		var got Registers
		if !Valid(b) || !got.Load(b) || got != want {
			t.Fatalf("registers differ after %d steps", steps)
		}
		n, _ := Count(b)
		d, ok := ToDense(b)
		if !ok || !got.Load(d) || got != want {
			t.Fatal("registers differ when dense")
		}
		if m, _ := Count(d); m != n {
			t.Fatalf("%d when dense, %d before", m, n)
		}
		stored, ok := want.Store(New(nil), maxSparse)
		if !ok || !got.Load(stored) || got != want {
			t.Fatal("registers differ when stored")
		}
	}
}

func TestCache(t *testing.T) {
	b := New(nil)
	if n, ok := Cached(b); n != 0 || !ok {
		t.Errorf("new: %d, %v", n, ok)
	}
	SetCached(b, 77)
	b, changed, _ := Add(b, []byte("x"), maxSparse)
	if _, ok := Cached(b); ok || !changed {
		t.Error("valid after a change")
	}
	SetCached(b, 78)
	b, changed, _ = Add(b, []byte("x"), maxSparse)
	if n, ok := Cached(b); n != 78 || !ok || changed {
		t.Errorf("after no change: %d, %v", n, ok)
	}
}

func TestAppendRuns(t *testing.T) {
	b := New(nil)
	for _, i := range []int{0, 1, 2, 100, 16383} {
		b, _, _ = raise(b, i, 3, maxSparse)
	}
	text, ok := AppendRuns(nil, b)
	if want := "v:3,3 Z:97 v:3,1 Z:16282 v:3,1"; string(text) != want || !ok {
		t.Errorf("%s, want %s", text, want)
	}
}

func TestCorrupted(t *testing.T) {
	header := string(New(nil)[:headerSize])
	f := func(name, runs string) {
		t.Helper()
		b := []byte(header + runs)
		if _, ok := Count(b); ok {
			t.Errorf("%s: counted", name)
		}
		if _, ok := ToDense(bytes.Clone(b)); ok {
			t.Errorf("%s: made dense", name)
		}
		var u Registers
		if u.Merge(b) {
			t.Errorf("%s: merged", name)
		}
		if _, ok := AppendRuns(nil, b); ok {
			t.Errorf("%s: decoded", name)
		}
		if _, _, ok := raise(bytes.Clone(b), registers-1, 1, maxSparse); ok {
			t.Errorf("%s: changed", name)
		}
		if _, _, ok := raise(bytes.Clone(b), registers-1, 40, maxSparse); ok {
			t.Errorf("%s: promoted", name)
		}
	}
	f("no runs", "")
	f("too few registers", "\x7f\xfe")
	f("cut short", "\x7f")
	f("too many at once", "\x40\x00\x7f\xff")
	for b, want := range map[string]bool{
		"": false, "HYLL": false, header: true, "HYLK" + header[4:]: false,
		"HYLL\x02" + header[5:]: false, "HYLL\x00" + header[5:]: false,
		"HYLL\x00" + header[5:] + strings.Repeat("x", DenseSize-headerSize): true,
	} {
		if Valid([]byte(b)) != want {
			t.Errorf("Valid(%.20q) is %v", b, !want)
		}
	}
}

func FuzzBytes(f *testing.F) {
	f.Add(New(nil), "x")
	f.Add(add(f, New(nil), 0, 100), "y")
	d, _ := ToDense(add(f, New(nil), 0, 10))
	f.Add(d, "z")
	f.Fuzz(func(t *testing.T, b []byte, elem string) {
		if !Valid(b) {
			return
		}
		var u Registers
		merged := u.Merge(b)
		if _, ok := Count(b); ok != merged {
			t.Fatalf("counted: %v, merged: %v", ok, merged)
		}
		if IsSparse(b) {
			AppendRuns(nil, b)
		}
		if d, ok := ToDense(bytes.Clone(b)); ok != merged || ok && !Valid(d) {
			t.Fatalf("made dense: %v, merged: %v", ok, merged)
		}
		c, _, ok := Add(bytes.Clone(b), []byte(elem), maxSparse)
		if merged && !ok {
			t.Fatal("a good value refused an element")
		}
		if ok && !Valid(c) {
			t.Fatal("not valid any more")
		}
		u.Store(bytes.Clone(b), maxSparse)
	})
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{100, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := add(b, New(make([]byte, 0, DenseSize)), 0, n)
			elem := []byte("element 1")
			for b.Loop() {
				Add(v, elem, maxSparse)
			}
		})
	}
}

func BenchmarkCount(b *testing.B) {
	for _, n := range []int{100, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := add(b, New(nil), 0, n)
			for b.Loop() {
				Count(v)
			}
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	v := add(b, New(nil), 0, 100000)
	var u Registers
	for b.Loop() {
		u.Merge(v)
	}
}

func TestSelfTest(t *testing.T) {
	if !SelfTest() {
		t.Error("failed")
	}
}
