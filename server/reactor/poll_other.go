//go:build !linux || noepoll

package reactor

import (
	"net"
	"runtime"
	"time"
)

// poller of a system without epoll: there are no descriptors, only the queue. The tag noepoll chooses it on Linux, for tests.
type poller struct {
	woken chan struct{} // room for one
}

func (p *poller) open() error {
	p.woken = make(chan struct{}, 1)
	return nil
}

func (p *poller) close() {}

func (p *poller) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

func (p *poller) poll() int { return 0 }

func (p *poller) yield() { runtime.Gosched() }

func (p *poller) wait(d time.Duration) int {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.woken:
	case <-t.C:
	}
	return 0
}

func (l *Loop) handle(int) {}

func (l *Loop) retryAccept() {}

func (g *Group) listen(ln net.Listener) error { return g.ServeListener(ln) }
