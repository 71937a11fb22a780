// Package cron is the schedule of automatic snapshots: five fields (minute, hour, day of the month, month, day of the
// week) as cron has them, in local time, at second 0.
package cron

import (
	"errors"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Schedule is a parsed expression. The zero Schedule has no times.
type Schedule struct{ expr string }

// Errors of Parse.
var (
	//lint:ignore ST1005 Dragonfly spells it so
	ErrQuoted = errors.New("Could it be that you put quotes in the flagfile?")
	ErrSyntax = errors.New("not a cron expression of five fields")
)

// fields is the number of fields of an expression.
const fields = 5

// Parse reads an expression. The empty one is good: it has no times.
func Parse(text string) (Schedule, error) {
	if strings.HasPrefix(text, `"`) {
		return Schedule{}, ErrQuoted
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return Schedule{}, nil
	}
	expr := strings.ToUpper(strings.Join(words, " "))
	if len(words) != fields || !gronx.IsValid(expr) {
		return Schedule{}, ErrSyntax
	}
	return Schedule{expr}, nil
}

// String returns the expression in its normal form.
func (s Schedule) String() string { return s.expr }

// Next returns the first time after t; ok is false if there is none.
func (s Schedule) Next(t time.Time) (next time.Time, ok bool) {
	if s.expr == "" {
		return time.Time{}, false
	}
	next, err := gronx.NextTickAfter(s.expr, t, false)
	return next, err == nil && next.After(t)
}
