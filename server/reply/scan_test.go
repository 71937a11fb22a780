package reply

import "testing"

func TestCloseScan(t *testing.T) {
	f := func(cursor uint64, want string, elements ...string) {
		t.Helper()
		var w Writer
		w.OK()
		m := w.Defer()
		for _, e := range elements {
			w.BulkString(e)
		}
		w.CloseScan(m, cursor, len(elements))
		if got := string(w.Buf); got != "+OK\r\n"+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(0, "*2\r\n$1\r\n0\r\n*0\r\n")
	f(18446744073709551615, "*2\r\n$20\r\n18446744073709551615\r\n*2\r\n$1\r\na\r\n$2\r\nbc\r\n", "a", "bc")
}
