package number

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

// realRedis is a connection to a private redis-server, the judge of what is
// accepted and printed.
type realRedis struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// startRedis starts a redis-server that ends with the test.
func startRedis(t *testing.T) *realRedis {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("NOT COMPARED WITH REDIS: no redis-server in PATH")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return &realRedis{t, conn, bufio.NewReader(conn)}
		}
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not listen: ", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// pipeline sends commands and returns their replies: strings as they are,
// errors with the leading minus.
func (r *realRedis) pipeline(commands [][]string) []string {
	r.t.Helper()
	sent := make(chan error, 1)
	go func() {
		w := bufio.NewWriter(r.conn)
		for _, args := range commands {
			fmt.Fprintf(w, "*%d\r\n", len(args))
			for _, a := range args {
				fmt.Fprintf(w, "$%d\r\n%s\r\n", len(a), a)
			}
		}
		sent <- w.Flush()
	}()
	replies := make([]string, len(commands))
	for i := range replies {
		line, err := r.r.ReadString('\n')
		if err != nil {
			r.t.Fatal(err)
		}
		line = strings.TrimSuffix(line, "\r\n")
		replies[i] = line
		if n, isBulk := strings.CutPrefix(line, "$"); isBulk {
			size, _ := strconv.Atoi(n)
			body := make([]byte, size+2)
			if _, err := io.ReadFull(r.r, body); err != nil {
				r.t.Fatal(err)
			}
			replies[i] = string(body[:size])
		}
	}
	if err := <-sent; err != nil {
		r.t.Fatal(err)
	}
	return replies
}
