package vfstest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"dragonfly/persistence/vfs"
)

// ErrPower is the error of all calls after the power is gone or the process is killed.
var ErrPower = errors.New("vfstest: the power is gone")

// ErrShort as the error of a failing write makes it write one half. Other calls fail with it as it is.
var ErrShort = io.ErrShortWrite

// FS is a file system in memory. It is safe for concurrent use.
type FS struct {
	mu    sync.Mutex
	root  *inode
	clock time.Time // of the next change, so that no two files are equally old
	limit int64     // of all bytes, 0 for none
	calls int
	trace [][2]string // calls and their paths

	dead     bool
	stopAt   int // 0 for never
	failAt   int // 0 for never
	failWith error
	failOnce bool
}

// New returns an empty file system, with a root and a working directory.
func New() *FS {
	return &FS{root: newDir(), clock: time.Unix(1_700_000_000, 0)}
}

// inode is a file or directory, whatever its names.
type inode struct {
	isDir bool

	// Of a file: what it is, and what of it is durable.
	content, durable          []byte
	modified, durableModified time.Time
	lost                      bool              // a sync failed: the system takes the content for durable, and it is not
	entries, durableEntries   map[string]*inode // of a directory
	changes                   []change          // of entries since the last sync, in order
}

// change is one change to a directory: a name is given to a file, or taken from it, or both at once for two names.
type change struct {
	set    string // empty for none
	remove string // empty for none
	target *inode
}

func newDir() *inode {
	return &inode{isDir: true, entries: map[string]*inode{}, durableEntries: map[string]*inode{}}
}

// Limit sets how many bytes fit in all files together, 0 for no limit.
func (f *FS) Limit(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limit = n
}

// Calls returns how many calls have been made, those of files included.
func (f *FS) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Trace returns the calls made so far, for messages.
func (f *FS) Trace() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for i, call := range f.trace {
		fmt.Fprintf(&b, "%d %s %s\n", i+1, call[0], call[1])
	}
	return b.String()
}

// FailAt makes the n-th call from now on, 1 being the next one, fail with an error and without an effect; and all after
// it too, unless once is set.
func (f *FS) FailAt(n int, err error, once bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failAt, f.failWith, f.failOnce = f.calls+n, err, once
}

// ClearFailure ends what FailAt began.
func (f *FS) ClearFailure() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failAt = 0
}

// StopAt makes the n-th call from now on and all after it fail with ErrPower, without an effect; 0 makes none. Crash and
// Restart go on from there.
func (f *FS) StopAt(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopAt = 0
	if n > 0 {
		f.stopAt = f.calls + n
	}
}

// begin counts a call, and returns the error it must fail with.
func (f *FS) begin(op, path string) error {
	if f.dead {
		return ErrPower
	}
	f.calls++
	f.trace = append(f.trace, [2]string{op, path})
	if f.stopAt != 0 && f.calls >= f.stopAt {
		f.dead = true
		return ErrPower
	}
	if f.failAt != 0 && (f.calls == f.failAt || f.calls > f.failAt && !f.failOnce) {
		return &fs.PathError{Op: op, Path: path, Err: f.failWith}
	}
	return nil
}

func (f *FS) tick() time.Time {
	f.clock = f.clock.Add(time.Microsecond)
	return f.clock
}

// dir finds a directory. Relative names are of the root.
func (f *FS) dir(path string) (*inode, error) {
	n := f.root
	for _, name := range strings.Split(filepath.ToSlash(filepath.Clean(path)), "/") {
		if name == "" || name == "." {
			continue
		}
		next := n.entries[name]
		switch {
		case next == nil:
			return nil, fs.ErrNotExist
		case !next.isDir:
			return nil, syscall.ENOTDIR
		}
		n = next
	}
	return n, nil
}

// find finds the directory of a path, and what has the name in it: nil if nothing has.
func (f *FS) find(path string) (parent *inode, name string, n *inode, err error) {
	path = filepath.Clean(path)
	parent, err = f.dir(filepath.Dir(path))
	if err != nil {
		return nil, "", nil, err
	}
	name = filepath.Base(path)
	if name == "." || name == "/" {
		return nil, "", f.root, nil
	}
	return parent, name, parent.entries[name], nil
}

func (n *inode) change(c change) {
	n.changes = append(n.changes, c)
	c.apply(n.entries, true)
}

// apply makes a change, to a map of durable entries only what the crash has left of it. A name is taken only from the
// file it was taken from: it may be another's there.
func (c change) apply(entries map[string]*inode, whole bool) {
	if c.set != "" {
		entries[c.set] = c.target
	}
	if c.remove != "" && whole && entries[c.remove] == c.target {
		delete(entries, c.remove)
	}
}

// call runs one call under the lock.
func (f *FS) call(op, path string, do func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(op, path); err != nil {
		return err
	}
	if err := do(); err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

// MkdirAll creates a directory with its parents.
func (f *FS) MkdirAll(dir string, _ fs.FileMode) error {
	return f.call("mkdir", dir, func() error {
		n := f.root
		for _, name := range strings.Split(filepath.ToSlash(filepath.Clean(dir)), "/") {
			if name == "" || name == "." {
				continue
			}
			if n.entries[name] == nil {
				n.change(change{set: name, target: newDir()})
			}
			if n = n.entries[name]; !n.isDir {
				return syscall.ENOTDIR
			}
		}
		return nil
	})
}

// Create creates or truncates a file and opens it for reading and writing.
func (f *FS) Create(path string, _ fs.FileMode) (vfs.File, error) {
	var file *File
	err := f.call("create", path, func() error {
		parent, name, n, err := f.find(path)
		switch {
		case err != nil:
			return err
		case n == nil:
			n = &inode{}
			parent.change(change{set: name, target: n})
		case n.isDir:
			return syscall.EISDIR
		}
		n.content, n.modified, n.lost = nil, f.tick(), false
		file = &File{fs: f, node: n, path: path, writable: true}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Open opens a file for reading.
func (f *FS) Open(path string) (vfs.File, error) {
	var file *File
	err := f.call("open", path, func() error {
		_, _, n, err := f.find(path)
		if err == nil && n == nil {
			err = fs.ErrNotExist
		}
		file = &File{fs: f, node: n, path: path}
		return err
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Rename gives a file another name in its directory.
func (f *FS) Rename(from, to string) error {
	return f.call("rename", from, func() error {
		parent, name, n, err := f.find(from)
		if err == nil && n == nil {
			err = fs.ErrNotExist
		}
		if err != nil {
			return err
		}
		toParent, toName, toNode, err := f.find(to)
		switch {
		case err != nil:
			return err
		case toParent != parent:
			return syscall.EXDEV // not needed, and its crashes would have to be thought about
		case toNode != nil && toNode.isDir:
			return syscall.EISDIR
		case toNode == n:
			return nil // as POSIX has it
		}
		parent.change(change{set: toName, remove: name, target: n})
		return nil
	})
}

// Link gives a file a second name, which must be free.
func (f *FS) Link(from, to string) error {
	return f.call("link", from, func() error {
		_, _, n, err := f.find(from)
		if err == nil && n == nil {
			err = fs.ErrNotExist
		}
		if err != nil {
			return err
		}
		parent, name, old, err := f.find(to)
		if err == nil && old != nil {
			err = fs.ErrExist
		}
		if err != nil {
			return err
		}
		parent.change(change{set: name, target: n})
		return nil
	})
}

// Remove removes a file, or a directory that is empty.
func (f *FS) Remove(path string) error {
	return f.call("remove", path, func() error {
		parent, name, n, err := f.find(path)
		switch {
		case err != nil:
			return err
		case n == nil:
			return fs.ErrNotExist
		case n.isDir && len(n.entries) > 0:
			return syscall.ENOTEMPTY
		}
		parent.change(change{remove: name, target: n})
		return nil
	})
}

// ReadDir lists a directory by name.
func (f *FS) ReadDir(path string) (entries []fs.DirEntry, err error) {
	err = f.call("readdir", path, func() error {
		n, err := f.dir(path)
		if err != nil {
			return err
		}
		for _, name := range sortedNames(n.entries) {
			entries = append(entries, fs.FileInfoToDirEntry(n.entries[name].info(name)))
		}
		return nil
	})
	return entries, err
}

func sortedNames(entries map[string]*inode) []string {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Stat describes a file.
func (f *FS) Stat(path string) (info fs.FileInfo, err error) {
	err = f.call("stat", path, func() error {
		_, name, n, err := f.find(path)
		if err == nil && n == nil {
			err = fs.ErrNotExist
		}
		if err == nil {
			info = n.info(name)
		}
		return err
	})
	return info, err
}

// SyncDir makes the names in a directory durable.
func (f *FS) SyncDir(path string) error {
	return f.call("syncdir", path, func() error {
		n, err := f.dir(path)
		if err != nil {
			return err
		}
		n.durableEntries, n.changes = cloneEntries(n.entries), nil
		return nil
	})
}

// Free returns how many bytes can be written: plenty if no limit is set.
func (f *FS) Free(path string) (free int64, err error) {
	err = f.call("statfs", path, func() error {
		if _, err := f.dir(path); err != nil {
			return err
		}
		free = 1 << 40
		if f.limit > 0 {
			free = max(0, f.limit-f.used())
		}
		return nil
	})
	return free, err
}

// used returns the size of all files that have a name.
func (f *FS) used() int64 {
	seen := map[*inode]bool{}
	var add func(n *inode) int64
	add = func(n *inode) int64 {
		if seen[n] {
			return 0
		}
		seen[n] = true
		total := int64(len(n.content))
		for _, e := range n.entries {
			total += add(e)
		}
		return total
	}
	return add(f.root)
}

// info describes an inode.
func (n *inode) info(name string) fs.FileInfo {
	return fileInfo{name, int64(len(n.content)), n.isDir, n.modified}
}

type fileInfo struct {
	name     string
	size     int64
	dir      bool
	modified time.Time
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) ModTime() time.Time { return i.modified }
func (i fileInfo) IsDir() bool        { return i.dir }
func (i fileInfo) Sys() any           { return nil }
func (i fileInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// Names returns all files with their sizes, a line each, for messages.
func (f *FS) Names() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lines []string
	var walk func(path string, n *inode)
	walk = func(path string, n *inode) {
		for _, name := range sortedNames(n.entries) {
			e := n.entries[name]
			if lines = append(lines, fmt.Sprintf("  %s/%s %d", path, name, len(e.content))); e.isDir {
				walk(path+"/"+name, e)
			}
		}
	}
	walk("", f.root)
	return strings.Join(lines, "\n")
}
