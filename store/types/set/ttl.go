package set

import (
	"encoding/binary"
	"math"
	"unsafe"

	"dragonfly/store/arena"
	"dragonfly/store/dash"
	"dragonfly/store/object"
)

const (
	deadlineBytes = 8
	timingBytes   = 16
)

// timing is what the value of a set has behind its Ref while some member has a deadline.
type timing struct {
	timed int64 // members with a deadline
	// No member expires before; MaxInt64 if timed is 0. Removing members leaves it too low.
	minDeadline int64
}

func timingOf(c object.Cell) timing {
	if !c.HasFieldTTL() {
		return timing{0, math.MaxInt64}
	}
	b := c.View()[refBytes:]
	return timing{int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))}
}

// setTiming stores x, and the mark of the entry. The entry may move when the set gets its first member with a
// deadline, or loses its last.
func setTiming(c object.Cell, x timing) {
	if x.timed == 0 {
		if c.HasFieldTTL() {
			c.SetHasFieldTTL(false)
			c.Resize(refBytes)
		}
		return
	}
	b := c.View()
	if !c.HasFieldTTL() {
		c.SetHasFieldTTL(true)
		b = c.Resize(refBytes + timingBytes)
	}
	binary.LittleEndian.PutUint64(b[refBytes:], uint64(x.timed))
	binary.LittleEndian.PutUint64(b[refBytes+8:], uint64(x.minDeadline))
}

// countTimed changes the number of members with a deadline by n.
func countTimed(c object.Cell, n int64) {
	x := timingOf(c)
	x.timed += n
	setTiming(c, x)
}

// noteDeadline lowers the bounds for the member at p, which now expires at deadline, and changes the number of members
// with a deadline by n.
func noteDeadline(c object.Cell, p dash.Pos, deadline, n int64) {
	p.NoteDeadline(deadline)
	x := timingOf(c)
	x.timed += n
	x.minDeadline = min(x.minDeadline, deadline)
	setTiming(c, x)
}

// newTimed allocates the block of a member with a deadline.
func newTimed(a *arena.Arena, m []byte, deadline int64) arena.Ref {
	var head [maxHead + deadlineBytes]byte
	w := binary.PutUvarint(head[:], uint64(len(m)))
	head[w-1] |= 0x80 // one byte more than it need be
	w++
	binary.LittleEndian.PutUint64(head[w:], uint64(deadline))
	w += deadlineBytes
	r := a.Alloc(w + len(m))
	b := a.Bytes(r, w+len(m))
	copy(b, head[:w])
	copy(b[w:], m)
	return r
}

// readMember returns the member in the block at r and its deadline, 0 if it has none.
func readMember(a *arena.Arena, r arena.Ref) (m []byte, deadline int64) {
	p := a.Ptr(r)
	if n := *(*byte)(p); n < 0x80 {
		return unsafe.Slice((*byte)(unsafe.Add(p, 1)), n), 0
	}
	n, at, timed := readHead(p)
	if timed {
		deadline = int64(binary.LittleEndian.Uint64(unsafe.Slice((*byte)(unsafe.Add(p, at-deadlineBytes)), deadlineBytes)))
	}
	return unsafe.Slice((*byte)(unsafe.Add(p, at)), n), deadline
}

// deadlineOf returns the deadline of the member in the block at r, 0 if it has none.
func deadlineOf(a *arena.Arena, r arena.Ref) int64 {
	_, deadline := readMember(a, r)
	return deadline
}

// Timed returns how many members have a deadline.
func Timed(c object.Cell) int { return int(timingOf(c).timed) }

// MinDeadline returns a time before which no member expires, MaxInt64 if none has a deadline.
func MinDeadline(c object.Cell) int64 { return timingOf(c).minDeadline }

// Deadline returns the deadline of a member, 0 if it has none; ok is false if m is no member.
func Deadline(c object.Cell, m []byte) (ms int64, ok bool) {
	if c.Encoding() != object.Hashtable {
		return 0, Contains(c, m)
	}
	t := rootOf(c).table(c.A)
	p := t.Find(dash.Hash(m), m)
	if !p.Ok() {
		return 0, false
	}
	return deadlineOf(c.A, *p.Slot()), true
}

// SetDeadline gives a member a deadline in ms, 0 removes it. It returns false if m is no member.
func SetDeadline(c object.Cell, m []byte, deadlineMs int64) bool {
	if c.Encoding() != object.Hashtable {
		if there := Contains(c, m); !there || deadlineMs == 0 {
			return there
		}
		toTable(c)
	}
	t := rootOf(c).table(c.A)
	p := t.Find(dash.Hash(m), m)
	if !p.Ok() {
		return false
	}
	putDeadline(c, p, deadlineMs)
	return true
}

// AddUntil adds m with a deadline in ms, which is not 0, and reports whether it was no member before. One that was gets the deadline,
// unless keepTTL is set.
func AddUntil(c object.Cell, m []byte, deadlineMs int64, keepTTL bool) (added bool) {
	if c.Encoding() != object.Hashtable {
		if keepTTL && Contains(c, m) {
			return false
		}
		toTable(c)
	}
	rt := rootOf(c)
	t := rt.table(c.A)
	h := dash.Hash(m)
	if p := t.Find(h, m); p.Ok() {
		if !keepTTL {
			putDeadline(c, p, deadlineMs)
		}
		return false
	}
	noteDeadline(c, rt.insertBlock(&t, h, newTimed(c.A, m, deadlineMs)), deadlineMs, 1)
	return true
}

// putDeadline changes the deadline of the member at p; 0 removes it.
func putDeadline(c object.Cell, p dash.Pos, deadline int64) {
	slot := p.Slot()
	m, old := readMember(c.A, *slot)
	switch {
	case old == deadline:
	case old != 0 && deadline != 0:
		at := unsafe.Add(unsafe.Pointer(unsafe.SliceData(m)), -deadlineBytes)
		binary.LittleEndian.PutUint64(unsafe.Slice((*byte)(at), deadlineBytes), uint64(deadline))
		noteDeadline(c, p, deadline, 0)
	case deadline != 0:
		rewrite(c, slot, newTimed(c.A, m, deadline))
		noteDeadline(c, p, deadline, 1)
	default:
		rewrite(c, slot, newMember(c.A, m))
		countTimed(c, -1)
	}
}

// rewrite replaces the block of a member by the one at r.
func rewrite(c object.Cell, slot *arena.Ref, r arena.Ref) {
	old := *slot
	rootOf(c).bytes += int64(c.A.Size(r)) - int64(c.A.Size(old))
	*slot = r
	c.A.Free(old)
}

// ExpireMembers removes up to limit members that have expired at the time now, and tells whether there may be more. It
// calls fn for each before it goes; fn must not touch the set.
func ExpireMembers(c object.Cell, now int64, limit int, fn func(member []byte)) (more bool) {
	x := timingOf(c)
	if x.minDeadline > now {
		return false
	}
	rt := rootOf(c)
	t := rt.table(c.A)
	n, more, least := t.Expire(now, limit, func(r arena.Ref) int64 { return deadlineOf(c.A, r) }, func(r arena.Ref) {
		m := memberOf(c.A, r)
		fn(m)
		rt.take(&t, t.Find(dash.Hash(m), m))
	})
	x.timed -= int64(n)
	if !more {
		x.minDeadline = least
	}
	setTiming(c, x)
	return more
}
