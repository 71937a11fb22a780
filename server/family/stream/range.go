package stream

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// parseRange parses the two bounds of a range of IDs, either of which may be exclusive.
func parseRange(startArg, endArg []byte) (start, end stream.ID, err error) {
	if start, err = parseStart(startArg); err != nil {
		return start, end, err
	}
	end, exclusive, ok := stream.ParseBound(endArg, math.MaxUint64)
	if !ok {
		return start, end, resperr.StreamIDInvalid
	}
	if exclusive {
		if end, ok = end.Prev(); !ok {
			return start, end, resperr.StreamRangeEnd
		}
	}
	return start, end, nil
}

func parseStart(arg []byte) (stream.ID, error) {
	start, exclusive, ok := stream.ParseBound(arg, 0)
	if !ok {
		return start, resperr.StreamIDInvalid
	}
	if exclusive {
		if start, ok = start.Next(); !ok {
			return start, resperr.StreamRangeStart
		}
	}
	return start, nil
}

// rangeArgs are the parsed arguments of XRANGE and XREVRANGE.
type rangeArgs struct {
	start, end stream.ID
	count      int64
	limited    bool
}

func parseXrange(args [][]byte, rev bool) (a rangeArgs, err error) {
	first, second := args[2], args[3]
	if rev {
		first, second = second, first
	}
	if a.start, a.end, err = parseRange(first, second); err != nil {
		return a, err
	}
	for rest := args[4:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) < 2 || !command.Is(rest[0], "count") {
			return a, resperr.Syntax
		}
		if a.count, err = command.Int(rest[1]); err != nil {
			return a, err
		}
		a.count, a.limited = max(a.count, 0), true
	}
	return a, nil
}

func xrange(c *command.Ctx) { answerRange(c, false) }

func xrevrange(c *command.Ctx) { answerRange(c, true) }

func answerRange(c *command.Ctx, rev bool) {
	a, err := parseXrange(c.Args, rev)
	if err != nil {
		c.Fail(err)
		return
	}
	s, found, ok := find(c, c.Args[1])
	switch {
	case !ok:
	case !found:
		c.Reply.Array(0)
	case a.limited && a.count == 0:
		c.Reply.NullArray() // as Redis does, unlike for an empty range
	case rev:
		it := s.RevRange(a.start, a.end)
		replyEntries(c.Reply, &it, a.count)
	default:
		it := s.Range(a.start, a.end)
		replyEntries(c.Reply, &it, a.count)
	}
}
