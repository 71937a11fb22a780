package vfs

import (
	"math"

	"golang.org/x/sys/unix"
)

// freeBytes returns the free space. Blocks are counted in fragments where the file system has them: Bsize is then only
// the size it likes to transfer, up to a megabyte on remote ones.
func freeBytes(st *unix.Statfs_t) int64 {
	unit := uint64(st.Frsize)
	if unit == 0 {
		unit = uint64(st.Bsize)
	}
	if unit != 0 && st.Bavail > math.MaxInt64/unit {
		return math.MaxInt64
	}
	return int64(st.Bavail * unit)
}
