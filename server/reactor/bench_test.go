package reactor_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dragonfly/server/reactor"
	"dragonfly/server/resp"
)

// pong answers PING to everything, with a real parser: the least a server can do.
type pong struct{ args [][]byte }

func (p *pong) Open(c *reactor.Conn) bool     { c.State = new(resp.Parser); return true }
func (p *pong) Close(*reactor.Conn, error)    {}
func (p *pong) Tick(*reactor.Loop, time.Time) {}
func (p *pong) Data(c *reactor.Conn, in []byte) int {
	parser := c.State.(*resp.Parser)
	var args [8][]byte
	lim := resp.Limits{}
	from := 0
	for {
		out, n, err := parser.Next(in[from:], args[:0], &lim)
		if err != nil {
			c.Out = append(c.Out, "-ERR "+err.Error()+"\r\n"...)
			c.CloseAfterFlush()
			return len(in)
		}
		if n == 0 {
			return from
		}
		from += n
		if len(out) > 0 {
			c.Out = append(c.Out, "+PONG\r\n"...)
		}
	}
}

// TestRedisBenchmark prints the processor time of a request next to redis-server's own. It takes REACTOR_BENCHMARK=requests to run.
func TestRedisBenchmark(t *testing.T) {
	requests := os.Getenv("REACTOR_BENCHMARK")
	if requests == "" {
		t.Skip("SKIPPED: set REACTOR_BENCHMARK=1000000 to measure against redis-server")
	}
	g, err := reactor.New(benchLoops(), &pong{}, reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Shutdown(context.Background())
	addr, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(addr.String(), ":")
	for _, pipeline := range []string{"1", "16", "100"} {
		var before, after unix.Rusage
		unix.Getrusage(unix.RUSAGE_SELF, &before)
		out, err := exec.Command("redis-benchmark", "-p", port, "-c", "50", "-n", requests, "-P", pipeline, "-t", "ping_mbulk", "-q").CombinedOutput()
		if err != nil {
			t.Fatal(err, string(out))
		}
		unix.Getrusage(unix.RUSAGE_SELF, &after)
		us := func(tv unix.Timeval) float64 { return float64(tv.Sec)*1e6 + float64(tv.Usec) }
		var n float64
		fmt.Sscan(requests, &n)
		line := strings.TrimSpace(string(out)[strings.LastIndex(strings.TrimSpace(string(out)), "\r")+1:])
		t.Logf("pipeline %s: user %.2f system %.2f us per request; %s", pipeline,
			(us(after.Utime)-us(before.Utime))/n, (us(after.Stime)-us(before.Stime))/n, line)
	}
}

func benchLoops() int {
	n := 2
	fmt.Sscan(os.Getenv("REACTOR_LOOPS"), &n)
	return n
}
