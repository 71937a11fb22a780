package arena

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// Ref is a reference to a block of one arena, in units of 8 bytes from its base. Nil is no block.
type Ref uint32

// Nil is the reference to nothing.
const Nil Ref = 0

const (
	pageBytes = 4096
	// MaxBytes is the address space a Ref can reach.
	MaxBytes = 1 << 35
	minBytes = 1 << 28
	// keepEmpty is how many empty slabs keep their memory: 1 MiB per shard.
	keepEmpty = 16
)

// slab states in slab.class beyond the classes themselves.
const (
	classFree  = 0xffff // not in use
	classLarge = 0xfffe // first slab of a large block
	classCont  = 0xfffd // further slab of a large block
)

// slab is the bookkeeping of 64 KiB. It has no pointers, so the collector skips the table of slabs.
type slab struct {
	class uint16
	live  uint16 // blocks in use
	virgn uint16 // blocks handed out at least once; the rest was never touched
	free  uint16 // unit offset + 1 of the first free block, 0 = none
	next  uint32 // partial list of the class, or leaving; large block: number of slabs in the run
	prev  uint32 // partial list of the class; large block: bytes asked for, in pages
}

var _ [0]struct{} = [unsafe.Sizeof(slab{}) - 16]struct{}{}

// Arena is the memory of one shard.
type Arena struct {
	base     unsafe.Pointer
	reserved uintptr        // bytes of address space
	enabled  atomic.Uintptr // bytes with access rights, from base; read by Peek without the lock

	slabs   []slab // one per slab of the enabled part
	next    uint32 // first slab never used
	runs    runSet // slabs given back to the system
	empty   []uint32
	partial [classCount]uint32 // slab with room per class, 0 = none
	perSlab [classCount]uint16 // blocks per slab
	leave   []uint32           // slabs chosen by Evacuate; some may be empty, or in use anew, since

	used     int64 // bytes of blocks in use, rounded to their classes
	resident int64 // bytes of slabs and large blocks that may be backed by memory
}

// New reserves address space for one shard. It asks for MaxBytes and takes less where the system refuses.
func New() (*Arena, error) {
	a := &Arena{next: 1}
	var err error
	for size := uintptr(MaxBytes); size >= minBytes; size /= 2 {
		if a.base, err = reserve(size); err == nil {
			a.reserved = size
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("arena: reserving address space: %w", err)
	}
	for c := range a.perSlab {
		a.perSlab[c] = uint16(min(slabBytes/classSize(c), slabUnits))
	}
	return a, nil
}

// Close gives the whole address space back. No reference or slice of the arena may be used afterwards.
func (a *Arena) Close() error {
	if a.base == nil {
		return nil
	}
	base := a.base
	a.base, a.slabs = nil, nil
	a.enabled.Store(0)
	return release(base, a.reserved)
}

// Used returns the bytes of all blocks in use, each rounded to what it takes.
func (a *Arena) Used() int64 { return a.used }

// Resident returns the bytes of memory the arena may occupy: slabs in use or kept, and large blocks.
func (a *Arena) Resident() int64 {
	return a.resident + int64(len(a.slabs))*int64(unsafe.Sizeof(slab{}))
}

// Full reports that the address space is close to its end: inserts should be refused.
func (a *Arena) Full() bool {
	return uintptr(a.next)*slabBytes > a.reserved-a.reserved/64 && a.runs.slabs < 64
}

// Alloc returns a block of at least n bytes with undefined content. It panics when the address space is used
// up; Full warns long before.
func (a *Arena) Alloc(n int) Ref {
	if n > maxSmall {
		return a.allocLarge(n)
	}
	if n <= 0 {
		n = 1
	}
	c := classOf(n)
	s := a.partial[c]
	if s == 0 {
		s = a.addSlab(c)
	}
	m := &a.slabs[s]
	var off uint32
	if m.free != 0 {
		off = uint32(m.free - 1)
		r := Ref(s<<slabShift | off)
		m.free = *(*uint16)(a.Ptr(r))
	} else {
		off = uint32(m.virgn) * uint32(classSize(c)/unit)
		m.virgn++
	}
	m.live++
	if m.free == 0 && m.virgn == a.perSlab[c] {
		a.unlink(c, s)
	}
	a.used += int64(classSize(c))
	return Ref(s<<slabShift | off)
}

// Free gives the block back. Nil is ignored.
func (a *Arena) Free(r Ref) {
	if r == Nil {
		return
	}
	s := uint32(r) >> slabShift
	m := &a.slabs[s]
	if m.class >= classCount {
		a.freeLarge(s)
		return
	}
	c := int(m.class)
	size := classSize(c)
	if invariants {
		if m.live == 0 {
			panic("arena: free in an empty slab")
		}
		fill(a.Bytes(r, size), 0xdb)
	}
	full := m.free == 0 && m.virgn == a.perSlab[c]
	*(*uint16)(a.Ptr(r)) = m.free
	m.free = uint16(uint32(r)&(slabUnits-1)) + 1
	m.live--
	a.used -= int64(size)
	switch {
	case m.live == 0:
		if !full && m.next != leaving {
			a.unlink(c, s)
		}
		a.dropSlab(s)
	case full:
		a.link(c, s)
	}
}

// Cap returns the usable bytes of the block.
func (a *Arena) Cap(r Ref) int {
	m := &a.slabs[uint32(r)>>slabShift]
	if m.class < classCount {
		return classSize(int(m.class))
	}
	return int(m.next) * slabBytes
}

// Size returns the bytes of memory accounted to the block.
func (a *Arena) Size(r Ref) int {
	m := &a.slabs[uint32(r)>>slabShift]
	if m.class < classCount {
		return classSize(int(m.class))
	}
	return int(m.prev) * pageBytes
}

// Ptr returns the address of the block. It is valid until the block is freed.
func (a *Arena) Ptr(r Ref) unsafe.Pointer { return unsafe.Add(a.base, uintptr(r)*unit) }

// Bytes returns the first n bytes of the block, without spare capacity beyond them.
func (a *Arena) Bytes(r Ref, n int) []byte { return unsafe.Slice((*byte)(a.Ptr(r)), n) }

// Slice returns the first n bytes of the block with the whole block as capacity.
func (a *Arena) Slice(r Ref, n int) []byte {
	return unsafe.Slice((*byte)(a.Ptr(r)), a.Cap(r))[:n]
}

// AllocZero allocates a block of n bytes that is zero.
func (a *Arena) AllocZero(n int) Ref {
	r := a.Alloc(n)
	clear(a.Bytes(r, n))
	return r
}

// Realloc returns a block of at least n bytes that begins with the first keep bytes of r. The old block is
// freed unless it is returned itself: a block that is large enough and not much too large stays.
func (a *Arena) Realloc(r Ref, keep, n int) Ref {
	if r == Nil {
		return a.Alloc(n)
	}
	if c := a.Cap(r); c >= n && Round(n) >= c-c/4 {
		return r
	}
	to := a.Alloc(n)
	copy(a.Bytes(to, keep), a.Bytes(r, keep))
	a.Free(r)
	return to
}

// addSlab makes an empty slab the current one of class c.
func (a *Arena) addSlab(c int) uint32 {
	var s uint32
	if n := len(a.empty); n > 0 {
		s = a.empty[n-1]
		a.empty = a.empty[:n-1]
	} else {
		s = a.takeRun(1)
		a.resident += slabBytes
	}
	a.slabs[s] = slab{class: uint16(c)}
	a.link(c, s)
	return s
}

// dropSlab takes back a slab without blocks.
func (a *Arena) dropSlab(s uint32) {
	a.slabs[s] = slab{class: classFree}
	if len(a.empty) < keepEmpty {
		a.empty = append(a.empty, s)
		return
	}
	a.giveRun(s, 1)
	a.resident -= slabBytes
}

func (a *Arena) link(c int, s uint32) {
	head := a.partial[c]
	m := &a.slabs[s]
	m.next, m.prev = head, 0
	if head != 0 {
		a.slabs[head].prev = s
	}
	a.partial[c] = s
}

func (a *Arena) unlink(c int, s uint32) {
	m := &a.slabs[s]
	if m.prev != 0 {
		a.slabs[m.prev].next = m.next
	} else {
		a.partial[c] = m.next
	}
	if m.next != 0 {
		a.slabs[m.next].prev = m.prev
	}
	m.next, m.prev = 0, 0
}

func (a *Arena) allocLarge(n int) Ref {
	count := uint32((uint64(n) + slabBytes - 1) / slabBytes)
	s := a.takeRun(count)
	pages := uint32((uint64(n) + pageBytes - 1) / pageBytes)
	a.slabs[s] = slab{class: classLarge, live: 1, next: count, prev: pages}
	for i := s + 1; i < s+count; i++ {
		a.slabs[i] = slab{class: classCont}
	}
	a.used += int64(pages) * pageBytes
	a.resident += int64(pages) * pageBytes
	return Ref(s << slabShift)
}

// SetUsed tells how many bytes of a large block are meant to be used, so that accounting follows blocks that
// grow in place or were taken larger than needed. Small blocks ignore it.
func (a *Arena) SetUsed(r Ref, n int) {
	m := &a.slabs[uint32(r)>>slabShift]
	if m.class != classLarge {
		return
	}
	pages := uint32((uint64(n) + pageBytes - 1) / pageBytes)
	d := (int64(pages) - int64(m.prev)) * pageBytes
	m.prev = pages
	a.used += d
	a.resident += d
}

func (a *Arena) freeLarge(s uint32) {
	m := a.slabs[s]
	if m.class != classLarge {
		panic("arena: free of a reference that is no block")
	}
	for i := s; i < s+m.next; i++ {
		a.slabs[i] = slab{class: classFree}
	}
	a.used -= int64(m.prev) * pageBytes
	a.resident -= int64(m.prev) * pageBytes
	a.giveRun(s, m.next)
}

// takeRun returns count neighbouring slabs with access rights.
func (a *Arena) takeRun(count uint32) uint32 {
	if s, ok := a.runs.take(count); ok {
		return s
	}
	s := a.next
	end := (uintptr(s) + uintptr(count)) * slabBytes
	if end > a.reserved {
		panic(fmt.Sprintf("arena: address space of %d bytes is used up", a.reserved))
	}
	if enabled := a.enabled.Load(); end > enabled {
		// Steps grow with the arena: few system calls when it is large, little commit when it is small.
		step := min(max(enabled/8, 1<<20), 1<<27)
		to := min((max(end, enabled+step)+slabBytes-1)&^(slabBytes-1), a.reserved)
		if err := enable(unsafe.Add(a.base, enabled), to-enabled); err != nil {
			panic(fmt.Sprintf("arena: enabling %d bytes: %v", to-enabled, err))
		}
		a.enabled.Store(to)
		a.slabs = append(a.slabs, make([]slab, int(to/slabBytes)-len(a.slabs))...)
	}
	a.next += count
	return s
}

// giveRun returns the memory of slabs to the system and keeps their addresses for later.
func (a *Arena) giveRun(s, count uint32) {
	discard(unsafe.Add(a.base, uintptr(s)*slabBytes), uintptr(count)*slabBytes)
	a.runs.give(s, count)
}

// Trim gives the memory of empty slabs back to the system.
func (a *Arena) Trim() {
	for _, s := range a.empty {
		a.giveRun(s, 1)
		a.resident -= slabBytes
	}
	a.empty = a.empty[:0]
}

// fill sets all bytes to v, doubling what is set already.
func fill(b []byte, v byte) {
	b[0] = v
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
