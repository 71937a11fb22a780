package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	// Progress, if not nil, is called now and then, one call at a time.
	Progress func(Progress)
}

// Path reports on the snapshot at a path: a file, or a directory, of which the newest snapshot is taken. What is wrong
// with the snapshot stands in the report; the error is that of ctx.
func Path(ctx context.Context, path string, opt Options) (*Report, error) {
	in := newInspection(ctx, opt, &meter{fn: opt.Progress})
	in.r.Path = path
	bench, err := in.newBench()
	if err != nil {
		return nil, err
	}
	in.path(path, bench)
	in.tally.fill(in.r)
	return in.r, errors.Join(ctx.Err(), bench.Close())
}

// inspection is one report under way, or the part of one that is about some of its files.
type inspection struct {
	ctx   context.Context
	opt   Options
	r     *Report
	tally *tally
	meter *meter
}

func newInspection(ctx context.Context, opt Options, m *meter) *inspection {
	return &inspection{ctx, opt, newReport(), newTally(opt.Top, opt.Now.UnixMilli()), m}
}

func (in *inspection) newBench() (*loader.Bench, error) {
	return loader.NewBench(object.DefaultLimits(), in.opt.Now.UnixMilli())
}

// path finds out what is at a path, and reads it.
func (in *inspection) path(path string, bench *loader.Bench) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		in.r.problem(Problem{Message: err.Error()})
	case info.IsDir() && holdsAOF(path):
		in.aof(path, bench)
	case info.IsDir():
		in.dir(path, bench)
	case persistence.IsSummary(path):
		in.dfs(path, bench)
	case isAOF(path):
		in.aof(path, bench)
	default:
		in.file(path, bench)
	}
}

// file reads a single file that is no summary.
func (in *inspection) file(path string, bench *loader.Bench) {
	in.r.Format = FormatRDB
	in.meter.expect(path)
	in.read(path, bench, rdbload.Options{})
	if filepath.Ext(path) == ".dfs" || in.r.SnapshotID != "" && in.r.ShardCount == 0 {
		in.r.Format = FormatDFSShard
	}
}

// read reads one file of the snapshot. It returns why that failed, which is reported already unless the file is of another
// snapshot.
func (in *inspection) read(path string, bench *loader.Bench, opt rdbload.Options) error {
	f, size, err := open(path)
	if err != nil {
		in.r.problem(Problem{Message: err.Error()})
		return err
	}
	defer f.Close()
	s := &sink{in: in, bench: bench}
	told := count{}
	tell := func(n int64) {
		now := count{n, s.keys}
		in.meter.advance(now.minus(told))
		told = now
	}
	opt.NowMs, opt.Progress = in.opt.Now.UnixMilli(), tell
	sum, err := rdbload.Load(contextReader{in.ctx, f}, opt, s)
	tell(sum.Bytes + sum.Trailing)
	if errors.Is(err, rdbload.ErrOtherSnapshot) {
		return err
	}
	in.r.SizeBytes += size
	in.r.Files = append(in.r.Files, File{Path: path, SizeBytes: size, DataBytes: sum.Bytes, Keys: int64(sum.Keys), Shard: shardOf(path)})
	in.r.ExpiredKeys += int64(sum.Expired)
	in.r.EmptyKeys += int64(sum.Empty)
	in.r.RDBVersion, in.r.Producer = sum.Version, sum.Producer
	for _, w := range sum.Warnings {
		warning := Warning{Text: w.Text, Count: int64(w.Count), Lost: w.Lost}
		if w.FirstKey != "" {
			key := newKey([]byte(w.FirstKey))
			warning.FirstKey = &key
		}
		in.r.warning(warning)
	}
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
