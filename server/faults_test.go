package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	process "os/exec" // exec is the command here
	"strings"
	"sync"
	"syscall"
	"testing"

	"dragonfly/persistence/vfs"
	"dragonfly/persistence/vfs/vfstest"
	"dragonfly/server/config"
)

// onFS returns a server whose snapshots are in a file system of a test, loaded from what is there.
func onFS(t testing.TB, fsys vfs.FS, dbfilename string) *Server {
	t.Helper()
	s := newServer(t, func(c *config.Config) {
		c.Dir, c.FS, c.DBFilename, c.NumShards, c.ProactorThreads = "/data", fsys, dbfilename, 2, 1
		if err := c.Finish(); c.Port != 0 && err != nil {
			t.Fatal(err)
		}
	})
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// fill makes the data set that of a generation: whoever sees parts of two sees another digest than either has.
func fill(t testing.TB, c *wire, generation int) {
	t.Helper()
	cmds := []string{"flushall"}
	for i := range 40 {
		cmds = append(cmds, fmt.Sprintf("set key:%d:%d v%d", generation%3, i, generation))
	}
	cmds = append(cmds, fmt.Sprintf("rpush list a b c %d", generation))
	for _, cmd := range cmds {
		if got := c.do(cmd); strings.HasPrefix(got, "-") {
			t.Fatalf("%s: %s", cmd, got)
		}
	}
}

// tempFiles returns the names of files that were never committed.
func tempFiles(names string) (temp []string) {
	for name := range strings.FieldsSeq(names) {
		if strings.HasSuffix(name, ".tmp") {
			temp = append(temp, name)
		}
	}
	return temp
}

// TestSaveFaults: whichever call to the file system fails, and in whichever way, the client is told, the server goes on
// and says so in INFO, what a start would load is the snapshot of before or the new one, and the next save works.
func TestSaveFaults(t *testing.T) {
	faults := []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EINTR, vfstest.ErrShort}
	for _, name := range []string{"dump", "dump.rdb"} {
		for _, fault := range faults {
			t.Logf("%s: %v once: %d calls", name, fault, saveFaults(t, name, fault, true))
		}
		t.Logf("%s: %v from then on: %d calls", name, faults[0], saveFaults(t, name, faults[0], false))
	}
}

// saveFaults fails the first call of a save, then the second, and so on until a save does not come to the call; it
// returns how many there were.
func saveFaults(t *testing.T, name string, fault error, once bool) (calls int) {
	fsys := vfstest.New()
	s := onFS(t, fsys, name)
	c := dial(t, s)
	digest := func() string { return c.do("debug digest") }
	fill(t, c, 0)
	c.expect(t, "save", "+OK")
	previous := digest()
	for n := 1; ; n++ {
		fill(t, c, n)
		now := digest()
		lastSave := c.do("lastsave")
		before := fsys.Calls()
		fsys.FailAt(n, fault, once)
		reply := c.do("save")
		reached := fsys.Calls()-before >= n
		fsys.ClearFailure()

		info := c.do("info persistence")
		failed := strings.HasPrefix(reply, "-")
		switch {
		case failed != strings.Contains(info, "rdb_last_bgsave_status:err"):
			t.Fatalf("%s, call %d %v: SAVE answered %q, INFO says otherwise", name, n, fault, reply)
		case failed && (c.do("lastsave") != lastSave || strings.Contains(info, "last_error:\r\n")):
			t.Fatalf("%s, call %d %v: a failed save counts as one, or has no reason", name, n, fault)
		case c.do("ping") != "+PONG" || digest() != now:
			t.Fatalf("%s, call %d %v: the server does not go on", name, n, fault)
		}
		// What would be there if the process ended here.
		found := startedOn(t, copyOf(t, fsys), name)
		if found != now && (!failed || found != previous) {
			t.Fatalf("%s, call %d %v: SAVE answered %q, a start finds %s, want %s or %s\n%s",
				name, n, fault, reply, found, previous, now, fsys.Trace())
		}
		if temp := tempFiles(fsys.Names()); failed && once && len(temp) > 0 && found != now {
			t.Fatalf("%s, call %d %v: temporary files are left: %v", name, n, fault, temp)
		}
		c.expect(t, "save", "+OK")
		if found := startedOn(t, copyOf(t, fsys), name); found != now {
			t.Fatalf("%s, call %d %v: the save after it was not good", name, n, fault)
		}
		previous = now
		if !reached {
			if failed {
				t.Fatalf("%s: a save without a fault failed: %s", name, reply)
			}
			return n
		}
	}
}

// copyOf returns what a process would find that is started now.
func copyOf(t testing.TB, fsys *vfstest.FS) *vfstest.FS {
	t.Helper()
	other := vfstest.New()
	entries, err := fsys.ReadDir("/data")
	if err == nil {
		err = other.MkdirAll("/data", 0o777)
	}
	for _, e := range entries {
		if err == nil {
			err = copyFile(other, fsys, "/data/"+e.Name())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func copyFile(to, from vfs.FS, name string) error {
	in, err := from.Open(name)
	if err != nil {
		return err
	}
	out, err := to.Create(name, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, in.Close(), out.Close())
}

// startedOn returns the digest of what a server loads.
func startedOn(t testing.TB, fsys *vfstest.FS, name string) string {
	t.Helper()
	s := onFS(t, fsys, name)
	defer s.Close()
	digest := dial(t, s).do("debug digest")
	if temp := tempFiles(fsys.Names()); len(temp) > 0 {
		t.Fatalf("temporary files after a start: %v", temp)
	}
	return digest
}

// killer is the real file system, with a kill -9 at one call: before it, or after it.
type killer struct {
	vfs.FS
	at    int
	after bool

	mu    sync.Mutex
	calls int // guarded by mu
}

func (k *killer) call(do func() error) error {
	k.mu.Lock()
	k.calls++
	due := k.calls == k.at
	k.mu.Unlock()
	if due && !k.after {
		kill()
	}
	err := do()
	if due {
		kill()
	}
	return err
}

func kill() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func (k *killer) Create(name string, perm os.FileMode) (f vfs.File, err error) {
	err = k.call(func() error { f, err = k.FS.Create(name, perm); return err })
	return &killerFile{f, k}, err
}
func (k *killer) Rename(from, to string) error {
	return k.call(func() error { return k.FS.Rename(from, to) })
}
func (k *killer) Remove(name string) error { return k.call(func() error { return k.FS.Remove(name) }) }
func (k *killer) SyncDir(dir string) error { return k.call(func() error { return k.FS.SyncDir(dir) }) }

type killerFile struct {
	vfs.File
	k *killer
}

func (f *killerFile) Write(b []byte) (n int, err error) {
	err = f.k.call(func() error { n, err = f.File.Write(b); return err })
	return n, err
}
func (f *killerFile) WriteAt(b []byte, off int64) (n int, err error) {
	err = f.k.call(func() error { n, err = f.File.WriteAt(b, off); return err })
	return n, err
}
func (f *killerFile) Sync() error  { return f.k.call(f.File.Sync) }
func (f *killerFile) Close() error { return f.k.call(f.File.Close) }

// childEnv tells a process of the test that it is the one to be killed: directory, name, call, before or after.
const childEnv = "DRAGONFLY_TEST_KILLED"

// TestKilledAtEveryCall: a process that is killed before or after any call to the file system during a save leaves the
// snapshot of before or the new one, and after the next start nothing else.
func TestKilledAtEveryCall(t *testing.T) {
	if spec := os.Getenv(childEnv); spec != "" {
		saveAndDie(t, spec)
		return
	}
	for _, name := range []string{"dump", "dump.rdb"} {
		for _, after := range []bool{false, true} {
			for at := 1; killedAt(t, name, at, after); at++ {
			}
		}
	}
}

// killedAt runs a process that saves a second generation over a first and is killed at a call. It returns false if the
// process came to its end.
func killedAt(t *testing.T, name string, at int, after bool) (killed bool) {
	dir := t.TempDir()
	start := func() (*Server, *wire) {
		s := newServer(t, func(c *config.Config) {
			c.Dir, c.DBFilename, c.NumShards, c.ProactorThreads = dir, name, 2, 1
		})
		if err := s.Load(t.Context()); err != nil {
			t.Fatalf("%s, call %d, after %v: %v", name, at, after, err)
		}
		return s, dial(t, s)
	}
	var want [2]string
	s, c := start()
	fill(t, c, 1)
	want[1] = c.do("debug digest")
	fill(t, c, 0)
	want[0] = c.do("debug digest")
	c.expect(t, "save", "+OK")
	s.Close()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := process.Command(self, "-test.run=^TestKilledAtEveryCall$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d %v", childEnv, dir, name, at, after))
	out, err := cmd.CombinedOutput()
	var status *process.ExitError
	killed = errors.As(err, &status) && status.ExitCode() == -1
	if err != nil && !killed {
		t.Fatalf("%s, call %d: %v\n%s", name, at, err, out)
	}
	s, c = start()
	defer s.Close()
	if got := c.do("debug digest"); got != want[1] && (!killed || got != want[0]) {
		t.Fatalf("%s, call %d, after %v, killed %v: digest %s, want one of %v", name, at, after, killed, got, want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".tmp") {
			t.Fatalf("%s, call %d, after %v: %s is left", name, at, after, e.Name())
		}
	}
	return killed
}

// saveAndDie is the process that is killed.
func saveAndDie(t *testing.T, spec string) {
	k := &killer{FS: vfs.OS{}}
	var dir, name string
	if _, err := fmt.Sscan(spec, &dir, &name, &k.at, &k.after); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(c *config.Config) {
		c.Dir, c.DBFilename, c.NumShards, c.ProactorThreads, c.FS = dir, name, 2, 1, k
	})
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	k.calls = 0
	k.mu.Unlock()
	c := dial(t, s)
	fill(t, c, 1)
	c.expect(t, "save", "+OK")
}
