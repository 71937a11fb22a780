package server

import (
	"strconv"
	"strings"
	"sync/atomic"

	"dragonfly/server/pubsub"
	"dragonfly/server/reactor"
	"dragonfly/store"
)

// Keyspace events: what the store tells of changes of keys is published to two channels,
//
//	__keyspace@<db>__:<key>    message: the event
//	__keyevent@<db>__:<event>  message: the key
//
// as far as notify-keyspace-events asks for it. Events of one key are published in the order of its changes, and when
// a client reads the reply of a command, they are on their way.

// events says which keyspace events are published.
type events struct {
	mask   atomic.Uint32                // classes, toKeyspace and toKeyevent; 0 if nothing is published
	behind atomic.Pointer[reactor.Loop] // does not keep up with the events
}

// The channels that events go to, beside the classes in a mask.
const (
	toKeyspace = 1 << 30
	toKeyevent = 1 << 31
)

// eventLetters are the letters of notify-keyspace-events for classes of events, in the order of their bits; the letter A
// stands for the first of them, allEvents.
const (
	allEvents    = "g$lshzxetd"
	eventLetters = allEvents + "mn"
)

// set makes the events published that text, in the form of CONFIG GET, asks for.
func (e *events) set(text string) {
	mask := uint32(0)
	for _, c := range strings.Replace(text, "A", allEvents, 1) {
		switch c {
		case 'K':
			mask |= toKeyspace
		case 'E':
			mask |= toKeyevent
		default:
			mask |= 1 << strings.IndexRune(eventLetters, c)
		}
	}
	if mask&(toKeyspace|toKeyevent) == 0 {
		mask = 0
	}
	e.mask.Store(mask)
}

// notify publishes an event. The store calls it with a shard locked, for every change.
func (s *Server) notify(db int, class store.Class, event string, key []byte) {
	mask := s.events.mask.Load()
	if mask&uint32(class) == 0 || !s.pubsub.Heard() {
		return
	}
	var scratch [256]byte
	if mask&toKeyspace != 0 {
		b := strconv.AppendInt(append(scratch[:0], "__keyspace@"...), int64(db), 10)
		b = append(append(b, "__:"...), key...)
		n := len(b)
		b = append(b, event...)
		s.publishEvent(b[:n], b[n:])
	}
	if mask&toKeyevent != 0 {
		b := strconv.AppendInt(append(scratch[:0], "__keyevent@"...), int64(db), 10)
		s.publishEvent(append(append(b, "__:"...), event...), key)
	}
}

func (s *Server) publishEvent(channel, message []byte) {
	if _, behind := s.pubsub.Publish(pubsub.Channel, channel, message); behind != nil {
		s.events.behind.CompareAndSwap(nil, behind)
	}
}

// holdBack parks a client whose command may have been one that caused events, while a loop does not keep up with these.
// Nobody holds the background back: its expiries come at a rate that a loop can bear.
func (e *events) holdBack(cl *client) {
	l := e.behind.Load()
	if l == nil || cl.waiting || cl.closing {
		return
	}
	cl.waiting = true
	cl.conn.Park()
	done := func() {
		e.behind.CompareAndSwap(l, nil)
		cl.wake()
	}
	if !l.Post(done) {
		done() // the server ends
	}
}
