package server

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
	"syscall"
	"time"
)

// What the process uses, as the system tells it. Where it does not, the answer is 0.

// residentMemory returns the bytes of memory that the process has in RAM.
func residentMemory() int64 {
	// statm: size resident shared text lib data dt, in pages.
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// peakResident returns the largest residentMemory there ever was, at least now.
func peakResident(now int64) int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return now
	}
	return max(now, u.Maxrss*1024)
}

// totalMemory returns the bytes of RAM of the machine.
func totalMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("MemTotal:")); ok {
			if f := bytes.Fields(rest); len(f) > 0 {
				kb, _ := strconv.ParseInt(string(f[0]), 10, 64)
				return kb << 10
			}
		}
	}
	return 0
}

// goHeap returns the bytes of live and dead objects on the heap of Go, beside the data, and of the memory they are in.
func goHeap() (objects, resident int64) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples)
	for i, sample := range samples {
		if sample.Value.Kind() != metrics.KindUint64 {
			continue
		}
		resident += int64(sample.Value.Uint64())
		if i == 0 {
			objects = resident
		}
	}
	return objects, resident
}

// cpuTimes returns the processor time of the process and of children that have ended.
func cpuTimes() (user, sys, childUser, childSys time.Duration) {
	var own, children syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		user, sys = time.Duration(own.Utime.Nano()), time.Duration(own.Stime.Nano())
	}
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children) == nil {
		childUser, childSys = time.Duration(children.Utime.Nano()), time.Duration(children.Stime.Nano())
	}
	return user, sys, childUser, childSys
}
