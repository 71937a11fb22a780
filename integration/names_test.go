package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSaveWords: all forms of SAVE and BGSAVE, and the errors in Dragonfly's words.
func TestSaveWords(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir, "--num_shards=1")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	f := func(want string, args ...string) {
		t.Helper()
		if got := strings.TrimSuffix(c.must(t, args...), "\r\n"); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
	const (
		separators = `-ERR filename may not contain directory separators (Got "`
		noExt      = `-ERR DF snapshot format requires no filename extension. Got "`
		rdbExt     = `-ERR DF snapshot format is used but '.rdb' extension was given. Use --nodf_snapshot_format or remove the filename extension.`
		quoted     = `-ERR filename should not start with '"', could it be that you put quotes in the flagfile?`
	)
	f(separators+`a/b"). dbfilename should specify the filename without the directory`, "SAVE", "DF", "a/b")
	f(separators+`../x"). dbfilename should specify the filename without the directory`, "SAVE", "RDB", "../x")
	f(separators+`/x"). dbfilename should specify the filename without the directory`, "BGSAVE", "DF", "/x")
	f(separators+`x/"). dbfilename should specify the filename without the directory`, "SAVE", "DF", "x/")
	f(separators+`.."). dbfilename should specify the filename without the directory`, "SAVE", "DF", "..")
	f(quoted, "SAVE", "DF", `"x"`)
	f(quoted, "BGSAVE", "RDB", `"x`)
	f(rdbExt, "SAVE", "DF", "x.rdb")
	f(rdbExt, "SAVE", "DF", "x.RDB")
	f(noExt+`.v1"`, "SAVE", "DF", "dump.v1")
	f(noExt+`.dfs"`, "BGSAVE", "DF", "dump.dfs")
	f(`-ERR Bad filename extension ".v1" for SAVE with type RDB`, "SAVE", "RDB", "dump.v1")
	f("-ERR Unknown subcommand or wrong number of arguments for 'XYZ'. Try SAVE HELP.", "SAVE", "xyz")
	f("-ERR Unknown subcommand or wrong number of arguments for 'XYZ'. Try SAVE HELP.", "BGSAVE", "xyz")
	f("-ERR syntax error", "SAVE", "DF", "a", "b", "c")
	f("-ERR syntax error", "BGSAVE", "SCHEDULE", "DF", "a", "b", "c")
	expectFiles(t, dir)

	for _, args := range [][]string{{"SAVE", "HELP"}, {"save", "help"}, {"BGSAVE", "HELP"}} {
		if v := parseValue(c.must(t, args...)); v.kind != '*' || len(v.items) < 3 || v.items[0].kind != '+' || !strings.Contains(v.String(), "RDB") {
			t.Errorf("%q: %s", args, v)
		}
	}

	want := []string{}
	saved := func(files []string, args ...string) {
		t.Helper()
		c.ok(t, args...)
		waitSaved(t, c)
		want = append(want, files...)
		expectFiles(t, dir, slices.Clone(want)...)
		for _, name := range files {
			logHas(t, s, filepath.Join(dir, strings.Replace(name, "0000", "summary", 1)))
		}
	}
	saved(dfsFiles("dump", 1), "SAVE")
	saved(nil, "BGSAVE")
	saved(nil, "BGSAVE", "SCHEDULE")
	saved(dfsFiles("one", 1), "SAVE", "DF", "one")
	saved(dfsFiles("two", 1), "SAVE", "df", "two", "ignored")
	saved(dfsFiles(".hidden", 1), "SAVE", "DF", ".hidden")
	saved([]string{"three.rdb"}, "SAVE", "RDB", "three")
	saved([]string{"four.rdb"}, "SAVE", "rdb", "four.rdb")
	saved([]string{"five.RDB"}, "BGSAVE", "RDB", "five.RDB")
	saved([]string{"dump.rdb"}, "SAVE", "RDB")
	saved(dfsFiles("six", 1), "BGSAVE", "SCHEDULE", "DF", "six")
}

// waitSaved waits until no save runs.
func waitSaved(t testing.TB, c *conn) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if infoField(t, c, "persistence", "saving") == "0" {
			return
		}
	}
	t.Fatal("the save does not end")
}

// infoField returns a field of a section of INFO.
func infoField(t testing.TB, c *conn, section, name string) string {
	t.Helper()
	for line := range strings.Lines(bulk(c.must(t, "INFO", section))) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Errorf("INFO %s has no %s", section, name)
	return ""
}

// TestNameRefusedAtStart: a name that no save could use ends the start, in Dragonfly's words.
func TestNameRefusedAtStart(t *testing.T) {
	f := func(word string, args ...string) {
		t.Helper()
		dir := t.TempDir()
		s := launchOurs(t, dir, args...)
		if code := s.exit(10 * time.Second); code != 1 || !strings.Contains(s.log.String(), word) {
			t.Errorf("%q: exit code %d, want 1 and %q: %s", args, code, word, s.log)
		}
		expectFiles(t, dir)
	}
	f(`filename may not contain directory separators (Got "a/b")`, "--dbfilename=a/b")
	f(`filename should not start with '"'`, `--dbfilename="dump"`)
	f(`DF snapshot format requires no filename extension. Got ".v1"`, "--dbfilename=dump.v1")
	f(`DF snapshot format is used but '.rdb' extension was given. Use --nodf_snapshot_format or remove the filename extension.`,
		"--dbfilename=dump.rdb", "--df_snapshot_format")
	f(`Bad filename extension ".v1" for SAVE with type RDB`, "--dbfilename=dump.v1", "--nodf_snapshot_format")
	f(`save_schedule flag is deprecated, please use snapshot_cron instead`, "--save_schedule=*:*")
}

// TestFormatOfTheSettings: which files SAVE, BGSAVE and the end write.
func TestFormatOfTheSettings(t *testing.T) {
	f := func(want []string, args ...string) {
		t.Helper()
		for _, way := range []string{"SAVE", "BGSAVE", "the end"} {
			dir := t.TempDir()
			s := startOurs(t, dir, append(args, "--num_shards=2")...)
			c := s.client()
			c.ok(t, "SET", "k", "v")
			if way != "the end" {
				c.ok(t, way)
				waitSaved(t, c)
				s.kill()
			} else if code := s.terminate(); code != 0 {
				t.Errorf("exit code %d: %s", code, s.log)
			}
			expectFiles(t, dir, slices.Clone(want)...)
			s = startOurs(t, dir, args...)
			s.client().expect(t, "$1\r\nv\r\n", "GET", "k")
			s.kill()
		}
	}
	f(dfsFiles("dump", 2))
	f(dfsFiles("name", 2), "--dbfilename=name", "--df_snapshot_format=true")
	f([]string{"name.rdb"}, "--dbfilename=name", "--nodf_snapshot_format")
	f([]string{"name.rdb"}, "--dbfilename=name.rdb", "--df_snapshot_format=false")
	f([]string{"name.rdb"}, "--dbfilename=name.rdb") // as a Redis is configured
}

// TestTimesInNames: placeholders and sequences of strftime become the local time of the start of the save.
func TestTimesInNames(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Skip("SKIPPED: no time zones on this machine; make deps installs them: ", err)
	}
	t.Setenv("TZ", "Asia/Tokyo")
	dir := t.TempDir()
	s := startOurs(t, dir, "--dbfilename=x-{timestamp}", "--num_shards=1")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	f := func(layout string, args ...string) {
		t.Helper()
		from := time.Now()
		c.ok(t, args...)
		waitSaved(t, c)
		names := listDir(t, dir)
		for at := from.Truncate(time.Second); !at.After(time.Now()); at = at.Add(time.Second) {
			if slices.Contains(names, at.In(zone).Format(layout)) {
				return
			}
		}
		t.Errorf("%q: none of %q is %s of now", args, names, layout)
	}
	f("x-2006-01-02T15:04:05-summary.dfs", "SAVE")
	f("x-2006-01-02T15:04:05-summary.dfs", "BGSAVE")
	f("x-2006-01-02T15:04:05.rdb", "SAVE", "RDB")
	f("d-20060102-0000.dfs", "SAVE", "DF", "d-{Y}{m}{d}")
	f("h-15_%-summary.dfs", "SAVE", "DF", "h-%H_%%")
	f("m-02.Jan.rdb", "SAVE", "RDB", "m-%d.%b.rdb")

	// All of them are found again.
	for _, base := range []string{"x-{timestamp}", "d-{Y}{m}{d}", "h-%H_%%", "m-%d.%b.rdb"} {
		again := startOurs(t, dir, "--dbfilename="+base)
		again.client().expect(t, "$1\r\nv\r\n", "GET", "k")
		again.kill()
	}
	bad := c.must(t, "SAVE", "DF", "%D") // a date with slashes
	if !strings.HasPrefix(bad, "-ERR filename may not contain directory separators") {
		t.Errorf("SAVE DF %%D: %q", bad)
	}
	if tmp := regexp.MustCompile(`\.tmp$`); slices.ContainsFunc(listDir(t, dir), tmp.MatchString) {
		t.Errorf("files %q", listDir(t, dir))
	}
}

// TestNewestIsLoaded: of all snapshots that the name finds the newest is loaded, whatever its format, and the log tells of
// the others.
func TestNewestIsLoaded(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir, "--num_shards=2")
	c := s.client()
	save := func(value string, args ...string) {
		t.Helper()
		c.ok(t, "SET", "k", value)
		c.ok(t, args...)
	}
	save("rdb", "SAVE", "RDB", "dump")
	save("dfs", "SAVE", "DF", "dump")
	save("dated", "SAVE", "DF", "dump-2020-05-01T13:07:59")
	save("longer", "SAVE", "RDB", "dumpling")
	save("other", "SAVE", "RDB", "other")
	s.kill()
	// Each time the file in turn is made the newest.
	all := map[string]string{"dump.rdb": "rdb", "dump-summary.dfs": "dfs", "dump-2020-05-01T13:07:59-summary.dfs": "dated", "dumpling.rdb": "longer"}
	at := time.Now().Add(-time.Hour)
	f := func(file, value string, args ...string) {
		t.Helper()
		at = at.Add(time.Nanosecond) // times are compared with all their digits
		if file != "" {
			if err := os.Chtimes(filepath.Join(dir, file), at, at); err != nil {
				t.Fatal(err)
			}
		}
		s := startOurs(t, dir, args...)
		s.client().expect(t, "$"+string('0'+byte(len(value)))+"\r\n"+value+"\r\n", "GET", "k")
		if file == "" {
			return
		}
		logHas(t, s, "Loading "+filepath.Join(dir, file))
		for name := range all {
			if args[0] == "--dbfilename=dump" && name != file {
				logHas(t, s, name)
			}
		}
		s.kill()
	}
	for name := range all {
		at = at.Add(-time.Minute)
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	at = time.Now().Add(-time.Minute)
	for range 2 {
		for name, value := range all {
			f(name, value, "--dbfilename=dump")
		}
	}
	f("dump-2020-05-01T13:07:59-summary.dfs", "dated", "--dbfilename=dump-{timestamp}")
	f("dump.rdb", "rdb", "--dbfilename=dump.rdb") // the name itself, though others are newer
	f("other.rdb", "other", "--dbfilename=other")
	s = startOurs(t, dir, "--dbfilename=nothing")
	logHas(t, s, "No snapshot found")
	s.client().expect(t, ":0\r\n", "DBSIZE")
}

// TestWithoutName: without a name nothing is loaded, and saved only where a client says.
func TestWithoutName(t *testing.T) {
	dir := t.TempDir()
	s := startOurs(t, dir, "--dbfilename=", "--num_shards=1")
	c := s.client()
	c.ok(t, "SET", "k", "v")
	c.expect(t, "-ERR filename is not specified\r\n", "SAVE")
	c.expect(t, "-ERR filename is not specified\r\n", "BGSAVE")
	c.ok(t, "SAVE", "DF", "here")
	c.ok(t, "CONFIG", "SET", "dbfilename", "there")
	c.ok(t, "SAVE")
	if reply := c.must(t, "CONFIG", "SET", "dbfilename", "no/where"); !strings.HasPrefix(reply, "-ERR CONFIG SET failed") {
		t.Errorf("CONFIG SET dbfilename: %q", reply)
	}
	c.ok(t, "CONFIG", "SET", "dbfilename", "")
	if code := s.terminate(); code != 0 {
		t.Errorf("exit code %d: %s", code, s.log)
	}
	expectFiles(t, dir, append(dfsFiles("here", 1), dfsFiles("there", 1)...)...)
}
