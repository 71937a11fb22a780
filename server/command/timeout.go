package command

import (
	"math"
	"time"

	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// Timeout parses how long a command waits at most, in seconds with a fraction; 0 is for ever. The end of the time must be
// one that can be said in ms, as nowMs is.
func Timeout(arg []byte, nowMs int64) (time.Duration, error) {
	seconds, ok := number.ParseLongDouble(arg)
	if !ok {
		return 0, resperr.TimeoutNotFloat
	}
	ms := math.Ceil(seconds.Float64() * 1000)
	switch {
	case ms >= math.MaxInt64: // what is not less does not fit: a float64 next to it is 2^63
		return 0, resperr.TimeoutRange
	case ms < 0:
		return 0, resperr.TimeoutNegative
	}
	return milliseconds(int64(ms), nowMs)
}

// TimeoutMs is Timeout for commands that are given ms.
func TimeoutMs(arg []byte, nowMs int64) (time.Duration, error) {
	ms, ok := number.ParseInt(arg)
	if !ok {
		return 0, resperr.TimeoutNotInteger
	}
	return milliseconds(ms, nowMs)
}

func milliseconds(ms, nowMs int64) (time.Duration, error) {
	const most = math.MaxInt64 / int64(time.Millisecond) // 292 years
	switch {
	case ms < 0:
		return 0, resperr.TimeoutNegative
	case ms > math.MaxInt64-nowMs:
		return 0, resperr.TimeoutRange
	}
	return time.Duration(min(ms, most)) * time.Millisecond, nil
}
