// Package arena is the off-heap allocator of one shard: a size-class allocator over reserved address space,
// outside the Go heap, that hands out 4-byte references instead of pointers. The garbage collector never sees
// what is stored here, however many objects there are.
//
// # Terminology
//
//   - reference (Ref): offset from the arena's base in units of 8 bytes; 0 is nil. 32 bits reach 32 GiB.
//   - slab: 64 KiB of address space, the unit in which space is taken and given back.
//   - class: one block size; a slab holds blocks of one class only.
//   - large block: more than 16 KiB; it has a run of whole slabs for itself, of which only the touched
//     4 KiB pages cost memory.
//
// # How it works
//
// The whole range is reserved once without access rights, which commits nothing, and enabled in growing
// steps: a server starts in a 256 MiB container and under strict overcommit. Blocks of a slab are carved in
// address order first (untouched pages stay uncommitted) and reused through a free list threaded through the
// free blocks themselves. A slab that becomes empty goes back to the system, except for a few that are kept to
// damp oscillation.
//
// # Layout
//
//	Slab:       | block 0 | block 1 | … | tail too small for a block |
//	Free block: | u16le: unit offset of the next free block in this slab + 1, 0 = last | unused … |
//
// Slab 0 is never handed out, so that no block has reference 0.
//
// # What it does not do
//
// It is not safe for concurrent use: the owner of the shard lock is its only user, but for Prefetch and Peek. It does
// not move blocks by itself; who owns them may have it do so, see Evacuate. It does not zero memory. In builds with the race detector freed blocks are filled with a pattern,
// so that use after free shows.
package arena
