package pubsub

import (
	"cmp"
	"slices"

	"dragonfly/server/reactor"
)

// maxChunk is how many connections one chunk holds.
const maxChunk = 1024

// part are the subscribers of a topic that are on one loop and speak one protocol. Its connections are in chunks, in the order of their ids:
// all ids of a chunk are below those of the next. No chunk is empty, and none is changed once it is there: to add or remove a connection makes
// one of them new. So a loop may keep a chunk as long as it likes, and the price of a subscription does not grow with the audience.
type part struct {
	loop   *reactor.Loop
	proto  int
	chunks [][]*reactor.Conn
}

// add enters a connection that is not there.
func (p *part) add(c *reactor.Conn) {
	if len(p.chunks) == 0 {
		p.chunks = [][]*reactor.Conn{{c}}
		return
	}
	i := p.chunkOf(c)
	old := p.chunks[i]
	at, _ := find(old, c)
	fresh := make([]*reactor.Conn, 0, len(old)+1)
	fresh = append(append(append(fresh, old[:at]...), c), old[at:]...)
	p.chunks[i] = fresh
	if n := len(fresh); n > maxChunk {
		p.chunks[i] = fresh[: n/2 : n/2]
		p.chunks = slices.Insert(p.chunks, i+1, fresh[n/2:])
	}
}

// remove takes out a connection, if it is there.
func (p *part) remove(c *reactor.Conn) {
	if len(p.chunks) == 0 {
		return
	}
	i := p.chunkOf(c)
	old := p.chunks[i]
	at, ok := find(old, c)
	switch {
	case !ok:
	case len(old) == 1:
		p.chunks = slices.Delete(p.chunks, i, i+1)
	default:
		p.chunks[i] = append(append(make([]*reactor.Conn, 0, len(old)-1), old[:at]...), old[at+1:]...)
	}
}

// chunkOf returns the chunk in which a connection is, or would be: the last that begins at or before it.
func (p *part) chunkOf(c *reactor.Conn) int {
	i, ok := slices.BinarySearchFunc(p.chunks, c, func(chunk []*reactor.Conn, c *reactor.Conn) int { return byID(chunk[0], c) })
	if !ok && i > 0 {
		i--
	}
	return i
}

func find(chunk []*reactor.Conn, c *reactor.Conn) (int, bool) {
	return slices.BinarySearchFunc(chunk, c, byID)
}

func byID(a, b *reactor.Conn) int { return cmp.Compare(a.ID(), b.ID()) }

// audience are the subscribers of a topic.
type audience struct {
	parts []part
	count int
}

// add enters a connection that is not there.
func (a *audience) add(c *reactor.Conn, proto int) {
	a.part(c.Loop(), proto).add(c)
	a.count++
}

// remove takes out a connection that is there.
func (a *audience) remove(c *reactor.Conn, proto int) {
	p := a.part(c.Loop(), proto)
	p.remove(c)
	a.count--
	if len(p.chunks) == 0 {
		a.parts = slices.DeleteFunc(a.parts, func(p part) bool { return len(p.chunks) == 0 })
	}
}

// part returns the part for a loop and a protocol, made if need be.
func (a *audience) part(l *reactor.Loop, proto int) *part {
	for i := range a.parts {
		if p := &a.parts[i]; p.loop == l && p.proto == proto {
			return p
		}
	}
	a.parts = append(a.parts, part{loop: l, proto: proto})
	return &a.parts[len(a.parts)-1]
}

// push hands a message to the loops of the audience, encoded once for each protocol. It returns one that is far behind, nil if none is.
func (a *audience) push(m *message) (behind *reactor.Loop) {
	var encoded [2][]byte // RESP2 and RESP3
	for i := range a.parts {
		p := &a.parts[i]
		b := &encoded[p.proto-2]
		if *b == nil {
			*b = m.encode(p.proto)
		}
		for _, chunk := range p.chunks {
			if p.loop.PushAll(chunk, *b) {
				behind = p.loop
			}
		}
	}
	return behind
}
