package rdbload

import (
	"iter"
	"maps"
	"slices"

	"dragonfly/persistence/rdbfmt"
)

// A value that its writer had to interrupt comes in pieces:
//
//	TAGGED_CHUNK | u32 stream | u32 n | n bytes
//
// The first piece of a stream begins with the attributes of the record, its type
// and its key; the others go on where the one before has ended. Between them come
// other records, and pieces of other streams. A stream's number may be used again
// once its value is complete.
//
// So a value is read by a coroutine with a loader of its own. It runs while there
// is payload for it, and pauses in the midst of reading when that is used up.

const (
	// maxStreams is how many values may be under way at once: far more than a
	// writer has, few enough for their memory.
	maxStreams = 1024
	// maxShed is the size above which scratch memory is given up in a pause.
	maxShed = 4 << 10
)

const (
	errChunkStream corrupt     = "stream 0"
	errChunkEmpty  corrupt     = "empty piece"
	errChunkAttrs  corrupt     = "between the attributes of a record and the record"
	errChunkTail   corrupt     = "bytes follow the value"
	errChunkOpcode corrupt     = "no attribute of a record"
	errUnfinished  corrupt     = "the data ends before the value does"
	errStreams     unsupported = "a file with more than 1024 values under way"
	// errStopped is what a value sees whose load has failed elsewhere.
	errStopped corrupt = "the load has ended"
)

// stream is a value that comes in tagged chunks, and its coroutine. Of the two
// sides only one runs at a time.
type stream struct {
	loader  *loader // its own
	payload *window // where the piece at hand is
	left    uint32  // of the piece, not yet in the loader's window

	resume  func() (struct{}, bool) // runs the coroutine until it pauses or ends
	stop    func()                  // makes it end
	pause   func(struct{}) bool     // leaves the coroutine; false if it must end
	stopped bool                    // it must end
	err     error                   // how it ended
}

// streamError is an error that lies in a stream.
type streamError struct {
	loader *loader
	err    error
}

func (e *streamError) Error() string { return e.err.Error() }
func (e *streamError) Unwrap() error { return e.err }

// readChunk reads one piece.
func (l *loader) readChunk() error {
	id, s, err := l.chunkHead()
	if err != nil {
		return &opcodeError{rdbfmt.OpDFTaggedChunk, err}
	}
	if _, paused := s.resume(); paused {
		return nil // Read has seen the piece to its end
	}
	delete(l.streams, id)
	if s.err != nil {
		return &streamError{s.loader, s.err}
	}
	return nil
}

// chunkHead reads what precedes a piece, and begins a stream if it is the first.
func (l *loader) chunkHead() (id uint32, s *stream, err error) {
	if id, err = l.in.uint32(); err != nil {
		return 0, nil, err
	}
	n, err := l.in.uint32()
	switch {
	case err != nil:
		return 0, nil, err
	case id == 0:
		return 0, nil, errChunkStream
	case n == 0:
		return 0, nil, errChunkEmpty
	case l.dangling():
		return 0, nil, errChunkAttrs
	}
	if s = l.streams[id]; s == nil {
		if len(l.streams) >= maxStreams {
			return 0, nil, errStreams
		}
		if l.streams == nil {
			l.streams = make(map[uint32]*stream)
		}
		s = l.newStream()
		l.streams[id] = s
	}
	s.left = n
	return id, s, nil
}

// newStream returns the stream of a value in the current database.
func (l *loader) newStream() *stream {
	s := &stream{payload: &l.in}
	s.loader = &loader{job: l.job, stream: s}
	s.loader.in = window{src: s, size: streamWindow, noSum: true}
	s.loader.rec.DB = l.rec.DB
	s.loader.resetRecord()
	s.resume, s.stop = iter.Pull(func(yield func(struct{}) bool) {
		s.pause = yield
		s.err = s.loader.streamRecord()
	})
	return s
}

// streamRecord reads the one record of a stream.
func (l *loader) streamRecord() error {
	for {
		c, err := l.in.next()
		if err != nil {
			return err
		}
		switch c {
		case rdbfmt.OpExpireTime, rdbfmt.OpExpireTimeMs, rdbfmt.OpDFMask, rdbfmt.OpFreq, rdbfmt.OpIdle:
			err = l.opcode(c)
		default:
			if !isOpcode(c) {
				return l.record(c)
			}
			err = &opcodeError{c, errChunkOpcode}
		}
		if err != nil {
			return err
		}
	}
}

// Read is where the coroutine gets its input, and pauses for want of it.
func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 && !s.wait() {
		return 0, errStopped
	}
	in := s.payload
	if err := in.need(1); err != nil {
		return 0, err
	}
	n := copy(p[:min(len(p), int(s.left))], in.buf[in.r:in.w])
	in.r += n
	s.left -= uint32(n)
	return n, nil
}

// wait leaves the coroutine until the next piece is there. It returns false if
// none will be.
func (s *stream) wait() bool {
	if s.stopped {
		return false
	}
	onPause, onResume := s.loader.elems.OnPause, s.loader.elems.OnResume
	if onPause != nil {
		onPause()
	}
	s.stopped = !s.pause(struct{}{})
	if onResume != nil {
		onResume()
	}
	return !s.stopped
}

// usedUp verifies that the value has ended with its piece.
func (s *stream) usedUp() error {
	if s.left > 0 || s.loader.in.r < s.loader.in.w {
		return errChunkTail
	}
	return nil
}

// shed gives up memory before a pause between two elements. There may be a
// pause inside an element, but no writer makes one.
func (s *stream) shed() {
	l := s.loader
	if s.left > 0 || l.in.r < l.in.w {
		return
	}
	if len(l.in.buf) > l.in.size {
		l.in.shrink()
	}
	l.elems.Elem.Data, l.elems.Elem.Value = nil, nil // of the element before, done with
	for _, buf := range []*[]byte{&l.member, &l.second, &l.lzf, &l.packed} {
		if cap(*buf) > maxShed {
			*buf = nil
		}
	}
}

// unfinished returns an error if a value is under way at the end of the data.
func (l *loader) unfinished() error {
	if len(l.streams) == 0 {
		return nil
	}
	first := slices.Min(slices.Collect(maps.Keys(l.streams)))
	return &streamError{l.streams[first].loader, errUnfinished}
}

// stopStreams ends all coroutines.
func (l *loader) stopStreams() {
	for _, s := range l.streams {
		s.stop()
	}
}
