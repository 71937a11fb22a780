package rdbload

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/number"
)

// Options are the reader's choices. The zero value is right for a file whose
// keys keep their deadlines, past or not.
type Options struct {
	// NowMs is the time by which keys, and members and fields with a deadline of
	// their own, have expired. Such keys are read, checked, dropped and counted;
	// such members are dropped, and with the last one the key. 0 keeps all.
	NowMs int64
	// KeepExpired hands over what has expired too: a replica and the base of an
	// append-only file wait for the DEL that follows.
	KeepExpired bool
	// IgnoreExpiry hands over every key without its deadline. It does not concern
	// the deadlines of members and fields.
	IgnoreExpiry bool
	// SkipChecksum reads the checksum without comparing it.
	SkipChecksum bool
	// SnapshotID, if set, is the snapshot that the file must belong to: one that
	// carries another id, or none, ends with ErrOtherSnapshot before any key.
	SnapshotID string
	// StopAtEOF ends behind the data, at Summary.Bytes of the input, where the
	// commands of an append-only file follow. A part of them has been read by then.
	StopAtEOF bool
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

	Modules  map[string]*ModuleCount // by module type name
	Warnings []Warning

	Bytes    int64 // of the data, trailer included
	Trailing int64 // after the data, ignored
}

// ModuleCount counts what one module has in the file. It is kept, but there
// are no commands for it.
type ModuleCount struct {
	Keys     uint64
	Aux      uint64 // pieces of global data
	FirstKey string
}

// Warning is a thing that did not stop the load but that someone may miss.
type Warning struct {
	Text     string
	Count    uint64
	FirstKey string // empty if it concerns no key
	Lost     bool   // something was in the file and is nowhere else now
}

// job is what belongs to the load of an input as a whole.
type job struct {
	sink Sink // nil for a DUMP payload
	put  ValueSink
	opts Options
	sum  Summary

	flavor rdbfmt.Flavor
	dump   bool // a DUMP payload, not a file

	redisVer, valkeyVer, dragonflyVer string

	awaitID   bool // the snapshot's id is still to come
	oldGraphs bool // vector indexes are laid out as in the first releases that wrote them
	templates map[uint64]*template
}

// loader reads records. There is one for the input, and one more for each value
// that comes in tagged chunks, while it is under way.
type loader struct {
	*job
	in window

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
	opaque []byte // a value that is handed over as it is
	text   [number.MaxIntLen]byte
	text2  [number.MaxIntLen]byte
	dup    dupSet

	// Of the input's loader.
	file    window // the input's, while in is that of a blob
	inBlob  bool
	blob    unpacker
	streams map[uint32]*stream // under way, by id

	// Of the loader of a value in tagged chunks, else nil.
	stream *stream
}

// newLoader returns the loader of r.
func newLoader(r io.Reader, opts Options, sink Sink) *loader {
	l := &loader{job: &job{sink: sink, put: sink, opts: opts, awaitID: opts.SnapshotID != ""}}
	l.in = window{src: r, size: windowSize, noSum: opts.SkipChecksum, progress: opts.Progress}
	l.resetRecord()
	return l
}

// Load reads one RDB stream to its end and hands its content to sink. An input
// of no bytes is an empty data set, as it is for Redis. Any error but those of
// a Sink's own making is an *Error; these are wrapped in one.
func Load(r io.Reader, opts Options, sink Sink) (Summary, error) {
	l := newLoader(r, opts, sink)
	defer l.close()
	err := l.run()
	if err != nil {
		err = l.fail(err)
	}
	l.sum.Producer = l.producer()
	if l.sum.Bytes == 0 {
		l.sum.Bytes = l.input().offset()
	}
	return l.sum, err
}

// close gives up what ends with a load: values that are not complete, decoders.
func (l *loader) close() {
	l.stopStreams()
	l.blob.close()
}

// input returns the window of the input itself.
func (l *loader) input() *window {
	if l.inBlob {
		return &l.file
	}
	return &l.in
}

// run reads the whole stream.
func (l *loader) run() error {
	if err := l.magic(); err != nil {
		return err
	}
	if l.sum.Version == 0 {
		if l.awaitID {
			return ErrOtherSnapshot
		}
		return nil
	}
	for {
		c, err := l.in.next()
		if err != nil {
			return err
		}
		if l.awaitID && c != rdbfmt.OpAux {
			return ErrOtherSnapshot
		}
		if c == rdbfmt.OpEOF {
			break
		}
		if err := l.item(c); err != nil {
			return err
		}
	}
	if err := l.unfinished(); err != nil {
		return err
	}
	if err := l.trailer(); err != nil {
		return err
	}
	l.in.report(1)
	if l.opts.StopAtEOF {
		return nil
	}
	return l.drain()
}

// item reads what begins with c, which is not the end.
func (l *loader) item(c byte) error {
	switch {
	case c == rdbfmt.OpDFLZ4Blob || c == rdbfmt.OpDFZstdBlob:
		return l.readBlob(c)
	case c == rdbfmt.OpDFTaggedChunk:
		return l.readChunk()
	case isOpcode(c):
		return l.opcode(c)
	}
	return l.record(c)
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
