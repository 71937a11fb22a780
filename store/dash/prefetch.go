package dash

import (
	"math/bits"
	"unsafe"

	"dragonfly/store/arena"
)

// PrefetchBucket has the memory of the home bucket of hash h fetched, for a lookup that will follow. It is a hint: no
// lock is needed, the table may be changing, and nothing that is read here is relied on.
func (r *Root) PrefetchBucket(a *arena.Arena, h uint64) {
	if seg, at := r.homeOf(a, h); seg != arena.Nil {
		a.Prefetch(seg + arena.Ref(at/8))
	}
}

// PrefetchEntries has the memory of the entries fetched that a lookup of h would compare. It is a hint as
// PrefetchBucket is, which should have been called some time before.
func (r *Root) PrefetchEntries(a *arena.Arena, h uint64) {
	seg, at := r.homeOf(a, h)
	if seg == arena.Nil {
		return
	}
	b := (*Bucket)(a.Peek(seg, at, unsafe.Sizeof(Bucket{})))
	if b == nil {
		return
	}
	pattern := uint64(fingerprint(h)) * lowBits
	for i := range bucketSlots / 8 {
		for m := zeroBytes(b.word(i) ^ pattern); m != 0; m &= m - 1 {
			a.Prefetch(b.refs[i*8+bits.TrailingZeros64(m)>>3])
		}
	}
}

// homeOf returns the segment of hash h, Nil if there is none, and the offset of the home bucket in it.
func (r *Root) homeOf(a *arena.Arena, h uint64) (seg arena.Ref, at uintptr) {
	seg = r.dir
	depth, log := r.depth, r.log
	if depth > 0 {
		i := uint32(PosOf(h)>>bucketBits) >> (dirBits - uint32(depth))
		p := (*arena.Ref)(a.Peek(seg, uintptr(i)*4, 4))
		if p == nil {
			return arena.Nil, 0
		}
		seg = *p
	}
	return seg, uintptr(Segment{log: log}.home(h)) * unsafe.Sizeof(Bucket{})
}

// Prefetch has the memory of all entries in the bucket fetched, for whoever is about to look at them all.
func (b *Bucket) Prefetch(a *arena.Arena) {
	if !arena.CanPrefetch {
		return
	}
	for i, r := range b.refs {
		if b.fps[i] != 0 {
			a.Prefetch(r)
		}
	}
}
