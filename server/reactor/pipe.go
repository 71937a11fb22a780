package reactor

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// pipeChunk is how much a pipe reads or writes at a time; it is to a pipe what the kernel's buffers are to a socket.
const pipeChunk = 16 << 10

// pipe is the transport over any net.Conn. One goroutine reads and waits until the loop took what it read; one writes a chunk at a time.
// Encryption happens in them, not on the loop.
type pipe struct {
	c  *Conn
	nc net.Conn

	more chan struct{} // the loop has taken chunk; room for one
	quit chan struct{} // closed when the connection is

	// chunk and err are what the reader got. They belong to the loop from the reader's call of arrived until more.
	chunk []byte
	err   error
	held  bool // loop: chunk waits because the connection does not read

	work chan struct{} // out is to be written; room for one

	mu      sync.Mutex
	busy    bool   // guarded by mu: the writer owns out
	waiting bool   // guarded by mu: the loop wants to hear when it does not any more
	out     []byte // owned by the writer when busy, by the loop otherwise
}

// Serve serves nc, which may be anything that moves bytes: a TLS connection (whose handshake is the caller's), a pipe. It returns at once and
// closes nc in the end; after Shutdown, immediately and with ErrShutdown.
func (g *Group) Serve(nc net.Conn) error {
	c := &Conn{}
	c.remote, c.local = addrOf(nc.RemoteAddr()), addrOf(nc.LocalAddr())
	if a := nc.LocalAddr(); a != nil && a.Network() == "unix" {
		c.unix = true
		c.local = a.String() + ":0"
		c.remote = c.local
	}
	p := &pipe{c: c, nc: nc, more: make(chan struct{}, 1), quit: make(chan struct{}), work: make(chan struct{}, 1)}
	if !g.adopt(c, p) {
		nc.Close()
		return ErrShutdown
	}
	return nil
}

func addrOf(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}

func (p *pipe) fd() int { return -1 }

func (p *pipe) start() error {
	wg := &p.c.loop.group.wg
	wg.Go(p.readAll)
	wg.Go(p.writeAll)
	return nil
}

// readAll is the goroutine that reads.
func (p *pipe) readAll() {
	buf := make([]byte, pipeChunk/4)
	for {
		n, err := p.nc.Read(buf)
		p.chunk, p.err = buf[:n], err
		if !p.c.loop.enqueue(item{c: p.c, op: opOwn, fn: (*Conn).pipeArrived}) || err != nil {
			return
		}
		select {
		case <-p.more:
		case <-p.quit:
			return
		}
		if n == len(buf) && n < pipeChunk {
			buf = make([]byte, pipeChunk) // a client that sends much, unlike most
		}
	}
}

// pipeArrived is told by the reader that there is a chunk, and by rest that it may now be wanted.
func (c *Conn) pipeArrived() {
	p := c.tr.(*pipe)
	if c.closed {
		return
	}
	if !c.reads() {
		p.held, c.resting = true, true
		if p.err != nil && c.parked && c.watched {
			c.endOfInput(p.err)
		}
		return
	}
	p.held = false
	if len(p.chunk) > 0 {
		c.receive(p.chunk)
	}
	if p.err == nil {
		p.more <- struct{}{}
		return
	}
	err := p.err
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		err = nil
	}
	c.endOfInput(err)
}

func (p *pipe) rest(resting, _ bool) error {
	if !resting && p.held {
		p.held = false
		p.c.loop.enqueue(item{c: p.c, op: opOwn, fn: (*Conn).pipeArrived})
	}
	return nil
}

// writeAll is the goroutine that writes.
func (p *pipe) writeAll() {
	for {
		select {
		case <-p.work:
		case <-p.quit:
			return
		}
		_, err := p.nc.Write(p.out)
		if err != nil {
			p.c.Kill(err)
			return
		}
		p.mu.Lock()
		p.busy = false
		waiting := p.waiting
		p.waiting = false
		p.mu.Unlock()
		if waiting {
			p.c.loop.enqueue(item{c: p.c, op: opOwn, fn: (*Conn).sendPending})
		}
	}
}

func (p *pipe) send(b []byte) (int, error) {
	if !p.idle() {
		return 0, nil
	}
	n := min(len(b), pipeChunk)
	p.out = append(p.out[:0], b[:n]...)
	p.mu.Lock()
	p.busy = true
	p.waiting = n < len(b)
	p.mu.Unlock()
	p.work <- struct{}{}
	return n, nil
}

func (p *pipe) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy {
		p.waiting = true
	}
	return !p.busy
}

func (p *pipe) awaitWritable(bool) error { return nil } // send and idle have noted it

// close ends both goroutines. Not on the loop: a TLS connection says good-bye first, which may block for some seconds.
func (p *pipe) close(bool) {
	close(p.quit)
	p.c.loop.group.wg.Go(func() { p.nc.Close() })
}

// ServeListener serves what ln accepts, as Serve does, until StopAccepting, which closes ln. It returns at once.
func (g *Group) ServeListener(ln net.Listener) error {
	s := &acceptor{ln: ln, quit: make(chan struct{}), done: make(chan struct{})}
	if !g.addListener(s) {
		ln.Close()
		return ErrShutdown
	}
	go s.run(g)
	return nil
}

// acceptor accepts connections in a goroutine.
type acceptor struct {
	ln         net.Listener
	quit, done chan struct{}
}

func (s *acceptor) run(g *Group) {
	defer close(s.done)
	for {
		nc, err := s.ln.Accept()
		if err == nil {
			g.Serve(nc) // after Shutdown it closes nc
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		g.opts.Logger.Warn("cannot accept a connection", "err", err)
		select {
		case <-time.After(tickInterval):
		case <-s.quit:
			return
		}
	}
}

func (s *acceptor) stop() {
	close(s.quit)
	s.ln.Close()
	<-s.done
}
