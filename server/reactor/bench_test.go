package reactor_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/server/reactor"
	"dragonfly/server/resp"
)

// pong answers PONG to every command: with a real parser, the least a server can do.
type pong struct{}

type pongState struct {
	parser resp.Parser
	args   [8][]byte
	limits resp.Limits
}

func (pong) Open(c *reactor.Conn) bool     { c.State = new(pongState); return true }
func (pong) Close(*reactor.Conn, error)    {}
func (pong) Tick(*reactor.Loop, time.Time) {}
func (pong) Data(c *reactor.Conn, in []byte) int {
	s := c.State.(*pongState)
	for from := 0; ; {
		args, n, err := s.parser.Next(in[from:], s.args[:], &s.limits)
		if err != nil {
			c.Out = append(c.Out, "-ERR "+err.Error()+"\r\n"...)
			c.CloseAfterFlush()
			return len(in)
		}
		if n == 0 {
			return from
		}
		from += n
		if len(args) > 0 {
			c.Out = append(c.Out, "+PONG\r\n"...)
		}
	}
}

// BenchmarkPing has redis-benchmark measure this package and redis-server in turn, and reports the processor time of the server per request.
func BenchmarkPing(b *testing.B) {
	for _, tool := range []string{"redis-benchmark", "redis-server"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Skipf("SKIPPED: no %s in PATH", tool)
		}
	}
	for _, loops := range []int{1, 2} {
		g, err := reactor.New(loops, pong{}, reactor.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer g.Shutdown(b.Context())
		at, err := g.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		benchmark(b, fmt.Sprintf("loops=%d", loops), at.String(), os.Getpid())
	}

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	_, port, _ := net.SplitHostPort(addr)
	redis := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", b.TempDir())
	if err := redis.Start(); err != nil {
		b.Fatal(err)
	}
	defer redis.Wait()
	defer redis.Process.Kill()
	for {
		if nc, err := net.Dial("tcp", addr); err == nil {
			nc.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	benchmark(b, "redis", addr, redis.Process.Pid)
}

func benchmark(b *testing.B, name, addr string, pid int) {
	_, port, _ := net.SplitHostPort(addr)
	for _, pipeline := range []int{1, 16, 100} {
		b.Run(fmt.Sprintf("%s/pipeline=%d", name, pipeline), func(b *testing.B) {
			n := max(b.N, 1000)
			before := cpu(b, pid)
			out, err := exec.Command("redis-benchmark", "-p", port, "-c", "50", "-n", fmt.Sprint(n), "-P", fmt.Sprint(pipeline), "-t", "ping_mbulk", "-q").CombinedOutput()
			if err != nil {
				b.Fatalf("%v: %s", err, out)
			}
			b.ReportMetric((cpu(b, pid)-before)*1e6/float64(n), "server-us/op")
		})
	}
}

// cpu returns the seconds of processor time a process has used.
func cpu(b *testing.B, pid int) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("SKIPPED: no processor times here: %v", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100 // the unit is fixed for programs, whatever the kernel's own is
}
