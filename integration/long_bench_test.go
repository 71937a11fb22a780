//go:build bench

package integration

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestLongStalls prints how long PING of other clients waits at most while one client reads, sorts and drops 5 million
// elements, and while a script does not end.
func TestLongStalls(t *testing.T) {
	n := scaled(5_000_000)
	ours := startOurs(t, t.TempDir(), "--proactor_threads=2", "--dbfilename=")
	c := ours.client()
	fillLong(t, c, n)
	var worst atomic.Int64
	done := make(chan struct{})
	var pingers sync.WaitGroup
	for range 4 { // some on each loop
		p := ours.client()
		pingers.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
				}
				start := time.Now()
				p.do("PING")
				took := time.Since(start).Microseconds()
				for old := worst.Load(); took > old && !worst.CompareAndSwap(old, took); old = worst.Load() {
				}
			}
		})
	}
	for _, args := range [][]string{
		{"SMEMBERS", "set"}, {"HGETALL", "hash"}, {"LRANGE", "list", "0", "-1"}, {"KEYS", "*"}, {"SORT", "list", "LIMIT", "0", "10"},
		{"SUNIONSTORE", "copy", "set", "set"}, {"ZUNIONSTORE", "zset", "1", "set"}, {"EVAL", "for i = 1, 30000000 do end", "0"},
		{"DEL", "set"}, {"UNLINK", "hash"}, {"FLUSHALL"},
	} {
		worst.Store(0)
		start := time.Now()
		c.must(t, args...)
		fmt.Printf("%-12s %8.1f ms, longest PING of others %6.1f ms\n", args[0], float64(time.Since(start).Microseconds())/1000, float64(worst.Load())/1000)
		time.Sleep(200 * time.Millisecond)
	}
	close(done)
	pingers.Wait()
}
