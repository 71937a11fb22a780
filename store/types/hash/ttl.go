package hash

import (
	"encoding/binary"
	"math"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Cond is a condition on the present deadline of a field. To GT and LT no deadline counts as infinite.
type Cond uint8

// The conditions of HEXPIRE.
const (
	Always Cond = iota
	NX          // has none
	XX          // has one
	GT          // the new one is later
	LT          // the new one is earlier
)

// holds tells whether a deadline old (0 = none) may become deadline.
func (cond Cond) holds(old, deadline int64) bool {
	switch cond {
	case NX:
		return old == 0
	case XX:
		return old != 0
	case GT:
		return old != 0 && deadline > old
	case LT:
		return old == 0 || deadline < old
	default:
		return true
	}
}

// Result says what became of a request about the deadline of one field. The numbers are those clients see.
type Result int

// The results of SetDeadline and Persist.
const (
	NoField Result = -2 // there is no such field
	NoTTL   Result = -1 // the field has no deadline to remove
	Unmet   Result = 0  // the condition does not hold
	Done    Result = 1
	Deleted Result = 2 // the deadline had passed: the field is gone
)

// AllowTTL prepares the hash for deadlines: a listpack becomes a listpackex, as in Redis, even if then no field
// gets one.
func AllowTTL(c object.Cell) {
	if c.Encoding() == object.Listpack {
		toTriples(c)
	}
}

// SetDeadline gives a field a deadline in ms if the condition holds. A deadline that now has reached removes the
// field. AllowTTL must have been called.
func SetDeadline(c object.Cell, field []byte, deadline, now int64, cond Cond) Result {
	old, ok := Deadline(c, field, now)
	switch {
	case !ok:
		return NoField
	case !cond.holds(old, deadline):
		return Unmet
	case deadline <= now:
		Remove(c, field)
		return Deleted
	}
	putDeadline(c, field, deadline)
	return Done
}

// Persist removes the deadline of a field.
func Persist(c object.Cell, field []byte, now int64) Result {
	old, ok := Deadline(c, field, now)
	switch {
	case !ok:
		return NoField
	case old == 0:
		return NoTTL
	}
	putDeadline(c, field, 0)
	return Done
}

// putDeadline changes the deadline of a field that is there; 0 removes it.
func putDeadline(c object.Cell, field []byte, deadline int64) {
	if c.Encoding() == object.ListpackEx {
		b := c.View()
		moveTriple(c, listpack.Find(b, listpack.First(b), field, 2), field, deadline)
		noteTimed(c)
		return
	}
	rt := rootOf(c)
	t := rt.table(c.A)
	p := t.Find(dash.Hash(field), field)
	f := view(c.A, *p.Slot())
	if f.timed && deadline != 0 {
		binary.LittleEndian.PutUint64(f.deadlineBytes(), uint64(deadline))
	} else {
		rt.rewrite(c.A, p.Slot(), f.value(), deadline)
	}
	if deadline != 0 {
		rt.note(p, deadline)
	}
	c.SetHasFieldTTL(rt.timed > 0)
}

// Deadline returns the deadline of a field, 0 if it has none; ok is false if there is no such field at the
// time now.
func Deadline(c object.Cell, field []byte, now int64) (deadline int64, ok bool) {
	switch c.Encoding() {
	case object.Listpack:
		b := c.View()
		return 0, listpack.Find(b, listpack.First(b), field, 1) >= 0
	case object.ListpackEx:
		b := c.View()
		p := listpack.Find(b, listpack.First(b), field, 2)
		if p < 0 {
			return 0, false
		}
		deadline = deadlineAt(b, listpack.Next(b, listpack.Next(b, p)))
	default:
		t := rootOf(c).table(c.A)
		p := t.Find(dash.Hash(field), field)
		if !p.Ok() {
			return 0, false
		}
		f := view(c.A, *p.Slot())
		deadline = f.deadline()
	}
	if expired(deadline, now) {
		return 0, false
	}
	return deadline, true
}

// MinDeadline returns a time before which no field expires, MaxInt64 if no field has a deadline.
func MinDeadline(c object.Cell) int64 {
	switch c.Encoding() {
	case object.Listpack:
		return math.MaxInt64
	case object.ListpackEx:
		return minTriple(c.View())
	default:
		return rootOf(c).minDeadline
	}
}

// Timed returns how many fields have a deadline.
func Timed(c object.Cell) int {
	switch c.Encoding() {
	case object.Listpack:
		return 0
	case object.ListpackEx:
		b := c.View()
		return countTriples(b, math.MaxInt64-1, math.MaxInt)
	default:
		return int(rootOf(c).timed)
	}
}

// Expired returns how many fields have expired at the time now and are still there.
func Expired(c object.Cell, now int64) int {
	if MinDeadline(c) > now {
		return 0
	}
	if c.Encoding() == object.ListpackEx {
		return countTriples(c.View(), now, math.MaxInt)
	}
	n := 0
	t := rootOf(c).table(c.A)
	eachSegment(&t, func(s dash.Segment) {
		if s.MinDeadline() > now {
			return
		}
		t.EachBucket(s, func(b *dash.Bucket) {
			b.Each(func(slot *arena.Ref) {
				if f := view(c.A, *slot); expired(f.deadline(), now) {
					n++
				}
			})
		})
	})
	return n
}

// HasExpired tells whether a field has expired at the time now and is still there.
func HasExpired(c object.Cell, field []byte, now int64) bool {
	if !c.HasFieldTTL() {
		return false
	}
	deadline, ok := Deadline(c, field, 0)
	return ok && expired(deadline, now)
}

// ExpireFields removes up to limit fields that have expired at the time now, and tells whether there may be more. It
// calls fn for the name of each before it goes; fn must not touch the hash.
func ExpireFields(c object.Cell, now int64, limit int, fn func(field []byte)) (more bool) {
	if MinDeadline(c) > now {
		return false
	}
	if c.Encoding() == object.ListpackEx {
		return expireTriples(c, now, limit, fn)
	}
	rt := rootOf(c)
	t := rt.table(c.A)
	_, more, least := t.Expire(now, limit, func(r arena.Ref) int64 {
		f := view(c.A, r)
		return f.deadline()
	}, func(r arena.Ref) {
		field := fieldOf(c.A, r)
		fn(field)
		rt.take(&t, t.Find(dash.Hash(field), field))
	})
	if !more {
		rt.minDeadline = least
	}
	c.SetHasFieldTTL(rt.timed > 0)
	return more
}

// eachSegment calls fn for all segments of the table.
func eachSegment(t *dash.Table, fn func(s dash.Segment)) {
	for pos := uint64(0); ; {
		s, next, ok := t.SegmentAt(pos)
		if !ok {
			return
		}
		fn(s)
		pos = next
	}
}

// countTriples counts the fields of a listpackex that have expired at the time now, up to limit.
func countTriples(b []byte, now int64, limit int) (n int) {
	for p := listpack.First(b); p >= 0 && n < limit; n++ {
		d := listpack.Next(b, listpack.Next(b, p))
		if !expired(deadlineAt(b, d), now) {
			break
		}
		p = listpack.Next(b, d)
	}
	return n
}

// expireTriples is ExpireFields for a listpackex: what expires first stands first.
func expireTriples(c object.Cell, now int64, limit int, fn func(field []byte)) (more bool) {
	n := countTriples(c.View(), now, limit)
	it := NewIter(c, 0)
	for range n {
		field, _, _ := it.Next()
		fn(field)
	}
	b := c.Value()
	b = listpack.DeleteRange(b, listpack.First(b), 3*n)
	c.Resize(len(b))
	noteTimed(c)
	return minTriple(c.View()) <= now
}
