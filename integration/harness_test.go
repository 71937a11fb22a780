package integration

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the built server, the same for all tests: SERVER_PROGRAM of the environment, or built here.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("SERVER_PROGRAM"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "dragonfly-test")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dragonfly")
	out, err := exec.Command("go", "build", "-o", path, "../cmd/dragonfly").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil && path != os.Getenv("SERVER_PROGRAM") {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// server is a running server process, ours or Redis.
type server struct {
	t    testing.TB
	cmd  *exec.Cmd
	addr string
	dir  string
	log  *logBuffer
	done chan struct{}
}

// logBuffer keeps what a process printed.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write keeps p.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all that was printed so far.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// unusedPort returns a port that was free a moment ago.
func unusedPort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// launch starts a process that will listen on a port, without waiting for it to answer.
func launch(t testing.TB, dir string, port int, path string, args ...string) *server {
	t.Helper()
	s := &server{t: t, addr: "127.0.0.1:" + strconv.Itoa(port), dir: dir, log: &logBuffer{}, done: make(chan struct{})}
	s.cmd = exec.Command(path, args...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(s.kill)
	return s
}

// startOurs starts our server in dir and waits until it has loaded.
func startOurs(t testing.TB, dir string, args ...string) *server {
	t.Helper()
	s := launchOurs(t, dir, args...)
	s.ready()
	return s
}

func launchOurs(t testing.TB, dir string, args ...string) *server {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	port := unusedPort(t)
	all := append([]string{"--logtostderr", "--omit_basic_usage", "--bind=127.0.0.1", "--port=" + strconv.Itoa(port), "--dir=" + dir}, args...)
	return launch(t, dir, port, path, all...)
}

// startRedis starts a real redis-server in dir; the test is skipped where there is none.
func startRedis(t testing.TB, dir string, args ...string) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: no redis-server on this machine; make deps installs it")
	}
	port := unusedPort(t)
	all := append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--save", "", "--enable-debug-command", "yes"}, args...)
	s := launch(t, dir, port, path, all...)
	s.ready()
	return s
}

// ready waits until the server answers and has loaded.
func (s *server) ready() {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case <-s.done:
			s.t.Fatalf("the server ended: %s", s.log)
		default:
		}
		if c, err := dial(s.addr); err == nil {
			reply, err := c.do("PING")
			c.Close()
			if err == nil && (reply == "+PONG\r\n" || strings.HasPrefix(reply, "-NOAUTH ")) {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("the server does not answer: %s", s.log)
}

// kill ends the process at once.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.done
}

// terminate asks the process to end and returns its exit code.
func (s *server) terminate() int {
	s.t.Helper()
	s.cmd.Process.Signal(syscall.SIGTERM)
	return s.exit(30 * time.Second)
}

// exit waits for the end of the process and returns its exit code.
func (s *server) exit(within time.Duration) int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(within):
		s.t.Fatalf("the process does not end: %s", s.log)
	}
	return s.cmd.ProcessState.ExitCode()
}

// logHas waits until the log has all the words: what a server writes before it answers arrives on a way of its own.
func logHas(t testing.TB, s *server, words ...string) {
	t.Helper()
	s.waitLog(t, s.log.String, words)
}

// logged waits until the last line of the log has all the words.
func logged(t testing.TB, s *server, words ...string) {
	t.Helper()
	s.waitLog(t, func() string {
		lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
		return lines[len(lines)-1]
	}, words)
}

func (s *server) waitLog(t testing.TB, read func() string, words []string) {
	t.Helper()
	text := ""
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		text = read()
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			return
		}
	}
	t.Errorf("the log has %.3000q, want %q in it", text, words)
}

// client returns a new connection that ends with the test.
func (s *server) client() *conn {
	s.t.Helper()
	c, err := dial(s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// conn is a connection that answers raw replies.
type conn struct {
	net.Conn
	r   *bufio.Reader
	raw []byte // of the reply being read
}

func dial(addr string) (*conn, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: bufio.NewReaderSize(c, 64<<10)}, nil
}

// do sends one command and returns its raw reply.
func (c *conn) do(args ...string) (string, error) {
	if err := c.send(args...); err != nil {
		return "", err
	}
	return c.reply()
}

// must is do for commands that cannot fail on the way.
func (c *conn) must(t testing.TB, args ...string) string {
	t.Helper()
	reply, err := c.do(args...)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return reply
}

// appendCommand appends a command as clients send it.
func appendCommand(b []byte, args ...string) []byte {
	number := func(mark byte, n int) { b = append(strconv.AppendInt(append(b, mark), int64(n), 10), '\r', '\n') }
	number('*', len(args))
	for _, a := range args {
		number('$', len(a))
		b = append(append(b, a...), '\r', '\n')
	}
	return b
}

func (c *conn) send(args ...string) error {
	c.SetDeadline(time.Now().Add(60 * time.Second))
	_, err := c.Write(appendCommand(nil, args...))
	return err
}

// reply reads one raw reply of any depth.
func (c *conn) reply() (string, error) {
	var err error
	c.raw, err = c.appendReply(c.raw[:0])
	return string(c.raw), err
}

func (c *conn) appendReply(b []byte) ([]byte, error) {
	line, err := c.r.ReadSlice('\n') // errors, the longest lines, are short
	if err != nil {
		return b, err
	}
	b = append(b, line...)
	if len(line) < 3 {
		return b, errors.New("short reply line")
	}
	kind := line[0]
	switch kind {
	case '+', '-', ':', '_', ',', '#', '(':
		return b, nil
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	if err != nil {
		return b, fmt.Errorf("reply %q: %w", line, err)
	}
	switch kind {
	case '$', '=':
		if n < 0 {
			return b, nil
		}
		from := len(b)
		b = slices.Grow(b, n+2)[:from+n+2]
		_, err := io.ReadFull(c.r, b[from:])
		return b, err
	case '%':
		n *= 2
	}
	for range n {
		if b, err = c.appendReply(b); err != nil {
			return b, err
		}
	}
	return b, nil
}

// bulk returns the bytes of a raw bulk or simple string reply.
func bulk(raw string) string {
	if raw != "" && (raw[0] == '+' || raw[0] == ':') {
		return strings.TrimSpace(raw[1:])
	}
	_, rest, _ := strings.Cut(raw, "\r\n")
	return strings.TrimSuffix(rest, "\r\n")
}

// pipeline sends commands at once and returns their raw replies.
func (c *conn) pipeline(commands [][]string) ([]string, error) {
	var b []byte
	for _, args := range commands {
		b = appendCommand(b, args...)
	}
	c.SetDeadline(time.Now().Add(60 * time.Second))
	// A server may stop reading while nobody takes its replies.
	written := make(chan error, 1)
	go func() {
		_, err := c.Write(b)
		written <- err
	}()
	replies := make([]string, 0, len(commands))
	for range commands {
		r, err := c.reply()
		if err != nil {
			return replies, err
		}
		replies = append(replies, r)
	}
	return replies, <-written
}

// mustAll is pipeline for commands that cannot fail on the way.
func (c *conn) mustAll(t testing.TB, commands [][]string) []string {
	t.Helper()
	replies, err := c.pipeline(commands)
	if err != nil {
		t.Fatalf("after %d of %d commands: %v", len(replies), len(commands), err)
	}
	return replies
}

// ok runs a command that must answer OK.
func (c *conn) ok(t testing.TB, args ...string) {
	t.Helper()
	if reply := c.must(t, args...); reply != "+OK\r\n" {
		t.Fatalf("%.300q: %.300q", args, reply)
	}
}

// expect runs a command and compares its raw reply.
func (c *conn) expect(t testing.TB, want string, args ...string) {
	t.Helper()
	if got := c.must(t, args...); got != want {
		t.Errorf("%.300q: got %.300q, want %.300q", args, got, want)
	}
}

// copyFile copies a file.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// truncate cuts a file to a size.
func truncate(t testing.TB, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}
