package tracking

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Options are what a client says with CLIENT TRACKING ON.
type Options struct {
	Redirect  int64    // the client that is told instead, 0 = itself
	Broadcast bool     // the client is told of all keys that begin with one of Prefixes
	Prefixes  []string // ascending; with Broadcast there is at least one
	OptIn     bool     // keys count as read when CLIENT CACHING YES was said before
	OptOut    bool     // keys count as read unless CLIENT CACHING NO was said before
	NoLoop    bool     // the client is not told of its own changes
}

// Client is a client that tracks. Its options do not change: another CLIENT TRACKING makes another Client.
type Client struct {
	ID int64
	Options
	// Broken notes that the client to redirect to was gone when it was to be told something.
	Broken atomic.Bool
}

// registry has the clients that track.
type registry struct {
	mu      sync.RWMutex
	clients map[int64]*Client // guarded by mu
}

func (r *registry) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.clients)
}

// list returns those of some clients that track and are wanted.
func (r *registry) list(ids []int64, want func(c *Client) bool) []*Client {
	var list []*Client
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, id := range ids {
		if c := r.clients[id]; c != nil && want(c) {
			list = append(list, c)
		}
	}
	return list
}

// all returns the clients in the order of their numbers.
func (r *registry) all() []*Client {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*Client, 0, len(r.clients))
	for _, c := range r.clients {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *Client) int { return int(a.ID - b.ID) })
	return list
}

// Enable makes a client track. Options are those of Options; the prefixes of a client that broadcasts already are
// added to. Enable and Disable of one client are not called at the same time.
func (t *Table) Enable(id int64, o Options) *Client {
	r := &t.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.clients[id]; old != nil && old.Broadcast && o.Broadcast {
		o.Prefixes = append(slices.Clone(old.Prefixes), o.Prefixes...)
	}
	o.Prefixes = slices.Compact(slices.Sorted(slices.Values(o.Prefixes)))
	if o.Broadcast {
		t.broadcast.join(id, o.Prefixes)
	}
	c := &Client{ID: id, Options: o}
	r.clients[id] = c
	t.to.Watching(true)
	return c
}

// Disable ends the tracking of a client. When it was the last, the table is emptied.
func (t *Table) Disable(id int64) {
	r := &t.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.clients[id]
	if c == nil {
		return
	}
	delete(r.clients, id)
	t.broadcast.leave(id, c.Prefixes)
	if len(r.clients) == 0 {
		t.to.Watching(false)
		t.clear()
	}
}
