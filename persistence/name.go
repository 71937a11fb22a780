package persistence

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"
	"time"
)

// placeholders are what a base name may contain, with the strftime formats they stand for.
var placeholders = [...]struct{ name, format string }{
	{"{timestamp}", "%Y-%m-%dT%H:%M:%S"},
	{"{Y}", "%Y"},
	{"{m}", "%m"},
	{"{d}", "%d"},
}

const (
	summarySuffix = "summary.dfs"
	shardSuffix   = ".dfs"
	rdbSuffix     = ".rdb"
)

// NameError says why there is no file of a name, in the words of Dragonfly.
type NameError string

// Error returns the reason.
func (e NameError) Error() string { return string(e) }

// What may be wrong with names.
const (
	ErrFormat    NameError = "invalid dbfilename format"
	ErrExtension NameError = "Invalid argument: Bad filename extension"
	ErrNoShards  NameError = "Could not find DFS shard files"
)

// timeFormat returns a base name as a format of strftime.
func timeFormat(base string) string {
	for _, p := range placeholders {
		base = strings.ReplaceAll(base, p.name, p.format)
	}
	return base
}

// Expand returns the name that a base name stands for at a time (local): placeholders are replaced, and then the whole of
// it is a format of strftime.
func Expand(base string, now time.Time) (string, error) {
	name := strftime(timeFormat(base), now)
	switch {
	case name == "" || strings.ContainsRune(name, 0):
		return "", ErrFormat
	case strings.Contains(name, "/"):
		// Possible although the base name has none: %D stands for a date with slashes.
		return "", fmt.Errorf("filename may not contain directory separators (Got %q). dbfilename should specify the filename without the directory", name)
	}
	return name, nil
}

// RDBName returns the file that a save of one RDB file to a base name at a time (local) writes: ".rdb" is appended to a
// name without extension.
func RDBName(base string, now time.Time) (string, error) {
	name, err := Expand(base, now)
	if err != nil {
		return "", err
	}
	if !hasExtension(name) {
		name += rdbSuffix
	}
	return name, nil
}

// DFSName returns the file of a shard in a DFS set whose base name is expanded.
func DFSName(base string, shard int) string { return shardName(base+"-", shard) }

// SummaryName returns the summary file of a DFS set whose base name is expanded.
func SummaryName(base string) string { return base + "-" + summarySuffix }

func shardName(prefix string, shard int) string {
	return fmt.Sprintf("%s%04d%s", prefix, shard, shardSuffix)
}

// hasExtension tells whether a name has a dot that is not its first character.
func hasExtension(name string) bool { return strings.LastIndexByte(name, '.') > 0 }

// IsSnapshot tells whether a file is one to load, by its name: an RDB file or the summary of a DFS set.
func IsSnapshot(name string) bool {
	return strings.HasSuffix(strings.ToLower(name), rdbSuffix) || IsSummary(name)
}

// IsSummary tells whether a file is the summary of a DFS set, by its name.
func IsSummary(name string) bool { return strings.HasSuffix(name, summarySuffix) }

// Candidate is a snapshot that can be loaded.
type Candidate struct {
	Name string // of the RDB file or the summary
	DFS  bool
}

// Find returns the snapshot to load for a base name, as Dragonfly chooses it: the name itself if it exists, else the
// newest file that the name with wildcards for all that depends on the time, and anything behind it if it has no
// extension, matches and that is a snapshot by its extension. found is false if there is none. others are the other
// files that matched.
//
// Unlike Dragonfly it knows % sequences too, without which it would never find what they wrote, and nothing else in a
// name is a wildcard.
func Find(ctx context.Context, storage Storage, base string) (c Candidate, others []string, found bool, err error) {
	files, err := storage.List(ctx)
	if err != nil {
		return c, nil, false, err
	}
	pattern := wildcard(base)
	var newest FileInfo
	for _, f := range files {
		if f.Name == base {
			if !IsSnapshot(base) {
				return c, nil, false, fmt.Errorf("%s: %w", storage.Path(base), ErrExtension)
			}
			return Candidate{base, IsSummary(base)}, nil, true, nil
		}
		if ok, _ := path.Match(pattern, f.Name); !ok || !IsSnapshot(f.Name) {
			continue
		}
		other := newest.Name
		if newest.Name == "" || compareNewest(f, newest) < 0 {
			newest = f
		} else {
			other = f.Name
		}
		if other != "" {
			others = append(others, other)
		}
	}
	return Candidate{newest.Name, IsSummary(newest.Name)}, others, newest.Name != "", nil
}

// compareNewest orders files from the newest to the oldest. Names decide between equal times, for they often have one in
// them.
func compareNewest(a, b FileInfo) int {
	return cmp.Or(b.Modified.Compare(a.Modified), cmp.Compare(b.Name, a.Name))
}

// wildcard returns the pattern, for path.Match, of the files that a base name finds.
func wildcard(base string) string {
	// A placeholder is one wildcard, not one for each of its parts: other files are found so as well.
	const mark = "\x00"
	for _, p := range placeholders {
		base = strings.ReplaceAll(base, p.name, mark)
	}
	literal := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, mark, `*`)
	var b strings.Builder
	for _, p := range pieces(base) {
		switch {
		case p.literal != "":
			b.WriteString(literal.Replace(p.literal))
		case p.conv.pattern == "%":
			b.WriteString("%")
		default:
			b.WriteString("*")
		}
	}
	if !hasExtension(base) {
		b.WriteString("*")
	}
	return b.String()
}
