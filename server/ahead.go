package server

import (
	"dragonfly/server/command"
	"dragonfly/server/resp"
	"dragonfly/store/arena"
)

// request is a command that was parsed and waits for its turn.
type request struct {
	args [][]byte
	size int // bytes of input
	cmd  *command.Command
	// The hash of the first key, if hashed: it is known before the shard is locked, and computed once.
	hash   uint64
	hashed bool
	fetch  bool // its memory is fetched
}

// maxAhead is how many commands of a pipeline are parsed before the first of them runs. In a large data set each key
// costs two waits for memory; that many are waited for at once. More bring nothing, and their memory might be
// displaced before it is used.
const maxAhead = 16

// maxArgsKept is for how many arguments a request keeps its memory.
const maxArgsKept = 1024

// ahead is what was parsed of the unread bytes and has not run yet.
type ahead struct {
	requests [maxAhead]request
	n        int
	// What ended it: the bytes behind the requests are no command, or too few, or neither.
	err        error
	incomplete bool
}

// parse parses the commands at the start of in, up to maxAhead, and has the memory fetched that they will need.
// Nothing runs, so nothing may depend on what a command does: a client that has not authenticated has other limits after
// AUTH, and gets one command at a time.
func (co *coordinator) parse(cl *client, in []byte) {
	a := &co.ahead
	a.n, a.err, a.incomplete = 0, nil, false
	limits := resp.Limits{MaxBulk: co.maxBulk, MaxMultibulk: co.s.cfg.MaxMultiBulkLen, Unauthenticated: !cl.Authed}
	most := maxAhead
	if !cl.Authed {
		most = 1
	}
	last := uint64(0) // of many commands for one key, one fetches: another loop may be changing that memory
	for a.n < most && len(in) > 0 {
		r := &a.requests[a.n]
		if cap(r.args) > maxArgsKept {
			r.args = nil
		}
		r.args, r.size, a.err = cl.parser.Next(in, r.args[:0], &limits)
		if a.err != nil || r.size == 0 {
			a.incomplete = a.err == nil
			break
		}
		in = in[r.size:]
		a.n++
		co.resolve(r)
		if r.fetch = arena.CanPrefetch && r.hashed && r.hash != last; r.fetch {
			co.s.store.PrefetchBucket(cl.DB, r.hash)
			last = r.hash
		}
	}
	if arena.CanPrefetch && a.n > 1 { // a single command would wait for its bucket here instead of there
		for i := range a.n {
			if r := &a.requests[i]; r.fetch {
				co.s.store.PrefetchEntry(cl.DB, r.hash)
			}
		}
	}
}

// resolve finds what the name of a request means, and hashes its first key.
func (co *coordinator) resolve(r *request) {
	r.cmd, r.hashed = nil, false
	if len(r.args) == 0 {
		return
	}
	r.cmd = co.s.registry.Find(r.args[0])
	if r.cmd == nil || r.cmd.Keys.First == 0 || r.cmd.Keys.First >= len(r.args) {
		return
	}
	r.hash, r.hashed = co.s.store.Hash(r.args[r.cmd.Keys.First]), true
}

// prefetch has the memory fetched for the keys of one command with several keys, or for the first of very many.
func (co *coordinator) prefetch(db int, args [][]byte) {
	var hashes [2 * maxAhead]uint64
	keys := co.keys[:min(len(co.keys), len(hashes))]
	for i, k := range keys {
		hashes[i] = co.s.store.Hash(args[k])
		co.s.store.PrefetchBucket(db, hashes[i])
	}
	for i := range keys {
		co.s.store.PrefetchEntry(db, hashes[i])
	}
}
