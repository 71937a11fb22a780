package reactor

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// memoryBuffer is how many bytes wait in one direction of an in-memory connection before its writer waits.
const memoryBuffer = 64 << 10

// DialInMemory connects to the group without a socket: the result is the client's end. It has buffers both ways, deadlines, and a CloseWrite.
func (g *Group) DialInMemory() (net.Conn, error) {
	client, server := newMemoryPair()
	if err := g.Serve(server); err != nil {
		return nil, err
	}
	return client, nil
}

// memoryConn is one end of an in-memory connection.
type memoryConn struct {
	in, out *memoryStream
}

func newMemoryPair() (a, b *memoryConn) {
	x, y := newMemoryStream(), newMemoryStream()
	return &memoryConn{in: x, out: y}, &memoryConn{in: y, out: x}
}

func (m *memoryConn) Read(b []byte) (int, error)  { return m.in.read(b) }
func (m *memoryConn) Write(b []byte) (int, error) { return m.out.write(b) }

// CloseWrite tells the other end that no more comes.
func (m *memoryConn) CloseWrite() error {
	m.out.closeWrite()
	return nil
}

func (m *memoryConn) Close() error {
	m.out.closeWrite()
	m.in.closeRead()
	return nil
}

func (m *memoryConn) LocalAddr() net.Addr  { return memoryAddr{} }
func (m *memoryConn) RemoteAddr() net.Addr { return memoryAddr{} }

func (m *memoryConn) SetDeadline(t time.Time) error {
	m.in.reader.set(m.in, t)
	m.out.writer.set(m.out, t)
	return nil
}

func (m *memoryConn) SetReadDeadline(t time.Time) error {
	m.in.reader.set(m.in, t)
	return nil
}

func (m *memoryConn) SetWriteDeadline(t time.Time) error {
	m.out.writer.set(m.out, t)
	return nil
}

// memoryAddr is the address of both ends.
type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory:0" }

// memoryStream is one direction: a bounded buffer between a writer and a reader.
type memoryStream struct {
	mu      sync.Mutex
	changed sync.Cond

	// Guarded by mu.
	buf            []byte // unread bytes are buf[pos:]
	pos            int
	ended          bool // the writer is done
	refused        bool // the reader is gone
	reader, writer memoryDeadline
}

// memoryDeadline is a deadline of one side of a stream, guarded by the stream's mu.
type memoryDeadline struct {
	timer  *time.Timer
	at     time.Time
	passed bool
}

func newMemoryStream() *memoryStream {
	s := &memoryStream{}
	s.changed.L = &s.mu
	return s
}

func (s *memoryStream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.refused:
			return 0, net.ErrClosed
		case s.reader.passed:
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case s.pos < len(s.buf):
			n := copy(b, s.buf[s.pos:])
			s.pos += n
			if s.pos == len(s.buf) {
				s.buf, s.pos = s.buf[:0], 0
			}
			s.changed.Broadcast()
			return n, nil
		case s.ended:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *memoryStream) write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := 0
	for {
		switch room := memoryBuffer - (len(s.buf) - s.pos); {
		case s.ended:
			return done, net.ErrClosed
		case s.refused:
			return done, io.ErrClosedPipe
		case s.writer.passed:
			return done, os.ErrDeadlineExceeded
		case done == len(b):
			return done, nil
		case room > 0:
			if s.pos > 0 {
				s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
				s.pos = 0
			}
			n := min(room, len(b)-done)
			s.buf = append(s.buf, b[done:done+n]...)
			done += n
			s.changed.Broadcast()
			continue
		}
		s.changed.Wait()
	}
}

func (s *memoryStream) closeWrite() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.writer.stop()
	s.changed.Broadcast()
}

func (s *memoryStream) closeRead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = true
	s.buf, s.pos = nil, 0
	s.reader.stop()
	s.changed.Broadcast()
}

// set makes t the deadline of one side of s; the zero time means none.
func (d *memoryDeadline) set(s *memoryStream, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.stop()
	d.at = t
	d.passed = !t.IsZero() && !time.Now().Before(t)
	if !t.IsZero() && !d.passed {
		d.timer = time.AfterFunc(time.Until(t), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if d.at.Equal(t) { // and not another one by now
				d.passed = true
				s.changed.Broadcast()
			}
		})
	}
	s.changed.Broadcast()
}

func (d *memoryDeadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
