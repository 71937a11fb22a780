package glog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// at is a time with every part of the prefix in it.
func at() time.Time { return time.Date(2026, 1, 31, 12, 0, 1, 123456789, time.FixedZone("", 3600)) }

// options are the defaults of the command line.
func options() Options {
	return Options{
		StderrThreshold: 2, MaxSizeMB: 1800, BufferSecs: 30, FileMode: 0o664, StampedNames: true, Prefix: true, Year: true, PID: 12,
		Getenv: func(string) string { return "" },
	}
}

// emit logs one message from nowhere, so that the place is always unknown:0.
func emit(h slog.Handler, level slog.Level, msg string, attrs ...slog.Attr) {
	r := slog.NewRecord(at(), level, msg, 0)
	r.AddAttrs(attrs...)
	if h.Enabled(context.Background(), level) {
		_ = h.Handle(context.Background(), r)
	}
}

func TestLine(t *testing.T) {
	f := func(level slog.Level, msg, want string, attrs ...slog.Attr) {
		t.Helper()
		var b bytes.Buffer
		o := options()
		o.ToStderr, o.Stderr = true, &b
		emit(New(o), level, msg, attrs...)
		if got := b.String(); got != want+"\n" {
			t.Errorf("got  %q\nwant %q", got, want+"\n")
		}
	}
	const p = "20260131 12:00:01.123456    12 unknown:0] "
	f(slog.LevelInfo, "Load finished", "I"+p+"Load finished")
	f(slog.LevelWarn, "w", "W"+p+"w")
	f(slog.LevelError, "e", "E"+p+"e")
	f(LevelFatal, "f", "F"+p+"f")
	f(slog.LevelInfo, "m", "I"+p+"m n=5 s=plain", slog.Int("n", 5), slog.String("s", "plain"))
	f(slog.LevelInfo, "m", "I"+p+`m s="a b" e="" q="=" d=1s`, slog.String("s", "a b"), slog.String("e", ""), slog.String("q", "="), slog.Duration("d", time.Second))
	f(slog.LevelInfo, "m", "I"+p+`m err="open x: denied"`, slog.Any("err", errors.New("open x: denied")))
	f(slog.LevelInfo, "m", "I"+p+"m g.a=1 g.h.b=2", slog.Group("g", slog.Int("a", 1), slog.Group("h", slog.Int("b", 2))))
	f(slog.LevelInfo, "m", "I"+p+"m a=1", slog.Attr{}, slog.Int("a", 1))
	// One event is one line, whatever it holds.
	f(slog.LevelInfo, "a\nI2026 forged\r\x1b[31m\xff", "I"+p+`a\nI2026 forged\r\x1b[31m\xff`)
	f(slog.LevelInfo, "m", "I"+p+`m k="a\nb\xff"`, slog.String("k", "a\nb\xff"))
	f(slog.LevelInfo, "m", "I"+p+`m a\nb=é`, slog.String("a\nb", "é"))
}

func TestPlace(t *testing.T) {
	var b bytes.Buffer
	o := options()
	o.ToStderr, o.Stderr = true, &b
	slog.New(New(o)).Info("here")
	if ok, _ := regexp.MatchString(`^I\d{8} \d\d:\d\d:\d\d\.\d{6}    12 glog_test\.go:\d+\] here\n$`, b.String()); !ok {
		t.Errorf("got %q", b.String())
	}
}

func TestPrefixOptions(t *testing.T) {
	f := func(change func(*Options), want string) {
		t.Helper()
		var b bytes.Buffer
		o := options()
		o.ToStderr, o.Stderr = true, &b
		change(&o)
		emit(New(o), slog.LevelInfo, "m")
		if b.String() != want {
			t.Errorf("got %q, want %q", b.String(), want)
		}
	}
	f(func(o *Options) { o.Prefix = false }, "m\n")
	f(func(o *Options) { o.Year = false }, "I0131 12:00:01.123456    12 unknown:0] m\n")
	f(func(o *Options) { o.UTC = true }, "I20260131 11:00:01.123456    12 unknown:0] m\n")
	f(func(o *Options) { o.PID = 1234567 }, "I20260131 12:00:01.123456 1234567 unknown:0] m\n")
	f(func(o *Options) { o.MinLevel = 1 }, "")
	f(func(o *Options) { o.ColorStderr = true }, "I20260131 12:00:01.123456    12 unknown:0] m\n") // not a terminal
}

func TestColor(t *testing.T) {
	f := func(s severity, want string) {
		t.Helper()
		var b bytes.Buffer
		_ = writeStream(&b, true, s, []byte("m\n"))
		if b.String() != want {
			t.Errorf("got %q, want %q", b.String(), want)
		}
	}
	f(info, "m\n")
	f(warning, "\x1b[0;33mm\x1b[m\n")
	f(failure, "\x1b[0;31mm\x1b[m\n")
}

func TestVerbosity(t *testing.T) {
	f := func(verbosity int, level slog.Level, want bool) {
		t.Helper()
		o := options()
		o.Verbosity = verbosity
		if got := New(o).Enabled(context.Background(), level); got != want {
			t.Errorf("--v=%d, level %d: %v", verbosity, level, got)
		}
	}
	f(0, slog.LevelInfo, true)
	f(0, slog.LevelDebug, false)
	f(1, slog.LevelDebug, true)
	f(1, Verbose(2), false)
	f(2, Verbose(2), true)
	f(-1, slog.LevelInfo, true)
}

func TestDerivedHandlers(t *testing.T) {
	var b bytes.Buffer
	o := options()
	o.ToStdout, o.Stdout, o.Prefix = true, &b, false
	log := slog.New(New(o)).With("a", 1).WithGroup("g").With("b", 2)
	log.Info("m", "c", 3)
	if b.String() != "m a=1 g.b=2 g.c=3\n" {
		t.Errorf("got %q", b.String())
	}
}

// logged returns the lines of the current file of a severity without the header.
func logged(t *testing.T, dir, severity string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "dragonfly."+severity))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) < 4 || !strings.HasPrefix(lines[0], "Log file created at: 2026/01/31 12:00:01") {
		t.Fatalf("no header: %q", lines)
	}
	return lines[4:]
}

func TestFiles(t *testing.T) {
	var stderr bytes.Buffer
	o := options()
	o.Dir, o.LinkDir, o.Stderr, o.Prefix = t.TempDir(), t.TempDir(), &stderr, false
	h := New(o)
	emit(h, slog.LevelInfo, "one")
	if _, err := os.Stat(filepath.Join(o.Dir, "dragonfly.WARNING")); err == nil {
		t.Error("a WARNING file before the first warning")
	}
	emit(h, slog.LevelWarn, "two")
	emit(h, slog.LevelError, "three")
	emit(h, LevelFatal, "four")
	h.Close()

	f := func(severity string, want ...string) {
		t.Helper()
		if got := logged(t, o.Dir, severity); strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: got %q, want %q", severity, got, want)
		}
		if got := logged(t, o.LinkDir, severity); len(got) != len(want) {
			t.Errorf("%s: second link: got %q", severity, got)
		}
	}
	f("INFO", "one", "two", "three", "four")
	f("WARNING", "two", "three", "four")
	f("ERROR", "three", "four")
	f("FATAL", "four")
	if stderr.String() != "three\nfour\n" {
		t.Errorf("stderr %q", stderr.String())
	}
	target, _ := os.Readlink(filepath.Join(o.Dir, "dragonfly.INFO"))
	if ok, _ := regexp.MatchString(`^dragonfly\.[^/]+\.log\.INFO\.20260131-120001\.12\.log$`, target); !ok {
		t.Errorf("name %q", target)
	}
	emit(h, slog.LevelInfo, "late")
	if !strings.HasSuffix(stderr.String(), "late\n") {
		t.Error("a line after Close is lost")
	}
}

func TestUnstampedFileGrows(t *testing.T) {
	o := options()
	o.Dir, o.StampedNames, o.Prefix = t.TempDir(), false, false
	for range 2 {
		h := New(o)
		emit(h, slog.LevelInfo, "m")
		h.Close()
	}
	text, err := os.ReadFile(filepath.Join(o.Dir, "dragonfly.INFO"))
	if err != nil || strings.Count(string(text), "\nm\n") != 2 {
		t.Errorf("%v: %q", err, text)
	}
}

func TestRotation(t *testing.T) {
	o := options()
	o.Dir, o.MaxSizeMB, o.Prefix = t.TempDir(), 1, false
	h := New(o)
	emit(h, slog.LevelInfo, strings.Repeat("x", 1<<20))
	r := slog.NewRecord(at().Add(3*time.Second), slog.LevelInfo, "next", 0)
	_ = h.Handle(context.Background(), r)
	h.Close()
	files, _ := filepath.Glob(filepath.Join(o.Dir, "*.log"))
	if len(files) != 2 {
		t.Fatalf("files %q", files)
	}
	text, _ := os.ReadFile(filepath.Join(o.Dir, "dragonfly.INFO"))
	if !strings.Contains(string(text), "Running duration (h:mm:ss): 0:00:03\n") || !strings.HasSuffix(string(text), "\nnext\n") {
		t.Errorf("second file: %q", text)
	}
}

func TestBuffering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.Dir, o.Prefix, o.Stderr = t.TempDir(), false, &bytes.Buffer{}
		h := New(o)
		defer h.Close()
		onDisk := func() string {
			text, _ := os.ReadFile(filepath.Join(o.Dir, "dragonfly.INFO"))
			return string(text)
		}
		emit(h, slog.LevelInfo, "buffered")
		if onDisk() != "" {
			t.Error("INFO is written at once")
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if !strings.HasSuffix(onDisk(), "buffered\n") {
			t.Error("INFO is not written after logbufsecs")
		}
		emit(h, slog.LevelInfo, "second")
		emit(h, slog.LevelWarn, "warning")
		if !strings.HasSuffix(onDisk(), "second\nwarning\n") {
			t.Error("a warning does not write what waits")
		}
	})
}

func TestNoDirectoryFallsBackToStderr(t *testing.T) {
	var stderr bytes.Buffer
	o := options()
	o.Dir, o.Stderr, o.Prefix = filepath.Join(t.TempDir(), "absent"), &stderr, false
	h := New(o)
	emit(h, slog.LevelInfo, "one")
	emit(h, slog.LevelInfo, "two")
	h.Close()
	got := stderr.String()
	if strings.Count(got, "COULD NOT WRITE LOG FILE") != 1 || !strings.HasSuffix(got, "one\ntwo\n") {
		t.Errorf("stderr %q", got)
	}
}

func TestLinkNeverReplacesAFile(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	precious := filepath.Join(o.Dir, "dragonfly.INFO")
	if err := os.WriteFile(precious, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := New(o)
	emit(h, slog.LevelInfo, "m")
	h.Close()
	if text, _ := os.ReadFile(precious); string(text) != "mine" {
		t.Errorf("overwritten by %q", text)
	}
}

func TestDirs(t *testing.T) {
	dir := t.TempDir()
	f := func(flag string, env map[string]string, want ...string) {
		t.Helper()
		o := Options{Dir: flag, Getenv: func(name string) string { return env[name] }}
		if got := o.Dirs(); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f("/x", map[string]string{"GOOGLE_LOG_DIR": "/y"}, "/x")
	f("", map[string]string{"GOOGLE_LOG_DIR": "/y"}, "/y")
	f("", map[string]string{"TMPDIR": dir}, dir, "./")
	f("", map[string]string{"TEST_TMPDIR": "/absent", "TMP": dir}, dir, "./")
	f("", nil, "/tmp", "./")
}
