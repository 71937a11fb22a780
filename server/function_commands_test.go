package server

import (
	"testing"

	"dragonfly/server/loader"
)

func TestFunctionFlush(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	for _, flush := range []string{"function flush", "function flush sync", "FUNCTION FLUSH ASYNC"} {
		s.carried.set(loader.Carried{Functions: [][]byte{[]byte("#!lua name=lib\n")}})
		c.expect(t, flush, "+OK")
		if n := len(s.carried.get().Functions); n != 0 {
			t.Errorf("%s: %d libraries are left", flush, n)
		}
	}
	c.expect(t,
		"function flush now", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option",
		"function flush sync sync", "-ERR unknown subcommand or wrong number of arguments for 'flush'. Try FUNCTION HELP.",
	)
}
