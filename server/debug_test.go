package server

import (
	"strings"
	"testing"
	"time"
)

// TestDigest: the fingerprints are those that servers of Redis 7.2 and later answer for the same commands.
func TestDigest(t *testing.T) {
	c := dial(t, newServer(t, nil))
	f := func(want string, commands ...string) {
		t.Helper()
		c.expect(t, "flushall", "+OK")
		for _, cmd := range commands {
			if got := c.do(cmd); strings.HasPrefix(got, "-") {
				t.Fatalf("%s: %s", cmd, got)
			}
		}
		if got := c.do("debug digest"); got != "+"+want {
			t.Errorf("%v: %s, want %s", commands, got, want)
		}
		c.expect(t, "select 0", "+OK")
	}
	f(strings.Repeat("0", 40))
	f("d2ab4820c1be0580ea28efbfe8bfa1dc05bb802a", "set foo bar")
	c.expect(t, "debug digest-value foo none", "*2 +68467c70ae30376e7ce005bcc8827f5ba7fd67dc +"+strings.Repeat("0", 40))
	f("8b0c6d22108f15467022bc27c005787072eb4c4b", "set foo bar ex 100")
	f("7e443c2bc3bfcaf4ef6f488ab938c507dfb85eb8", "set foo bar", "select 1", "set foo bar")
	f("a678928a6ea683b36646d6fa7c4527ea3be15e50", "rpush l a b 3")
	f("ad763977491dfbde41ef9ea16b9cfed53cbce3ec", "sadd s 1 2 x")
	f("cb944113303628c61fb23fe69107fd03ff5cc46e", "zadd z 1 a 2.5 b 1e8 c")
	f("90400f735197c1bc4dfddf674dd10ac5935c084a", "hset h f v g w")
	f("316215cf5a59d7f20d8e7157d68a7a1b77690477", "hset h f v g w", "hexpire h 100 fields 1 f")
	f("fee56ba0562cd0f8c6b0c13f09c9169d76c105b7", "xadd st 1-1 f v")
	f("fee56ba0562cd0f8c6b0c13f09c9169d76c105b7", "xadd st 1-1 f v", "xgroup create st g 0")
	f("1c4943e39d266b8ddb76674a5570c78db8f0bbeb", "zadd z2 171422365113461.13 a 0.1 b inf c -0 d 1e21 e 123456789012345680 f")

	// The encoding does not matter.
	big := []string{"config set hash-max-listpack-entries 0 set-max-listpack-entries 0 zset-max-listpack-entries 0"}
	f("ad763977491dfbde41ef9ea16b9cfed53cbce3ec", append(big, "sadd s 1 2 x")...)
	f("cb944113303628c61fb23fe69107fd03ff5cc46e", append(big, "zadd z 1 a 2.5 b 1e8 c")...)
	f("316215cf5a59d7f20d8e7157d68a7a1b77690477", append(big, "hset h f v g w", "hexpire h 100 fields 1 f")...)
}

func TestDebug(t *testing.T) {
	c := dial(t, newServer(t, nil))
	wrong := func(sub string) string {
		return "-ERR unknown subcommand or wrong number of arguments for '" + sub + "'. Try DEBUG HELP."
	}
	const types = "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
	c.expect(t,
		"debug", "-ERR wrong number of arguments for 'debug' command",
		"debug Foo", wrong("Foo"),
		"debug sleep", wrong("sleep"),
		"debug jmap", wrong("jmap"),
		"debug object none", "-ERR no such key",
		"debug populate x", "-ERR value is out of range, must be positive",
		"debug populate 3 foo 10", "+OK",
		"get foo:2", "$value:2\x00\x00\x00",
		"debug populate 1 foo 3", "+OK",
		"debug populate 1 bar 3", "+OK",
		"get bar:0", "$val",
		"dbsize", ":4",
		"multi", "+OK", "debug populate 2", "+QUEUED", "debug sleep 0.01", "+QUEUED", "get key:1", "+QUEUED",
		"exec", "*3 +OK +OK $value:1",
		`debug error "My error"`, "-My error",
		"debug set-active-expire 0", "+OK",
		"debug quicklist-packed-threshold x", "-ERR argument must be a memory value bigger than 1 and smaller than 4gb",
		"debug stringmatch-len a*b a123b", ":1",
		"debug change-repl-id", "+OK",
		"debug htstats 99", "-ERR Out of range database",
		"debug htstats-key foo:0", "-ERR The value stored at the specified key is not represented using an hash table",
		"debug listpack foo:0", "-ERR Not a listpack encoded object.",
		"debug reload x", "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",

		"debug protocol foo", "-ERR Wrong protocol type name. Please use one of the following: "+types,
		"debug protocol string", "$Hello World",
		"debug protocol double", "$3.141",
		"debug protocol null", "$-1",
		"debug protocol map", "*6 :0 :0 :1 :1 :2 :0",
		"debug protocol attrib", "$Some real reply following the attribute",
		"debug protocol push", "-ERR RESP2 is not supported by this command",
		"debug protocol verbatim", "$This is a verbatim\nstring",
	)
	c.do("hello 3")
	c.expect(t,
		"debug protocol double", ",3.141",
		"debug protocol bignum", "(1234567999999999999999999999999999999",
		"debug protocol null", "_",
		"debug protocol set", "~3 :0 :1 :2",
		"debug protocol map", "%3 :0 #f :1 #t :2 #f",
		"debug protocol attrib", "|1 $key-popularity *2 $key:123 :90",
		"debug protocol push", "$Some real reply following the attribute", // left by the command before
	)
}

// TestDebugSleep: only the connection that sleeps waits, and what it did is in the slow log.
func TestDebugSleep(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.expect(t, "config set slowlog-log-slower-than 30000 latency-monitor-threshold 30", "+OK")
	start := time.Now()
	a.send("debug sleep 0.06")
	b.expect(t, "get k", "$-1", "dbsize", ":0")
	if d := time.Since(start); d > 50*time.Millisecond {
		t.Errorf("the others waited %v", d)
	}
	if got := a.read(); got != "+OK" {
		t.Error(got)
	}
	b.expect(t, "slowlog len", ":1")
	if got := b.do("slowlog get"); !strings.Contains(got, " *3 $debug $sleep $0.06 ") {
		t.Error(got)
	}
	if got := b.do("latency latest"); !strings.HasPrefix(got, "*1 *4 $command :") {
		t.Error(got)
	}
	b.expect(t, "slowlog reset", "+OK", "slowlog len", ":0", "latency reset", ":1", "latency history command", "*0",
		"latency graph command", "-ERR No samples available for event 'command'",
		"slowlog get -2", "-ERR count should be greater than or equal to -1")
}
