package server

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"dragonfly/server/config"
)

// encode returns the bytes of commands, one a line.
func encode(lines ...string) (b []byte) {
	for _, line := range lines {
		words := strings.Fields(line)
		b = fmt.Appendf(b, "*%d\r\n", len(words))
		for _, word := range words {
			b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	return b
}

// pipelined returns everything that the server answers to b before it closes the connection. b is written in pieces
// of up to most bytes.
func pipelined(t *testing.T, s *Server, b []byte, most int) string {
	t.Helper()
	w := dial(t, s)
	go func() {
		for len(b) > 0 {
			n := min(len(b), 1+rand.IntN(most))
			if _, err := w.conn.Write(b[:n]); err != nil {
				return
			}
			b = b[n:]
		}
	}()
	w.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	all, err := io.ReadAll(w.r)
	if err != nil {
		t.Fatalf("%q: %v", all, err)
	}
	return string(all)
}

// TestAhead: commands that are parsed before the ones in front of them have run find all that those have changed.
func TestAhead(t *testing.T) {
	long := strings.Repeat("x", 20000)
	lines := []string{
		"ping", "auth wrong", "get k", "auth secret", "set long " + long, "strlen long",
		"set k 1", "incr k", "get k", "del k", "get k", "incr k", "expire k 0", "get k",
		"select 3", "set k three", "select 0", "get k", "swapdb 0 3", "get k", "flushall", "get k", "dbsize",
		"multi", "set a 1", "incr a", "get a", "exec", "get a", "multi", "nosuch", "exec", "discard",
		"rpush l a b c", "lrange l 0 -1", "set l string", "lrange l 0 -1", "hset h f v", "hgetall h", "rename h g", "hgetall g",
		"client reply skip", "set a 7", "get a", "nosuch command", "get", "config set proto-max-bulk-len 1048576",
		"debug sleep 0.001", "get a", "client pause 5 all", "incr a", "get a", "mset a 1 b 2 c 3", "mget a b c d", "hello 3", "get none",
		"reset", "get a", "auth secret", "get a",
	}
	for range 30 {
		lines = append(lines, "append t x", "strlen t")
	}
	lines = append(lines, "quit", "set never 1")
	const replies = "-NOAUTH Authentication required.\r\n-WRONGPASS"
	want := ""
	for _, most := range []int{1, 7, 100, 1 << 20} {
		s := newServer(t, func(cfg *config.Config) { cfg.RequirePass = "secret" })
		got := pipelined(t, s, encode(lines...), most)
		if !strings.HasPrefix(got, replies) || !strings.HasSuffix(got, ":29\r\n:30\r\n:30\r\n+OK\r\n") {
			t.Fatalf("pieces of %d bytes: %q", most, got)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("pieces of %d bytes:\n got %q\nwant %q", most, got, want)
		}
		w := dial(t, s)
		w.expect(t, "auth secret", "+OK", "get never", "$-1", "strlen t", ":30")
	}
}

// TestAheadError: what is no command is answered after the commands before it, and with the limits that hold by then.
func TestAheadError(t *testing.T) {
	long := strings.Repeat("x", 20000)
	f := func(b []byte, want string) {
		t.Helper()
		s := newServer(t, func(cfg *config.Config) { cfg.RequirePass = "secret" })
		if got := pipelined(t, s, b, len(b)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	auth := encode("auth secret")
	f(append(append(auth, encode("set k v", "incr k", "get k")...), "*1\r\n!\r\n"...),
		"+OK\r\n+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nv\r\n-ERR Protocol error: expected '$', got '!'\r\n")
	f(append(encode("auth secret", "quit"), "*1\r\n!\r\n"...), "+OK\r\n+OK\r\n")
	f(encode("get k", "set k "+long), "-NOAUTH Authentication required.\r\n-ERR Protocol error: unauthenticated bulk length\r\n")
	f(encode("auth secret", "set k v", "reset", "set k "+long), "+OK\r\n+OK\r\n+RESET\r\n-ERR Protocol error: unauthenticated bulk length\r\n")
}
