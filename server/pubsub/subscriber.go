package pubsub

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"dragonfly/server/reactor"
)

// Subscriber is a connection as far as it subscribes to topics. Its methods are for the loop of the connection, unless they say otherwise.
type Subscriber struct {
	r    *Registry
	conn *reactor.Conn

	proto  int // of the connection, as of the last subscription or SetProto; 0 before
	counts [kinds]atomic.Int32
	total  atomic.Int32

	mu    sync.Mutex                 // held by the loop to change names; others read them with it
	names [kinds]map[string]struct{} // guarded by mu; nil until the first
}

// Init makes s the subscriber of a connection. It is called once, before anything else.
func (s *Subscriber) Init(r *Registry, c *reactor.Conn) { s.r, s.conn = r, c }

// Count returns the number of subscriptions of a kind. Any goroutine.
func (s *Subscriber) Count(kind Kind) int { return int(s.counts[kind].Load()) }

// Active tells whether there is any subscription. Any goroutine.
func (s *Subscriber) Active() bool { return s.total.Load() > 0 }

// Subscribe adds a subscription, and reports false if it was there. Messages come in a protocol, 2 or 3, which is that of all subscriptions
// of s.
func (s *Subscriber) Subscribe(kind Kind, name []byte, proto int) bool {
	s.SetProto(proto)
	if _, ok := s.names[kind][string(name)]; ok {
		return false
	}
	s.mu.Lock()
	if s.names[kind] == nil {
		s.names[kind] = map[string]struct{}{}
	}
	s.names[kind][string(name)] = struct{}{}
	s.mu.Unlock()
	s.r.add(kind, name, s.conn, s.proto)
	s.counts[kind].Add(1)
	if s.total.Add(1) == 1 {
		s.r.subscribers.Add(1)
	}
	return true
}

// Unsubscribe ends a subscription, and reports false if there is none.
func (s *Subscriber) Unsubscribe(kind Kind, name []byte) bool {
	if _, ok := s.names[kind][string(name)]; !ok {
		return false
	}
	s.mu.Lock()
	delete(s.names[kind], string(name))
	s.mu.Unlock()
	s.r.remove(kind, name, s.conn, s.proto)
	s.counts[kind].Add(-1)
	if s.total.Add(-1) == 0 {
		s.r.subscribers.Add(-1)
	}
	return true
}

// Close ends all subscriptions.
func (s *Subscriber) Close() {
	if !s.Active() {
		return
	}
	for kind := range Kind(kinds) {
		for name := range s.names[kind] {
			s.Unsubscribe(kind, []byte(name))
		}
		s.mu.Lock()
		s.names[kind] = nil
		s.mu.Unlock()
	}
}

// SetProto makes messages come in another protocol from now on.
func (s *Subscriber) SetProto(proto int) {
	if s.proto == proto {
		return
	}
	for kind := range Kind(kinds) {
		for name := range s.names[kind] {
			s.r.move(kind, []byte(name), s.conn, s.proto, proto)
		}
	}
	s.proto = proto
}

// Names returns the names of the subscriptions of a kind in alphabetical order. Any goroutine.
func (s *Subscriber) Names(kind Kind) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.names[kind]))
}
