package arena

import "golang.org/x/sys/unix"

const (
	noReserve     = unix.MAP_NORESERVE
	discardAdvice = unix.MADV_DONTNEED
)
