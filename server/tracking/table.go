package tracking

import (
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
)

// Teller tells clients that keys have changed. It is called with shards locked: it must be quick.
type Teller interface {
	// Tell tells clients to forget keys, which the client by, 0 for none, has changed; nil keys are all there are.
	Tell(clients []*Client, keys []string, by int64)
	// Soon has Table.Broadcast called when the work is done during which the client by, 0 for none, changed keys.
	Soon(by int64)
	// Watching says whether any client tracks.
	Watching(any bool)
}

// Table is what a server remembers of tracking clients. Its methods may be called by any goroutine.
type Table struct {
	to      Teller
	seed    maphash.Seed
	stripes [stripes]stripe

	limit       atomic.Int64 // keys at most, 0 = no limit
	keys, items atomic.Int64

	registry  registry
	broadcast broadcast
}

// stripes is how many parts the table has, each with its lock: loops rarely meet at one.
const stripes = 64

// stripe is the part of the table for the keys of some hashes.
type stripe struct {
	mu      sync.Mutex
	readers map[string][]int64 // the clients that have read a key, ascending; guarded by mu
	_       [48]byte           // two stripes share no cache line
}

// New returns an empty table.
func New(to Teller) *Table {
	t := &Table{to: to, seed: maphash.MakeSeed()}
	t.registry.clients = map[int64]*Client{}
	t.broadcast.prefixes = map[string]*prefix{}
	return t
}

func (t *Table) stripe(key []byte) *stripe { return &t.stripes[maphash.Bytes(t.seed, key)%stripes] }

// Read notes that a client has read a key. The shard of the key is locked.
func (t *Table) Read(client int64, key []byte) {
	s := t.stripe(key)
	s.mu.Lock()
	list, known := s.readers[string(key)]
	at, found := slices.BinarySearch(list, client)
	if !found {
		if s.readers == nil {
			s.readers = map[string][]int64{}
		}
		s.readers[string(key)] = slices.Insert(list, at, client)
		t.items.Add(1)
	}
	s.mu.Unlock()
	if !known {
		t.keys.Add(1)
		t.Trim(trimPerRead)
	}
}

// trimPerRead is how many keys are given up for one that is added: more than one, so that a table which a lower limit
// has made too large gets smaller.
const trimPerRead = 16

// Changed tells who must know that the client by, 0 for none, has changed a key. The shard of the key is locked.
func (t *Table) Changed(by int64, key []byte) {
	t.noteChange(by, key)
	s := t.stripe(key)
	s.mu.Lock()
	list, ok := s.readers[string(key)]
	if ok {
		t.forget(s, string(key), list)
	}
	s.mu.Unlock()
	if ok {
		t.tell(list, string(key), by)
	}
}

// forget drops an entry of a stripe, which is locked.
func (t *Table) forget(s *stripe, key string, readers []int64) {
	delete(s.readers, key)
	t.keys.Add(-1)
	t.items.Add(int64(-len(readers)))
}

// tell tells the readers of a key that it was changed. Those who do not track any more, or broadcast now, are left out.
func (t *Table) tell(readers []int64, key string, by int64) {
	clients := t.registry.list(readers, func(c *Client) bool {
		return !c.Broadcast && (!c.NoLoop || c.ID != by)
	})
	if len(clients) > 0 {
		t.to.Tell(clients, []string{key}, by)
	}
}

// Flushed tells all tracking clients, even the one that did it, that no key is what it was, and empties the table.
func (t *Table) Flushed(by int64) {
	t.clear()
	if clients := t.registry.all(); len(clients) > 0 {
		t.to.Tell(clients, nil, by)
	}
}

// clear empties the table.
func (t *Table) clear() {
	for i := range t.stripes {
		s := &t.stripes[i]
		s.mu.Lock()
		for _, list := range s.readers {
			t.keys.Add(-1)
			t.items.Add(int64(-len(list)))
		}
		s.readers = nil
		s.mu.Unlock()
	}
}

// SetLimit sets how many keys the table has at most, 0 for any number. Trim makes it so.
func (t *Table) SetLimit(keys int64) { t.limit.Store(keys) }

// Trim gives up keys that are too many for the limit, n at most, and tells whether that was enough. Their readers are
// told that they changed.
func (t *Table) Trim(n int) bool {
	for ; ; n-- {
		limit := t.limit.Load()
		switch {
		case limit == 0 || t.keys.Load() <= limit:
			return true
		case n == 0 || !t.drop():
			return false
		}
	}
}

// drop gives up a key taken at random, and tells whether there was one.
func (t *Table) drop() bool {
	first := rand.IntN(stripes)
	for i := range stripes {
		s := &t.stripes[(first+i)%stripes]
		s.mu.Lock()
		for key, list := range s.readers { // begins anywhere
			t.forget(s, key, list)
			s.mu.Unlock()
			t.tell(list, key, 0)
			return true
		}
		s.mu.Unlock()
	}
	return false
}

// Stats are the numbers of INFO.
type Stats struct {
	Clients  int
	Keys     int64 // in the table
	Items    int64 // readers of all keys
	Prefixes int
}

// Stats returns the numbers of INFO.
func (t *Table) Stats() Stats {
	return Stats{Clients: t.registry.len(), Keys: t.keys.Load(), Items: t.items.Load(), Prefixes: int(t.broadcast.count.Load())}
}
