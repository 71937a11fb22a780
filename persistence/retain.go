package persistence

import (
	"context"
	"fmt"
	"slices"
)

// Retain removes all but the newest snapshots of a base name, so that keep are left, and returns the names of the files.
// It is called when the snapshot that was just written is durable: committed is the name of its RDB file or summary. This
// one is left and counted in any case, whatever the clock says. Nothing is removed if keep is not positive.
//
// Only files whose names a save to the base name could have written are removed: exactly, with digits where digits come
// from. A DFS set replaces DFS sets only, and an RDB file RDB files: beside the sets may lie the dump.rdb that it all
// began with, which is not ours.
//
// Of a set the summary goes first, and durably, then the shard files. A set without a summary is no snapshot to anyone.
// The other way round a crash would leave a summary without some of its shards: one that is found and cannot be loaded.
// Shard files that a crash left without a summary are removed the next time, if they are older than all that is kept.
func Retain(ctx context.Context, storage Storage, base string, keep int, committed string) (removed []string, err error) {
	if keep <= 0 {
		return nil, nil
	}
	files, err := storage.List(ctx)
	if err != nil {
		return nil, err
	}
	snapshots, orphans := ownSnapshots(ownNames(base), files)
	snapshots = slices.DeleteFunc(snapshots, func(s ownSnapshot) bool { return IsSummary(s.Name) != IsSummary(committed) })
	slices.SortFunc(snapshots, func(a, b ownSnapshot) int {
		switch committed {
		case a.Name:
			return -1
		case b.Name:
			return 1
		}
		return compareNewest(a.FileInfo, b.FileInfo)
	})
	if len(snapshots) < keep || snapshots[0].Name != committed {
		return nil, nil // few enough, or what we were told to leave is not there: then nothing is certain
	}
	oldest := slices.MinFunc(snapshots[:keep], func(a, b ownSnapshot) int { return a.Modified.Compare(b.Modified) })
	remove := snapshots[keep:]
	for _, o := range orphans {
		if o.Modified.Before(oldest.Modified) {
			remove = append(remove, o)
		}
	}
	for _, s := range remove {
		for _, name := range s.files {
			if err := storage.Remove(ctx, name); err != nil {
				return removed, fmt.Errorf("removing %s: %w", storage.Path(name), err)
			}
			removed = append(removed, name)
		}
	}
	return removed, nil
}

// ownSnapshot is an RDB file or a DFS set of a base name. The FileInfo is that of the RDB file or the summary, or the
// newest shard file if there is no summary.
type ownSnapshot struct {
	FileInfo
	files []string // in the order in which they are removed
}

// ownSnapshots returns the snapshots of a base name among files, and the shard files that have no summary. A set that is
// about to be committed or recovered is neither.
func ownSnapshots(o own, files []FileInfo) (snapshots, orphans []ownSnapshot) {
	sets := map[string]*ownSnapshot{}
	for _, f := range files {
		prefix, shard, isPart := o.part(f.Name)
		switch {
		case !isPart && o.has(f.Name):
			snapshots = append(snapshots, ownSnapshot{f, []string{f.Name}})
		case isPart && sets[prefix] == nil:
			sets[prefix] = &ownSnapshot{f, []string{f.Name}}
		case isPart && shard == summary:
			s := sets[prefix]
			s.FileInfo, s.files = f, slices.Insert(s.files, 0, f.Name)
		case isPart:
			s := sets[prefix]
			s.files = append(s.files, f.Name)
			if !IsSummary(s.Name) && f.Modified.After(s.Modified) {
				s.FileInfo = f
			}
		}
	}
	for prefix, s := range sets {
		slices.Sort(s.files[1:])
		switch {
		case IsSummary(s.Name):
			snapshots = append(snapshots, *s)
		case !slices.ContainsFunc(files, func(f FileInfo) bool { return f.Name == prefix+summarySuffix+TempSuffix }):
			orphans = append(orphans, *s)
		}
	}
	slices.SortFunc(orphans, func(a, b ownSnapshot) int { return compareNewest(a.FileInfo, b.FileInfo) })
	return snapshots, orphans
}
