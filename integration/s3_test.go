package integration

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// objectStore is a running server of the S3 protocol.
type objectStore struct {
	endpoint, bucket string
	env              []string // for its clients
}

// objectServer is the built program of the store.
var objectServer = sync.OnceValues(func() (string, error) {
	path, err := program()
	if err != nil {
		return "", err
	}
	path = filepath.Join(filepath.Dir(path), "s3serve")
	out, err := exec.Command("go", "build", "-o", path, "../persistence/s3/s3test/serve").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

// startStore starts a store with an empty bucket, and gives its credentials to the programs that the test starts.
func startStore(t *testing.T) *objectStore {
	t.Helper()
	path, err := objectServer()
	if err != nil {
		t.Fatal(path, err)
	}
	cmd := exec.Command(path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	st := &objectStore{}
	lines := bufio.NewScanner(stdout)
	for st.endpoint == "" || st.bucket == "" || !slices.ContainsFunc(st.env, func(e string) bool { return strings.HasPrefix(e, "AWS_SECRET_ACCESS_KEY=") }) {
		if !lines.Scan() {
			t.Fatalf("the store ended: %v", lines.Err())
		}
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch name {
		case "endpoint":
			st.endpoint = strings.TrimPrefix(value, "http://")
		case "bucket":
			st.bucket = value
		default:
			st.env = append(st.env, lines.Text())
			t.Setenv(name, value)
		}
	}
	go io.Copy(io.Discard, stdout)
	return st
}

// startOn starts our server with its snapshots in the store.
func (st *objectStore) launch(t *testing.T, prefix string, args ...string) *server {
	t.Helper()
	dir := "s3://" + st.bucket + "/" + prefix
	return launchOurs(t, dir, append(args, "--s3_endpoint="+st.endpoint, "--s3_use_https=false")...)
}

func (st *objectStore) start(t *testing.T, prefix string, args ...string) *server {
	t.Helper()
	s := st.launch(t, prefix, args...)
	s.ready()
	return s
}

// TestObjectStore: snapshots of both formats are kept in a bucket, and found there.
func TestObjectStore(t *testing.T) {
	st := startStore(t)
	f := func(prefix string, args ...string) {
		t.Run(prefix, func(t *testing.T) {
			s := st.start(t, prefix, append(args, "--num_shards=3")...)
			logHas(t, s, "No snapshot found")
			c := s.client()
			path, err := filepath.Abs(fixtureFile("7.4.1"))
			if err != nil {
				t.Fatal(err)
			}
			c.ok(t, "DFLY", "LOAD", path)
			noise(t, c, 20, 100_000)
			first := readContents(t, c)
			want := digestOf(t, c)
			c.ok(t, "SAVE")
			file := infoField(t, c, "persistence", "last_saved_file")
			if !strings.HasPrefix(file, s.dir) {
				t.Errorf("last_saved_file is %s", file)
			}
			s.kill()

			s = st.start(t, prefix, args...)
			logHas(t, s, "Loading "+file)
			c = s.client()
			if got := digestOf(t, c); got != want {
				t.Errorf("digest %s, want %s", got, want)
			}
			report(t, "after a restart", first.differences(readContents(t, c), 0))

			// The newest is loaded, here that of the end.
			c.ok(t, "SET", "last", "words")
			want = digestOf(t, c)
			if code := s.terminate(); code != 0 {
				t.Fatalf("exit code %d: %s", code, s.log)
			}
			s = st.start(t, prefix, args...)
			c = s.client()
			if got := digestOf(t, c); got != want {
				t.Errorf("digest %s, want %s", got, want)
			}
			c.ok(t, "FLUSHALL")
			c.ok(t, "DFLY", "LOAD", file)
			c.ok(t, "DEBUG", "RELOAD")
		})
	}
	f("dfs", "--dbfilename=dump")
	f("rdb/below", "--dbfilename=dump.rdb")
	f("dated", "--dbfilename=x-{timestamp}")
	f("")

	t.Run("another place", func(t *testing.T) {
		s := startOurs(t, t.TempDir(), "--num_shards=1", "--s3_endpoint="+st.endpoint, "--s3_use_https=false")
		c := s.client()
		c.ok(t, "SET", "k", "v")
		there := "s3://" + st.bucket + "/there"
		c.ok(t, "SAVE", "DF", there)
		c.ok(t, "SAVE", "RDB", there, "named")
		c.ok(t, "BGSAVE", "RDB", there+"/", "slash")
		waitSaved(t, c)
		expectFiles(t, s.dir)
		c.ok(t, "SAVE") // the place of the settings is still the directory
		expectFiles(t, s.dir, dfsFiles("dump", 1)...)
		for _, name := range []string{"dump-summary.dfs", "named.rdb", "slash.rdb"} {
			c.ok(t, "FLUSHALL")
			c.ok(t, "DFLY", "LOAD", there+"/"+name)
			c.expect(t, "$1\r\nv\r\n", "GET", "k")
		}
		c.expect(t, "-ERR No such file or directory: File not found\r\n", "DFLY", "LOAD", there+"/nothing.rdb")
		for _, uri := range []string{"gs://bucket/prefix", "https://account.blob.core.windows.net/container"} {
			if reply := c.must(t, "SAVE", "DF", uri); !strings.HasPrefix(reply, "-ERR ") || !strings.Contains(reply, "S3") {
				t.Errorf("%s: %q", uri, reply)
			}
		}
	})
}

// TestObjectStoreKeep: retention removes objects.
func TestObjectStoreKeep(t *testing.T) {
	st := startStore(t)
	s := st.start(t, "keep", "--dbfilename=keep-{timestamp}", "--num_shards=1", "--snapshot_keep=1", "--nodf_snapshot_format")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	c.ok(t, "SAVE")
	first := infoField(t, c, "persistence", "last_saved_file")
	time.Sleep(1100 * time.Millisecond) // another second, another name
	c.ok(t, "SAVE")
	second := infoField(t, c, "persistence", "last_saved_file")
	if first == second {
		t.Fatalf("both are %s", first)
	}
	c.expect(t, "-ERR No such file or directory: File not found\r\n", "DFLY", "LOAD", first)
	c.ok(t, "DFLY", "LOAD", second)
}

// TestObjectStoreRefuses: what is wrong with the store, the bucket or the credentials is said at the start, and by saves.
func TestObjectStoreRefuses(t *testing.T) {
	st := startStore(t)
	f := func(name string, dir string, words []string, args ...string) {
		t.Helper()
		s := launchOurs(t, dir, append([]string{"--s3_endpoint=" + st.endpoint, "--s3_use_https=false"}, args...)...)
		if code := s.exit(30 * time.Second); code != 1 {
			t.Errorf("%s: exit code %d: %s", name, code, s.log)
		}
		lines := errorLines(s)
		if len(lines) != 1 {
			t.Errorf("%s: error lines %q", name, lines)
		}
		contains(t, strings.Join(lines, ""), words...)
	}
	bucket := "s3://" + st.bucket
	f("no such bucket", "s3://nosuchbucket/x", []string{"nosuchbucket"})
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	f("a wrong secret", bucket+"/x", []string{bucket, "SignatureDoesNotMatch"})
	s := startOurs(t, t.TempDir(), "--s3_endpoint="+st.endpoint, "--s3_use_https=false")
	s.client().ok(t, "SET", "k", "v")
	saveFails(t, s, "SignatureDoesNotMatch", "SAVE", "DF", bucket+"/x")
	saveWorks(t, s, "SAVE")
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
	f("an unknown key", bucket+"/x", []string{bucket, "InvalidAccessKeyId"})
}

// TestObjectStoreKill kills the server at random instants of a save to the store: the next start finds the data of the
// snapshot before or of the new one. KILLS sets how often, four times.
func TestObjectStoreKill(t *testing.T) {
	st := startStore(t)
	rng := newRand(t)
	const keys = 5000
	args := []string{"--dbfilename=dump", "--num_shards=2"}
	s := st.start(t, "kill", args...)
	fill(t, s.client(), keys, 0)
	s.client().ok(t, "SAVE")
	saved := 0
	for round := 1; round <= countFrom("KILLS", 20)/4; round++ {
		fill(t, s.client(), keys, round)
		way := killWays[rng.IntN(2)]
		if err := s.client().send(way...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond)
		s.kill()
		s = st.start(t, "kill", args...)
		generation := checkGeneration(t, s.client(), keys)
		if generation != saved && generation != round {
			t.Fatalf("round %d: generation %d, want %d or %d", round, generation, saved, round)
		}
		saved = generation
	}
}
