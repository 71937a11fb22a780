package integration

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fixture is a file written by a real server; all hold one data set as far as the version knows its types.
type fixture struct {
	name string
	// digest is what redis-server 7.4.1 answers to DEBUG DIGEST after loading the file. The three oldest files hold a
	// key whose expiry in seconds lies past 2038, which Redis reads signed and drops; theirs is of the data with the key.
	digest string
	// loads tells whether redis-server 7.0.15 loads the file whole.
	loads bool
	// fieldTTL tells whether it holds expiries of hash fields, which 7.0.15 does not know.
	fieldTTL bool
}

var fixtures = []fixture{
	{name: "2.0.4", digest: "180663218fbce7d2237f59582295fd14b7e26354"},
	{name: "2.2.15", digest: "586702277d5a707c10064b7b2690955cf6f1c6fd"},
	{name: "2.4.18", digest: "5d745bbab2ae3955e126ff44bce380dbd80b41e1"},
	{name: "2.6.17", digest: "df27ab4a8455bdcba00d22163b16e932253a2afa", loads: true},
	{name: "2.8.24", digest: "29ac3356d99df31a6ec0713fce47ed7eb968b09c", loads: true},
	{name: "3.2.13", digest: "9bf4400e1ee0361474f91cd7ef889ae106be2a78", loads: true},
	{name: "4.0.14", digest: "3a07f1e53f032fc953857af15475d56e87da64ec", loads: true},
	{name: "5.0.14", digest: "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b", loads: true},
	{name: "6.2.16", digest: "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b", loads: true},
	{name: "7.0.15", digest: "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b", loads: true},
	{name: "7.2.6", digest: "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b"},
	{name: "7.4.1", digest: "410f656ee95869745c45cca331b934f53ec2b9c2", fieldTTL: true},
	{name: "8.0.6", digest: "410f656ee95869745c45cca331b934f53ec2b9c2", fieldTTL: true},
	{name: "unstable", digest: "410f656ee95869745c45cca331b934f53ec2b9c2", fieldTTL: true},
	{name: "valkey", digest: "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b"},
	{name: "valkey-9.1.2", digest: "410f656ee95869745c45cca331b934f53ec2b9c2", fieldTTL: true},
}

// sameDataIn70 is the digest of redis-server 7.0.15 for the data set without expiries of hash fields, as its own file
// holds it: with scores printed as 7.0 does.
const sameDataIn70 = "3251c77a25aa5c363605813c3d6ad562347b3b7a"

// fixtureFile is where the file of a version lies.
func fixtureFile(name string) string {
	return filepath.Join("..", "rdbload", "testdata", name+".rdb")
}

// reader is a redis-server that loads one file after the other.
type reader struct {
	*server
	c *conn
}

// newReader starts a redis-server that loads files. The test is skipped where there is none.
func newReader(t testing.TB) *reader {
	t.Helper()
	s := startRedis(t, t.TempDir(), "--dbfilename", "dump.rdb", "--loglevel", "warning")
	return &reader{s, s.client()}
}

// load replaces the data set of the redis-server by that of a file.
func (r *reader) load(t testing.TB, path string) {
	t.Helper()
	copyFile(t, path, filepath.Join(r.dir, "dump.rdb"))
	if reply, err := r.c.do("DEBUG", "RELOAD", "NOSAVE"); err != nil || reply != "+OK\r\n" {
		t.Fatalf("redis-server does not load %s: %q %v: %s", filepath.Base(path), reply, err, r.log)
	}
}

// digestOf asks for DEBUG DIGEST.
func digestOf(t testing.TB, c *conn) string {
	t.Helper()
	return bulk(c.must(t, "DEBUG", "DIGEST"))
}

// checkRDB lets redis-check-rdb judge a file.
func checkRDB(t testing.TB, path string) {
	t.Helper()
	program, err := exec.LookPath("redis-check-rdb")
	if err != nil {
		t.Skip("SKIPPED: no redis-check-rdb on this machine; make deps installs it")
	}
	if out, err := exec.Command(program, path).CombinedOutput(); err != nil || !strings.Contains(string(out), "RDB looks OK!") {
		t.Errorf("redis-check-rdb: %v\n%s", err, out)
	}
}

// serveFile starts our server on a copy of a snapshot.
func serveFile(t testing.TB, path string) *server {
	t.Helper()
	dir := t.TempDir()
	copyFile(t, path, filepath.Join(dir, "dump.rdb"))
	return startOurs(t, dir, "--dbfilename=dump.rdb")
}

// restart ends a server and starts it again on what it saved with SAVE.
func restart(t testing.TB, s *server) *server {
	t.Helper()
	s.client().ok(t, "SAVE")
	s.kill()
	return startOurs(t, s.dir, "--dbfilename=dump.rdb")
}

// TestFixtures: the files of all versions are loaded with every key, survive a save and a restart, and what we wrote
// is read by redis-server 7.0.15 as the same data.
func TestFixtures(t *testing.T) {
	judge := newReader(t)
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			s := serveFile(t, fixtureFile(f.name))
			first := readContents(t, s.client())
			if got := digestOf(t, s.client()); got != f.digest {
				t.Fatalf("digest %s, want %s", got, f.digest)
			}
			s = restart(t, s)
			report(t, "after save and restart", first.differences(readContents(t, s.client()), 0))
			if got := digestOf(t, s.client()); got != f.digest {
				t.Errorf("digest after save and restart %s, want %s", got, f.digest)
			}
			if f.fieldTTL {
				return
			}
			saved := filepath.Join(s.dir, "dump.rdb")
			checkRDB(t, saved)
			want := first.digest(redis70Score)
			if f.digest == fixtures[9].digest && want != sameDataIn70 {
				t.Errorf("digest as 7.0 prints it %s, want %s", want, sameDataIn70)
			}
			if f.loads {
				judge.load(t, fixtureFile(f.name))
				if got := digestOf(t, judge.c); got != want {
					t.Errorf("redis-server reads digest %s from the file, we see %s", got, want)
				}
				report(t, "redis-server's reading of the file and ours", readContents(t, judge.c).differences(first, 0))
			}
			judge.load(t, saved)
			if got := digestOf(t, judge.c); got != want {
				t.Errorf("redis-server reads digest %s from what we wrote, want %s", got, want)
			}
			report(t, "redis-server's reading of what we wrote", readContents(t, judge.c).differences(first, 0))
		})
	}
}

// What some other readers of these files refuse or lose.

// TestPlainLists: lists as the oldest servers wrote them, one string after the other.
func TestPlainLists(t *testing.T) {
	c := serveFile(t, fixtureFile("2.0.4")).client()
	c.expect(t, "+list\r\n", "TYPE", "list:600")
	c.expect(t, ":600\r\n", "LLEN", "list:600")
	c.expect(t, "*3\r\n$1\r\n0\r\n$2\r\ne1\r\n$2\r\ne2\r\n", "LRANGE", "list:600", "0", "2")
}

// TestPlainQuicklistNodes: list elements too big for a packed node.
func TestPlainQuicklistNodes(t *testing.T) {
	r := newReader(t)
	r.c.ok(t, "DEBUG", "QUICKLIST-PACKED-THRESHOLD", "100b")
	long := strings.Repeat("long element ", 50)
	r.c.must(t, "RPUSH", "l", "a", long, "b", long+"2", "c")
	r.c.ok(t, "SAVE")
	c := serveFile(t, filepath.Join(r.dir, "dump.rdb")).client()
	if got, want := c.must(t, "LRANGE", "l", "0", "-1"), r.c.must(t, "LRANGE", "l", "0", "-1"); got != want {
		t.Errorf("got %q", got)
	}
}

// TestZipmaps: small hashes as Redis 2.0 to 2.4 packed them.
func TestZipmaps(t *testing.T) {
	for _, name := range []string{"2.0.4", "2.2.15", "2.4.18"} {
		c := serveFile(t, fixtureFile(name)).client()
		c.expect(t, ":5\r\n", "HLEN", "hash:5")
		c.expect(t, "$1\r\n4\r\n", "HGET", "hash:5", "f4")
		c.expect(t, "$8\r\n-8388608\r\n", "HGET", "hash:ints", "-8388608")
		c.expect(t, ":1\r\n", "HSET", "hash:5", "more", "v")
		c.expect(t, "$8\r\nlistpack\r\n", "OBJECT", "ENCODING", "hash:5")
	}
}

// TestExpiriesInSeconds: deadlines in four bytes, read unsigned: they reach until 2106.
func TestExpiriesInSeconds(t *testing.T) {
	for _, name := range []string{"2.0.4", "2.2.15", "2.4.18"} {
		c := serveFile(t, fixtureFile(name)).client()
		c.expect(t, ":4102444800000\r\n", "PEXPIRETIME", "ttl")
		c.expect(t, "$1\r\nv\r\n", "GET", "ttl")
	}
}

// TestFunctionLibraries: a library of functions is kept through load and save, though we may not run it.
func TestFunctionLibraries(t *testing.T) {
	r := newReader(t)
	const library = "#!lua name=adder\nredis.register_function('add', function(keys, args) return args[1] + args[2] end)"
	if got := bulk(r.c.must(t, "FUNCTION", "LOAD", library)); got != "adder" {
		t.Fatal(got)
	}
	r.c.must(t, "SET", "k", "v")
	want := r.c.must(t, "FUNCTION", "LIST", "WITHCODE")
	r.c.ok(t, "SAVE")
	s := serveFile(t, filepath.Join(r.dir, "dump.rdb"))
	s = restart(t, s)
	s.client().expect(t, "$1\r\nv\r\n", "GET", "k")
	saved := filepath.Join(s.dir, "dump.rdb")
	checkRDB(t, saved)
	r.c.ok(t, "FUNCTION", "FLUSH")
	r.load(t, saved)
	if got := r.c.must(t, "FUNCTION", "LIST", "WITHCODE"); got != want {
		t.Errorf("FUNCTION LIST after our save: %q, want %q", got, want)
	}
	r.c.expect(t, ":3\r\n", "FCALL", "add", "0", "1", "2")
}

// TestSaveIsDeterministic: the same data saved twice gives the same bytes but for the AUX fields of time and memory, and the
// id of a DFS snapshot.
func TestSaveIsDeterministic(t *testing.T) {
	f := func(files []string, args ...string) {
		t.Helper()
		dir := t.TempDir()
		copyFile(t, fixtureFile("7.4.1"), filepath.Join(dir, "dump.rdb"))
		s := startOurs(t, dir, append(args, "--num_shards=2")...)
		bodies := func() (all []string) {
			t.Helper()
			s.client().ok(t, "SAVE")
			for _, name := range files {
				all = append(all, body(t, filepath.Join(dir, name)))
			}
			return all
		}
		first, second := bodies(), bodies()
		s = s.again(append(args, "--num_shards=2")...)
		third := bodies()
		for i, name := range files {
			if first[i] != second[i] {
				t.Errorf("%q: %s: %d bytes, then %d other ones", args, name, len(first[i]), len(second[i]))
			}
			if args[1] == "--compression_mode=0" && len(first[i]) != len(third[i]) {
				t.Errorf("%q: %s: %d bytes, after a restart %d", args, name, len(first[i]), len(third[i]))
			}
		}
	}
	for _, mode := range []string{"--compression_mode=0", "--compression_mode=1", "--compression_mode=2", "--compression_mode=3"} {
		f([]string{"dump.rdb"}, "--dbfilename=dump.rdb", mode)
		f(dfsFiles("dump", 2), "--dbfilename=dump", mode)
	}
}
