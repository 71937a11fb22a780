package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// RemoveStale removes the temporary file that a process left behind which was killed while it saved to path.
// It tells whether there was one.
func RemoveStale(path string) (bool, error) {
	err := os.Remove(path + TempSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
