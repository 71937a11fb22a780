package server

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"dragonfly/server/pubsub"
)

// Clients that take too much memory.
//
// maxmemory-clients limits what all clients together take: input that is not used up, replies that wait, what they have
// queued, watch, subscribe and track. When they take more, those that take most are disconnected, until what is left is
// within the limit. CLIENT NO-EVICT exempts a client.

// clientEviction is what the server knows of the memory of its clients.
type clientEviction struct {
	limit  atomic.Int64 // maxmemory-clients: bytes; if negative a percentage of maxmemory; 0 for none
	other  atomic.Int64 // what all clients take beside input, output and the connection itself
	evicts atomic.Bool  // somebody is looking for clients to evict
	number atomic.Int64 // of clients evicted
}

// What one of these costs beside its own bytes, about. The names of what a client watches or subscribes to are not counted
// one by one: they are short.
const (
	watchCost        = 128
	subscriptionCost = 128
	prefixCost       = 128
)

var errEvicted = errors.New("evicted: the clients take more memory than maxmemory-clients")

// applyClientLimit follows a change of maxmemory-clients.
func applyClientLimit(s *Server, text string) error {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		s.clients.eviction.limit.Store(-atoi(share))
	} else {
		s.clients.eviction.limit.Store(atoi(text))
	}
	s.limitClients()
	return nil
}

// clientLimit returns how much memory clients may take together, 0 for any amount.
func (s *Server) clientLimit() int64 {
	limit := s.clients.eviction.limit.Load()
	if limit < 0 {
		limit = int64(float64(s.maxMemory.Load()) * float64(-limit) / 100)
	}
	return limit
}

// memory returns about how many bytes a client takes.
func (cl *client) memory() int64 {
	return clientMemory + int64(cl.shown.unread.Load()) + cl.conn.Backlog() + cl.shown.other.Load()
}

// showOther shows others what the client takes beside input, output and the connection itself. It is called on the loop of
// the client.
func (cl *client) showOther() {
	n := watchCost * int64(cl.shown.watched.Load())
	if cl.subscriber() {
		for _, kind := range []pubsub.Kind{pubsub.Channel, pubsub.Pattern, pubsub.Shard} {
			n += subscriptionCost * int64(cl.sub.Count(kind))
		}
	}
	multi := int64(0)
	if cl.Multi != nil {
		multi = int64(cl.Multi.Bytes)
	}
	if cl.shown.multi.Load() != multi {
		cl.shown.multi.Store(multi)
	}
	n += multi
	if cl.tracking != nil {
		n += prefixCost * int64(len(cl.tracking.Prefixes))
	}
	cl.setOther(n)
}

func (cl *client) setOther(n int64) {
	if was := cl.shown.other.Load(); was != n {
		cl.shown.other.Store(n)
		cl.server.clients.eviction.other.Add(n - was)
	}
}

// limitClients evicts clients if they take more than they may. It is called when a client has done something.
func (s *Server) limitClients() {
	limit := s.clientLimit()
	if limit <= 0 || s.clientBuffers() <= limit {
		return
	}
	e := &s.clients.eviction
	if !e.evicts.CompareAndSwap(false, true) {
		return
	}
	defer e.evicts.Store(false)
	all := s.clients.all()
	sizes := map[*client]int64{}
	total := int64(0)
	for _, cl := range all {
		sizes[cl] = cl.memory()
		total += sizes[cl]
	}
	slices.SortStableFunc(all, func(a, b *client) int { return int(sizes[b] - sizes[a]) })
	for _, cl := range all {
		if total <= limit {
			return
		}
		if !cl.evictable() {
			continue
		}
		total -= sizes[cl]
		e.number.Add(1)
		s.log.Info("Evicting client: " + strings.TrimSpace(string(cl.describe(nil, cl.lastMs.Load()))))
		s.clients.remove(cl) // at once: it is not counted again
		cl.conn.Kill(errEvicted)
	}
}

// evictable tells whether a client may be disconnected for want of memory.
func (cl *client) evictable() bool {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	return !cl.NoEvict && !cl.Monitor
}
