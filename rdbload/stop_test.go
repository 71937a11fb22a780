package rdbload

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestStopAtEOF: with StopAtEOF what follows the data is not asked for, and Bytes tells where it begins.
func TestStopAtEOF(t *testing.T) {
	file := "REDIS0009\xfe\x00" + "\x00\x01k\x01a" + "\xff" + strings.Repeat("\x00", 8)
	broken := errors.New("broken")
	f := func(behind string) {
		t.Helper()
		src := io.MultiReader(strings.NewReader(file+behind), iotest.ErrReader(broken))
		sum, err := Load(src, Options{StopAtEOF: true}, newCollector())
		if err != nil || sum.Keys != 1 || sum.Bytes != int64(len(file)) || sum.Trailing != 0 {
			t.Errorf("%d bytes behind: %v, %+v", len(behind), err, sum)
		}
	}
	f("")
	f("*1\r\n$4\r\nPING\r\n")
	f(strings.Repeat("*1\r\n$4\r\nPING\r\n", 1<<16))
	if _, err := Load(io.MultiReader(strings.NewReader(file), iotest.ErrReader(broken)), Options{}, newCollector()); !errors.Is(err, broken) {
		t.Errorf("without it: %v", err)
	}
}
