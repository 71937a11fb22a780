// Package reply encodes replies into the buffer of a connection, in RESP2 or RESP3 as the client asked with
// HELLO. One call here is one reply element; an aggregate is its header followed by its elements.
//
// The RESP2 forms are those of package redcon. RESP3-only types fall back to what Redis answers to a RESP2 client:
// maps, sets and pushes to arrays, doubles and big numbers to bulk strings, booleans to integers, verbatim
// strings to bulk strings.
package reply

import (
	"math"
	"strconv"

	"github.com/tidwall/redcon"

	"dragonfly/store/number"
)

// Writer appends replies to Buf. The zero Writer speaks RESP2.
type Writer struct {
	Buf   []byte
	Proto int // 2 or 3; 0 counts as 2

	// Silent drops replies: CLIENT REPLY OFF and SKIP.
	Silent bool
	// Errors counts the error replies written.
	Errors int
	// LastError is the text of the last error reply, for statistics.
	LastError string
	// Counted tells that the last error is that of a command which was counted when it was made.
	Counted bool
}

// RESP3 tells whether the client speaks RESP3.
func (w *Writer) RESP3() bool { return w.Proto == 3 }

// OK answers +OK.
func (w *Writer) OK() { w.Buf = append(w.Buf, "+OK\r\n"...) }

// Simple answers a simple string; s has no line breaks.
func (w *Writer) Simple(s string) { w.Buf = redcon.AppendString(w.Buf, s) }

// Err answers an error. Its text begins with the code; line breaks become blanks.
func (w *Writer) Err(err error) {
	text := err.Error()
	w.Errors++
	w.LastError = text
	w.Buf = append(w.Buf, '-')
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b == '\r' || b == '\n' {
			b = ' '
		}
		w.Buf = append(w.Buf, b)
	}
	w.Buf = append(w.Buf, '\r', '\n')
}

// Int answers an integer.
func (w *Writer) Int(n int64) {
	if n >= 0 && n < 10 {
		w.Buf = append(w.Buf, ':', byte('0'+n), '\r', '\n')
		return
	}
	w.header(':', n)
}

// header appends a type byte, a number and the line end.
func (w *Writer) header(kind byte, n int64) {
	w.Buf = append(w.Buf, kind)
	w.Buf = strconv.AppendInt(w.Buf, n, 10)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Flag answers the integer 1 or 0.
func (w *Writer) Flag(b bool) {
	if b {
		w.Int(1)
	} else {
		w.Int(0)
	}
}

// Bulk answers a bulk string.
func (w *Writer) Bulk(b []byte) {
	w.header('$', int64(len(b)))
	w.Buf = append(w.Buf, b...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// BulkString answers a bulk string.
func (w *Writer) BulkString(s string) {
	w.header('$', int64(len(s)))
	w.Buf = append(w.Buf, s...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// BulkInt answers an integer as a bulk string.
func (w *Writer) BulkInt(n int64) {
	var scratch [20]byte
	w.Bulk(strconv.AppendInt(scratch[:0], n, 10))
}

// Null answers the null bulk string, or the RESP3 null.
func (w *Writer) Null() {
	if w.RESP3() {
		w.Buf = append(w.Buf, "_\r\n"...)
		return
	}
	w.Buf = redcon.AppendNull(w.Buf)
}

// NullArray answers the null array, or the RESP3 null.
func (w *Writer) NullArray() {
	if w.RESP3() {
		w.Buf = append(w.Buf, "_\r\n"...)
		return
	}
	w.Buf = append(w.Buf, "*-1\r\n"...)
}

// Array begins an array of n elements.
func (w *Writer) Array(n int) { w.header('*', int64(n)) }

// Map begins a map of n pairs; an array of 2n elements in RESP2.
func (w *Writer) Map(n int) {
	if w.RESP3() {
		w.header('%', int64(n))
		return
	}
	w.header('*', 2*int64(n))
}

// Set begins a set of n elements; an array in RESP2.
func (w *Writer) Set(n int) {
	if w.RESP3() {
		w.header('~', int64(n))
		return
	}
	w.header('*', int64(n))
}

// Push begins an out-of-band message of n elements; an array in RESP2.
func (w *Writer) Push(n int) {
	if w.RESP3() {
		w.header('>', int64(n))
		return
	}
	w.header('*', int64(n))
}

// Double answers a score: a double, or its text as a bulk string in RESP2.
func (w *Writer) Double(f float64) {
	var scratch [40]byte
	text := number.AppendScore(scratch[:0], f)
	if w.RESP3() {
		if math.IsNaN(f) {
			text = append(scratch[:0], "nan"...)
		}
		w.Buf = append(w.Buf, ',')
		w.Buf = append(w.Buf, text...)
		w.Buf = append(w.Buf, '\r', '\n')
		return
	}
	w.Bulk(text)
}

// DoubleText answers a number whose text the command makes itself (coordinates, distances): a double in RESP3,
// a bulk string in RESP2.
func (w *Writer) DoubleText(text []byte) {
	if w.RESP3() {
		w.Buf = append(w.Buf, ',')
		w.Buf = append(w.Buf, text...)
		w.Buf = append(w.Buf, '\r', '\n')
		return
	}
	w.Bulk(text)
}

// Bool answers a boolean; 1 or 0 in RESP2.
func (w *Writer) Bool(b bool) {
	if !w.RESP3() {
		w.Flag(b)
		return
	}
	if b {
		w.Buf = append(w.Buf, "#t\r\n"...)
	} else {
		w.Buf = append(w.Buf, "#f\r\n"...)
	}
}

// Verbatim answers text for people; a bulk string in RESP2.
func (w *Writer) Verbatim(text string) {
	if !w.RESP3() {
		w.BulkString(text)
		return
	}
	w.header('=', int64(len(text)+4))
	w.Buf = append(w.Buf, "txt:"...)
	w.Buf = append(w.Buf, text...)
	w.Buf = append(w.Buf, '\r', '\n')
}

// Strings answers an array of bulk strings.
func (w *Writer) Strings(list ...string) {
	w.Array(len(list))
	for _, s := range list {
		w.BulkString(s)
	}
}

// Mark is the place of an aggregate header whose element count is not known yet.
type Mark int

// Defer leaves room for an aggregate header; Close writes it.
func (w *Writer) Defer() Mark { return Mark(len(w.Buf)) }

// CloseArray puts an array header of n elements at the mark, before what was written since.
func (w *Writer) CloseArray(m Mark, n int) { w.insert(m, '*', n) }

// CloseSet puts a set header of n elements at the mark.
func (w *Writer) CloseSet(m Mark, n int) {
	if w.RESP3() {
		w.insert(m, '~', n)
		return
	}
	w.insert(m, '*', n)
}

// CloseMap puts a map header of n pairs at the mark.
func (w *Writer) CloseMap(m Mark, n int) {
	if w.RESP3() {
		w.insert(m, '%', n)
		return
	}
	w.insert(m, '*', 2*n)
}

func (w *Writer) insert(m Mark, kind byte, n int) {
	var scratch [24]byte
	h := append(scratch[:0], kind)
	h = strconv.AppendInt(h, int64(n), 10)
	h = append(h, '\r', '\n')
	w.Buf = append(w.Buf, h...)
	copy(w.Buf[int(m)+len(h):], w.Buf[m:])
	copy(w.Buf[m:], h)
}
