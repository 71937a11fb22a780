package rdbfmt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// header returns a magic and AUX fields, given as names and values by turns.
func header(fields ...string) []byte {
	b := []byte("REDIS0012")
	for i, f := range fields {
		if i%2 == 0 {
			b = append(b, OpAux)
		}
		b = AppendString(b, []byte(f), true)
	}
	return b
}

func TestScanAux(t *testing.T) {
	scan := func(b []byte) (fields []string, err error) {
		err = ScanAux(bytes.NewReader(b), func(name, value string) bool {
			fields = append(fields, name, value)
			return true
		})
		return fields, err
	}
	f := func(b []byte, want ...string) {
		t.Helper()
		if got, err := scan(b); err != nil || !slices.Equal(got, want) {
			t.Errorf("%.40q: %.100q %v, want %.100q", b, got, err, want)
		}
	}
	long, code := strings.Repeat("0123456789 abcdef", maxField/16), strings.Repeat("lua ", 100)
	f(header())
	f([]byte("VALKEY080"))
	f(append(header("snapshot-id", "0123abcd", "shard-count", "8"), OpSelectDB, 0), "snapshot-id", "0123abcd", "shard-count", "8")
	f(header("a", "-1", "b", "300", "c", "-40000", "d", "70000", "e", "9999999999"), "a", "-1", "b", "300", "c", "-40000", "d", "70000", "e", "9999999999")
	f(append(header("lua", code, "shard-count", "3"), OpEOF), "lua", "", "shard-count", "3")
	f(append(append(append(header(), OpAux, 3), "lua"...), AppendPlain(nil, []byte(long))...), "lua", "")

	g := func(b []byte, want error) {
		t.Helper()
		if _, err := scan(b); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", b, err, want)
		}
	}
	whole := header("snapshot-id", "0123abcd", "lua", code, "n", "300")
	for n := range whole {
		if _, err := scan(whole[:n]); err == nil && n != 9 && whole[n] != OpAux {
			t.Errorf("the first %d bytes of a header are taken for one", n)
		}
	}
	g(nil, ErrHeaderShort)
	g([]byte("REDIS001x"), ErrMagic)
	g([]byte("<!DOCTYPE html>"), ErrMagic)
	g(append(header(), OpAux, 0x82, 0, 0, 0, 0), ErrHeaderBytes)
	g(append(header(), OpAux, 0xC0|EncLZF, 0xC0, 0, 0), ErrHeaderBytes)
	g(append(header(), OpAux, 0xC9, 0, 0, 0), ErrHeaderBytes)
	g(append(header(), OpAux, 0x81, 255, 255, 255, 255, 255, 255, 255, 255, 1), nil)
	g(append(header(), OpAux, 0x81, 0, 255, 255, 255, 255, 255, 255, 255, 1), ErrHeaderShort)

	n := 0
	err := ScanAux(bytes.NewReader(header("a", "1", "b", "2")), func(string, string) bool { n++; return false })
	if n != 1 || err != nil {
		t.Errorf("called %d times after it returned false, %v", n, err)
	}
	broken := errors.New("broken")
	if err := ScanAux(io.MultiReader(bytes.NewReader(whole[:12]), failing{broken}), func(string, string) bool { return true }); !errors.Is(err, broken) {
		t.Errorf("the error of the reader: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzScanAux: no input panics or takes memory, and fields are never longer than the input.
func FuzzScanAux(f *testing.F) {
	f.Add(header("snapshot-id", "0123abcd", "shard-count", "8"))
	f.Add(fmt.Appendf(nil, "REDIS0012%c%c", OpAux, 0xC0|EncLZF))
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		_ = ScanAux(bytes.NewReader(b), func(name, value string) bool {
			total += len(name) + len(value)
			return true
		})
		if total > 4*len(b) {
			t.Fatalf("%d bytes of fields from %d bytes", total, len(b))
		}
	})
}
