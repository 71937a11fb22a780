package resp

import (
	"bytes"
	"math"
)

const (
	// maxLine is the longest inline command, argument count or bulk length that is waited for.
	maxLine = 64 << 10

	// Limits of a client that has not authenticated yet.
	unauthArgs = 10
	unauthBulk = 16384

	// DefaultMaxBulk is Redis's default proto-max-bulk-len.
	DefaultMaxBulk = 512 << 20
	// DefaultMaxMultibulk is Redis's bound on the arguments of one command.
	DefaultMaxMultibulk = math.MaxInt32
)

// Limits bounds what a client may send. The zero value of a number means its default.
type Limits struct {
	MaxBulk         int  // bytes in one argument (proto-max-bulk-len)
	MaxMultibulk    int  // arguments in one command
	Unauthenticated bool // 10 arguments of 16 KiB, until the client has authenticated
}

// Parser yields the commands of one connection. The zero value is ready for use.
//
// Its fields describe the command at the start of the unread bytes, as far as it is understood; offsets count from its first byte.
// Invariant: all are zero between commands.
type Parser struct {
	pos   int // start of the first thing not yet understood: a count, a length or, when inBulk, the bytes of an argument
	seen  int // bytes from pos on that were searched for the end of a line, without finding it
	count int // arguments of the multibulk command, 0 when its count is not read yet
	done  int // arguments of it that are complete
	bulk  int // length of the argument at pos; valid when inBulk

	inBulk bool
}

// Next parses the command at the start of in. The arguments are slices into in, put into args[:0]; args grows when it has no room.
//
//   - n > 0: n bytes are used up and out is the command. An empty out stands for something that is skipped without a reply: a blank line or
//     a command of no arguments.
//   - n == 0: the command is incomplete. The next call must offer the same bytes again, and more behind them.
//   - err != nil: the bytes are no command. The error is of type Error; the connection is to be closed after it was told.
func (p *Parser) Next(in []byte, args [][]byte, lim *Limits) (out [][]byte, n int, err error) {
	args = args[:0]
	if p.pos > 0 {
		return p.resume(in, args, lim)
	}
	if len(in) == 0 {
		return args, 0, nil
	}
	if in[0] != '*' {
		return p.inline(in, args)
	}
	count, pos, err := p.readCount(in, lim)
	if err != nil || pos == 0 {
		return args, 0, err
	}
	p.seen = 0
	if count <= 0 {
		return args, pos, nil // Redis ignores *0 and every negative count.
	}
	for len(args) < count {
		size, start, err := p.readLength(in, pos, lim)
		if err != nil {
			return args[:0], 0, err
		}
		if start == 0 || size > len(in)-start-2 {
			p.suspend(pos, count, len(args))
			if start > 0 {
				p.pos, p.bulk, p.inBulk = start, size, true
			}
			return args[:0], 0, nil
		}
		end := start + size
		args = append(args, in[start:end:end])
		pos = end + 2 // Redis does not look at the two bytes behind an argument either.
	}
	return args, pos, nil
}

// suspend remembers where an incomplete multibulk command is to be continued.
func (p *Parser) suspend(pos, count, done int) {
	p.pos, p.count, p.done = pos, count, done
}

// Pending reports whether part of a command was seen and its end was not.
func (p *Parser) Pending() bool { return p.pos > 0 || p.seen > 0 }

// Reset forgets a command that is incomplete.
func (p *Parser) Reset() { *p = Parser{} }

// resume goes on with a multibulk command that an earlier call left incomplete. It only counts arguments: when the last one is there,
// collect finds them all in one walk. So the work is linear however many pieces there are, and nothing is kept meanwhile.
func (p *Parser) resume(in []byte, args [][]byte, lim *Limits) ([][]byte, int, error) {
	for p.done < p.count {
		if !p.inBulk {
			size, start, err := p.readLength(in, p.pos, lim)
			if err != nil || start == 0 {
				return args, 0, err
			}
			p.pos, p.bulk, p.seen, p.inBulk = start, size, 0, true
		}
		if p.bulk > len(in)-p.pos-2 {
			return args, 0, nil
		}
		p.pos += p.bulk + 2
		p.inBulk = false
		p.done++
	}
	args = collect(in, args, p.count)
	n := p.pos
	p.Reset()
	return args, n, nil
}

// collect appends the count arguments of the multibulk command at the start of in, which is known to be complete and well formed.
func collect(in []byte, args [][]byte, count int) [][]byte {
	_, pos := digits(in, 1)
	for range count {
		size, start := digits(in, pos+1)
		end := start + size
		args = append(args, in[start:end:end])
		pos = end + 2
	}
	return args
}

// readCount reads the "*count" line at the start of in. next is the offset behind it, 0 when its end is not there yet.
func (p *Parser) readCount(in []byte, lim *Limits) (count, next int, err error) {
	count, next = digits(in, 1)
	if next == 0 {
		line, err := p.line(in, 0, errBigCount)
		if line == nil {
			return 0, 0, err
		}
		var ok bool
		if count, ok = parseInt(line[1:]); !ok {
			return 0, 0, errCount
		}
		next = len(line) + 2
	}
	switch {
	case count > lim.maxMultibulk():
		return 0, 0, errCount
	case count > unauthArgs && lim.Unauthenticated:
		return 0, 0, errUnauthCount
	}
	return count, next, nil
}

// readLength reads the "$length" line at in[pos:]. next is the offset behind it, 0 when its end is not there yet.
func (p *Parser) readLength(in []byte, pos int, lim *Limits) (size, next int, err error) {
	if pos < len(in) && in[pos] == '$' {
		size, next = digits(in, pos+1)
	}
	if next == 0 {
		line, err := p.line(in, pos, errBigLength)
		if line == nil {
			return 0, 0, err
		}
		if in[pos] != '$' {
			return 0, 0, errExpectedBulk(in[pos])
		}
		var ok bool
		if size, ok = parseInt(line[1:]); !ok || size < 0 {
			return 0, 0, errLength
		}
		next = pos + len(line) + 2
	}
	switch {
	case size > lim.maxBulk():
		return 0, 0, errLength
	case size > unauthBulk && lim.Unauthenticated:
		return 0, 0, errUnauthLength
	}
	return size, next, nil
}

func (l *Limits) maxMultibulk() int {
	if l.MaxMultibulk == 0 {
		return DefaultMaxMultibulk
	}
	return l.MaxMultibulk
}

func (l *Limits) maxBulk() int {
	if l.MaxBulk == 0 {
		return DefaultMaxBulk
	}
	return l.MaxBulk
}

// digits reads the decimal number at in[pos:] that ends in "\r" and one more byte, and returns the offset behind those two. It answers 0 for
// whatever is out of the ordinary (no end yet, a sign, leading zeros, more than 18 digits): the caller then looks closely.
func digits(in []byte, pos int) (v, next int) {
	i := pos
	for end := min(len(in), pos+19); i < end; i++ {
		d := in[i] - '0'
		if d > 9 {
			break
		}
		v = v*10 + int(d)
	}
	n := i - pos
	if i+1 >= len(in) || in[i] != '\r' || n == 0 || n > 18 || (n > 1 && in[pos] == '0') {
		return 0, 0
	}
	return v, i + 2
}

// line returns the line at in[pos:] without its "\r\n"; nil when its end is not there, with tooBig when it is longer than any can be.
// The byte behind '\r' must be there, but it may be any, as in Redis.
func (p *Parser) line(in []byte, pos int, tooBig error) ([]byte, error) {
	rest := in[min(pos, len(in)):]
	window := rest[:min(len(rest), maxLine+1)]
	i := bytes.IndexByte(window[min(p.seen, len(window)):], '\r')
	if i < 0 {
		if len(rest) > maxLine {
			return nil, tooBig
		}
		p.seen = len(window)
		return nil, nil
	}
	i += p.seen
	if i+1 >= len(rest) {
		p.seen = i
		return nil, nil
	}
	return rest[:i], nil
}

// parseInt reads a decimal the strict way Redis does: an optional minus, no plus, no leading zeros, no "-0", nothing that overflows.
func parseInt(b []byte) (n int, ok bool) {
	limit := uint64(math.MaxInt)
	neg := len(b) > 1 && b[0] == '-'
	if neg {
		b = b[1:]
		limit++
	}
	if len(b) == 0 || (b[0] == '0' && (neg || len(b) > 1)) {
		return 0, false
	}
	v := uint64(0)
	for _, ch := range b {
		d := uint64(ch - '0')
		if d > 9 || v > (limit-d)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	if neg {
		return -int(v), true
	}
	return int(v), true
}
