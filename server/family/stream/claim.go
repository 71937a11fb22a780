package stream

import (
	"math"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// claimArgs are the parsed arguments of XCLAIM.
type claimArgs struct {
	minIdle     int64
	ids         [][]byte
	deliveredMs int64
	retryCount  int64 // -1 = one more than it was
	force       bool
	justID      bool
	lastID      stream.ID
}

func parseClaim(args [][]byte, nowMs int64) (a claimArgs, err error) {
	a.retryCount = -1
	if a.minIdle, err = command.IntFrom(args[4], math.MinInt64, resperr.StreamClaimMinIdle); err != nil {
		return a, err
	}
	a.minIdle = max(a.minIdle, 0)
	// IDs end where an argument is none.
	n := 5
	for n < len(args) {
		if _, ok := stream.ParseID(args[n], 0); !ok {
			break
		}
		n++
	}
	a.ids = args[5:n]
	if err := a.parseOptions(args[n:], nowMs); err != nil {
		return a, err
	}
	return a, nil
}

func (a *claimArgs) parseOptions(args [][]byte, nowMs int64) (err error) {
	const none = -1
	a.deliveredMs = none
	for ; len(args) > 0; args = args[1:] {
		opt, more := args[0], len(args) > 1
		switch {
		case command.Is(opt, "force"):
			a.force = true
			continue
		case command.Is(opt, "justid"):
			a.justID = true
			continue
		case more && command.Is(opt, "idle"):
			a.deliveredMs, err = command.IntFrom(args[1], math.MinInt64, resperr.StreamClaimIdle)
			a.deliveredMs = nowMs - a.deliveredMs
		case more && command.Is(opt, "time"):
			a.deliveredMs, err = command.IntFrom(args[1], math.MinInt64, resperr.StreamClaimTime)
		case more && command.Is(opt, "retrycount"):
			a.retryCount, err = command.IntFrom(args[1], math.MinInt64, resperr.StreamClaimRetry)
		case more && command.Is(opt, "lastid"):
			a.lastID, err = parseID(args[1])
		default:
			err = resperr.StreamClaimOption(opt)
		}
		if err != nil {
			return err
		}
		args = args[1:]
	}
	// Clients compute times with clocks of their own: one that makes no sense is taken for now.
	if a.deliveredMs < 0 || a.deliveredMs > nowMs {
		a.deliveredMs = nowMs
	}
	return nil
}

func xclaim(c *command.Ctx) {
	key := c.Args[1]
	s, g, ok := findGroup(c, key, c.Args[2])
	if !ok {
		return
	}
	a, err := parseClaim(c.Args, c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	announce(c, key)
	raised := g.RaiseLastID(a.lastID)
	consumer := obtain(c, key, g, c.Args[3])
	mark, n, changes := c.Reply.Defer(), 0, 0
	for _, arg := range a.ids {
		id, _ := stream.ParseID(arg, 0)
		switch a.claim(c, s, g, consumer, id) {
		case claimed:
			n++
			changes++
		case dropped:
			changes++
		}
	}
	c.Reply.CloseArray(mark, n)
	if raised {
		changes = max(changes, 1)
	}
	noted(c, changes)
}

// outcome is what became of an entry that was to be claimed.
type outcome uint8

const (
	refused outcome = iota // not pending, or not for long enough
	dropped                // not pending any more, since it was deleted
	claimed
)

// claim gives an entry to a consumer, and answers it if that is done.
func (a *claimArgs) claim(c *command.Ctx, s stream.Stream, g stream.Group, to stream.Consumer, id stream.ID) outcome {
	now := c.DB.NowMs
	p := g.Pending(id)
	switch {
	case !s.Exists(id):
		if g.Ack(id) {
			return dropped
		}
		return refused
	case p == nil && !a.force:
		return refused
	case p == nil:
		g.Force(to, id, now)
		p = g.Pending(id)
	case a.minIdle > 0 && now-p.DeliveredMs < a.minIdle:
		return refused
	}
	count := a.retryCount
	if count < 0 {
		count = nextCount(p, a.justID)
	}
	g.Claim(to, id, a.deliveredMs, now, count)
	replyClaimed(c, s, id, a.justID)
	return claimed
}

// nextCount is the delivery count of an entry that is claimed: only one whose fields are answered is delivered.
func nextCount(p *stream.Pending, justID bool) int64 {
	if justID {
		return int64(p.Count)
	}
	return int64(p.Count) + 1
}

func replyClaimed(c *command.Ctx, s stream.Stream, id stream.ID, justID bool) {
	if justID {
		replyID(c.Reply, id)
	} else {
		replyEntryOf(c.Reply, s, id)
	}
}

// autoclaimArgs are the parsed arguments of XAUTOCLAIM.
type autoclaimArgs struct {
	minIdle int64
	start   stream.ID
	count   int64 // entries claimed and dropped
	justID  bool
}

const (
	// attemptsFactor is how many pending entries XAUTOCLAIM looks at for each that it may claim.
	attemptsFactor = 10
	// maxAutoclaimCount is the largest COUNT of XAUTOCLAIM, that of Redis, which reserves 16 bytes for each.
	maxAutoclaimCount = math.MaxInt64 / 16
)

func parseAutoclaim(args [][]byte) (a autoclaimArgs, err error) {
	a.count = 100
	if a.minIdle, err = command.IntFrom(args[4], math.MinInt64, resperr.StreamAutoclaimIdle); err != nil {
		return a, err
	}
	a.minIdle = max(a.minIdle, 0)
	if a.start, err = parseStart(args[5]); err != nil {
		return a, err
	}
	for rest := args[6:]; len(rest) > 0; rest = rest[1:] {
		switch {
		case len(rest) > 1 && command.Is(rest[0], "count"):
			rest = rest[1:]
			n, ok := number.ParseInt(rest[0])
			if !ok || n < 1 || n > maxAutoclaimCount {
				return a, resperr.StreamAutoclaimCount
			}
			a.count = n
		case command.Is(rest[0], "justid"):
			a.justID = true
		default:
			return a, resperr.Syntax
		}
	}
	return a, nil
}

func xautoclaim(c *command.Ctx) {
	a, err := parseAutoclaim(c.Args)
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	s, g, ok := findGroup(c, key, c.Args[2])
	if !ok {
		return
	}
	announce(c, key)
	a.run(c, s, g, obtain(c, key, g, c.Args[3]))
}

// run claims entries and answers where to go on, those claimed, and the IDs of those that were deleted.
func (a *autoclaimArgs) run(c *command.Ctx, s stream.Stream, g stream.Group, to stream.Consumer) {
	now, w := c.DB.NowMs, c.Reply
	var gone []stream.ID
	w.Array(3)
	mark, n := w.Defer(), 0
	it := g.PendingFrom(a.start)
	p := it.Next()
	for attempts := a.count * attemptsFactor; attempts > 0 && int64(n+len(gone)) < a.count && p != nil; attempts-- {
		switch id := p.ID; {
		case !s.Exists(id):
			g.Ack(id)
			gone = append(gone, id)
			it = g.PendingFrom(id)
		case now-p.DeliveredMs >= a.minIdle || a.minIdle == 0:
			g.Claim(to, id, now, now, nextCount(p, a.justID))
			replyClaimed(c, s, id, a.justID)
			n++
		}
		p = it.Next()
	}
	w.CloseArray(mark, n)
	next := stream.ID{}
	if p != nil {
		next = p.ID
	}
	insertID(w, mark, next)
	w.Array(len(gone))
	for _, id := range gone {
		replyID(w, id)
	}
	noted(c, n+len(gone))
}

// insertID answers an ID at a mark, before what was answered since.
func insertID(w *reply.Writer, mark reply.Mark, id stream.ID) {
	var scratch [64]byte
	end := len(w.Buf)
	replyID(w, id)
	text := append(scratch[:0], w.Buf[end:]...)
	copy(w.Buf[int(mark)+len(text):], w.Buf[mark:end])
	copy(w.Buf[mark:], text)
}
