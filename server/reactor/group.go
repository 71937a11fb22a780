package reactor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Reasons for which the reactor itself closes a connection, or refuses to.
var (
	ErrOutputLimit  = errors.New("reactor: output buffer limit exceeded")
	ErrInputLimit   = errors.New("reactor: input buffer limit exceeded")
	ErrFlushTimeout = errors.New("reactor: peer did not take the last output in time")
	ErrShutdown     = errors.New("reactor: shut down")
)

// Handler is what a Group serves. Every method is called on the goroutine of the loop that owns the connection, so calls for connections of one
// loop never overlap. None may block.
type Handler interface {
	// Open is called first. It may append to c.Out; false means: write that, then close.
	Open(c *Conn) bool
	// Data is offered all unread bytes of c and returns how many of them are used up. It is called again when more arrive, and after
	// Resume. Replies are appended to c.Out. in is valid during the call only.
	Data(c *Conn, in []byte) (consumed int)
	// Close is the last call for a connection that was opened, and called exactly once. err is nil when the peer ended the connection or
	// CloseAfterFlush did. Out is not usable.
	Close(c *Conn, err error)
	// Tick is called about ten times a second for each loop.
	Tick(l *Loop, now time.Time)
}

// Options tunes a Group. The zero value is good for tests.
type Options struct {
	Backlog      int           // of listening sockets; 0 means 511, as in Redis
	KeepAlive    time.Duration // idle time before TCP probes the peer; 0 means no probes
	UnixPerm     fs.FileMode   // of Unix sockets; 0 leaves what the umask gives
	InputLimit   int           // unread bytes of one connection (client-query-buffer-limit); 0 means 1 GiB
	FlushTimeout time.Duration // how long a connection that only waits to be flushed may make no progress; 0 means 10 s
	LoopEnd      func(l *Loop) // the last call on the goroutine of every loop
	Logger       *slog.Logger  // for trouble with accepting; nil means none
}

// Group is a set of loops and what they listen on.
type Group struct {
	handler Handler
	opts    Options
	loops   []*Loop
	start   time.Time // zero of the loops' monotonic clocks
	wg      sync.WaitGroup

	keepIdle atomic.Int64 // Options.KeepAlive, or what SetKeepAlive made of it
	maxInput atomic.Int64 // Options.InputLimit, or what SetInputLimit made of it
	lastID   atomic.Uint64
	accepted atomic.Int64
	current  atomic.Int64

	mu        sync.Mutex
	listeners []stopper // guarded by mu
	stopped   bool      // guarded by mu: nothing is accepted any more
}

// stopper is a listener of either kind. stop returns when it accepts nothing any more.
type stopper interface{ stop() }

// New starts loops goroutines that serve connections with h; with loops below 1, one for each processor Go may use.
func New(loops int, h Handler, opts Options) (*Group, error) {
	if loops < 1 {
		loops = runtime.GOMAXPROCS(0)
	}
	if opts.Backlog == 0 {
		opts.Backlog = 511
	}
	if opts.InputLimit == 0 {
		opts.InputLimit = 1 << 30
	}
	if opts.FlushTimeout == 0 {
		opts.FlushTimeout = 10 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	g := &Group{handler: h, opts: opts, start: time.Now()}
	g.SetKeepAlive(opts.KeepAlive)
	g.SetInputLimit(int64(opts.InputLimit))
	for i := range loops {
		l, err := newLoop(g, i)
		if err != nil {
			for _, l := range g.loops {
				l.poll.close()
			}
			return nil, fmt.Errorf("reactor: loop %d: %w", i, err)
		}
		g.loops = append(g.loops, l)
	}
	for _, l := range g.loops {
		g.wg.Go(l.run)
	}
	return g, nil
}

// Loops returns the loops, in the order of their index. The slice is the group's own.
func (g *Group) Loops() []*Loop { return g.loops }

// Accepted returns the number of connections since the start.
func (g *Group) Accepted() int64 { return g.accepted.Load() }

// Current returns the number of connections there are, those not yet opened included.
func (g *Group) Current() int64 { return g.current.Load() }

// Listen accepts connections on addr until StopAccepting; network is "tcp", "tcp4", "tcp6" or "unix". It returns the address it got, which
// tells the port where addr asks for any. A socket file that is in the way is removed, as Redis does.
func (g *Group) Listen(network, addr string) (net.Addr, error) {
	if network == "unix" {
		if err := removeSocket(addr); err != nil {
			return nil, fmt.Errorf("reactor: listen on %s: %w", addr, err)
		}
	}
	var lc net.ListenConfig
	lc.SetMultipathTCP(false) // Go's default; it costs every request, and clients of this protocol do not use it.
	lc.KeepAlive = -1         // Only what KeepAliveConfig says.
	lc.KeepAliveConfig = g.keepAlive()
	ln, err := lc.Listen(context.Background(), network, addr)
	if err != nil {
		return nil, fmt.Errorf("reactor: %w", err)
	}
	if network == "unix" && g.opts.UnixPerm != 0 {
		if err := os.Chmod(addr, g.opts.UnixPerm); err != nil {
			ln.Close()
			return nil, fmt.Errorf("reactor: %w", err)
		}
	}
	at := ln.Addr()
	if err := g.listen(ln); err != nil {
		ln.Close()
		return nil, fmt.Errorf("reactor: listen on %s: %w", addr, err)
	}
	return at, nil
}

// SetKeepAlive changes Options.KeepAlive for connections accepted from now on.
func (g *Group) SetKeepAlive(idle time.Duration) { g.keepIdle.Store(int64(idle)) }

// SetInputLimit changes Options.InputLimit, for input that arrives from now on.
func (g *Group) SetInputLimit(bytes int64) { g.maxInput.Store(bytes) }

// keepAlive probes as Redis does: three times, a third of the idle time apart.
func (g *Group) keepAlive() net.KeepAliveConfig {
	idle := time.Duration(g.keepIdle.Load())
	if idle <= 0 {
		return net.KeepAliveConfig{Enable: false}
	}
	return net.KeepAliveConfig{Enable: true, Idle: idle, Interval: max(idle/3, time.Second), Count: 3}
}

// addListener notes a listener for StopAccepting; false when that was called already.
func (g *Group) addListener(s stopper) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return false
	}
	g.listeners = append(g.listeners, s)
	return true
}

// StopAccepting closes what the group listens on; connections stay. It returns when no connection can be accepted any more. It must not be
// called on a loop.
func (g *Group) StopAccepting() {
	g.mu.Lock()
	listeners := g.listeners
	g.listeners, g.stopped = nil, true
	g.mu.Unlock()
	for _, s := range listeners {
		s.stop()
	}
}

// Shutdown ends the group: it stops accepting, closes every connection when its output is written, and waits for all goroutines. A connection
// that is parked (but not one that is watched) is given time to resume and to say its last word. When ctx ends first, what is left is closed
// as it is, and the error of ctx returned. It must not be called on a loop.
func (g *Group) Shutdown(ctx context.Context) error {
	g.StopAccepting()
	for _, l := range g.loops {
		l.Post(l.drain)
	}
	done := make(chan struct{})
	go func() {
		g.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, l := range g.loops {
		l.Post(l.abort)
	}
	<-done
	return ctx.Err()
}

// adopt makes a connection of a transport and gives it to the loop with the fewest. It reports false when the group is shut down.
func (g *Group) adopt(c *Conn, tr transport) bool {
	g.accepted.Add(1)
	g.current.Add(1)
	c.id = g.lastID.Add(1)
	c.tr = tr
	c.slot = -1
	// Starting at a different loop each time, so that equal loads take turns.
	best := g.loops[int(c.id)%len(g.loops)]
	for _, l := range g.loops {
		if l.load.Load() < best.load.Load() {
			best = l
		}
	}
	best.load.Add(1)
	c.loop = best
	if !best.enqueue(item{c: c, op: opOwn, fn: (*Conn).open}) {
		best.load.Add(-1)
		g.current.Add(-1)
		return false
	}
	return true
}
