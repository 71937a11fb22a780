package glog

import (
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// severity is glog's coarser idea of a level.
type severity int

const (
	info severity = iota
	warning
	failure
	fatal
	severities // how many there are
)

// severityOf maps a level to the severity at or below it.
func severityOf(level slog.Level) severity {
	switch {
	case level >= LevelFatal:
		return fatal
	case level >= slog.LevelError:
		return failure
	case level >= slog.LevelWarn:
		return warning
	}
	return info
}

// String returns the severity as it stands in file names.
func (s severity) String() string {
	return [...]string{"INFO", "WARNING", "ERROR", "FATAL"}[s]
}

// color returns the terminal sequence lines of the severity are drawn in.
func (s severity) color() string {
	return [...]string{"", "\x1b[0;33m", "\x1b[0;31m", "\x1b[0;31m"}[s]
}

// appendPrefix appends severity, time, process id and place of the call.
func appendPrefix(dst []byte, o *Options, s severity, at time.Time, pc uintptr) []byte {
	if o.UTC {
		at = at.UTC()
	}
	dst = append(dst, "IWEF"[s])
	layout := "0102 15:04:05.000000 "
	if o.Year {
		layout = "20060102 15:04:05.000000 "
	}
	dst = at.AppendFormat(dst, layout)
	dst = appendPadded(dst, o.PID, 5)
	dst = append(dst, ' ')
	file, line := place(pc)
	dst = append(dst, file...)
	dst = append(dst, ':')
	dst = strconv.AppendInt(dst, int64(line), 10)
	return append(dst, "] "...)
}

// appendPadded appends n, right-aligned in width columns.
func appendPadded(dst []byte, n, width int) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(n), 10)
	for i := len(text); i < width; i++ {
		dst = append(dst, ' ')
	}
	return append(dst, text...)
}

// place returns file name and line of a call.
func place(pc uintptr) (string, int) {
	if pc == 0 {
		return "unknown", 0
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return filepath.Base(frame.File), frame.Line
}

// appendText appends text with everything escaped that could end or disguise the line.
func appendText(dst []byte, text string) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if (r == utf8.RuneError && size == 1) || !unicode.IsPrint(r) {
			dst = appendEscape(dst, text[:size])
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
	return dst
}

// appendEscape appends one unprintable character as Go would write it.
func appendEscape(dst []byte, char string) []byte {
	quoted := strconv.AppendQuote(dst, char)
	inner := quoted[len(dst)+1 : len(quoted)-1]
	return append(dst, inner...)
}

// appendAttr appends " key=value"; groups put their name and a dot before the keys of their members.
func appendAttr(dst []byte, prefix string, a slog.Attr) []byte {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range value.Group() {
			dst = appendAttr(dst, prefix, member)
		}
		return dst
	}
	if a.Equal(slog.Attr{}) {
		return dst
	}
	dst = append(dst, ' ')
	dst = appendText(dst, prefix+a.Key)
	dst = append(dst, '=')
	return appendValue(dst, value)
}

// appendValue appends a value, quoted when a reader could not tell where it ends.
func appendValue(dst []byte, value slog.Value) []byte {
	text := value.String()
	if err, ok := value.Any().(error); ok && value.Kind() == slog.KindAny {
		text = err.Error()
	}
	if text == "" || needsQuotes(text) {
		return strconv.AppendQuote(dst, text)
	}
	return append(dst, text...)
}

func needsQuotes(text string) bool {
	for _, r := range text {
		if r == ' ' || r == '"' || r == '=' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return true
		}
	}
	return false
}
