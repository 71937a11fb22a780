package rdbload

import (
	"errors"
	"strconv"
	"strings"
)

// Error says what is wrong with an input, and where.
type Error struct {
	Offset   int64  // in the input, where reading stopped
	Key      []byte // the record's key, shortened if long; nil outside a record
	Type     byte   // the record's type byte, if TypeName is set
	TypeName string // empty outside a record
	Producer string // who wrote the input, as far as known
	Err      error  // the cause: a corruption, an I/O error, or the Sink's error

	// InBlob: Offset is where a compressed blob begins, and BlobOffset is where
	// in its unpacked bytes reading stopped.
	InBlob     bool
	BlobOffset int64
}

// Error returns one line, as
//
//	offset 1042: key "foo": type 19 (stream 2): unexpected EOF (written by redis-ver 7.0.15, RDB version 10)
//	offset 1042, at 77 of its blob: SELECTDB: invalid length byte (written by df-ver df-v1.40.0, RDB version 9)
func (e *Error) Error() string {
	b := append(make([]byte, 0, 128), "offset "...)
	b = strconv.AppendInt(b, e.Offset, 10)
	if e.InBlob {
		b = strconv.AppendInt(append(b, ", at "...), e.BlobOffset, 10)
		b = append(b, " of its blob"...)
	}
	if e.Key != nil {
		b = append(b, ": key "...)
		b = strconv.AppendQuote(b, string(e.Key))
	}
	if e.TypeName != "" {
		b = append(b, ": type "...)
		b = strconv.AppendInt(b, int64(e.Type), 10)
		b = append(append(append(b, " ("...), e.TypeName...), ')')
	}
	b = append(append(b, ": "...), e.Err.Error()...)
	if e.Producer != "" {
		b = append(append(append(b, " (written by "...), e.Producer...), ')')
	}
	return string(b)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// corrupt is a reason found in the bytes themselves.
type corrupt string

func (c corrupt) Error() string { return string(c) }

// ErrEmpty is the cause of an Error for a DUMP payload of a collection without
// members. In a file such a key is skipped.
const ErrEmpty corrupt = "empty collection"

// unsupported is a thing that is known and not read.
type unsupported string

func (u unsupported) Error() string { return string(u) + " is not supported" }

// Limits of what of the input is quoted in messages.
const (
	maxQuotedKey = 256
	maxProducer  = 40
)

// fail completes err with the place of the loader.
func (l *loader) fail(err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Offset: l.in.offset(), Producer: l.producer(), Err: err}
	r := l // where the record is
	var s *streamError
	if errors.As(err, &s) {
		r = s.loader
		e.Offset -= int64(r.in.w - r.in.r)
	}
	if l.inBlob {
		e.InBlob, e.BlobOffset, e.Offset = true, e.Offset, l.blob.at
	}
	if r.inRecord {
		e.Type, e.TypeName = r.typ, r.typeName(r.typ)
		if r.rec.Key != nil {
			e.Key = []byte(r.quotedKey())
		}
	}
	return e
}

// producer says who wrote the input.
func (l *loader) producer() string {
	var parts []string
	for _, p := range []struct{ name, version string }{
		{"df-ver", l.dragonflyVer}, {"valkey-ver", l.valkeyVer}, {"redis-ver", l.redisVer},
	} {
		if p.version != "" {
			parts = append(parts, p.name+" "+p.version)
		}
	}
	switch {
	case l.dump:
		parts = append(parts, "DUMP version "+strconv.Itoa(l.sum.Version))
	case l.sum.Version != 0 && l.sum.Valkey:
		parts = append(parts, "VALKEY version "+strconv.Itoa(l.sum.Version))
	case l.sum.Version != 0:
		parts = append(parts, "RDB version "+strconv.Itoa(l.sum.Version))
	}
	return strings.Join(parts, ", ")
}

// printable returns the start of v fit for a one-line message.
func printable(v []byte) string {
	b := append([]byte(nil), v[:min(len(v), maxProducer)]...)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}
