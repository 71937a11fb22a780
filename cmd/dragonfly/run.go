package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"dragonfly/server/config"
)

// app is the server as its process sees it.
type app interface {
	// Run loads, serves until ctx ends or a client asks for the end, saves what is to be saved, and returns. An error means
	// that the server could not start or had to give up.
	Run(ctx context.Context) error
}

// run serves until the end and returns the exit code.
func run(cfg *config.Config, log *slog.Logger) int {
	removePidFile, err := writePidFile(cfg.PidFile, log)
	if err != nil {
		log.Error("could not write the pid file", "err", err)
		return exitError
	}
	defer removePidFile()

	ctx, stop := endOnSignal(log)
	defer stop()
	server, err := newApp(cfg, log)
	if err == nil {
		err = server.Run(ctx)
	}
	if err != nil {
		log.Error(err.Error())
		return exitError
	}
	return exitOK
}

// endOnSignal returns a context that ends at SIGINT or SIGTERM; further ones are logged and change nothing, so that an
// impatient operator does not lose the last snapshot. SIGHUP and SIGPIPE are ignored from here on. stop undoes the former.
func endOnSignal(log *slog.Logger) (ctx context.Context, stop func()) {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for s := range signals {
			if ctx.Err() != nil {
				log.Info("Already exiting; ignored signal " + signalName(s))
				continue
			}
			log.Info("Exiting on signal " + signalName(s))
			cancel()
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		watcher.Wait()
		cancel()
	}
}

// signalName returns the name of a signal as the C library spells it: Terminated, Interrupt.
func signalName(s os.Signal) string {
	name := s.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

// writePidFile writes the process id to path, if there is one, and returns what removes it again.
func writePidFile(path string, log *slog.Logger) (remove func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	text := strconv.Itoa(os.Getpid()) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return nil, err
	}
	return func() {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Warn("could not remove the pid file", "err", err)
		}
	}, nil
}
