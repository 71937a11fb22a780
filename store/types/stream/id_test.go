package stream

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	f := func(text string, want ID, ok bool) {
		t.Helper()
		if id, got := ParseID([]byte(text), 7); got != ok || ok && id != want {
			t.Errorf("ParseID(%q) = %v, %v; want %v, %v", text, id, got, want, ok)
		}
	}
	const top = math.MaxUint64
	f("0", ID{0, 7}, true)
	f("5-3", ID{5, 3}, true)
	f("18446744073709551615-18446744073709551615", MaxID, true)
	f("18446744073709551616", ID{}, false)
	f("007-01", ID{7, 1}, true)
	f(" 5-+3", ID{5, 3}, true)
	f("5- -3", ID{5, top - 2}, true)
	f("5--3", ID{}, false)
	f("5--03", ID{5, top - 2}, true)
	f("-5", ID{}, false)
	f("5-", ID{}, false)
	f("5-3-1", ID{}, false)
	f("5-3 ", ID{}, false)
	f("5-*", ID{}, false)
	f("5\x00junk", ID{5, 7}, true)
	f("5-6\x00-7", ID{5, 6}, true)
	f("", ID{}, false)
	f("\x00", ID{}, false)
	f("+", ID{}, false)
	f("-", ID{}, false)
	f("*", ID{}, false)
	f("0x10", ID{}, false)
	f(strings.Repeat("0", 126)+"1", ID{1, 7}, true)
	f(strings.Repeat("0", 127)+"1", ID{}, false)
}

func TestParseBound(t *testing.T) {
	f := func(text string, want ID, exclusive, ok bool) {
		t.Helper()
		id, ex, got := ParseBound([]byte(text), math.MaxUint64)
		if got != ok || ok && (id != want || ex != exclusive) {
			t.Errorf("ParseBound(%q) = %v, %v, %v", text, id, ex, got)
		}
	}
	f("-", ID{}, false, true)
	f("+", MaxID, false, true)
	f("(5", ID{5, math.MaxUint64}, true, true)
	f("(5-1", ID{5, 1}, true, true)
	f("(", ID{}, false, false)
	f("(-", ID{}, true, false)
	f("(+", ID{}, true, false)
	f("((5", ID{}, true, false)
	f("+\x00x", MaxID, false, true)
}

func TestParseNewID(t *testing.T) {
	f := func(text string, want NewID, ok bool) {
		t.Helper()
		if n, got := ParseNewID([]byte(text)); got != ok || ok && n != want {
			t.Errorf("ParseNewID(%q) = %v, %v", text, n, got)
		}
	}
	f("*", NewID{Auto: true}, true)
	f("5-*", NewID{ID: ID{5, 0}, AutoSeq: true}, true)
	f("5", NewID{ID: ID{5, 0}}, true)
	f("5-6", NewID{ID: ID{5, 6}}, true)
	f("5-**", NewID{}, false)
	f("+", NewID{}, false)
	f("-*", NewID{}, false)
}

func TestIDOrder(t *testing.T) {
	ids := []ID{{}, {0, 1}, {0, math.MaxUint64}, {1, 0}, {1, 2}, {math.MaxUint64, math.MaxUint64 - 1}, MaxID}
	if !slices.IsSortedFunc(ids, ID.Compare) {
		t.Error("not in order")
	}
	for i, id := range ids {
		if next, ok := id.Next(); ok != (id != MaxID) || ok && !id.Less(next) {
			t.Errorf("%v.Next() = %v, %v", id, next, ok)
		} else if prev, _ := next.Prev(); prev != id {
			t.Errorf("%v is not before %v but %v", id, next, prev)
		}
		if got := IDFromBinary(id.AppendBinary(nil)); got != id {
			t.Errorf("%v became %v", id, got)
		}
		if got, ok := ParseID(id.AppendText(nil), 0); !ok || got != id {
			t.Errorf("%v became %v, %v", id, got, ok)
		}
		if i > 0 && (!ids[i-1].Less(id) || id.Less(id) || ids[i-1].Compare(id) >= 0) {
			t.Errorf("Less is wrong at %v", id)
		}
	}
}
