package persistence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"dragonfly/persistence/vfs"
)

// fileState is how far a dirFile has come.
type fileState uint8

const (
	writing   fileState = iota
	finished            // durable under its temporary name, as far as the directory is
	committed           // Commit renames it, or has: Abort must not touch it any more
	aborted
)

// dirFile is a file of a Dir that is being written. One goroutine uses it at a time.
type dirFile struct {
	dir   *Dir
	f     vfs.File
	name  string
	state fileState
}

// Name returns the name under which the file will appear.
func (f *dirFile) Name() string { return f.name }

// Write appends to the file.
func (f *dirFile) Write(b []byte) (int, error) {
	n, err := f.f.Write(b)
	return n, whole(n, b, err)
}

// WriteAt overwrites bytes near the start.
func (f *dirFile) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(b)) > HeadBytes {
		return 0, fmt.Errorf("%s: bytes %d to %d are not in its head", f.dir.temp(f.name), off, off+int64(len(b)))
	}
	n, err := f.f.WriteAt(b, off)
	return n, whole(n, b, err)
}

// whole makes sure that who writes less says so.
func whole(n int, b []byte, err error) error {
	if err == nil && n < len(b) {
		return io.ErrShortWrite
	}
	return err
}

// Finish makes the content durable and closes the file. A sync that failed is never tried again: a second one may
// succeed although the system has dropped what the first could not write.
func (f *dirFile) Finish() error {
	if f.state != writing {
		return fmt.Errorf("finishing %s: it is finished or given up", f.dir.temp(f.name))
	}
	f.state = aborted
	if err := f.f.Sync(); err != nil {
		return errors.Join(fmt.Errorf("syncing: %w", err), f.f.Close(), f.remove())
	}
	if err := f.f.Close(); err != nil {
		return errors.Join(fmt.Errorf("closing: %w", err), f.remove())
	}
	f.state = finished
	return nil
}

// Abort removes the temporary file. It does nothing for a file that Commit has begun to rename or that Finish gave up.
func (f *dirFile) Abort() error {
	var err error
	switch f.state {
	case writing:
		err = errors.Join(f.f.Close(), f.remove())
	case finished:
		err = f.remove()
	default:
		return nil
	}
	f.state = aborted
	return err
}

func (f *dirFile) remove() error {
	err := f.dir.fs.Remove(f.dir.temp(f.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
