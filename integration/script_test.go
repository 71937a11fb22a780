package integration

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// luaScripts reads testdata/scripts.txt: scripts between lines of four dashes.
func luaScripts(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/scripts.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n----\n")
}

// address is how Lua shows a table or function.
var address = regexp.MustCompile(`(\$\d+\r\n)?(table|function|userdata|thread|builtin): (builtin: )?(0x)?[0-9a-f]+`)

// comparable takes out of the reply of a script what is never the same.
func comparable(reply string) string { return address.ReplaceAllString(reply, "$2") }

// TestScripts runs the scripts of testdata in both protocols, and compares all replies with those of redis-server: the
// language, its libraries, the redis table, all conversions, and the texts of errors.
func TestScripts(t *testing.T) {
	redis := startRedis(t, t.TempDir(), "--loglevel", "warning").client()
	ours := startOurs(t, t.TempDir(), "--dbfilename=").client()
	for _, protocol := range []string{"2", "3"} {
		redis.must(t, "HELLO", protocol)
		ours.must(t, "HELLO", protocol)
		for _, body := range luaScripts(t) {
			args := []string{"EVAL", body, "1", "k", "a"}
			want, got := redis.must(t, args...), ours.must(t, args...)
			if comparable(got) != comparable(want) {
				t.Errorf("RESP%s: %s\n ours %q\nredis %q", protocol, body, got, want)
			}
		}
	}
}
