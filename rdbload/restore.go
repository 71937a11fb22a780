package rdbload

import "dragonfly/persistence/rdbfmt"

// LoadValue reads a DUMP payload and hands its value to sink as one record
// without a key. A footer that does not hold is an rdbfmt.FooterError, anything
// else an *Error. A collection without members is refused here: the client is
// there to be told. Put is called before the end
// of the payload has been looked at: what it builds counts only if LoadValue
// returns nil.
func LoadValue(payload []byte, sink ValueSink) error {
	body, version, err := rdbfmt.CheckFooter(payload)
	if err != nil {
		return err
	}
	l := &loader{job: &job{put: sink, dump: true}}
	l.in = window{buf: body, w: len(body), noSum: true}
	l.sum.Version = version
	l.flavor = rdbfmt.FlavorOf(false, version)
	l.resetRecord()
	return l.fail(l.payload())
}

// payload reads type and value, which must be all there is.
func (l *loader) payload() error {
	t, err := l.in.next()
	if err != nil {
		return err
	}
	l.typ, l.inRecord = t, true
	got, err := l.value(t)
	if err != nil {
		return err
	}
	if got == empty {
		return ErrEmpty
	}
	if err := l.finish(l.put); err != nil {
		return err
	}
	if l.in.r != l.in.w {
		return corrupt("bytes follow the value")
	}
	return nil
}
