package server

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"dragonfly/server/config"
	"dragonfly/server/pubsub"
)

// expectRead compares what is read without a command.
func (w *wire) expectRead(t *testing.T, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if got := w.read(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// silent holds that nothing is on its way: the reply of PING comes next.
func (w *wire) silent(t *testing.T) {
	t.Helper()
	if got := w.do("ping"); got != "+PONG" && got != "*2 $pong $" {
		t.Errorf("there was more: %s", got)
	}
}

func TestSubscribe(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.expect(t, "subscribe c d", "*3 $subscribe $c :1")
	a.expectRead(t, "*3 $subscribe $d :2")
	a.expect(t,
		"subscribe c", "*3 $subscribe $c :2",
		"psubscribe c*", "*3 $psubscribe $c* :3",
		"ssubscribe c", "*3 $ssubscribe $c :1",
	)
	b.expect(t,
		"publish c hello", ":2",
		"publish nosuch hello", ":0",
		"spublish c hi", ":1",
	)
	a.expectRead(t, "*3 $message $c $hello", "*4 $pmessage $c* $c $hello", "*3 $smessage $c $hi")
	b.expect(t,
		"pubsub channels [cx]", "*1 $c", "pubsub channels d?", "*0",
		"pubsub numsub c x", "*4 $c :1 $x :0", "pubsub numsub", "*0",
		"pubsub numpat", ":1",
		"pubsub shardchannels", "*1 $c", "pubsub shardnumsub c", "*2 $c :1",
		"pubsub channels a b", "-ERR unknown subcommand or wrong number of arguments for 'channels'. Try PUBSUB HELP.",
		"pubsub nosuch", "-ERR unknown subcommand 'nosuch'. Try PUBSUB HELP.",
		"pubsub", "-ERR wrong number of arguments for 'pubsub' command",
		"subscribe", "-ERR wrong number of arguments for 'subscribe' command",
		"unsubscribe", "*3 $unsubscribe $-1 :0",
		"unsubscribe x", "*3 $unsubscribe $x :0",
		"sunsubscribe", "*3 $sunsubscribe $-1 :0",
	)
	info := b.do("info")
	for _, want := range []string{"pubsub_channels:2\r\n", "pubsub_patterns:1\r\n", "pubsubshard_channels:1\r\n", "pubsub_clients:1\r\n"} {
		if !strings.Contains(info, want) {
			t.Errorf("INFO has no %q", want)
		}
	}
	a.expect(t, "unsubscribe", "*3 $unsubscribe $c :2")
	a.expectRead(t, "*3 $unsubscribe $d :1")
	a.expect(t,
		"punsubscribe x c*", "*3 $punsubscribe $x :1")
	a.expectRead(t, "*3 $punsubscribe $c* :0")
	a.expect(t,
		"get x", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
		"sunsubscribe", "*3 $sunsubscribe $c :0",
		"get x", "$-1",
	)
	b.expect(t, "publish c x", ":0", "spublish c x", ":0", "pubsub numpat", ":0", "pubsub channels", "*0")
	a.silent(t)
}

// TestSubscriberMode: a RESP2 connection that listens to something may do little else; with RESP3 it may do all.
func TestSubscriberMode(t *testing.T) {
	s := newServer(t, nil)
	a := connect(t, s)
	a.do("subscribe c")
	refused := func(name string) string {
		return "-ERR Can't execute '" + name + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
	}
	a.expect(t,
		"ping", "*2 $pong $",
		"ping x", "*2 $pong $x",
		"ping x y", "-ERR wrong number of arguments for 'ping' command",
		"config get x", refused("config|get"),
		"multi", refused("multi"),
		"hello 3", refused("hello"),
		"publish c x", refused("publish"),
		"nosuch", "-ERR unknown command 'nosuch', with args beginning with: ",
		"reset", "+RESET",
		"ping", "+PONG",
	)
	a.do("hello 3")
	a.expect(t,
		"subscribe c", ">3 $subscribe $c :1",
		"set k v", "+OK",
		"ping", "+PONG",
		"publish c x", ":1",
	)
	a.expectRead(t, ">3 $message $c $x")
	a.expect(t, "unsubscribe nosuch", ">3 $unsubscribe $nosuch :1", "punsubscribe", ">3 $punsubscribe _ :1")
	if got := a.do("hello 2"); !strings.HasPrefix(got, "*14 ") {
		t.Error(got)
	}
	a.expect(t, "get k", refused("get"))
	b := connect(t, s)
	b.expect(t, "publish c y", ":1")
	a.expectRead(t, "*3 $message $c $y")
	a.expect(t, "quit", "+OK")
	for deadline := time.Now().Add(10 * time.Second); s.pubsub.Subscribers() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	b.expect(t, "publish c y", ":0")
}

// TestSubscribeInMulti: what a transaction publishes to its own connection comes behind its reply.
func TestSubscribeInMulti(t *testing.T) {
	s := newServer(t, nil)
	a := connect(t, s)
	for _, cmd := range []string{"multi", "subscribe c", "publish c x", "ping", "ssubscribe c"} {
		a.do(cmd)
	}
	a.expect(t, "exec", "*4 *3 $subscribe $c :1 :1 *2 $pong $ -ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
	a.expectRead(t, "*3 $message $c $x")
	a.do("reset")
	a.do("hello 3")
	for _, cmd := range []string{"subscribe c", "multi", "publish c y", "ping", "unsubscribe c", "publish c z"} {
		a.do(cmd)
	}
	a.expect(t, "exec", "*4 :1 +PONG >3 $unsubscribe $c :0 :0")
	a.expectRead(t, ">3 $message $c $y")
	a.silent(t)
}

// TestSubscribeSilently: CLIENT REPLY does not silence what a client is told about channels.
func TestSubscribeSilently(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.send("client reply off")
	a.send("ping")
	a.expect(t, "subscribe c", "*3 $subscribe $c :1", "psubscribe d*", "*3 $psubscribe $d* :2")
	a.send("get x")
	b.expect(t, "publish c x", ":1")
	a.expectRead(t, "*3 $message $c $x")
	a.expect(t, "unsubscribe", "*3 $unsubscribe $c :1", "punsubscribe", "*3 $punsubscribe $d* :0")
	a.send("multi")
	a.send("ping")
	a.send("subscribe e")
	a.expect(t, "exec", "*3 $subscribe $e :1")
	a.expect(t, "reset", "+RESET")
	a.send("client reply skip")
	a.expect(t, "subscribe f", "*3 $subscribe $f :1", "unsubscribe f", "*3 $unsubscribe $f :0", "ping", "+PONG")
}

// TestUnsubscribeBehindMessages: what was sent before a subscription ended comes before the word of its end.
func TestUnsubscribeBehindMessages(t *testing.T) {
	a := connect(t, newServer(t, nil))
	for _, end := range []string{"unsubscribe c", "unsubscribe", "reset", "hello 2"} {
		a.do("hello 3")
		a.do("subscribe c")
		if _, err := a.conn.Write([]byte("publish c x\r\n" + end + "\r\nping\r\n")); err != nil {
			t.Fatal(err)
		}
		a.expectRead(t, ":1", ">3 $message $c $x")
		switch end {
		case "reset":
			a.expectRead(t, "+RESET", "+PONG")
		case "hello 2":
			a.read()
			a.expectRead(t, "*2 $pong $")
		default:
			a.expectRead(t, ">3 $unsubscribe $c :0", "+PONG")
		}
	}
}

// TestNoMessageAfterUnsubscribe: when a connection is told that it has left its last channel, replies follow and no
// messages, however much is being published.
func TestNoMessageAfterUnsubscribe(t *testing.T) {
	s := newServer(t, nil)
	stop := make(chan int)
	defer close(stop)
	for range 2 {
		p := connect(t, s)
		go io.Copy(io.Discard, p.conn)
		go func() {
			batch := []byte(strings.Repeat("publish c message\r\n", 10))
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := p.conn.Write(batch); err != nil {
					return
				}
			}
		}()
	}
	a := connect(t, s)
	ends := []string{"unsubscribe", "unsubscribe c", "reset"}
	for i := range 100 {
		a.send("subscribe c")
		a.send(ends[i%len(ends)])
		a.send("echo done")
		last := ""
		for got := a.read(); got != "$done"; got = a.read() {
			last = got
		}
		if last != "*3 $unsubscribe $c :0" && last != "+RESET" {
			t.Fatalf("round %d: %s follows the end of the subscription", i, last)
		}
	}
}

func TestClientsOfPubSub(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.do("client setname listener")
	a.do("subscribe c d")
	a.read()
	a.do("psubscribe p")
	a.do("ssubscribe s1")
	list := b.do("client list type pubsub")
	if !strings.Contains(list, "name=listener") || !strings.Contains(list, " flags=P ") || !strings.Contains(list, " sub=2 psub=1 ssub=1 ") ||
		strings.Count(list, "\n") != 1 {
		t.Error(list)
	}
	if list := b.do("client list type normal"); strings.Contains(list, "listener") {
		t.Error(list)
	}
	b.expect(t, "client kill type pubsub", ":1")
	if _, err := a.conn.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
	for deadline := time.Now().Add(10 * time.Second); s.pubsub.Subscribers() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := s.pubsub.Count(pubsub.Channel) + s.pubsub.Count(pubsub.Pattern) + s.pubsub.Count(pubsub.Shard); n != 0 {
		t.Errorf("%d topics are left", n)
	}
}

// TestSlowSubscriber: one that does not read is closed at the limit of its class; the others get all messages.
func TestSlowSubscriber(t *testing.T) {
	s := newServer(t, nil)
	slow, quick, p := connect(t, s), connect(t, s), connect(t, s)
	p.expect(t, "config set client-output-buffer-limit \"pubsub 1000000 0 0\"", "+OK")
	slow.do("client setname slow")
	slow.do("subscribe c")
	quick.do("subscribe c")
	message := strings.Repeat("m", 10_000)
	backlog, listeners := false, "2"
	for i := 0; listeners == "2" && i < 1000; i++ {
		listeners = p.do("publish c " + message)[1:]
		quick.expectRead(t, "*3 $message $c $"+message)
		backlog = backlog || !strings.Contains(p.do("client list type pubsub"), "name=slow age=0 idle=0 flags=P db=0 sub=1 psub=0 ssub=0 multi=-1 watch=0 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0")
	}
	if listeners != "1" {
		t.Errorf("%s listeners are left", listeners)
	}
	if !backlog {
		t.Error("CLIENT LIST never showed that messages wait")
	}
	// What leaves its channels has the limits of a normal client again.
	quick.do("unsubscribe")
	quick.expect(t, "ping", "+PONG")
	p.do("set big " + strings.Repeat("m", 2_000_000))
	if got := quick.do("get big"); len(got) != 2_000_001 {
		t.Errorf("%.50s", got)
	}
}

// TestIdleSubscriber: timeout is not for those who listen.
func TestIdleSubscriber(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.Timeout = 1 })
	a, b := connect(t, s), connect(t, s)
	a.do("subscribe c")
	if _, err := b.conn.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	connect(t, s).expect(t, "publish c x", ":1")
	a.expectRead(t, "*3 $message $c $x")
}

// TestPublishWaits: who publishes more than a loop can deliver waits for it, so that what is under way stays bounded.
func TestPublishWaits(t *testing.T) {
	s := newServer(t, nil)
	p, listener := connect(t, s), connect(t, s)
	listener.do("subscribe c")
	go io.Copy(io.Discard, listener.conn)
	loop := s.clients.get(2).conn.Loop()
	if loop == s.clients.get(1).conn.Loop() {
		t.Fatal("both clients are on one loop")
	}
	release, entered := make(chan int), make(chan int)
	loop.Post(func() { entered <- 1; <-release })
	<-entered
	const size, batches = 100_000, 100
	go func() {
		for range batches {
			p.conn.Write(fmt.Appendf(nil, "*3\r\n$7\r\npublish\r\n$1\r\nc\r\n$%d\r\n%s\r\n", size, strings.Repeat("x", size)))
		}
	}()
	answered := 0
	p.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for {
		if _, err := p.r.ReadString('\n'); err != nil {
			break
		}
		answered++
	}
	if answered < 10 || answered > 50 {
		t.Errorf("%d messages were taken by a loop that stands still", answered)
	}
	close(release)
	p.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for ; answered < batches; answered++ {
		if _, err := p.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
}
