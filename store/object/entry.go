package object

import (
	"encoding/binary"
	"unsafe"

	"dragonfly/store/arena"
)

// attribute bits of an entry.
const (
	attrDeadline = 1 << iota
	attrWide
	attrSticky
	attrFieldTTL
	attrPending
	attrMemcache
)

// attrKept are the attributes that survive a move of the entry; the others say what the new block has.
const attrKept = attrSticky | attrFieldTTL | attrPending

const (
	narrowHead = 7  // kind, attr, clock, two u8 lengths
	wideHead   = 13 // kind, attr, clock, two u32 lengths
	clockMask  = 1<<24 - 1
)

// le reads the fixed fields; arena blocks are not aligned to them.
var le = binary.LittleEndian

// header is the decoded front of an entry.
type header struct {
	keyLen, valLen int
	head           int // bytes before the key
}

func readHeader(p unsafe.Pointer) header {
	attr := *(*uint8)(unsafe.Add(p, 1))
	var h header
	if attr&attrWide == 0 {
		h = header{int(*(*uint8)(unsafe.Add(p, 5))), int(*(*uint8)(unsafe.Add(p, 6))), narrowHead}
	} else {
		b := unsafe.Slice((*byte)(unsafe.Add(p, 5)), 8)
		h = header{int(le.Uint32(b)), int(le.Uint32(b[4:])), wideHead}
	}
	// Eight bytes for attrDeadline, four for attrMemcache, without a branch: so this is inlined.
	h.head += int(attr&attrDeadline)*8 + int(attr&attrMemcache)/8
	return h
}

// headSize returns the bytes before the key for the given lengths.
func headSize(keyLen, valLen int, deadline, memcache bool) (n int, wide bool) {
	n = narrowHead
	if keyLen > 255 || valLen > 255 {
		n, wide = wideHead, true
	}
	if deadline {
		n += 8
	}
	if memcache {
		n += 4
	}
	return n, wide
}

// KeyOf returns the key of the entry at r, as a view into the arena.
func KeyOf(a *arena.Arena, r arena.Ref) []byte {
	p := a.Ptr(r)
	h := readHeader(p)
	return unsafe.Slice((*byte)(unsafe.Add(p, h.head)), h.keyLen)
}

// Attrs are what a new entry starts with beside key and value.
type Attrs struct {
	Type       Type
	Encoding   Encoding
	DeadlineMs int64 // absolute expiry in ms, 0 = none
	Clock      uint32
	Sticky     bool
	// MemcacheFlags are what a memcached client stores with a value; 0 takes no memory.
	MemcacheFlags uint32
}

// New allocates an entry with room for a value of valLen bytes and returns it with its value bytes undefined.
func New(a *arena.Arena, key []byte, valLen int, at Attrs) arena.Ref {
	head, wide := headSize(len(key), valLen, at.DeadlineMs != 0, at.MemcacheFlags != 0)
	r := a.Alloc(head + len(key) + valLen)
	p := a.Ptr(r)
	attr := uint8(0)
	end := head // of the optional fields not written yet
	if at.MemcacheFlags != 0 {
		attr |= attrMemcache
		end -= 4
		le.PutUint32(unsafe.Slice((*byte)(unsafe.Add(p, end)), 4), at.MemcacheFlags)
	}
	if at.DeadlineMs != 0 {
		attr |= attrDeadline
		le.PutUint64(unsafe.Slice((*byte)(unsafe.Add(p, end-8)), 8), uint64(at.DeadlineMs))
	}
	if at.Sticky {
		attr |= attrSticky
	}
	b := unsafe.Slice((*byte)(p), head+len(key))
	b[0] = uint8(at.Type) | uint8(at.Encoding)<<4
	b[2], b[3], b[4] = byte(at.Clock), byte(at.Clock>>8), byte(at.Clock>>16)
	if wide {
		attr |= attrWide
		le.PutUint32(b[5:], uint32(len(key)))
		le.PutUint32(b[9:], uint32(valLen))
	} else {
		b[5], b[6] = byte(len(key)), byte(valLen)
	}
	b[1] = attr
	copy(b[head:], key)
	return r
}

// Cell is one entry together with the slot that refers to it. It stays valid until the table that owns the
// slot inserts or deletes; reading and changing the entry through it, moves included, keeps it valid.
// The zero Cell is "no such key".
type Cell struct {
	A    *arena.Arena
	Slot *arena.Ref
}

// Ok tells whether there is an entry.
func (c Cell) Ok() bool { return c.Slot != nil }

func (c Cell) ptr() unsafe.Pointer { return c.A.Ptr(*c.Slot) }

// Key returns the key, a view that is valid until the entry changes.
func (c Cell) Key() []byte { return KeyOf(c.A, *c.Slot) }

// Type returns the type of the value.
func (c Cell) Type() Type { return Type(*(*uint8)(c.ptr()) & 15) }

// Encoding returns the encoding of the value.
func (c Cell) Encoding() Encoding { return Encoding(*(*uint8)(c.ptr()) >> 4) }

// SetKind changes type and encoding; the value bytes must fit them.
func (c Cell) SetKind(t Type, e Encoding) { *(*uint8)(c.ptr()) = uint8(t) | uint8(e)<<4 }

// SetEncoding changes the encoding.
func (c Cell) SetEncoding(e Encoding) { c.SetKind(c.Type(), e) }

func (c Cell) attr() *uint8 { return (*uint8)(unsafe.Add(c.ptr(), 1)) }

func (c Cell) flag(bit uint8) bool { return *c.attr()&bit != 0 }

func (c Cell) setFlag(bit uint8, on bool) {
	if on {
		*c.attr() |= bit
	} else {
		*c.attr() &^= bit
	}
}

// Sticky tells whether the key is exempt from eviction.
func (c Cell) Sticky() bool { return c.flag(attrSticky) }

// SetSticky exempts the key from eviction.
func (c Cell) SetSticky(on bool) { c.setFlag(attrSticky, on) }

// HasFieldTTL tells whether the value is a hash or a set of which some field or member may have a TTL.
func (c Cell) HasFieldTTL() bool { return c.flag(attrFieldTTL) }

// SetHasFieldTTL marks the value as a hash or a set of which some field or member may have a TTL.
func (c Cell) SetHasFieldTTL(on bool) { c.setFlag(attrFieldTTL, on) }

// Pending tells that a snapshot has yet to write this value as it is: see store/snapshot.go.
func (c Cell) Pending() bool { return c.flag(attrPending) }

// SetPending marks the value as waiting for a snapshot.
func (c Cell) SetPending(on bool) { c.setFlag(attrPending, on) }

// Clock returns the 24-bit access clock.
func (c Cell) Clock() uint32 {
	b := unsafe.Slice((*byte)(c.ptr()), 5)
	return uint32(b[2]) | uint32(b[3])<<8 | uint32(b[4])<<16
}

// SetClock sets the 24-bit access clock. It writes only on change, to keep the cache line clean on reads.
func (c Cell) SetClock(v uint32) {
	if c.Clock() != v&clockMask {
		b := unsafe.Slice((*byte)(c.ptr()), 5)
		b[2], b[3], b[4] = byte(v), byte(v>>8), byte(v>>16)
	}
}

// Deadline returns the absolute expiry in ms; ok is false if the key has none.
func (c Cell) Deadline() (ms int64, ok bool) {
	p := c.ptr()
	attr := *(*uint8)(unsafe.Add(p, 1))
	if attr&attrDeadline == 0 {
		return 0, false
	}
	at := narrowHead
	if attr&attrWide != 0 {
		at = wideHead
	}
	return int64(le.Uint64(unsafe.Slice((*byte)(unsafe.Add(p, at)), 8))), true
}

// SetDeadline gives the entry an absolute expiry in ms, 0 removes it.
func (c Cell) SetDeadline(ms int64) {
	p := c.ptr()
	h := readHeader(p)
	had := *c.attr()&attrDeadline != 0
	if had && ms != 0 {
		at := narrowHead
		if *c.attr()&attrWide != 0 {
			at = wideHead
		}
		le.PutUint64(unsafe.Slice((*byte)(unsafe.Add(p, at)), 8), uint64(ms))
		return
	}
	if had == (ms != 0) {
		return
	}
	c.rebuild(h, h.valLen, ms, c.MemcacheFlags())
}

// MemcacheFlags returns the flags that a memcached client has stored with the value, 0 if there are none.
func (c Cell) MemcacheFlags() uint32 {
	if !c.flag(attrMemcache) {
		return 0
	}
	p := c.ptr()
	return le.Uint32(unsafe.Slice((*byte)(unsafe.Add(p, readHeader(p).head-4)), 4))
}

// SetMemcacheFlags stores the flags of a memcached client; 0 removes them.
func (c Cell) SetMemcacheFlags(v uint32) {
	p := c.ptr()
	h := readHeader(p)
	had := c.flag(attrMemcache)
	if had && v != 0 {
		le.PutUint32(unsafe.Slice((*byte)(unsafe.Add(p, h.head-4)), 4), v)
	} else if had != (v != 0) {
		c.rebuild(h, h.valLen, c.deadline(), v)
	}
}

// Value returns the value bytes with the entry's spare room as capacity: append-style functions may extend it
// in place. A changed length must be stored with SetLen. It is valid until the entry changes size.
func (c Cell) Value() []byte {
	r := *c.Slot
	p := c.A.Ptr(r)
	h := readHeader(p)
	at := h.head + h.keyLen
	return unsafe.Slice((*byte)(unsafe.Add(p, at)), c.A.Cap(r)-at)[:h.valLen]
}

// View returns the value bytes for reading: as Value, without spare capacity and cheaper.
func (c Cell) View() []byte {
	p := c.ptr()
	h := readHeader(p)
	return unsafe.Slice((*byte)(unsafe.Add(p, h.head+h.keyLen)), h.valLen)
}

// Len returns the length of the value bytes.
func (c Cell) Len() int { return readHeader(c.ptr()).valLen }

// Reserve makes room for a value of n bytes and returns the present value with at least that capacity. The
// length stays. The entry may move.
func (c Cell) Reserve(n int) []byte {
	p := c.ptr()
	h := readHeader(p)
	have := c.A.Cap(*c.Slot) - h.head - h.keyLen
	wide := *c.attr()&attrWide != 0
	if n > have || (n > 255 && !wide) {
		keep := h.valLen
		c.rebuild(h, n, c.deadline(), c.MemcacheFlags())
		c.SetLen(keep)
	}
	return c.Value()
}

func (c Cell) deadline() int64 { ms, _ := c.Deadline(); return ms }

// SetLen stores the length of the value bytes, within the capacity reserved.
func (c Cell) SetLen(n int) {
	p := c.ptr()
	if *c.attr()&attrWide == 0 {
		if n > 255 {
			panic("object: value length beyond what was reserved")
		}
		*(*uint8)(unsafe.Add(p, 6)) = uint8(n)
		return
	}
	le.PutUint32(unsafe.Slice((*byte)(unsafe.Add(p, 9)), 4), uint32(n))
	c.A.SetUsed(*c.Slot, readHeader(p).head+readHeader(p).keyLen+n)
}

// Resize sets the length of the value to n and returns it, the common prefix unchanged. The entry moves when
// it must grow, and when it would waste much.
func (c Cell) Resize(n int) []byte {
	p := c.ptr()
	h := readHeader(p)
	at := h.head + h.keyLen
	have := c.A.Cap(*c.Slot) - at
	wide := *c.attr()&attrWide != 0
	_, wants := headSize(h.keyLen, n, false, false)
	if n > have || wants != wide || arena.Round(at+n) < c.A.Size(*c.Slot)*3/4 {
		c.rebuild(h, n, c.deadline(), c.MemcacheFlags())
	} else {
		c.SetLen(n)
	}
	return c.Value()
}

// Set replaces the value bytes. v must not be a view into this entry.
func (c Cell) Set(v []byte) {
	b := c.View()
	if len(b) != len(v) {
		b = c.Resize(len(v))
	}
	copy(b, v)
}

// rebuild moves the entry to a block for a value of valLen bytes, with the given deadline and memcache flags (0 = none).
func (c Cell) rebuild(h header, valLen int, deadline int64, memcache uint32) {
	old := *c.Slot
	p := c.A.Ptr(old)
	at := Attrs{Type: c.Type(), Encoding: c.Encoding(), DeadlineMs: deadline, Clock: c.Clock(), MemcacheFlags: memcache}
	key := unsafe.Slice((*byte)(unsafe.Add(p, h.head)), h.keyLen)
	r := New(c.A, key, valLen, at)
	to := Cell{c.A, &r}
	*to.attr() |= *c.attr() & attrKept
	copy(to.Value(), unsafe.Slice((*byte)(unsafe.Add(p, h.head+h.keyLen)), h.valLen))
	*c.Slot = r
	c.A.Free(old)
}

// Rename gives the entry another key, keeping everything else.
func (c Cell) Rename(key []byte) {
	v := c.View()
	r := New(c.A, key, len(v), Attrs{Type: c.Type(), Encoding: c.Encoding(), DeadlineMs: c.deadline(), Clock: c.Clock(), MemcacheFlags: c.MemcacheFlags()})
	to := Cell{c.A, &r}
	*to.attr() |= *c.attr() & attrKept
	copy(to.Value(), v)
	old := *c.Slot
	*c.Slot = r
	c.A.Free(old)
}

// Size returns the bytes of memory of the entry itself, without nodes a big value has elsewhere.
func (c Cell) Size() int { return c.A.Size(*c.Slot) }
