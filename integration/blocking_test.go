package integration

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestManyBlocked: thousands of clients wait for the same jobs. They cost little memory, hold up nobody, every job goes to one
// of them, those who leave are forgotten, and the server ends without waiting for the others. BLOCKED is how many there are.
func TestManyBlocked(t *testing.T) {
	n := countFrom("BLOCKED", 1000)
	s := startOurs(t, t.TempDir(), "--dbfilename=")
	control := s.client()
	control.must(t, "RPUSH", "warm", "up")
	before := rss(t, s)
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		conns[i] = c
		if _, err := c.Write(appendCommand(nil, "BLPOP", "jobs:urgent", "jobs", "jobs:later", "0")); err != nil {
			t.Fatal(err)
		}
	}
	awaitBlocked(t, control, n)
	each := (rss(t, s) - before) / n
	t.Logf("a client that waits takes %d bytes, its connection included", each)
	if each > 8<<10 {
		t.Errorf("a client that waits takes %d bytes", each)
	}

	// A third leaves, a third gets jobs, one by one.
	gone, jobs := n/3, n/3
	for _, c := range conns[:gone] {
		c.Close()
	}
	awaitBlocked(t, control, n-gone)
	got := make(chan string, n)
	var readers sync.WaitGroup
	for _, c := range conns[gone:] {
		readers.Go(func() {
			r := bufio.NewReaderSize(c, 64)
			var reply []string
			for range 5 { // *2, two lengths, two strings
				line, err := r.ReadString('\n')
				if err != nil {
					return // the server has ended
				}
				reply = append(reply, strings.TrimSpace(line))
			}
			got <- reply[2] + " " + reply[4]
		})
	}
	slowest := time.Duration(0)
	seen := map[string]bool{}
	for i := range jobs {
		key := [...]string{"jobs", "jobs:urgent", "jobs:later"}[i%3]
		start := time.Now()
		if reply := control.must(t, "RPUSH", key, strconv.Itoa(i)); reply != ":1\r\n" {
			t.Fatal(reply)
		}
		slowest = max(slowest, time.Since(start))
		job := <-got
		if want := fmt.Sprint(key, " ", i); job != want || seen[job] {
			t.Fatalf("a client got %s, not %s", job, want)
		}
		seen[job] = true
	}
	t.Logf("the slowest push took %v", slowest)
	awaitBlocked(t, control, n-gone-jobs)
	if reply := control.must(t, "EXISTS", "jobs", "jobs:urgent", "jobs:later"); reply != ":0\r\n" {
		t.Errorf("jobs are left: %s", reply)
	}
	start := time.Now()
	if code := s.terminate(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the end took %v", took)
	}
	readers.Wait()
}

// awaitBlocked waits until so many clients of a server are blocked.
func awaitBlocked(t testing.TB, control *conn, n int) {
	t.Helper()
	want := fmt.Sprintf("\r\nblocked_clients:%d\r\n", n)
	info := ""
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if info = control.must(t, "INFO", "clients"); strings.Contains(info, want) {
			return
		}
	}
	t.Fatalf("not %d clients are blocked: %s", n, info)
}
