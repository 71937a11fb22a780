package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

const (
	// DefaultMaxArg is the longest argument, as proto-max-bulk-len is by default.
	DefaultMaxArg = 512 << 20
	// maxArgs is the highest count of arguments, as for a client of Redis.
	maxArgs = math.MaxInt32
	// maxDigits is the length of the longest number.
	maxDigits = 19

	// windowSize is the least that is read at once.
	windowSize = 128 << 10
	// keepBytes and keepArgs are the sizes above which memory that one large command took is given up after it.
	keepBytes = 4 << 20
	keepArgs  = 64 << 10
	// maxEmptyReads bounds reads that return neither data nor an error.
	maxEmptyReads = 100
)

// Error says what is wrong with a log, and where.
type Error struct {
	File   string
	Offset int64 // of the command that is wrong, or of the byte
	Err    error
}

// Error returns one line.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: offset %d: %v", e.File, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// errCut is the end of the input within a command.
var errCut = errors.New("the command is cut short by the end of the file")

// errOpenMulti is the end of the input within a transaction.
var errOpenMulti = errors.New("the file ends before the EXEC of this MULTI")

// Reader yields the commands of one file, from some offset on:
//
//	r := aof.NewReader(src, f.Path, offset, f.Last)
//	for r.Next() {
//		… r.Args() …
//	}
//	return r.Err()
//
// MULTI and EXEC are yielded like any other command. Who runs them must run none of a transaction before its EXEC has
// come: one without EXEC ends the file, and is to be left out.
type Reader struct {
	// MaxArg is the longest argument, DefaultMaxArg unless set before the first Next.
	MaxArg int

	name string
	last bool
	src  io.Reader

	// The window: buf[r:w] is unread, buf[r] is at offset base+r in the file. It grows only when it is full of bytes of
	// one command.
	buf  []byte
	r, w int
	base int64
	eof  bool

	args  [][]byte
	spans []span // of the arguments of the command under way

	at      int64 // of the latest command
	multiAt int64 // of the MULTI whose EXEC has not come, -1 outside a transaction
	ignored int64
	err     error
}

// span is where an argument lies, from the start of its command on.
type span struct{ from, to int }

// NewReader returns a Reader of what src yields, which is the file called name from offset on. last says that the file is
// the last one of its log, so that its end may be cut.
func NewReader(src io.Reader, name string, offset int64, last bool) *Reader {
	return &Reader{
		MaxArg: DefaultMaxArg, name: name, last: last, src: src,
		buf: make([]byte, windowSize), base: offset, at: offset, multiAt: -1,
	}
}

// Args returns the latest command: its name and arguments. They are valid until the next call of Next.
func (r *Reader) Args() [][]byte { return r.args }

// Offset returns where in the file the latest command begins; behind the last one, where reading has ended.
func (r *Reader) Offset() int64 { return r.at }

// Ignored returns the number of bytes at the end of the file that are left out because they are no whole command or
// transaction. It is 0 until Next has returned false.
func (r *Reader) Ignored() int64 { return r.ignored }

// Err returns the error that ended reading, nil at a regular end. It is an *Error.
func (r *Reader) Err() error { return r.err }

// Next reads the next command. It returns false at the end, or at an error.
func (r *Reader) Next() bool {
	if r.eof || r.err != nil {
		return false
	}
	r.trim()
	switch err := r.next(); {
	case err == nil:
		r.noteMulti()
		return true
	case err == io.EOF && r.multiAt < 0:
		r.eof, r.at = true, r.offset()
	case err == io.EOF:
		r.end(errOpenMulti)
	case err == errCut:
		r.end(err)
	default:
		r.err = r.fail(err)
	}
	r.args = r.args[:0]
	return false
}

// fail tells where an error lies.
func (r *Reader) fail(err error) error { return &Error{r.name, r.at, err} }

// end ends reading where the file ends and a command or transaction does not.
func (r *Reader) end(why error) {
	end := r.base + int64(r.w)
	if r.multiAt >= 0 {
		r.at = r.multiAt
	}
	if !r.last {
		r.err = r.fail(fmt.Errorf("%w, and this is not the last file of the log", why))
		return
	}
	r.eof, r.ignored = true, end-r.at
}

// noteMulti remembers whether the command just read begins or ends a transaction.
func (r *Reader) noteMulti() {
	if len(r.args) != 1 {
		return
	}
	switch name := r.args[0]; {
	case r.multiAt < 0 && bytes.EqualFold(name, []byte("multi")):
		r.multiAt = r.at
	case bytes.EqualFold(name, []byte("exec")), bytes.EqualFold(name, []byte("discard")):
		r.multiAt = -1
	}
}

// offset returns where in the file the next byte is.
func (r *Reader) offset() int64 { return r.base + int64(r.r) }

// next reads annotations and the command behind them. It returns io.EOF at the end of the file.
func (r *Reader) next() error {
	for {
		r.at = r.offset()
		if err := r.need(1); err == errCut {
			return io.EOF
		} else if err != nil {
			return err
		}
		switch c := r.buf[r.r]; c {
		case '*':
			return r.command()
		case '#':
			if err := r.skipLine(); err != nil {
				return err
			}
		default:
			return fmt.Errorf("a command begins with '*', not with %s", quoteByte(c))
		}
	}
}

// command reads the command at buf[r.r].
func (r *Reader) command() error {
	count, pos, err := r.number(0)
	switch {
	case err != nil:
		return err
	case count < 1 || count > maxArgs:
		return fmt.Errorf("a command of %d arguments", count)
	}
	r.spans = r.spans[:0]
	for range count {
		size, from, err := r.argument(pos)
		if err != nil {
			return err
		}
		r.spans = append(r.spans, span{from, from + size})
		pos = from + size + 2
	}
	r.args = r.args[:0]
	for _, s := range r.spans {
		r.args = append(r.args, r.buf[r.r+s.from:r.r+s.to:r.r+s.to])
	}
	r.r += pos
	return nil
}

// argument reads the argument at pos, counted from the start of the command, and returns its length and where its bytes
// begin.
func (r *Reader) argument(pos int) (size, from int, err error) {
	if err := r.need(pos + 1); err != nil {
		return 0, 0, err
	}
	if c := r.buf[r.r+pos]; c != '$' {
		return 0, 0, fmt.Errorf("argument %d begins with '$', not with %s", len(r.spans)+1, quoteByte(c))
	}
	n, from, err := r.number(pos)
	if err != nil {
		return 0, 0, err
	}
	if n > int64(r.MaxArg) {
		return 0, 0, fmt.Errorf("argument %d has %d bytes, more than %d", len(r.spans)+1, n, r.MaxArg)
	}
	size = int(n)
	if err := r.need(from + size + 2); err != nil {
		return 0, 0, err
	}
	if end := r.r + from + size; r.buf[end] != '\r' || r.buf[end+1] != '\n' {
		return 0, 0, fmt.Errorf("no line end behind the %d bytes of argument %d", size, len(r.spans)+1)
	}
	return size, from, nil
}

// number reads the decimal between the byte at pos and a line end; next is the position behind that.
func (r *Reader) number(pos int) (n int64, next int, err error) {
	for i := pos + 1; ; i++ {
		if r.r+i >= r.w {
			if err := r.need(i + 1); err != nil {
				return 0, 0, err
			}
		}
		switch c := r.buf[r.r+i]; {
		case c >= '0' && c <= '9' && i-pos < maxDigits:
			n = n*10 + int64(c-'0')
		case c == '\r' && i > pos+1:
			if err := r.need(i + 2); err != nil {
				return 0, 0, err
			}
			if c := r.buf[r.r+i+1]; c != '\n' {
				return 0, 0, fmt.Errorf("%s behind a number instead of a line end", quoteByte(c))
			}
			return n, i + 2, nil
		default:
			return 0, 0, fmt.Errorf("%s in a number", quoteByte(c))
		}
	}
}

// skipLine passes over an annotation.
func (r *Reader) skipLine() error {
	for {
		if i := bytes.IndexByte(r.buf[r.r:r.w], '\n'); i >= 0 {
			r.r += i + 1
			return nil
		}
		r.r = r.w
		if err := r.need(1); err != nil {
			return err
		}
	}
}

// need makes n bytes available from buf[r.r]. It returns errCut if there are not so many.
func (r *Reader) need(n int) error {
	if r.w-r.r >= n {
		return nil
	}
	if r.r > 0 {
		copy(r.buf, r.buf[r.r:r.w])
		r.base += int64(r.r)
		r.w -= r.r
		r.r = 0
	}
	for empty := 0; r.w < n; {
		if r.w == len(r.buf) {
			buf := make([]byte, 2*len(r.buf)) // whatever a length says
			copy(buf, r.buf)
			r.buf = buf
		}
		k, err := r.src.Read(r.buf[r.w:])
		r.w += k
		switch {
		case r.w >= n:
		case err == io.EOF:
			return errCut
		case err != nil:
			return err
		case k > 0:
			empty = 0
		default:
			if empty++; empty == maxEmptyReads {
				return io.ErrNoProgress
			}
		}
	}
	return nil
}

// trim gives up memory that one large command took.
func (r *Reader) trim() {
	if cap(r.spans) > keepArgs {
		r.spans, r.args = nil, nil
	}
	if len(r.buf) > keepBytes && r.w-r.r <= windowSize {
		buf := make([]byte, windowSize)
		r.w = copy(buf, r.buf[r.r:r.w])
		r.base += int64(r.r)
		r.r, r.buf = 0, buf
	}
}

// quoteByte returns a byte as messages show it.
func quoteByte(c byte) string { return strconv.QuoteToASCII(string([]byte{c})) }
