package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOS: the calls do what they say, and errors name the path.
func TestOS(t *testing.T) {
	var fsys FS = OS{}
	dir := filepath.Join(t.TempDir(), "a", "b")
	path, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	if err := fsys.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := fsys.Create(path, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("C"), 0); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 3)
	if _, err := f.ReadAt(buf, 0); string(buf) != "Con" || err != nil {
		t.Errorf("%q, %v", buf, err)
	}
	if n, err := f.Size(); n != 7 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := errors.Join(f.Sync(), f.Close(), fsys.Link(path, other), fsys.SyncDir(dir)); err != nil {
		t.Error(err)
	}
	if err := fsys.Link(path, other); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a link to a name that is taken: %v", err)
	}
	// Rename between two names of one file does nothing; a name of another is taken.
	if err := errors.Join(fsys.Remove(other), fsys.Rename(path, other)); err != nil {
		t.Error(err)
	}
	entries, err := fsys.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "other" {
		t.Errorf("%v, %v", entries, err)
	}
	if n, err := fsys.Free(dir); n <= 0 || err != nil {
		t.Errorf("%d bytes free, %v", n, err)
	}
	// A file that is open for reading can be synced.
	g, err := fsys.Open(other)
	if err != nil || g.Sync() != nil || g.Close() != nil {
		t.Error(err)
	}
	_, openErr := fsys.Open(path)
	_, statErr := fsys.Stat(path)
	_, freeErr := fsys.Free(path)
	_, createErr := fsys.Create(filepath.Join(path, "x"), 0o644)
	for _, err := range []error{openErr, statErr, freeErr, createErr, fsys.Remove(path), fsys.Rename(path, other), fsys.SyncDir(path)} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("a missing file: %v", err)
		}
	}
}

// TestExplain: who may not is told who they are.
func TestExplain(t *testing.T) {
	err := explain(&fs.PathError{Op: "open", Path: "/data/dump.rdb.tmp", Err: syscall.EACCES})
	if want := fmt.Sprintf("open /data/dump.rdb.tmp: permission denied (uid %d)", os.Getuid()); err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want %s", err, want)
	}
	if other := errors.New("other"); explain(other) != other || explain(nil) != nil {
		t.Error("other errors are changed")
	}
}
