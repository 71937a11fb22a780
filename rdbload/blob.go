package rdbload

import (
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"dragonfly/persistence/rdbfmt"
)

// A compressed blob is
//
//	opcode | len n | n bytes: one LZ4 or ZSTD frame that tells the size of its content
//
// and its content a run of whole items, records mostly. The content is unpacked
// as it is read: neither of its sizes is believed with memory.

const (
	// maxBlob is the largest content that is taken. Dragonfly compresses 1 MiB at most.
	maxBlob = 1 << 30
	// A content of more than blobSlack may be blobRatio times the size of its frame at most. That is what LZ4 can
	// reach; a ZSTD frame can go far beyond, but with no data worth the name.
	blobSlack = 2 << 20
	blobRatio = 255
	// maxZstdWindow is the most that a ZSTD frame may make the decoder keep. One of Dragonfly asks for the size of
	// its content.
	maxZstdWindow = 4 << 20
)

const (
	errBlobEnd     corrupt = "the compressed blob ends inside an item"
	errBlobFrame   corrupt = "not a frame that tells the size of its content"
	errBlobSize    corrupt = "content of another size than its frame tells"
	errBlobTail    corrupt = "bytes after the frame"
	errBlobNested  corrupt = "inside a compressed blob"
	errBlobTooBig  corrupt = "content of impossible size"
	lz4Magic               = 0x184D2204
	lz4ContentSize         = 1 << 3 // flag: the size of the content follows the two flag bytes
)

// unpacker unpacks one compressed blob after another. It is the io.Reader of their
// content.
type unpacker struct {
	at    int64 // offset of the opcode
	frame section
	size  uint64 // of the content, as the frame tells
	done  uint64 // how much of it has been read
	err   error  // what Read ended with

	from io.Reader // lz4 or zstd, reading from frame
	lz4  *lz4.Reader
	zstd *zstd.Decoder
	buf  []byte // for the window on the next content
}

// readBlob reads a compressed blob and the items in it.
func (l *loader) readBlob(op byte) error {
	if l.inBlob {
		return &opcodeError{op, errBlobNested}
	}
	if l.dangling() {
		return &opcodeError{op, errChunkAttrs}
	}
	if err := l.openBlob(op); err != nil {
		return &opcodeError{op, err}
	}
	l.file, l.inBlob = l.in, true
	l.in = window{src: &l.blob, size: windowSize, end: errBlobEnd, noSum: true, buf: l.blob.buf}
	for {
		end, err := l.blobEnded()
		if err != nil {
			return err
		}
		if end {
			break
		}
		c, err := l.in.next()
		if err != nil {
			return err
		}
		if err := l.item(c); err != nil {
			return err
		}
	}
	if l.dangling() {
		return errBlobEnd
	}
	l.blob.buf = l.in.buf
	l.in, l.inBlob = l.file, false
	return nil
}

// dangling reports whether attributes of a record have been read, but no record.
func (l *loader) dangling() bool {
	return l.rec.HasDeadline || l.rec.Sticky || l.rec.HasMemcacheFlags || l.rec.Idle >= 0 || l.rec.Freq >= 0
}

// blobEnded reports whether the content has come to its end, and the frame to its.
func (l *loader) blobEnded() (bool, error) {
	err := l.in.need(1)
	if err == errBlobEnd {
		return true, nil
	}
	return false, err
}

// openBlob reads what precedes the content of a blob.
func (l *loader) openBlob(op byte) (err error) {
	b := &l.blob
	b.at = l.in.offset() - 1
	n, err := l.in.length()
	if err != nil {
		return err
	}
	b.frame = section{in: &l.file, left: n}
	if op == rdbfmt.OpDFLZ4Blob {
		b.size, err = l.in.lz4Size(n)
	} else {
		b.size, err = l.in.zstdSize(n)
	}
	if err != nil {
		return err
	}
	if b.size > maxBlob || b.size > blobSlack && b.size/blobRatio > n {
		return errBlobTooBig
	}
	b.done, b.err = 0, nil
	if op == rdbfmt.OpDFLZ4Blob {
		if b.lz4 == nil {
			b.lz4 = lz4.NewReader(nil)
		}
		b.lz4.Reset(&b.frame)
		b.from = b.lz4
		return nil
	}
	if b.zstd == nil {
		b.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return err
		}
	}
	b.from = b.zstd
	return b.zstd.Reset(&b.frame)
}

// lz4Size returns the content size of the frame of n bytes that comes next:
//
//	magic u32 | flags u8 | block sizes u8 | content size u64 | …
func (in *window) lz4Size(n uint64) (uint64, error) {
	const head = 4 + 2 + 8
	if n < head {
		return 0, errBlobFrame
	}
	if err := in.need(head); err != nil {
		return 0, err
	}
	b := in.buf[in.r:in.w]
	if binary.LittleEndian.Uint32(b) != lz4Magic || b[4]&lz4ContentSize == 0 {
		return 0, errBlobFrame
	}
	return binary.LittleEndian.Uint64(b[6:]), nil
}

// zstdSize returns the content size of the frame of n bytes that comes next.
func (in *window) zstdSize(n uint64) (uint64, error) {
	head := int(min(n, zstd.HeaderMaxSize))
	if err := in.need(head); err != nil {
		return 0, err
	}
	var h zstd.Header
	if err := h.Decode(in.buf[in.r : in.r+head]); err != nil || h.Skippable || !h.HasFCS {
		return 0, errBlobFrame
	}
	return h.FrameContentSize, nil
}

// Read unpacks. At the end it verifies that the frame was all there is, and
// that it kept its word.
func (b *unpacker) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.from.Read(p)
	b.done += uint64(n)
	switch {
	case b.done > b.size:
		n, err = 0, errBlobSize
	case err == nil:
		return n, nil
	case b.frame.err != nil:
		err = b.frame.err
	case err != io.EOF:
		err = corrupt(err.Error())
	case b.done < b.size:
		err = errBlobSize
	case b.frame.left > 0:
		err = errBlobTail
	}
	b.err = err
	return n, err
}

// close gives up the memory of the decoders.
func (b *unpacker) close() {
	if b.lz4 != nil {
		b.lz4.Reset(nil)
	}
	if b.zstd != nil {
		b.zstd.Close()
	}
}

// section reads some bytes of a window.
type section struct {
	in   *window
	left uint64
	err  error // why the window could not give them
}

// Read reads what is there already, if anything is.
func (s *section) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	if s.err = s.in.need(1); s.err != nil {
		return 0, s.err
	}
	n := copy(p[:min(uint64(len(p)), s.left)], s.in.buf[s.in.r:s.in.w])
	s.in.r += n
	s.left -= uint64(n)
	return n, nil
}
