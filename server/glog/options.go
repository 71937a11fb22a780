package glog

import (
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"
)

// LevelFatal is the level of the last message of a process that cannot go on.
const LevelFatal = slog.Level(12)

// Options says what is logged, how, and where to. The zero value of the fields at the end means the real thing.
type Options struct {
	ToStderr        bool // to stderr, no files
	AlsoToStderr    bool // to files and to stderr
	ToStdout        bool // to stdout, no files
	ColorStderr     bool // colours on stderr, if it is a terminal
	ColorStdout     bool // colours on stdout, if it is a terminal
	StderrThreshold int  // severity from which messages go to stderr besides the files
	MinLevel        int  // severity below which messages are dropped
	Verbosity       int  // debug messages up to this verbosity are logged; see Verbose

	Dir            string      // directory of the files; empty: see Dirs
	LinkDir        string      // directory of a second set of links; empty means none
	MaxSizeMB      int         // size at which the next file begins
	BufferLevel    int         // messages up to this severity may wait in a buffer; -1 none
	BufferSecs     int         // the longest they wait
	FileMode       fs.FileMode // permissions of the files
	StampedNames   bool        // a new file per start, named by time and process; otherwise one that grows
	StopOnFullDisk bool        // give up on files once the disk is full

	Prefix bool // begin lines with severity, time, process and place
	Year   bool // with the year
	UTC    bool // with UTC instead of local time

	Stderr, Stdout io.Writer
	Getenv         func(string) string
	Now            func() time.Time
	PID            int
}

// Verbose returns the level of messages that are logged from verbosity n on: Verbose(1) is slog.LevelDebug.
func Verbose(n int) slog.Level { return slog.Level(-4 * n) }

// Dirs returns the directories log files are tried in, in order, when they go to files at all.
func (o *Options) Dirs() []string {
	if o.Dir != "" {
		return []string{o.Dir}
	}
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	if dir := getenv("GOOGLE_LOG_DIR"); dir != "" {
		return []string{dir}
	}
	dirs := make([]string, 0, 2)
	for _, dir := range []string{getenv("TEST_TMPDIR"), getenv("TMPDIR"), getenv("TMP"), "/tmp"} {
		if dir != "" && isDir(dir) {
			dirs = append(dirs, dir)
			break
		}
	}
	return append(dirs, "./")
}
