package persistence

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// TempSuffix marks the file that is being written.
const TempSuffix = ".tmp"

// atomicFile is a file that appears under its name when it is complete, or not at all.
type atomicFile struct {
	*os.File
	final string
}

// createAtomic creates the directory if need be and the temporary file.
func createAtomic(path string) (*atomicFile, error) {
	if dir := filepath.Dir(path); dir != "" {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, fmt.Errorf("creating the directory: %w", err)
		}
	}
	f, err := os.OpenFile(path+TempSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the file for writing: %w (uid %d)", err, os.Getuid())
	}
	return &atomicFile{f, path}, nil
}

// commit makes the file durable under its final name.
func (f *atomicFile) commit() error {
	if err := f.Sync(); err != nil {
		return errors.Join(fmt.Errorf("syncing: %w", err), f.abort())
	}
	if err := f.Close(); err != nil {
		return errors.Join(fmt.Errorf("closing: %w", err), os.Remove(f.final+TempSuffix))
	}
	if err := os.Rename(f.final+TempSuffix, f.final); err != nil {
		return errors.Join(fmt.Errorf("renaming: %w", err), os.Remove(f.final+TempSuffix))
	}
	return syncDir(filepath.Dir(f.final))
}

// abort removes the temporary file.
func (f *atomicFile) abort() error {
	return errors.Join(f.Close(), os.Remove(f.final+TempSuffix))
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening the directory to sync it: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	return nil
}

// RemoveStale removes the temporary files of base in dir that a process left behind which was killed while it
// saved, and returns their names.
func RemoveStale(dir, base string) (removed []string, err error) {
	entries, err := os.ReadDir(dirOrDot(dir))
	if err != nil {
		return nil, err
	}
	pattern := wildcard(base)
	for _, e := range entries {
		name, isTemp := strings.CutSuffix(e.Name(), TempSuffix)
		if ok, _ := path.Match(pattern, name); !isTemp || !ok || !isSnapshot(name) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return removed, err
		}
		removed = append(removed, e.Name())
	}
	return removed, nil
}
