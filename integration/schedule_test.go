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
	logged(t, s, "Removed snapshots beyond the newest 1")
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

// TestScheduleDuringSave: a snapshot of the schedule that comes while another is saved is skipped with a warning, and the
// schedule goes on.
func TestScheduleDuringSave(t *testing.T) {
	s := slowServer(t, "--snapshot_cron=* * * * *")
	c := s.client()
	c.ok(t, "CONFIG", "SET", "snapshot_egress_limit_bytes", "100000")
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(58 * time.Second)))
	c.ok(t, "BGSAVE", "DF", "by-hand")
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(61 * time.Second)))
	logHas(t, s, "Failed to perform snapshot", "SAVING")
	quickly(t, c)
	expectFiles(t, s.dir, dfsFiles("by-hand", 2)...)
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(62 * time.Second)))
	waitSaved(t, c)
	expectFiles(t, s.dir, append(dfsFiles("by-hand", 2), dfsFiles("dump", 2)...)...)
}
