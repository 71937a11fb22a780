//go:build !noepoll

package reactor

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxAccepts is how many connections are accepted before the loop does something else.
const maxAccepts = 64

// listener is a listening socket in the epoll set of one loop. It belongs to that loop.
type listener struct {
	loop    *Loop
	desc    int
	tag     int32
	path    string // of a Unix socket
	local   string // our end's address of every connection; empty when it depends on the connection
	resting bool   // out of descriptors; tried again at the next tick
	lastLog time.Time
}

// listen takes over ln.
func (g *Group) listen(ln net.Listener) error {
	desc, err := duplicate(ln)
	if err != nil {
		return err
	}
	s := &listener{desc: desc}
	if err := s.configure(g, ln.Addr()); err != nil {
		unix.Close(desc)
		return err
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	ln.Close()
	g.mu.Lock()
	s.loop = g.loops[len(g.listeners)%len(g.loops)]
	g.mu.Unlock()
	if !g.addListener(s) {
		s.close()
		return ErrShutdown
	}
	done := make(chan error, 1)
	if !s.loop.enqueue(item{op: opRun, run: func() { done <- s.start() }}) {
		s.close()
		return ErrShutdown
	}
	return <-done
}

// duplicate returns a descriptor of the socket of ln that is ours alone.
func duplicate(ln net.Listener) (int, error) {
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, err
	}
	desc := -1
	var dupErr error
	err = raw.Control(func(fd uintptr) { desc, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err == nil {
		err = dupErr
	}
	return desc, err
}

// configure sets what connections inherit from their listening socket on Linux: four system calls less for each.
func (s *listener) configure(g *Group, addr net.Addr) error {
	if a, ok := addr.(*net.UnixAddr); ok {
		s.path = a.Name
		s.local = a.Name + ":0"
	}
	if a, ok := addr.(*net.TCPAddr); ok {
		if !a.IP.IsUnspecified() {
			at := a.AddrPort()
			s.local = netip.AddrPortFrom(at.Addr().Unmap(), at.Port()).String()
		}
		set := func(level, option, value int) error {
			return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s.desc, level, option, value))
		}
		if err := set(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		if ka := g.keepAlive(); ka.Enable {
			for _, o := range [][3]int{
				{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
				{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, max(int(ka.Idle/time.Second), 1)},
				{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(ka.Interval / time.Second)},
				{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, ka.Count},
			} {
				if err := set(o[0], o[1], o[2]); err != nil {
					return err
				}
			}
		}
	}
	// A second listen on the same socket changes its backlog, which Go does not let one choose.
	return os.NewSyscallError("listen", unix.Listen(s.desc, g.opts.Backlog))
}

// start puts the listener in the epoll set of its loop.
func (s *listener) start() error {
	p := &s.loop.poll
	s.tag = int32(tagListener - len(p.listeners))
	if err := p.add(s.desc, s.tag, unix.EPOLLIN); err != nil {
		s.close()
		return os.NewSyscallError("epoll_ctl", err)
	}
	p.listeners = append(p.listeners, s)
	return nil
}

// watch sets what epoll reports of the listener.
func (s *listener) watch(mask uint32) {
	if err := s.loop.poll.modify(s.desc, s.tag, mask); err != nil {
		s.loop.group.opts.Logger.Error("listener lost", "err", err)
	}
}

// stop takes the listener out of its loop and closes it.
func (s *listener) stop() {
	done := make(chan struct{})
	posted := s.loop.enqueue(item{op: opRun, run: func() {
		if i := int(tagListener - s.tag); i >= 0 && i < len(s.loop.poll.listeners) && s.loop.poll.listeners[i] == s {
			s.loop.poll.listeners[i] = nil
			s.close()
		}
		close(done)
	}})
	if posted {
		<-done
	}
}

func (s *listener) close() {
	unix.Close(s.desc)
	if s.path != "" {
		os.Remove(s.path)
	}
}

// accept takes the connections that wait.
func (s *listener) accept() {
	for range maxAccepts {
		desc, peer, err := unix.Accept4(s.desc, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			s.serve(desc, peer)
		case unix.EAGAIN:
			return
		case unix.EINTR, unix.ECONNABORTED, unix.EPROTO, unix.EPERM:
			// This one is gone; there may be others.
		default:
			s.pause(err)
			return
		}
	}
}

// pause stops accepting until the next tick: without descriptors or memory the listener would be ready all the time, and the loop would spin.
func (s *listener) pause(err error) {
	s.resting = true
	s.loop.poll.retry = true
	s.watch(0)
	if now := s.loop.now; now.Sub(s.lastLog) > time.Second {
		s.lastLog = now
		s.loop.group.opts.Logger.Warn("cannot accept a connection", "err", err)
	}
}

// serve gives a descriptor that was accepted to a loop.
func (s *listener) serve(desc int, peer unix.Sockaddr) {
	c := &Conn{remote: addrString(peer), local: s.local}
	if s.path != "" {
		c.unix = true
		c.remote = s.local
	} else if c.local == "" {
		if own, err := unix.Getsockname(desc); err == nil {
			c.local = addrString(own)
		}
	}
	if !s.loop.group.adopt(c, &socket{c: c, desc: desc}) {
		unix.Close(desc)
	}
}

func addrString(sa unix.Sockaddr) string {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)).String()
	}
	return ""
}
