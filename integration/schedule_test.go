//go:build long

package integration

import (
	"path/filepath"
	"testing"
	"time"
)

// TestSchedule waits for the snapshots of two minutes.
func TestSchedule(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir, "--dbfilename=auto-{timestamp}", "--num_shards=1", "--snapshot_keep=1", "--snapshot_cron=* * * * *")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	seen := map[string]bool{}
	for deadline := time.Now().Add(130 * time.Second); len(seen) < 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d snapshots: %s", len(seen), s.log)
		}
		found, err := filepath.Glob(filepath.Join(dir, "auto-*-summary.dfs"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			seen[name] = true
			if second := name[len(name)-len("00-summary.dfs"):]; second != "00-summary.dfs" {
				t.Errorf("%s was not saved at second 0", name)
			}
		}
	}
	waitSaved(t, c)
	if n := len(listDir(t, dir)); n != 2 {
		t.Errorf("%d files, want those of the last snapshot", n)
	}
	c.ok(t, "CONFIG", "SET", "snapshot_cron", "")
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(62 * time.Second)))
	found, err := filepath.Glob(filepath.Join(dir, "auto-*-summary.dfs"))
	if err != nil || len(found) != 1 || !seen[found[0]] {
		t.Errorf("snapshots after the schedule was taken away: %q %v", found, err)
	}
}
