package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// dragonflySnapshots are the snapshots in testdata/dfs, each with the base name that finds it.
var dragonflySnapshots = []struct{ name, base string }{
	{"uncompressed-2-shards", "out"},
	{"lz4-2-shards", "out"},
	{"one-shard", "out"},
	{"uncompressed.rdb", "uncompressed.rdb"},
	{"lzf.rdb", "lzf.rdb"},
}

// copySnapshot copies a file, or all files of a directory, to a new directory.
func copySnapshot(t testing.TB, from string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if !info.IsDir() {
		copyFile(t, from, filepath.Join(dir, filepath.Base(from)))
		return dir
	}
	for _, name := range listDir(t, from) {
		copyFile(t, filepath.Join(from, name), filepath.Join(dir, name))
	}
	return dir
}

// listDir returns the names in a directory in order.
func listDir(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// expectFiles fails the test unless a directory holds exactly these names.
func expectFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	got := listDir(t, dir)
	sort.Strings(want)
	if !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

// dfsFiles returns the names of the files of a DFS snapshot.
func dfsFiles(base string, shards int) (names []string) {
	for i := range shards {
		names = append(names, fmt.Sprintf("%s-%04d.dfs", base, i))
	}
	return append(names, base+"-summary.dfs")
}

// checkSet checks that the files of a DFS snapshot belong together.
func checkSet(t testing.TB, dir, base string, shards int) {
	t.Helper()
	summary := filepath.Join(dir, base+"-summary.dfs")
	if got := auxField(t, summary, "shard-count"); !slices.Equal(got, []string{strconv.Itoa(shards)}) {
		t.Errorf("shard-count %q, want %d", got, shards)
	}
	id := auxField(t, summary, "snapshot-id")
	if len(id) != 1 || !regexp.MustCompile("^[0-9a-f]{32}$").MatchString(id[0]) {
		t.Errorf("snapshot-id %q", id)
	}
	for i, name := range dfsFiles(base, shards) {
		path := filepath.Join(dir, name)
		if version, _ := auxFields(t, path); version != "0009" {
			t.Errorf("%s: version %s", name, version)
		}
		if got := auxField(t, path, "snapshot-id"); !slices.Equal(got, id) {
			t.Errorf("%s: snapshot-id %q, the summary's is %q", name, got, id)
		}
		if got := auxField(t, path, "shard-id"); i < shards && !slices.Equal(got, []string{strconv.Itoa(i)}) {
			t.Errorf("%s: shard-id %q", name, got)
		}
	}
}

// again ends a server at once and starts it on what it has saved.
func (s *server) again(args ...string) *server {
	s.t.Helper()
	s.kill()
	return startOurs(s.t, s.dir, args...)
}

// TestDragonflySnapshots: every snapshot that a real Dragonfly wrote loads to exactly what it answered about its keys.
func TestDragonflySnapshots(t *testing.T) {
	digest := ""
	for _, snap := range dragonflySnapshots {
		t.Run(snap.name, func(t *testing.T) {
			dir := copySnapshot(t, dragonflyFiles(snap.name))
			files := listDir(t, dir)
			s := startOurs(t, dir, "--dbfilename="+snap.base)
			c := s.client()
			checkTruth(t, c)
			got := digestOf(t, c)
			if digest == "" {
				digest = got
			}
			if got != digest {
				t.Errorf("digest %s, that of the first snapshot is %s", got, digest)
			}
			logHas(t, s, "num keys read: 420", "df-v1.40.0")
			expectFiles(t, dir, files...)
		})
	}
}

// TestDragonflyRoundTrip: what Dragonfly wrote is saved here in all forms, with any number of shards, and nothing is lost:
// not even what has no commands here.
func TestDragonflyRoundTrip(t *testing.T) {
	dir := copySnapshot(t, dragonflyFiles("lz4-2-shards"))
	carried := readCarried(t, filepath.Join(dir, "out-summary.dfs"))
	s := startOurs(t, dir, "--dbfilename=out", "--num_shards=5")
	first := checkTruth(t, s.client())
	want := digestOf(t, s.client())
	saved := 5
	for _, next := range []int{1, 2, 3, 16} {
		s.client().ok(t, "SAVE")
		expectFiles(t, dir, dfsFiles("out", saved)...)
		checkSet(t, dir, "out", saved)
		s = s.again("--dbfilename=out", "--num_shards="+strconv.Itoa(next), "--compression_mode="+strconv.Itoa(next%4))
		if got := digestOf(t, s.client()); got != want {
			t.Errorf("%d shards, then %d: digest %s, want %s", saved, next, got, want)
		}
		saved = next
	}
	report(t, "after four saves", first.differences(checkTruth(t, s.client()), 0))
	s.client().ok(t, "SAVE") // not compressed
	if got := readCarried(t, filepath.Join(dir, "out-summary.dfs")); !slices.Equal(got, carried) {
		t.Errorf("scripts and indexes\n%q\nwant\n%q", got, carried)
	}
	checkMarks(t, dir, "out-????.dfs")

	s.client().ok(t, "SAVE", "RDB", "one")
	checkMarks(t, dir, "one.rdb")
	s = s.again("--dbfilename=one.rdb", "--num_shards=3")
	if got := digestOf(t, s.client()); got != want {
		t.Errorf("SAVE RDB: digest %s, want %s", got, want)
	}
	report(t, "after SAVE RDB", first.differences(checkTruth(t, s.client()), 0))
}

// readCarried returns what a summary holds beside keys: scripts, indexes and synonyms.
func readCarried(t *testing.T, summary string) (lines []string) {
	t.Helper()
	for _, name := range []string{"lua", "search-index", "search-synonyms"} {
		values := auxField(t, summary, name)
		if len(values) == 0 {
			t.Errorf("%s has no %s", summary, name)
		}
		for _, v := range values {
			lines = append(lines, name+" "+v)
		}
	}
	sort.Strings(lines)
	return lines
}

// checkMarks looks for sticky keys and flags of memcached, which no command tells, in the bytes of files that are not
// compressed:
//
//	| 0xDC | flags u32le |, memcache flags u32le, if bit 1 is set | type | key with its length |
func checkMarks(t *testing.T, dir, pattern string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %q %v", pattern, files, err)
	}
	var all []byte
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file...)
	}
	f := func(mark string, kind byte, key string) {
		t.Helper()
		if !bytes.Contains(all, []byte(mark+string([]byte{kind, byte(len(key))})+key)) {
			t.Errorf("%s: key %q is not marked by %q", pattern, key, mark)
		}
	}
	const sticky = "\xdc\x01\x00\x00\x00"
	f(sticky, 0, "sticky:str")
	f(sticky, 18, "sticky:list")
	f(sticky, 0, "sticky:exp")
	f(sticky, 0, "sticky")
	f("\xdc\x02\x00\x00\x00\x05\x00\x00\x00", 0, "mc:flag5")
	f("\xdc\x02\x00\x00\x00\xff\xff\xff\xff", 0, "mc:flagbig")
	f("\xdc\x02\x00\x00\x00\x07\x00\x00\x00", 0, "mc:exp")
	if n := bytes.Count(all, []byte("mc:noflag")); n != 1 {
		t.Errorf("%s: key mc:noflag is there %d times", pattern, n)
	}
}

// TestFixturesAsDFS: the data of all versions of Redis survives a DFS snapshot, however it is compressed.
func TestFixturesAsDFS(t *testing.T) {
	for i, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			dir := t.TempDir()
			copyFile(t, fixtureFile(f.name), filepath.Join(dir, "dump.rdb"))
			mode := "--compression_mode=" + strconv.Itoa(i%4)
			tagged := "--serialization_tagged_chunks=" + strconv.FormatBool(i%3 > 0)
			s := startOurs(t, dir, "--dbfilename=dump", mode, tagged, "--num_shards="+strconv.Itoa(1+i%4))
			first := readContents(t, s.client())
			s.client().ok(t, "SAVE")
			expectFiles(t, dir, append(dfsFiles("dump", 1+i%4), "dump.rdb")...)
			checkSet(t, dir, "dump", 1+i%4)
			s = s.again("--dbfilename=dump", "--num_shards="+strconv.Itoa(1+(i+2)%5))
			logHas(t, s, "Loading "+filepath.Join(dir, "dump-summary.dfs"))
			report(t, "after a DFS snapshot", first.differences(readContents(t, s.client()), 0))
			if got := digestOf(t, s.client()); got != f.digest {
				t.Errorf("digest %s, want %s", got, f.digest)
			}
		})
	}
}

// TestBigValues: values of many times the size of a piece, in all forms of a DFS snapshot. ELEMENTS sets how many
// elements each has.
func TestBigValues(t *testing.T) {
	n := countFrom("ELEMENTS", 20_000)
	dir := t.TempDir()
	s := startOurs(t, dir, "--num_shards=2", "--compression_mode=0")
	c := s.client()
	fillBig(t, c, n)
	want := digestOf(t, c)
	check := func(what string) {
		t.Helper()
		c := s.client()
		if got := digestOf(t, c); got != want {
			t.Errorf("%s: digest %s, want %s", what, got, want)
		}
		for key, command := range map[string]string{"hash": "HLEN", "zset": "ZCARD", "list": "LLEN", "set": "SCARD", "ints": "SCARD", "stream": "XLEN"} {
			c.expect(t, fmt.Sprintf(":%d\r\n", n), command, "big:"+key)
		}
	}
	check("written")
	forms := [][]string{
		{"--compression_mode=0", "--serialization_tagged_chunks=false"},
		{"--compression_mode=1"},
		{"--compression_mode=2"},
		{"--compression_mode=3"},
		{"--compression_mode=3", "--serialization_tagged_chunks=false"},
		{"--serialization_max_chunk_size=0"},
		{"--serialization_max_chunk_size=1000"},
	}
	for i, form := range forms {
		s.client().ok(t, "SAVE")
		s = s.again(append(form, "--num_shards="+strconv.Itoa(1+i%3))...)
		check(fmt.Sprintf("before %q", form))
	}
	s.client().ok(t, "SAVE")
	s = s.again("--num_shards=2")
	check("at the end")
}

// fillBig writes a value of every type with n elements, and a long string.
func fillBig(t *testing.T, c *conn, n int) {
	t.Helper()
	var commands [][]string
	for from := 0; from < n; from += 1000 {
		hash, zset, list := []string{"HSET", "big:hash"}, []string{"ZADD", "big:zset"}, []string{"RPUSH", "big:list"}
		set, ints := []string{"SADD", "big:set"}, []string{"SADD", "big:ints"}
		for i := from; i < min(n, from+1000); i++ {
			text := strconv.Itoa(i)
			hash = append(hash, "field:"+text, "value of "+text)
			zset = append(zset, strconv.Itoa(i*7919%n), "member:"+text)
			list = append(list, "element:"+text)
			set = append(set, "member:"+text)
			ints = append(ints, strconv.Itoa(i*1009))
			commands = append(commands, []string{"XADD", "big:stream", text + "-1", "field", "value of " + text})
		}
		commands = append(commands, hash, zset, list, set, ints)
	}
	commands = append(commands, []string{"SET", "big:string", strings.Repeat("0123456789", 500_000)},
		[]string{"XGROUP", "CREATE", "big:stream", "group", "0"},
		[]string{"XREADGROUP", "GROUP", "group", "consumer", "COUNT", strconv.Itoa(n / 2), "STREAMS", "big:stream", ">"})
	for i := 0; i < len(commands); i += 5000 {
		for k, reply := range c.mustAll(t, commands[i:min(len(commands), i+5000)]) {
			if reply[0] == '-' {
				t.Fatalf("%.100q: %s", commands[i+k], reply)
			}
		}
	}
}
