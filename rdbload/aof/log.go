package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dragonfly/persistence/rdbfmt"
)

// Kind says what a file of a log holds.
type Kind uint8

// The kinds of files.
const (
	Base Kind = iota // the data set when the log was last rewritten, or the whole log of old
	Incr             // commands since
)

// String returns the kind as messages name it.
func (k Kind) String() string {
	if k == Base {
		return "base"
	}
	return "incremental"
}

// File is one file of a log.
type File struct {
	Path string
	Kind Kind
	Size int64
	Time time.Time // of the last change
	RDB  bool      // a base that begins with an RDB file; commands may follow
	Last bool      // of the log: its end may be cut
}

// Log is the files of a log in the order in which they are to be read. There is at least one.
type Log struct{ Files []File }

// Size returns the bytes of all files.
func (l *Log) Size() (n int64) {
	for i := range l.Files {
		n += l.Files[i].Size
	}
	return n
}

// Time returns when the log was changed last.
func (l *Log) Time() (latest time.Time) {
	for i := range l.Files {
		if t := l.Files[i].Time; t.After(latest) {
			latest = t
		}
	}
	return latest
}

const (
	manifestSuffix = ".manifest"
	// tempPrefix begins the name of a manifest that Redis was about to put in the place of the old one.
	tempPrefix = "temp-"
)

// Open finds the files of the log at path: a directory with a manifest in it, the manifest, or a single file. All of
// them are there and can be read; of their contents nothing has been looked at but the first bytes.
func Open(path string) (*Log, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		if path, err = findManifest(path); err != nil {
			return nil, err
		}
		return openManifest(path)
	case strings.HasSuffix(path, manifestSuffix):
		return openManifest(path)
	}
	return newLog([]File{{Path: path, Kind: Base}})
}

// findManifest returns the one manifest in a directory.
func findManifest(dir string) (string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, d := range list {
		if name := d.Name(); strings.HasSuffix(name, manifestSuffix) && !strings.HasPrefix(name, tempPrefix) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", &fs.PathError{Op: "open", Path: filepath.Join(dir, "*"+manifestSuffix), Err: fs.ErrNotExist}
	case 1:
		return filepath.Join(dir, found[0]), nil
	}
	return "", fmt.Errorf("%s: there are several manifests: %s", dir, strings.Join(found, ", "))
}

// openManifest opens the files that a manifest names.
func openManifest(path string) (*Log, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := parseManifest(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	files := make([]File, len(list))
	for i, e := range list {
		files[i].Path = filepath.Join(filepath.Dir(path), e.name)
		if e.typ == typeIncr {
			files[i].Kind = Incr
		}
	}
	return newLog(files)
}

// newLog looks at the files of a log.
func newLog(files []File) (*Log, error) {
	for i := range files {
		if err := files[i].look(); err != nil {
			return nil, err
		}
	}
	files[len(files)-1].Last = true
	return &Log{files}, nil
}

// look finds out size and form.
func (f *File) look() error {
	r, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", f.Path)
	}
	f.Size, f.Time = info.Size(), info.ModTime()
	head := make([]byte, len(rdbfmt.MagicValkey))
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	head = head[:n]
	f.RDB = f.Kind == Base && (bytes.HasPrefix(head, []byte(rdbfmt.MagicRedis)) || bytes.HasPrefix(head, []byte(rdbfmt.MagicValkey)))
	return nil
}
