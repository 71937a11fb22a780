package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// placeholders are what a base name may contain, with their strftime formats as Go layouts.
var placeholders = [...]struct{ name, layout string }{
	{"{timestamp}", "2006-01-02T15:04:05"},
	{"{Y}", "2006"},
	{"{m}", "01"},
	{"{d}", "02"},
}

// RDBPath returns the file that a save to base in dir at a time (local) writes: placeholders are replaced, and
// ".rdb" is appended to a name without extension.
func RDBPath(dir, base string, now time.Time) string {
	for _, p := range placeholders {
		base = strings.ReplaceAll(base, p.name, now.Format(p.layout))
	}
	if i := strings.LastIndexByte(base, '.'); i <= 0 {
		base += ".rdb"
	}
	return filepath.Join(dir, base)
}

// ErrDFS is the answer to a DFS snapshot.
var ErrDFS = errors.New("this is a DFS snapshot; this server reads RDB files only")

// Find returns the file to load for a base name, as Dragonfly chooses it: the name itself if it exists, else the
// newest file that the name with its placeholders as wildcards, and anything behind it if it has no extension,
// matches and that is a snapshot by its extension. found is false if there is none. skipped are the other files that
// matched.
func Find(dir, base string) (file string, skipped []string, found bool, err error) {
	exact := filepath.Join(dir, base)
	if st, err := os.Stat(exact); err == nil && st.Mode().IsRegular() {
		return exact, nil, true, nil
	}
	pattern := wildcard(base)
	entries, err := os.ReadDir(dirOrDot(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, false, nil
	}
	if err != nil {
		return "", nil, false, fmt.Errorf("data directory: %w (uid %d)", err, os.Getuid())
	}
	var newest time.Time
	for _, e := range entries {
		name := e.Name()
		if ok, _ := path.Match(pattern, name); !ok || !isSnapshot(name) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if file != "" && !info.ModTime().After(newest) {
			skipped = append(skipped, name)
			continue
		}
		if file != "" {
			skipped = append(skipped, filepath.Base(file))
		}
		file, newest = filepath.Join(dir, name), info.ModTime()
	}
	if strings.HasSuffix(file, "summary.dfs") {
		return file, skipped, true, ErrDFS
	}
	return file, skipped, file != "", nil
}

func dirOrDot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

func isSnapshot(name string) bool {
	return strings.HasSuffix(strings.ToLower(name), ".rdb") || strings.HasSuffix(name, "summary.dfs")
}

// wildcard returns the pattern of the files that belong to a base name.
func wildcard(base string) string {
	pattern := escape(base)
	for _, p := range placeholders {
		pattern = strings.ReplaceAll(pattern, p.name, "*")
	}
	if i := strings.LastIndexByte(base, '.'); i <= 0 {
		pattern += "*"
	}
	return pattern
}

// escape makes a name a pattern that matches itself only; braces of placeholders mean nothing to patterns.
func escape(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}
