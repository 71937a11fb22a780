//go:build !noepoll

package reactor

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Event tags (EpollEvent.Fd) below zero; the others are slots of the loop's table.
const (
	tagWake     = -1
	tagListener = -2 // and below: -2-i is poller.listeners[i]
)

// poller is the epoll set of a loop: its sockets, the listeners it accepts from, and the eventfd that wakes it.
type poller struct {
	epoll, wakeup int
	listeners     []*listener // nil where one was removed
	retry         bool        // a listener ran out of descriptors and rests until the next tick
	events        [128]unix.EpollEvent
}

func (p *poller) open() error {
	var err error
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if p.wakeup, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		unix.Close(p.epoll)
		return err
	}
	// Edge-triggered: every write is an event, and the counter need never be read.
	if err = p.add(p.wakeup, tagWake, unix.EPOLLIN|unix.EPOLLET); err != nil {
		p.close()
	}
	return err
}

func (p *poller) close() {
	for _, ln := range p.listeners {
		if ln != nil {
			ln.close()
		}
	}
	unix.Close(p.wakeup)
	unix.Close(p.epoll)
}

func (p *poller) add(fd int, tag int32, mask uint32) error {
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: mask, Fd: tag})
}

func (p *poller) modify(fd int, tag int32, mask uint32) error {
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: mask, Fd: tag})
}

// wake ends a wait, or the next one. Any goroutine.
func (p *poller) wake() {
	one := uint64(1)
	unix.RawSyscall(unix.SYS_WRITE, uintptr(p.wakeup), uintptr(unsafe.Pointer(&one)), 8)
}

// poll returns how many events there are now. It cannot block, so the scheduler is not told of the call, which would cost more than the call.
func (p *poller) poll() int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// yield gives the processor to another thread that wants it, if there is one. The scheduler is not told, as in poll.
func (p *poller) yield() { unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// wait blocks until there are events, or wake was called, or d has passed.
func (p *poller) wait(d time.Duration) int {
	ms := (d + time.Millisecond - 1) / time.Millisecond
	n, err := unix.EpollWait(p.epoll, p.events[:], int(ms))
	if err != nil {
		return 0 // EINTR
	}
	return n
}

// handle does what the first n events ask for.
func (l *Loop) handle(n int) {
	for i := range n {
		e := &l.poll.events[i]
		switch {
		case e.Fd >= 0:
			// The connection may have been closed by an earlier event of this turn.
			if c := l.conns[e.Fd]; c != nil {
				c.tr.(*socket).ready(e.Events)
			}
		case e.Fd <= tagListener:
			if ln := l.poll.listeners[tagListener-e.Fd]; ln != nil {
				ln.accept()
			}
		}
	}
}

// retryAccept lets the listeners that ran out of descriptors try again.
func (l *Loop) retryAccept() {
	if !l.poll.retry {
		return
	}
	l.poll.retry = false
	for _, ln := range l.poll.listeners {
		if ln != nil && ln.resting {
			ln.resting = false
			ln.watch(unix.EPOLLIN)
		}
	}
}
