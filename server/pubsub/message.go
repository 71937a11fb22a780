package pubsub

import (
	"bytes"

	"dragonfly/server/reply"
)

// message is one message on its way to the audience of one topic.
type message struct {
	kind                      Kind
	pattern, channel, payload []byte
	encoded                   [2][]byte // for RESP2 and RESP3; nil until somebody needs it
}

// wordLen is the length of what a message has beside its arguments, at most.
const wordLen = 64

// bytes returns the message as subscribers of a protocol, 2 or 3, read it. They share it: it is never changed.
func (m *message) bytes(proto int) []byte {
	e := &m.encoded[proto-2]
	if *e != nil {
		return *e
	}
	if other := m.encoded[3-proto]; other != nil {
		*e = bytes.Clone(other) // the protocols differ in the first byte only
		(*e)[0] = "*>"[proto-2]
		return *e
	}
	w := reply.Writer{Proto: proto, Buf: make([]byte, 0, wordLen+len(m.pattern)+len(m.channel)+len(m.payload))}
	switch m.kind {
	case Channel:
		w.Push(3)
		w.BulkString("message")
	case Pattern:
		w.Push(4)
		w.BulkString("pmessage")
		w.Bulk(m.pattern)
	case Shard:
		w.Push(3)
		w.BulkString("smessage")
	}
	w.Bulk(m.channel)
	w.Bulk(m.payload)
	*e = w.Buf
	return *e
}
