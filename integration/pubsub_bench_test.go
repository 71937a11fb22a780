//go:build bench

package integration

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// broadcast is subscribers of channels and publishers to them.
type broadcast struct {
	name                    string
	publishers, subscribers int
	channels, pipeline      int
}

// TestPublish prints how many messages of 64 bytes are delivered per second, the CPU time of the server for each, and how long GET takes for
// another client meanwhile.
func TestPublish(t *testing.T) {
	servers := make([]*server, len(peers))
	for i, p := range peers {
		servers[i] = p.start(t, t.TempDir())
		servers[i].client().ok(t, "CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
	}
	fmt.Printf("%-46s %-10s %14s %10s %10s %10s\n", "publishers, subscribers, channels, pipeline", "server", "delivered/s", "cpu us", "GET p50 us", "GET p99 us")
	for _, c := range []broadcast{
		{"1 to 1,000", 1, 1000, 1, 1},
		{"1 to 1,000, pipeline 20", 1, 1000, 1, 20},
		{"10 to 1,000, pipeline 20", 10, 1000, 1, 20},
		{"10 to 1,000 on 100 channels, pipeline 20", 10, 1000, 100, 20},
		{"50 to 50 on 50 channels, pipeline 20", 50, 50, 50, 20},
	} {
		for i, s := range servers {
			var rate, cpu, p50, p99 []float64
			for range rounds {
				r := s.publish(t, c, time.Duration(scaled(3000))*time.Millisecond)
				rate, cpu, p50, p99 = append(rate, r.rate), append(cpu, r.cpuUs), append(p50, r.p50), append(p99, r.p99)
			}
			fmt.Printf("%-46s %-10s %14.0f %10.3f %10.0f %10.0f\n", c.name, peers[i].name, median(rate), median(cpu), median(p50), median(p99))
		}
	}
}

type published struct{ rate, cpuUs, p50, p99 float64 }

// publish has the publishers of c send for a while.
func (s *server) publish(t *testing.T, c broadcast, long time.Duration) published {
	const payload = 64
	channel := func(i int) string { return fmt.Sprintf("channel:%03d", i%c.channels) }
	message := strings.Repeat("m", payload)
	size := int64(len(fmt.Sprintf("*3\r\n$7\r\nmessage\r\n$11\r\n%s\r\n$%d\r\n%s\r\n", channel(0), payload, message)))
	var received atomic.Int64
	var readers, writers sync.WaitGroup
	var conns []*conn
	open := func() *conn {
		nc, err := dial(s.addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, nc)
		return nc
	}
	for i := range c.subscribers {
		sub := open()
		sub.must(t, "SUBSCRIBE", channel(i))
		sub.SetDeadline(time.Time{})
		readers.Go(func() {
			buf := make([]byte, 64<<10)
			for {
				n, err := sub.Read(buf)
				if err != nil {
					return
				}
				received.Add(int64(n))
			}
		})
	}
	var stop atomic.Bool
	for i := range c.publishers {
		pub := open()
		writers.Go(func() {
			batch := make([][]string, c.pipeline)
			for n := i; !stop.Load(); {
				for k := range batch {
					batch[k] = []string{"PUBLISH", channel(n), message}
					n++
				}
				if _, err := pub.pipeline(batch); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	before, from, cpu := time.Now(), received.Load(), s.cpu()
	p50, p99 := s.latencyOfGet(t, long)
	n := float64(received.Load()-from) / float64(size)
	secs, used := time.Since(before).Seconds(), s.cpu()-cpu
	stop.Store(true)
	writers.Wait()
	for _, nc := range conns {
		nc.Close()
	}
	readers.Wait()
	return published{n / secs, used / n * 1e6, p50, p99}
}

// latencyOfGet has another process ask for a key, for that long at least, and returns percentiles in microseconds: of the last 300 requests.
func (s *server) latencyOfGet(t *testing.T, long time.Duration) (p50, p99 float64) {
	_, port, _ := strings.Cut(s.addr, ":")
	for begin := time.Now(); time.Since(begin) < long; {
		out, err := exec.Command("redis-benchmark", "-p", port, "-c", "1", "-n", "300", "-t", "get", "--csv").CombinedOutput()
		if err != nil {
			t.Fatalf("redis-benchmark: %v: %s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		f := strings.Split(strings.ReplaceAll(lines[len(lines)-1], `"`, ""), ",")
		p50, _ = strconv.ParseFloat(f[4], 64)
		p99, _ = strconv.ParseFloat(f[6], 64)
	}
	return p50 * 1000, p99 * 1000
}
