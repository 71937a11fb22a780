package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"dragonfly/server/config"
)

// prepare settles what the flags leave open and reports whether the server can start with the result.
func prepare(cfg *config.Config, log *slog.Logger) bool {
	if err := cfg.Finish(); err != nil {
		log.Error(err.Error())
		return false
	}
	if cfg.ProactorThreads == 0 {
		cfg.ProactorThreads = runtime.GOMAXPROCS(0)
	}
	warnUnwritable(cfg, log)
	raiseFileLimit(cfg.MaxClients, log)
	return decideMaxMemory(cfg, log, config.AvailableMemory)
}

// warnUnwritable says at once that no snapshot can be saved, instead of only when the first one fails. A directory that does
// not exist is no reason to warn: a save creates it.
func warnUnwritable(cfg *config.Config, log *slog.Logger) {
	dir, err := filepath.Abs(cfg.Dir)
	if cfg.DBFilename == "" || err != nil || strings.Contains(cfg.Dir, "://") {
		return
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("snapshots cannot be saved: the directory is not writable", "dir", dir, "uid", os.Geteuid(), "err", err)
	}
}

// decideMaxMemory chooses the memory limit if the operator did not, and doubts one that is more than there is.
func decideMaxMemory(cfg *config.Config, log *slog.Logger, available func() (int64, error)) bool {
	avail, err := available()
	if cfg.MaxMemory > 0 {
		log.Info("Max memory limit is: " + config.FormatMemory(cfg.MaxMemory))
		if err == nil && cfg.MaxMemory > avail {
			log.Warn(fmt.Sprintf("maxmemory is %s, but only %s are available", config.FormatMemory(cfg.MaxMemory), config.FormatMemory(avail)))
		}
		return true
	}
	log.Info("maxmemory has not been specified. Deciding myself....")
	if err != nil {
		log.Error("could not find out how much memory is available; set --maxmemory", "err", err)
		return false
	}
	cfg.MaxMemory = avail / 5 * 4
	log.Info(fmt.Sprintf("Found %s available memory. Setting maxmemory to %s", config.FormatMemory(avail), config.FormatMemory(cfg.MaxMemory)))
	return true
}

// spareFiles are the files a server needs besides one per client.
const spareFiles = 150

// raiseFileLimit asks for as many open files as clients may connect. Without them the server works, with fewer clients.
func raiseFileLimit(clients int, log *slog.Logger) {
	want := uint64(clients) + spareFiles
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= want {
		return
	}
	raised := syscall.Rlimit{Cur: want, Max: max(limit.Max, want)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err == nil {
		return
	}
	log.Warn(fmt.Sprintf("Couldn't increase the open files limit to %d; it is %d", want, limit.Max))
}
