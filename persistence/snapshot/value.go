package snapshot

import (
	"encoding/binary"
	"math"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/ziplist"
	"dragonfly/store/types/zset"
)

// value serialises one value, in pieces if it is big: what must be known first is looked up by lookOn until it returns
// true, then head appends what comes before the elements, and step the elements until done.
type value struct {
	c object.Cell
	plan
	done bool
	// Small values that are written by element are in one piece: an iterator over a listpack is good for one visit only.
	inline bool

	// Where the elements stand; which one is in use follows from kind.
	at      int // next node of a list or of a stream, next byte of a string
	set     set.Iter
	zset    zset.Iter
	hash    hash.Iter
	base    int64 // least deadline of a hash's fields, which the others are relative to
	stream  stream.Parts
	ziplist []byte // of the last node of a list or blob, for its memory

	looking bool
	now     int64 // what has expired then is not live
	alive   int   // elements that will be written, if look is live
}

// open prepares the serialisation of a value, which must stay as it is until the end.
func (v *value) open(c object.Cell, p plan, nowMs int64) {
	v.c, v.plan, v.done, v.at, v.looking, v.now = c, p, false, 0, false, nowMs
	switch c.Encoding() {
	case object.Listpack, object.ListpackEx, object.Intset:
		v.inline = true
	default:
		v.inline = false
	}
}

// lookAtOnce is how many fields or members are looked at under one lock visit.
const lookAtOnce = 4096

// lookOn looks at up to n fields or members, and returns true when all is known that must be.
func (v *value) lookOn(n int) (known bool) {
	if v.look == noLook {
		return true
	}
	if !v.looking {
		v.looking, v.alive = true, 0
		v.set, v.hash = set.Iter{}, hash.Iter{}
		if v.c.Type() == object.Set {
			v.set = set.NewIter(v.c)
		} else {
			v.hash = hash.NewIter(v.c, 0)
		}
	}
	if v.inline {
		n = math.MaxInt
	}
	for ; n > 0; n-- {
		deadline, ok := v.nextDeadline()
		switch {
		case !ok:
			return true
		case v.look == live:
			if deadline == 0 || deadline > v.now {
				v.alive++
			}
		case deadline%1000 != 0:
			v.kind = timedHashKind(v.c)
			return true
		}
	}
	return false
}

func (v *value) nextDeadline() (ms int64, ok bool) {
	if v.c.Type() == object.Set {
		_, ok = v.set.Next()
		return v.set.Deadline, ok
	}
	_, _, ok = v.hash.Next()
	return v.hash.Deadline, ok
}

// gone tells, after lookOn, that nothing is left of the value, so that its key must not be written.
func (v *value) gone() bool { return v.look == live && v.alive == 0 }

// elements returns how many of the n elements are written.
func (v *value) elements(n int) uint64 {
	if v.look == live {
		n = v.alive
	}
	return uint64(n)
}

// head appends what comes before the elements. A value without elements is done with it.
func (v *value) head(dst []byte, compress bool) []byte {
	c := v.c
	switch v.kind {
	case rdbfmt.TypeString, rdbfmt.TypeDFJSON:
		if c.Len() > rawBytes {
			return rdbfmt.AppendLen(dst, uint64(c.Len()))
		}
		v.done = true
		// Only what is encoded as an integer is written as one: so the encoding survives.
		if c.Encoding() == object.Int {
			return rdbfmt.AppendString(dst, c.View(), false)
		}
		return appendBlob(dst, c.View(), compress)
	case rdbfmt.TypeListQuicklist2, rdbfmt.TypeListQuicklist:
		return rdbfmt.AppendLen(dst, uint64(list.Nodes(c)))
	case rdbfmt.TypeSet, rdbfmt.TypeDFSetWithExpiry:
		v.set = set.NewIter(c)
		return rdbfmt.AppendLen(dst, v.elements(set.Len(c)))
	case rdbfmt.TypeZset2:
		// From the highest score to the lowest, as Redis does: its loader inserts at the head of the list.
		v.zset = zset.IterAt(c, zset.Len(c)-1, true)
		return rdbfmt.AppendLen(dst, uint64(zset.Len(c)))
	case rdbfmt.TypeHash, rdbfmt.TypeDFHashWithExpiry:
		v.hash = hash.NewIter(c, v.expired())
		return rdbfmt.AppendLen(dst, v.elements(hash.Len(c)))
	case rdbfmt.TypeHashMeta:
		v.hash, v.base = hash.NewIter(c, 0), hash.MinDeadline(c)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v.base))
		return rdbfmt.AppendLen(dst, uint64(hash.Len(c)))
	case rdbfmt.TypeHashListpackEx:
		v.done = true
		base := hash.MinDeadline(c)
		if base == math.MaxInt64 {
			base = 0
		}
		dst = binary.LittleEndian.AppendUint64(dst, uint64(base))
		return appendBlob(dst, c.View(), compress)
	case rdbfmt.TypeStreamListpacks, rdbfmt.TypeStreamListpacks2, rdbfmt.TypeStreamListpacks3:
		s := stream.Open(c)
		v.stream = s.Parts()
		return rdbfmt.AppendLen(dst, uint64(s.Nodes()))
	case rdbfmt.TypeHashZiplist, rdbfmt.TypeZsetZiplist:
		v.done = true
		return v.appendZiplist(dst, c.View(), compress)
	case rdbfmt.TypeSetIntset, rdbfmt.TypeHashListpack, rdbfmt.TypeZsetListpack:
		v.done = true
		return appendBlob(dst, c.View(), compress)
	default: // an opaque value, which is its own RDB form
		return dst
	}
}

// expired returns the time at which fields that are left out have expired, 0 if none are.
func (v *value) expired() int64 {
	if v.look == live {
		return v.now
	}
	return 0
}

// step appends elements until about limit bytes were appended, and sets done at the end.
func (v *value) step(dst []byte, limit int, compress bool) []byte {
	if v.isBytes() {
		return v.stepBytes(dst, limit)
	}
	start := len(dst)
	for !v.done && (len(dst)-start < limit || v.inline) {
		dst = v.next(dst, compress)
	}
	return dst
}

// isBytes tells whether the value is a string of bytes that are written as they are, the length in head.
func (v *value) isBytes() bool {
	return v.kind == rdbfmt.TypeString || v.c.Type().Opaque()
}

func (v *value) stepBytes(dst []byte, limit int) []byte {
	b := v.c.View()
	if !v.done {
		n := min(limit, len(b)-v.at)
		dst = append(dst, b[v.at:v.at+n]...)
		v.at += n
		v.done = v.at == len(b)
	}
	return dst
}

// next appends one element, or sets done if there is none.
func (v *value) next(dst []byte, compress bool) []byte {
	switch v.kind {
	case rdbfmt.TypeListQuicklist2, rdbfmt.TypeListQuicklist:
		return v.nextNode(dst, compress)
	case rdbfmt.TypeSet, rdbfmt.TypeDFSetWithExpiry:
		for m, ok := v.set.Next(); ok; m, ok = v.set.Next() {
			if v.kind == rdbfmt.TypeDFSetWithExpiry {
				return appendSeconds(rdbfmt.AppendString(dst, m, compress), v.set.Deadline)
			}
			if d := v.set.Deadline; d == 0 || d > v.expired() {
				return rdbfmt.AppendString(dst, m, compress)
			}
		}
	case rdbfmt.TypeZset2:
		if m, score, ok := v.zset.Next(); ok {
			return rdbfmt.AppendDouble(rdbfmt.AppendString(dst, m, compress), score)
		}
	case rdbfmt.TypeHash, rdbfmt.TypeHashMeta, rdbfmt.TypeDFHashWithExpiry:
		if field, val, ok := v.hash.Next(); ok {
			if v.kind == rdbfmt.TypeHashMeta {
				dst = rdbfmt.AppendLen(dst, relative(v.hash.Deadline, v.base))
			}
			dst = rdbfmt.AppendString(rdbfmt.AppendString(dst, field, compress), val, compress)
			if v.kind == rdbfmt.TypeDFHashWithExpiry {
				dst = appendSeconds(dst, v.hash.Deadline)
			}
			return dst
		}
	default:
		return v.nextPart(dst, compress)
	}
	v.done = true
	return dst
}

// relative is a field's deadline as type 24 has it: 0 for none, else 1 + what it is behind the least one.
func relative(deadline, base int64) uint64 {
	if deadline == 0 {
		return 0
	}
	return uint64(deadline-base) + 1
}

// appendSeconds appends a deadline in ms as Dragonfly has it: seconds since its epoch, rounded up, -1 for none. What
// expired before the epoch expires with it: -1 would make it immortal.
func appendSeconds(dst []byte, deadline int64) []byte {
	if deadline == 0 {
		return rdbfmt.AppendInt(dst, -1)
	}
	seconds := deadline / 1000
	if deadline%1000 > 0 {
		seconds++
	}
	return rdbfmt.AppendInt(dst, max(seconds-rdbfmt.DFTTLEpochSec, 0))
}

func (v *value) nextNode(dst []byte, compress bool) []byte {
	if v.at == list.Nodes(v.c) {
		v.done = true
		return dst
	}
	b, plain := list.Node(v.c, v.at)
	v.at++
	if v.kind == rdbfmt.TypeListQuicklist {
		if plain {
			v.ziplist = ziplist.Append(ziplist.New(v.ziplist), b)
			return appendBlob(dst, v.ziplist, compress)
		}
		return v.appendZiplist(dst, b, compress)
	}
	container := uint64(rdbfmt.ContainerPacked)
	if plain {
		container = rdbfmt.ContainerPlain
	}
	return appendBlob(rdbfmt.AppendLen(dst, container), b, compress)
}

// appendZiplist appends a listpack as a ziplist.
func (v *value) appendZiplist(dst, lp []byte, compress bool) []byte {
	v.ziplist = ziplist.FromListpack(v.ziplist, lp)
	return appendBlob(dst, v.ziplist, compress)
}

// mayCut tells whether a chunk of a Dragonfly snapshot may end behind what was appended: between elements. What comes
// behind the last node of a stream belongs to it.
func (v *value) mayCut() bool {
	return v.c.Type() != object.Stream || v.at < stream.Open(v.c).Nodes()
}

// maxTail is how many pending entries and consumers a stream may have to be written in chunks: all are in one.
const maxTail = 20_000

// splits tells whether the value may be written in chunks at all.
func (v *value) splits() bool {
	switch v.c.Type() {
	case object.List, object.Set, object.Zset, object.Hash:
		return !v.inline
	case object.Stream:
		s, n := stream.Open(v.c), 0
		for i := range s.Groups() {
			g := s.GroupAt(i)
			n += g.PendingLen() + g.Consumers()
		}
		return n <= maxTail
	}
	return false
}

// appendBlob appends bytes, compressed if wanted and worth it.
func appendBlob(dst, b []byte, compress bool) []byte {
	if compress && len(b) > 20 {
		return rdbfmt.AppendString(dst, b, true)
	}
	return rdbfmt.AppendPlain(dst, b)
}
