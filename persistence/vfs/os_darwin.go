package vfs

import (
	"math"

	"golang.org/x/sys/unix"
)

// freeBytes returns the free space.
func freeBytes(st *unix.Statfs_t) int64 {
	unit := uint64(st.Bsize)
	if unit != 0 && st.Bavail > math.MaxInt64/unit {
		return math.MaxInt64
	}
	return int64(st.Bavail * unit)
}
