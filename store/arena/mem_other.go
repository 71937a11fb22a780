//go:build unix && !linux

package arena

import "golang.org/x/sys/unix"

const (
	noReserve     = 0
	discardAdvice = unix.MADV_FREE
)
