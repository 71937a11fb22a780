package rdbload

import (
	"bytes"

	"dragonfly/store/number"
	"dragonfly/store/types/listpack"
)

// maxFieldDeadline is what Redis can hold of a hash field's deadline: 48 bits.
const maxFieldDeadline = 1<<48 - 1

// What a listpack may have wrong beyond its own structure.
const (
	errDuplicate     corrupt = "duplicate member"
	errIncomplete    corrupt = "last member is incomplete"
	errScoreOrder    corrupt = "scores out of order"
	errDeadline      corrupt = "field deadline out of range"
	errDeadlineOrder corrupt = "field deadlines out of order"
)

// checkListpack verifies all that a collection of type typ takes for granted in
// its listpack, and returns the number of members.
func (l *loader) checkListpack(typ ValueType, packing Packing, lp []byte) (members int, err error) {
	if err := listpack.Validate(lp, true); err != nil {
		return 0, err
	}
	width := 1 // entries of a member
	switch {
	case packing == ListpackTTL:
		width = 3
	case typ == Hash || typ == Zset:
		width = 2
	}
	entries := listpack.Len(lp)
	if entries%width != 0 {
		return 0, errIncomplete
	}
	members = entries / width
	l.dup.reset(members)
	switch {
	case typ == Set:
		err = l.checkSet(lp)
	case typ == Zset:
		err = l.checkZset(lp)
	case packing == ListpackTTL:
		err = l.checkHashTTL(lp)
	case typ == Hash:
		err = l.checkHash(lp)
	}
	return members, err
}

// distinct verifies that the member at p has not come before, and returns the
// offset behind it.
func (l *loader) distinct(lp []byte, p int) (next int, err error) {
	s, n, isInt, next := listpack.GetNext(lp, p)
	if isInt {
		s = number.AppendInt(l.text[:0], n)
	}
	if !l.dup.add(lp, p, s) {
		return 0, errDuplicate
	}
	return next, nil
}

func (l *loader) checkSet(lp []byte) (err error) {
	for p := listpack.First(lp); p >= 0 && err == nil; {
		p, err = l.distinct(lp, p)
	}
	return err
}

func (l *loader) checkHash(lp []byte) error {
	for p := listpack.First(lp); p >= 0; {
		value, err := l.distinct(lp, p)
		if err != nil {
			return err
		}
		p = listpack.Next(lp, value)
	}
	return nil
}

// checkZset verifies that scores are numbers and that pairs ascend by score,
// then by member.
func (l *loader) checkZset(lp []byte) error {
	prev, prevScore := -1, 0.0
	for p := listpack.First(lp); p >= 0; {
		at, err := l.distinct(lp, p)
		if err != nil {
			return err
		}
		s, n, isInt, next := listpack.GetNext(lp, at)
		score := float64(n)
		if !isInt {
			if score, err = parseScore(s); err != nil {
				return err
			}
		}
		if prev >= 0 && score <= prevScore {
			a, b := listpack.GetText(lp, prev, &l.text), listpack.GetText(lp, p, &l.text2)
			if score < prevScore || bytes.Compare(a, b) > 0 {
				return errScoreOrder
			}
		}
		prev, prevScore, p = p, score, next
	}
	return nil
}

// checkHashTTL verifies that triples ascend by deadline, those without one last.
func (l *loader) checkHashTTL(lp []byte) error {
	prev, none := int64(0), false
	for p := listpack.First(lp); p >= 0; {
		value, err := l.distinct(lp, p)
		if err != nil {
			return err
		}
		_, ms, isInt, next := listpack.GetNext(lp, listpack.Next(lp, value))
		switch {
		case !isInt || ms < 0 || ms > maxFieldDeadline:
			return errDeadline
		case ms == 0:
			none = true
		case none || ms < prev:
			return errDeadlineOrder
		default:
			prev = ms
		}
		p = next
	}
	return nil
}

// dropExpiredFields returns a checked listpack of n triples without those whose
// deadline has passed, which are the first ones.
func (l *loader) dropExpiredFields(lp []byte, n int) ([]byte, int) {
	now := l.dropTime()
	if now == 0 {
		return lp, n
	}
	p, dropped := listpack.First(lp), 0
	for p >= 0 {
		_, ms, _, next := listpack.GetNext(lp, listpack.Next(lp, listpack.Next(lp, p)))
		if ms == 0 || ms > now {
			break
		}
		p = next
		dropped++
	}
	if dropped == 0 {
		return lp, n
	}
	l.packed = listpack.New(l.packed)
	for p >= 0 {
		s, i, isInt, next := listpack.GetNext(lp, p)
		if isInt {
			l.packed = listpack.AppendInt(l.packed, i)
		} else {
			l.packed = listpack.Append(l.packed, s)
		}
		p = next
	}
	return l.packed, n - dropped
}
