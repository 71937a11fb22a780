package server

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"dragonfly/server/config"
	"dragonfly/store"
)

// listen returns a connection that gets all events of database 0.
func listen(t *testing.T, s *Server) *wire {
	t.Helper()
	w := connect(t, s)
	w.expect(t, `psubscribe __keyevent@0__:*`, "*3 $psubscribe $__keyevent@0__:* :1")
	return w
}

// event reads an event, in the form event(key).
func (w *wire) event() string {
	w.t.Helper()
	f := strings.Split(w.read(), " $")
	if len(f) != 5 || f[0] != "*4" {
		w.t.Fatalf("no event: %q", f)
	}
	return fmt.Sprintf("%s(%s)", strings.TrimPrefix(f[3], "__keyevent@0__:"), f[4])
}

// TestEventsOfCommands: every command causes the events that it causes in Redis 7.4, in their order. The file was recorded
// there; expiries come in their time.
func TestEventsOfCommands(t *testing.T) {
	text, err := os.ReadFile("testdata/keyspace_events.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(c *config.Config) { c.NotifyKeyspaceEvents = "AEmn" })
	listener, c := listen(t, s), connect(t, s)
	for line := range strings.Lines(string(text)) {
		cmd, want, _ := strings.Cut(strings.TrimSpace(line), " ->")
		c.do(cmd)
		var got []string
		if strings.Contains(want, "expired(") { // it comes in its time
			for range strings.Fields(want) {
				got = append(got, listener.event())
			}
		}
		c.do("publish __keyevent@0__:end x")
		for e := listener.event(); e != "end(x)"; e = listener.event() {
			got = append(got, e)
		}
		if g := strings.Join(got, " "); g != strings.TrimSpace(want) {
			t.Errorf("%s: %s, want%s", strings.TrimSpace(cmd), g, want)
		}
	}
}

// TestEventClasses: only the classes are published that were asked for, to the channels that were.
func TestEventClasses(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NotifyKeyspaceEvents = "KEA" })
	a, c := connect(t, s), connect(t, s)
	c.expect(t, "config get notify-keyspace-events", "*2 $notify-keyspace-events $AKE", "select 3", "+OK")
	a.expect(t, "psubscribe *", "*3 $psubscribe $* :1")
	f := func(classes string, wants ...string) {
		t.Helper()
		c.do("config set notify-keyspace-events \"\"")
		c.do("flushall")
		c.do("config set notify-keyspace-events " + classes)
		for _, cmd := range []string{"set str v", "get nosuch", "rpush list e", "sadd set m", "hset hash f v", "zadd zset 1 m", "xadd stream 1-1 f v", "del list"} {
			c.do(cmd)
		}
		c.do("publish end x")
		for _, want := range append(wants, "end x") {
			channel, message, _ := strings.Cut(want, " ")
			a.expectRead(t, "*4 $pmessage $* $"+channel+" $"+message)
		}
	}
	f("K$", "__keyspace@3__:str set")
	f("E$l", "__keyevent@3__:set str", "__keyevent@3__:rpush list")
	f("KEg", "__keyspace@3__:list del", "__keyevent@3__:del list")
	f("Ks", "__keyspace@3__:set sadd")
	f("Kh", "__keyspace@3__:hash hset")
	f("Kz", "__keyspace@3__:zset zadd")
	f("Kt", "__keyspace@3__:stream xadd")
	f("Em", "__keyevent@3__:keymiss nosuch")
	f("Kn", "__keyspace@3__:str new", "__keyspace@3__:list new", "__keyspace@3__:set new", "__keyspace@3__:hash new", "__keyspace@3__:zset new", "__keyspace@3__:stream new")
	f("A")
	f("KE")
	f("Kxed")
	f("EA", "__keyevent@3__:set str", "__keyevent@3__:rpush list", "__keyevent@3__:sadd set", "__keyevent@3__:hset hash", "__keyevent@3__:zadd zset",
		"__keyevent@3__:xadd stream", "__keyevent@3__:del list")
	c.expect(t, "config set notify-keyspace-events Kq",
		"-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
}

// TestEventsOfNoInterest cost no memory.
func TestEventsOfNoInterest(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NotifyKeyspaceEvents = "KEA" })
	a := connect(t, s)
	a.do("psubscribe __keyspace@0__:other*")
	key := []byte("key")
	if n := testing.AllocsPerRun(100, func() { s.notify(0, store.EventString, "set", key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestWritersWaitForEvents: who changes keys faster than the events can be delivered waits.
func TestWritersWaitForEvents(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NotifyKeyspaceEvents = "EA" })
	c, listener := connect(t, s), connect(t, s)
	listener.do("psubscribe *")
	go io.Copy(io.Discard, listener.conn)
	key := strings.Repeat("k", 100_000)
	loop := s.clients.get(2).conn.Loop()
	release, entered := make(chan int), make(chan int)
	loop.Post(func() { entered <- 1; <-release })
	<-entered
	const writes = 100
	go func() {
		for range writes {
			c.conn.Write([]byte("*3\r\n$3\r\nset\r\n$100000\r\n" + key + "\r\n$1\r\nv\r\n"))
		}
	}()
	answered := 0
	c.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for {
		if _, err := c.r.ReadString('\n'); err != nil {
			break
		}
		answered++
	}
	if answered < 10 || answered > 50 {
		t.Errorf("%d writes were answered while their events stood still", answered)
	}
	close(release)
	c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for ; answered < writes; answered++ {
		if _, err := c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if s.events.behind.Load() != nil {
		t.Error("the events are still behind")
	}
}
