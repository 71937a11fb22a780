package luac

import (
	"math"
	"testing"
)

func TestParseNumber(t *testing.T) {
	f := func(s string, want float64, ok bool) {
		t.Helper()
		got, gotOK := ParseNumber(s)
		if gotOK != ok || ok && math.Float64bits(got) != math.Float64bits(want) && !(got != got && want != want) {
			t.Errorf("%q: %v %v, want %v %v", s, got, gotOK, want, ok)
		}
	}
	f("12", 12, true)
	f(" \t\n12\v\f\r ", 12, true)
	f("0x10", 16, true)
	f("-0X1.8p1", -3, true)
	f("0x.8", 0.5, true)
	f("010", 10, true)
	f(".5", 0.5, true)
	f("5.", 5, true)
	f("-0", math.Copysign(0, -1), true)
	f("1e400", math.Inf(1), true)
	f("1e-400", 0, true)
	f("-inf", math.Inf(-1), true)
	f("Infinity", math.Inf(1), true)
	f("nan(abc_1)", math.NaN(), true)
	f("12\x00garbage", 12, true)
	for _, s := range []string{
		"", " ", "0x", "0x.", "0xp1", "1e", "1e+", "1_0", "0b1", "- 1", "--1", "1 2", ".", "e5", "inf ity", "nan(", "nan(a b)", "x", "\x00",
		"0x1p", "1..2",
	} {
		f(s, 0, false)
	}
}

func TestParsePrefix(t *testing.T) {
	f := func(s string, want float64, length int) {
		t.Helper()
		if got, n := ParsePrefix(s); got != want || n != length {
			t.Errorf("%q: %v %d, want %v %d", s, got, n, want, length)
		}
	}
	f("12,", 12, 2)
	f("-1.5e3]", -1500, 6)
	f("1e]", 1, 1)
	f("0x]", 0, 1)
	f("0x1fg", 31, 4)
	f("infinite", math.Inf(1), 3)
	f("+", 0, 0)
	f("-x", 0, 0)
}

func TestAppendNumber(t *testing.T) {
	f := func(x float64, want string) {
		t.Helper()
		if got := string(AppendNumber(nil, x)); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
	f(0, "0")
	f(math.Copysign(0, -1), "-0")
	f(1e14, "1e+14")
	f(99999999999999, "99999999999999")
	f(-99999999999999, "-99999999999999")
	f(123456789012345, "1.2345678901234e+14")
	f(0.1, "0.1")
	f(1.0/3, "0.33333333333333")
	f(1e100, "1e+100")
	f(-1e-7, "-1e-07")
	f(math.Inf(1), "inf")
	f(math.Inf(-1), "-inf")
	f(math.Copysign(math.NaN(), 1), "nan")
	f(math.Copysign(math.NaN(), -1), "-nan")
	f(math.MaxInt64, "9.2233720368548e+18")
}
