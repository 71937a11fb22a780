package str

import (
	"math"
	"time"

	"dragonfly/server/command"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// CL.THROTTLE is the generic cell rate algorithm, as the module redis-cell has it: a bucket that leaks one token every
// interval and holds limit of them. All its state is the time at which it will be empty, the theoretical arrival time,
// kept as text, in nanoseconds since 1970, in a string that expires then. Time stands still within a batch and has
// milliseconds, as everywhere here.

// rate is what the arguments of CL.THROTTLE say. Times are in nanoseconds.
type rate struct {
	limit    int64 // tokens that the bucket holds
	interval int64 // in which one token leaks
	quantity int64 // tokens to add now, 0 to look only
}

// parseRate parses max_burst count period [quantity]; tolerance and increment, which are products of them, do not
// overflow then.
func parseRate(args [][]byte) (r rate, err error) {
	n := [...]int64{3: 1}
	for i, arg := range args {
		if n[i], err = command.IntFrom(arg, 0, resperr.NotInteger); err != nil {
			return r, err
		}
	}
	burst, count, period, quantity := n[0], n[1], n[2], n[3]
	if count == 0 || burst == math.MaxInt64 || period > math.MaxInt64/int64(time.Second) {
		return r, resperr.NotInteger
	}
	r = rate{limit: burst + 1, interval: period * int64(time.Second) / count, quantity: quantity}
	switch {
	case r.interval == 0:
		return r, resperr.ZeroRate
	case r.limit > math.MaxInt64/r.interval || r.quantity > math.MaxInt64/r.interval:
		return r, resperr.NotInteger
	}
	return r, nil
}

// ruling is what becomes of a request.
type ruling struct {
	limited   bool
	arrival   int64 // the theoretical arrival time afterwards
	remaining int64 // tokens for which there is room
	retry     int64 // until the request would be allowed; negative if it is, or never can be
	reset     int64 // until the bucket is empty
}

// decide rules on a request at the time now, when the bucket would be empty at arrival.
func (r rate) decide(arrival, now int64) (d ruling, err error) {
	tolerance, increment := r.limit*r.interval, r.quantity*r.interval
	arrival = max(arrival, now)
	if arrival > math.MaxInt64-increment {
		return d, resperr.NotInteger
	}
	d = ruling{arrival: arrival + increment, retry: -1}
	if over := d.arrival - now - tolerance; over > 0 {
		d.limited, d.arrival = true, arrival
		if increment <= tolerance {
			d.retry = over
		}
	}
	d.reset = d.arrival - now
	d.remaining = max((tolerance-d.reset)/r.interval, 0)
	return d, nil
}

func throttle(c *command.Ctx) {
	if len(c.Args) > 6 {
		c.Fail(resperr.WrongArgs(c.Cmd.Name))
		return
	}
	r, err := parseRate(c.Args[2:])
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	cell, ok := c.DB.EditAs(key, object.String)
	if !ok {
		c.Fail(resperr.WrongType)
		return
	}
	now := c.DB.NowMs * int64(time.Millisecond)
	arrival := now
	if cell.Ok() {
		if arrival, ok = number.ParseInt(cell.View()); !ok {
			c.Fail(resperr.NotInteger)
			return
		}
	}
	d, err := r.decide(arrival, now)
	if err != nil {
		c.Fail(err)
		return
	}
	if !d.limited && r.quantity > 0 {
		var text [number.MaxIntLen]byte
		assign(c, key, number.AppendInt(text[:0], d.arrival), ceil(d.arrival, int64(time.Millisecond)))
	}
	c.Reply.Array(5)
	c.Reply.Flag(d.limited)
	c.Reply.Int(r.limit)
	c.Reply.Int(d.remaining)
	if d.retry < 0 {
		c.Reply.Int(-1)
	} else {
		c.Reply.Int(ceil(d.retry, int64(time.Second)))
	}
	c.Reply.Int(ceil(d.reset, int64(time.Second)))
}

// ceil returns a time that is not negative in units, a part of one counting as one.
func ceil(ns, unit int64) int64 {
	n := ns / unit
	if ns%unit > 0 {
		n++
	}
	return n
}
