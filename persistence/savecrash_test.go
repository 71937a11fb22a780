package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"dragonfly/persistence/vfs/vfstest"
	"dragonfly/store"
	"dragonfly/store/object"
)

// TestCrashesOfSaves cuts the power at every call of real saves: they must make their calls in the order that Dir counts
// on.
func TestCrashesOfSaves(t *testing.T) {
	s, err := store.New(store.Options{Shards: 3, Databases: 1, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	v := s.View(0, 1000)
	for i := range 200 {
		v.SetString(fmt.Appendf(nil, "key:%d", i), bytes.Repeat([]byte("x"), i), object.Embstr, 0)
	}
	// save saves the data set with a mark in it.
	save := func(d *Dir, dfs bool, mark string) error {
		v.SetString([]byte("mark"), []byte(mark), object.Embstr, 0)
		if err := d.Recover(t.Context(), "dump"); err != nil {
			return err
		}
		if dfs {
			_, err := SaveDFS(t.Context(), s, d, "dump", Meta{}, &Progress{})
			return err
		}
		_, err := SaveRDB(t.Context(), s, d, "dump.rdb", Meta{}, &Progress{})
		return err
	}
	// load returns the mark of the snapshot that a start finds.
	load := func(d *Dir) (string, error) {
		if err := d.Recover(t.Context(), "dump"); err != nil {
			return "", err
		}
		if _, err := d.RemoveStale(t.Context(), "dump"); err != nil {
			return "", err
		}
		c, _, _, err := Find(t.Context(), d, "dump")
		if err != nil {
			return "", err
		}
		files, err := readAll(t.Context(), d, c)
		mark := ""
		for name, b := range files {
			if ok, _ := isComplete(bytes.NewReader(b), int64(len(b)), true); !ok {
				return "", fmt.Errorf("%s is torn", name)
			}
			for _, m := range []string{"mark one", "mark two"} {
				if bytes.Contains(b, []byte(m)) {
					mark = m
				}
			}
		}
		return mark, err
	}

	seeds := uint64(3)
	if long {
		seeds = 100
	}
	for _, dfs := range []bool{false, true} {
		for at, stopped := 1, true; stopped; at++ {
			for seed := range seeds {
				fsys := vfstest.New()
				d := NewDir(fsys, ".")
				if err := save(d, dfs, "mark one"); err != nil {
					t.Fatal(err)
				}
				fsys.StopAt(at)
				err := save(d, dfs, "mark two")
				stopped = errors.Is(err, vfstest.ErrPower)
				if err != nil && !stopped {
					t.Fatal(err)
				}
				mark, err := load(NewDir(fsys.Crash(seed), "."))
				if err != nil || mark != "mark two" && (mark != "mark one" || !stopped) {
					t.Fatalf("DFS %v, stopped at call %d, seed %d: loaded %q, %v\n%s", dfs, at, seed, mark, err, fsys.Trace())
				}
			}
		}
	}
}
