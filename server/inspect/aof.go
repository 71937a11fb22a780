package inspect

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dragonfly/rdbload"
	"dragonfly/rdbload/aof"
	"dragonfly/server/loader"
)

// isAOF tells an append-only log from a snapshot: by its name, or because it begins with a command or an annotation.
func isAOF(path string) bool {
	switch filepath.Ext(path) {
	case ".aof", ".manifest":
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var first [1]byte
	_, err = f.Read(first[:])
	return err == nil && (first[0] == '*' || first[0] == '#')
}

// holdsAOF tells whether a directory is that of an append-only log.
func holdsAOF(dir string) bool {
	manifests, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*.manifest"))
	return len(manifests) > 0
}

// aof reads the append-only log at a path. Its commands are counted, not run: that would take the whole data set.
func (in *inspection) aof(path string, bench *loader.Bench) {
	in.r.Format = FormatAOF
	log, err := aof.Open(path)
	if err != nil {
		in.r.problem(Problem{Message: err.Error()})
		return
	}
	for i := range log.Files {
		in.meter.expect(log.Files[i].Path)
	}
	counts := commandCounts{}
	for i := range log.Files {
		if !in.aofFile(&log.Files[i], bench, counts) {
			break
		}
	}
	in.r.Commands = counts.list()
	for _, c := range in.r.Commands {
		in.r.CommandCount += c.Count
	}
	if in.r.CommandCount > 0 {
		in.r.warn("the commands of the log are counted and not run: keys, memory and expiry are those of its base")
	}
}

// aofFile reads one file of a log, and returns whether that succeeded.
func (in *inspection) aofFile(f *aof.File, bench *loader.Bench, counts commandCounts) bool {
	offset := int64(0)
	if f.RDB {
		if in.read(f.Path, bench, rdbload.Options{StopAtEOF: true, KeepExpired: true}) != nil {
			return false
		}
		offset = in.r.Files[len(in.r.Files)-1].DataBytes
	} else {
		in.r.Files = append(in.r.Files, File{Path: f.Path, SizeBytes: f.Size})
		in.r.SizeBytes += f.Size
	}
	ignored, err := in.commands(f, offset, counts)
	in.r.Files[len(in.r.Files)-1].DataBytes = f.Size - ignored
	if err != nil {
		in.failedCommand(f.Path, err)
		return false
	}
	if ignored > 0 {
		in.r.warn(fmt.Sprintf("%s: the last %s are no whole command or transaction, and are ignored", f.Path, plural(ignored, "byte", "bytes")))
	}
	return true
}

// commands counts the commands of a file from an offset on.
func (in *inspection) commands(f *aof.File, offset int64, counts commandCounts) (ignored int64, err error) {
	file, _, err := open(f.Path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	r := aof.NewReader(contextReader{in.ctx, file}, f.Path, offset, f.Last)
	for n := 0; r.Next(); n++ {
		counts.add(r.Args()[0])
		if n&1023 == 0 {
			in.meter.advance(count{bytes: r.Offset() - offset})
			offset = r.Offset()
		}
	}
	in.meter.advance(count{bytes: f.Size - offset})
	return r.Ignored(), r.Err()
}

// failedCommand reports why the commands of a file cannot be read.
func (in *inspection) failedCommand(path string, err error) {
	p := Problem{Message: err.Error(), File: path}
	var at *aof.Error
	if errors.As(err, &at) {
		p.Message, p.Offset = at.Err.Error(), &at.Offset
	}
	in.r.problem(p)
}

// commandCounts are the numbers of commands by their names.
type commandCounts map[string]int64

const (
	maxCommandName = 40
	// maxCommands is how many names are told apart: there are fewer commands, but a file may hold anything.
	maxCommands   = 1000
	otherCommands = "(other)"
)

func (n commandCounts) add(name []byte) {
	upper := strings.ToUpper(string(bytes.ToValidUTF8(name[:min(len(name), maxCommandName)], []byte("\uFFFD"))))
	if _, known := n[upper]; !known && len(n) >= maxCommands {
		upper = otherCommands
	}
	n[upper]++
}

// list returns the counts, the largest first.
func (n commandCounts) list() []Command {
	list := []Command{}
	for _, name := range slices.Sorted(maps.Keys(n)) {
		list = append(list, Command{name, n[name]})
	}
	slices.SortStableFunc(list, func(x, y Command) int { return -cmp.Compare(x.Count, y.Count) })
	return list
}
