package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"dragonfly/persistence"
	"dragonfly/persistence/vfs"
	"dragonfly/rdbload"
	"dragonfly/server/loader"
)

// dfs reads the summary at a path and the shard files that belong to it.
func (in *inspection) dfs(path string, bench *loader.Bench) {
	in.r.Format = FormatDFS
	dir := filepath.Dir(path)
	set, err := persistence.ReadSet(in.ctx, persistence.NewDir(vfs.OS{}, dir), filepath.Base(path))
	if err != nil {
		in.r.problem(Problem{Message: err.Error()})
		set.Shards = remains(path)
	}
	in.meter.expect(path)
	for _, name := range set.Shards {
		in.meter.expect(filepath.Join(dir, name))
	}
	if in.read(path, bench, rdbload.Options{}) != nil {
		return
	}
	in.missing(set.Shards, dir, shardPrefix(path))
	parts, errs := in.readShards(dir, set.Shards)
	for i, part := range parts {
		switch {
		case part != nil && errors.Is(errs[i], rdbload.ErrOtherSnapshot):
			set.Leftovers = append(set.Leftovers, set.Shards[i])
		case part != nil:
			in.r.merge(part.r)
			in.tally.merge(part.tally)
		case errs[i] != nil:
			in.r.problem(Problem{Message: errs[i].Error()})
		}
	}
	for _, name := range set.Leftovers {
		in.r.warn(fmt.Sprintf("%s is of another snapshot; it is not loaded", filepath.Join(dir, name)))
	}
}

// readShards reads the shard files, as many at a time as there are processors. A file that could not be begun with has no
// part.
func (in *inspection) readShards(dir string, names []string) (parts []*inspection, errs []error) {
	parts, errs = make([]*inspection, len(names)), make([]error, len(names))
	id := in.r.SnapshotID
	var next atomic.Int64
	read := func() {
		bench, benchErr := in.newBench()
		for i := next.Add(1) - 1; i < int64(len(names)) && in.ctx.Err() == nil; i = next.Add(1) - 1 {
			if errs[i] = benchErr; benchErr == nil {
				parts[i] = newInspection(in.ctx, in.opt, in.meter)
				errs[i] = parts[i].read(filepath.Join(dir, names[i]), bench, rdbload.Options{SnapshotID: id})
			}
		}
		if benchErr == nil {
			bench.Close() // it only gives memory back
		}
	}
	var wg sync.WaitGroup
	for range min(len(names), runtime.GOMAXPROCS(0)) {
		wg.Go(read)
	}
	wg.Wait()
	return parts, errs
}

// remains returns the files that have the names of shard files of a summary. Some of those that should be there are not,
// and some that are there may belong to another snapshot.
func remains(summary string) (names []string) {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(summary)), escapeGlob(shardPrefix(summary))+"[0-9][0-9][0-9][0-9].dfs"))
	for _, path := range found {
		names = append(names, filepath.Base(path))
	}
	return names
}

// maxShards is how many shards have numbers of four digits.
const maxShards = 10_000

// missing names the files that are not there, if they are more than the one that is a problem already.
func (in *inspection) missing(have []string, dir, prefix string) {
	var names []string
	for i := range min(in.r.ShardCount, maxShards) {
		if name := fmt.Sprintf("%s%04d.dfs", prefix, i); !slices.Contains(have, name) {
			names = append(names, filepath.Join(dir, name))
		}
	}
	if len(names) > 1 {
		in.r.problem(Problem{Message: fmt.Sprintf("%d shard files are missing: %s", len(names), strings.Join(names, ", "))})
	}
}

// shardOf returns the number of the shard whose file has a name, nil if it is no shard file.
func shardOf(path string) *int {
	name, ok := strings.CutSuffix(path, ".dfs")
	if !ok || len(name) < 4 {
		return nil
	}
	n, err := strconv.ParseUint(name[len(name)-4:], 10, 16)
	if err != nil {
		return nil
	}
	shard := int(n)
	return &shard
}

// SummaryOf returns where the summary of the snapshot lies that a shard file belongs to by its name; ok is false for other
// files.
func SummaryOf(path string) (summary string, ok bool) {
	if shardOf(path) == nil {
		return "", false
	}
	prefix := path[:len(path)-len("0000.dfs")]
	return prefix + summarySuffix, strings.HasSuffix(prefix, "-")
}

// summarySuffix ends the names of summaries, behind a dash.
const summarySuffix = "summary.dfs"

// shardPrefix returns what the names of the shard files of a summary begin with.
func shardPrefix(summary string) string {
	return strings.TrimSuffix(filepath.Base(summary), summarySuffix)
}

// escapeGlob makes a path a pattern that matches itself only.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
