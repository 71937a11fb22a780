package persistence

import (
	"encoding/binary"

	"dragonfly/persistence/rdbfmt"
)

// chunker makes the chunks of big values. Between those of one value there may be anything else:
//
//	SELECTDB db | OpDFTaggedChunk | tag u32 | size u32 | so many bytes of the record
//
// The first one begins with what stands before the value: deadline, type, key. A chunk ends between two elements. A
// value that turns out to fit one chunk is a record like others:
//
//	SELECTDB db | record
type chunker struct {
	tag   uint32 // of the value that was last split; they are numbered from 1
	split bool   // a chunk of the value was made
	buf   []byte // chunkRoom bytes, then what was added; empty if nothing was
}

const (
	selectRoom = 1 + rdbfmt.MaxLenSize
	chunkRoom  = selectRoom + 1 + 4 + 4
	// keepChunk is the largest buffer that is kept.
	keepChunk = 1 << 20
)

// add adds bytes to the chunk.
func (c *chunker) add(b []byte) {
	if len(c.buf) == 0 {
		if cap(c.buf) > keepChunk {
			c.buf = nil
		}
		c.buf = append(c.buf, make([]byte, chunkRoom)...)
	}
	c.buf = append(c.buf, b...)
}

// size returns how many bytes were added.
func (c *chunker) size() int { return max(len(c.buf)-chunkRoom, 0) }

// next returns what was added, as a chunk of a value of a database, the last one or not. It is empty if nothing was
// added, and valid until the next call of add.
func (c *chunker) next(db int, last bool) []byte {
	first := !c.split
	c.split = !last
	size := c.size()
	if size == 0 {
		return nil
	}
	b := c.buf
	c.buf = c.buf[:0]
	var room [chunkRoom]byte
	head := appendSelect(room[:0], db)
	if !first || !last {
		if first {
			c.tag = max(c.tag+1, 1) // 0 is no tag
		}
		head = binary.LittleEndian.AppendUint32(append(head, rdbfmt.OpDFTaggedChunk), c.tag)
		head = binary.LittleEndian.AppendUint32(head, uint32(size))
	}
	at := chunkRoom - len(head)
	copy(b[at:], head)
	return b[at:]
}

// appendSelect appends the record that announces a database.
func appendSelect(dst []byte, db int) []byte {
	return rdbfmt.AppendLen(append(dst, rdbfmt.OpSelectDB), uint64(db))
}
