//go:build (amd64 || arm64) && !race

package arena

import "unsafe"

// CanPrefetch tells whether Prefetch does anything.
const CanPrefetch = true

// prefetch asks the processor for the cache lines of the 128 bytes at p, a multiple of 8. It is no access: any address
// will do.
//
//go:noescape
func prefetch(p unsafe.Pointer)
