package command

import (
	"math"
	"strconv"
	"testing"
	"time"

	"dragonfly/store/resperr"
)

func TestTimeout(t *testing.T) {
	const (
		nowMs   = 1_700_000_000_000
		longest = math.MaxInt64 / time.Millisecond * time.Millisecond
	)
	f := func(arg string, want time.Duration, wantErr error) {
		t.Helper()
		if d, err := Timeout([]byte(arg), nowMs); d != want || err != wantErr {
			t.Errorf("Timeout(%q) = %v, %v", arg, d, err)
		}
	}
	f("0", 0, nil)
	f("1", time.Second, nil)
	f("0.1", 100*time.Millisecond, nil)
	f("0.0001", time.Millisecond, nil)
	f("1e-4000", time.Millisecond, nil)
	f("1e3", 1000*time.Second, nil)
	f("0x10", 16*time.Second, nil)
	f("9000000000000000", longest, nil)
	f("-0.0001", 0, nil) // as in Redis, which rounds up before it looks at the sign
	f("-1", 0, resperr.TimeoutNegative)
	f("-inf", 0, resperr.TimeoutNegative)
	f("inf", 0, resperr.TimeoutRange)
	f("1e300", 0, resperr.TimeoutRange)
	f("1e4000", 0, resperr.TimeoutRange)
	f("0x7FFFFFFFFFFFFF", 0, resperr.TimeoutRange)
	f("9223372036854775", 0, resperr.TimeoutRange)
	for _, arg := range []string{"", "a", "1a", " 1", "nan", "1_000"} {
		f(arg, 0, resperr.TimeoutNotFloat)
	}

	g := func(arg string, want time.Duration, wantErr error) {
		t.Helper()
		if d, err := TimeoutMs([]byte(arg), nowMs); d != want || err != wantErr {
			t.Errorf("TimeoutMs(%q) = %v, %v", arg, d, err)
		}
	}
	g("0", 0, nil)
	g("15", 15*time.Millisecond, nil)
	g(strconv.Itoa(math.MaxInt64-nowMs), longest, nil)
	g(strconv.Itoa(math.MaxInt64-nowMs+1), 0, resperr.TimeoutRange)
	g("-1", 0, resperr.TimeoutNegative)
	g("1.5", 0, resperr.TimeoutNotInteger)
	g("", 0, resperr.TimeoutNotInteger)
}
