package server

import (
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
)

// TestRestoreBadPayload: a payload that is no value leaves what it should have replaced, expiry included, and watchers
// of the key are not told.
func TestRestoreBadPayload(t *testing.T) {
	s := newServer(t, nil)
	c := inMemory(t, s).Conn()
	defer c.Close()
	ctx := t.Context()
	do := func(want string, args ...any) {
		t.Helper()
		v, err := c.Do(ctx, args...).Text()
		if err != nil {
			v = err.Error()
		}
		if !strings.HasPrefix(v, want) {
			t.Errorf("%q: %q, want %q", args, v, want)
		}
	}
	// A set in which a member appears twice.
	bad := string(rdbfmt.AppendFooter([]byte{rdbfmt.TypeSet, 2, 1, 'a', 1, 'a'}, 0, rdbfmt.Version))
	good := string(rdbfmt.AppendFooter([]byte{rdbfmt.TypeSet, 2, 1, 'a', 1, 'b'}, 0, rdbfmt.Version))
	do("OK", "SET", "k", "v", "PX", "100000")
	do("OK", "WATCH", "k")
	do("ERR Bad data format", "RESTORE", "k", "0", bad, "REPLACE")
	do("ERR Bad data format", "RESTORE", "k", "1", bad, "REPLACE", "ABSTTL")
	do("ERR Bad data format", "RESTORE", "new", "0", bad)
	do("OK", "MULTI")
	do("QUEUED", "GET", "k")
	if v, err := c.Do(ctx, "EXEC").StringSlice(); err != nil || len(v) != 1 || v[0] != "v" {
		t.Errorf("EXEC: %q, %v", v, err)
	}
	if n, err := c.PTTL(ctx, "k").Result(); err != nil || n <= 0 {
		t.Errorf("PTTL: %v, %v", n, err)
	}
	do("OK", "RESTORE", "sticky", "0", good, "STICK", "REPLACE")
	do("OK", "RESTORE", "plain", "0", good)
	if n, err := c.Do(ctx, "STICK", "sticky", "plain").Int(); err != nil || n != 1 {
		t.Errorf("%d of two keys were not sticky, %v", n, err)
	}
	do("OK", "RESTORE", "k", "1", good, "REPLACE", "ABSTTL")
	if n, err := c.Exists(ctx, "k", "new").Result(); err != nil || n != 0 {
		t.Errorf("%d keys, %v", n, err)
	}
}
