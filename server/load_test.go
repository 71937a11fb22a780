package server

import (
	"os"
	"path/filepath"
	"testing"

	"dragonfly/server/config"
)

// TestFailedLoad: after a load that failed, no client sees what was read so far, and no save replaces the file.
func TestFailedLoad(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.DBFilename = "dump.rdb" })
	sample, err := os.ReadFile(filepath.Join("..", "testdata", "sample", "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.cfg.Dir, "dump.rdb"), sample[:len(sample)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	s.loading.Store(true) // as from the moment of listening
	if err := s.Load(t.Context()); err == nil {
		t.Fatal("loaded")
	}
	const loading = "-LOADING Redis is loading the dataset in memory"
	w := dial(t, s)
	w.expect(t, "ping", loading, "dbsize", loading, "get ttl", loading, "save", loading)
}
