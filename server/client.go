package server

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/server/acl"
	"dragonfly/server/command"
	"dragonfly/server/pubsub"
	"dragonfly/server/reactor"
	"dragonfly/server/resp"
	"dragonfly/server/session"
	"dragonfly/server/tracking"
)

// client is one connection as the server sees it: what it said about itself and where its input stands. It belongs
// to the loop of its connection; mu guards the parts that CLIENT LIST and CLIENT KILL read from other loops.
type client struct {
	session.Session
	server *Server
	conn   *reactor.Conn
	parser resp.Parser

	mu      sync.Mutex // guards Name, LibName, LibVer, User, DB, Proto, Monitor, NoEvict and NoTouch against readers on other loops
	addr    string
	laddr   string
	fd      int
	created time.Time

	lastMs  atomic.Int64 // time of the last command, ms
	shown   shownState
	onWake  func() // wake, made once
	waiting bool   // parked until some work elsewhere answers
	started bool   // the command being served has passed all checks and runs
	closing bool   // nothing more is read
	blocked atomic.Pointer[blocked]

	// user is who the client is. Written on its loop; guarded by mu against readers on other loops. nil is the server itself.
	user *acl.User

	tracking *tracking.Client // of CLIENT TRACKING, nil while off; guarded by mu against readers on other loops
	sub      pubsub.Subscriber
	after    *afterCommand // what the command that runs leaves to be done; nil if nothing

	caching bool      // CLIENT CACHING was said, and counts for the command or transaction that follows
	notices []*notice // to be told behind the reply of the command that runs; guarded by mu
}

// shownState is what CLIENT LIST shows of a client and only its loop knows: the loop publishes it.
type shownState struct {
	cmd     atomic.Pointer[command.Command] // the last one
	queued  atomic.Int32                    // commands queued by MULTI, plus 1; 0 outside
	watched atomic.Int32                    // keys
	unread  atomic.Int32                    // bytes of input kept
	multi   atomic.Int64                    // bytes of the commands queued by MULTI
	other   atomic.Int64                    // bytes of those and of what clients subscribe to, watch and track
}

// clients is the registry of all connections.
type clients struct {
	mu     sync.Mutex
	byID   map[int64]*client
	nextID int64
	count  atomic.Int64 // len(byID)

	monitors atomic.Int32 // clients in MONITOR mode
	watching []*client    // those clients; guarded by mu, never changed in place
	rejected atomic.Int64
	blocked  atomic.Int64 // clients that wait in a blocking command
	eviction clientEviction
}

// setMonitor begins or ends the MONITOR mode of a client. It is called on the loop of the client.
func (r *clients) setMonitor(cl *client, on bool) {
	if cl.Monitor == on {
		return
	}
	cl.set(func(s *session.Session) { s.Monitor = on })
	r.mu.Lock()
	defer r.mu.Unlock()
	if on {
		r.watching = append(slices.Clone(r.watching), cl)
	} else {
		r.watching = slices.DeleteFunc(slices.Clone(r.watching), func(x *client) bool { return x == cl })
	}
	r.monitors.Store(int32(len(r.watching)))
}

// monitoring lists the clients in MONITOR mode.
func (r *clients) monitoring() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.watching
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
	r.count.Store(int64(len(r.byID)))
	return true
}

func (r *clients) remove(cl *client) {
	r.mu.Lock()
	delete(r.byID, cl.ID)
	r.count.Store(int64(len(r.byID)))
	r.mu.Unlock()
}

// get returns the client with an id, or nil.
func (r *clients) get(id int64) *client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// len returns the number of clients.
func (r *clients) len() int { return int(r.count.Load()) }

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

// publish shows others what has changed during a batch. It is called on the loop of the client.
func (cl *client) publish(last *command.Command) {
	sh := &cl.shown
	if last != nil && sh.cmd.Load() != last {
		sh.cmd.Store(last)
	}
	queued, watched := int32(0), int32(0)
	if cl.Multi != nil {
		queued = int32(len(cl.Multi.Queue)) + 1
	}
	if cl.Watch != nil {
		watched = int32(cl.Watch.Len())
	}
	// Loads are cheap; a store makes the cache line travel.
	if sh.queued.Load() != queued {
		sh.queued.Store(queued)
	}
	if sh.watched.Load() != watched {
		sh.watched.Store(watched)
	}
	cl.showUnread(cl.conn.Unread())
	cl.showOther()
	cl.server.limitClients()
}

// showUnread shows others how much input is kept for the client, and counts it.
func (cl *client) showUnread(size int) {
	n := int32(min(size, math.MaxInt32))
	if was := cl.shown.unread.Load(); was != n {
		cl.shown.unread.Store(n)
		cl.server.evict.input.Add(int64(n - was))
	}
}

// class returns the class whose output limits the client has.
func (cl *client) class() clientClass {
	if cl.subscriber() {
		return classPubSub
	}
	return classNormal
}

// wake lets a parked client go on; it may be called on any goroutine. Replies, if any, are appended first.
func (cl *client) wake() {
	cl.conn.Post(func(*reactor.Conn) { cl.waiting = false })
	cl.conn.Resume()
}
