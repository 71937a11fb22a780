package dash

import (
	"math"
	"unsafe"

	"dragonfly/store/arena"
)

const (
	bucketBits = 5  // a full segment has 32 home buckets
	dirBits    = 32 // hash bits for the directory
	bucketPos  = 11 // lowest hash bit of the bucket number
	dirPos     = bucketPos + bucketBits
	fpPos      = 3

	// PosBits is the number of hash bits that make a position.
	PosBits = dirBits + bucketBits
	// EndPos is the position behind the last one.
	EndPos = uint64(1) << PosBits
)

// stashOf is the number of stash buckets of a segment with 2^log home buckets. Three for 32 let a segment fill
// to about 93 % before it splits, and make a segment just fit its arena class.
var stashOf = [bucketBits + 1]int{0, 1, 1, 1, 2, 3}

// segHeader stands behind the buckets of a segment.
type segHeader struct {
	minDeadline int64 // no entry of this segment expires before; MaxInt64 = none has a deadline
	prefix      uint32
	chain       arena.Ref
	count       uint16
	depth       uint8
	_           [13]byte
}

var _ [0]struct{} = [unsafe.Sizeof(segHeader{}) - 32]struct{}{}

// chained is a stash bucket beyond those of the segment.
type chained struct {
	Bucket
	next arena.Ref
	_    uint32
}

// Segment is a handle on one segment: a view, valid until the table grows, shrinks or is freed.
type Segment struct {
	p   unsafe.Pointer
	log uint8
}

func segBytes(log uint8) int { return segBuckets(log)*128 + 32 }

// segBuckets returns the number of home and stash buckets.
func segBuckets(log uint8) int { return 1<<log + stashOf[log] }

func (s Segment) header() *segHeader {
	return (*segHeader)(unsafe.Add(s.p, segBuckets(s.log)*128))
}

func (s Segment) bucket(i int) *Bucket { return (*Bucket)(unsafe.Add(s.p, i*128)) }

func (s Segment) home(h uint64) int {
	return int(h>>bucketPos) & (1<<bucketBits - 1) >> (bucketBits - s.log)
}

// Count returns the number of entries.
func (s Segment) Count() int { return int(s.header().count) }

// MinDeadline returns a time before which no entry of the segment expires.
func (s Segment) MinDeadline() int64 { return s.header().minDeadline }

// SetMinDeadline replaces the lower bound, after all entries were looked at.
func (s Segment) SetMinDeadline(ms int64) { s.header().minDeadline = ms }

// first and end of the positions that the segment covers.
func (s Segment) first() uint64 { return uint64(s.header().prefix) << bucketBits }

func (s Segment) end() uint64 {
	return s.first() + uint64(1)<<(PosBits-uint64(s.header().depth))
}

// EachBucket calls fn for every bucket of the segment, stash and chain included.
func (t *Table) EachBucket(s Segment, fn func(b *Bucket)) {
	for i := range segBuckets(s.log) {
		fn(s.bucket(i))
	}
	for c := s.header().chain; c != arena.Nil; {
		ch := (*chained)(t.A.Ptr(c))
		fn(&ch.Bucket)
		c = ch.next
	}
}

// eachStash calls fn for the stash buckets in search order until it returns true.
func (t *Table) eachStash(s Segment, fn func(b *Bucket) bool) {
	for i := 1 << s.log; i < segBuckets(s.log); i++ {
		if fn(s.bucket(i)) {
			return
		}
	}
	for c := s.header().chain; c != arena.Nil; {
		ch := (*chained)(t.A.Ptr(c))
		if fn(&ch.Bucket) {
			return
		}
		c = ch.next
	}
}

// newSegment allocates an empty segment. Its buckets count as up to date for the running snapshot.
func (t *Table) newSegment(log uint8, prefix uint32, depth uint8) (arena.Ref, Segment) {
	r := t.A.AllocZero(segBytes(log))
	s := Segment{t.A.Ptr(r), log}
	h := s.header()
	h.prefix, h.depth, h.minDeadline = prefix, depth, math.MaxInt64
	if t.Version != 0 {
		for i := range segBuckets(log) {
			s.bucket(i).Version = t.Version
		}
	}
	return r, s
}

func (t *Table) freeSegment(r arena.Ref, s Segment) {
	for c := s.header().chain; c != arena.Nil; {
		next := (*chained)(t.A.Ptr(c)).next
		t.A.Free(c)
		c = next
	}
	t.A.Free(r)
}

// place puts a reference into its home bucket or the stash; ok is false if there is no room.
func (t *Table) place(s Segment, h uint64, fp uint8, r arena.Ref) (p Pos, ok bool) {
	home := s.bucket(s.home(h))
	if i := home.room(); i >= 0 {
		t.hook(home)
		home.put(i, fp, r)
		s.header().count++
		return Pos{home, home, s, i}, true
	}
	t.eachStash(s, func(b *Bucket) bool {
		i := b.room()
		if i < 0 {
			return false
		}
		t.hook(b)
		b.put(i, fp, r)
		home.overflow++
		s.header().count++
		p, ok = Pos{b, home, s, i}, true
		return true
	})
	return p, ok
}

// placeChained is place, with a further stash bucket where there is no room.
func (t *Table) placeChained(s Segment, h uint64, fp uint8, r arena.Ref) Pos {
	if p, ok := t.place(s, h, fp, r); ok {
		return p
	}
	c := t.A.AllocZero(int(unsafe.Sizeof(chained{})))
	ch := (*chained)(t.A.Ptr(c))
	ch.next = s.header().chain
	ch.Version = t.Version
	s.header().chain = c
	p, _ := t.place(s, h, fp, r)
	return p
}
