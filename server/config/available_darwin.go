package config

import "golang.org/x/sys/unix"

// AvailableMemory returns the bytes this process may count on: on this system, those of the machine.
func AvailableMemory() (int64, error) {
	size, err := unix.SysctlUint64("hw.memsize")
	return int64(size), err
}
