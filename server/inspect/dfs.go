package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"dragonfly/persistence"
	"dragonfly/persistence/vfs"
	"dragonfly/rdbload"
)

// dfs reads the summary at a path and the shard files that belong to it.
func (in *inspection) dfs(path string) {
	in.r.Format = FormatDFS
	dir := filepath.Dir(path)
	set, err := persistence.ReadSet(in.ctx, persistence.NewDir(vfs.OS{}, dir), filepath.Base(path))
	if err != nil {
		in.r.problem(Problem{Message: err.Error()})
		set.Shards = remains(path)
	}
	in.expect(path)
	for _, name := range set.Shards {
		in.expect(filepath.Join(dir, name))
	}
	if in.read(path, rdbload.Options{}) != nil {
		return
	}
	in.missing(set.Shards, dir, shardPrefix(path))
	for _, name := range set.Shards {
		err := in.read(filepath.Join(dir, name), rdbload.Options{SnapshotID: in.r.SnapshotID})
		if in.ctx.Err() != nil {
			return
		}
		if errors.Is(err, rdbload.ErrOtherSnapshot) {
			set.Leftovers = append(set.Leftovers, name)
		}
	}
	for _, name := range set.Leftovers {
		in.r.warn(fmt.Sprintf("%s is of another snapshot; it is not loaded", filepath.Join(dir, name)))
	}
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

// maxShards is how many shards have numbers of four digits.
const maxShards = 10_000

// shardOf returns the number of the shard whose file has a name, nil if it is no shard file.
func shardOf(path string) *int {
	name, ok := strings.CutSuffix(path, ".dfs")
	if !ok || len(name) < 4 {
		return nil
	}
	n, err := strconv.Atoi(name[len(name)-4:])
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// shardPrefix returns what the names of the shard files of a summary begin with.
func shardPrefix(summary string) string {
	return strings.TrimSuffix(filepath.Base(summary), "summary.dfs")
}

// escapeGlob makes a path a pattern that matches itself only.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
