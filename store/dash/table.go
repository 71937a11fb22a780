package dash

import (
	"math/rand/v2"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"dragonfly/store/arena"
)

// Root is the state of a table: plain bytes without pointers, so that it can live in the arena.
// The zero Root is an empty table.
type Root struct {
	count uint64
	dir   arena.Ref // the directory, or the only segment while depth is 0
	deep  uint32    // segments whose local depth equals depth
	segs  uint32    // segments
	depth uint8
	log   uint8 // home buckets of the only segment, as a power of two; bucketBits from depth 1 on
	_     [2]byte
}

// RootBytes is the size of a Root.
const RootBytes = int(unsafe.Sizeof(Root{}))

var _ [0]struct{} = [RootBytes - 24]struct{}{}

// Table is a handle on a table: its root together with what is needed to work on it.
type Table struct {
	*Root
	A *arena.Arena
	// KeyOf returns the key of an entry as a view into the arena.
	KeyOf func(a *arena.Arena, r arena.Ref) []byte
	// Hook, unless nil, is called before a bucket gains, loses or moves an entry.
	Hook func(b *Bucket)
	// Version is the stamp of buckets that come into being.
	Version uint32
}

// Hash returns the hash of a key, for all tables and for the choice of the shard.
func Hash(key []byte) uint64 { return xxhash.Sum64(key) }

// PosOf returns the position of a hash.
func PosOf(h uint64) uint64 { return h >> bucketPos & (EndPos - 1) }

// Pos is the place of an entry in a table. It is valid until the table gains or loses an entry.
type Pos struct {
	b, home *Bucket
	seg     Segment
	i       int
}

// Ok tells whether there is an entry.
func (p Pos) Ok() bool { return p.b != nil }

// Slot returns the place of the reference.
func (p Pos) Slot() *arena.Ref { return &p.b.refs[p.i] }

// Bucket returns the bucket that holds the entry.
func (p Pos) Bucket() *Bucket { return p.b }

// NoteDeadline tells the segment that one of its entries expires at ms.
func (p Pos) NoteDeadline(ms int64) {
	if h := p.seg.header(); ms < h.minDeadline {
		h.minDeadline = ms
	}
}

func (t *Table) hook(b *Bucket) {
	if t.Hook != nil {
		t.Hook(b)
	}
}

func fingerprint(h uint64) uint8 {
	if fp := uint8(h >> fpPos); fp != 0 {
		return fp
	}
	return 0x80
}

// Len returns the number of entries.
func (t *Table) Len() int { return int(t.count) }

func (t *Table) directory() []arena.Ref {
	if t.depth == 0 {
		return unsafe.Slice(&t.dir, 1)
	}
	return unsafe.Slice((*arena.Ref)(t.A.Ptr(t.dir)), 1<<t.depth)
}

func (t *Table) dirIndex(pos uint64) int {
	return int(uint32(pos>>bucketBits) >> (dirBits - uint32(t.depth)))
}

func (t *Table) segRef(pos uint64) arena.Ref {
	if t.depth == 0 {
		return t.dir
	}
	return *(*arena.Ref)(unsafe.Add(t.A.Ptr(t.dir), t.dirIndex(pos)*4))
}

func (t *Table) segment(pos uint64) Segment { return Segment{t.A.Ptr(t.segRef(pos)), t.log} }

// Find returns the place of the entry with this key; h is Hash(key).
func (t *Table) Find(h uint64, key []byte) Pos {
	if t.count == 0 {
		return Pos{}
	}
	s := t.segment(PosOf(h))
	fp := fingerprint(h)
	home := s.bucket(s.home(h))
	if i := home.find(t, fp, key); i >= 0 {
		return Pos{home, home, s, i}
	}
	if home.overflow == 0 {
		return Pos{}
	}
	return t.findStash(s, home, fp, key)
}

func (t *Table) findStash(s Segment, home *Bucket, fp uint8, key []byte) (p Pos) {
	t.eachStash(s, func(b *Bucket) bool {
		i := b.find(t, fp, key)
		if i >= 0 {
			p = Pos{b, home, s, i}
		}
		return i >= 0
	})
	return p
}

// Insert adds an entry whose key is not in the table; h is the hash of its key.
func (t *Table) Insert(h uint64, r arena.Ref) Pos {
	if t.dir == arena.Nil {
		t.dir, _ = t.newSegment(0, 0, 0)
		t.log, t.depth, t.deep, t.segs = 0, 0, 1, 1
	}
	t.count++
	fp := fingerprint(h)
	for {
		s := t.segment(PosOf(h))
		if p, ok := t.place(s, h, fp, r); ok {
			return p
		}
		if !t.grow(PosOf(h)) {
			return t.placeChained(s, h, fp, r)
		}
	}
}

// Remove takes the entry out of the table. It does not free it.
func (t *Table) Remove(p Pos) {
	t.hook(p.b)
	if p.b != p.home {
		p.home.overflow--
	}
	p.b.clear(p.i)
	t.count--
	h := p.seg.header()
	h.count--
	// Rarely enough not to matter, often enough that a shrinking table follows.
	if h.count&15 == 0 {
		t.shrink(p.seg.first())
	}
}

// Clear frees the table's own memory, not the entries, and makes it empty.
func (t *Table) Clear() {
	cursor := uint64(0)
	for !t.FreeStep(&cursor, 1<<20, func(arena.Ref) {}) {
	}
}

// FreeStep frees the table in pieces: entries by calling free for each, and the table's own memory. It goes on
// from *cursor, which starts at 0, frees about n entries, and tells whether all is done; Root is empty then.
// Between the first call and the last the table must not be used otherwise.
func (t *Table) FreeStep(cursor *uint64, n int, free func(r arena.Ref)) (done bool) {
	for t.dir != arena.Nil && *cursor < EndPos {
		if n <= 0 {
			return false
		}
		r := t.segRef(*cursor)
		s := Segment{t.A.Ptr(r), t.log}
		n -= s.Count() + 1
		t.EachBucket(s, func(b *Bucket) {
			b.Prefetch(t.A)
			b.Each(func(slot *arena.Ref) { free(*slot) })
		})
		*cursor = s.end()
		t.freeSegment(r, s)
	}
	if t.depth > 0 {
		t.A.Free(t.dir)
	}
	*t.Root = Root{}
	return true
}

// SegmentAt returns the segment that covers a position and the position behind it. ok is false in an empty
// table and at the end.
func (t *Table) SegmentAt(pos uint64) (s Segment, next uint64, ok bool) {
	if t.dir == arena.Nil || pos >= EndPos {
		return Segment{}, EndPos, false
	}
	s = t.segment(pos)
	return s, s.end(), true
}

// Each calls fn for the slot of every entry until it returns false. fn may free or move what the slot refers
// to, but the table must not gain or lose entries.
func (t *Table) Each(fn func(slot *arena.Ref) bool) {
	for pos := uint64(0); ; {
		s, next, ok := t.SegmentAt(pos)
		if !ok {
			return
		}
		more := true
		t.EachBucket(s, func(b *Bucket) {
			for i := 0; i < bucketSlots && more; i++ {
				if b.fps[i] != 0 {
					more = fn(&b.refs[i])
				}
			}
		})
		if !more {
			return
		}
		pos = next
	}
}

// Scan calls fn for every entry of the cell at cursor and returns the cursor of the next cell, 0 at the end.
// Start with 0. See the package comment for what is guaranteed.
//
// Cells are ordered by home bucket first and directory second: so a cell is one range of cursors both in a
// table of several segments and in a small one, whose fewer home buckets are chosen by the top bucket bits.
func (t *Table) Scan(cursor uint64, fn func(slot *arena.Ref)) uint64 {
	if t.count == 0 || cursor >= EndPos {
		return 0
	}
	bucket, prefix := cursor>>dirBits, cursor&(1<<dirBits-1)
	s := t.segment(prefix << bucketBits)
	i := int(bucket) >> (bucketBits - s.log)
	home := s.bucket(i)
	home.Each(fn)
	if home.overflow > 0 {
		t.eachStash(s, func(b *Bucket) bool {
			b.Each(func(slot *arena.Ref) {
				if s.home(Hash(t.KeyOf(t.A, *slot))) == i {
					fn(slot)
				}
			})
			return false
		})
	}
	next := bucket<<dirBits + s.end()>>bucketBits
	if t.depth == 0 {
		next = uint64(i+1) << (bucketBits - s.log) << dirBits
	}
	if next >= EndPos {
		return 0
	}
	return next
}

// Random returns the slot of an entry chosen with equal probability, nil in an empty table.
func (t *Table) Random() *arena.Ref {
	if t.count == 0 {
		return nil
	}
	for range 1000 {
		s := t.segment(rand.Uint64() & (EndPos - 1))
		// A segment that covers more positions is chosen more often: make up for it.
		if d := t.depth - s.header().depth; d > 0 && rand.Uint64()&(1<<d-1) != 0 {
			continue
		}
		if slot := t.randomIn(s); slot != nil {
			return slot
		}
	}
	return t.firstFrom(rand.Uint64() & (EndPos - 1))
}

func (t *Table) randomIn(s Segment) *arena.Ref {
	n := segBuckets(s.log)
	for range 4 {
		if s.header().chain != arena.Nil {
			return t.randomChained(s)
		}
		b := s.bucket(rand.IntN(n))
		if i := rand.IntN(bucketSlots); b.fps[i] != 0 {
			return &b.refs[i]
		}
	}
	return nil
}

// randomChained chooses among the entries of a segment by counting them.
func (t *Table) randomChained(s Segment) (slot *arena.Ref) {
	if s.Count() == 0 {
		return nil
	}
	left := rand.IntN(s.Count())
	t.EachBucket(s, func(b *Bucket) {
		b.Each(func(r *arena.Ref) {
			if left == 0 {
				slot = r
			}
			left--
		})
	})
	return slot
}

// firstFrom returns the first entry at or behind a position, for tables that are nearly empty.
func (t *Table) firstFrom(pos uint64) (slot *arena.Ref) {
	for range 2 {
		for {
			s, next, ok := t.SegmentAt(pos)
			if !ok {
				break
			}
			if s.Count() > 0 {
				return t.randomChained(s)
			}
			pos = next
		}
		pos = 0
	}
	return nil
}

// Bytes returns the memory of the table itself, without its entries, and without the chains that keys made by intent
// have: it takes a moment.
func (t *Table) Bytes() int {
	n := int(t.segs) * arena.Round(segBytes(t.log))
	if t.depth > 0 {
		n += t.A.Size(t.dir)
	}
	return n
}

// Share returns the part of the table's memory that is for the entry at p: that of its segment is divided among those in
// it.
func (t *Table) Share(p Pos) int { return arena.Round(segBytes(p.seg.log)) / p.seg.Count() }

// Capacity returns the number of places for entries.
func (t *Table) Capacity() int { return int(t.segs) * segBuckets(t.log) * bucketSlots }
