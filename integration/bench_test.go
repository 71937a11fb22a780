//go:build bench

package integration

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The benchmark measures us and a real redis-server in the same run, in turn, and prints medians. It is not a test of
// limits: a number is printed, not judged. BENCH_SCALE=0.1 makes it ten times shorter.

// rounds is how often every figure is taken.
const rounds = 3

func scaled(n int) int {
	if f, err := strconv.ParseFloat(os.Getenv("BENCH_SCALE"), 64); err == nil && f > 0 {
		return max(1000, int(float64(n)*f))
	}
	return n
}

// peer is one of the servers compared.
type peer struct {
	name  string
	start func(t testing.TB, dir string, args ...string) *server
}

var peers = []peer{
	{"dragonfly", func(t testing.TB, dir string, args ...string) *server {
		return startOurs(t, dir, append([]string{"--dbfilename=dump.rdb"}, args...)...)
	}},
	{"redis", func(t testing.TB, dir string, args ...string) *server { return startRedis(t, dir, args...) }},
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// cpu returns the CPU seconds a process has used.
func (s *server) cpu() float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	sys, _ := strconv.ParseFloat(f[12], 64)
	return (user + sys) / 100
}

// memory returns a figure of /proc/PID/status in bytes.
func (s *server) memory(field string) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb * 1024
		}
	}
	return 0
}

var perSecond = regexp.MustCompile(`([0-9.]+) requests per second`)

// load runs redis-benchmark and returns requests per second and server CPU per request in microseconds.
func (s *server) load(requests, pipeline int, test string) (rps, cpuUs float64) {
	_, port, _ := strings.Cut(s.addr, ":")
	before := s.cpu()
	out, err := exec.Command("redis-benchmark", "-h", "127.0.0.1", "-p", port, "-c", "50", "-n", strconv.Itoa(requests),
		"-P", strconv.Itoa(pipeline), "-r", "1000000", "-d", "64", "-t", test, "-q").CombinedOutput()
	if err != nil {
		s.t.Fatalf("redis-benchmark: %v: %s", err, out)
	}
	used := s.cpu() - before
	m := perSecond.FindAllStringSubmatch(string(out), -1)
	if m == nil {
		s.t.Fatalf("redis-benchmark: %s", out)
	}
	rps, _ = strconv.ParseFloat(m[len(m)-1][1], 64)
	return rps, used / float64(requests) * 1e6
}

// TestThroughput prints requests per second and CPU per request.
func TestThroughput(t *testing.T) {
	servers := make([]*server, len(peers))
	for i, p := range peers {
		servers[i] = p.start(t, t.TempDir())
	}
	fmt.Printf("%-8s %-9s %14s %14s %7s %12s %12s %7s\n", "command", "pipeline", "dragonfly rps", "redis rps", "ratio", "dragonfly us", "redis us", "ratio")
	for _, pipeline := range []int{1, 16, 100} {
		requests := scaled(map[int]int{1: 300_000, 16: 1_500_000, 100: 3_000_000}[pipeline])
		for _, test := range []string{"set", "get", "incr", "lpush", "hset", "zadd"} {
			n := requests
			if test == "zadd" {
				n /= 3
			}
			var rps, us [2][]float64
			for range rounds {
				for i, s := range servers {
					r, u := s.load(n, pipeline, test)
					rps[i], us[i] = append(rps[i], r), append(us[i], u)
				}
			}
			for _, s := range servers {
				if test == "lpush" {
					s.client().must(t, "DEL", "mylist")
				}
			}
			a, b, c, d := median(rps[0]), median(rps[1]), median(us[0]), median(us[1])
			fmt.Printf("%-8s %-9d %14.0f %14.0f %7.2f %12.2f %12.2f %7.2f\n", strings.ToUpper(test), pipeline, a, b, a/b, c, d, c/d)
		}
	}
}

// rdbFile writes RDB files by hand, without checksum.
type rdbFile struct {
	*bufio.Writer
	f *os.File
}

func createRDB(t testing.TB, path string) *rdbFile {
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := &rdbFile{bufio.NewWriterSize(f, 1<<20), f}
	w.WriteString("REDIS0009\xfe\x00")
	return w
}

func (w *rdbFile) length(n int) {
	switch {
	case n < 1<<6:
		w.WriteByte(byte(n))
	case n < 1<<14:
		w.Write([]byte{0x40 | byte(n>>8), byte(n)})
	default:
		w.Write(binary.BigEndian.AppendUint32([]byte{0x80}, uint32(n)))
	}
}

func (w *rdbFile) str(s string) {
	w.length(len(s))
	w.WriteString(s)
}

func (w *rdbFile) end(t testing.TB) {
	w.WriteString("\xff\x00\x00\x00\x00\x00\x00\x00\x00")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := w.f.Close(); err != nil {
		t.Fatal(err)
	}
}

// writeStrings writes keys of 16 bytes with random values of 32.
func writeStrings(t testing.TB, path string, n int) {
	w := createRDB(t, path)
	rng := rand.NewChaCha8([32]byte{1})
	value := make([]byte, 32)
	for i := range n {
		rng.Read(value)
		w.WriteByte(0)
		w.str(fmt.Sprintf("key:%012d", i))
		w.length(len(value))
		w.Write(value)
	}
	w.end(t)
}

// writeCollections writes small and big collections of every kind.
func writeCollections(t testing.TB, path string, small, big, bigSize int) {
	w := createRDB(t, path)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range small + big {
		size := 10 + rng.IntN(11)
		if i >= small {
			size = bigSize
		}
		kind := []byte{1, 2, 4, 5, 2}[i%5]
		w.WriteByte(kind)
		w.str(fmt.Sprintf("collection:%d", i))
		w.length(size)
		for k := range size {
			elem := fmt.Sprintf("elem:%d", k)
			switch {
			case kind == 4:
				w.str(elem)
				w.str(fmt.Sprintf("value:%d", rng.IntN(1000)))
			case kind == 5:
				w.str(elem)
				binary.Write(w, binary.LittleEndian, float64(k))
			case i%5 == 4:
				w.str(strconv.Itoa(k * 7))
			default:
				w.str(elem)
			}
		}
	}
	w.end(t)
}

// TestFiles prints bytes per key, and the seconds it takes to load and to save.
func TestFiles(t *testing.T) {
	files := []struct {
		name  string
		keys  int
		write func(path string)
	}{
		{"1 M strings", scaled(1_000_000), nil},
		{"5 M strings", scaled(5_000_000), nil},
		{"10 M strings", scaled(10_000_000), nil},
		{"475 k small collections", 0, func(path string) { writeCollections(t, path, scaled(475_000), 0, 0) }},
		{"40 big collections of 100 k", 0, func(path string) { writeCollections(t, path, 0, 40, scaled(100_000)) }},
	}
	fmt.Printf("%-28s %-10s %10s %10s %12s %14s\n", "file", "server", "load s", "save s", "RSS MB", "bytes per key")
	for _, f := range files {
		path := filepath.Join(t.TempDir(), "dump.rdb")
		if f.write == nil {
			writeStrings(t, path, f.keys)
		} else {
			f.write(path)
		}
		var load, save, rss [2][]float64
		for range rounds {
			for i, p := range peers {
				dir := t.TempDir()
				empty := p.start(t, dir)
				base := empty.memory("VmRSS")
				empty.kill()
				copyFile(t, path, filepath.Join(dir, "dump.rdb"))
				begin := time.Now()
				s := p.start(t, dir)
				load[i] = append(load[i], time.Since(begin).Seconds())
				rss[i] = append(rss[i], s.memory("VmRSS")-base)
				c := s.client()
				begin = time.Now()
				if reply := c.must(t, "SAVE"); reply != "+OK\r\n" {
					t.Fatal(reply)
				}
				save[i] = append(save[i], time.Since(begin).Seconds())
				s.kill()
				os.Remove(filepath.Join(dir, "dump.rdb"))
			}
		}
		for i, p := range peers {
			perKey := "-"
			if f.keys > 0 {
				perKey = fmt.Sprintf("%.1f", median(rss[i])/float64(f.keys))
			}
			fmt.Printf("%-28s %-10s %10.2f %10.2f %12.1f %14s\n", f.name, p.name, median(load[i]), median(save[i]), median(rss[i])/1e6, perKey)
		}
		os.Remove(path)
	}
}

// TestGrowth prints how much memory grows while a snapshot is taken under writes.
func TestGrowth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dump.rdb")
	keys := scaled(5_000_000)
	writeStrings(t, path, keys)
	fmt.Printf("%-10s %16s %16s\n", "server", "RSS before MB", "growth MB")
	for _, p := range peers {
		dir := t.TempDir()
		copyFile(t, path, filepath.Join(dir, "dump.rdb"))
		s := p.start(t, dir)
		var stop atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			overwrite(t, s, keys, &stop)
		}()
		time.Sleep(500 * time.Millisecond)
		before := s.tree()
		c := s.client()
		c.must(t, "BGSAVE")
		peak := before
		for {
			peak = max(peak, s.tree())
			if strings.Contains(c.must(t, "INFO", "persistence"), "rdb_bgsave_in_progress:0") {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		stop.Store(true)
		<-done
		fmt.Printf("%-10s %16.1f %16.1f\n", p.name, before/1e6, (peak-before)/1e6)
		s.kill()
	}
}

// overwrite sets existing keys to values of the same size, as fast as one connection can.
func overwrite(t *testing.T, s *server, keys int, stop *atomic.Bool) {
	c, err := dial(s.addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	rng := rand.New(rand.NewPCG(9, 9))
	value := strings.Repeat("y", 32)
	for !stop.Load() {
		var b []byte
		for range 100 {
			b = appendCommand(b, "SET", fmt.Sprintf("key:%012d", rng.IntN(keys)), value)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		if _, err := c.Write(b); err != nil {
			t.Error(err)
			return
		}
		for range 100 {
			if _, err := c.reply(); err != nil {
				t.Error(err)
				return
			}
		}
	}
}

// tree returns the memory of a process and its children that is theirs alone, plus what they share once.
func (s *server) tree() float64 {
	total := 0.0
	pids := []int{s.cmd.Process.Pid}
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(s.cmd.Process.Pid)).Output()
	for line := range strings.Lines(string(out)) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			pids = append(pids, pid)
		}
	}
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				total += kb * 1024
			}
		}
	}
	return total
}
