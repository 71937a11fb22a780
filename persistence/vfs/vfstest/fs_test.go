package vfstest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dragonfly/persistence/vfs"
)

var _ vfs.FS = (*FS)(nil)

func create(t *testing.T, fsys *FS, name, text string, sync bool) {
	t.Helper()
	f, err := fsys.Create(name, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		t.Fatal(err)
	}
	if sync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// content returns what is in a file, "-" if there is none.
func content(t *testing.T, fsys *FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// outcomes returns what is in some files after a crash, for many seeds, without repetitions.
func outcomes(t *testing.T, do func(fsys *FS), names ...string) (all []string) {
	t.Helper()
	for seed := range uint64(400) {
		fsys := New()
		do(fsys)
		fsys = fsys.Crash(seed)
		var one []string
		for _, name := range names {
			one = append(one, content(t, fsys, name))
		}
		all = append(all, strings.Join(one, " "))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestCrashNames: names that were not synced are there or not, each by itself; a rename leaves at least one name.
func TestCrashNames(t *testing.T) {
	f := func(title string, do func(fsys *FS), names string, want ...string) {
		t.Helper()
		if got := outcomes(t, do, strings.Fields(names)...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", title, got, want)
		}
	}
	f("created", func(fsys *FS) {
		create(t, fsys, "a", "1", true)
		create(t, fsys, "b", "2", true)
	}, "a b", "- -", "- 2", "1 -", "1 2")
	f("created and synced", func(fsys *FS) {
		create(t, fsys, "a", "1", true)
		_ = fsys.SyncDir(".")
		create(t, fsys, "b", "2", true)
	}, "a b", "1 -", "1 2")
	f("renamed", func(fsys *FS) {
		create(t, fsys, "a", "1", true)
		create(t, fsys, "b", "2", true)
		_ = fsys.SyncDir(".")
		_ = fsys.Rename("a", "b")
	}, "a b", "- 1", "1 1", "1 2")
	f("renamed, and the name used again", func(fsys *FS) {
		create(t, fsys, "a", "1", true)
		_ = fsys.SyncDir(".")
		_ = fsys.Rename("a", "b")
		create(t, fsys, "a", "3", true)
	}, "a b", "- 1", "1 -", "1 1", "3 -", "3 1")
	f("removed", func(fsys *FS) {
		create(t, fsys, "a", "1", true)
		_ = fsys.SyncDir(".")
		_ = fsys.Remove("a")
	}, "a", "-", "1")
	f("a directory", func(fsys *FS) {
		_ = fsys.MkdirAll("d/e", 0o777)
		_ = fsys.SyncDir("d")
		create(t, fsys, "d/e/a", "1", true)
		_ = fsys.SyncDir("d/e")
	}, "d/e/a", "-", "1")
	f("two names of one file", func(fsys *FS) {
		create(t, fsys, "a", "1", true)
		_ = fsys.Link("a", "b")
		_ = fsys.SyncDir(".")
		_ = fsys.Remove("a")
	}, "a b", "- 1", "1 1")
}

// TestCrashContent: content that was not synced is lost, cut short or full of holes.
func TestCrashContent(t *testing.T) {
	old, text := strings.Repeat("o", 2*blockSize), strings.Repeat("n", 5*blockSize)
	var same, lost, short, holes int
	for _, got := range outcomes(t, func(fsys *FS) {
		create(t, fsys, "a", old, true)
		_ = fsys.SyncDir(".")
		create(t, fsys, "a", text, false)
	}, "a") {
		switch {
		case got == text:
			same++
		case got == old:
			lost++
		case strings.HasPrefix(text, got):
			short++
		case bytes.ContainsAny([]byte(got), "\x00o"):
			holes++
		default:
			t.Errorf("%q", got)
		}
	}
	if same == 0 || lost == 0 || short < 10 || holes < 10 {
		t.Errorf("%d times there, %d times lost, %d cut short, %d with holes", same, lost, short, holes)
	}
	if got := outcomes(t, func(fsys *FS) {
		create(t, fsys, "a", text, true)
		_ = fsys.SyncDir(".")
	}, "a"); !slices.Equal(got, []string{text}) {
		t.Error("what was synced is lost")
	}
	// A sync that failed is not made good by another one.
	if got := outcomes(t, func(fsys *FS) {
		f, err := fsys.Create("a", 0o644)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, "1")
		_ = fsys.SyncDir(".")
		fsys.FailAt(1, syscall.EIO, true)
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}, "a"); !slices.Contains(got, "") || !slices.Contains(got, "1") {
		t.Errorf("after a sync that failed: %q", got)
	}
}

// TestRestart: a process that is killed leaves all that it has written.
func TestRestart(t *testing.T) {
	fsys := New()
	f, err := fsys.Create("a", 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(f, "text")
	next := fsys.Restart()
	if _, err := f.Write([]byte("x")); !errors.Is(err, ErrPower) {
		t.Errorf("the process goes on: %v", err)
	}
	if _, err := fsys.Stat("a"); !errors.Is(err, ErrPower) {
		t.Errorf("the process goes on: %v", err)
	}
	if got := content(t, next, "a"); got != "text" {
		t.Errorf("%q", got)
	}
	if got := content(t, next.Crash(0), "a"); got != "-" && got != "text" && got != "" && !strings.HasPrefix("text", got) && got != "\x00\x00\x00\x00" {
		t.Errorf("%q", got)
	}
}

// TestFailures: the n-th call fails, or that and all after it; a short write writes half; a full disk takes what it can.
func TestFailures(t *testing.T) {
	fsys := New()
	fsys.FailAt(2, syscall.EROFS, true)
	_, first := fsys.Stat("a")
	_, second := fsys.Stat("a")
	_, third := fsys.Stat("a")
	if errors.Is(first, syscall.EROFS) || !errors.Is(second, syscall.EROFS) || errors.Is(third, syscall.EROFS) || fsys.Calls() != 3 {
		t.Errorf("%v, %v, %v after %d calls", first, second, third, fsys.Calls())
	}
	fsys.FailAt(2, syscall.EIO, false)
	f, err := fsys.Create("a", 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	fsys.ClearFailure()
	fsys.FailAt(1, ErrShort, true)
	if n, err := f.Write([]byte("abcdef")); n != 3 || !errors.Is(err, ErrShort) {
		t.Errorf("%d bytes, %v", n, err)
	}
	fsys.Limit(5)
	if n, err := f.Write([]byte("DEF")); n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := fsys.Free("."); n != 0 || err != nil {
		t.Errorf("%d bytes free, %v", n, err)
	}
	if n, err := f.WriteAt([]byte("A"), 0); n != 1 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	fsys.StopAt(2)
	if got := content(t, New(), "a"); got != "-" {
		t.Error(got)
	}
	if n, err := f.Size(); n != 5 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := f.Close(); !errors.Is(err, ErrPower) {
		t.Errorf("after the power is gone: %v", err)
	}
	if got := content(t, fsys.Restart(), "a"); got != "AbcDE" {
		t.Errorf("%q", got)
	}
}
