package command

import (
	"math"
	"strconv"
	"testing"

	"dragonfly/store/resperr"
)

func TestIs(t *testing.T) {
	for arg, want := range map[string]bool{
		"get": true, "GET": true, "gEt": true, "": false, "ge": false, "gets": false, "g\x05t": false, "[et": false,
	} {
		if Is([]byte(arg), "get") != want {
			t.Errorf("%q: %v", arg, !want)
		}
	}
}

func TestInt(t *testing.T) {
	f := func(arg string, want int64, wantErr error) {
		t.Helper()
		if n, err := Int([]byte(arg)); n != want || err != wantErr {
			t.Errorf("Int(%q) = %d, %v", arg, n, err)
		}
	}
	f("-12", -12, nil)
	f(strconv.Itoa(math.MaxInt64), math.MaxInt64, nil)
	f("9223372036854775808", 0, resperr.NotInteger)
	f("+1", 0, resperr.NotInteger)
	f("", 0, resperr.NotInteger)

	g := func(arg string, want int64, wantErr error) {
		t.Helper()
		if n, err := IntFrom([]byte(arg), 1, resperr.NotPositive); n != want || err != wantErr {
			t.Errorf("IntFrom(%q) = %d, %v", arg, n, err)
		}
	}
	g("1", 1, nil)
	g("0", 0, resperr.NotPositive)
	g("x", 0, resperr.NotPositive)
}

func TestMemberDeadline(t *testing.T) {
	f := func(arg string, want int64, wantErr error) {
		t.Helper()
		if n, err := MemberDeadline([]byte(arg), 500); n != want || err != wantErr {
			t.Errorf("MemberDeadline(%q) = %d, %v", arg, n, err)
		}
	}
	f("1", 1500, nil)
	f("268435455", 268435455500, nil)
	f("268435456", 0, resperr.NotInteger)
	f("9223372036854775807", 0, resperr.NotInteger)
	f("0", 0, resperr.NotInteger)
	f("-1", 0, resperr.NotInteger)
	f("1.5", 0, resperr.NotInteger)
	f("x", 0, resperr.NotInteger)
}
