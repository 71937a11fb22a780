package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dragonfly/server/config"
)

// parsed parses arguments written with blanks between them.
func parsed(line string, env ...string) *commandLine { return parse(strings.Fields(line), env) }

func TestForms(t *testing.T) {
	f := func(line string, want func(*config.Config) bool) {
		t.Helper()
		cl := parsed(line)
		if len(cl.errs) > 0 || len(cl.warnings) > 0 {
			t.Errorf("%s: errors %q, warnings %q", line, cl.errs, cl.warnings)
		}
		if !want(&cl.cfg) {
			t.Errorf("%s: wrong value", line)
		}
	}
	for _, line := range []string{"--port=1", "--port 1", "-port=1", "-port 1", "--port=2 --port=1", "--noprimary_port_http_enabled --port 1"} {
		f(line, func(c *config.Config) bool { return c.Port == 1 })
	}
	f("--port -1", func(c *config.Config) bool { return c.Port == -1 })
	for _, line := range []string{"--rdb_ignore_expiry", "-rdb_ignore_expiry", "--rdb_ignore_expiry=true", "--rdb_ignore_expiry=T", "--rdb_ignore_expiry=Yes", "--rdb_ignore_expiry=y", "--rdb_ignore_expiry=1", "--nordb_ignore_expiry --rdb_ignore_expiry"} {
		f(line, func(c *config.Config) bool { return c.RDBIgnoreExpiry })
	}
	for _, line := range []string{"--nodf_snapshot_format", "-nodf_snapshot_format", "--df_snapshot_format=FALSE", "--df_snapshot_format=f", "--df_snapshot_format=no", "--df_snapshot_format=n", "--df_snapshot_format=0"} {
		f(line, func(c *config.Config) bool { return !c.DFSnapshotFormat })
	}
	f("--dbfilename=", func(c *config.Config) bool { return c.DBFilename == "" })
	f("--requirepass=a=b", func(c *config.Config) bool { return c.RequirePass == "a=b" })
	f("--maxmemory 1.5gb", func(c *config.Config) bool { return c.MaxMemory == 3<<29 })
	f("--df_snapshot_format", func(c *config.Config) bool { return c.DFSnapshotFormat && c.DFSnapshotFormatGiven })
	f("--nodf_snapshot_format", func(c *config.Config) bool { return !c.DFSnapshotFormat && c.DFSnapshotFormatGiven })
	f("", func(c *config.Config) bool { return c.DFSnapshotFormat && !c.DFSnapshotFormatGiven })
	f("--v 2 --nolog_year_in_prefix", func(c *config.Config) bool { return c.Log.Verbosity == 2 && !c.Log.Year })
	f("--undefok=foo,bar --foo=1 --nobar --bar", func(c *config.Config) bool { return c.Port == 6379 })
	f("--foo --undefok=foo", func(c *config.Config) bool { return true })
	f("--replicaof= --snapshot_cron= --tls=false --cluster_mode=", func(c *config.Config) bool { return true }) // unbuilt, but off
}

func TestMistakes(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		cl := parsed(line)
		if got := strings.Join(cl.errs, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("%s:\ngot  %q\nwant %q", line, cl.errs, want)
		}
	}
	f("--nosuchflag", "Unknown command line flag 'nosuchflag'")
	f("--prot=1", "Unknown command line flag 'prot'. Did you mean: port ?")
	f("--max-memory=1g", "Unknown command line flag 'max-memory'. Did you mean: maxmemory ?")
	f("--Port=1", "Unknown command line flag 'Port'. Did you mean: port ?")
	f("--nocache_mod", "Unknown command line flag 'nocache_mod'. Did you mean: nocache_mode ?")
	f("--maxcliens=1 --dirr=x", "Unknown command line flag 'maxcliens'. Did you mean: maxclients ?", "Unknown command line flag 'dirr'. Did you mean: dir ?")
	f("--=1", "Unknown command line flag ''. Did you mean: v ?")
	f("--port=abc", "Illegal value 'abc' specified for flag 'port'")
	f("--port=70000", "Illegal value '70000' specified for flag 'port'; must be from -1 to 65535")
	f("--port=", "Illegal value '' specified for flag 'port'")
	f("--maxmemory=lots", "Illegal value 'lots' specified for flag 'maxmemory'; Use human-readable format, eg.: 500MB, 1G, 1TB")
	f("--rdb_ignore_expiry=", "Missing the value after assignment for the boolean flag 'rdb_ignore_expiry'")
	f("--nordb_ignore_expiry=", "Negative form with assignment is not valid for the boolean flag 'rdb_ignore_expiry'")
	f("--nordb_ignore_expiry=true", "Negative form with assignment is not valid for the boolean flag 'rdb_ignore_expiry'")
	f("--rdb_ignore_expiry=maybe", "Illegal value 'maybe' specified for flag 'rdb_ignore_expiry'")
	f("--noport", "Negative form is not valid for the flag 'port'")
	f("--noport=1", "Negative form is not valid for the flag 'port'")
	f("--port", "Missing the value for the flag 'port'")
	f("--bogus_one_flag --port=x --dir", "Illegal value 'x' specified for flag 'port'", "Missing the value for the flag 'dir'", "Unknown command line flag 'bogus_one_flag'")
	f("--tls", "Flag 'tls' cannot be used: this server does not have TLS")
	f("--replicaof=h:1", "Flag 'replicaof' cannot be used: this server does not have replication")
	f("--save_schedule=*:*", "Illegal value '*:*' specified for flag 'save_schedule'; save_schedule flag is deprecated, please use snapshot_cron instead")
	f("--fromenv=port", "FLAGS_port not found in environment")
	f("--fromenv=tryfromenv", "Infinite recursion on flag 'tryfromenv'")
	f("--help=maybe", "Illegal value 'maybe' specified for flag 'help'")
}

func TestWarnings(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		cl := parsed(line)
		if len(cl.errs) > 0 || strings.Join(cl.warnings, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\ngot  %q, %q\nwant %q", line, cl.errs, cl.warnings, want)
		}
	}
	const hint = ": settings are given as --name=value"
	f("redis.conf", "Ignored argument 'redis.conf'"+hint)
	f("- --port=1", "Ignored argument '-'"+hint)
	f("-- --port=1 x", "Ignored argument '--port=1'"+hint, "Ignored argument 'x'"+hint)
	f("--rdb_ignore_expiry false", "Ignored argument 'false': to set the flag before it write --rdb_ignore_expiry=false")
	f("--rdb_ignore_expiry=true false", "Ignored argument 'false'"+hint)
	f("--dir --port", "Did you really mean to set flag 'dir' to the value '--port'?")
	f("--requirepass --secret")
	if cl := parsed("-- --port=1"); cl.cfg.Port != 6379 {
		t.Error("a flag behind -- is read")
	}
}

func TestNotes(t *testing.T) {
	cl := parsed("--force_epoll --experimental_io_loop_v2 --shard_repl_backlog_len=oops")
	want := "flag --force_epoll has no effect here: io_uring is not used\n" +
		"flag --experimental_io_loop_v2 has no effect here: it is retired\nflag --shard_repl_backlog_len has no effect here: it is retired"
	if got := strings.Join(cl.notes, "\n"); len(cl.errs) > 0 || got != want {
		t.Errorf("errors %q, notes %q", cl.errs, got)
	}
}

// write writes a file into a fresh directory and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flags.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagfile(t *testing.T) {
	good := write(t, "# comment\n\n  --port=7000\n-rdb_ignore_expiry\n--nodf_snapshot_format\r\n--requirepass=\"p # w \"  \n--dir=/x y")
	cl := parsed("--port=1 --flagfile=" + good + " --dir=/z")
	c := &cl.cfg
	if len(cl.errs) > 0 || c.Port != 7000 || !c.RDBIgnoreExpiry || c.DFSnapshotFormat || c.RequirePass != "\"p # w \"  " || c.Dir != "/z" || c.ConfigFile != good {
		t.Errorf("errors %q, %+v", cl.errs, c)
	}
	outer := write(t, "--flagfile="+good+"\n--port=7001\n")
	if cl := parsed("--flagfile " + outer); len(cl.errs) > 0 || cl.cfg.Port != 7001 || cl.cfg.ConfigFile != outer {
		t.Errorf("nested: errors %q, port %d", cl.errs, cl.cfg.Port)
	}
	other := write(t, "--port=7002")
	if cl := parsed("--flagfile=" + good + "," + other); cl.cfg.Port != 7002 || !cl.cfg.RDBIgnoreExpiry {
		t.Errorf("two files: port %d", cl.cfg.Port)
	}

	f := func(text string, want ...string) {
		t.Helper()
		path := write(t, text)
		got := strings.ReplaceAll(strings.Join(parsed("--flagfile="+path).errs, "\n"), path, "F")
		if got != strings.Join(want, "\n") {
			t.Errorf("%q:\ngot  %q\nwant %q", text, got, want)
		}
	}
	f("# c\nport=1\n", "Unexpected line 2 in the flagfile F")
	f("--\n", "Flagfile can't contain position arguments or --")
	f("--port 1\n", "Unknown command line flag 'port 1'. Did you mean: port ?")
	f("--port\n--dir=x\n", "Missing the value for the flag 'port'")
	f("--port=\"1\"\n", "Illegal value '\"1\"' specified for flag 'port'")
	if got := parsed("--flagfile=/no/such").errs; len(got) != 1 || got[0] != "Can't open flagfile /no/such" {
		t.Errorf("missing file: %q", got)
	}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.WriteFile(loop, []byte("--flagfile="+loop), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := parsed("--flagfile=" + loop).errs; len(got) != 1 || got[0] != "Flagfile "+loop+" reads itself" {
		t.Errorf("loop: %q", got)
	}
}

func TestFromEnvironment(t *testing.T) {
	cl := parsed("--fromenv=port,rdb_ignore_expiry --tryfromenv=dir,maxclients --maxclients=5", "FLAGS_port=7000", "FLAGS_rdb_ignore_expiry=yes", "FLAGS_maxclients=6")
	if c := &cl.cfg; len(cl.errs) > 0 || c.Port != 7000 || !c.RDBIgnoreExpiry || c.Dir != "" || c.MaxClients != 5 {
		t.Errorf("errors %q, %+v", cl.errs, c)
	}
}

func TestEnvironment(t *testing.T) {
	cl := parsed("--port=1", "DFLY_port=2", "DFLY_requirepass=x=y", "DFLY_DEV_ENV=1", "DFLYx=1", "PATH=/bin", "DFLY_df_snapshot_format=no")
	if c := &cl.cfg; len(cl.fatal)+len(cl.errs) > 0 || c.Port != 1 || c.RequirePass != "x=y" || c.DFSnapshotFormat || !c.DFSnapshotFormatGiven {
		t.Errorf("fatal %q, %+v", cl.fatal, c)
	}
	f := func(variable, want string) {
		t.Helper()
		if got := strings.Join(parsed("", variable).fatal, "\n"); got != want {
			t.Errorf("%s: got %q, want %q", variable, got, want)
		}
	}
	f("DFLY_PASSWORD=x", "unknown environment variable DFLY_PASSWORD")
	f("DFLY_PORT=1", "unknown environment variable DFLY_PORT")
	f("DFLY_help=1", "unknown environment variable DFLY_help")
	f("DFLY_port=x", "environment variable DFLY_port: Illegal value 'x' specified for flag 'port'")
	if cl := parsed("", "DFLY_tls=true"); len(cl.errs) != 1 {
		t.Errorf("an unbuilt feature through the environment: %q", cl.errs)
	}
}

func TestDistance(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := distance(a, b); got != want {
			t.Errorf("%q, %q: %d", a, b, got)
		}
	}
	f("", "abc", 3)
	f("port", "port", 0)
	f("prot", "port", 1)
	f("kitten", "sitting", 3)
	f("ab", "bca", 3)
}
