package snapshot

import (
	"encoding/binary"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store"
	"dragonfly/store/object"
)

const (
	// A value of more elements than bigAt, or of more bytes than bigBytes, is written in pieces; strings and opaque
	// values from rawBytes on, as they are.
	bigAt    = 2000
	bigBytes = 256 << 10
	rawBytes = 1 << 20
	// clockMask is the range of an entry's access clock.
	clockMask = 1<<24 - 1
	// defaultChunk and defaultPiece are those of Options.
	defaultChunk = 64 << 10
	defaultPiece = 64 << 10
	// maxSpare is how many buffers are kept for the next chunks, and keepBytes up to which size.
	maxSpare  = 4
	keepBytes = 1 << 20
)

// Access says what is written of the accesses to a key. Redis writes what its maxmemory-policy decides by.
type Access uint8

// The kinds of Access.
const (
	NoAccess Access = iota
	Idle            // seconds since the last access
	Freq            // the frequency counter
)

// Options say how entries are written.
type Options struct {
	Compress bool // LZF for strings and blobs
	Access   Access
	NowMs    int64 // time of the cut, for idle times
	DFS      bool  // the file is part of a Dragonfly snapshot
	Target   Target
	Chunk    int // about how many bytes of records are handed over at once; 0 = 64 KiB
	Piece    int // about how many bytes of a big value are written under one lock visit; 0 = 64 KiB
}

// Counts say what was written.
type Counts struct {
	Keys   int
	ByType [16]int64 // keys by object.Type
	// Version is the lowest RDB version that knows all types written, or that of the target.
	Version int
	// FieldTTLMs counts the hashes that Dragonfly cannot load from its own kind of snapshot, since a deadline in them
	// is no whole second.
	FieldTTLMs int64
	// Lost counts what the target cannot hold.
	Lost [NumLosses]int64
}

// Add adds what another has written.
func (c *Counts) Add(o *Counts) {
	c.Keys += o.Keys
	c.Version = max(c.Version, o.Version)
	c.FieldTTLMs += o.FieldTTLMs
	for i, n := range o.ByType {
		c.ByType[i] += n
	}
	for i, n := range o.Lost {
		c.Lost[i] += n
	}
}

// Writer serialises the entries of one shard. It implements store.SnapshotWriter: its methods are called with the shard
// locked. What it has written is taken by the saver, under the same lock.
//
// Complete records are collected in chunks. Where a chunk ends follows from the records alone, not from when they are
// taken. Each chunk announces its database, so chunks of several writers may follow one another in any order. Pieces
// of a big value stand apart; what comes before the first is announcing its database, BigDB.
type Writer struct {
	Counts
	// Err says that the target cannot hold an entry. The snapshot is of no use then.
	Err error

	opt     Options
	records []byte   // the chunk being filled
	full    [][]byte // full chunks, oldest first
	spare   [][]byte // buffers for further chunks
	waiting int      // bytes in full
	db      int      // database of the last record in records, -1 = not announced
	small   value    // the entry being written at once

	big     value // the entry being written in pieces
	bigDB   int
	leftOut bool   // big is not written at all
	begun   bool   // the head of big is written
	piece   []byte // what was written of big since it was last taken
	// What Splits and MayCut tell. It is noted while big is written: when they are asked, the value may be gone.
	splits, mayCut bool
}

// NewWriter returns a writer.
func NewWriter(opt Options) *Writer {
	if opt.Chunk == 0 {
		opt.Chunk = defaultChunk
	}
	if opt.Piece == 0 {
		opt.Piece = defaultPiece
	}
	return &Writer{opt: opt, db: -1, Counts: Counts{Version: max(opt.Target.Version, MinTarget)}}
}

// Backlog returns how many bytes wait to be taken.
func (w *Writer) Backlog() int { return w.waiting + len(w.records) + len(w.piece) }

// Take returns the oldest full chunk, or with rest set the last one that is not full, and takes spare, a buffer that the
// caller no longer needs, in exchange. It returns nil, and takes nothing, if there is none.
func (w *Writer) Take(spare []byte, rest bool) []byte {
	if rest && len(w.full) == 0 && len(w.records) > 0 {
		w.seal()
	}
	if len(w.full) == 0 {
		return nil
	}
	w.keep(spare)
	chunk := w.full[0]
	n := copy(w.full, w.full[1:])
	w.full = w.full[:n]
	w.waiting -= len(chunk)
	return chunk
}

// seal makes records a full chunk.
func (w *Writer) seal() {
	w.full = append(w.full, w.records)
	w.waiting += len(w.records)
	w.records, w.db = nil, -1
	if n := len(w.spare); n > 0 {
		w.records, w.spare = w.spare[n-1], w.spare[:n-1]
	}
}

func (w *Writer) keep(spare []byte) {
	if c := cap(spare); c >= w.opt.Chunk && c <= keepBytes && len(w.spare) < maxSpare {
		w.spare = append(w.spare, spare[:0])
	}
}

// TakePiece returns what was written of a big value since it was last taken, and its database. It keeps spare as the
// buffer of the next piece.
func (w *Writer) TakePiece(spare []byte) (piece []byte, db int) {
	piece, w.piece = w.piece, spare[:0]
	return piece, w.bigDB
}

// Splits tells whether the value that is being written in pieces, or was last, may be split into chunks of a Dragonfly
// snapshot.
func (w *Writer) Splits() bool { return w.splits }

// MayCut tells whether a chunk may end behind the last piece of such a value.
func (w *Writer) MayCut() bool { return w.mayCut }

// Entry writes one entry.
func (w *Writer) Entry(db int, c object.Cell) {
	p, ok := w.plan(db, c)
	if !ok {
		return
	}
	v := &w.small
	v.open(c, p, w.opt.NowMs)
	if p.look != noLook {
		for !v.lookOn(lookAtOnce) {
		}
		if v.gone() {
			return
		}
	}
	if w.db != db {
		if w.records == nil {
			w.records = make([]byte, 0, w.opt.Chunk+w.opt.Chunk/4)
		}
		w.records = append(w.records, rdbfmt.OpSelectDB)
		w.records = rdbfmt.AppendLen(w.records, uint64(db))
		w.db = db
	}
	w.records = v.head(w.front(w.records, v), w.opt.Compress)
	for !v.done {
		w.records = v.step(w.records, 1<<30, w.opt.Compress)
	}
	if len(w.records) >= w.opt.Chunk {
		w.seal()
	}
}

// front appends what stands before the value, and counts the entry.
func (w *Writer) front(dst []byte, v *value) []byte {
	w.Keys++
	w.ByType[v.c.Type()]++
	if w.opt.Target.Version == 0 {
		w.Version = max(w.Version, versionOf(v.kind))
	}
	if w.opt.DFS && (v.kind == rdbfmt.TypeHashMeta || v.kind == rdbfmt.TypeHashListpackEx) {
		w.FieldTTLMs++
	}
	if ms, ok := v.c.Deadline(); ok {
		dst = append(dst, rdbfmt.OpExpireTimeMs)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(ms))
	}
	switch clock := v.c.Clock(); w.opt.Access {
	case Idle:
		dst = append(dst, rdbfmt.OpIdle)
		dst = rdbfmt.AppendLen(dst, uint64(w.opt.NowMs/1000-int64(clock))&clockMask)
	case Freq:
		dst = append(dst, rdbfmt.OpFreq, byte(clock))
	}
	if w.opt.Target.Version == 0 {
		dst = appendMarks(dst, v.c)
	}
	return rdbfmt.AppendString(append(dst, v.kind), v.c.Key(), false)
}

// appendMarks appends what stands beside a value that no Redis knows, if there is any.
func appendMarks(dst []byte, c object.Cell) []byte {
	var mask uint32
	if c.Sticky() {
		mask = rdbfmt.DFMaskSticky
	}
	flags := c.MemcacheFlags()
	if flags != 0 {
		mask |= rdbfmt.DFMaskMemcacheFlags
	}
	if mask == 0 {
		return dst
	}
	dst = binary.LittleEndian.AppendUint32(append(dst, rdbfmt.OpDFMask), mask)
	if flags != 0 {
		dst = binary.LittleEndian.AppendUint32(dst, flags)
	}
	return dst
}

// Big tells whether an entry should be written in pieces.
func (w *Writer) Big(c object.Cell) bool {
	switch t := c.Type(); {
	case t == object.String || t.Opaque():
		return c.Len() > rawBytes
	case t == object.Zset:
		// The bytes of a sorted set are too much work to count; few have members that are large.
		return store.Elements(c) > bigAt
	}
	return store.Elements(c) > bigAt || store.MemUsage(c) > bigBytes
}

// Begin starts an entry that is written in pieces.
func (w *Writer) Begin(db int, c object.Cell) {
	p, ok := w.plan(db, c)
	w.big.open(c, p, w.opt.NowMs)
	w.bigDB, w.begun, w.leftOut = db, false, !ok
	w.splits, w.mayCut = ok && w.big.splits(), false
}

// Step writes one piece, which may be empty, and tells whether it was the last.
func (w *Writer) Step(c object.Cell) (done bool) {
	v := &w.big
	v.c = c // the slot may have moved with its segment
	if w.leftOut {
		return true
	}
	if !w.begun {
		if !v.lookOn(lookAtOnce) {
			return false
		}
		if v.gone() {
			return true
		}
		w.piece = v.head(w.front(w.piece, v), w.opt.Compress)
		w.begun = true
	}
	w.piece = v.step(w.piece, w.opt.Piece, w.opt.Compress)
	w.mayCut = v.mayCut()
	return v.done
}

// AppendDump appends the DUMP payload of a value: type, value and footer.
func AppendDump(dst []byte, c object.Cell) []byte {
	start := len(dst)
	var w Writer
	p, _ := w.plan(0, c)
	v := &w.small
	v.open(c, p, 0)
	dst = v.head(append(dst, v.kind), true)
	for !v.done {
		dst = v.step(dst, 1<<30, true)
	}
	return rdbfmt.AppendFooter(dst, start, versionOf(v.kind))
}
