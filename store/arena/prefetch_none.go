//go:build (!amd64 && !arm64) || race

package arena

import "unsafe"

// CanPrefetch tells whether Prefetch does anything. Not in builds with the race detector: what callers look at to
// find what they prefetch, they look at without the shard lock.
const CanPrefetch = false

func prefetch(unsafe.Pointer) {}
