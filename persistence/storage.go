package persistence

import (
	"context"
	"io"
	"time"
)

// Storage is a place where snapshots are kept: a directory, or a prefix of a bucket. Names have no directory part.
type Storage interface {
	// Create starts a file. It appears under its name when it is committed, and not before.
	Create(ctx context.Context, name string) (Pending, error)
	// Commit makes finished files appear, each in place of the file that had its name, and the last one last.
	// When it returns nil they are durable. After an error what was there before is still whole, or Recover will
	// find all of the new files.
	Commit(ctx context.Context, files []Pending) error
	// Recover settles what a process left behind that was interrupted in a commit of one of the snapshots of a base
	// name: the files are there under their names, all of the new snapshot or all of the old. It is called before
	// anything is loaded, and before each save; a save must not go on if it fails.
	Recover(ctx context.Context, base string) error
	// RemoveStale removes what was never committed of the snapshots of a base name, and returns the names. It is called
	// after Recover, while no save is running.
	RemoveStale(ctx context.Context, base string) ([]string, error)

	// List returns all files, in no order; unfinished ones may be among them, under names that end in TempSuffix. A place
	// that does not exist yet is empty.
	List(ctx context.Context) ([]FileInfo, error)
	// Open opens a file for reading and returns its size.
	Open(ctx context.Context, name string) (f io.ReadCloser, size int64, err error)
	// Remove removes a file. When it returns nil that is durable.
	Remove(ctx context.Context, name string) error
	// Keep gives a file a second name, which must be free.
	Keep(ctx context.Context, name, second string) error
	// Free returns how many bytes can be written, -1 if there is no saying.
	Free() (int64, error)
	// Path returns a name as logs and INFO show it.
	Path(name string) string
}

// Pending is a file that is being written.
type Pending interface {
	io.Writer
	// WriteAt overwrites bytes near the start, within the first HeadBytes, that were written before.
	io.WriterAt
	// Finish completes the file and makes its content durable. Nothing is written after it.
	Finish() error
	// Abort gives the file up, finished or not, and leaves no trace of it.
	Abort() error
	// Name returns the name under which it will appear.
	Name() string
}

// HeadBytes is how much of the start of a Pending can be overwritten.
const HeadBytes = 64

// FileInfo describes a file of a Storage.
type FileInfo struct {
	Name     string
	Size     int64
	Modified time.Time
}
