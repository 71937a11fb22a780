package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Faults of the real system while a snapshot is written.

// startInSpace starts our server with a directory of its own: a tmpfs that only it sees, of the given options of mount. The
// test is skipped where that is not allowed. The directory is reached from outside through files.
func startInSpace(t *testing.T, mount string, prepare string, args ...string) (s *server, files string) {
	t.Helper()
	dir := t.TempDir()
	unshare, err := exec.LookPath("unshare")
	if err == nil {
		err = exec.Command(unshare, "-rm", "mount", "-t", "tmpfs", "none", dir).Run()
	}
	if err != nil {
		t.Skip("SKIPPED: no unshare, which make deps installs, or no right to file systems of its own: ", err)
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	port := unusedPort(t)
	all := append([]string{path, "--logtostderr", "--omit_basic_usage", "--bind=127.0.0.1", "--port=" + strconv.Itoa(port), "--dir=" + dir}, args...)
	script := fmt.Sprintf("mount -t tmpfs -o %s none %s && cd %s && %s exec \"$@\"", mount, dir, dir, prepare)
	s = launch(t, dir, port, unshare, append([]string{"-rm", "sh", "-c", script, "sh"}, all...)...)
	s.ready()
	return s, fmt.Sprintf("/proc/%d/root%s", s.cmd.Process.Pid, dir)
}

// noise fills keys with values that do not compress.
func noise(t *testing.T, c *conn, keys, size int) {
	t.Helper()
	var commands [][]string
	x := uint64(88172645463325252)
	for i := range keys {
		b := make([]byte, size)
		for k := range b {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			b[k] = byte(x)
		}
		commands = append(commands, []string{"SET", fmt.Sprintf("noise:%d", i), string(b)})
	}
	c.mustAll(t, commands)
}

// saveFails runs a save that must fail and checks all that tells of it.
func saveFails(t *testing.T, s *server, word string, args ...string) {
	t.Helper()
	c := s.client()
	before := infoField(t, c, "persistence", "last_success_save")
	log := len(s.log.String())
	if reply := c.must(t, args...); !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, word) {
		t.Errorf("%q: %q, want an error with %q", args, reply, word)
	}
	for name, want := range map[string]string{"rdb_last_bgsave_status": "err", "last_success_save": before, "saving": "0"} {
		if got := infoField(t, c, "persistence", name); got != want {
			t.Errorf("%q: INFO: %s is %q, want %q", args, name, got, want)
		}
	}
	if got := infoField(t, c, "persistence", "last_error"); !strings.Contains(got, word) {
		t.Errorf("%q: INFO: last_error is %q, want %q in it", args, got, word)
	}
	if at, err := strconv.ParseInt(infoField(t, c, "persistence", "last_failed_save"), 10, 64); err != nil || !near(at, time.Now().Unix(), 20) {
		t.Errorf("%q: INFO: last_failed_save is %d", args, at)
	}
	logged(t, s, word)
	if lines := s.log.String()[log:]; strings.Count(lines, "\n") != 1 || lines[0] != 'E' || !strings.Contains(lines, word) {
		t.Errorf("%q: log %q, want one error with %q", args, lines, word)
	}
	c.ok(t, "SET", "after", "the failure")
}

// saveWorks runs a save that must succeed and checks that nothing is wrong any more.
func saveWorks(t *testing.T, s *server, args ...string) {
	t.Helper()
	c := s.client()
	c.ok(t, args...)
	waitSaved(t, c)
	if got := infoField(t, c, "persistence", "rdb_last_bgsave_status"); got != "ok" {
		t.Errorf("%q: INFO: rdb_last_bgsave_status is %s", args, got)
	}
	if got := infoField(t, c, "persistence", "last_error"); got != "" {
		t.Errorf("%q: INFO: last_error is %q", args, got)
	}
}

// TestFullDisk: a save that does not fit fails with the system's words, keeps the snapshot before it and leaves nothing
// behind; when there is space the next one works.
func TestFullDisk(t *testing.T) {
	f := func(name string, kept []string, args ...string) {
		t.Run(name, func(t *testing.T) {
			s, dir := startInSpace(t, "size=2m", "", append(args, "--num_shards=2")...)
			c := s.client()
			c.ok(t, "SET", "small", "data")
			// Once it is found out while writing, for nothing is known yet of the size; then before.
			noise(t, c, 60, 100<<10)
			saveFails(t, s, "no space left on device", "SAVE")
			expectFiles(t, dir)
			c.ok(t, "FLUSHALL")
			c.ok(t, "SET", "small", "data")
			saveWorks(t, s, "SAVE")
			expectFiles(t, dir, kept...)
			before := readFiles(t, dir)
			noise(t, c, 60, 100<<10)
			saveFails(t, s, "no space left on device", "SAVE")
			sameFiles(t, dir, before)

			// A disk that somebody else has filled.
			c.ok(t, "FLUSHALL")
			noise(t, c, 5, 100<<10)
			filler := filepath.Join(dir, "filler")
			if err := os.WriteFile(filler, make([]byte, 1800<<10), 0o644); err != nil {
				t.Fatal(err)
			}
			before = readFiles(t, dir)
			saveFails(t, s, "no space left on device", "SAVE")
			sameFiles(t, dir, before)
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			saveWorks(t, s, "SAVE")
			expectFiles(t, dir, kept...)
			c.ok(t, "DEBUG", "RELOAD", "NOSAVE")
			c.expect(t, ":11\r\n", "STRLEN", "after")
		})
	}
	f("DFS", dfsFiles("dump", 2))
	f("RDB", []string{"dump.rdb"}, "--nodf_snapshot_format")
}

// TestFullDiskInBackground: BGSAVE has answered OK when it fails; INFO and the log tell.
func TestFullDiskInBackground(t *testing.T) {
	s, dir := startInSpace(t, "size=1m", "")
	c := s.client()
	noise(t, c, 40, 100<<10)
	c.ok(t, "BGSAVE")
	waitSaved(t, c)
	if got := infoField(t, c, "persistence", "rdb_last_bgsave_status"); got != "err" {
		t.Errorf("rdb_last_bgsave_status is %s", got)
	}
	contains(t, infoField(t, c, "persistence", "last_error"), "no space left on device")
	logHas(t, s, "no space left on device")
	expectFiles(t, dir)
}

// TestReadOnlyDisk: a file system that turned read-only is named.
func TestReadOnlyDisk(t *testing.T) {
	for _, format := range []string{"DF", "RDB"} {
		s, dir := startInSpace(t, "size=1m", "mount -o remount,ro . &&")
		s.client().ok(t, "SET", "k", "v")
		saveFails(t, s, s.dir, "SAVE", format)
		saveFails(t, s, "read-only file system", "SAVE", format)
		expectFiles(t, dir)
		if code := s.terminate(); code != 1 {
			t.Errorf("exit code %d", code)
		}
	}
}

// TestMissingDirectory: a directory that was removed is made again; one that cannot be made is named.
func TestMissingDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	s := startOurs(t, dir, "--num_shards=1")
	logHas(t, s, "No snapshot found")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	saveWorks(t, s, "SAVE")
	if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
		t.Fatal(err)
	}
	saveWorks(t, s, "SAVE")
	expectFiles(t, dir, dfsFiles("dump", 1)...)
	if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Dir(dir), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"DF", "RDB"} {
		saveFails(t, s, filepath.Dir(dir), "SAVE", format)
	}
	if err := os.Remove(filepath.Dir(dir)); err != nil {
		t.Fatal(err)
	}
	saveWorks(t, s, "SAVE")
	s = s.again()
	s.client().expect(t, "$1\r\nv\r\n", "GET", "k")
}

// TestNameIsDirectory: where a file of the snapshot should be there is a directory.
func TestNameIsDirectory(t *testing.T) {
	f := func(name string, args ...string) {
		t.Helper()
		dir := t.TempDir()
		s := startOurs(t, dir, "--num_shards=2")
		s.client().ok(t, "SET", "k", "v")
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(path, "with something in it"), 0o755); err != nil {
			t.Fatal(err)
		}
		saveFails(t, s, name, args...)
		expectFiles(t, dir, name)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		saveWorks(t, s, args...)
	}
	f("dump-summary.dfs", "SAVE")
	f("dump-0001.dfs", "SAVE")
	f("dump-0000.dfs.tmp", "SAVE")
	f("dump-summary.dfs.tmp", "SAVE")
	f("x.rdb", "SAVE", "RDB", "x")
	f("x.rdb.tmp", "SAVE", "RDB", "x")
}

// TestFailureAtTheEnd: a server that cannot save when it is told to end says so in one line and ends with code 1.
func TestFailureAtTheEnd(t *testing.T) {
	for _, word := range []string{"", "SHUTDOWN"} {
		dir := t.TempDir()
		s := startOurs(t, dir, "--num_shards=1")
		c := s.client()
		c.ok(t, "SET", "k", "v")
		if err := os.Mkdir(filepath.Join(dir, "dump-summary.dfs"), 0o755); err != nil {
			t.Fatal(err)
		}
		if word == "" {
			s.terminate()
		} else if err := c.send(word); err != nil {
			t.Fatal(err)
		}
		if code := s.exit(10 * time.Second); code != 1 {
			t.Errorf("%s: exit code %d", word, code)
		}
		if lines := errorLines(s); len(lines) != 1 || !strings.Contains(lines[0], "dump-summary.dfs") {
			t.Errorf("%s: error lines %q", word, lines)
		}
		expectFiles(t, dir, "dump-summary.dfs")
	}
}

// TestBadDirectoryAtStart: a directory that is none ends the start.
func TestBadDirectoryAtStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		s := launchOurs(t, dir)
		if code := s.exit(10 * time.Second); code != 1 {
			t.Errorf("%s: exit code %d: %s", dir, code, s.log)
		}
		if lines := errorLines(s); len(lines) != 1 || !strings.Contains(lines[0], file) {
			t.Errorf("%s: error lines %q", dir, lines)
		}
	}
}
