package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dragonfly/persistence"
	"dragonfly/rdbload"
	"dragonfly/server/loader"
	"dragonfly/store/object"
)

// Options are what a report depends on beside the files.
type Options struct {
	Now       time.Time // by which keys have expired
	Databases int       // how many the server would have: --dbnum
	Top       int       // how many of the biggest keys are listed
	// Progress, if not nil, is called now and then.
	Progress func(Progress)
}

// Progress is how far an inspection has come.
type Progress struct {
	Path  string
	Done  int64 // bytes of all files of the snapshot
	Total int64
	Keys  int64
}

// Path reports on the snapshot at a path: a file, or a directory, of which the newest snapshot is taken. What is wrong
// with the snapshot stands in the report; the error is that of ctx.
func Path(ctx context.Context, path string, opt Options) (*Report, error) {
	r := &Report{
		Path: path, Format: FormatUnknown, Loads: true, Files: []File{}, Problems: []Problem{}, Warnings: []Warning{},
		Aux: map[string]string{}, Functions: []Function{}, Commands: []Command{}, Scripts: []Script{}, SearchIndexes: []SearchIndex{},
	}
	bench, err := loader.NewBench(object.DefaultLimits(), opt.Now.UnixMilli())
	if err != nil {
		return nil, err
	}
	in := &inspection{ctx: ctx, opt: opt, r: r, tally: newTally(opt.Top, opt.Now.UnixMilli()), bench: bench}
	in.path(path)
	in.tally.fill(r)
	return r, errors.Join(ctx.Err(), bench.Close())
}

// inspection is one report under way.
type inspection struct {
	ctx   context.Context
	opt   Options
	r     *Report
	tally *tally
	bench *loader.Bench

	total, done int64 // bytes of all files, and of those that are through
	keys        int64
	badDBs      map[int]bool // databases that the server would not have
}

// path finds out what is at a path, and reads it.
func (in *inspection) path(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		in.r.problem(Problem{Message: err.Error()})
	case info.IsDir() && holdsAOF(path):
		in.aof(path)
	case info.IsDir():
		in.dir(path)
	case persistence.IsSummary(path):
		in.dfs(path)
	case isAOF(path):
		in.aof(path)
	default:
		in.file(path)
	}
}

// file reads a single file that is no summary.
func (in *inspection) file(path string) {
	in.r.Format = FormatRDB
	in.expect(path)
	in.read(path, rdbload.Options{})
	if filepath.Ext(path) == ".dfs" || in.r.SnapshotID != "" && in.r.ShardCount == 0 {
		in.r.Format = FormatDFSShard
	}
}

// expect adds a file that will be read to what there is to do.
func (in *inspection) expect(path string) {
	if info, err := os.Stat(path); err == nil {
		in.total += info.Size()
	}
}

// read reads one file of the snapshot. It returns why that failed, which is reported already unless the file is of another
// snapshot.
func (in *inspection) read(path string, opt rdbload.Options) error {
	f, size, err := open(path)
	if err != nil {
		in.r.problem(Problem{Message: err.Error()})
		return err
	}
	defer f.Close()
	opt.NowMs = in.opt.Now.UnixMilli()
	opt.Progress = func(n int64) { in.progress(n) }
	sum, err := rdbload.Load(contextReader{in.ctx, f}, opt, &sink{in: in})
	in.done += size
	if errors.Is(err, rdbload.ErrOtherSnapshot) {
		return err
	}
	in.r.SizeBytes += size
	in.r.Files = append(in.r.Files, File{Path: path, SizeBytes: size, DataBytes: sum.Bytes, Keys: int64(sum.Keys), Shard: shardOf(path)})
	in.r.ExpiredKeys += int64(sum.Expired)
	in.r.EmptyKeys += int64(sum.Empty)
	if len(in.r.Files) == 1 {
		in.r.RDBVersion, in.r.Producer = sum.Version, sum.Producer
	}
	in.warnings(sum)
	in.trailing(path, size, sum.Trailing)
	if err != nil {
		in.failed(path, err)
	}
	return err
}

// open opens a file and returns its size.
func open(path string) (f *os.File, size int64, err error) {
	if f, err = os.Open(path); err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// warnings takes over those of one file.
func (in *inspection) warnings(sum rdbload.Summary) {
	for _, w := range sum.Warnings {
		at := slices.IndexFunc(in.r.Warnings, func(have Warning) bool { return have.Text == w.Text })
		if at >= 0 {
			in.r.Warnings[at].Count += int64(w.Count)
			continue
		}
		warning := Warning{Text: w.Text, Count: int64(w.Count)}
		if w.FirstKey != "" {
			key := newKey([]byte(w.FirstKey))
			warning.FirstKey = &key
		}
		in.r.Warnings = append(in.r.Warnings, warning)
	}
}

// pageSize is to a multiple of what Dragonfly fills its files up.
const pageSize = 4096

// trailing warns of bytes after the end of the data.
func (in *inspection) trailing(path string, size, n int64) {
	if n > 0 && (n >= pageSize || size%pageSize != 0) {
		in.r.warn(fmt.Sprintf("%s: %s after the end of the data are ignored", path, plural(n, "byte", "bytes")))
	}
}

// failed reports why a file does not load.
func (in *inspection) failed(path string, err error) {
	p := Problem{Message: err.Error(), File: path}
	var at *rdbload.Error
	if errors.As(err, &at) {
		p.Message, p.Offset, p.Type = at.Err.Error(), &at.Offset, at.TypeName
		if at.Key != nil {
			key := newKey(at.Key)
			p.Key = &key
		}
	}
	in.r.problem(p)
}

// progress tells how far the present file has been read.
func (in *inspection) progress(n int64) {
	if in.opt.Progress != nil {
		in.opt.Progress(Progress{Path: in.r.Path, Done: in.done + n, Total: in.total, Keys: in.keys})
	}
}

// contextReader ends with the context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads unless the context has ended.
func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
