package rdbload

import (
	"bytes"
	"errors"
	"testing"
)

// TestStringTooLong: a length that an entry cannot hold is refused before the bytes are waited for.
func TestStringTooLong(t *testing.T) {
	for _, data := range [][]byte{
		file(12, rec(0, "k", num(maxString+1))),
		file(12, rec(2, "k", num(1), num(1<<32+5))),
		file(12, []byte{0}, num(1<<33)),
	} {
		_, err := Load(bytes.NewReader(data), Options{}, new(discard))
		if !errors.Is(err, errStringLength) {
			t.Errorf("%v", err)
		}
	}
	_, err := Load(bytes.NewReader(file(12, rec(0, "k", num(maxString)))), Options{}, new(discard))
	if err == nil || errors.Is(err, errStringLength) {
		t.Errorf("a string of just 2 GiB: %v", err)
	}
}
