package integration

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// answers tells whether the server still serves a new client.
func (s *server) answers(t testing.TB) {
	t.Helper()
	c, err := dial(s.addr)
	if err != nil {
		t.Fatalf("%v: %s", err, s.log)
	}
	defer c.Close()
	if reply := c.must(t, "PING"); reply != "+PONG\r\n" {
		t.Fatal(reply)
	}
}

// rss returns the resident memory of a process in bytes.
func rss(t testing.TB, s *server) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		t.Skip("SKIPPED: no /proc on this system: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestProtocolErrors: what Redis refuses is refused in the same words, then the connection is closed; commands before
// it are answered.
func TestProtocolErrors(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	judge := startRedis(t, t.TempDir(), "--loglevel", "warning")
	say := func(addr, input string) string {
		c, err := dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		// The server may close before all is sent.
		go io.WriteString(c, input)
		reply, _ := io.ReadAll(c.r)
		return string(reply)
	}
	f := func(input, want string) {
		t.Helper()
		if got := say(s.addr, input); got != want {
			t.Errorf("%.60q: got %.200q, want %q", input, got, want)
		}
		if got := say(judge.addr, input); got != want {
			t.Errorf("%.60q: redis-server answers %.200q, the test wants %q", input, got, want)
		}
	}
	const refused = "-ERR Protocol error: "
	// A length of a bulk string that overflows when two is added to it.
	f("*1\r\n$9223372036854775807\r\nx", refused+"invalid bulk length\r\n")
	f("*1\r\n$-1\r\n", refused+"invalid bulk length\r\n")
	f("*1\r\n$536870913\r\n", refused+"invalid bulk length\r\n")
	f("*1\r\n$99999999999999999999\r\n", refused+"invalid bulk length\r\n")
	f("*2147483648\r\n", refused+"invalid multibulk length\r\n")
	f("*9223372036854775808\r\n", refused+"invalid multibulk length\r\n")
	f("*x\r\n", refused+"invalid multibulk length\r\n")
	f("*1\r\nPING\r\n", refused+"expected '$', got 'P'\r\n")
	f("PING\r\n*1\r\n:1\r\n", "+PONG\r\n"+refused+"expected '$', got ':'\r\n")
	f("*1"+strings.Repeat("1", 70_000), refused+"too big mbulk count string\r\n")
	f("*1\r\n$"+strings.Repeat("1", 70_000), refused+"too big bulk count string\r\n")
	f("SET k \"unbalanced\r\n", refused+"unbalanced quotes in request\r\n")
	// Inline input without end.
	f(strings.Repeat("x", 70_000), refused+"too big inline request\r\n")
	s.answers(t)
}

// TestEndlessInline: a client that never ends its line costs at most the limit of inline input, and is sent away.
func TestEndlessInline(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	before := rss(t, s)
	for range 20 {
		c, err := dial(s.addr)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(20 * time.Second))
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		sent := 0
		for sent < 64<<20 {
			n, err := c.Write(chunk)
			sent += n
			if err != nil {
				break
			}
		}
		c.Close()
		if sent >= 64<<20 {
			t.Fatal("64 MiB of one line were taken")
		}
	}
	if grown := rss(t, s) - before; grown > 16<<20 {
		t.Errorf("%d bytes more", grown)
	}
	s.answers(t)
}

// TestLengthsBeforeAuth: clients who have not said who they are may send small commands only.
func TestLengthsBeforeAuth(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=", "--requirepass=secret")
	f := func(input, want string) {
		t.Helper()
		c := s.client()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(c, input)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c.r, got); err != nil || string(got) != want {
			t.Errorf("%.60q: got %q, %v, want %q", input, got, err, want)
		}
	}
	f("*11\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n")
	f("*2\r\n$3\r\nGET\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length\r\n")
	f("*10\r\n"+strings.Repeat("$3\r\nDEL\r\n", 10), "-NOAUTH Authentication required.\r\n")
	f("*2\r\n$4\r\nAUTH\r\n$16384\r\n"+strings.Repeat("x", 16384)+"\r\n", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
	c := s.client()
	c.ok(t, "AUTH", "secret")
	io.WriteString(c, "*11\r\n"+strings.Repeat("$1\r\nx\r\n", 11))
	if reply, err := c.reply(); err != nil || !strings.HasPrefix(reply, "-ERR unknown command") {
		t.Errorf("%q %v", reply, err)
	}
}

// TestClaimedLengths: 1,000 clients that announce much and send little cost less than 64 KiB each.
func TestClaimedLengths(t *testing.T) {
	const clients = 1000
	f := func(name, input string) {
		t.Run(name, func(t *testing.T) {
			s := startOurs(t, t.TempDir(), "--dbfilename=")
			s.answers(t)
			before := rss(t, s)
			for range clients {
				c, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := io.WriteString(c, input); err != nil {
					t.Fatal(err)
				}
			}
			s.answers(t)
			time.Sleep(200 * time.Millisecond) // all have been read
			s.answers(t)
			if each := (rss(t, s) - before) / clients; each >= 64<<10 {
				t.Errorf("%d bytes for each client", each)
			}
		})
	}
	f("many arguments", "*1000000\r\n")
	f("a long argument", "*2\r\n$3\r\nGET\r\n$536870912\r\n")
	f("many arguments, some sent", "*1000000\r\n"+strings.Repeat("$1\r\nx\r\n", 100))
	f("a long argument, some sent", "*2\r\n$3\r\nGET\r\n$536870912\r\n"+strings.Repeat("x", 1000))
}

// TestGarbage: bytes of any kind, in pieces of any size, mixed with commands, end no more than their connection.
func TestGarbage(t *testing.T) {
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	rng := newRand(t)
	rounds := countFrom("GARBAGE", 2000)
	pieces := []string{"*", "$", "\r\n", "\n", "-1", "0", "1", "3", "99999", "2147483647", "9223372036854775807", " ", "\"", "'", "\\x", "\x00", "\xff",
		"PING", "GET", "SET", "HELLO", "3", "MULTI", "EXEC", "RESET", "*1\r\n$4\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", ":", "+", "%", "~", ">", "GET / HTTP/1.1\r\n"}
	inputs := make([]string, rounds)
	for i := range inputs {
		var b strings.Builder
		for range 1 + rng.IntN(30) {
			if rng.IntN(6) == 0 {
				for range rng.IntN(50) {
					b.WriteByte(byte(rng.Uint32()))
				}
			} else {
				b.WriteString(pieces[rng.IntN(len(pieces))])
			}
		}
		inputs[i] = b.String()
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 3))
			for i := w; i < len(inputs); i += 8 {
				if err := pour(s.addr, inputs[i], rng); err != nil {
					t.Errorf("%q: %v", inputs[i], err)
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case <-s.done:
		t.Fatalf("the server ended: %s", s.log)
	default:
	}
	s.answers(t)
}

// pour sends input in pieces to a connection of its own and takes what comes back until the server closes.
func pour(addr, input string, rng *rand.Rand) error {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	for len(input) > 0 {
		n := min(len(input), 1+rng.IntN(20))
		if _, err := io.WriteString(c, input[:n]); err != nil {
			return nil // closed, as it may be
		}
		input = input[n:]
	}
	c.(*net.TCPConn).CloseWrite()
	_, err = io.Copy(io.Discard, c)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		return err
	}
	return nil
}
