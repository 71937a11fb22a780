package integration

import (
	"slices"
	"strings"
	"testing"
)

// pubsubScript is played to us and to redis-server. A line names a connection (a and b speak RESP2, c and d RESP3) and a command.
// What Redis 7.0 and 7.4 order differently is left out: what a connection publishes to itself.
const pubsubScript = `
	a SUBSCRIBE news sport news
	b PUBLISH news hello
	c PSUBSCRIBE n* *s
	b PUBLISH news both
	b PUBLISH sport one
	b PUBLISH other none
	b PUBLISH "" empty
	d SSUBSCRIBE news
	b SPUBLISH news sharded
	b SPUBLISH sport nobody
	b PUBSUB CHANNELS s*
	b PUBSUB CHANNELS x*
	b PUBSUB NUMSUB news sport other
	b PUBSUB NUMPAT
	b PUBSUB SHARDCHANNELS
	b PUBSUB SHARDNUMSUB news other
	b PUBSUB CHANNELS a b
	b PUBSUB SHARDCHANNELS a b
	b PUBSUB NUMPAT x
	b PUBSUB
	b PUBSUB NOSUCH
	b SUBSCRIBE
	b PUBLISH x
	b SPUBLISH x y z
	b UNSUBSCRIBE
	b UNSUBSCRIBE x y
	b PUNSUBSCRIBE
	b SUNSUBSCRIBE
	d UNSUBSCRIBE
	d PUNSUBSCRIBE x
	a GET x
	a CONFIG GET port
	a MULTI
	a PING one two
	a PUBLISH news x
	a PSUBSCRIBE n* n*
	b PUBLISH news twice
	a UNSUBSCRIBE sport other
	b PUBLISH sport gone
	c GET x
	c SUBSCRIBE one two
	c SSUBSCRIBE three
	c PING
	b PUBLISH two x
	c UNSUBSCRIBE one
	c UNSUBSCRIBE two
	c HELLO 2
	b PUBLISH news again
	c GET x
	c RESET
	b PUBLISH news less
	c HELLO 3
	c SUBSCRIBE big
	b PUBLISH big BIG
	c CLIENT REPLY OFF
	b PUBLISH big silent
	c UNSUBSCRIBE big
	c CLIENT REPLY ON
	a PUNSUBSCRIBE n*
	a UNSUBSCRIBE news
	a GET x
	b PUBSUB CHANNELS
	b PUBSUB NUMPAT
	d SUNSUBSCRIBE news
	d PUBLISH news x
`

// TestPubSubScript compares all that four connections read.
func TestPubSubScript(t *testing.T) {
	ours, redis := startOurs(t, t.TempDir(), "--dbfilename="), startRedis(t, t.TempDir())
	type listener struct {
		*conn
		name   string
		silent bool
	}
	connect := func(s *server) []*listener {
		var list []*listener
		for _, name := range []string{"a", "b", "c", "d"} {
			c := &listener{conn: s.client(), name: name}
			if name > "b" {
				c.must(t, "HELLO", "3")
			}
			list = append(list, c)
		}
		return list
	}
	// heard returns what a connection reads up to the reply of an ECHO or, where that is refused, its error.
	heard := func(c *listener) (all []string) {
		if c.silent {
			return nil
		}
		if err := c.send("ECHO", "end"); err != nil {
			t.Fatal(err)
		}
		for {
			reply, err := c.reply()
			if err != nil {
				t.Fatalf("after %q: %v", all, err)
			}
			if reply == "$3\r\nend\r\n" || strings.HasPrefix(reply, "-ERR Can't execute 'echo'") {
				return all
			}
			all = append(all, reply)
		}
	}
	a, b := connect(ours), connect(redis)
	for line := range strings.Lines(strings.TrimSpace(pubsubScript)) {
		name, cmd, _ := strings.Cut(strings.TrimSpace(line), " ")
		args := strings.Fields(cmd)
		for i, arg := range args {
			args[i] = strings.ReplaceAll(strings.ReplaceAll(arg, `""`, ""), "BIG", strings.Repeat("b", 1<<20))
		}
		var got [2]string
		for i, list := range [][]*listener{a, b} {
			for _, c := range list {
				if c.name == name {
					if err := c.send(args...); err != nil {
						t.Fatal(err)
					}
					c.silent = c.silent && cmd != "CLIENT REPLY ON" || cmd == "CLIENT REPLY OFF"
					got[i] += "\n" + c.name + ": " + strings.Join(heard(c), " ")
				}
			}
			for _, c := range list {
				if c.name != name {
					messages := heard(c)
					slices.Sort(messages) // Redis visits patterns in the order of a hash table
					got[i] += "\n" + c.name + ": " + strings.Join(messages, " ")
				}
			}
		}
		same := got[0] == got[1]
		if strings.HasPrefix(cmd, "HELLO") || strings.HasPrefix(cmd, "CONFIG") {
			same = strings.Count(got[0], "\n") == strings.Count(got[1], "\n")
		}
		if !same {
			t.Errorf("%s %s\nours %.1000q\nredis %.1000q", name, cmd, got[0], got[1])
		}
	}
}
