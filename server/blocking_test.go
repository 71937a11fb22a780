package server

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/server/config"
)

// waitBlocked waits until n clients are blocked.
func waitBlocked(t testing.TB, s *Server, n int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.clients.blocked.Load() != n; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("%d clients are blocked, not %d", s.clients.blocked.Load(), n)
		}
	}
}

// block makes a new client wait in a command.
func block(t testing.TB, s *Server, line string) *wire {
	t.Helper()
	n := s.clients.blocked.Load()
	c := connect(t, s)
	c.send(line)
	waitBlocked(t, s, n+1)
	return c
}

// overTCP connects to the socket of a server, which costs the process no goroutine.
func overTCP(t testing.TB, s *Server) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &wire{t, conn, bufio.NewReaderSize(conn, 64)}
}

// countOf returns how much a test does: the number in a variable of the environment, or the usual one.
func countOf(t testing.TB, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// TestServed: whatever makes a key the client waits for serves it, in the same instant: who asks next does not see what
// the client took.
func TestServed(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	// f blocks a client, runs commands, and compares the client's reply, and that of the last command with what is left.
	f := func(blocked string, commands []string, want string) {
		t.Helper()
		c.do("flushall")
		c.do("select 0")
		w := block(t, s, blocked)
		for _, line := range commands {
			if got := c.do(line); strings.HasPrefix(got, "-") {
				t.Fatalf("%s: %s", line, got)
			}
		}
		left := c.do("exists k")
		w.expectRead(t, want)
		if left != ":0" && !strings.Contains(blocked, "xread") {
			t.Errorf("%s; %q: something is left", blocked, commands)
		}
		w.conn.Close()
	}
	const popped = "*2 $k $a"
	f("blpop k 0", []string{"rpush k a"}, popped)
	f("brpop other k 0", []string{"lpush k a"}, popped)
	f("blpop k 0", []string{"lmove none k left left", "rpush x a", "lmove x k left left"}, popped)
	f("blpop k 0", []string{"rpush x a", "rpoplpush x k"}, popped)
	f("blpop k 0", []string{"rpush x a", "blmove x k left right 0"}, popped)
	f("blpop k 0", []string{"rpush x a", "rename x k"}, popped)
	f("blpop k 0", []string{"rpush x a", "renamenx x k"}, popped)
	f("blpop k 0", []string{"rpush x a", "copy x k"}, popped)
	f("blpop k 0", []string{"select 1", "rpush k a", "move k 0", "select 0"}, popped)
	f("blpop k 0", []string{"select 1", "rpush k a", "swapdb 0 1", "select 0"}, popped)
	f("blpop k 0", []string{"select 1", "rpush k a", "copy k k db 0", "select 0"}, popped)
	f("blpop k 0", []string{"rpush x a", "sort x by nosort alpha store k"}, popped)
	f("blpop k 0", []string{"set k v", "del k", "rpush k a"}, popped)
	f("blpop k 0", []string{"multi", "rpush k b", "del k", "rpush k a", "exec"}, popped)
	f("blpop k 0", []string{"multi", "set k v", "del k", "rpush k a", "exec"}, popped)
	f("blmove k x left left 0", []string{"rpush k a"}, "$a")
	f("brpoplpush k k2 0", []string{"rpush k a"}, "$a")
	f("blmpop 0 2 j k left count 9", []string{"rpush k a b c"}, "*2 $k *3 $a $b $c")
	f("bzpopmin k 0", []string{"zadd k 1 a"}, "*3 $k $a $1")
	f("bzpopmax k 0", []string{"zadd x 1 a", "zunionstore k 1 x"}, "*3 $k $a $1")
	f("bzpopmax k 0", []string{"zadd x 1 a", "zrangestore k x 0 -1"}, "*3 $k $a $1")
	f("bzpopmax k 0", []string{"zincrby k 1 a"}, "*3 $k $a $1")
	f("bzpopmax k 0", []string{"geoadd x 1 1 a", "geosearchstore k x fromlonlat 1 1 byradius 10 km storedist"}, "*3 $k $a $"+geoZero(c))
	f("bzmpop 0 1 k max count 2", []string{"zadd k 1 a 2 b"}, "*2 $k *2 *2 $b $2 *2 $a $1")
	f("xread block 0 streams k 0", []string{"xadd k 1-1 f v"}, "*1 *2 $k *1 *2 $1-1 *2 $f $v")
	f("xread block 0 streams j k $ $", []string{"set k v", "del k", "xadd k 1-1 f v"}, "*1 *2 $k *1 *2 $1-1 *2 $f $v")
	f("xread block 0 streams k $", []string{"xadd x 1-1 f v", "rename x k"}, "*1 *2 $k *1 *2 $1-1 *2 $f $v")
}

// geoZero returns the distance of a point from where it was put.
func geoZero(c *wire) string {
	c.do("geoadd x 1 1 a")
	c.do("geosearchstore k x fromlonlat 1 1 byradius 10 km storedist")
	score := c.do("zscore k a")
	return score[1:]
}

// TestRestored: keys that come as DUMP has them serve, too.
func TestRestored(t *testing.T) {
	s := newServer(t, nil)
	r := inMemory(t, s)
	ctx := t.Context()
	r.RPush(ctx, "x", "a")
	dump, err := r.Dump(ctx, "x").Result()
	if err != nil {
		t.Fatal(err)
	}
	w := block(t, s, "blpop k 0")
	if err := r.Restore(ctx, "k", 0, dump).Err(); err != nil {
		t.Fatal(err)
	}
	w.expectRead(t, "*2 $k $a")
}

// TestGroupReaderIsTold: who waits in a group learns that key or group are gone.
func TestGroupReaderIsTold(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	const (
		gone    = "-UNBLOCKED the stream key no longer exists"
		noGroup = "-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option"
	)
	f := func(lines []string, want string) {
		t.Helper()
		c.do("flushall")
		c.expect(t, "select 0", "+OK", "xgroup create k g $ mkstream", "+OK")
		w := block(t, s, "xreadgroup group g c block 0 streams k >")
		reader := block(t, s, "xread block 0 streams k $") // does not care
		for _, line := range lines {
			c.do(line)
		}
		w.expectRead(t, want)
		waitBlocked(t, s, 1)
		c.do("del k")
		c.do("xadd k 9-9 f v")
		reader.expectRead(t, "*1 *2 $k *1 *2 $9-9 *2 $f $v")
	}
	f([]string{"del k"}, gone)
	f([]string{"unlink k"}, gone)
	f([]string{"set k v"}, gone)
	f([]string{"flushdb"}, gone)
	f([]string{"flushall"}, gone)
	f([]string{"swapdb 0 1"}, gone)
	f([]string{"rename k x"}, gone)
	f([]string{"move k 1"}, gone)
	f([]string{"pexpire k 1"}, gone)
	f([]string{"debug set-active-expire 0", "pexpire k 1", "debug sleep 0.003", "exists k", "debug set-active-expire 1"}, gone)
	f([]string{"multi", "del k", "sadd k m", "exec"}, gone)
	f([]string{"xgroup destroy k g"}, noGroup)
	f([]string{"multi", "del k", "xgroup create k h $ mkstream", "exec"}, noGroup)
	f([]string{"xgroup create x h $ mkstream", "rename x k"}, noGroup)
	// What is there at the end of a transaction counts.
	c.do("flushall")
	c.expect(t, "xgroup create k g $ mkstream", "+OK")
	w := block(t, s, "xreadgroup group g c block 0 streams k >")
	c.expect(t, "multi", "+OK", "del k", "+QUEUED", "xgroup create k g $ mkstream", "+QUEUED", "xadd k 1-1 f v", "+QUEUED", "exec", "*3 :1 +OK $1-1")
	w.expectRead(t, "*1 *2 $k *1 *2 $1-1 *2 $f $v")
}

// TestFIFO: of the clients that wait for a key, the first to come is served first, also when what is pushed is for
// several of them, and when some have gone meanwhile.
func TestFIFO(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	for round := range 3 {
		var waiting []*wire
		for i := range 40 {
			waiting = append(waiting, block(t, s, fmt.Sprintf("blpop k other%d 0", i%5)))
		}
		// Every fourth goes.
		left := waiting[:0:0]
		for i, w := range waiting {
			if i%4 == 3 {
				w.conn.Close()
			} else {
				left = append(left, w)
			}
		}
		waitBlocked(t, s, 30)
		var elems []string
		for i := range 30 {
			elems = append(elems, strconv.Itoa(i))
		}
		switch round {
		case 0:
			for _, e := range elems {
				c.do("rpush k " + e)
			}
		case 1:
			c.do("rpush k " + strings.Join(elems, " "))
		default:
			c.do("multi")
			for _, e := range elems {
				c.do("rpush k " + e)
			}
			c.do("exec")
		}
		for i, w := range left {
			w.expectRead(t, "*2 $k $"+strconv.Itoa(i))
			w.conn.Close()
		}
		waitBlocked(t, s, 0)
	}
}

// TestMixedTypes: clients of different types at one key do not stand in each other's way.
func TestMixedTypes(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	l1, z1 := block(t, s, "blpop k 0"), block(t, s, "bzpopmin k 0")
	x1, l2 := block(t, s, "xread block 0 streams k $"), block(t, s, "brpop k 0")
	z2 := block(t, s, "bzpopmin k 0")
	c.expect(t, "zadd k 1 a", ":1")
	z1.expectRead(t, "*3 $k $a $1")
	c.expect(t, "rpush k 1 2", ":2")
	l1.expectRead(t, "*2 $k $1")
	l2.expectRead(t, "*2 $k $2")
	c.expect(t, "xadd k 5-5 f v", "$5-5")
	x1.expectRead(t, "*1 *2 $k *1 *2 $5-5 *2 $f $v")
	c.expect(t, "del k", ":1", "zadd k 7 b", ":1")
	z2.expectRead(t, "*3 $k $b $7")
}

// TestReadyOrder: keys are served in the order in which they became ready; a client that waits for several takes from the
// first of its own list.
func TestReadyOrder(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NumShards = 7 })
	c := dial(t, s)
	first := block(t, s, "blpop a b 0")
	second := block(t, s, "blpop b c 0")
	c.expect(t, "multi", "+OK", "rpush c 3", "+QUEUED", "rpush b 2", "+QUEUED", "rpush a 1", "+QUEUED", "exec", "*3 :1 :1 :1")
	second.expectRead(t, "*2 $b $2") // c is first, for whom b is first
	first.expectRead(t, "*2 $a $1")
	c.expect(t, "lrange c 0 -1", "*1 $3")
}

// TestLinkedMoves: what one client moves serves the next, all in one with the push.
func TestLinkedMoves(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NumShards = 7 })
	c := dial(t, s)
	var chain []*wire
	for i := range 10 {
		chain = append(chain, block(t, s, fmt.Sprintf("blmove k%d k%d left right 0", i, i+1)))
	}
	last := block(t, s, "blpop k10 0")
	c.expect(t, "multi", "+OK", "rpush k0 a", "+QUEUED", "exists k0 k1 k5 k10", "+QUEUED", "exec", "*2 :1 :1",
		"exists k0 k1 k2 k3 k4 k5 k6 k7 k8 k9 k10", ":0")
	for _, w := range chain {
		w.expectRead(t, "$a")
	}
	last.expectRead(t, "*2 $k10 $a")
	// A ring ends, too: each client is served once.
	a, b := block(t, s, "blmove x y left left 0"), block(t, s, "blmove y x left left 0")
	c.expect(t, "rpush x v", ":1")
	a.expectRead(t, "$v")
	b.expectRead(t, "$v")
	c.expect(t, "lrange x 0 -1", "*1 $v")
}

// TestNobodySeesBetween: nobody finds an element that was pushed for a client who waits, whatever shards that takes.
func TestNobodySeesBetween(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NumShards = 16 })
	waiting, c, watcher := dial(t, s), dial(t, s), dial(t, s)
	stop := make(chan bool)
	go func() {
		defer close(stop)
		for {
			watcher.send("exists k")
			switch watcher.read() {
			case ":0":
			case ":1":
				t.Error("somebody has seen the element")
				return
			default:
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for i := range 200 {
		for _, blocked := range []string{"blmove k to%d left right 0", "blpop k other%d another%d 0", "bzpopmin other%d k 0"} {
			waiting.send(strings.ReplaceAll(blocked, "%d", strconv.Itoa(i)))
			waitBlocked(t, s, 1)
			if strings.HasPrefix(blocked, "bz") {
				c.do("zadd k 1 a")
			} else {
				c.do("rpush k a")
			}
			waiting.read()
		}
	}
	stop <- true
	<-stop
}

// TestMoveToWrongType: who cannot be served has an error, and the element is for the next.
func TestMoveToWrongType(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.expect(t, "set s x", "+OK")
	bad, good := block(t, s, "blmove k s left left 0"), block(t, s, "blmove k l left left 0")
	c.expect(t, "rpush k a", ":1")
	bad.expectRead(t, "-WRONGTYPE Operation against a key holding the wrong kind of value")
	good.expectRead(t, "$a")
}

// TestKilledTakesNothing: what is pushed once CLIENT KILL has answered is not for the one that was killed.
func TestKilledTakesNothing(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	for i := range 50 {
		w := dial(t, s)
		id := w.do("client id")[1:]
		w.send("blpop k 0")
		waitBlocked(t, s, 1)
		c.send("client kill id " + id)
		c.send("rpush k a")
		c.expectRead(t, ":1")
		c.expectRead(t, ":1")
		if got := c.do("lpop k"); got != "$a" {
			t.Fatalf("round %d: the element is gone: %s", i, got)
		}
		waitBlocked(t, s, 0)
		w.conn.Close()
	}
}

// TestUnblock: CLIENT UNBLOCK ends a wait once, and nothing else.
func TestUnblock(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	w := dial(t, s)
	id := w.do("client id")[1:]
	c.expect(t, "client unblock "+id, ":0")
	w.send("blpop k 0")
	waitBlocked(t, s, 1)
	c.expect(t, "client unblock "+id, ":1")
	w.expectRead(t, "*-1")
	w.send("xread block 0 streams k $")
	waitBlocked(t, s, 1)
	c.expect(t, "client unblock "+id+" timeout", ":1")
	w.expectRead(t, "*-1")
	w.send("bzpopmin k 0")
	waitBlocked(t, s, 1)
	c.expect(t, "client unblock "+id+" error", ":1", "client unblock "+id, ":0")
	w.expectRead(t, "-UNBLOCKED client unblocked via CLIENT UNBLOCK")
	w.send("wait 1 0")
	waitBlocked(t, s, 1)
	c.expect(t, "client unblock "+id, ":1")
	w.expectRead(t, ":0")
	w.send("waitaof 0 1 0")
	waitBlocked(t, s, 1)
	c.expect(t, "client unblock "+id, ":1")
	w.expectRead(t, "*2 :0 :0")
	c.expect(t, "rpush k a", ":1")
	w.expect(t, "lpop k", "$a")
	// Those who wait for something else are left alone.
	c.expect(t, "client pause 20 all", "+OK", "client unblock "+id, ":0")
}

// TestPipelineBehindBlock: what a client sends behind a command that waits runs when the wait is over, in order.
func TestPipelineBehindBlock(t *testing.T) {
	s := newServer(t, nil)
	c, w := dial(t, s), dial(t, s)
	w.send("rpush done 0")
	w.send("blpop k 0")
	w.send("rpush done 1")
	w.send("blpop k 0")
	w.send("llen done")
	w.expectRead(t, ":1")
	waitBlocked(t, s, 1)
	c.expect(t, "lrange done 0 -1", "*1 $0", "rpush k a b", ":2")
	w.expectRead(t, "*2 $k $a")
	w.expectRead(t, ":2")
	w.expectRead(t, "*2 $k $b")
	w.expectRead(t, ":2")
}

// TestSilentBlock: CLIENT REPLY counts for replies that come late, too.
func TestSilentBlock(t *testing.T) {
	s := newServer(t, nil)
	c, w := dial(t, s), dial(t, s)
	w.send("client reply skip")
	w.send("blpop k 0")
	w.send("ping 1")
	waitBlocked(t, s, 1)
	c.expect(t, "rpush k a", ":1")
	w.expectRead(t, "$1")
	w.send("client reply off")
	w.send("blpop k 0")
	w.send("client reply on")
	waitBlocked(t, s, 1)
	c.expect(t, "rpush k a", ":1")
	w.expectRead(t, "+OK")
}

// TestBlockRESP3 holds the shapes of replies that come late.
func TestBlockRESP3(t *testing.T) {
	s := newServer(t, nil)
	c, w := dial(t, s), dial(t, s)
	w.do("hello 3")
	f := func(blocked, command, want string) {
		t.Helper()
		w.send(blocked)
		waitBlocked(t, s, 1)
		c.do(command)
		w.expectRead(t, want)
	}
	f("bzpopmin k 0", "zadd k 1.5 a", "*3 $k $a ,1.5")
	f("bzmpop 0 1 k min", "zadd k 1.5 a", "*2 $k *1 *2 $a ,1.5")
	f("xread block 0 streams k $", "xadd k 1-1 f v", "%1 $k *1 *2 $1-1 *2 $f $v")
	w.expect(t, "blpop k2 0.001", "_", "blmove k2 k3 left left 0.001", "_", "xread block 1 streams k $", "_")
}

// TestTimeouts: no client is told before its time, and most are told soon after.
func TestTimeouts(t *testing.T) {
	s := newServer(t, nil)
	median := lateness(t, s)
	for tries := 0; median > 20*time.Millisecond && tries < 4; tries++ {
		median = lateness(t, s) // the machine had other things to do
	}
	if median > 20*time.Millisecond {
		t.Errorf("half of the clients were told more than %v too late", median)
	}
	waitBlocked(t, s, 0)
	if s.store.Waiters() {
		t.Error("somebody is still in a queue")
	}
}

// lateness returns by how much most of some clients were told too late that their time is up.
func lateness(t *testing.T, s *Server) (median time.Duration) {
	const clients = 60
	late := make(chan time.Duration, clients)
	for i := range clients {
		w := dial(t, s)
		d := time.Duration(20+i%10*30) * time.Millisecond
		command := [...]string{"blpop k %v", "bzpopmax k j %v", "blmove k j left right %v", "blmpop %v 1 k left"}[i%4]
		go func() {
			start := time.Now()
			w.send(fmt.Sprintf(command, d.Seconds()))
			if got := w.read(); got != "*-1" {
				t.Errorf("%s: %s", command, got)
			}
			late <- time.Since(start) - d
		}()
	}
	var all []time.Duration
	for range clients {
		all = append(all, <-late)
	}
	slices.Sort(all)
	if all[0] < 0 {
		t.Errorf("a client was told %v too early", -all[0])
	}
	return all[clients/2]
}

// TestTimeoutRace: a push that meets the timeout serves the client or leaves the element, never both or neither.
func TestTimeoutRace(t *testing.T) {
	s := newServer(t, nil)
	c, w := dial(t, s), dial(t, s)
	served := 0
	for i := range 100 {
		w.send("blpop k 0.002")
		time.Sleep(time.Duration(1200+i*16) * time.Microsecond)
		c.do("rpush k a")
		left := c.do("lpop k")
		switch got := w.read(); {
		case got == "*2 $k $a" && left == "$-1":
			served++
		case got != "*-1" || left != "$a":
			t.Fatalf("the client has %s, %s is left", got, left)
		}
	}
	t.Logf("served %d of 100", served)
}

// TestBlockedExpiry: a list that has expired by the time its client is looked after is none.
func TestBlockedExpiry(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	w := block(t, s, "blpop k 0")
	c.expect(t, "multi", "+OK", "rpush k a", "+QUEUED", "pexpire k 2", "+QUEUED", "debug sleep 0.01", "+QUEUED", "exec", "*3 :1 :1 +OK",
		"exists k", ":0")
	waitBlocked(t, s, 1)
	c.expect(t, "rpush k b", ":1")
	w.expectRead(t, "*2 $k $b")
}

// TestBlockedByScript: a client whose command needs what a long script keeps is served when that is done, and so is one
// that waits for what the script pushes.
func TestBlockedByScript(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NumShards = 16 })
	c, scripter := dial(t, s), dial(t, s)
	mover, popper, list := block(t, s, "blmove k kept left right 0"), block(t, s, "blpop kept 0"), block(t, s, "blpop free 0")
	scripter.send(`eval "for i = 1, 3000000 do end return redis.call('rpush', KEYS[1], 'x', 'y')" 1 kept`)
	time.Sleep(20 * time.Millisecond)
	c.expect(t, "rpush free a", ":1")
	list.expectRead(t, "*2 $free $a")
	c.expect(t, "rpush k a", ":1")
	scripter.expectRead(t, ":2")
	popper.expectRead(t, "*2 $kept $x")
	mover.expectRead(t, "$a")
	c.expect(t, "lrange kept 0 -1", "*2 $y $a", "exists k", ":0")
}

// TestBlockedReload: DEBUG RELOAD removes all keys and brings them back, which those who wait do not notice.
func TestBlockedReload(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.expect(t, "xgroup create x g $ mkstream", "+OK", "rpush l a", ":1")
	list, group := block(t, s, "blpop k 0"), block(t, s, "xreadgroup group g c block 0 streams x >")
	c.expect(t, "debug reload", "+OK")
	time.Sleep(30 * time.Millisecond) // the background has looked
	waitBlocked(t, s, 2)
	c.expect(t, "rpush k a", ":1", "xadd x 1-1 f v", "$1-1")
	list.expectRead(t, "*2 $k $a")
	group.expectRead(t, "*1 *2 $x *1 *2 $1-1 *2 $f $v")
}

// TestBlockedPutOff: a client whose key the snapshot has still to write is served when that is done; it keeps its turn.
func TestBlockedPutOff(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NumShards, c.CompressionMode = 1, config.CompressNone })
	c := dial(t, s)
	for i := range 30 {
		var b strings.Builder
		b.WriteString("rpush big")
		for j := range 1000 {
			fmt.Fprintf(&b, " element:%040d", i*1000+j)
		}
		c.do(b.String())
	}
	first, second := block(t, s, "blmove k big left left 0"), block(t, s, "blpop k 0")
	c.expect(t, "config set snapshot_egress_limit_bytes 4000000", "+OK")
	saver := dial(t, s)
	saver.send("save")
	for !s.store.Snapshotting() {
		time.Sleep(time.Millisecond)
	}
	c.expect(t, "rpush k a b", ":2")
	saver.expectRead(t, "+OK")
	first.expectRead(t, "$a")
	second.expectRead(t, "*2 $k $b")
	c.expect(t, "llen big", ":30001", "exists k", ":0")
}

// TestBlockedStats: a call counts when its wait is over, as a failure if it ended in an error, and is logged as it was
// sent, with the time for which it ran.
func TestBlockedStats(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.expect(t, "config set slowlog-log-slower-than 0", "+OK", "xadd x 1-1 f v", "$1-1")
	w := block(t, s, "xread block 0 streams x $")
	if got := c.do("info commandstats"); strings.Contains(got, "cmdstat_xread:") {
		t.Errorf("counted before its end: %s", got)
	}
	group := block(t, s, "bzpopmin a b c 100")
	got := c.do("info clients")
	for _, want := range []string{"blocked_clients:2\r\n", "total_blocking_keys:4\r\n", "total_blocking_keys_on_nokey:0\r\n",
		"clients_in_timeout_table:1\r\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	group.conn.Close()
	waitBlocked(t, s, 1)
	if got := c.do("client list"); !strings.Contains(got, " flags=b ") || !strings.Contains(got, "cmd=xread ") {
		t.Error(got)
	}
	time.Sleep(20 * time.Millisecond)
	c.expect(t, "slowlog reset", "+OK", "xadd x 2-1 f v", "$2-1")
	w.read()
	log := c.do("slowlog get 1")
	var id, unix, us int
	if _, err := fmt.Sscanf(log, "*1 *6 :%d :%d :%d", &id, &unix, &us); err != nil || us > 15_000 || !strings.Contains(log, "*6 $xread $block $0 $streams $x $$") {
		t.Error(log, err)
	}
	c.expect(t, "xgroup create x g $", "+OK")
	w = block(t, s, "xreadgroup group g c block 0 streams x >")
	if got := c.do("info clients"); !strings.Contains(got, "total_blocking_keys_on_nokey:1\r\n") {
		t.Error(got)
	}
	c.expect(t, "del x", ":1")
	w.read()
	if got := c.do("info clients"); !strings.Contains(got, "total_blocking_keys:0\r\n") || !strings.Contains(got, "_on_nokey:0\r\n") {
		t.Error(got)
	}
	stats := c.do("info commandstats")
	for _, want := range []string{"cmdstat_xread:calls=1,", "cmdstat_xreadgroup:calls=1,"} {
		if !strings.Contains(stats, want) {
			t.Errorf("no %s in %s", want, stats)
		}
	}
	if line := stats[strings.Index(stats, "cmdstat_xreadgroup:"):]; !strings.Contains(line[:strings.Index(line, "\r")], "failed_calls=1") {
		t.Error(line)
	}
	if got := c.do("info errorstats"); !strings.Contains(got, "errorstat_UNBLOCKED:count=1") {
		t.Error(got)
	}
}

// TestCloseWithBlocked: a server ends without waiting for those who wait.
func TestCloseWithBlocked(t *testing.T) {
	s := newServer(t, nil)
	for range 20 {
		block(t, s, "blpop k 0")
	}
	start := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("Close took %v", took)
	}
}

// TestBlockedCost: a client that waits costs no goroutine and little memory, and thousands that wait for one key do not
// hold up a loop.
func TestBlockedCost(t *testing.T) {
	clients := countOf(t, "BLOCKED", 1000)
	s := newServer(t, func(c *config.Config) { c.Port, c.Bind = -1, "127.0.0.1" })
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	waiting := make([]*wire, clients)
	for i := range waiting {
		waiting[i] = overTCP(t, s)
		if i%100 == 99 {
			waiting[i].do("ping")
		}
	}
	memory := func() (heap int64) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	goroutines, heap := runtime.NumGoroutine(), memory()
	for _, w := range waiting {
		w.send("blpop queue:high queue:low 100")
	}
	waitBlocked(t, s, int64(clients))
	if n := runtime.NumGoroutine() - goroutines; n > 5 {
		t.Errorf("%d goroutines more", n)
	}
	if each := (memory() - heap) / int64(clients); each > 1500 {
		t.Errorf("a client that waits takes %d bytes", each)
	} else {
		t.Logf("a client that waits takes %d bytes", each)
	}
	c := dial(t, s)
	slowest := time.Duration(0)
	for i := range 200 {
		start := time.Now()
		c.do("rpush queue:low " + strconv.Itoa(i))
		if i == 100 {
			c.do("flushall")
		}
		slowest = max(slowest, time.Since(start))
	}
	waitBlocked(t, s, int64(clients)-200)
	if slowest > 100*time.Millisecond {
		t.Errorf("a push took %v", slowest)
	}
}
