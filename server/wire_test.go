package server

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wire is a connection that shows replies as they are on the wire.
type wire struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// dial connects to a server within the process.
func dial(t testing.TB, s *Server) *wire {
	t.Helper()
	conn, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &wire{t, conn, bufio.NewReader(conn)}
}

// connect is dial for a test of several connections: they get their numbers in the order of the calls.
func connect(t testing.TB, s *Server) *wire {
	t.Helper()
	w := dial(t, s)
	if got := w.do("ping"); got != "+PONG" {
		t.Fatal(got)
	}
	return w
}

// send sends a command. Its words are separated by blanks; double quotes hold words together.
func (w *wire) send(line string) {
	w.t.Helper()
	var words []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	b := []byte("*" + strconv.Itoa(len(words)) + "\r\n")
	for _, word := range words {
		b = append(b, "$"+strconv.Itoa(len(word))+"\r\n"+word+"\r\n"...)
	}
	if _, err := w.conn.Write(b); err != nil {
		w.t.Fatal(err)
	}
}

// do sends a command and returns the reply without line ends: elements of an aggregate are separated by blanks.
func (w *wire) do(line string) string {
	w.t.Helper()
	w.send(line)
	return w.read()
}

// read reads a reply. A string is shown as $ and its text, its length left out.
func (w *wire) read() string {
	w.t.Helper()
	w.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	line, err := w.r.ReadString('\n')
	if err != nil {
		w.t.Fatalf("%q: %v", line, err)
	}
	line = strings.TrimSuffix(line, "\r\n")
	n, _ := strconv.Atoi(line[1:])
	switch line[0] {
	case '$', '=':
		if n < 0 {
			return line
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(w.r, b); err != nil {
			w.t.Fatal(err)
		}
		return line[:1] + string(b[:n])
	case '%', '|':
		n *= 2
	case '*', '~', '>':
	default:
		return line
	}
	parts := []string{line}
	for range n {
		parts = append(parts, w.read())
	}
	return strings.Join(parts, " ")
}

// expect runs commands and compares their replies.
func (w *wire) expect(t *testing.T, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := w.do(pairs[i]); got != pairs[i+1] {
			t.Errorf("%s\n got %s\nwant %s", pairs[i], got, pairs[i+1])
		}
	}
}
