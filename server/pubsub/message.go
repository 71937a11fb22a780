package pubsub

import "dragonfly/server/reply"

// message is a message on its way to the audience of one topic.
type message struct {
	kind                      Kind
	pattern, channel, payload []byte
}

// wordLen is the length of what a message has beside its arguments, at most.
const wordLen = 64

// encode returns the message as subscribers of a protocol, 2 or 3, read it.
func (m *message) encode(proto int) []byte {
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
	return w.Buf
}
