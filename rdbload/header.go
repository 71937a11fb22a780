package rdbload

import (
	"io"

	"dragonfly/persistence/rdbfmt"
)

// Header is what a file says of itself before its data.
type Header struct {
	Version  int  // 0 for an empty file
	Valkey   bool // the VALKEY magic
	Aux      [][2]string
	Producer string // as in Error
}

// Get returns the value of the first metadata field of a name, empty if there is none.
func (h Header) Get(name string) string {
	for _, a := range h.Aux {
		if a[0] == name {
			return a[1]
		}
	}
	return ""
}

// ReadHeader reads the magic of a file and the metadata fields behind it, up to
// the first thing that is none.
func ReadHeader(r io.Reader) (Header, error) {
	var h Header
	l := newLoader(r, Options{SkipChecksum: true}, &headerSink{h: &h})
	err := l.header()
	h.Version, h.Valkey, h.Producer = l.sum.Version, l.sum.Valkey, l.producer()
	return h, l.fail(err)
}

// header reads as much as a Header holds.
func (l *loader) header() error {
	err := l.magic()
	for err == nil && l.sum.Version != 0 {
		var c byte
		if c, err = l.in.next(); err != nil || c != rdbfmt.OpAux {
			break
		}
		err = l.opcode(c)
	}
	return err
}

// headerSink takes metadata fields; nothing else is read.
type headerSink struct {
	Sink
	h *Header
}

// Aux keeps a field.
func (s *headerSink) Aux(name, value []byte) error {
	s.h.Aux = append(s.h.Aux, [2]string{string(name), string(value)})
	return nil
}
