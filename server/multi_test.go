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
		"swapdb 99 x", "-ERR invalid second DB index", "swapdb -1 0", "-ERR DB index is out of range",
	)
}

// TestExecWithoutMemory: a transaction is refused as a whole if one of its commands needs memory that is not there.
func TestExecWithoutMemory(t *testing.T) {
	s := newServer(t, nil)
	a, b := dial(t, s), dial(t, s)
	const oom = "OOM command not allowed when used memory > 'maxmemory'."
	a.expect(t, "multi", "+OK", "set k v", "+QUEUED", "get k", "+QUEUED")
	b.expect(t, "multi", "+OK", "get k", "+QUEUED")
	a.expect(t, "exec", "*2 +OK $v", "config set maxmemory 1", "+OK")
	a.expect(t, "set k v", "-"+oom, "multi", "+OK", "set k v", "-"+oom, "discard", "+OK")
	b.expect(t, "exec", "*1 $v", "config set maxmemory 0", "+OK", "multi", "+OK", "set k w", "+QUEUED")
	a.expect(t, "config set maxmemory 1", "+OK")
	b.expect(t, "exec", "-EXECABORT Transaction discarded because of: "+oom, "get k", "$v")
}
