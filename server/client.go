package server

import (
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/reactor"
	"dragonfly/server/resp"
	"dragonfly/server/session"
)

// client is one connection as the server sees it: what it said about itself and where its input stands. It belongs
// to the loop of its connection; mu guards the parts that CLIENT LIST and CLIENT KILL read from other loops.
type client struct {
	session.Session
	conn   *reactor.Conn
	parser resp.Parser

	mu      sync.Mutex // guards Name, LibName, LibVer, User, DB and Proto against readers on other loops
	addr    string
	laddr   string
	created time.Time

	lastMs  atomic.Int64 // time of the last command, ms
	waiting bool         // parked until some work elsewhere answers
	started bool         // the command being served has passed all checks and runs
	closing bool         // nothing more is read
	killed  atomic.Bool
}

// clients is the registry of all connections.
type clients struct {
	mu     sync.Mutex
	byID   map[int64]*client
	nextID int64

	monitors atomic.Int32 // clients in MONITOR mode
	rejected atomic.Int64
}

// add registers a client unless there are limit already.
func (r *clients) add(cl *client, limit int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nextID++
	cl.ID = r.nextID
	if limit > 0 && len(r.byID) >= limit {
		r.rejected.Add(1)
		return false
	}
	r.byID[cl.ID] = cl
	return true
}

func (r *clients) remove(cl *client) {
	r.mu.Lock()
	delete(r.byID, cl.ID)
	r.mu.Unlock()
}

// get returns the client with an id, or nil.
func (r *clients) get(id int64) *client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// len returns the number of clients.
func (r *clients) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byID)
}

// all lists the clients in the order of their ids.
func (r *clients) all() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*client, 0, len(r.byID))
	for _, cl := range r.byID {
		list = append(list, cl)
	}
	sortClients(list)
	return list
}

// set changes what other loops may read.
func (cl *client) set(change func(s *session.Session)) {
	cl.mu.Lock()
	change(&cl.Session)
	cl.mu.Unlock()
}

// wake lets a parked client go on; it may be called on any goroutine. Replies, if any, are appended first.
func (cl *client) wake() {
	cl.conn.Post(func(*reactor.Conn) { cl.waiting = false })
	cl.conn.Resume()
}
