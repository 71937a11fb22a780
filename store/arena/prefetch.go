package arena

import "unsafe"

// A lookup in a large data set waits for memory twice, for the bucket and for the entry, and each wait costs more
// than all the rest of a GET. Who knows several keys in advance can have the memory fetched for all of them at once.
// Finding out what to fetch takes reads without the shard lock, so these methods believe no reference.

// Prefetch asks the processor for the first 128 bytes of the block at r, and does not wait for them.
// It needs no lock, and r may be any number.
func (a *Arena) Prefetch(r Ref) { prefetch(a.Ptr(r)) }

// Peek returns the address of n bytes, off bytes behind r, if they may be read; nil if not. It needs no lock: r
// may be any number, and what is there may be anything and may change at any time.
func (a *Arena) Peek(r Ref, off, n uintptr) unsafe.Pointer {
	at := uintptr(r)*unit + off
	// enabled only grows, so what is within it stays readable until Close.
	if at+n > a.enabled.Load() {
		return nil
	}
	return unsafe.Add(a.base, at)
}
