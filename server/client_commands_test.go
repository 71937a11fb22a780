package server

import (
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestClientCommands(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.expect(t,
		"client id", ":1",
		"client getname", "$-1",
		`client setname "a b"`, "-ERR Client names cannot contain spaces, newlines or special characters.",
		"client setname me", "+OK",
		"client getname", "$me",
		"client setinfo LIB-NAME lib", "+OK",
		`client setinfo lib-ver "1 2"`, "-ERR lib-ver cannot contain spaces, newlines or special characters.",
		"client setinfo foo bar", "-ERR Unrecognized option 'foo'",
		"client no-evict on", "+OK",
		"client no-touch x", "-ERR syntax error",
		"client getredir", ":-1",
		"client trackinginfo", "*6 $flags *1 $off $redirect :-1 $prefixes *0",
		"client unblock a", "-ERR value is not an integer or out of range",
		"client unblock 1 foo", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
		"client unblock 99", ":0",
		"client pause a", "-ERR timeout is not an integer or out of range",
		"client pause -1", "-ERR timeout is negative",
		"client pause 1 foo", "-ERR CLIENT PAUSE mode must be WRITE or ALL",
		"client pause 1 write x", "-ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP.",
		"client list type foo", "-ERR Unknown client type 'foo'",
		"client list type pubsub", "$",
		"client list id", "-ERR syntax error",
		"client list id a", "-ERR Invalid client ID",
		"client list id 99", "$",
		"client kill", "-ERR wrong number of arguments for 'client|kill' command",
		"client kill 1.1.1.1:1", "-ERR No such client",
		"client kill id 0", "-ERR client-id should be greater than 0",
		"client kill type foo", "-ERR Unknown client type 'foo'",
		"client kill user foo", "-ERR No such user 'foo'",
		"client kill maxage 0", "-ERR maxage should be greater than 0",
		"client kill skipme foo", "-ERR syntax error",
		"client kill id 1 type", "-ERR syntax error",
		"client kill id 1", ":0",
		"client foo", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.",
		"client", "-ERR wrong number of arguments for 'client' command",
	)
	if got := c.do("client help"); !strings.Contains(got, "+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are: +CACHING ") {
		t.Error(got)
	}
	line := regexp.MustCompile(`^\$id=1 addr=\S* laddr=\S* fd=-1 name=me age=\d+ idle=0 flags=e db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0 ` +
		`qbuf=26 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=\d+ events=r cmd=client\|list user=default ` +
		`redir=-1 resp=2 lib-name=lib lib-ver=\n$`)
	if got := c.do("client list"); !line.MatchString(got) {
		t.Error(got)
	}
}

// TestClientListOfOthers: what a client does is seen by others, without disturbing it.
func TestClientListOfOthers(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.expect(t, "select 3", "+OK", "watch x", "+OK", "multi", "+OK", "get x", "+QUEUED", "get y", "+QUEUED")
	got := b.do("client list id 1")
	for _, want := range []string{" flags=x ", " db=3 ", " multi=2 ", " watch=1 ", " cmd=multi "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if got := b.do("info clients"); !strings.Contains(got, "watching_clients:1\r\n") {
		t.Error(got)
	}
}

func TestClientKill(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.expect(t, "client kill id 2", ":1")
	if _, err := b.r.ReadByte(); err == nil {
		t.Error("the connection is still there")
	}
	// With skipme no, the reply comes first.
	a.expect(t, "client kill skipme no", ":1")
	if _, err := a.r.ReadByte(); err == nil {
		t.Error("the own connection is still there")
	}
}

func TestClientReply(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.expect(t, "client reply x", "-ERR syntax error")
	c.send("client reply off")
	c.send("ping")
	c.send("client reply on")
	if got := c.read(); got != "+OK" {
		t.Error(got)
	}
	c.send("client reply skip")
	c.send("ping")
	c.expect(t, "echo a", "$a")
}

func TestClientPause(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.expect(t, "client pause 100000 write", "+OK")
	b.expect(t, "get k", "$-1")
	b.expect(t, "multi", "+OK", "get k", "+QUEUED", "exec", "*1 $-1")
	b.send("set k v")
	a.expect(t, "get k", "$-1", "client unpause", "+OK")
	if got := b.read(); got != "+OK" {
		t.Error(got)
	}
	start := time.Now()
	a.expect(t, "client pause 50", "+OK", "get k", "$v")
	if d := time.Since(start); d < 40*time.Millisecond {
		t.Errorf("waited %v", d)
	}
}

func TestMonitor(t *testing.T) {
	s := newServer(t, nil)
	m, c := connect(t, s), connect(t, s)
	m.expect(t, "monitor", "+OK")
	c.expect(t, "config get hz", "*2 $hz $100", "select 2", "+OK", `set a "b`+"\x01"+`\"`, "+OK")
	c.expect(t, "multi", "+OK", "get b", "+QUEUED", "exec", "*1 $-1")
	line := regexp.MustCompile(`^\+\d+\.\d{6} \[2 \S*\] (.*)$`)
	for _, want := range []string{`"select" "2"`, `"set" "a" "b\x01\\"`, `"multi"`, `"get" "b"`, `"exec"`} {
		got := line.FindStringSubmatch(m.read())
		if got == nil || got[1] != want {
			t.Errorf("got %q, want %s", got, want)
		}
	}
	m.expect(t, "reset", "+RESET")
	m.expect(t, "ping", "+PONG")
	if n := s.clients.monitors.Load(); n != 0 {
		t.Errorf("%d monitors", n)
	}
}

// TestOutputLimit: a client that does not read what it asked for is closed when its class says so.
func TestOutputLimit(t *testing.T) {
	s := newServer(t, nil)
	a, b := connect(t, s), connect(t, s)
	a.expect(t, "config set client-output-buffer-limit \"normal 1mb 0 0\"", "+OK", "setrange big 300000 x", ":300001", "get none", "$-1")
	b.do("ping") // the limit has reached its loop
	for range 30 {
		b.send("get big")
	}
	for deadline := time.Now().Add(10 * time.Second); strings.Contains(a.do("client list"), "id=2 "); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the client is still there")
		}
	}
}

// TestObservers: what looks at all clients and shards does so while they work.
func TestObservers(t *testing.T) {
	s := newServer(t, nil)
	m := dial(t, s)
	m.expect(t, "monitor", "+OK")
	go io.Copy(io.Discard, m.conn)
	var wg sync.WaitGroup
	work := func(commands ...string) {
		w := dial(t, s)
		wg.Go(func() {
			for i := range 200 {
				w.do(commands[i%len(commands)])
			}
		})
	}
	work("set a 1", "client setname x", "select 1", "multi", "incr n", "exec", "watch a", "unwatch", "select 0")
	work("incr n", "hset h f v", "expire h 100", "flushdb", "client setinfo lib-name l", "client no-touch on")
	work("info everything", "client list", "config get *", "memory stats", "debug digest", "command docs get")
	work("config set timeout 0 hash-max-listpack-entries 10 client-output-buffer-limit \"normal 0 0 0\"", "config resetstat",
		"latency histogram", "slowlog get", "client pause 1 write", "debug populate 10", "swapdb 0 1", "client info")
	wg.Wait()
}
