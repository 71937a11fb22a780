package rdbload

import (
	"fmt"
	"testing"

	"dragonfly/store/types/listpack"
)

func TestDupSet(t *testing.T) {
	l := new(loader)
	for _, n := range []int{1, 16, 17, 500, 5000, 100} {
		lp := listpack.New(nil)
		for i := range n {
			lp = listpack.Append(lp, fmt.Appendf(nil, []string{"%d", "member %d"}[i%2], i))
		}
		if got, err := l.checkListpack(Set, Listpack, lp); got != n || err != nil {
			t.Errorf("%d distinct members: %d, %v", n, got, err)
		}
		for _, again := range []int{0, n / 2, n - 1} {
			twice := listpack.AppendElem(nil, lp, listpack.Seek(lp, again))
			if _, err := l.checkListpack(Set, Listpack, listpack.Append(append([]byte(nil), lp...), twice)); err != errDuplicate {
				t.Errorf("member %d of %d twice: %v", again, n, err)
			}
		}
	}
}

// Records with many members reuse the table once it has grown.
func TestDupSetIsReused(t *testing.T) {
	lp := listpack.New(nil)
	for i := range 5000 {
		lp = listpack.AppendInt(lp, int64(i))
	}
	l := new(loader)
	n := testing.AllocsPerRun(5, func() {
		if _, err := l.checkListpack(Set, Listpack, lp); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
