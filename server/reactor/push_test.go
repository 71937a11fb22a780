package reactor

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// lossy is a transport that takes as much as it is told to.
type lossy struct {
	room int
	got  []byte
}

func (t *lossy) start() error             { return nil }
func (t *lossy) idle() bool               { return true }
func (t *lossy) rest(_, _ bool) error     { return nil }
func (t *lossy) awaitWritable(bool) error { return nil }
func (t *lossy) close(bool)               {}
func (t *lossy) fd() int                  { return -1 }

func (t *lossy) send(b []byte) (int, error) {
	n := min(len(b), t.room)
	t.room -= n
	t.got = append(t.got, b[:n]...)
	return n, nil
}

// TestPendingOrder mixes own and shared output of all sizes, for a peer that takes now nothing, now a bit, now all: what arrives is what was
// written, in order, and what is kept is counted right.
func TestPendingOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	l := &Loop{out: make([]byte, 0, replySize)}
	for round := range 30 {
		tr := &lossy{}
		c := &Conn{loop: l, tr: tr, slot: 0, low: -1}
		var want []byte
		for step := range 60 {
			size := []int{1, 30, 500, 5000, gatherMax, gatherSize, 200_000}[rng.IntN(7)]
			b := bytes.Repeat([]byte{byte(step)}, 1+rng.IntN(size))
			switch rng.IntN(6) {
			case 0:
				c.Out = append(l.out, b...)
				c.Flush()
				l.takeBack(c.Out)
				want = append(want, b...)
			case 1:
				c.appendPending(b)
				c.checkLimits()
				want = append(want, b...)
			case 2, 3:
				c.pushed(b)
				want = append(want, b...)
			case 4:
				tr.room = rng.IntN(2 * size)
				c.sendPending()
			case 5:
				tr.room = []int{0, 1 << 30}[rng.IntN(2)]
				c.sendPending()
			}
			if kept := len(want) - len(tr.got); c.Pending() != kept {
				t.Fatalf("round %d: %d bytes are pending, not %d", round, c.Pending(), kept)
			}
			if c.blocked && c.Backlog() != int64(c.Pending()) || !c.blocked && c.Backlog() != 0 {
				t.Fatalf("round %d: a backlog of %d bytes for %d, blocked is %v", round, c.Backlog(), c.Pending(), c.blocked)
			}
			if l.Backlog() != c.Backlog() {
				t.Fatalf("round %d: a backlog of %d bytes, %d in the loop", round, c.Backlog(), l.Backlog())
			}
		}
		tr.room = 1 << 30
		c.sendPending()
		if !bytes.Equal(tr.got, want) || c.pend != nil || c.shared.size != 0 || cap(c.shared.list) > maxKeptRow {
			t.Fatalf("round %d: %d bytes arrived, %d were sent", round, len(tr.got), len(want))
		}
		l.dirty, l.flushed = nil, 0
	}
}

// subscribers connects clients of one loop.
func subscribers(t testing.TB, g *Group, s *script, how string, count int) (clients []net.Conn, conns []*Conn) {
	t.Helper()
	for i := range count {
		nc := dial(t, g, how)
		name := fmt.Sprint(i)
		send1(t, nc, "name "+name+"\n")
		<-s.named
		clients, conns = append(clients, nc), append(conns, s.conn(name))
	}
	return clients, conns
}

// TestPushAll: everybody gets every message, in the order of each sender, together with what comes on other ways.
func TestPushAll(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 1, s, Options{})
		clients, conns := subscribers(t, g, s, how, 20)
		half := conns[:10]
		const posters, each = 4, 300
		for p := range posters {
			go func() {
				for i := range each {
					line := fmt.Appendf(nil, "%d %d %s\n", p, i, strings.Repeat("x", i%7*100))
					l := conns[0].Loop()
					switch i % 3 {
					case 0:
						l.PushAll(half, line)
						l.PushAll(conns[10:], line)
					case 1:
						l.PushAll(conns, line)
					default:
						for _, c := range conns {
							if p%2 == 0 {
								c.Push(line)
							} else {
								c.Post(func(c *Conn) { c.Out = append(c.Out, line...) })
							}
						}
					}
				}
			}()
		}
		for n, nc := range clients {
			var next [posters]int
			r := bufio.NewReader(nc)
			for range posters * each {
				line, err := r.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				var p, i int
				fmt.Sscan(line, &p, &i)
				if next[p] != i {
					t.Fatalf("client %d, poster %d: %d after %d", n, p, i, next[p])
				}
				next[p]++
			}
		}
		eventually(t, "the queue to be accounted for", func() bool { return conns[0].Loop().behind.Load() == 0 })
	})
}

// TestPushAllSlow: one of the subscribers reads nothing. It is closed at its limit; the others get everything, and what is sent to all is not
// copied for each.
func TestPushAllSlow(t *testing.T) {
	s := newScript()
	g := start(t, 1, s, Options{})
	clients, conns := subscribers(t, g, s, "tcp", 50)
	send1(t, clients[0], "limit 8000000 0 0\n")
	send1(t, clients[0], "echo x\n")
	expect(t, clients[0], "x\n")
	for _, nc := range clients[2:] {
		go io.Copy(io.Discard, nc)
	}
	l := conns[0].Loop()
	message := bytes.Repeat([]byte("m"), 100_000)
	r := bufio.NewReader(clients[1])
	got := make([]byte, len(message))
	for range 300 {
		l.PushAll(conns, message)
		if _, err := io.ReadFull(r, got); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-s.ended; !errors.Is(err, ErrOutputLimit) {
		t.Errorf("closed with %v", err)
	}
	if n := g.Current(); n != int64(len(conns))-1 {
		t.Errorf("%d connections are left", n)
	}
}

// TestPushAllShares: slow subscribers hold a message in common.
func TestPushAllShares(t *testing.T) {
	s := newScript()
	g := start(t, 1, s, Options{})
	_, conns := subscribers(t, g, s, "memory", 100)
	l := conns[0].Loop()
	for range 100 {
		l.PushAll(conns, bytes.Repeat([]byte("m"), 100_000))
	}
	done := make(chan int64)
	l.Post(func() {
		pending := int64(0)
		for _, c := range conns {
			pending += int64(c.Pending())
		}
		done <- pending
	})
	if n := <-done; n < 900<<20 {
		t.Errorf("%d bytes are pending", n)
	}
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	if mem.HeapAlloc > 100<<20 {
		t.Errorf("%d MB of heap", mem.HeapAlloc>>20)
	}
}

// TestPushAllBehind: a loop that is busy says so, and that it has caught up.
func TestPushAllBehind(t *testing.T) {
	s := newScript()
	g := start(t, 1, s, Options{})
	clients, conns := subscribers(t, g, s, "memory", 10)
	for _, nc := range clients {
		go io.Copy(io.Discard, nc)
	}
	l := conns[0].Loop()
	release, entered := make(chan int), make(chan int)
	l.Post(func() { entered <- 1; <-release })
	<-entered
	message := make([]byte, 1000)
	sent := 0
	for !l.PushAll(conns, message) {
		sent++
	}
	if want := farBehind / (10 * (1000 + postCost)); sent != want {
		t.Errorf("behind after %d messages, not %d", sent, want)
	}
	queued := make(chan bool, 1)
	l.Post(func() { queued <- l.Queued() })
	if !l.Post(func() { queued <- l.Queued() }) {
		t.Error("the loop has ended")
	}
	close(release)
	if first, last := <-queued, <-queued; !first || last {
		t.Errorf("something is queued: %v with a function to come, %v behind it", first, last)
	}
	if l.PushAll(conns, message) {
		t.Error("still behind")
	}
}

// TestPushAllYields: between the writes to many subscribers, a loop answers others.
func TestPushAllYields(t *testing.T) {
	s := newScript()
	g := start(t, 1, s, Options{})
	clients, conns := subscribers(t, g, s, "memory", 10*flushSlice)
	l := conns[0].Loop()
	dirty := make(chan []int, 1)
	l.Post(func() {
		l.PushAll(conns, []byte("hello\n"))
		var left []int
		var look func()
		look = func() {
			left = append(left, len(l.dirty)-l.flushed)
			if len(left) < 12 {
				l.Post(look)
				return
			}
			dirty <- left
		}
		l.Post(look)
	})
	for i, n := range <-dirty {
		if want := max(0, 10-i) * flushSlice; n != want {
			t.Errorf("%d connections to write to in turn %d, not %d", n, i, want)
		}
	}
	for _, nc := range clients {
		expect(t, nc, "hello\n")
	}
}

// BenchmarkPushAll sends messages of 100 bytes to 1,000 sockets.
func BenchmarkPushAll(b *testing.B) {
	for _, batch := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			s := newScript()
			g := start(b, 1, s, Options{})
			var conns []*Conn
			at, err := g.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			for i := range 1000 {
				nc, err := net.Dial("tcp", at.String())
				if err != nil {
					b.Fatal(err)
				}
				defer nc.Close()
				name := fmt.Sprint("b", i)
				send1(b, nc, "name "+name+"\n")
				<-s.named
				conns = append(conns, s.conn(name))
				go io.Copy(io.Discard, nc)
			}
			l := conns[0].Loop()
			message := bytes.Repeat([]byte("m"), 100)
			b.ReportAllocs()
			b.ResetTimer()
			done := make(chan int)
			for range b.N {
				behind := false
				for range batch {
					behind = l.PushAll(conns, message) || behind
				}
				if behind {
					l.Post(func() { done <- 1 })
					<-done
				}
			}
			for sent := false; !sent; time.Sleep(time.Millisecond) {
				l.Post(func() { sent = len(l.dirty) == 0; done <- 1 })
				<-done
			}
			b.ReportMetric(float64(b.N*batch*len(conns))/b.Elapsed().Seconds(), "delivered/s")
		})
	}
}
