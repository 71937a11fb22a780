package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dragonfly/persistence"
	"dragonfly/server/command"
	"dragonfly/server/config"
	"dragonfly/server/pubsub"
	"dragonfly/server/reactor"
	"dragonfly/server/script"
	"dragonfly/server/tracking"
	"dragonfly/store"
	"dragonfly/store/object"
)

// shardsPerLoop is how many shards the store has for every loop, unless num_shards says otherwise: enough that two
// loops rarely meet at a lock.
const shardsPerLoop = 4

// Server is one server. Several in one process share nothing.
type Server struct {
	cfg      *config.Config
	log      *slog.Logger
	store    *store.Store
	registry *command.Registry
	group    *reactor.Group
	loops    []*coordinator
	start    time.Time
	runID    string
	replid   atomic.Pointer[string] // of the history of writes that replicas would follow

	clients    clients
	slow       slowlog
	latency    latencyMonitor
	pause      pause
	lent       lent
	service    service
	busyMs     atomic.Int64 // busy-reply-threshold, 0 = never
	errors     errorStats
	stats      runStats
	params     params
	persist    persister
	savePoints savePoints
	evict      eviction
	acl        accessControl
	events     events

	pubsub   *pubsub.Registry
	tracking *tracking.Table // client side caching
	scripts  *script.Cache   // of EVAL

	scriptsMayMore atomic.Bool // DEBUG SET-DISABLE-DENY-SCRIPTS

	storage   persistence.Storage // of the snapshots
	schedule  schedule
	carried   carried
	functions functions

	loading   atomic.Bool
	load      loadProgress
	maxMemory atomic.Int64
	maxBulk   atomic.Int64
	peak      atomic.Int64

	addrs    []net.Addr
	shutdown chan shutdownRequest // SHUTDOWN of a client
	ctx      context.Context      // of the background work
	stop     context.CancelFunc
	work     sync.WaitGroup // background work
	closed   sync.Once
}

// shutdownRequest is what a client asked for with SHUTDOWN.
type shutdownRequest struct{ save, nosave, force bool }

// New makes a server that listens on nothing yet and has an empty data set.
func New(cfg *config.Config, log *slog.Logger) (*Server, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	loops := cfg.ProactorThreads
	if loops <= 0 {
		loops = runtime.GOMAXPROCS(0)
	}
	shards := cfg.NumShards
	if shards <= 0 {
		shards = shardsPerLoop * loops
	}
	s := &Server{
		cfg: cfg, log: log, start: time.Now(), runID: randomHex(40),
		registry: newRegistry(),
		shutdown: make(chan shutdownRequest, 1),
	}
	s.pubsub = pubsub.New()
	s.tracking = tracking.New(teller{s})
	s.scripts = script.NewCache(s.keyPositions)
	st, err := store.New(store.Options{
		Shards: shards, Databases: cfg.DBNum, Limits: object.DefaultLimits(),
		Notify:   s.notify,
		Modified: func(client int64, _ int, key []byte) { s.tracking.Changed(client, key) },
		Ready:    s.serveLater,
	})
	if err != nil {
		return nil, err
	}
	s.store = st
	s.pause.keep = &st.KeepExpired
	s.clients.byID = map[int64]*client{}
	s.maxMemory.Store(cfg.MaxMemory)
	s.maxBulk.Store(cfg.MaxBulkLen)
	s.slow.configure(cfg.SlowlogLogSlowerThan, cfg.SlowlogMaxLen)
	s.busyMs.Store(5000)
	s.params.init(s)
	s.events.set(s.param("notify-keyspace-events"))
	s.acl.init(s)
	if cfg.ACLFile != "" {
		if err := s.readACLFile(); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	s.newReplID()
	s.latency.histograms.Store(true)
	s.persist.init(s)
	if err := s.schedule.init(cfg.SnapshotCron); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if !strings.Contains(cfg.Dir, "://") { // else Load opens it, over the network
		if s.storage, err = s.openStorage(context.Background(), cfg.Dir); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	for i := range loops {
		s.loops = append(s.loops, newCoordinator(s, i))
	}
	s.group, err = reactor.New(loops, handler{s}, reactor.Options{
		Backlog:   cfg.TCPBacklog,
		KeepAlive: time.Duration(cfg.TCPKeepalive) * time.Second,
		UnixPerm:  cfg.UnixSocketPerm,
		Logger:    log,
		LoopEnd:   func(l *reactor.Loop) { s.loops[l.Index()].stopExecutors() },
	})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	s.initEviction()
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.work.Go(func() { st.Background(s.ctx, time.Second/time.Duration(max(1, cfg.HZ)), time.Now) })
	s.work.Go(func() { s.evictInBackground(s.ctx, time.Second/time.Duration(max(1, cfg.HZ))) })
	s.work.Go(func() { s.cron(s.ctx) })
	s.work.Go(func() { s.schedule.run(s.ctx, s.persist.scheduled) })
	return s, nil
}

// Listen binds the sockets of the settings.
func (s *Server) Listen() error {
	if s.cfg.Port != 0 {
		port := max(s.cfg.Port, 0) // -1 asks the kernel for one
		addr, err := s.group.Listen("tcp", net.JoinHostPort(s.cfg.Bind, strconv.Itoa(port)))
		if err != nil {
			return err
		}
		s.addrs = append(s.addrs, addr)
	}
	if s.cfg.UnixSocket != "" {
		addr, err := s.group.Listen("unix", s.cfg.UnixSocket)
		if err != nil {
			return err
		}
		s.addrs = append(s.addrs, addr)
	}
	return nil
}

// Addr returns the address of the TCP socket, or nil if there is none.
func (s *Server) Addr() net.Addr {
	for _, a := range s.addrs {
		if a.Network() == "tcp" {
			return a
		}
	}
	return nil
}

// port returns the TCP port, 0 if there is none.
func (s *Server) port() int {
	if a, ok := s.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// Dial returns a connection to the server within the process, for clients that take a dial function.
func (s *Server) Dial(context.Context) (net.Conn, error) { return s.group.DialInMemory() }

// Serve serves a connection of any kind until it ends.
func (s *Server) Serve(conn net.Conn) error { return s.group.Serve(conn) }

// Run listens, loads the snapshot of the settings, serves until ctx ends or a client sends SHUTDOWN, saves, and
// closes the server. An error means that it could not start or could not load.
func (s *Server) Run(ctx context.Context) error {
	defer s.Close()
	s.loading.Store(s.cfg.DBFilename != "" || s.cfg.LoadAOF != "") // until Load says otherwise
	if err := s.Listen(); err != nil {
		return err
	}
	s.log.Info(fmt.Sprintf("Listening on %v with %d threads, %d shards", s.addrs, len(s.loops), s.store.NumShards()))
	if loaded, err := s.loadOrLeave(ctx); err != nil || !loaded {
		return err
	}
	save := true
	select {
	case <-ctx.Done():
	case req := <-s.shutdown:
		save = req.save || !req.nosave && !req.force
		s.log.Info("Exiting on SHUTDOWN")
	}
	// No client can change anything any more when the last snapshot is cut: every write that was answered is in it.
	s.disconnect()
	if !save || s.params.dbFilename() == "" {
		return nil
	}
	return s.persist.final()
}

// loadOrLeave loads the snapshot. loaded is false when it was told to end before all was there: then there is nothing
// to serve, and nothing to save.
func (s *Server) loadOrLeave(ctx context.Context) (loaded bool, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	s.work.Go(func() { done <- s.Load(ctx) })
	select {
	case err = <-done:
	case req := <-s.shutdown:
		stop()
		if err = <-done; err == nil { // it was just through
			select {
			case s.shutdown <- req:
			default: // another one is on its way
			}
		}
	}
	if err != nil && ctx.Err() != nil {
		s.log.Info("Exiting while the snapshot was being loaded")
		return false, nil
	}
	return err == nil, err
}

// disconnect ends all connections, giving them a moment to take their last replies.
func (s *Server) disconnect() {
	s.lent.killAll()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := s.group.Shutdown(ctx); err != nil {
		s.log.Info("Connections that did not take their replies were closed")
	}
}

// Close ends all connections and background work and frees the data set. Nothing is saved.
func (s *Server) Close() error {
	var err error
	s.closed.Do(func() {
		s.disconnect()
		s.stop()
		s.work.Wait()
		err = s.store.Close()
	})
	return err
}

// handler makes the server a reactor.Handler without exporting those methods.
type handler struct{ s *Server }

// Open admits a connection.
func (h handler) Open(c *reactor.Conn) bool {
	s := h.s
	cl := &client{server: s, conn: c, addr: c.RemoteAddr(), laddr: c.LocalAddr(), fd: c.FD(), created: time.Now()}
	cl.Proto, cl.onWake = 2, cl.wake
	cl.sub.Init(s.pubsub, c)
	cl.user = s.acl.users.Default()
	cl.User = cl.user.Name()
	cl.Authed = s.open() || c.IsUnix() && cl.user.Rules().Enabled()
	cl.lastMs.Store(c.Loop().NowMs())
	if !s.clients.add(cl, s.params.maxClients()) {
		c.Out = append(c.Out, "-ERR max number of clients reached\r\n"...)
		return false
	}
	c.State = cl
	s.limitOutput(cl)
	return true
}

// Data runs the commands in the unread bytes of a connection.
func (h handler) Data(c *reactor.Conn, in []byte) int {
	cl, ok := c.State.(*client)
	if !ok {
		return len(in)
	}
	return h.s.loops[c.Loop().Index()].serve(cl, c, in)
}

// Close forgets a connection.
func (h handler) Close(c *reactor.Conn, err error) {
	cl, ok := c.State.(*client)
	if !ok {
		return
	}
	h.s.clients.remove(cl)
	cl.showUnread(0)
	cl.setOther(0)
	h.s.stats.countEnd(err)
	h.s.forgetWatch(&cl.Session)
	h.s.clients.setMonitor(cl, false)
	h.s.endTracking(cl)
	cl.sub.Close()
	if cl.waiting {
		cl.leave()
		h.s.pause.forget(cl)
		h.s.lent.forget(cl)
	}
}

// Tick closes connections that were idle too long, gives up tracked keys that are too many and clients that take too much.
func (h handler) Tick(l *reactor.Loop, now time.Time) {
	if l.Index() == 0 {
		h.s.tracking.Trim(trimPerTick)
		h.s.limitClients()
	}
	timeout := h.s.params.timeout()
	if timeout == 0 {
		return
	}
	l.EachConn(func(c *reactor.Conn) {
		cl, ok := c.State.(*client)
		if ok && !cl.waiting && !cl.Monitor && !cl.subscriber() && now.UnixMilli()-cl.lastMs.Load() > int64(timeout)*1000 {
			c.Kill(errIdle)
		}
	})
}

var errIdle = errors.New("idle")

// of returns the coordinator that a handler of this package runs on.
func of(c *command.Ctx) *coordinator { return c.Server.(*coordinator) }

// baseMemory is about what the process takes before there is any data: it counts against maxmemory too.
const baseMemory = 1 << 20

// usedMemory returns the bytes that the server takes for itself, for clients and for the data.
func (s *Server) usedMemory() int64 { return baseMemory + s.clientBuffers() + s.store.Used() }

// cron does the once-a-second work of the server.
func (s *Server) cron(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if used := s.usedMemory(); used > s.peak.Load() {
			s.peak.Store(used)
		}
		s.sampleRates()
		s.saveAfterChanges(time.Now())
	}
}
