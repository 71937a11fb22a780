package glog

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// logFiles is the set of log files, one per severity that occurred. It has no lock of its own.
type logFiles struct {
	options *Options
	files   [severities]*logFile
	started time.Time   // of the first line
	timer   *time.Timer // flushes the buffers; nil while they are empty
	closed  bool
	broken  bool // no file can be made, or the disk was full and we were told to stop
}

// logFile is one open log file.
type logFile struct {
	f    *os.File
	w    *bufio.Writer
	size int64
}

// write appends the line to the files of its severity and of all below, and reports whether all of them took it.
// later runs a function under the lock that guards the files.
func (l *logFiles) write(s severity, at time.Time, line []byte, later func(func())) bool {
	if l.closed || l.broken {
		return false
	}
	if l.started.IsZero() {
		l.started = at
	}
	for to := s; to >= info; to-- {
		if err := l.writeOne(to, at, line); err != nil {
			l.fail(to, err)
			return false
		}
	}
	if int(s) > l.options.BufferLevel || l.options.BufferSecs == 0 {
		l.flush()
	} else if l.timer == nil {
		wait := time.Duration(l.options.BufferSecs) * time.Second
		l.timer = time.AfterFunc(wait, func() { later(l.flush) })
	}
	return true
}

// writeOne appends the line to one file, beginning the file or the next one as needed.
func (l *logFiles) writeOne(s severity, at time.Time, line []byte) error {
	file := l.files[s]
	if file != nil && l.options.StampedNames && file.size >= int64(max(l.options.MaxSizeMB, 1))<<20 {
		if err := file.close(); err != nil {
			return err
		}
		file, l.files[s] = nil, nil
	}
	if file == nil {
		var err error
		if file, err = l.open(s, at); err != nil {
			return err
		}
		l.files[s] = file
	}
	return file.append(line)
}

// append writes one piece of text to the buffer of the file.
func (file *logFile) append(text []byte) error {
	n, err := file.w.Write(text)
	file.size += int64(n)
	return err
}

// close flushes and closes the file.
func (file *logFile) close() error {
	return errors.Join(file.w.Flush(), file.f.Close())
}

// fail tells stderr, once, that a log file cannot be written.
func (l *logFiles) fail(s severity, err error) {
	full := errors.Is(err, syscall.ENOSPC)
	if l.files[s] == nil || (full && l.options.StopOnFullDisk) {
		l.broken = true
	}
	fmt.Fprintf(l.options.Stderr, "COULD NOT WRITE LOG FILE OF SEVERITY %s: %v\n", s, err)
	if file := l.files[s]; file != nil {
		file.w.Reset(file.f) // a bufio.Writer that failed once refuses all writes; the next line tries again
	}
}

// flush writes out all buffers.
func (l *logFiles) flush() {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	for s, file := range l.files {
		if file == nil {
			continue
		}
		if err := file.w.Flush(); err != nil {
			l.fail(severity(s), err)
		}
	}
}

// close flushes and closes all files.
func (l *logFiles) close() {
	l.flush()
	l.closed = true
	for s, file := range l.files {
		if file != nil {
			_ = file.f.Close() // flushed above; nothing is left to lose
			l.files[s] = nil
		}
	}
}

// open begins a file in the first directory that takes it, and points the links at it.
func (l *logFiles) open(s severity, at time.Time) (*logFile, error) {
	name := l.name(s, at)
	var failures []error
	for _, dir := range l.options.Dirs() {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, l.options.FileMode)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		l.link(s, dir, name)
		file := &logFile{f: f, w: bufio.NewWriter(f)}
		if st, err := f.Stat(); err == nil {
			file.size = st.Size()
		}
		return file, file.append(l.header(at))
	}
	return nil, errors.Join(failures...)
}

// name returns the name of a file that begins now.
func (l *logFiles) name(s severity, at time.Time) string {
	if l.options.UTC {
		at = at.UTC()
	}
	name := "dragonfly." + hostName() + "." + userName(l.options.Getenv) + ".log." + s.String()
	if !l.options.StampedNames {
		return name
	}
	return name + "." + at.Format("20060102-150405") + "." + strconv.Itoa(l.options.PID) + ".log"
}

// header returns the lines every file begins with.
func (l *logFiles) header(at time.Time) []byte {
	if l.options.UTC {
		at = at.UTC()
	}
	year, run := "yyyy", at.Sub(l.started)
	if !l.options.Year {
		year = ""
	}
	return fmt.Appendf(nil, "Log file created at: %s\nRunning on machine: %s\nRunning duration (h:mm:ss): %d:%02d:%02d\n"+
		"Log line format: [IWEF]%smmdd hh:mm:ss.uuuuuu threadid file:line] msg\n",
		at.Format("2006/01/02 15:04:05"), hostName(), int(run.Hours()), int(run.Minutes())%60, int(run.Seconds())%60, year)
}

// link points dragonfly.<SEVERITY> at the file, beside it and in the directory for links. A log without links is still a
// log, so failures are ignored, as glog does.
func (l *logFiles) link(s severity, dir, name string) {
	replaceLink(name, filepath.Join(dir, "dragonfly."+s.String()))
	if l.options.LinkDir != "" {
		if abs, err := filepath.Abs(filepath.Join(dir, name)); err == nil {
			replaceLink(abs, filepath.Join(l.options.LinkDir, "dragonfly."+s.String()))
		}
	}
}

// replaceLink makes link point at target. It removes only links, never a file that happens to have the name.
func replaceLink(target, link string) {
	if st, err := os.Lstat(link); err == nil {
		if st.Mode()&fs.ModeSymlink == 0 {
			return
		}
		_ = os.Remove(link) // if this fails so does the next line
	}
	_ = os.Symlink(target, link) // see link
}

// hostName returns the machine's name as file names hold it.
func hostName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "(unknown)"
	}
	return strings.ReplaceAll(host, "/", "_")
}

// userName returns the name of the user the process runs as.
func userName(getenv func(string) string) string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return strings.ReplaceAll(u.Username, "/", "_")
	}
	if name := getenv("USER"); name != "" {
		return strings.ReplaceAll(name, "/", "_")
	}
	return "invalid-user"
}

// isDir reports whether path is a directory.
func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}
