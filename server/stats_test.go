package server

import (
	"regexp"
	"strings"
	"testing"
)

// TestCallStatistics: a call is counted once, when it is answered, and an error where it was made.
func TestCallStatistics(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	has := func(section string, patterns ...string) {
		t.Helper()
		text := c.do("info " + section)
		for _, p := range patterns {
			if !regexp.MustCompile(p).MatchString(text) {
				t.Errorf("%s has no %s:\n%s", section, p, text)
			}
		}
	}
	c.expect(t, "config resetstat", "+OK", "debug sleep 0.02", "+OK", "multi", "+OK", "set a b", "+QUEUED", "incr a", "+QUEUED",
		"exec", "*2 +OK -ERR value is not an integer or out of range")
	has("commandstats", `cmdstat_debug:calls=1,usec=2\d{4},.*,rejected_calls=0,failed_calls=0`,
		`cmdstat_set:calls=1,.*failed_calls=0`, `cmdstat_incr:calls=1,.*failed_calls=1`, `cmdstat_exec:calls=1,.*failed_calls=0`)
	has("errorstats", `errorstat_ERR:count=1\r`)
	has("latencystats", `latency_percentiles_usec_debug:p50=2\d{4}\.`)
	c.expect(t, "config resetstat", "+OK", "get", "-ERR wrong number of arguments for 'get' command", "exec", "-ERR EXEC without MULTI",
		"eval x", "-ERR wrong number of arguments for 'eval' command",
		`eval "redis.pcall('incr', KEYS[1]) return 1" 1 a`, ":1")
	has("commandstats", `cmdstat_get:calls=0,.*rejected_calls=1,failed_calls=0`, `cmdstat_exec:calls=1,.*failed_calls=1`,
		`cmdstat_eval:calls=1,.*rejected_calls=1,failed_calls=0`, `cmdstat_incr:calls=1,.*failed_calls=1`,
		`cmdstat_config\|resetstat:calls=1`)
	has("errorstats", `errorstat_ERR:count=4\r`)
}

// TestMonitorScripts: a script is shown before its commands, whose client is lua.
func TestMonitorScripts(t *testing.T) {
	s := newServer(t, nil)
	w, c := connect(t, s), connect(t, s)
	w.expect(t, "monitor", "+OK")
	c.expect(t, `eval "return redis.call('set', KEYS[1], 1)" 1 k`, "+OK", "get k", "$1",
		"multi", "+OK", `eval "return redis.call('get', KEYS[1])" 1 k`, "+QUEUED", "exec", "*1 $1")
	for _, want := range []string{`"eval" `, `[0 lua] "set" "k" "1"`, `"get" "k"`, `"multi"`, `"eval" `, `[0 lua] "get" "k"`, `"exec"`} {
		if got := w.read(); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestPauseScripts: in a pause of writes, scripts wait that do not say that they write nothing.
func TestPauseScripts(t *testing.T) {
	s := newServer(t, nil)
	admin := connect(t, s)
	writer := connect(t, s)
	sha := strings.TrimPrefix(admin.do(`script load "return 1"`), "$")
	admin.expect(t, "client pause 60000 write", "+OK",
		`eval_ro "return 1" 0`, ":1",
		"eval \"#!lua flags=no-writes\nreturn 2\" 0", ":2",
		"evalsha_ro "+sha+" 0", ":1")
	for _, line := range []string{`eval "return 1" 0`, "eval \"#!lua\nreturn 1\" 0", "evalsha " + sha + " 0"} {
		writer.send(line)
		for s.pause.count() == 0 {
			admin.expect(t, "ping", "+PONG")
		}
		admin.expect(t, "client unpause", "+OK")
		if got := writer.read(); got != ":1" {
			t.Errorf("%s: %s", line, got)
		}
		admin.expect(t, "client pause 60000 write", "+OK")
	}
	admin.expect(t, "client unpause", "+OK")
}
