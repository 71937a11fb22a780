package commandtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Redis is a private redis-server to compare with.
type Redis struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// StartRedis starts a redis-server that ends with the test. It skips the test, saying so, where there is none.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("NOT COMPARED WITH REDIS: no redis-server in the path")
	}
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	probe.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	r := &Redis{t: t}
	for wait := time.Millisecond; ; wait *= 2 {
		if r.conn, err = net.Dial("tcp", address); err == nil {
			break
		}
		if wait > 5*time.Second {
			t.Fatal(err)
		}
		time.Sleep(wait)
	}
	t.Cleanup(func() { r.conn.Close() })
	r.in = bufio.NewReader(r.conn)
	return r
}

// Do runs a command given by its words and returns the raw reply.
func (r *Redis) Do(words ...string) string {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(r.conn, b.String()); err != nil {
		r.t.Fatal(err)
	}
	var reply strings.Builder
	r.element(&reply)
	return reply.String()
}

// element copies one reply element, nested ones included.
func (r *Redis) element(to *strings.Builder) {
	line, err := r.in.ReadString('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	to.WriteString(line)
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	switch line[0] {
	case '$':
		if n >= 0 {
			if _, err := io.CopyN(to, r.in, int64(n)+2); err != nil {
				r.t.Fatal(err)
			}
		}
	case '*':
		for range n {
			r.element(to)
		}
	}
}

// Same runs a command on both sides and compares the raw replies. One that waits has the reply of a timeout here.
func (d *DB) Same(r *Redis, words ...string) {
	d.t.Helper()
	got, want := d.Do(words...), r.Do(words...)
	if d.Waiting() != nil {
		got = d.TimeOut()
	}
	if got != want {
		d.t.Errorf("%.300q\n  got %.300q\nredis %.300q", words, got, want)
	}
}

// SameLines runs command lines, words parted by blanks, on both sides.
func (d *DB) SameLines(r *Redis, lines ...string) {
	d.t.Helper()
	for _, line := range lines {
		if words := strings.Fields(line); len(words) > 0 {
			d.Same(r, words...)
		}
	}
}
