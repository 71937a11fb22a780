package server

import (
	goflag "flag"
	"os"
	"strings"
	"testing"
)

var update = goflag.Bool("update", false, "write the golden files anew")

// fieldNames returns section titles and field names of INFO, one a line, save those that name a command.
func fieldNames(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		perCommand := strings.HasPrefix(name, "cmdstat_") || strings.HasPrefix(name, "latency_percentiles_")
		if name != "" && !perCommand {
			b.WriteString(name + "\n")
		}
	}
	return b.String()
}

// TestInfoFields: tools read these fields; a change here is one that users see.
func TestInfoFields(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.expect(t, "set k v ex 100", "+OK", "get k x", "-ERR wrong number of arguments for 'get' command")
	const golden = "testdata/info_fields.txt"
	got := fieldNames(strings.TrimPrefix(c.do("info everything"), "$"))
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the fields differ from %s:\n%s", golden, got)
	}
}

func TestInfoSections(t *testing.T) {
	c := dial(t, newServer(t, nil))
	titles := func(args string) string {
		var list []string
		for line := range strings.SplitSeq(strings.TrimPrefix(c.do("info "+args), "$"), "\r\n") {
			if title, ok := strings.CutPrefix(line, "# "); ok {
				list = append(list, title)
			}
		}
		return strings.Join(list, " ")
	}
	f := func(args, want string) {
		t.Helper()
		if got := titles(args); got != want {
			t.Errorf("info %s: %s", args, got)
		}
	}
	const regular = "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace"
	f("", regular)
	f("default", regular)
	f("DEFAULT Cpu commandstats", "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats Cluster Keyspace")
	f("keyspace SERVER nosuch", "Server Keyspace")
	f("nosuch", "")
	f("all", "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats Latencystats Cluster Keyspace Tiered Transaction Search Acl")
}

func TestInfoCounts(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.do("select 2")
	c.do("set a 1 px 100000")
	c.do("set b 1")
	c.do("get b")
	c.do("get none")
	c.do("lpush b 1")
	c.do("nosuch")
	has := func(section string, fields ...string) {
		t.Helper()
		text := c.do("info " + section)
		for _, f := range fields {
			if !strings.Contains(text, f) {
				t.Errorf("no %q in %s", f, text)
			}
		}
	}
	has("keyspace", "db2:keys=2,expires=1,avg_ttl=")
	has("stats", "keyspace_hits:1\r\n", "keyspace_misses:1\r\n", "total_error_replies:2\r\n")
	has("errorstats", "errorstat_ERR:count=1\r\n", "errorstat_WRONGTYPE:count=1\r\n")
	has("commandstats", "cmdstat_set:calls=2,usec=", "cmdstat_lpush:calls=1,", "failed_calls=1\r\n")
	c.expect(t, "config resetstat", "+OK")
	has("stats", "keyspace_hits:0\r\n", "total_error_replies:0\r\n", "total_commands_processed:1\r\n")
	has("errorstats", "# Errorstats\r\n")
	if got := c.do("info commandstats"); strings.Contains(got, "cmdstat_set:") {
		t.Error(got)
	}
	c.do("hello 3")
	if got := c.do("info cpu"); !strings.HasPrefix(got, "=txt:# CPU\r\nused_cpu_sys:") {
		t.Errorf("%q", got)
	}
}
