package glog

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Handler is an slog.Handler that writes glog's lines. All handlers derived from one by WithAttrs and WithGroup write to
// the same places, one line at a time. Close it when the program ends, or buffered lines are lost.
type Handler struct {
	out   *output
	attrs []byte // already formatted, as " key=value …"
	group string // "a.b." while inside groups a and b
}

// New returns a handler for the options. It opens nothing: files are made when the first line for them comes.
func New(o Options) *Handler {
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PID == 0 {
		o.PID = os.Getpid()
	}
	out := &output{
		Options:     o,
		colorStderr: o.ColorStderr && isTerminal(o.Stderr),
		colorStdout: o.ColorStdout && isTerminal(o.Stdout),
	}
	out.files.options = &out.Options
	return &Handler{out: out}
}

// Enabled reports whether messages of the level are logged.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool {
	if level < slog.LevelInfo && level < Verbose(h.out.Verbosity) {
		return false
	}
	return int(severityOf(level)) >= h.out.MinLevel
}

// Handle writes one line. Its error is that of the last place written to, if any.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	s := severityOf(r.Level)
	line := make([]byte, 0, 256)
	if h.out.Prefix {
		line = appendPrefix(line, &h.out.Options, s, r.Time, r.PC)
	}
	line = appendText(line, r.Message)
	line = append(line, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		line = appendAttr(line, h.group, a)
		return true
	})
	return h.out.write(s, r.Time, append(line, '\n'))
}

// WithAttrs returns a handler that ends every message with attrs.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	derived := *h
	derived.attrs = append([]byte(nil), h.attrs...)
	for _, a := range attrs {
		derived.attrs = appendAttr(derived.attrs, h.group, a)
	}
	return &derived
}

// WithGroup returns a handler that puts name and a dot before the keys of all further attributes.
func (h *Handler) WithGroup(name string) slog.Handler {
	derived := *h
	if name != "" {
		derived.group = h.group + name + "."
	}
	return &derived
}

// Flush writes out what is buffered.
func (h *Handler) Flush() {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.files.flush()
}

// Close flushes and closes the files. Lines that still come go to stderr.
func (h *Handler) Close() {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.files.close()
}

// output is where lines go. Its options do not change.
type output struct {
	Options
	colorStderr, colorStdout bool

	mu    sync.Mutex // held while a line is written anywhere, so that lines never mix
	files logFiles   // guarded by mu
}

// write sends a line to every place its severity calls for.
func (out *output) write(s severity, at time.Time, line []byte) error {
	out.mu.Lock()
	defer out.mu.Unlock()
	switch {
	case out.ToStderr:
		return writeStream(out.Stderr, out.colorStderr, s, line)
	case out.ToStdout:
		return writeStream(out.Stdout, out.colorStdout, s, line)
	}
	written := out.files.write(s, at, line, out.lock)
	if out.AlsoToStderr || int(s) >= out.StderrThreshold || !written {
		return writeStream(out.Stderr, out.colorStderr, s, line)
	}
	return nil
}

// lock runs f while no line is written; files use it for what they do later.
func (out *output) lock(f func()) {
	out.mu.Lock()
	defer out.mu.Unlock()
	f()
}

// writeStream writes a line in one call, in the colour of its severity if asked to.
func writeStream(w io.Writer, colored bool, s severity, line []byte) error {
	if color := s.color(); colored && color != "" {
		line = append(append([]byte(color), line[:len(line)-1]...), "\x1b[m\n"...)
	}
	_, err := w.Write(line)
	return err
}

// isTerminal reports whether w is a character device other than the null device, which is near enough for colours.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}
