package pubsub

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dragonfly/server/reactor"
)

// opener is a handler that tells of new connections.
type opener struct{ opened chan *reactor.Conn }

func (o opener) Open(c *reactor.Conn) bool         { o.opened <- c; return true }
func (opener) Data(_ *reactor.Conn, in []byte) int { return len(in) }
func (opener) Close(*reactor.Conn, error)          {}
func (opener) Tick(_ *reactor.Loop, _ time.Time)   {}

// hall is a group with subscribers.
type hall struct {
	t     testing.TB
	group *reactor.Group
	h     opener
	reg   *Registry
}

func newHall(t testing.TB, loops int) *hall {
	t.Helper()
	h := &hall{t: t, h: opener{make(chan *reactor.Conn, 1)}, reg: New()}
	g, err := reactor.New(loops, h.h, reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h.group = g
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := g.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return h
}

// listener is one subscriber and the other end of its connection.
type listener struct {
	*Subscriber
	t  testing.TB
	nc net.Conn
	r  *bufio.Reader
}

// join connects a subscriber.
func (h *hall) join() *listener {
	h.t.Helper()
	nc, err := h.group.DialInMemory()
	if err != nil {
		h.t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	h.t.Cleanup(func() { nc.Close() })
	l := &listener{Subscriber: &Subscriber{}, t: h.t, nc: nc, r: bufio.NewReader(nc)}
	l.Init(h.reg, <-h.h.opened)
	return l
}

// do runs fn on the loop of the subscriber.
func (l *listener) do(fn func()) {
	done := make(chan int)
	l.conn.Loop().Post(func() { fn(); close(done) })
	<-done
}

func (l *listener) subscribe(kind Kind, proto int, names ...string) {
	l.do(func() {
		for _, name := range names {
			l.Subscribe(kind, []byte(name), proto)
		}
	})
}

func (l *listener) unsubscribe(kind Kind, names ...string) {
	l.do(func() {
		for _, name := range names {
			l.Unsubscribe(kind, []byte(name))
		}
	})
}

// expect reads messages, written with blanks for line ends.
func (l *listener) expect(want string) {
	l.t.Helper()
	want = strings.ReplaceAll(want, " ", "\r\n") + "\r\n"
	got := make([]byte, len(want))
	if n, err := io.ReadFull(l.r, got); err != nil || string(got) != want {
		l.t.Fatalf("got %q, %v; want %q", got[:n], err, want)
	}
}

// publish sends a message and compares the number of receivers.
func (h *hall) publish(kind Kind, channel, payload string, want int) {
	h.t.Helper()
	if n, _ := h.reg.Publish(kind, []byte(channel), []byte(payload)); n != want {
		h.t.Errorf("%q on %q reaches %d, not %d", payload, channel, n, want)
	}
}

func TestMessages(t *testing.T) {
	h := newHall(t, 2)
	a, b := h.join(), h.join()
	a.subscribe(Channel, 2, "c1", "c2")
	b.subscribe(Channel, 3, "c1")
	b.subscribe(Pattern, 3, "c*", "*")
	b.subscribe(Shard, 3, "c1")
	h.publish(Channel, "c1", "hello", 4)
	h.publish(Channel, "c2", "", 3)
	h.publish(Channel, "d", "x", 1)
	h.publish(Channel, "", "x", 0)
	h.publish(Shard, "c1", "s", 1)
	h.publish(Shard, "c2", "s", 0)
	a.expect("*3 $7 message $2 c1 $5 hello")
	a.expect("*3 $7 message $2 c2 $0 ")
	b.expect(">3 $7 message $2 c1 $5 hello")
	b.expect(">4 $8 pmessage $2 c* $2 c1 $5 hello")
	b.expect(">4 $8 pmessage $1 * $2 c1 $5 hello")
	b.expect(">4 $8 pmessage $2 c* $2 c2 $0 ")
	b.expect(">4 $8 pmessage $1 * $2 c2 $0 ")
	b.expect(">4 $8 pmessage $1 * $1 d $1 x")
	b.expect(">3 $8 smessage $2 c1 $1 s")

	b.unsubscribe(Pattern, "*", "nosuch")
	b.do(func() { b.SetProto(2) })
	h.publish(Channel, "c1", "y", 3)
	b.expect("*3 $7 message $2 c1 $1 y")
	b.expect("*4 $8 pmessage $2 c* $2 c1 $1 y")
}

func TestCounts(t *testing.T) {
	h := newHall(t, 2)
	a, b := h.join(), h.join()
	check := func(channels, patterns, shards, subscribers int) {
		t.Helper()
		if c, p, s, n := h.reg.Count(Channel), h.reg.Count(Pattern), h.reg.Count(Shard), h.reg.Subscribers(); c != channels ||
			p != patterns || s != shards || n != subscribers {
			t.Errorf("%d channels, %d patterns, %d shard channels, %d subscribers; want %d %d %d %d", c, p, s, n, channels, patterns, shards, subscribers)
		}
		if heard := channels+patterns > 0; h.reg.Heard() != heard {
			t.Errorf("heard: %v", !heard)
		}
	}
	check(0, 0, 0, 0)
	a.subscribe(Channel, 2, "x", "y", "x")
	b.subscribe(Channel, 2, "x")
	check(2, 0, 0, 2)
	a.subscribe(Pattern, 2, "p*", "x")
	b.subscribe(Pattern, 2, "p*")
	a.subscribe(Shard, 2, "x")
	check(2, 2, 1, 2)
	if n := h.reg.Audience(Channel, []byte("x")); n != 2 {
		t.Errorf("%d subscribers of x", n)
	}
	if n := h.reg.Audience(Shard, []byte("y")); n != 0 {
		t.Errorf("%d subscribers of shard channel y", n)
	}
	if a.Count(Channel) != 2 || a.Count(Pattern) != 2 || a.Count(Shard) != 1 || !a.Active() {
		t.Error("wrong counts of a")
	}
	if got := a.Names(Pattern); !slices.Equal(got, []string{"p*", "x"}) {
		t.Errorf("patterns of a: %q", got)
	}
	names := func(pattern []byte) string {
		list := h.reg.Names(Channel, pattern)
		slices.SortFunc(list, func(a, b []byte) int { return cmp.Compare(string(a), string(b)) })
		return fmt.Sprintf("%s", list)
	}
	if got := names(nil) + names([]byte("[xz]")); got != "[x y][x]" {
		t.Error(got)
	}
	a.do(a.Close)
	a.do(a.Close)
	check(1, 1, 0, 1)
	if a.Active() || len(a.Names(Channel)) != 0 {
		t.Error("a is still active")
	}
	b.unsubscribe(Channel, "x", "x")
	b.unsubscribe(Pattern, "p*")
	check(0, 0, 0, 0)
	a.subscribe(Channel, 3, "again")
	h.publish(Channel, "again", "m", 1)
	a.expect(">3 $7 message $5 again $1 m")
}

// TestAudience holds the chunks of a big audience against a plain list.
func TestAudience(t *testing.T) {
	h := newHall(t, 1)
	const all = 3 * maxChunk
	conns := make([]*reactor.Conn, 0, all)
	for range all {
		nc, err := h.group.DialInMemory()
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		conns = append(conns, <-h.h.opened)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var a audience
	in := map[*reactor.Conn]bool{}
	for step := range 40_000 {
		c := conns[rng.IntN(all)]
		grow := step < 20_000
		switch {
		case !in[c] && (grow || rng.IntN(4) == 0):
			a.add(c, 2)
			in[c] = true
		case in[c] && (!grow || rng.IntN(4) == 0):
			a.remove(c, 2)
			delete(in, c)
		}
		if step%100 != 0 && step != 20_000 {
			continue
		}
		var list []*reactor.Conn
		for _, p := range a.parts {
			for _, chunk := range p.chunks {
				if len(chunk) == 0 || len(chunk) > maxChunk {
					t.Fatalf("a chunk of %d", len(chunk))
				}
				list = append(list, chunk...)
			}
		}
		if !slices.IsSortedFunc(list, byID) || len(list) != len(in) || a.count != len(in) {
			t.Fatalf("step %d: %d in the list, count %d, want %d", step, len(list), a.count, len(in))
		}
		for _, c := range list {
			if !in[c] {
				t.Fatal("one who has left")
			}
		}
		if step == 20_000 && len(a.parts[0].chunks) < 3 {
			t.Fatalf("%d chunks for %d", len(a.parts[0].chunks), len(in))
		}
	}
}

// TestConcurrent: publishers and people who come and go. Who has subscribed gets everything that is published afterwards, of each publisher
// in its order, until it unsubscribes.
func TestConcurrent(t *testing.T) {
	h := newHall(t, 2)
	var wg, rest sync.WaitGroup
	stop := make(chan int)
	for range 4 { // they come and go
		l := h.join()
		rest.Go(func() { io.Copy(io.Discard, l.nc) })
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(5, 6))
			for {
				select {
				case <-stop:
					l.do(l.Close)
					l.nc.Close()
					return
				default:
				}
				name := fmt.Sprint("c", rng.IntN(4))
				l.subscribe(Channel, 2+rng.IntN(2), name)
				l.subscribe(Pattern, 2+rng.IntN(2), name[:1]+"*")
				l.unsubscribe(Channel, name)
				l.unsubscribe(Pattern, name[:1]+"*")
			}
		})
	}
	const publishers, messages = 4, 2000
	var listeners []*listener
	for i := range 6 {
		l := h.join()
		if i%2 == 0 {
			l.subscribe(Channel, 2, "c0", "c1", "c2", "c3")
		} else {
			l.subscribe(Pattern, 2, "c?")
		}
		listeners = append(listeners, l)
	}
	for p := range publishers {
		rest.Go(func() {
			for i := range messages {
				h.reg.Publish(Channel, fmt.Append(nil, "c", p), fmt.Append(nil, i))
			}
		})
	}
	for _, l := range listeners {
		var next [publishers]int
		for range publishers * messages {
			n := 0
			var words []string
			for n = 7; len(words) < n; {
				line, err := l.r.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				if words = append(words, strings.TrimSpace(line)); words[0] == "*4" {
					n = 9
				}
			}
			var p, i int
			fmt.Sscan(words[n-3][1:], &p)
			fmt.Sscan(words[n-1], &i)
			if i != next[p] {
				t.Fatalf("publisher %d: %d after %d", p, i, next[p])
			}
			next[p]++
		}
	}
	close(stop)
	wg.Wait()
	rest.Wait()
	if n := h.reg.Subscribers(); n != len(listeners) {
		t.Errorf("%d subscribers are left", n)
	}
}

// TestNobody: a message for nobody costs the heap nothing.
func TestNobody(t *testing.T) {
	h := newHall(t, 1)
	l := h.join()
	l.subscribe(Channel, 2, "x")
	l.subscribe(Pattern, 2, "x*y")
	channel, payload := []byte("__keyspace@0__:key"), []byte("set")
	if n := testing.AllocsPerRun(100, func() { h.reg.Publish(Channel, channel, payload) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, listeners := range []int{0, 1, 100} {
		b.Run(fmt.Sprint(listeners), func(b *testing.B) {
			h := newHall(b, 1)
			for range listeners {
				l := h.join()
				l.subscribe(Channel, 2, "channel")
				go io.Copy(io.Discard, l.nc)
			}
			channel, payload := []byte("channel"), make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, behind := h.reg.Publish(Channel, channel, payload); behind != nil {
					done := make(chan int)
					behind.Post(func() { close(done) })
					<-done
				}
			}
		})
	}
}
