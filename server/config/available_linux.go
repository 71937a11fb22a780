package config

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// AvailableMemory returns the bytes this process may count on: what the system has left, or the limit of the
// control groups it runs in where that is less.
func AvailableMemory() (int64, error) { return availableMemory("/") }

// availableMemory is AvailableMemory with /proc and /sys below root.
func availableMemory(root string) (int64, error) {
	avail, err := memInfoAvailable(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return 0, err
	}
	for _, file := range cgroupLimitFiles(root) {
		if limit, ok := readLimit(file); ok {
			avail = min(avail, limit)
		}
	}
	return avail, nil
}

// memInfoAvailable reads the line "MemAvailable: <n> kB".
func memInfoAvailable(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemAvailable:" {
			kib, err := strconv.ParseInt(fields[1], 10, 53)
			return kib * 1024, err
		}
	}
	return 0, errors.New(file + ": no MemAvailable line")
}

// cgroupLimitFiles lists the files that may hold a memory limit for this process.
//
//	/proc/self/cgroup:  0::/a/b            version 2: memory.max and memory.high of /a/b, /a and the root
//	                    9:memory:/a/b      version 1: memory.limit_in_bytes likewise
//
// Inside a container the path may name a group that only the host sees; the root of the mount is then the container's own group.
func cgroupLimitFiles(root string) []string {
	text, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return nil
	}
	var files []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		mount, names := "", []string(nil)
		switch {
		case parts[0] == "0" && parts[1] == "":
			mount, names = filepath.Join(root, "sys/fs/cgroup"), []string{"memory.max", "memory.high"}
		case strings.Contains(","+parts[1]+",", ",memory,"):
			mount, names = filepath.Join(root, "sys/fs/cgroup/memory"), []string{"memory.limit_in_bytes"}
		}
		for _, name := range names {
			files = appendUpwards(files, mount, parts[2], name)
		}
	}
	return files
}

// appendUpwards appends mount/group/name and the same file of every group above it.
func appendUpwards(files []string, mount, group, name string) []string {
	for group = filepath.Clean("/" + group); ; group = filepath.Dir(group) {
		files = append(files, filepath.Join(mount, group, name))
		if group == "/" {
			return files
		}
	}
}

// readLimit reads a number of bytes; "max", 0 and an absent file mean no limit.
func readLimit(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil && n > 0
}
