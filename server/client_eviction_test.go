package server

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// gone waits until a client is not listed any more.
func gone(t *testing.T, admin *wire, name string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Contains(admin.do("client list"), "name="+name+" "); {
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there", name)
		}
		time.Sleep(time.Millisecond)
	}
}

// field returns a number that CLIENT LIST shows of a client.
func (w *wire) field(name, field string) (n int64) {
	w.t.Helper()
	for line := range strings.SplitSeq(w.do("client list"), "\n") {
		if strings.Contains(line, "name="+name+" ") {
			_, rest, _ := strings.Cut(line, " "+field+"=")
			fmt.Sscan(rest, &n)
			return n
		}
	}
	return -1
}

// TestClientEviction: beyond maxmemory-clients those go that take most, whatever they take it for.
func TestClientEviction(t *testing.T) {
	s := newServer(t, nil)
	admin := connect(t, s)
	admin.expect(t, "client setname admin", "+OK", "client no-evict on", "+OK", "config set maxmemory-clients 200kb", "+OK",
		"config get maxmemory-clients", "*2 $maxmemory-clients $204800")
	evicted := 0
	f := func(name string, greedy func(w *wire)) {
		t.Helper()
		small, big := connect(t, s), connect(t, s)
		small.do("client setname small")
		big.do("client setname " + name)
		greedy(big)
		gone(t, admin, name)
		evicted++
		small.expect(t, "ping", "+PONG")
		small.conn.Close()
		gone(t, admin, "small")
		if got := admin.do("info stats"); !strings.Contains(got, fmt.Sprintf("\nevicted_clients:%d\r\n", evicted)) {
			t.Errorf("after %d evictions INFO says otherwise", evicted)
		}
	}
	repeat := func(n int, line string) func(w *wire) {
		return func(w *wire) {
			for i := range n {
				if _, err := fmt.Fprintf(w.conn, line+"\r\n", i); err != nil {
					return // it is gone
				}
			}
		}
	}
	f("input", func(w *wire) { fmt.Fprintf(w.conn, "*2\r\n$3\r\nget\r\n$300000\r\n%s", strings.Repeat("x", 250000)) })
	f("multi", func(w *wire) {
		w.do("multi")
		repeat(300, "set key:%d "+strings.Repeat("v", 1000))(w)
	})
	f("watch", func(w *wire) { repeat(2000, "watch key:%d")(w) })
	f("prefixes", func(w *wire) {
		w.do("hello 3")
		repeat(2000, "client tracking on bcast prefix prefix:%06d:")(w)
	})
	admin.expect(t, "config set maxmemory-clients 0", "+OK")
}

// TestClientEvictionOrder: a lower limit takes effect at once, and spares the small ones and those who asked to be.
func TestClientEvictionOrder(t *testing.T) {
	s := newServer(t, nil)
	admin := connect(t, s)
	admin.expect(t, "client setname admin", "+OK", "client no-evict on", "+OK")
	keep := map[string]int{"spared": 500000, "big": 400000, "middle": 200000, "little": 100000}
	for _, name := range []string{"little", "middle", "big", "spared"} {
		w := connect(t, s)
		w.do("client setname " + name)
		if name == "spared" {
			w.do("client no-evict on")
		}
		fmt.Fprintf(w.conn, "*1\r\n$1000000\r\n%s", strings.Repeat("x", keep[name]))
		for deadline := time.Now().Add(10 * time.Second); admin.field(name, "qbuf") < int64(keep[name]); {
			if time.Now().After(deadline) {
				t.Fatalf("the input of %s is not there", name)
			}
		}
		if got := admin.field(name, "tot-mem"); got < int64(keep[name]) || got > int64(keep[name])+10000 {
			t.Errorf("%s takes %d bytes", name, got)
		}
	}
	listed := func() (names string) {
		for _, name := range []string{"little", "middle", "big", "spared"} {
			if admin.field(name, "id") >= 0 || strings.Contains(admin.do("client list"), "name="+name+" ") {
				names += name + " "
			}
		}
		return names
	}
	f := func(limit, want string) {
		t.Helper()
		admin.expect(t, "config set maxmemory-clients "+limit, "+OK")
		if got := listed(); got != want {
			t.Errorf("within %s there are %q, want %q", limit, got, want)
		}
	}
	f("2mb", "little middle big spared ")
	f("850000", "little middle spared ")
	f("50%", "little middle spared ") // of no limit at all
	admin.expect(t, "config set maxmemory 100mb", "+OK")
	f("1%", "little middle spared ") // of 100 MiB
	f("520000", "spared ")
	f("1", "spared ")
}
