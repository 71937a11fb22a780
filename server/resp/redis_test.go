package resp

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAgainstRedis sends the same bytes to a real redis-server and compares what it answers, to the byte, with what this parser makes of them.
func TestAgainstRedis(t *testing.T) {
	open := startRedis(t)
	locked := startRedis(t, "--requirepass", "secret")

	echo := func(words string) string { return "COMMAND GETKEYS MGET " + words + "\n" }
	long := func(n int) string { return strings.Repeat("1", n) }
	inputs := []string{
		// Well formed, or ignored.
		"*1\r\n$4\r\nPING\r\n", "PING\r\n", "PING\n", "\r\n\n \t\r\nPING\r\n", "*0\r\n*-1\r\n*-9\r\nPING\r\n",
		"*1\rX$4\rYPINGZZPING\r\n", "*1\r\n$4\r\nPING\r\n*1\r\n$4", "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\x00*\r\n",
		echo("a  b\tc \t "), echo(`"a b" 'c d' "" ''`), echo(`"\x41\xfF\n\r\t\b\a\\\"\q\xg1\x4"`), echo(`'\x41\n\'"\'` + `'`), echo(`pre"mid" p'q'`),
		echo("a\vb c\fd \v e"), echo("\"a\"\v\"b\""), echo("a\rb"), echo(`*1 $2`), echo("a\\ b\\n"), echo(`"a\` + "\r" + `"`),
		// Words that do not close.
		echo(`"a"b`), echo(`'a'b`), echo(`"a`), echo(`'a`), echo(`"a\`), echo(`'a\'`), echo(`a"`), echo(`"a""b"`), "\"\r\n", "PING\r\n'\n",
		// Counts.
		"PING\r\n*x\r\n", "*\r\n", "*+1\r\n", "*01\r\n", "*00\r\n", "*-0\r\n", "*-01\r\n", "*1 \r\n", "* 1\r\n", "*--1\r\n", "*-\r\n", "*1x\r\n", "*1\n\r\n",
		"*2147483647\r\n", "*2147483648\r\n", "*1048577\r\n", "*9223372036854775807\r\n", "*9223372036854775808\r\n", "*-9223372036854775808\r\n", "*-9223372036854775809\r\n",
		"*" + long(100) + "\r\n", "*" + long(maxLine+1000), "*1\r", "*1", "*",
		// Lengths.
		"*1\r\n$x\r\n", "*1\r\n$\r\n", "*1\r\n$+1\r\n", "*1\r\n$01\r\n", "*1\r\n$-0\r\n", "*1\r\n$-1\r\n", "*1\r\n$1 \r\n", "*1\r\n$536870912\r\n", "*1\r\n$536870913\r\n",
		"*1\r\n$9223372036854775807\r\nx", "*1\r\n$18446744073709551617\r\n", "*1\r\n$" + long(100) + "\r\n", "*1\r\n$" + long(maxLine+1000),
		"*1\r\n" + long(maxLine+1000), "*1\r\n:4\r\n", "*1\r\nPING\r\n", "*1\r\n\r\n\r\n", "*1\r\n\n\r\n", "*1\r\n*1\r\n", "*2\r\n$4\r\nPING\r\n4\r\n", "*1\r\n\xff\r\n", "*1\r\n\"\r\n",
		// Long lines.
		long(maxLine + 1000), "PING" + strings.Repeat(" ", maxLine-5) + "\r\n", "PING\r\n" + long(maxLine+1000),
		// The limits before authentication, which the server without a password does not have.
		"*10\r\n", "*11\r\n", "*1\r\n$16384\r\n", "*1\r\n$16385\r\n",
	}
	for _, in := range inputs {
		if got, want := answer(in, Limits{}), ask(t, open, in); got != want {
			t.Errorf("%.60q:\n  ours %.200q\n redis %.200q", in, got, want)
		}
	}
	for _, in := range []string{
		"*10\r\n", "*11\r\n", "*2147483647\r\n", "*2147483648\r\n", "*-1\r\n*0\r\n*12\r\n", "*1\r\n$16384\r\n", "*1\r\n$16385\r\n", "*1\r\n$536870913\r\n", "*x\r\n", "*1\r\n$x\r\n",
		"\"\n", long(maxLine + 1000),
	} {
		if got, want := answer(in, Limits{Unauthenticated: true}), ask(t, locked, in); got != want {
			t.Errorf("unauthenticated %.60q:\n  ours %.200q\n redis %.200q", in, got, want)
		}
	}
}

// answer is what a server with this parser says to in: PING, ECHO and COMMAND GETKEYS MGET are all it knows.
func answer(in string, lim Limits) string {
	var p Parser
	var out []byte
	var args [][]byte
	for buf := []byte(in); len(buf) > 0; {
		cmd, n, err := p.Next(buf, args, &lim)
		if err != nil {
			return string(out) + "-ERR " + err.Error() + "\r\n"
		}
		if n == 0 {
			break
		}
		buf, args = buf[n:], cmd
		switch {
		case len(cmd) == 0:
		case len(cmd) == 1 && string(cmd[0]) == "PING":
			out = append(out, "+PONG\r\n"...)
		case len(cmd) == 2 && string(cmd[0]) == "ECHO":
			out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(cmd[1]), cmd[1])
		case len(cmd) > 3 && string(bytes.Join(cmd[:3], []byte(" "))) == "COMMAND GETKEYS MGET":
			out = fmt.Appendf(out, "*%d\r\n", len(cmd)-3)
			for _, arg := range cmd[3:] {
				out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(arg), arg)
			}
		default:
			out = fmt.Appendf(out, "unexpected command %q", cmd)
		}
	}
	return string(out)
}

// ask returns all that the server at addr says to in, until it closes the connection.
func ask(t *testing.T, addr, in string) string {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(nc, in); err != nil {
		t.Fatalf("%.60q: %v", in, err)
	}
	if err := nc.(*net.TCPConn).CloseWrite(); err != nil && !strings.Contains(err.Error(), "not connected") {
		t.Fatalf("%.60q: %v", in, err)
	}
	// A server that closes with bytes unread resets the connection behind its answer.
	out, err := io.ReadAll(nc)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatalf("%.60q: %v after %q", in, err, out)
	}
	return string(out)
}

// startRedis starts a private redis-server and returns its address. The test is skipped where there is none.
func startRedis(t *testing.T, options ...string) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: no redis-server in PATH; the parser was not compared with Redis")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	ln.Close()

	dir := t.TempDir()
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", dir, "--logfile", filepath.Join(dir, "log")}, options...)
	cmd := exec.Command(path, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			nc.Close()
			return addr
		}
		if time.Now().After(deadline) {
			t.Fatalf("redis-server does not listen: %v", err)
		}
	}
}
