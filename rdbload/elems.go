package rdbload

import (
	"strconv"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/number"
	"dragonfly/store/types/listpack"
)

// form is the layout of the elements of a value.
type form uint8

const (
	formPlainList          form = iota // string
	formZiplistNodes                   // string ziplist
	formListpackNodes                  // len container, string
	formMembers                        // string
	formMembersTextTTL                 // string member, string ttl
	formTextScores                     // string member, text double
	formScores                         // string member, binary double
	formFields                         // string field, string value
	formFieldsTextTTL                  // string field, string value, string ttl
	formFieldsDeadlineLast             // string field, string value, i64 deadline or -1
	formDeadlineFirst                  // len deadline or 0, string field, string value
	formRelativeDeadline               // len ttl or 0, string field, string value; deadline = base + ttl - 1
	formTemplate                       // string value
	formStream
)

// begin reads the number of elements of an element-wise value.
func (l *loader) begin(typ ValueType, f form) (outcome, error) {
	n, err := l.in.length()
	if err != nil || n == 0 {
		return empty, err
	}
	l.startElems(typ, f, n)
	return present, nil
}

// startElems makes the record an element-wise value.
func (l *loader) startElems(typ ValueType, f form, n uint64) {
	l.elems = Elems{l: l, form: f, left: n, nowMs: l.dropTime()}
	l.rec.Type, l.rec.Packing, l.rec.Len, l.rec.Elems = typ, Elementwise, n, &l.elems
}

// beginNodes starts a list that is stored in nodes. It reads ahead to the first
// node that is not empty: without one the list is empty, and if it is a listpack
// and the last the list is packed.
func (l *loader) beginNodes(f form) (outcome, error) {
	got, err := l.begin(List, f)
	if err != nil || got == empty {
		return got, err
	}
	e := &l.elems
	if !e.Next() {
		l.rec.Elems = nil
		return empty, e.err
	}
	if e.left == 0 && e.Elem.Kind == ElemListNode {
		l.rec.Elems = nil
		l.rec.Packing, l.rec.Bytes = Listpack, e.Elem.Data
		l.rec.Len = uint64(listpack.Len(e.Elem.Data))
		return present, nil
	}
	e.ready = true
	return present, nil
}

// beginTimed starts a collection whose members may have deadlines. Where these
// count it reads ahead to the first member that is left: without one the whole
// key has expired.
func (l *loader) beginTimed(typ ValueType, f form, baseMs int64) (outcome, error) {
	got, err := l.begin(typ, f)
	if err != nil || got == empty {
		return got, err
	}
	e := &l.elems
	e.baseMs = baseMs
	if e.nowMs == 0 {
		return present, nil
	}
	if !e.Next() {
		l.rec.Elems = nil
		return expired, e.err
	}
	e.ready = true
	return present, nil
}

// step reads the next element into Elem. It returns false at the end.
func (e *Elems) step() (bool, error) {
	if e.form == formStream {
		return e.stepStream()
	}
	for e.left > 0 {
		e.left--
		ok, err := e.read()
		if err != nil || ok && !e.expired() {
			return ok, err
		}
	}
	return false, nil
}

// expired reports whether Elem is to be dropped for its deadline.
func (e *Elems) expired() bool {
	return e.Elem.DeadlineMs != 0 && e.nowMs != 0 && e.Elem.DeadlineMs <= e.nowMs
}

// read reads one announced element. It returns false for an empty node.
func (e *Elems) read() (bool, error) {
	switch e.form {
	case formPlainList:
		return e.readString(ElemListPlain)
	case formMembers:
		return e.readString(ElemMember)
	case formZiplistNodes:
		return e.readZiplistNode()
	case formListpackNodes:
		return e.readListpackNode()
	case formTextScores, formScores:
		return e.readScored()
	case formMembersTextTTL:
		return e.readMemberTTL()
	case formTemplate:
		e.Elem.Kind, e.Elem.Data = ElemField, e.fields.fields[e.at]
		e.at++
		return e.value()
	case formDeadlineFirst, formRelativeDeadline:
		return e.readDeadlineField()
	default:
		return e.readField()
	}
}

func (e *Elems) readString(kind ElemKind) (_ bool, err error) {
	e.Elem.Kind = kind
	e.Elem.Data, err = e.l.string()
	return true, err
}

func (e *Elems) readZiplistNode() (bool, error) {
	blob, err := e.l.string()
	if err != nil {
		return false, err
	}
	lp, err := e.l.ziplistToListpack(blob)
	if err != nil {
		return false, err
	}
	e.Elem.Kind, e.Elem.Data = ElemListNode, lp
	return listpack.First(lp) >= 0, nil
}

func (e *Elems) readListpackNode() (bool, error) {
	container, err := e.l.in.length()
	if err != nil {
		return false, err
	}
	blob, err := e.l.string()
	if err != nil {
		return false, err
	}
	e.Elem.Data = blob
	switch container {
	case rdbfmt.ContainerPlain:
		if len(blob) == 0 {
			return false, corrupt("empty list node")
		}
		e.Elem.Kind = ElemListPlain
		return true, nil
	case rdbfmt.ContainerPacked:
		e.Elem.Kind = ElemListNode
		if err := listpack.Validate(blob, true); err != nil {
			return false, err
		}
		return listpack.First(blob) >= 0, nil
	}
	return false, corrupt("unknown list container " + strconv.FormatUint(container, 10))
}

func (e *Elems) readScored() (_ bool, err error) {
	e.Elem.Kind = ElemScored
	if e.Elem.Data, err = e.l.stringInto(&e.l.member); err != nil {
		return false, err
	}
	if e.form == formScores {
		e.Elem.Score, err = e.l.binaryDouble()
	} else {
		e.Elem.Score, err = e.l.textDouble()
	}
	return true, err
}

// readField reads field, value and the deadline behind them, if there is one.
func (e *Elems) readField() (_ bool, err error) {
	e.Elem.Kind = ElemField
	if e.Elem.Data, err = e.l.stringInto(&e.l.member); err != nil {
		return false, err
	}
	if e.form == formFields {
		return e.value()
	}
	if e.Elem.Value, err = e.l.stringInto(&e.l.second); err != nil {
		return false, err
	}
	if e.form == formFieldsTextTTL {
		return true, e.textTTL()
	}
	ms, err := e.l.in.int64()
	if err != nil {
		return false, err
	}
	if ms == -1 {
		ms = 0
	}
	return true, e.setDeadline(uint64(ms))
}

func (e *Elems) readDeadlineField() (_ bool, err error) {
	ms, err := e.l.in.length()
	if err != nil {
		return false, err
	}
	if e.form == formRelativeDeadline && ms > 0 {
		if e.baseMs < 0 || ms > maxFieldDeadline {
			return false, errDeadline
		}
		ms += uint64(e.baseMs) - 1
	}
	if err := e.setDeadline(ms); err != nil {
		return false, err
	}
	e.Elem.Kind = ElemField
	if e.Elem.Data, err = e.l.stringInto(&e.l.member); err != nil {
		return false, err
	}
	return e.value()
}

func (e *Elems) readMemberTTL() (_ bool, err error) {
	e.Elem.Kind = ElemMember
	if e.Elem.Data, err = e.l.stringInto(&e.l.member); err != nil {
		return false, err
	}
	return true, e.textTTL()
}

func (e *Elems) value() (_ bool, err error) {
	e.Elem.Value, err = e.l.string()
	return true, err
}

func (e *Elems) setDeadline(ms uint64) error {
	if ms > maxFieldDeadline {
		return errDeadline
	}
	e.Elem.DeadlineMs = int64(ms)
	return nil
}

// textTTL reads Dragonfly's deadline of a member: the text of seconds since its
// own epoch, or of -1 for none.
func (e *Elems) textTTL() error {
	s, err := e.l.string()
	if err != nil {
		return err
	}
	sec, ok := number.ParseInt(s)
	switch {
	case !ok || sec < -1 || sec > maxFieldDeadline/1000:
		return errDeadline
	case sec == -1:
		e.Elem.DeadlineMs = 0
		return nil
	}
	return e.setDeadline(uint64(sec+rdbfmt.DFTTLEpochSec) * 1000)
}
