package vfstest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"syscall"
)

// File is an open file of an FS.
type File struct {
	fs       *FS
	node     *inode
	path     string
	off      int64
	writable bool
	closed   bool
}

func (f *File) call(op string, do func() error) error {
	return f.fs.call(op, f.path, func() error {
		if f.closed {
			return fs.ErrClosed
		}
		return do()
	})
}

// Read reads on.
func (f *File) Read(b []byte) (n int, err error) {
	err = f.call("read", func() error {
		n, err = f.readAt(b, f.off)
		f.off += int64(n)
		return nil
	})
	if err == nil && n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, err
}

// ReadAt reads from an offset on.
func (f *File) ReadAt(b []byte, off int64) (n int, err error) {
	err = f.call("read", func() error {
		n, _ = f.readAt(b, off)
		return nil
	})
	if err == nil && n < len(b) {
		return n, io.EOF
	}
	return n, err
}

func (f *File) readAt(b []byte, off int64) (int, error) {
	if off >= int64(len(f.node.content)) {
		return 0, nil
	}
	return copy(b, f.node.content[off:]), nil
}

// Write writes on.
func (f *File) Write(b []byte) (int, error) {
	n, err := f.write(b, func() int64 { return f.off })
	f.off += int64(n)
	return n, err
}

// WriteAt writes at an offset.
func (f *File) WriteAt(b []byte, off int64) (int, error) {
	return f.write(b, func() int64 { return off })
}

func (f *File) write(b []byte, off func() int64) (n int, err error) {
	err = f.call("write", func() error {
		if !f.writable {
			return syscall.EBADF
		}
		room := len(b)
		if f.fs.limit > 0 {
			grow := off() + int64(len(b)) - int64(len(f.node.content))
			if free := f.fs.limit - f.fs.used(); grow > free {
				room = int(max(0, int64(len(b))-grow+free))
			}
		}
		n = f.put(b[:room], off())
		if n < len(b) {
			return syscall.ENOSPC
		}
		return nil
	})
	if errors.Is(err, ErrShort) {
		f.fs.mu.Lock()
		defer f.fs.mu.Unlock()
		n = f.put(b[:len(b)/2], off())
	}
	return n, err
}

func (f *File) put(b []byte, off int64) int {
	n := f.node
	if grow := off + int64(len(b)) - int64(len(n.content)); grow > 0 {
		n.content = append(n.content, make([]byte, grow)...)
	} else {
		n.content = bytes.Clone(n.content)
	}
	copy(n.content[off:], b)
	n.modified = f.fs.tick()
	return len(b)
}

// Sync makes the content durable. If it fails the system drops what it could not write and takes it for written, as
// Linux does: a later sync succeeds and changes nothing.
func (f *File) Sync() error {
	err := f.call("sync", func() error {
		if !f.node.lost {
			f.node.durable, f.node.durableModified = slices.Clone(f.node.content), f.node.modified
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrPower) {
		f.fs.mu.Lock()
		defer f.fs.mu.Unlock()
		f.node.lost = true
	}
	return err
}

// Close closes the file, also if it fails.
func (f *File) Close() error {
	err := f.call("close", func() error { return nil })
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.closed = true
	return err
}

// Size returns the length in bytes.
func (f *File) Size() (n int64, err error) {
	err = f.call("fstat", func() error {
		n = int64(len(f.node.content))
		return nil
	})
	return n, err
}
