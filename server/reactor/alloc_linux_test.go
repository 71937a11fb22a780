//go:build !noepoll

package reactor_test

import (
	"net"
	"strings"
	"testing"

	"dragonfly/server/reactor"
)

// TestNoAllocations counts what a request costs the heap, from read to write. The client takes no memory of its own.
func TestNoAllocations(t *testing.T) {
	g, err := reactor.New(1, pong{}, reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Shutdown(t.Context())
	at, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	in := []byte(strings.Repeat("*1\r\n$4\r\nPING\r\n", 100))
	reply := make([]byte, 700)
	avg := testing.AllocsPerRun(200, func() {
		if _, err := nc.Write(in); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(reply); {
			m, err := nc.Read(reply[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
	})
	if avg != 0 {
		t.Errorf("%v allocations for a batch of 100", avg)
	}
}
