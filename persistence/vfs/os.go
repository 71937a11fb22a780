package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// OS is the file system of the operating system. Its errors name the path, and if permission is missing, the user who
// lacks it: a directory of another user is the usual reason in a container.
type OS struct{}

// explain adds to an error what the operator has to know.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w (uid %d)", err, os.Getuid())
	}
	return err
}

// MkdirAll creates a directory with its parents.
func (OS) MkdirAll(dir string, perm fs.FileMode) error { return explain(os.MkdirAll(dir, perm)) }

// Create creates or truncates a file and opens it for reading and writing.
func (OS) Create(name string, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return nil, explain(err)
	}
	return osFile{f}, nil
}

// Open opens a file for reading.
func (OS) Open(name string) (File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, explain(err)
	}
	return osFile{f}, nil
}

// Rename gives a file another name, in place of the file that has it.
func (OS) Rename(from, to string) error { return explain(os.Rename(from, to)) }

// Link gives a file a second name, which must be free.
func (OS) Link(from, to string) error { return explain(os.Link(from, to)) }

// Remove removes a file.
func (OS) Remove(name string) error { return explain(os.Remove(name)) }

// ReadDir lists a directory by name.
func (OS) ReadDir(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	return entries, explain(err)
}

// Stat describes a file, following symbolic links.
func (OS) Stat(name string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	return info, explain(err)
}

// SyncDir makes the names in a directory durable. Some file systems, most of them remote ones, have no such call for
// directories and say so: there is nothing more to be done there.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return explain(err)
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// Free returns how many bytes a process without privileges can write in a directory. Quotas are not seen.
func (OS) Free(dir string) (int64, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(dir, &st)
		if err == nil {
			return freeBytes(&st), nil
		}
		if !errors.Is(err, unix.EINTR) {
			return 0, explain(&fs.PathError{Op: "statfs", Path: dir, Err: err})
		}
	}
}

// osFile is an open file of the operating system.
type osFile struct{ *os.File }

// Size returns the length in bytes.
func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
