package snapshot

import (
	"encoding/binary"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store"
	"dragonfly/store/object"
)

const (
	// A value of more elements than bigAt, or of more bytes than bigBytes, is written in pieces.
	bigAt    = 2000
	bigBytes = 4 * pieceBytes
	// clockMask is the range of an entry's access clock.
	clockMask = 1<<24 - 1
	// pieceBytes is about how much of a big value is written under one lock visit.
	pieceBytes = 64 << 10
)

// Access says what is written of the accesses to a key. Redis writes what its maxmemory-policy decides by.
type Access uint8

// The kinds of Access.
const (
	NoAccess Access = iota
	Idle            // seconds since the last access
	Freq            // the frequency counter
)

// Writer serialises the entries of one shard. It implements store.SnapshotWriter: its methods are called with the
// shard locked. The buffers are taken by the saver, under the same lock.
type Writer struct {
	Compress bool // LZF for strings and blobs
	Access   Access
	NowMs    int64 // time of the cut, for idle times

	// Records is a sequence of complete records, each database announced.
	Records []byte
	// Piece is what was written of a big value since it was last taken; it belongs behind what was taken of it
	// before, and before any further record.
	Piece []byte
	// Version is the lowest RDB version that knows all types written.
	Version int
	// Keys and ByType count the entries written.
	Keys   int
	ByType [16]int64

	db    int   // database of the last record in Records, -1 = not announced
	small value // the entry being written at once
	big   value // the entry being written in pieces
}

// NewWriter returns a writer with room for so many bytes of records.
func NewWriter(compress bool, room int) *Writer {
	return &Writer{Compress: compress, Version: 9, Records: make([]byte, 0, room), db: -1}
}

// Take returns the complete records and replaces their buffer by an empty one.
func (w *Writer) Take(buf []byte) []byte {
	out := w.Records
	w.Records, w.db = buf[:0], -1
	return out
}

// Entry writes one entry.
func (w *Writer) Entry(db int, c object.Cell) {
	if w.db != db {
		w.Records = append(w.Records, rdbfmt.OpSelectDB)
		w.Records = rdbfmt.AppendLen(w.Records, uint64(db))
		w.db = db
	}
	v := &w.small
	v.open(c)
	w.Records = v.head(w.front(w.Records, v), w.Compress)
	for !v.done {
		w.Records = v.step(w.Records, 1<<30, w.Compress)
	}
}

// front appends expiry, type and key.
func (w *Writer) front(dst []byte, v *value) []byte {
	w.Keys++
	w.ByType[v.c.Type()]++
	w.Version = max(w.Version, versionOf(v.kind))
	if ms, ok := v.c.Deadline(); ok {
		dst = append(dst, rdbfmt.OpExpireTimeMs)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(ms))
	}
	switch clock := v.c.Clock(); w.Access {
	case Idle:
		dst = append(dst, rdbfmt.OpIdle)
		dst = rdbfmt.AppendLen(dst, uint64(w.NowMs/1000-int64(clock))&clockMask)
	case Freq:
		dst = append(dst, rdbfmt.OpFreq, byte(clock))
	}
	return rdbfmt.AppendString(append(dst, v.kind), v.c.Key(), false)
}

// Big tells whether an entry should be written in pieces.
func (w *Writer) Big(c object.Cell) bool {
	// The bytes of a sorted set are too much work to count; few have members that are large.
	return store.Elements(c) > bigAt || c.Type() != object.Zset && store.MemUsage(c) > bigBytes
}

// Begin starts an entry that is written in pieces.
func (w *Writer) Begin(db int, c object.Cell) {
	w.Piece = append(w.Piece, rdbfmt.OpSelectDB)
	w.Piece = rdbfmt.AppendLen(w.Piece, uint64(db))
	w.big.open(c)
	w.Piece = w.big.head(w.front(w.Piece, &w.big), w.Compress)
}

// Step writes one piece and tells whether it was the last.
func (w *Writer) Step(c object.Cell) (done bool) {
	w.big.c = c // the slot may have moved with its segment
	w.Piece = w.big.step(w.Piece, pieceBytes, w.Compress)
	return w.big.done
}

// AppendDump appends the DUMP payload of a value: type, value and footer.
func AppendDump(dst []byte, c object.Cell) []byte {
	start := len(dst)
	var v value
	v.open(c)
	dst = v.head(append(dst, v.kind), true)
	for !v.done {
		dst = v.step(dst, 1<<30, true)
	}
	return rdbfmt.AppendFooter(dst, start, versionOf(v.kind))
}
