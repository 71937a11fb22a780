package number

import (
	"math"
	"strconv"
	"testing"
)

func TestParseInt(t *testing.T) {
	good := func(n int64) {
		t.Helper()
		s := strconv.FormatInt(n, 10)
		if got, ok := ParseInt([]byte(s)); got != n || !ok {
			t.Errorf("ParseInt(%q) = %d, %v", s, got, ok)
		}
		if got := AppendInt(nil, n); string(got) != s {
			t.Errorf("AppendInt(%d) = %q", n, got)
		}
		if len(s) > MaxIntLen {
			t.Errorf("%q is longer than MaxIntLen", s)
		}
	}
	for _, n := range []int64{0, 1, -1, 9, 10, -10, 127, 4096, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1} {
		good(n)
	}
	for n := int64(1); n > 0; n *= 10 {
		good(n)
		good(-n)
		good(n - 1)
	}
	for _, s := range []string{
		"", "-", "+", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1\x00", "1a", "a", "--1", "1-", "0x1", "1.0", "1e3",
		"9223372036854775808", "-9223372036854775809", "9999999999999999999", "-9999999999999999999",
		"18446744073709551616", "18446744073709551617", "100000000000000000000", "/", ":",
	} {
		if n, ok := ParseInt([]byte(s)); ok {
			t.Errorf("ParseInt(%q) = %d, true", s, n)
		}
	}
}

func FuzzParseInt(f *testing.F) {
	for _, s := range []string{"0", "-0", "12", "-9223372036854775808", "9223372036854775808", "+1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		want, err := strconv.ParseInt(string(s), 10, 64)
		wantOK := err == nil && strconv.FormatInt(want, 10) == string(s)
		if got, ok := ParseInt(s); ok != wantOK || ok && got != want {
			t.Fatalf("ParseInt(%q) = %d, %v; want %d, %v", s, got, ok, want, wantOK)
		}
	})
}

func BenchmarkParseInt(b *testing.B) {
	s := []byte("1234567890")
	for b.Loop() {
		ParseInt(s)
	}
}
