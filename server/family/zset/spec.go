package zset

import (
	"bytes"
	"errors"
	"strconv"

	"dragonfly/server/command"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/zset"
)

// rangeKind is what the bounds of a range are.
type rangeKind uint8

const (
	byRank rangeKind = iota
	byScore
	byLex
)

// rangeSpec is a range of one kind.
type rangeSpec struct {
	kind        rangeKind
	start, stop int64 // byRank, as given
	score       zset.ScoreRange
	lex         zset.LexRange
}

// parse parses the bounds; min is the lower one.
func (r *rangeSpec) parse(min, max []byte) (err error) {
	switch r.kind {
	case byScore:
		r.score, err = parseScoreRange(min, max)
	case byLex:
		r.lex, err = parseLexRange(min, max)
	default:
		if r.start, err = command.Int(min); err == nil {
			r.stop, err = command.Int(max)
		}
	}
	return err
}

// ranks returns the ranks from ≤ rank < to of what is in the range. For a
// range by rank they count from the end that the command counts from.
func (r *rangeSpec) ranks(cell object.Cell) (from, to int) {
	switch r.kind {
	case byScore:
		return zset.RanksByScore(cell, &r.score)
	case byLex:
		return zset.RanksByLex(cell, &r.lex)
	}
	n := int64(zset.Len(cell))
	start, stop := r.start, r.stop
	if start < 0 {
		start = max(start+n, 0)
	}
	if stop < 0 {
		stop += n
	}
	stop = min(stop, n-1)
	if start > stop {
		return 0, 0
	}
	return int(start), int(stop) + 1
}

func parseScoreRange(min, max []byte) (r zset.ScoreRange, err error) {
	var ok1, ok2 bool
	r.Min, r.MinEx, ok1 = parseScoreBound(min)
	r.Max, r.MaxEx, ok2 = parseScoreBound(max)
	if !ok1 || !ok2 {
		return r, resperr.MinMaxNotFloat
	}
	return r, nil
}

func parseScoreBound(arg []byte) (f float64, ex, ok bool) {
	if len(arg) > 0 && arg[0] == '(' {
		ex, arg = true, arg[1:]
	}
	if f, ok = number.ParseFloat(arg); !ok {
		f, ok = parseLoose(arg)
	}
	return f, ex, ok
}

// parseLoose parses what Redis takes as a bound but not as a score: nothing,
// which is 0, space before the number, and numbers too large or too small.
func parseLoose(arg []byte) (f float64, ok bool) {
	if len(arg) == 0 {
		return 0, true
	}
	arg = bytes.TrimLeft(arg, " \t\n\v\f\r")
	if f, ok = number.ParseFloat(arg); ok {
		return f, true
	}
	if len(arg) == 0 || bytes.ContainsAny(arg, "_nN") {
		return 0, false // Go would take digit separators and NaN
	}
	f, err := strconv.ParseFloat(string(arg), 64)
	return f, err == nil || errors.Is(err, strconv.ErrRange)
}

func parseLexRange(min, max []byte) (r zset.LexRange, err error) {
	var ok1, ok2 bool
	r.Min, ok1 = parseLexBound(min)
	r.Max, ok2 = parseLexBound(max)
	if !ok1 || !ok2 {
		return r, resperr.MinMaxNotString
	}
	return r, nil
}

func parseLexBound(arg []byte) (b zset.LexBound, ok bool) {
	if len(arg) == 0 {
		return b, false
	}
	switch arg[0] {
	case '-':
		b.Inf = -1
	case '+':
		b.Inf = 1
	case '(':
		b.Ex = true
		fallthrough
	case '[':
		b.Text = arg[1:]
		return b, true
	}
	return b, b.Inf != 0 && len(arg) == 1
}
