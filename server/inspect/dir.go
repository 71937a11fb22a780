package inspect

import (
	"fmt"
	"path/filepath"
	"time"

	"dragonfly/persistence"
	"dragonfly/persistence/vfs"
	"dragonfly/server/loader"
)

// dir reads the newest snapshot of a directory, whatever it is called.
func (in *inspection) dir(dir string, bench *loader.Bench) {
	files, err := persistence.NewDir(vfs.OS{}, dir).List(in.ctx)
	if err != nil {
		in.r.problem(Problem{Message: err.Error()})
		return
	}
	var newest persistence.FileInfo
	found := 0
	for _, f := range files {
		if !persistence.IsSnapshot(f.Name) {
			continue
		}
		found++
		if found == 1 || f.Modified.After(newest.Modified) || f.Modified.Equal(newest.Modified) && f.Name > newest.Name {
			newest = f
		}
	}
	if log := filepath.Join(dir, "appendonlydir"); holdsAOF(log) {
		in.r.warn(log + " holds an append-only log, which may be newer")
	}
	if found == 0 {
		in.r.problem(Problem{Message: "there is no snapshot in this directory"})
		return
	}
	if found > 1 {
		in.r.warn(fmt.Sprintf("this is the newest of the %d snapshots in %s, of %s UTC", found, dir, newest.Modified.UTC().Format(time.DateTime)))
	}
	in.r.Path = filepath.Join(dir, newest.Name)
	in.path(in.r.Path, bench)
}
