package server

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"dragonfly/server/config"
)

func TestSavePointsReached(t *testing.T) {
	s := newServer(t, nil)
	f := func(save string, changes, seconds int64, want savePoint) {
		t.Helper()
		if err := applySavePoints(s, save); err != nil {
			t.Fatal(err)
		}
		got, ok := s.savePoints.reached(changes, seconds)
		if got != want || ok != (want != savePoint{}) {
			t.Errorf("%q after %d changes and %d s: %v %v", save, changes, seconds, got, ok)
		}
	}
	f("", 1000, 1000, savePoint{})
	f("60 10", 10, 60, savePoint{})
	f("60 10", 9, 61, savePoint{})
	f("60 10", 10, 61, savePoint{60, 10})
	f("900 1 60 100", 100, 61, savePoint{60, 100})
	f("900 1 60 100", 100, 901, savePoint{900, 1})
}

// TestSaveAfterChanges: CONFIG SET save is what it says.
func TestSaveAfterChanges(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t, func(c *config.Config) { c.Dir, c.DBFilename = dir, "dump.rdb" })
	c := dial(t, s)
	c.expect(t, "config set save x", "-ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters",
		`config set save "1 2"`, "+OK", "config get save", "*2 $save $1 2", "set a 1", "+OK")
	later := time.Now().Add(10 * time.Second)
	s.saveAfterChanges(later)
	c.do("set b 1")
	file := filepath.Join(dir, "dump.rdb")
	if _, err := os.Stat(file); err == nil {
		t.Error("saved after one change")
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.saveAfterChanges(later)
		if _, err := os.Stat(file); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("not saved after two changes")
		}
	}
	c.expect(t, `config set save ""`, "+OK", "config get save", "*2 $save $")
}
