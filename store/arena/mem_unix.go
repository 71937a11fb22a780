//go:build unix

package arena

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// reserve takes address space without access rights: it counts against no memory limit.
func reserve(size uintptr) (unsafe.Pointer, error) {
	return unix.MmapPtr(-1, 0, nil, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|noReserve)
}

func enable(p unsafe.Pointer, size uintptr) error {
	return unix.Mprotect(unsafe.Slice((*byte)(p), size), unix.PROT_READ|unix.PROT_WRITE)
}

// discard gives the pages back to the system; they read as undefined afterwards. A refusal only costs memory.
func discard(p unsafe.Pointer, size uintptr) {
	_ = unix.Madvise(unsafe.Slice((*byte)(p), size), discardAdvice)
}

func release(p unsafe.Pointer, size uintptr) error { return unix.MunmapPtr(p, size) }
