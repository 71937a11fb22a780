package server

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"dragonfly/server/config"
)

// listen returns a connection that gets all events of database 0.
func listen(t *testing.T, s *Server) *wire {
	t.Helper()
	w := connect(t, s)
	w.expect(t, `psubscribe __keyevent@0__:*`, "*3 $psubscribe $__keyevent@0__:* :1")
	return w
}

// event reads an event, in the form event(key).
func (w *wire) event() string {
	w.t.Helper()
	f := strings.Split(w.read(), " $")
	if len(f) != 5 || f[0] != "*4" {
		w.t.Fatalf("no event: %q", f)
	}
	return fmt.Sprintf("%s(%s)", strings.TrimPrefix(f[3], "__keyevent@0__:"), f[4])
}

// TestEventsOfCommands: every command causes the events that it causes in Redis 7.4, in their order. The file was recorded
// there; expiries come in their time.
func TestEventsOfCommands(t *testing.T) {
	text, err := os.ReadFile("testdata/keyspace_events.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(c *config.Config) { c.NotifyKeyspaceEvents = "AEmn" })
	listener, c := listen(t, s), connect(t, s)
	for line := range strings.Lines(string(text)) {
		cmd, want, _ := strings.Cut(strings.TrimSpace(line), " ->")
		c.do(cmd)
		var got []string
		if strings.Contains(want, "expired(") { // it comes in its time
			for range strings.Fields(want) {
				got = append(got, listener.event())
			}
		}
		c.do("publish __keyevent@0__:end x")
		for e := listener.event(); e != "end(x)"; e = listener.event() {
			got = append(got, e)
		}
		if g := strings.Join(got, " "); g != strings.TrimSpace(want) {
			t.Errorf("%s: %s, want%s", strings.TrimSpace(cmd), g, want)
		}
	}
}
