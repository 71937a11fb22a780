// Package vfs is the part of a file system that snapshots need, as an interface, so that tests can take its place with
// one that fails or forgets. OS is the real one.
package vfs

import (
	"io"
	"io/fs"
)

// FS is a file system. Names are paths as the os package takes them; errors are those of the os package.
type FS interface {
	// MkdirAll creates a directory with its parents.
	MkdirAll(dir string, perm fs.FileMode) error
	// Create creates or truncates a file and opens it for reading and writing.
	Create(name string, perm fs.FileMode) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename gives a file another name, in place of the file that has it.
	Rename(from, to string) error
	// Link gives a file a second name, which must be free.
	Link(from, to string) error
	// Remove removes a file.
	Remove(name string) error
	// ReadDir lists a directory by name.
	ReadDir(dir string) ([]fs.DirEntry, error)
	// Stat describes a file, following symbolic links.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
	// Free returns how many bytes can be written in a directory.
	Free(dir string) (int64, error)
}

// File is an open file.
type File interface {
	io.Reader
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes the content durable.
	Sync() error
	// Size returns the length in bytes.
	Size() (int64, error)
}
