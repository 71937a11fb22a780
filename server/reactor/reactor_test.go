package reactor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// script is a handler of lines. It answers "echo X" with X, and knows words that exercise the loop; see Data.
type script struct {
	open   func(c *Conn) bool
	tick   func(l *Loop)
	closed func(c *Conn, err error)

	opens, closes atomic.Int64

	mu    sync.Mutex
	conns map[string]*Conn // guarded by mu: by the name a client gave itself
	named chan string      // names, as they are given
	ended chan error       // what Close was told, when somebody may want to know
}

func newScript() *script {
	return &script{conns: make(map[string]*Conn), named: make(chan string, 10000), ended: make(chan error, 10000)}
}

func (s *script) Open(c *Conn) bool {
	s.opens.Add(1)
	if s.open != nil {
		return s.open(c)
	}
	return true
}

func (s *script) Close(c *Conn, err error) {
	s.closes.Add(1)
	if s.closed != nil {
		s.closed(c, err)
	}
	s.ended <- err
}

func (s *script) Tick(l *Loop, _ time.Time) {
	if s.tick != nil {
		s.tick(l)
	}
}

func (s *script) Data(c *Conn, in []byte) int {
	used := 0
	for {
		i := bytes.IndexByte(in[used:], '\n')
		if i < 0 {
			return used
		}
		line := string(in[used : used+i])
		used += i + 1
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "echo":
			c.Out = append(append(c.Out, rest...), '\n')
		case "name":
			s.mu.Lock()
			s.conns[rest] = c
			s.mu.Unlock()
			s.named <- rest
		case "park":
			c.Park()
			return used
		case "wait":
			c.ParkWatched()
			return used
		case "big": // a reply of that many bytes, in pieces
			var n int
			fmt.Sscan(rest, &n)
			for n > 0 {
				piece := min(n, 100_000)
				c.Out = append(c.Out, bytes.Repeat([]byte("x"), piece)...)
				n -= piece
				if len(c.Out) > 1<<20 && !c.Flush() {
					return used
				}
			}
		case "slow": // a line of 100000 bytes, then wait until it is sent
			c.Out = append(c.Out, strings.Repeat("s", 99_999)+"\n"...)
			c.ParkUntilSent(1000)
			return used
		case "limit":
			var hard, soft, ms int64
			fmt.Sscan(rest, &hard, &soft, &ms)
			c.SetOutputLimits(hard, soft, time.Duration(ms)*time.Millisecond)
		case "quit":
			c.Out = append(c.Out, "bye\n"...)
			c.CloseAfterFlush()
			return used
		default:
			panic("unknown word " + line)
		}
	}
}

func (s *script) conn(name string) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[name]
}

// start runs a group until the end of the test, and then holds that nothing of it is left.
func start(t testing.TB, loops int, h Handler, opts Options) *Group {
	t.Helper()
	before := runtime.NumGoroutine()
	g, err := New(loops, h, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := g.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if n := g.Current(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		if s, ok := h.(*script); ok && s.opens.Load() != s.closes.Load() {
			t.Errorf("%d opened, %d closed", s.opens.Load(), s.closes.Load())
		}
		eventually(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	})
	return g
}

// eventually waits for a condition that no event tells of.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("waited in vain for %s\n%s", what, buf[:runtime.Stack(buf, true)])
		}
	}
}

// dialers are the ways to a group.
var dialers = []string{"tcp", "unix", "memory", "pipe"}

// dial connects to g in one of these ways.
func dial(t testing.TB, g *Group, how string) net.Conn {
	t.Helper()
	var nc net.Conn
	var err error
	switch how {
	case "memory":
		nc, err = g.DialInMemory()
	case "pipe":
		var server net.Conn
		nc, server = net.Pipe()
		err = g.Serve(server)
	default:
		addr := "127.0.0.1:0"
		if how == "unix" {
			addr = filepath.Join(t.TempDir(), "s")
		}
		var at net.Addr
		if at, err = g.Listen(how, addr); err == nil {
			nc, err = net.Dial(how, at.String())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	return nc
}

func closeWrite(t testing.TB, nc net.Conn) {
	t.Helper()
	if err := nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

func send1(t testing.TB, nc net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(nc, s); err != nil {
		t.Fatal(err)
	}
}

func expect(t testing.TB, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("got %.100q, %v; want %.100q", got[:n], err, want)
	}
}

func expectEOF(t testing.TB, r io.Reader) {
	t.Helper()
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("got %d bytes, %v; want the end", n, err)
	}
}

// each runs f for every transport.
func each(t *testing.T, f func(t *testing.T, how string)) {
	for _, how := range dialers {
		t.Run(how, func(t *testing.T) { f(t, how) })
	}
}

func TestEcho(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 2, s, Options{})
		nc := dial(t, g, how)
		for i := range 100 {
			send1(t, nc, fmt.Sprintf("echo %d\n", i))
			expect(t, nc, fmt.Sprintf("%d\n", i))
		}
		send1(t, nc, "quit\n")
		expect(t, nc, "bye\n")
		expectEOF(t, nc)
		if err := <-s.ended; err != nil {
			t.Errorf("closed with %v", err)
		}
		if g.Accepted() != 1 {
			t.Errorf("%d accepted", g.Accepted())
		}
	})
}

func TestAddresses(t *testing.T) {
	s := newScript()
	g := start(t, 2, s, Options{})
	for _, how := range dialers {
		nc := dial(t, g, how)
		send1(t, nc, "name "+how+"\n")
		<-s.named
		c := s.conn(how)
		switch how {
		case "tcp":
			if c.RemoteAddr() != nc.LocalAddr().String() || c.LocalAddr() != nc.RemoteAddr().String() || c.IsUnix() {
				t.Errorf("%s %s %d", c.RemoteAddr(), c.LocalAddr(), c.FD())
			}
		case "unix":
			if want := nc.RemoteAddr().String() + ":0"; c.RemoteAddr() != want || c.LocalAddr() != want || !c.IsUnix() {
				t.Errorf("%s %s, want %s", c.RemoteAddr(), c.LocalAddr(), want)
			}
		case "memory":
			if c.RemoteAddr() != "memory:0" || c.FD() != -1 || c.IsUnix() {
				t.Errorf("%s %d", c.RemoteAddr(), c.FD())
			}
		}
		if c.ID() == 0 {
			t.Error("no id")
		}
	}
}

// TestFragments sends a pipeline byte by byte, and as one write far beyond every buffer.
func TestFragments(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		g := start(t, 1, newScript(), Options{})
		nc := dial(t, g, how)
		text := "echo a\necho bc\necho \n"
		go func() {
			for i := range len(text) {
				io.WriteString(nc, text[i:i+1])
			}
		}()
		expect(t, nc, "a\nbc\n\n")

		big := strings.Repeat("z", 1_000_000)
		go io.WriteString(nc, strings.Repeat("echo "+big+"\n", 5)+strings.Repeat("echo q\n", 100_000))
		expect(t, nc, strings.Repeat(big+"\n", 5)+strings.Repeat("q\n", 100_000))
	})
}

// TestHalfClose is `printf … | nc`: the client is done writing before the first reply.
func TestHalfClose(t *testing.T) {
	for _, how := range []string{"tcp", "unix", "memory"} {
		t.Run(how, func(t *testing.T) {
			s := newScript()
			g := start(t, 1, s, Options{})
			nc := dial(t, g, how)
			var in, want strings.Builder
			for i := range 20_000 {
				fmt.Fprintf(&in, "echo %d\n", i)
				fmt.Fprintf(&want, "%d\n", i)
			}
			in.WriteString("big 30000000\necho unfinished")
			want.WriteString(strings.Repeat("x", 30_000_000))
			send1(t, nc, in.String())
			closeWrite(t, nc)
			got, err := io.ReadAll(nc)
			if err != nil || string(got) != want.String() {
				t.Fatalf("%d bytes of %d, %v", len(got), want.Len(), err)
			}
			if err := <-s.ended; err != nil {
				t.Errorf("closed with %v", err)
			}
		})
	}
}

// TestHalfCloseParked: a slow command is answered although its client is done writing; a watched one is given up.
func TestHalfCloseParked(t *testing.T) {
	for _, how := range []string{"tcp", "unix", "memory"} {
		t.Run(how, func(t *testing.T) {
			s := newScript()
			g := start(t, 1, s, Options{})
			nc := dial(t, g, how)
			send1(t, nc, "name a\npark\necho after\n")
			closeWrite(t, nc)
			<-s.named
			c := s.conn("a")
			done := make(chan int)
			c.Post(func(c *Conn) { done <- 0 })
			<-done
			if how == "tcp" {
				// Twenty turns of the loop, in which the hang-up could be mistaken for the end.
				for range 20 {
					c.Loop().Post(func() { done <- 0 })
					<-done
				}
			}
			c.Post(func(c *Conn) {
				c.Out = append(c.Out, "slept\n"...)
				c.Resume()
			})
			got, err := io.ReadAll(nc)
			if string(got) != "slept\nafter\n" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			<-s.ended

			nc = dial(t, g, how)
			send1(t, nc, "name b\nwait\n")
			<-s.named
			closeWrite(t, nc)
			if err := <-s.ended; err != nil {
				t.Errorf("closed with %v", err)
			}
			expectEOF(t, nc)
			s.conn("b").Resume() // too late, and harmless
		})
	}
}

func TestParkResume(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 2, s, Options{})
		nc := dial(t, g, how)
		for i := range 50 {
			go io.WriteString(nc, fmt.Sprintf("name a\npark\necho %d\nwait\necho again\n", i))
			<-s.named
			c := s.conn("a")
			c.Push([]byte("push\n")) // output flows while the connection is parked
			expect(t, nc, "push\n")
			c.Resume()
			expect(t, nc, fmt.Sprintf("%d\n", i))
			c.Resume()
			expect(t, nc, "again\n")
		}
	})
}

// TestParkStopsReading: a parked connection takes a bounded amount of what its peer goes on sending.
func TestParkStopsReading(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 1, s, Options{})
		nc := dial(t, g, how)
		send1(t, nc, "name a\npark\n")
		<-s.named
		line := "echo " + strings.Repeat("y", 10_000) + "\n"
		sent := make(chan int)
		go func() {
			n := 0
			for n < 5000 {
				nc.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
				if _, err := io.WriteString(nc, line); err != nil {
					break
				}
				n++
			}
			sent <- n
		}()
		if n := <-sent; n == 5000 {
			t.Error("50 MB were taken")
		}
		unread := make(chan int)
		s.conn("a").Post(func(c *Conn) { unread <- c.Unread() })
		if n := <-unread; n > 2*readSize {
			t.Errorf("%d bytes are kept", n)
		}
		s.conn("a").Kill(nil)
		<-s.ended
	})
}

func TestParkUntilSent(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 1, s, Options{})
		nc := dial(t, g, how)
		const lines = 300
		go io.WriteString(nc, "name a\n"+strings.Repeat("slow\n", lines))
		<-s.named
		pending := make(chan int)
		s.conn("a").Post(func(c *Conn) { pending <- c.Pending() })
		if n := <-pending; n > 100_000 {
			t.Errorf("%d bytes are pending", n)
		}
		expect(t, nc, strings.Repeat(strings.Repeat("s", 99_999)+"\n", lines))
	})
}

func TestPostFromManyGoroutines(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 2, s, Options{})
		nc := dial(t, g, how)
		send1(t, nc, "name a\n")
		<-s.named
		c := s.conn("a")
		const posters, each = 8, 1000
		for p := range posters {
			go func() {
				for i := range each {
					line := fmt.Appendf(nil, "%d %d\n", p, i)
					if i%2 == 0 {
						c.Push(line)
					} else {
						c.Post(func(c *Conn) { c.Out = append(c.Out, line...) })
					}
				}
			}()
		}
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
				t.Fatalf("poster %d: %d after %d", p, i, next[p])
			}
			next[p]++
		}
	})
}

// TestKillRaces closes connections from all sides at once.
func TestKillRaces(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 2, s, Options{})
		for i := range 50 {
			nc := dial(t, g, how)
			name := fmt.Sprint(i)
			send1(t, nc, "name "+name+"\n")
			<-s.named
			c := s.conn(name)
			var wg sync.WaitGroup
			wg.Go(func() { c.Kill(errors.New("one")) })
			wg.Go(func() { c.Kill(errors.New("two")) })
			wg.Go(func() { nc.Close() })
			wg.Go(func() { c.Post(func(c *Conn) { c.Out = append(c.Out, "x\n"...); c.CloseAfterFlush() }) })
			wg.Go(func() { c.Resume() })
			wg.Go(func() { c.Push([]byte("y\n")) })
			wg.Wait()
			<-s.ended
		}
		eventually(t, "all to be closed", func() bool { return g.Current() == 0 })
	})
}

func TestRefusedByOpen(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		s.open = func(c *Conn) bool {
			c.Out = append(c.Out, "full\n"...)
			return false
		}
		g := start(t, 1, s, Options{})
		nc := dial(t, g, how)
		expect(t, nc, "full\n")
		expectEOF(t, nc)
		<-s.ended
	})
}

// TestSlowReader asks for far more than it takes: it is closed at the limit, and memory stays near it.
func TestSlowReader(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 1, s, Options{})
		nc := dial(t, g, how)
		send1(t, nc, "limit 8000000 0 0\nbig 10000000000\n")
		if err := <-s.ended; !errors.Is(err, ErrOutputLimit) {
			t.Errorf("closed with %v", err)
		}
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		if mem.HeapAlloc > 100<<20 {
			t.Errorf("%d MB of heap", mem.HeapAlloc>>20)
		}
	})
}

// TestSoftLimit: a little too much for a while.
func TestSoftLimit(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 1, s, Options{})
		nc := dial(t, g, how)
		send1(t, nc, "limit 0 1000 50\nbig 20000000\n")
		if err := <-s.ended; !errors.Is(err, ErrOutputLimit) {
			t.Errorf("closed with %v", err)
		}
	})
}

// TestPushLimit floods a connection faster than its loop can take: what waits in the queue counts too.
func TestPushLimit(t *testing.T) {
	s := newScript()
	g := start(t, 1, s, Options{})
	nc := dial(t, g, "memory")
	send1(t, nc, "limit 1000000 0 0\nname a\n")
	<-s.named
	c := s.conn("a")
	release := make(chan int)
	c.Loop().Post(func() { <-release }) // the loop is busy
	msg := make([]byte, 10_000)
	for range 1000 {
		c.Push(msg)
	}
	c.Loop().mu.Lock()
	n := len(c.Loop().queue)
	c.Loop().mu.Unlock()
	if n > 110 {
		t.Errorf("%d messages wait", n)
	}
	close(release)
	if err := <-s.ended; !errors.Is(err, ErrOutputLimit) {
		t.Errorf("closed with %v", err)
	}
}

func TestInputLimit(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 1, s, Options{InputLimit: 4 << 20})
		g.SetInputLimit(1 << 20)
		nc := dial(t, g, how)
		go io.WriteString(nc, strings.Repeat("a", 2<<20))
		if err := <-s.ended; !errors.Is(err, ErrInputLimit) {
			t.Errorf("closed with %v", err)
		}
	})
}

// TestFlushTimeout: a peer that does not take its last reply is not waited for forever.
func TestFlushTimeout(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 1, s, Options{FlushTimeout: 50 * time.Millisecond})
		nc := dial(t, g, how)
		send1(t, nc, "big 20000000\nquit\n")
		if err := <-s.ended; !errors.Is(err, ErrFlushTimeout) {
			t.Errorf("closed with %v", err)
		}
	})
}

// TestShutdown: output is flushed, who is parked may finish, who waits is closed.
func TestShutdown(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 2, s, Options{})
		idle, parked, waiting, reading := dial(t, g, how), dial(t, g, how), dial(t, g, how), dial(t, g, how)
		send1(t, parked, "name parked\npark\n")
		send1(t, waiting, "name waiting\nwait\n")
		<-s.named
		<-s.named
		send1(t, reading, "big 10000000\n")
		expect(t, reading, "x")
		done := make(chan error)
		go func() { done <- g.Shutdown(context.Background()) }()
		expectEOF(t, idle)
		expectEOF(t, waiting)
		expect(t, reading, strings.Repeat("x", 10_000_000-1))
		expectEOF(t, reading)
		s.conn("parked").Post(func(c *Conn) {
			c.Out = append(c.Out, "last words\n"...)
			c.Resume()
		})
		expect(t, parked, "last words\n")
		expectEOF(t, parked)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := g.Serve(idle); !errors.Is(err, ErrShutdown) {
			t.Errorf("served after the end: %v", err)
		}
		if _, err := g.DialInMemory(); !errors.Is(err, ErrShutdown) {
			t.Errorf("dialled after the end: %v", err)
		}
	})
}

// TestShutdownBound: who does not finish is closed when the time is over.
func TestShutdownBound(t *testing.T) {
	each(t, func(t *testing.T, how string) {
		s := newScript()
		g := start(t, 2, s, Options{})
		parked, stuck := dial(t, g, how), dial(t, g, how)
		send1(t, parked, "name parked\npark\n")
		send1(t, stuck, "big 20000000\nname stuck\n")
		<-s.named
		<-s.named
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := g.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		for range 2 {
			if err := <-s.ended; !errors.Is(err, ErrShutdown) {
				t.Errorf("closed with %v", err)
			}
		}
	})
}

// TestStorm connects and leaves a few thousand times, from several sides.
func TestStorm(t *testing.T) {
	s := newScript()
	g := start(t, 2, s, Options{})
	at, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 400 {
				nc, err := net.Dial("tcp", at.String())
				if err != nil {
					t.Error(err)
					return
				}
				nc.SetDeadline(time.Now().Add(20 * time.Second))
				switch (w + i) % 4 {
				case 0: // leaves at once
				case 1:
					io.WriteString(nc, "echo x\n")
				case 2:
					nc.(*net.TCPConn).SetLinger(0) // leaves with a reset
					io.WriteString(nc, "echo x\necho")
				case 3:
					io.WriteString(nc, "echo x\n")
					expect(t, nc, "x\n")
				}
				nc.Close()
			}
		})
	}
	wg.Wait()
	eventually(t, "all to be closed", func() bool { return g.Current() == 0 && g.Accepted() == 3200 })
	for _, l := range g.Loops() {
		if n := l.load.Load(); n != 0 {
			t.Errorf("loop %d has a load of %d", l.Index(), n)
		}
	}
}

func TestEvenSpread(t *testing.T) {
	s := newScript()
	g := start(t, 4, s, Options{})
	at, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		nc, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		send1(t, nc, fmt.Sprintf("name %d\n", i))
		<-s.named
	}
	for _, l := range g.Loops() {
		if n := l.load.Load(); n != 10 {
			t.Errorf("loop %d has %d connections of 40", l.Index(), n)
		}
	}
}

func TestCountersAndClock(t *testing.T) {
	ticks := make(chan time.Duration, 1000)
	s := newScript()
	s.tick = func(l *Loop) {
		if l.Index() == 0 {
			select {
			case ticks <- l.mono:
			default:
			}
		}
	}
	g := start(t, 2, s, Options{})
	nc := dial(t, g, "tcp")
	send1(t, nc, "name a\necho hello\n")
	expect(t, nc, "hello\n")
	c := s.conn("a")
	eventually(t, "counters", func() bool {
		n := c.Loop().Counters()
		return n.NetIn == 18 && n.NetOut == 6 && n.Reads == 1 && n.Writes == 1
	})
	times := make(chan [2]int64)
	c.Post(func(c *Conn) { times <- [2]int64{c.Loop().NowMs(), c.LastInteraction()} })
	got := <-times
	if now := time.Now().UnixMilli(); now-got[0] > 5000 || got[0] > now || got[0]-got[1] > 5000 || got[1] > got[0] {
		t.Errorf("now %d, loop %d, last %d", now, got[0], got[1])
	}
	first := <-ticks
	var last time.Duration
	for range 5 {
		last = <-ticks
	}
	if d := last - first; d < 450*time.Millisecond {
		t.Errorf("six ticks in %v", d)
	}
}

func TestListenErrors(t *testing.T) {
	g := start(t, 1, newScript(), Options{UnixPerm: 0o600})
	at, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Listen("tcp", at.String()); err == nil {
		t.Error("the port was there twice")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Listen("unix", file); err == nil {
		t.Error("a file was taken for a socket")
	}
	path := filepath.Join(dir, "socket")
	for range 2 { // the second takes the place of the first, as after a crash
		if _, err := g.Listen("unix", path); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	g.StopAccepting()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket file is left: %v", err)
	}
	if _, err := net.Dial("tcp", at.String()); err == nil {
		t.Error("connected after StopAccepting")
	}
	if _, err := g.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, ErrShutdown) {
		t.Errorf("listening after StopAccepting: %v", err)
	}
}
