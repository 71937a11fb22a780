//go:build !noepoll

package reactor

import (
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSocketOptions: Linux lets a connection inherit them, and that is what we rely on.
func TestSocketOptions(t *testing.T) {
	s := newScript()
	g := start(t, 2, s, Options{KeepAlive: 300 * time.Second})
	nc := dial(t, g, "tcp")
	send1(t, nc, "name a\n")
	<-s.named
	fd := s.conn("a").FD()
	f := func(name string, level, option, want int) {
		t.Helper()
		if got, err := unix.GetsockoptInt(fd, level, option); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", name, got, err, want)
		}
	}
	f("TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	f("SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	f("TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 300)
	f("TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 100)
	f("TCP_KEEPCNT", unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
	f("SO_PROTOCOL", unix.SOL_SOCKET, unix.SO_PROTOCOL, unix.IPPROTO_TCP)
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// TestNoDescriptorLeft opens everything there is and counts descriptors after the end.
func TestNoDescriptorLeft(t *testing.T) {
	// The first use of the network in a process opens what it keeps.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
	}
	before := openFiles(t)
	g, err := New(3, newScript(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var clients []net.Conn
	for _, how := range dialers {
		nc := dial(t, g, how)
		send1(t, nc, "echo x\n")
		expect(t, nc, "x\n")
		clients = append(clients, nc)
	}
	if err := g.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, nc := range clients {
		nc.Close()
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestOutOfDescriptors: no spinning while there is none, and service as soon as there is one.
func TestOutOfDescriptors(t *testing.T) {
	g := start(t, 1, newScript(), Options{})
	at, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	first, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	send1(t, first, "echo first\n")
	expect(t, first, "first\n")

	// The client's own descriptor exists before the limit falls; the server's cannot.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	client := os.NewFile(uintptr(fd), "client")
	defer client.Close()
	low := old
	low.Cur = uint64(fd)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	restore := func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Fatal(err)
		}
	}
	defer restore()
	port := at.(*net.TCPAddr).Port
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	l := g.Loops()[0]
	paused := make(chan bool)
	eventually(t, "the listener to rest", func() bool {
		l.Post(func() { paused <- l.poll.retry })
		return <-paused
	})
	// Those who are there already are served.
	send1(t, first, "echo still\n")
	expect(t, first, "still\n")
	// Without rest the loop would use all of this time.
	var before, after unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &before)
	time.Sleep(300 * time.Millisecond)
	unix.Getrusage(unix.RUSAGE_SELF, &after)
	if used := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()); used > 150*time.Millisecond {
		t.Errorf("%v of processor time in 300ms without work", used)
	}
	restore()
	if _, err := io.WriteString(client, "echo served\n"); err != nil {
		t.Fatal(err)
	}
	expect(t, client, "served\n")
}

// TestReset: a peer that resets the connection while it is parked is noticed.
func TestReset(t *testing.T) {
	s := newScript()
	g := start(t, 1, s, Options{})
	for _, word := range []string{"park", "wait", "echo"} {
		nc := dial(t, g, "tcp")
		send1(t, nc, "name "+word+"\n"+word+"\n")
		<-s.named
		nc.(*net.TCPConn).SetLinger(0)
		nc.Close()
		if err := <-s.ended; err == nil || !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: closed with %v", word, err)
		}
	}
}

// TestErrorBeforeReset: who is refused with input unread still gets the last reply.
func TestErrorBeforeReset(t *testing.T) {
	s := newScript()
	g := start(t, 1, s, Options{})
	for range 20 {
		nc := dial(t, g, "tcp")
		send1(t, nc, "quit\n"+strings.Repeat("x", 500_000))
		got, err := io.ReadAll(nc)
		if string(got) != "bye\n" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		<-s.ended
	}
}

// TestIdleMemory prints what an idle connection costs, after it was used.
func TestIdleMemory(t *testing.T) {
	s := newScript()
	g := start(t, 2, s, Options{})
	at, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const count = 2000
	clients := make([]net.Conn, 0, count)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		return mem.HeapInuse + mem.StackInuse
	}
	for range count {
		nc, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		clients = append(clients, nc)
	}
	eventually(t, "all to be open", func() bool { return s.opens.Load() == count })
	for _, nc := range clients {
		send1(t, nc, "echo "+strings.Repeat("v", 100)+"\n")
		expect(t, nc, strings.Repeat("v", 100)+"\n")
	}
	with := heap()
	for _, l := range g.Loops() {
		l.Post(func() { l.EachConn(func(c *Conn) { c.Kill(nil) }) })
	}
	eventually(t, "all to be closed", func() bool { return g.Current() == 0 })
	without := heap()
	perConn := (int64(with) - int64(without)) / count
	t.Logf("%d bytes per idle connection", perConn)
	if perConn > 1024 {
		t.Errorf("an idle connection costs %d bytes", perConn)
	}
}
