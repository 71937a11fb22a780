//go:build bench

package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestStall prints how long a client waits for its replies while a snapshot of many keys and of one big sorted set is
// taken: without a snapshot, with one in each format, and with others that change the big value meanwhile.
func TestStall(t *testing.T) {
	keys, members := scaled(10_000_000), scaled(5_000_000)
	s := startOurs(t, t.TempDir(), "--dbfilename=dump")
	c := s.client()
	c.must(t, "DEBUG", "POPULATE", strconv.Itoa(keys), "key", "32")
	addMembers(t, s, members)
	fmt.Printf("%-40s %10s %10s %10s %10s %12s\n", "", "median us", "p99 ms", "p99.9 ms", "longest ms", "snapshot s")
	print := func(name string, waits []time.Duration, took time.Duration) {
		slices.Sort(waits)
		at := func(q float64) time.Duration { return waits[int(q*float64(len(waits)-1))] }
		fmt.Printf("%-40s %10d %10.2f %10.2f %10.2f %12.1f\n", name, at(0.5).Microseconds(),
			at(0.99).Seconds()*1e3, at(0.999).Seconds()*1e3, at(1).Seconds()*1e3, took.Seconds())
	}
	var stop atomic.Bool
	time.AfterFunc(5*time.Second, func() { stop.Store(true) })
	print("no snapshot", probe(t, s, keys, &stop), 0)
	for _, args := range [][]string{{"SAVE", "DF"}, {"SAVE", "RDB", "other"}} {
		for _, busy := range []bool{false, true} {
			stop.Store(false)
			name := strings.Join(args[:2], " ")
			done := make(chan struct{})
			if busy {
				name += ", the sorted set is written to"
				w := s.client()
				go func() {
					defer close(done)
					for i := 0; !stop.Load(); i++ {
						w.must(t, "ZADD", "big", strconv.Itoa(i), fmt.Sprintf("member:%012d", i%members))
					}
				}()
			} else {
				close(done)
			}
			begin := time.Now()
			var took time.Duration
			go func() {
				time.Sleep(100 * time.Millisecond) // the other clients are at work
				s.client().must(t, args...)
				took = time.Since(begin)
				stop.Store(true)
			}()
			waits := probe(t, s, keys, &stop)
			<-done
			print(name, waits, took)
		}
	}
}

// addMembers makes a sorted set.
func addMembers(t *testing.T, s *server, members int) {
	c, err := dial(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := 0; i < members; i += 1000 {
		args := []string{"ZADD", "big"}
		for j := i; j < min(i+1000, members); j++ {
			args = append(args, strconv.Itoa(j), fmt.Sprintf("member:%012d", j))
		}
		c.must(t, args...)
	}
}

// probe reads and writes a random key now and then, until it is told to stop, and returns how long each took.
func probe(t *testing.T, s *server, keys int, stop *atomic.Bool) (waits []time.Duration) {
	c := s.client()
	rng := rand.New(rand.NewPCG(1, 2))
	for !stop.Load() {
		key := "key:" + strconv.Itoa(rng.IntN(keys))
		begin := time.Now()
		if rng.IntN(2) == 0 {
			c.must(t, "GET", key)
		} else {
			c.must(t, "SET", key, "a value of thirty-two bytes ....")
		}
		waits = append(waits, time.Since(begin))
		time.Sleep(200 * time.Microsecond)
	}
	return waits
}

// TestFormats prints what DFS costs next to RDB: seconds to save and to load, and bytes.
func TestFormats(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dump.rdb")
	keys := scaled(5_000_000)
	writeStrings(t, path, keys)
	fmt.Printf("%-28s %10s %10s %12s\n", fmt.Sprintf("%d strings", keys), "save s", "load s", "MB on disk")
	for _, f := range []struct {
		name  string
		flags []string
	}{
		{"RDB, LZF", []string{"--nodf_snapshot_format"}},
		{"RDB, not compressed", []string{"--nodf_snapshot_format", "--compression_mode=0"}},
		{"DFS, not compressed", []string{"--compression_mode=0"}},
		{"DFS, zstd", []string{"--compression_mode=2"}},
		{"DFS, LZ4", nil},
	} {
		dir := t.TempDir()
		copyFile(t, path, filepath.Join(dir, "dump.rdb"))
		flags := append([]string{"--dbfilename=dump"}, f.flags...)
		var save, load []float64
		size := int64(0)
		for range rounds {
			s := startOurs(t, dir, flags...)
			begin := time.Now()
			s.client().must(t, "SAVE")
			save = append(save, time.Since(begin).Seconds())
			s.kill()
			begin = time.Now()
			s = startOurs(t, dir, flags...)
			load = append(load, time.Since(begin).Seconds())
			s.kill()
		}
		pattern := "dump*.dfs"
		if len(f.flags) > 0 && f.flags[0] == "--nodf_snapshot_format" {
			pattern = "dump.rdb"
		}
		size = bytesOf(t, filepath.Join(dir, pattern))
		fmt.Printf("%-28s %10.2f %10.2f %12.1f\n", f.name, median(save), median(load), float64(size)/1e6)
	}
}

// bytesOf returns the size of all files that match a pattern.
func bytesOf(t *testing.T, pattern string) (n int64) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}
