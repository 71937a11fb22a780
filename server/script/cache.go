package script

import (
	"sync"
	"sync/atomic"
)

// maxEvaluated is how many scripts a cache keeps that came with EVAL, as in Redis.
const maxEvaluated = 500

// Cache holds the scripts of a server by their SHA1. Those that came with EVAL make room for one another, the one that was
// not asked for longest first; those of SCRIPT LOAD stay until Flush.
type Cache struct {
	positions Positions
	clock     atomic.Int64 // counts requests; says which script was used last

	mu        sync.RWMutex
	scripts   map[string]*Script // guarded by mu, like all below
	evaluated int                // scripts that may be evicted
	bytes     int
	evicted   int64
}

// NewCache makes an empty cache. positions knows the commands of the server.
func NewCache(positions Positions) *Cache {
	return &Cache{positions: positions, scripts: map[string]*Script{}}
}

// Get finds a script by its SHA1, in upper or lower case; nil if it is not there.
func (c *Cache) Get(sha []byte) *Script {
	if len(sha) != 40 {
		return nil
	}
	var low [40]byte
	for i, b := range sha {
		if 'A' <= b && b <= 'F' {
			b |= 0x20
		}
		low[i] = b
	}
	c.mu.RLock()
	s := c.scripts[string(low[:])]
	c.mu.RUnlock()
	if s != nil {
		s.used.Store(c.clock.Add(1))
	}
	return s
}

// Eval finds or compiles the script of EVAL.
func (c *Cache) Eval(body []byte) (*Script, error) { return c.add(body, false) }

// Load finds or compiles the script of SCRIPT LOAD.
func (c *Cache) Load(body []byte) (*Script, error) { return c.add(body, true) }

func (c *Cache) add(body []byte, load bool) (*Script, error) {
	s := c.Get([]byte(SHA(body)))
	if s == nil {
		var err error
		if s, err = Compile(string(body), c.positions); err != nil {
			return nil, err
		}
	} else if !load {
		return s, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.scripts[s.SHA]
	switch {
	case known == nil:
		s.loaded = load
		s.used.Store(c.clock.Add(1))
		c.scripts[s.SHA] = s
		c.bytes += len(s.Body)
		if !load {
			if c.evaluated++; c.evaluated > maxEvaluated {
				c.evict()
			}
		}
	case load && !known.loaded:
		known.loaded = true
		c.evaluated--
		s = known
	default:
		s = known
	}
	return s, nil
}

// evict drops the script that was not used longest. The cache is locked.
func (c *Cache) evict() {
	var oldest *Script
	for _, s := range c.scripts {
		if !s.loaded && (oldest == nil || s.used.Load() < oldest.used.Load()) {
			oldest = s
		}
	}
	delete(c.scripts, oldest.SHA)
	c.bytes -= len(oldest.Body)
	c.evaluated--
	c.evicted++
}

// Loaded tells whether a script came with SCRIPT LOAD.
func (c *Cache) Loaded(s *Script) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return s.loaded
}

// AddFlags gives a script flags in addition to its own, and tells whether it is there.
func (c *Cache) AddFlags(sha []byte, f Flags) bool {
	s := c.Get(sha)
	if s != nil {
		s.add(f)
	}
	return s != nil
}

// Flush drops all scripts. Those that run go on.
func (c *Cache) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.scripts)
	c.evaluated, c.bytes = 0, 0
}

// Usage tells how many scripts there are, the bytes of their bodies, and how many were evicted so far.
func (c *Cache) Usage() (n, bytes int, evicted int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.scripts), c.bytes, c.evicted
}

// Each calls f with every script, in no order. f does not use the cache.
func (c *Cache) Each(f func(s *Script)) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, s := range c.scripts {
		f(s)
	}
}
