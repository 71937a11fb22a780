package cron

import (
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	from := time.Date(2026, 3, 4, 5, 6, 7, 8, time.Local) // a Wednesday
	f := func(expr string, want time.Time) {
		t.Helper()
		s, err := Parse(expr)
		if err != nil {
			t.Fatalf("%q: %v", expr, err)
		}
		if got, ok := s.Next(from); !ok || !got.Equal(want) {
			t.Errorf("%q: %v %v, want %v", expr, got, ok, want)
		}
	}
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, time.Local)
	}
	f("* * * * *", at(3, 4, 5, 7))
	f("*/5 * * * *", at(3, 4, 5, 10))
	f("6 5 4 3 *", at(3, 4, 5, 6).AddDate(1, 0, 0))
	f("0 12 * * MON-FRI", at(3, 4, 12, 0))
	f("0 12 * * mon", at(3, 9, 12, 0))
	f("0 0 1 jan *", at(1, 1, 0, 0).AddDate(1, 0, 0))
	f("30 2 29 2 *", time.Date(2028, 2, 29, 2, 30, 0, 0, time.Local))
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"* * * *", "* * * * * *", "61 * * * *", "a b c d e", "@daily", "*/x * * * *", `"* * * * *"`} {
		if s, err := Parse(bad); err == nil {
			t.Errorf("%q was taken for %q", bad, s)
		}
	}
	s, err := Parse("  */5   *  * * mon-fri ")
	if err != nil || s.String() != "*/5 * * * MON-FRI" {
		t.Errorf("%q, %v", s, err)
	}
	if s, err := Parse(" "); err != nil || s != (Schedule{}) {
		t.Errorf("the empty expression: %v, %v", s, err)
	}
	if _, ok := (Schedule{}).Next(time.Now()); ok {
		t.Error("the empty schedule has a time")
	}
}
