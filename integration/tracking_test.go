package integration

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTracking plays client side caching to us and to a real redis-server: what each of three connections reads after
// every step must be the same, pushes included.
func TestTracking(t *testing.T) {
	ours, theirs := startOurs(t, t.TempDir(), "--dbfilename="), startRedis(t, t.TempDir())
	a, b := newTrackingStage(t, ours), newTrackingStage(t, theirs)
	for i, line := range strings.Split(strings.TrimSpace(trackingScript), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		got, want := a.play(i, line), b.play(i, line)
		if got != want {
			t.Errorf("%s\n got %q\nwant %q", line, got, want)
		}
	}
}

// trackingStage is a server with connections named A, B and C, which have the numbers 31, 32 and 33 on every server.
type trackingStage struct {
	t     *testing.T
	names []string
	conns map[string]*conn
	ids   map[string]string
}

func newTrackingStage(t *testing.T, s *server) *trackingStage {
	t.Helper()
	g := &trackingStage{t: t, conns: map[string]*conn{}, ids: map[string]string{}}
	for len(g.names) < 3 {
		c := s.client()
		id := bulk(c.must(t, "CLIENT", "ID"))
		if n, _ := strconv.Atoi(id); n <= 30 {
			continue
		}
		name := string(rune('A' + len(g.names)))
		g.conns[name], g.ids[name] = c, id
		g.names = append(g.names, name)
	}
	return g
}

// play sends the commands of a line, which are separated by semicolons, on the connection that the line names, and returns
// what all connections read then.
func (g *trackingStage) play(step int, line string) string {
	g.t.Helper()
	name, commands, _ := strings.Cut(line, " ")
	for _, text := range strings.Split(commands, ";") {
		words := strings.Fields(text)
		for i, w := range words {
			if id, ok := g.ids[strings.TrimPrefix(w, "$")]; ok && w[0] == '$' {
				words[i] = id
			}
		}
		if err := g.conns[name].send(words...); err != nil {
			g.t.Fatal(err)
		}
	}
	if commands == "QUIT" {
		g.conns[name].reply()
		delete(g.conns, name)
	}
	read := map[string]string{}
	// The connection that changed something first: when it has its reply, the others have been told. Then once more:
	// whether it is told of its own change before or after the answer to PING is chance.
	for _, who := range append([]string{name}, g.names...) {
		if g.conns[who] == nil {
			continue
		}
		for _, reply := range g.drain(g.conns[who], fmt.Sprintf("end-%d-%s", step, who)) {
			read[who] += reply
		}
	}
	var all strings.Builder
	for _, who := range g.names {
		fmt.Fprintf(&all, "[%s]%s", who, read[who])
	}
	return versionReply.ReplaceAllString(all.String(), "<version>")
}

// drain reads what a connection has to read, up to the answer to a PING with a message.
func (g *trackingStage) drain(c *conn, end string) (replies []string) {
	g.t.Helper()
	if err := c.send("PING", end); err != nil {
		g.t.Fatal(err)
	}
	for {
		reply, err := c.reply()
		if err != nil {
			g.t.Fatal(err)
		}
		if strings.Contains(reply, end) {
			return replies
		}
		replies = append(replies, reply)
	}
}

var versionReply = regexp.MustCompile(`\$\d\r\n\d+\.\d+\.\d+\r\n`)

const trackingScript = `
A HELLO 3
C HELLO 3
# What is refused.
A CLIENT TRACKING
A CLIENT TRACKING foo
A CLIENT TRACKING on foo
A CLIENT TRACKING on REDIRECT
A CLIENT TRACKING on REDIRECT abc
A CLIENT TRACKING on REDIRECT 99999
A CLIENT TRACKING on REDIRECT $B REDIRECT $B
A CLIENT TRACKING on PREFIX
A CLIENT TRACKING on PREFIX a
A CLIENT TRACKING off PREFIX a
A CLIENT TRACKING on OPTIN BCAST
A CLIENT TRACKING on OPTIN OPTOUT
A CLIENT CACHING yes
A CLIENT CACHING foo
A CLIENT CACHING
A CLIENT GETREDIR
A CLIENT TRACKINGINFO
# The default mode.
A CLIENT TRACKING on
A CLIENT TRACKING on BCAST
A CLIENT CACHING yes
A CLIENT GETREDIR
A CLIENT TRACKINGINFO
B SET k 1
A GET k;SET k 2;GET k;PING
B INCR k
B INCR k
A MGET k k2 k3
B MSET k 1 k2 2 k3 3 k4 4
A GET k
B FLUSHALL
B FLUSHDB
A GET k
A FLUSHALL
A FLUSHDB;PING
A MULTI;SET a 1;GET a;INCR a;FLUSHALL;INCR a;EXEC
A MULTI;FLUSHALL;EXEC;PING
A GET k;CLIENT REPLY OFF;SET k 1;GET k;CLIENT REPLY ON
A CLIENT REPLY SKIP;SET k 2
# Commands that read, and commands that do not.
A GET k
B EXPIRE k 100
A TTL k
B PERSIST k
A GET k
B RENAME k kk
A GET k;GET kk
B COPY kk k
A EXISTS k
B DEL k kk
A TYPE k
B SET k 1
A STRLEN k
B APPEND k 1
A OBJECT ENCODING k
B APPEND k 1
A BITFIELD k GET u8 0
B APPEND k 1
A BITFIELD_RO k GET u8 0
B APPEND k 1
A XREAD COUNT 1 STREAMS s 0
B XADD s 1-1 a b
A ZUNION 2 z1 z2
B ZADD z2 1 a
A TOUCH k
B APPEND k 1
A PFCOUNT h
B PFADD h a
A WATCH k
B APPEND k 1
A UNWATCH
A DBSIZE;SCAN 0 MATCH none
A GEORADIUS g 1 1 1 m
B GEOADD g 1 1 a
A GEORADIUS_RO g 1 1 1 m
B GEOADD g 1 2 a
A GEORADIUS_RO g 1 1 1 m
B GEOADD g 1 2 a
A SORT_RO l BY nosort
B LPUSH l 1
A LRANGE l 0 -1
A BLMOVE none l2 LEFT LEFT 0.001
B RPOPLPUSH l l2
A SELECT 1;GET k;SELECT 0
B SET k 1
B SWAPDB 0 1
B SWAPDB 1 0
# OPTIN and OPTOUT.
A CLIENT TRACKING off
A CLIENT TRACKING on OPTIN
A GET k
B SET k 1
A CLIENT CACHING yes
A CLIENT TRACKINGINFO
A GET k;GET k2
B MSET k 1 k2 2
A CLIENT CACHING yes;MULTI;GET k;GET k2;CLIENT TRACKINGINFO;EXEC
A CLIENT TRACKINGINFO
B MSET k 1 k2 2
A CLIENT CACHING yes;nonsense;GET k
B SET k 2
A CLIENT CACHING yes;GET;GET k
B SET k 2
A CLIENT CACHING yes;CLIENT GETNAME;GET k
B SET k 2
A CLIENT CACHING no
A CLIENT TRACKING on OPTOUT
A CLIENT TRACKING on
A CLIENT TRACKINGINFO
A CLIENT TRACKING on OPTOUT
A CLIENT CACHING yes
A CLIENT CACHING no
A CLIENT TRACKINGINFO
A GET k
B SET k 1
A GET k
B SET k 1
# NOLOOP.
A CLIENT TRACKING off
A CLIENT TRACKING on NOLOOP
A GET k
A SET k 1
B SET k 1
A GET k
B SET k 1
A CLIENT TRACKINGINFO
# BCAST.
A CLIENT TRACKING off
A CLIENT TRACKING on BCAST
A CLIENT TRACKINGINFO
B MSET b 1 a 2 c 3
A SET z 1
A FLUSHALL
B FLUSHALL
A CLIENT TRACKING on BCAST PREFIX a
A CLIENT TRACKING off
A CLIENT TRACKING on BCAST PREFIX a PREFIX ab
A CLIENT TRACKING on BCAST PREFIX ab PREFIX a
A CLIENT TRACKING on BCAST PREFIX a: PREFIX a:
A CLIENT TRACKING on BCAST PREFIX a: PREFIX b:
A CLIENT TRACKING on BCAST PREFIX b:x
A CLIENT TRACKING on BCAST PREFIX c: NOLOOP
A CLIENT TRACKINGINFO
B MSET b:2 1 a:1 2 c:x 3 b:1 2 d: 2 a:0 2
A MSET b:2 1 a:1 2
A CLIENT TRACKING on BCAST
A CLIENT TRACKINGINFO
B SET b:2 1
B SET x 1
# Redirection.
A CLIENT TRACKING off
A CLIENT TRACKINGINFO
A CLIENT TRACKING on REDIRECT $C
A CLIENT GETREDIR
A GET k
B SET k 1
A GET k
A SET k 1
B FLUSHALL
A HELLO 2
A GET k
B SET k 1
C HELLO 2
A GET k
B SET k 1
C SUBSCRIBE __redis__:invalidate
A MGET k k2
B MSET k2 1 k 2
A FLUSHALL
C UNSUBSCRIBE
A HELLO 3
A GET k
C QUIT
A CLIENT TRACKINGINFO
B SET k 1
A CLIENT TRACKINGINFO
A CLIENT TRACKING on REDIRECT $A
A CLIENT TRACKINGINFO
A GET k
A SET k 1
A RESET
A CLIENT TRACKINGINFO
`
