package tracking

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// broadcast has the prefixes of clients that broadcast.
type broadcast struct {
	count   atomic.Int32 // len(prefixes), to look without the lock
	waiting atomic.Bool  // keys are collected, and Teller.Soon was called; changed with mu held

	mu       sync.Mutex
	prefixes map[string]*prefix // guarded by mu
	lengths  []int              // of the prefixes, each once; guarded by mu
}

// prefix is a prefix that some clients broadcast.
type prefix struct {
	clients []int64          // ascending
	changed map[string]int64 // keys changed since the last Broadcast, each with the client that did so last, 0 for none
}

// join adds a client to prefixes.
func (b *broadcast) join(client int64, prefixes []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range prefixes {
		p := b.prefixes[text]
		if p == nil {
			p = &prefix{}
			b.prefixes[text] = p
		}
		if at, found := slices.BinarySearch(p.clients, client); !found {
			p.clients = slices.Insert(p.clients, at, client)
		}
	}
	b.measureLocked()
}

// leave removes a client from prefixes.
func (b *broadcast) leave(client int64, prefixes []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range prefixes {
		p := b.prefixes[text]
		if p == nil {
			continue
		}
		p.clients = slices.DeleteFunc(p.clients, func(id int64) bool { return id == client })
		if len(p.clients) == 0 {
			delete(b.prefixes, text)
		}
	}
	b.measureLocked()
}

// measureLocked follows a change of the prefixes.
func (b *broadcast) measureLocked() {
	b.count.Store(int32(len(b.prefixes)))
	b.lengths = b.lengths[:0]
	for text := range b.prefixes {
		if !slices.Contains(b.lengths, len(text)) {
			b.lengths = append(b.lengths, len(text))
		}
	}
}

// noteChange collects a key for the clients that broadcast a prefix of it. Prefixes are looked up by their length, so the
// effort does not grow with their number.
func (t *Table) noteChange(by int64, key []byte) {
	b := &t.broadcast
	if b.count.Load() == 0 {
		return
	}
	first := false
	b.mu.Lock()
	for _, n := range b.lengths {
		if n > len(key) {
			continue
		}
		p := b.prefixes[string(key[:n])]
		if p == nil {
			continue
		}
		if p.changed == nil {
			p.changed = map[string]int64{}
		}
		p.changed[string(key)] = by
		first = b.waiting.CompareAndSwap(false, true) || first
	}
	b.mu.Unlock()
	if first {
		t.to.Soon(by)
	}
}

// message is one list of keys for the clients of one prefix.
type message struct {
	clients []int64
	changed map[string]int64
}

// Waiting tells whether Broadcast has something to tell.
func (t *Table) Waiting() bool { return t.broadcast.waiting.Load() }

// Broadcast tells the clients that broadcast of the changes collected: one list for each prefix, keys and prefixes in
// ascending order as in Redis.
func (t *Table) Broadcast() {
	for _, m := range t.broadcast.take() {
		t.tellChanges(m)
	}
}

// take returns what was collected.
func (b *broadcast) take() (list []message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting.Store(false)
	for _, text := range slices.Sorted(maps.Keys(b.prefixes)) {
		if p := b.prefixes[text]; p.changed != nil {
			list = append(list, message{slices.Clone(p.clients), p.changed})
			p.changed = nil
		}
	}
	return list
}

// tellChanges tells the clients of a message: all together, but those who do not want to hear of their own changes.
func (t *Table) tellChanges(m message) {
	own := map[int64]bool{}
	for _, client := range m.changed {
		own[client] = true
	}
	keys := slices.Sorted(maps.Keys(m.changed))
	var together []*Client
	for _, c := range t.registry.list(m.clients, func(*Client) bool { return true }) {
		if !c.NoLoop || !own[c.ID] {
			together = append(together, c)
			continue
		}
		others := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return m.changed[key] == c.ID })
		if len(others) > 0 {
			t.to.Tell([]*Client{c}, others, 0)
		}
	}
	if len(together) > 0 {
		t.to.Tell(together, keys, 0)
	}
}

// Overlap returns the first two prefixes, of given ones or of given ones and those that c broadcasts already, of which
// one begins with the other: a client would be told twice of a key. theirs tells that the second is one of c's. c may be
// nil.
func Overlap(c *Client, given []string) (one, other string, theirs, found bool) {
	for i, one := range given {
		if c != nil {
			for _, other := range c.Prefixes {
				if overlap(one, other) {
					return one, other, true, true
				}
			}
		}
		for _, other := range given[i+1:] {
			if overlap(one, other) {
				return one, other, false, true
			}
		}
	}
	return "", "", false, false
}

func overlap(a, b string) bool {
	n := min(len(a), len(b))
	return a[:n] == b[:n]
}
