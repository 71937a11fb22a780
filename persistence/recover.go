package persistence

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"dragonfly/persistence/rdbfmt"
)

// checkedBytes is the size up to which the checksum of a shard file is verified before it is renamed. That of the summary
// always is.
const checkedBytes = 1 << 20

// foundPart is a file of a DFS set as a crash left it.
type foundPart struct {
	ident
	complete bool // its last bytes are there
	modified time.Time
}

// foundSet is what is there of a DFS set under one base name: at most one file of each name and each temporary name, by
// the number of the shard or summary.
type foundSet struct {
	prefix      string
	final, temp map[int]foundPart
}

// Recover finishes the commits of DFS sets that were interrupted, by the rule of the package comment, and makes durable
// what is in the directory: who goes on to save relies on it that no older rename is still in doubt. It is called at
// start and before each save.
func (d *Dir) Recover(ctx context.Context, base string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := d.fs.Stat(d.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	names := ownNames(base)
	sets, err := d.interrupted(ctx, names)
	if err != nil {
		return err
	}
	for _, s := range sets {
		if err := d.settle(s); err != nil {
			return fmt.Errorf("finishing the snapshot %s*: %w", d.Path(s.prefix), err)
		}
	}
	if err := d.fs.SyncDir(d.dir); err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.unsettled {
		if names.has(name) {
			delete(d.unsettled, name)
		}
	}
	return nil
}

// interrupted returns the sets of a base name that have temporary files.
func (d *Dir) interrupted(ctx context.Context, names own) ([]foundSet, error) {
	files, err := d.List(ctx)
	if err != nil {
		return nil, err
	}
	var prefixes []string
	for _, f := range files {
		name, isTemp := strings.CutSuffix(f.Name, TempSuffix)
		if prefix, _, ok := names.part(name); ok && isTemp && !slices.Contains(prefixes, prefix) {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.Sort(prefixes)
	var sets []foundSet
	for _, prefix := range prefixes {
		s := foundSet{prefix, map[int]foundPart{}, map[int]foundPart{}}
		for _, f := range files {
			name, isTemp := strings.CutSuffix(f.Name, TempSuffix)
			p, shard, ok := names.part(name)
			if !ok || p != prefix {
				continue
			}
			part, err := d.examine(f, shard)
			if err != nil {
				return nil, err
			}
			if isTemp {
				s.temp[shard] = part
			} else {
				s.final[shard] = part
			}
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// examine reads what a file says it is. A damaged file says nothing; only a file that cannot be read is an error, for
// nothing may be concluded from that.
func (d *Dir) examine(info FileInfo, shard int) (foundPart, error) {
	path := d.Path(info.Name)
	f, err := d.fs.Open(path)
	if err != nil {
		return foundPart{}, err
	}
	defer f.Close()
	part := foundPart{modified: info.Modified}
	part.ident, err = readIdent(io.NewSectionReader(f, 0, info.Size))
	var damaged rdbfmt.HeaderError
	if errors.As(err, &damaged) {
		return foundPart{modified: info.Modified}, nil
	}
	if err == nil {
		part.complete, err = isComplete(f, info.Size, shard == summary)
	}
	if err != nil {
		return foundPart{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return part, nil
}

// isComplete tells whether a file ends as it should, and verifies the checksum of small ones and of summaries.
func isComplete(f io.ReaderAt, size int64, isSummary bool) (bool, error) {
	const tail = 1 + rdbfmt.TrailerSize
	if size < rdbfmt.MagicSize+tail {
		return false, nil
	}
	var end [tail]byte
	if n, err := f.ReadAt(end[:], size-tail); err != nil && !(err == io.EOF && n == tail) {
		return false, err
	}
	if end[0] != rdbfmt.OpEOF {
		return false, nil
	}
	want := binary.LittleEndian.Uint64(end[1:])
	if !isSummary && (want == 0 || size > checkedBytes) {
		return true, nil
	}
	sum, err := checksum(io.NewSectionReader(f, 0, size-rdbfmt.TrailerSize))
	return sum == want, err
}

func checksum(r io.Reader) (sum uint64, err error) {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		sum = rdbfmt.CRC64(sum, buf[:n])
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// settle renames the rest of a set if all of it is there.
func (d *Dir) settle(s foundSet) error {
	moves, ok := s.unfinished()
	if !ok || len(moves) == 0 {
		return nil
	}
	// The shards are durable, else there would be no summary; itself it may be not. The process may have been killed
	// before it synced it. Or the sync may have failed: then the system shows us all of the content, does not have it on
	// disk, and would say of another sync that it succeeds. So the summary is written anew.
	if moves[len(moves)-1] == summary {
		name := s.prefix + summarySuffix + TempSuffix
		if err := d.replace(name, name); err != nil {
			return fmt.Errorf("copying %s: %w", d.Path(name), err)
		}
	}
	if err := d.fs.SyncDir(d.dir); err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	for _, shard := range moves {
		name := partName(s.prefix, shard)
		// If a rename was torn in two, both names are of one file. Then this does nothing, and RemoveStale the rest.
		if err := d.fs.Rename(d.temp(name), d.Path(name)); err != nil {
			return fmt.Errorf("renaming: %w", err)
		}
	}
	return nil
}

// unfinished returns the parts of a set whose temporary files are still to be renamed, in order. It is not ok if no set is
// all there, or if there is a newer one under the final names, which somebody must have put there.
func (s foundSet) unfinished() (moves []int, ok bool) {
	if t, ok := s.temp[summary]; ok && t.complete {
		moves, ok := s.missing(t.ident)
		if ok && !(s.finalWhole() && s.final[summary].modified.After(t.modified)) {
			return append(moves, summary), true
		}
	}
	return s.missing(s.final[summary].ident)
}

// missing returns which shards of a set are there under their temporary names. It is not ok if one is not there at all.
func (s foundSet) missing(sum ident) (moves []int, ok bool) {
	if sum.id == "" || sum.shards == 0 {
		return nil, false
	}
	for shard := range sum.shards {
		if t := s.temp[shard]; t.id == sum.id && t.complete {
			moves = append(moves, shard)
		} else if f := s.final[shard]; f.id != sum.id || !f.complete {
			return nil, false
		}
	}
	return moves, true
}

// finalWhole tells whether there is a whole set under the final names.
func (s foundSet) finalWhole() bool {
	sum, ok := s.final[summary]
	if !ok || sum.id == "" || sum.shards == 0 {
		return false
	}
	for shard := range sum.shards {
		if s.final[shard].id != sum.id {
			return false
		}
	}
	return true
}

// RemoveStale removes the temporary files of a base name that a process left behind which was interrupted in a save, and
// returns their names. It is called after Recover, while no save is running.
//
// One kind is left alone: files of a set of which others have their final names already while no set is whole there.
// Recover could not finish it, and these may be the only copy of something. That happens to sets of which a part was lost
// and to those of servers that do not sync what they write.
func (d *Dir) RemoveStale(ctx context.Context, base string) (removed []string, err error) {
	names := ownNames(base)
	files, err := d.List(ctx)
	if err != nil {
		return nil, err
	}
	var stale []string
	for _, f := range files {
		name, isTemp := strings.CutSuffix(f.Name, TempSuffix)
		if isTemp && names.has(strings.TrimSuffix(name, copySuffix)) {
			stale = append(stale, f.Name)
		}
	}
	if len(stale) == 0 {
		return nil, nil
	}
	sets, err := d.interrupted(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		for _, shard := range s.onlyCopies() {
			stale = slices.DeleteFunc(stale, func(name string) bool { return name == partName(s.prefix, shard)+TempSuffix })
		}
	}
	slices.Sort(stale)
	for _, name := range stale {
		if err := d.fs.Remove(d.Path(name)); err != nil {
			return removed, err
		}
		removed = append(removed, name)
	}
	if len(removed) > 0 {
		err = d.fs.SyncDir(d.dir)
	}
	return removed, err
}

// onlyCopies returns the temporary files that RemoveStale leaves alone.
func (s foundSet) onlyCopies() (shards []int) {
	if s.finalWhole() {
		return nil
	}
	begun := map[string]bool{}
	for _, f := range s.final {
		begun[f.id] = f.id != ""
	}
	for shard, t := range s.temp {
		if begun[t.id] && s.final[shard].id != t.id {
			shards = append(shards, shard)
		}
	}
	return shards
}
