//go:build !noepoll

package reactor

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxReads is how many full buffers are read from one connection before the others have their turn.
const maxReads = 4

// socket is the transport over a descriptor in the epoll set of the connection's loop. It is level-triggered.
type socket struct {
	c       *Conn
	desc    int
	mask    uint32 // what epoll is asked for
	resting bool
	hangup  bool // while resting: report the peer's end
	output  bool // report writability
}

func (s *socket) fd() int { return s.desc }

func (s *socket) idle() bool { return true }

func (s *socket) start() error {
	s.mask = s.wanted()
	return s.c.loop.poll.add(s.desc, s.c.slot, s.mask)
}

func (s *socket) wanted() uint32 {
	var mask uint32 // errors and the end of both directions are always reported
	if !s.resting {
		mask |= unix.EPOLLIN | unix.EPOLLRDHUP
	} else if s.hangup {
		mask |= unix.EPOLLRDHUP
	}
	if s.output {
		mask |= unix.EPOLLOUT
	}
	return mask
}

func (s *socket) update() error {
	mask := s.wanted()
	if mask == s.mask {
		return nil
	}
	s.mask = mask
	return s.c.loop.poll.modify(s.desc, s.c.slot, mask)
}

func (s *socket) rest(resting, hangup bool) error {
	s.resting, s.hangup = resting, hangup
	return s.update()
}

func (s *socket) awaitWritable(on bool) error {
	s.output = on
	return s.update()
}

// ready does what an event asks for.
func (s *socket) ready(events uint32) {
	c := s.c
	if events&unix.EPOLLOUT != 0 && c.blocked {
		if c.sendPending(); c.closed {
			return
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	broken := events&(unix.EPOLLERR|unix.EPOLLHUP) != 0
	switch {
	case c.reads():
		s.read() // finds out what has happened
	case broken, c.parked && c.watched && events&unix.EPOLLRDHUP != 0:
		c.shut(s.failure())
	default:
		// Parking does not tell epoll: most clients send nothing while they wait, and two system calls are saved. This one does.
		c.rest(true)
		if c.doomed {
			c.shut(c.cause)
		}
	}
}

// failure returns the error the kernel holds for the socket; nil when the peer just left.
func (s *socket) failure() error {
	if n, err := unix.GetsockoptInt(s.desc, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && n != 0 {
		return os.NewSyscallError("read", syscall.Errno(n))
	}
	return nil
}

// read takes what is there, a few buffers at most. A read that did not fill the buffer is not repeated: epoll tells if there is more.
func (s *socket) read() {
	c := s.c
	buf := c.loop.in
	for range maxReads {
		n, errno := recv(s.desc, buf)
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			return
		case errno != 0:
			c.shut(os.NewSyscallError("read", errno))
			return
		case n == 0:
			c.endOfInput(nil)
			return
		}
		c.receive(buf[:n])
		if n < len(buf) || !c.reads() {
			return
		}
	}
}

func (s *socket) send(b []byte) (int, error) {
	for {
		n, errno := send(s.desc, b)
		switch errno {
		case 0:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("write", errno)
		}
	}
}

// close closes the descriptor, which also takes it out of the epoll set.
func (s *socket) close(graceful bool) {
	if graceful && !s.c.ended {
		// Closing a TCP socket with input unread resets the connection, and a peer that is reset may lose the last reply, such as the error
		// that says why. What is there is thrown away first; a peer that goes on sending is beyond help.
		unix.Shutdown(s.desc, unix.SHUT_WR)
		for range maxReads * 4 {
			if n, errno := recv(s.desc, s.c.loop.in); n <= 0 || errno != 0 {
				break
			}
		}
	}
	unix.Close(s.desc)
}

// recv and send are raw system calls: they cannot block (MSG_DONTWAIT), so the scheduler need not know of them.

func recv(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

func send(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}
