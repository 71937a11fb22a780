package persistence

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"dragonfly/persistence/rdbfmt"
)

// A blob is a run of records that is compressed as one:
//
//	OpDFZstdBlob or OpDFLZ4Blob | len compressed size | one frame, which tells the size of its content
//
// The content begins with SELECTDB. A file has blobs of one kind.
const (
	minBlob = 256
	maxBlob = 1 << 20
	// A blob must be at most this part of its content.
	blobPercent = 95
	// blobRoom is what stands before the frame: opcode and length.
	blobRoom = 1 + rdbfmt.MaxLenSize
)

// compressor makes blobs. It belongs to one goroutine.
type compressor struct {
	kind  Compression
	level int
	zstd  *zstd.Encoder
	lz4   *lz4.Writer
	out   frame
}

// frame is a buffer to write to.
type frame []byte

// Write appends b.
func (f *frame) Write(b []byte) (int, error) {
	*f = append(*f, b...)
	return len(b), nil
}

func newCompressor(kind Compression, level int) (*compressor, error) {
	c := &compressor{kind: kind, level: level, out: make(frame, 0, blobRoom+chunkBytes)}
	var err error
	switch kind {
	case Zstd:
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
			zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithWindowSize(maxBlob))
	case LZ4:
		c.lz4 = lz4.NewWriter(nil)
		err = c.lz4.Apply(lz4.ChecksumOption(false), lz4.ConcurrencyOption(1), lz4.CompressionLevelOption(lz4Level(level)))
	}
	if err != nil {
		return nil, fmt.Errorf("compression level %d: %w", level, err)
	}
	return c, nil
}

// lz4Level returns the level of the package for one of LZ4's own.
func lz4Level(level int) lz4.CompressionLevel {
	if level < 3 {
		return lz4.Fast
	}
	return lz4.Level3 << (min(level, 9) - 3)
}

// blob returns b as a blob, valid until the next call; ok is false if it is to be written as it is.
func (c *compressor) blob(b []byte) (blob []byte, ok bool) {
	if len(b) < minBlob || len(b) > maxBlob || c.zstd == nil && c.lz4 == nil {
		return nil, false
	}
	var room [blobRoom]byte
	c.out = append(c.out[:0], room[:]...)
	op := byte(rdbfmt.OpDFZstdBlob)
	if c.kind == Zstd {
		c.out = c.zstd.EncodeAll(b, c.out)
	} else {
		op = rdbfmt.OpDFLZ4Blob
		if err := c.frame(b); err != nil {
			return nil, false
		}
	}
	size := len(c.out) - blobRoom
	if size*100 > len(b)*blobPercent {
		return nil, false
	}
	head := rdbfmt.AppendLen(append(room[:0], op), uint64(size))
	at := blobRoom - len(head)
	copy(c.out[at:], head)
	return c.out[at:], true
}

// frame appends b to out as a frame of LZ4.
func (c *compressor) frame(b []byte) error {
	size := lz4.Block64Kb
	if len(b) > int(size) {
		size = lz4.Block1Mb
	}
	c.lz4.Reset(&c.out)
	if err := c.lz4.Apply(lz4.SizeOption(uint64(len(b))), lz4.BlockSizeOption(size)); err != nil {
		return err
	}
	if _, err := c.lz4.Write(b); err != nil {
		return err
	}
	return c.lz4.Close()
}

// close gives back what the compressor has.
func (c *compressor) close() {
	if c.zstd != nil {
		c.zstd.Close()
	}
}
