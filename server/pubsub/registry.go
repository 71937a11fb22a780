package pubsub

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"dragonfly/server/glob"
	"dragonfly/server/reactor"
)

// Kind is a kind of topic.
type Kind uint8

// The kinds of topics.
const (
	Channel Kind = iota
	Pattern      // of channels; not of shard channels
	Shard        // a shard channel: another name space
	kinds   = iota
)

// Registry holds all topics that have subscribers. Any goroutine may use it.
type Registry struct {
	seed   maphash.Seed
	topics [kinds]space

	// patterns are the topics of kind Pattern in the order in which they came. The list is never changed in place.
	patterns  atomic.Pointer[[]*topic]
	patternMu sync.Mutex // held while subscriptions of patterns come and go, so that the list is that of the buckets

	subscribers atomic.Int64 // with subscriptions
}

// buckets is how many parts a space has: more than there are processors, so that publishers rarely meet.
const buckets = 64

// space are the topics of one kind.
type space struct {
	count   atomic.Int64
	buckets [buckets]bucket
}

// bucket are some of the topics of a kind. The lock is held to change their audiences, and while a message is handed to the loops: so
// messages and subscriptions have one order.
type bucket struct {
	mu     sync.Mutex
	topics map[string]*topic // guarded by mu; nil until the first
	_      [48]byte          // two buckets share no cache line
}

// topic is something that has subscribers.
type topic struct {
	name     []byte
	home     *bucket
	audience audience // guarded by home.mu
}

// New returns a registry without topics.
func New() *Registry {
	r := &Registry{seed: maphash.MakeSeed()}
	r.patterns.Store(&[]*topic{})
	return r
}

func (r *Registry) bucket(kind Kind, name []byte) *bucket {
	return &r.topics[kind].buckets[maphash.Bytes(r.seed, name)%buckets]
}

// add enters a subscription that is not there.
func (r *Registry) add(kind Kind, name []byte, c *reactor.Conn, proto int) {
	if kind != Pattern {
		r.enter(kind, name, c, proto)
		return
	}
	r.patternMu.Lock()
	defer r.patternMu.Unlock()
	if t, fresh := r.enter(kind, name, c, proto); fresh {
		list := append(slices.Clone(*r.patterns.Load()), t)
		r.patterns.Store(&list)
	}
}

// enter puts a connection into the audience of a topic, and tells whether the topic is new.
func (r *Registry) enter(kind Kind, name []byte, c *reactor.Conn, proto int) (t *topic, fresh bool) {
	b := r.bucket(kind, name)
	b.mu.Lock()
	defer b.mu.Unlock()
	t = b.topics[string(name)]
	if t == nil {
		t, fresh = &topic{name: slices.Clone(name), home: b}, true
		if b.topics == nil {
			b.topics = map[string]*topic{}
		}
		b.topics[string(name)] = t
		r.topics[kind].count.Add(1)
	}
	t.audience.add(c, proto)
	return t, fresh
}

// remove ends a subscription that is there.
func (r *Registry) remove(kind Kind, name []byte, c *reactor.Conn, proto int) {
	if kind != Pattern {
		r.leave(kind, name, c, proto)
		return
	}
	r.patternMu.Lock()
	defer r.patternMu.Unlock()
	if t, last := r.leave(kind, name, c, proto); last {
		list := slices.DeleteFunc(slices.Clone(*r.patterns.Load()), func(p *topic) bool { return p == t })
		r.patterns.Store(&list)
	}
}

// leave takes a connection out of the audience of a topic, and tells whether the topic is gone.
func (r *Registry) leave(kind Kind, name []byte, c *reactor.Conn, proto int) (t *topic, last bool) {
	b := r.bucket(kind, name)
	b.mu.Lock()
	defer b.mu.Unlock()
	t = b.topics[string(name)]
	t.audience.remove(c, proto)
	if t.audience.count > 0 {
		return t, false
	}
	delete(b.topics, string(name))
	r.topics[kind].count.Add(-1)
	return t, true
}

// move makes a subscription that is there one for another protocol.
func (r *Registry) move(kind Kind, name []byte, c *reactor.Conn, from, to int) {
	b := r.bucket(kind, name)
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topics[string(name)]
	t.audience.remove(c, from)
	t.audience.add(c, to)
}

// Publish sends a message to the subscribers of a channel, and of the patterns that match it, or with kind Shard to those of a shard channel.
// It returns the number of messages sent. behind is nil, or a loop that does not keep up with what is published: see reactor.Loop.PushAll.
func (r *Registry) Publish(kind Kind, channel, payload []byte) (receivers int, behind *reactor.Loop) {
	if r.topics[kind].count.Load() > 0 {
		b := r.bucket(kind, channel)
		b.mu.Lock()
		if t := b.topics[string(channel)]; t != nil {
			m := message{kind: kind, channel: channel, payload: payload}
			receivers, behind = t.audience.count, t.audience.push(&m)
		}
		b.mu.Unlock()
	}
	if kind == Shard {
		return receivers, behind
	}
	for _, t := range *r.patterns.Load() {
		if !matches(t.name, channel) {
			continue
		}
		m := message{kind: Pattern, pattern: t.name, channel: channel, payload: payload}
		t.home.mu.Lock()
		receivers += t.audience.count
		if l := t.audience.push(&m); l != nil {
			behind = l
		}
		t.home.mu.Unlock()
	}
	return receivers, behind
}

// matches is glob.Match, with a shorter way for the pattern that is most common. As in Redis, it does not match an empty channel.
func matches(pattern, channel []byte) bool {
	if len(pattern) == 1 && pattern[0] == '*' {
		return len(channel) > 0
	}
	return glob.Match(pattern, channel)
}

// Heard tells whether a message could reach anybody. It is quick, and may err on the side of yes.
func (r *Registry) Heard() bool {
	return r.topics[Channel].count.Load() > 0 || r.topics[Pattern].count.Load() > 0
}

// Count returns the number of topics of a kind.
func (r *Registry) Count(kind Kind) int { return int(r.topics[kind].count.Load()) }

// Subscribers returns the number of connections with subscriptions.
func (r *Registry) Subscribers() int { return int(r.subscribers.Load()) }

// Audience returns the number of subscribers of a topic.
func (r *Registry) Audience(kind Kind, name []byte) int {
	b := r.bucket(kind, name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.topics[string(name)]; t != nil {
		return t.audience.count
	}
	return 0
}

// Names returns the topics of a kind whose names match a pattern, or all if it is nil, in no order. It is not of one instant.
func (r *Registry) Names(kind Kind, pattern []byte) [][]byte {
	var names [][]byte
	for i := range r.topics[kind].buckets {
		b := &r.topics[kind].buckets[i]
		b.mu.Lock()
		for _, t := range b.topics {
			if pattern == nil || matches(pattern, t.name) {
				names = append(names, t.name)
			}
		}
		b.mu.Unlock()
	}
	return names
}
