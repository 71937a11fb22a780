package ziplist

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"dragonfly/store/types/listpack"
)

// TestFromListpack: what is made passes Validate and holds the same elements, for sizes and integers at all limits.
func TestFromListpack(t *testing.T) {
	lp := listpack.New(nil)
	for _, n := range []int{0, 1, 62, 63, 64, 250, 251, 252, 253, 254, 255, 16383, 16384, 1 << 20} {
		lp = listpack.Append(lp, []byte(strings.Repeat("x", n)))
		lp = listpack.AppendInt(lp, int64(n)) // states the size of the one before
	}
	for _, limit := range []int64{0, 12, 13, math.MaxInt8, math.MaxInt16, 1<<23 - 1, math.MaxInt32, math.MaxInt64 - 1} {
		for _, n := range []int64{limit, limit + 1, -limit, -limit - 1, -limit - 2} {
			lp = listpack.AppendInt(lp, n)
		}
	}
	zl := FromListpack(nil, lp)
	if err := Validate(zl); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ToListpack(nil, zl), lp) {
		t.Error("other elements")
	}
	if zl := FromListpack(zl, listpack.New(nil)); Validate(zl) != nil || len(zl) != EmptySize || First(zl) != -1 {
		t.Errorf("an empty one: %x", zl)
	}
}

// TestManyElements: a count of 65535 and more is unknown.
func TestManyElements(t *testing.T) {
	for _, n := range []int{65534, 65535, 65536} {
		zl := New(nil)
		for i := range n {
			zl = AppendInt(zl, int64(i))
		}
		if err := Validate(zl); err != nil {
			t.Error(n, err)
		}
		if got := listpack.Len(ToListpack(nil, zl)); got != n {
			t.Errorf("%d elements, want %d", got, n)
		}
	}
}
