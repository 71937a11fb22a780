package rdbload

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/number"
)

// Options are the reader's choices. The zero value is right for a file whose
// keys keep their deadlines, past or not.
type Options struct {
	// NowMs is the time by which keys have expired. Such keys are read, checked,
	// dropped and counted. 0 keeps all.
	NowMs int64
	// KeepExpired hands over expired keys too: a replica and the base of an
	// append-only file wait for the DEL that follows.
	KeepExpired bool
	// IgnoreExpiry hands over every key without its deadline.
	IgnoreExpiry bool
	// SkipChecksum reads the checksum without comparing it.
	SkipChecksum bool
	// Progress, if not nil, is called now and then with the bytes read so far.
	Progress func(bytesRead int64)
}

// Summary says what was read. It is filled as far as reading came, also when
// the load fails.
type Summary struct {
	Valkey   bool   // the VALKEY magic
	Version  int    // 0 for an empty file
	Producer string // as in Error

	Keys      uint64 // handed to the Sink
	Expired   uint64 // dropped because of NowMs
	Empty     uint64 // dropped because they had no members
	Functions uint64

	Skipped  map[string]*Skipped // by module type name
	Warnings []Warning

	Bytes    int64 // of the data, trailer included
	Trailing int64 // after the data, ignored
}

// Skipped counts what one module left in the file.
type Skipped struct {
	Keys     uint64
	Aux      uint64 // pieces of global data
	FirstKey string
}

// Warning is a thing that did not stop the load but that someone may miss.
type Warning struct {
	Text     string
	Count    uint64
	FirstKey string // empty if it concerns no key
}

// loader is the state of one load.
type loader struct {
	in   window
	sink Sink // nil for a DUMP payload
	put  ValueSink
	opts Options
	sum  Summary

	flavor rdbfmt.Flavor
	dump   bool // a DUMP payload, not a file

	redisVer, valkeyVer, dragonflyVer string

	// The record under way. typ and rec.Key are for messages while inRecord.
	rec      Record
	elems    Elems
	typ      byte
	inRecord bool

	// Scratch memory, reused from record to record.
	key    []byte // the record's key
	member []byte // first string of an element
	second []byte // second string of an element, if something follows it
	lzf    []byte // an unpacked string
	packed []byte // a converted listpack
	text   [number.MaxIntLen]byte
	text2  [number.MaxIntLen]byte
	dup    dupSet

	templates map[uint64]*template
}

// Load reads one RDB stream to its end and hands its content to sink. An input
// of no bytes is an empty data set, as it is for Redis. Any error but those of
// a Sink's own making is an *Error; these are wrapped in one.
func Load(r io.Reader, opts Options, sink Sink) (Summary, error) {
	l := &loader{sink: sink, put: sink, opts: opts}
	l.in = window{src: r, noSum: opts.SkipChecksum, progress: opts.Progress}
	l.resetRecord()
	err := l.run()
	if err != nil {
		err = l.fail(err)
	}
	l.sum.Producer = l.producer()
	if l.sum.Bytes == 0 {
		l.sum.Bytes = l.in.offset()
	}
	return l.sum, err
}

// run reads the whole stream.
func (l *loader) run() error {
	if err := l.magic(); err != nil {
		return err
	}
	if l.sum.Version == 0 {
		return nil
	}
	for {
		c, err := l.in.next()
		if err != nil {
			return err
		}
		if c == rdbfmt.OpEOF {
			break
		}
		if isOpcode(c) {
			err = l.opcode(c)
		} else {
			err = l.record(c)
		}
		if err != nil {
			return err
		}
	}
	if err := l.trailer(); err != nil {
		return err
	}
	l.in.report(1)
	return l.drain()
}

// magic reads the first nine bytes. An empty input leaves the version 0.
func (l *loader) magic() error {
	err := l.in.need(rdbfmt.MagicSize)
	b := l.in.buf[l.in.r:l.in.w]
	if len(b) == 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if bytes.HasPrefix(b, []byte(rdbfmt.MagicValkeyEnvelope)) {
		return unsupported("Valkey's compressed RDB envelope (VKCS)")
	}
	if err != nil {
		return err
	}
	b, _ = l.in.take(rdbfmt.MagicSize)
	digits, redis := bytes.CutPrefix(b, []byte(rdbfmt.MagicRedis))
	if !redis {
		if digits, l.sum.Valkey = bytes.CutPrefix(b, []byte(rdbfmt.MagicValkey)); !l.sum.Valkey {
			return corrupt("not an RDB file: it begins with " + strconv.Quote(string(b)))
		}
	}
	version := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return corrupt("not an RDB file: it begins with " + strconv.Quote(string(b)))
		}
		version = version*10 + int(c-'0')
	}
	first, last := 1, 15
	if l.sum.Valkey {
		first, last = 80, 81
	}
	if version < first {
		return corrupt("impossible version in " + strconv.Quote(string(b)))
	}
	if version > last {
		l.warn("the file's version is newer than what is known here")
	}
	l.sum.Version = version
	l.flavor = rdbfmt.FlavorOf(l.sum.Valkey, version)
	return nil
}

// trailer verifies the checksum that follows the end of the data.
func (l *loader) trailer() error {
	l.in.sumUp()
	computed := l.in.crc
	if l.sum.Version >= rdbfmt.ChecksumVersion {
		n, err := l.in.int64()
		if err != nil {
			return err
		}
		// Zero is how a writer says that it computed none.
		if stored := uint64(n); stored != 0 && stored != computed && !l.opts.SkipChecksum {
			return corrupt("checksum mismatch: the file says " + strconv.FormatUint(stored, 16) +
				", its bytes give " + strconv.FormatUint(computed, 16))
		}
	}
	l.sum.Bytes = l.in.offset()
	return nil
}

// drain counts what follows the trailer.
func (l *loader) drain() error {
	l.in.noSum = true
	for {
		l.in.r = l.in.w
		l.sum.Trailing = l.in.offset() - l.sum.Bytes
		switch err := l.in.fill(1); {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// isOpcode tells opcodes from type bytes. Both share one byte; types count up,
// opcodes count down, and Redis Enterprise put its own between.
func isOpcode(c byte) bool { return c >= rdbfmt.OpGCAS }

// opcode reads one opcode record other than the end.
func (l *loader) opcode(op byte) error {
	if err := l.opcodeBody(op); err != nil {
		return &opcodeError{op, err}
	}
	return nil
}

// opcodeError says in which opcode an error lies.
type opcodeError struct {
	op  byte
	err error
}

func (e *opcodeError) Error() string { return rdbfmt.OpName(e.op) + ": " + e.err.Error() }
func (e *opcodeError) Unwrap() error { return e.err }

func (l *loader) opcodeBody(op byte) error {
	switch op {
	case rdbfmt.OpSelectDB:
		return l.selectDB()
	case rdbfmt.OpExpireTime:
		// Redis reads these four bytes signed and drops a key that lives past
		// 2038. Read unsigned it is kept, as whoever saved it meant.
		sec, err := l.in.uint32()
		l.rec.HasDeadline, l.rec.DeadlineMs = true, int64(sec)*1000
		return err
	case rdbfmt.OpExpireTimeMs:
		ms, err := l.in.int64()
		l.rec.HasDeadline, l.rec.DeadlineMs = true, ms
		return err
	case rdbfmt.OpResizeDB:
		keys, err := l.in.length()
		if err != nil {
			return err
		}
		expires, err := l.in.length()
		if err != nil {
			return err
		}
		l.sink.ResizeHint(keys, expires)
		return nil
	case rdbfmt.OpAux:
		return l.aux()
	case rdbfmt.OpFreq:
		freq, err := l.in.next()
		l.rec.Freq = int(freq)
		return err
	case rdbfmt.OpIdle:
		idle, err := l.in.length()
		l.rec.Idle = int64(min(idle, math.MaxInt64))
		return err
	case rdbfmt.OpFunction, rdbfmt.OpFunctionPreGA:
		return l.function(op == rdbfmt.OpFunctionPreGA)
	case rdbfmt.OpModuleAux:
		return l.skipModuleAux()
	case rdbfmt.OpSlotInfo:
		return l.skipLengths(3)
	case rdbfmt.OpSlotNum, rdbfmt.OpRAMLRU:
		return l.skipLengths(1)
	case rdbfmt.OpDFMask:
		return l.dragonflyMask()
	case rdbfmt.OpKeyMeta: // and OpSlotImport
		if l.sum.Valkey {
			return l.skipSlotImport()
		}
		return l.skipKeyMeta()
	case rdbfmt.OpHashTemplate: // and OpValkeyUpdate
		if l.sum.Valkey {
			return unsupported("Valkey's UPDATE opcode")
		}
		return l.readTemplate()
	case rdbfmt.OpDFTaggedChunk, rdbfmt.OpDFShardDocIndex, rdbfmt.OpDFVectorIndex,
		rdbfmt.OpDFJournalOffset, rdbfmt.OpDFJournalBlob, rdbfmt.OpDFBlobEnd,
		rdbfmt.OpDFLZ4Blob, rdbfmt.OpDFZstdBlob, rdbfmt.OpDFFullSyncEnd,
		rdbfmt.OpGFlags, rdbfmt.OpGCAS:
		return unsupported("this opcode")
	}
	return corrupt("unknown")
}

func (l *loader) selectDB() error {
	n, err := l.in.length()
	if err != nil {
		return err
	}
	if n > math.MaxInt32 {
		return corrupt("impossible database " + strconv.FormatUint(n, 10))
	}
	l.rec.DB = int(n)
	return l.sink.DB(l.rec.DB)
}

func (l *loader) aux() error {
	name, err := l.stringInto(&l.key)
	if err != nil {
		return err
	}
	value, err := l.string()
	if err != nil {
		return err
	}
	switch string(bytes.ToLower(name)) {
	case rdbfmt.AuxRedisVer:
		l.redisVer = printable(value)
	case rdbfmt.AuxValkeyVer:
		l.valkeyVer = printable(value)
	case rdbfmt.AuxDragonflyVer:
		l.dragonflyVer = printable(value)
	}
	err = l.sink.Aux(name, value)
	l.trim()
	return err
}

// function reads a function library. Release candidates of Redis 7.0 kept name
// and engine apart from the source; they belong into its first line.
func (l *loader) function(preGA bool) error {
	var head []byte
	if preGA {
		name, err := l.string()
		if err != nil {
			return err
		}
		name = bytes.Clone(name)
		engine, err := l.string()
		if err != nil {
			return err
		}
		head = append(append(append(append([]byte("#!"), bytes.ToLower(engine)...), " name="...), name...), '\n')
		described, err := l.in.length()
		if err != nil {
			return err
		}
		if described != 0 {
			if err := l.skipString(); err != nil {
				return err
			}
		}
	}
	code, err := l.string()
	if err != nil {
		return err
	}
	if head != nil {
		code = append(head, code...)
	}
	l.sum.Functions++
	err = l.sink.Function(code)
	l.trim()
	return err
}

func (l *loader) dragonflyMask() error {
	flags, err := l.in.uint32()
	if err != nil {
		return err
	}
	if flags&^(rdbfmt.DFMaskSticky|rdbfmt.DFMaskMemcacheFlags) != 0 {
		return corrupt("unknown flags 0x" + strconv.FormatUint(uint64(flags), 16))
	}
	l.rec.Sticky = flags&rdbfmt.DFMaskSticky != 0
	if flags&rdbfmt.DFMaskMemcacheFlags == 0 {
		return nil
	}
	l.rec.HasMemcacheFlags = true
	l.rec.MemcacheFlags, err = l.in.uint32()
	return err
}

func (l *loader) skipLengths(n int) error {
	for range n {
		if _, err := l.in.length(); err != nil {
			return err
		}
	}
	return nil
}

// skipSlotImport passes over a job name and its slot ranges.
func (l *loader) skipSlotImport() error {
	if err := l.skipString(); err != nil {
		return err
	}
	ranges, err := l.in.length()
	if err != nil {
		return err
	}
	for ; ranges > 0; ranges-- {
		if err := l.skipLengths(2); err != nil {
			return err
		}
	}
	return nil
}

// warn counts an occurrence of text, for the record under way if there is one.
func (l *loader) warn(text string) {
	for i := range l.sum.Warnings {
		if l.sum.Warnings[i].Text == text {
			l.sum.Warnings[i].Count++
			return
		}
	}
	w := Warning{Text: text, Count: 1}
	if l.inRecord {
		w.FirstKey = l.quotedKey()
	}
	l.sum.Warnings = append(l.sum.Warnings, w)
}

// quotedKey returns the start of the record's key, copied.
func (l *loader) quotedKey() string {
	return string(l.rec.Key[:min(len(l.rec.Key), maxQuotedKey)])
}
