package persistence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"dragonfly/persistence/vfs"
)

// TempSuffix marks a file that is not committed.
const TempSuffix = ".tmp"

// Dir is a directory of snapshots. The package comment says what it guarantees.
type Dir struct {
	fs  vfs.FS
	dir string

	mu sync.Mutex
	// unsettled are the names of commits that failed after they had begun to rename. Create refuses them until Recover
	// has settled them: their temporary files may be the only whole copy of a snapshot. Guarded by mu.
	unsettled map[string]bool
	rooted    bool // the names of the directory and its parents are durable; guarded by mu
}

// NewDir returns the snapshots in a directory, which need not exist yet. The empty name is the working directory.
func NewDir(fsys vfs.FS, dir string) *Dir {
	if dir == "" {
		dir = "."
	}
	return &Dir{fs: fsys, dir: filepath.Clean(dir), unsettled: map[string]bool{}}
}

// Path returns a name with its directory.
func (d *Dir) Path(name string) string { return filepath.Join(d.dir, name) }

func (d *Dir) temp(name string) string { return d.Path(name + TempSuffix) }

// Create starts a file under its temporary name. It creates the directory if need be.
func (d *Dir) Create(ctx context.Context, name string) (Pending, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	unsettled := d.unsettled[name]
	d.mu.Unlock()
	if unsettled {
		return nil, fmt.Errorf("%s: the last save of it was interrupted and is not settled yet", d.Path(name))
	}
	if err := d.makeDir(); err != nil {
		return nil, fmt.Errorf("creating the directory: %w", err)
	}
	// Found out now, this costs nothing; found out by the rename, a whole save.
	if info, err := d.fs.Stat(d.Path(name)); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", d.Path(name))
	}
	f, err := d.newFile(d.temp(name))
	if err != nil {
		return nil, fmt.Errorf("opening the file for writing: %w", err)
	}
	return &dirFile{dir: d, f: f, name: name}, nil
}

// newFile creates a file in place of what has its name. That is removed, never truncated: a crash may have left a file of
// the last snapshot under its temporary name as well.
func (d *Dir) newFile(path string) (vfs.File, error) {
	if err := d.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return d.fs.Create(path, 0o644)
}

// makeDir creates the directory with its parents if need be. Once in the life of a Dir, and after that if it creates
// some, it makes their names durable: a snapshot in a directory that is forgotten is forgotten too. That the directory is
// there says nothing: an earlier process may have created it and been killed before it could sync.
func (d *Dir) makeDir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := d.fs.Stat(d.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.rooted = false
		if err := d.fs.MkdirAll(d.dir, 0o777); err != nil {
			return err
		}
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", d.dir)
	}
	if d.rooted {
		return nil
	}
	for dir := d.dir; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		// What we may not read cannot be synced, and we have created nothing there.
		if err := d.fs.SyncDir(filepath.Dir(dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("syncing: %w", err)
		}
	}
	d.rooted = true
	return nil
}

// Commit gives finished files their names, in order. Up to the first rename an error leaves all as it was, and the files
// can be aborted; after it those of a set are kept, for Recover to go on.
func (d *Dir) Commit(ctx context.Context, files []Pending) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ours := make([]*dirFile, len(files))
	for i, p := range files {
		f, ok := p.(*dirFile)
		if !ok || f.dir != d || f.state != finished {
			return fmt.Errorf("committing %s: it is not a finished file of this directory", d.Path(p.Name()))
		}
		ours[i] = f
	}
	if err := d.fs.SyncDir(d.dir); err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range ours {
		f.state = committed
		d.unsettled[f.name] = true
	}
	for _, f := range ours {
		if err := d.fs.Rename(d.temp(f.name), d.Path(f.name)); err != nil {
			if len(ours) == 1 { // nothing else depends on it: it can be aborted, whether it was renamed or not
				f.state = finished
				delete(d.unsettled, f.name)
			}
			return fmt.Errorf("renaming: %w", err)
		}
	}
	if err := d.fs.SyncDir(d.dir); err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	for _, f := range ours {
		delete(d.unsettled, f.name)
	}
	return nil
}

// List returns all files of the directory, temporary ones too.
func (d *Dir) List(ctx context.Context) ([]FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := d.fs.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	files := make([]FileInfo, 0, len(entries))
	for _, e := range entries {
		if !e.Type().IsRegular() && e.Type()&fs.ModeSymlink == 0 {
			continue
		}
		info, err := d.fs.Stat(d.Path(e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed meanwhile, or the link leads nowhere
		}
		if err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
		if info.Mode().IsRegular() {
			files = append(files, FileInfo{Name: e.Name(), Size: info.Size(), Modified: info.ModTime()})
		}
	}
	return files, nil
}

// Open opens a file for reading and returns its size.
func (d *Dir) Open(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	f, err := d.fs.Open(d.Path(name))
	if err != nil {
		return nil, 0, err
	}
	size, err := f.Size()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, size, nil
}

// Remove removes a file. When it returns nil that is durable: who removes several files in an order can rely on it.
func (d *Dir) Remove(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.fs.Remove(d.Path(name)); err != nil {
		return err
	}
	return d.fs.SyncDir(d.dir)
}

// copySuffix marks, before TempSuffix, a copy that is not finished.
const copySuffix = ".copy"

// Keep gives a file a second name, or copies it where the file system has no such thing. When it returns nil that is
// durable.
func (d *Dir) Keep(ctx context.Context, name, second string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := d.fs.Link(d.Path(name), d.Path(second))
	switch {
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return err
	case err != nil:
		if err := d.copy(name, second); err != nil {
			return fmt.Errorf("copying %s to %s: %w", d.Path(name), d.Path(second), err)
		}
	}
	if err := d.fs.SyncDir(d.dir); err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	return nil
}

func (d *Dir) copy(name, second string) error {
	if _, err := d.fs.Stat(d.Path(second)); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.replace(second, name)
}

// replace gives a name, in place of the file that has it, to a new file with the content of another one, which is durable.
func (d *Dir) replace(name, source string) (err error) {
	in, err := d.fs.Open(d.Path(source))
	if err != nil {
		return err
	}
	defer in.Close()
	temp := d.temp(strings.TrimSuffix(source, TempSuffix) + copySuffix)
	out, err := d.newFile(temp)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = d.fs.Rename(temp, d.Path(name))
	}
	if err != nil {
		err = errors.Join(err, d.fs.Remove(temp))
	}
	return err
}

// Free returns how many bytes can be written. A directory that does not exist yet has the space of its parent.
func (d *Dir) Free() (int64, error) {
	for dir := d.dir; ; dir = filepath.Dir(dir) {
		n, err := d.fs.Free(dir)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			return n, err
		}
	}
}
