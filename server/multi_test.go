package server

import "testing"

// TestRefusedExec: an EXEC that is refused ends the transaction and forgets the watched keys.
func TestRefusedExec(t *testing.T) {
	w := dial(t, newServer(t, nil))
	const refused = "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"
	w.expect(t,
		"multi", "+OK", "set k v", "+QUEUED", "exec junk", refused, "get k", "$-1", "exec", "-ERR EXEC without MULTI",
		"watch k", "+OK", "exec junk", refused, "set k v", "+OK", "multi", "+OK", "get k", "+QUEUED", "exec", "*1 $v",
	)
}

func TestSwapDBIndexes(t *testing.T) {
	w := dial(t, newServer(t, nil))
	w.expect(t,
		"swapdb x 1", "-ERR invalid first DB index", "swapdb 1 99999999999", "-ERR invalid second DB index",
		"swapdb 1 99", "-ERR DB index is out of range",
	)
}
