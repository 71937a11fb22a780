// Package command says what a command is: the literal that declares it, the registry of all of them, and the
// context in which it runs. Everything the server knows of a command derives from its literal: COMMAND and its
// documentation, arity errors, the keys to lock, ACL categories, statistics.
package command

import (
	"strings"
	"sync/atomic"
	"time"
)

// Flags say how a command behaves.
type Flags uint32

// The flags of Redis's COMMAND, and below them those of our own dispatch.
const (
	Write Flags = 1 << iota
	ReadOnly
	DenyOOM
	Admin
	PubSub
	NoScript
	Blocking
	WhileLoading // allowed while a snapshot is loaded
	SkipMonitor
	SkipSlowlog
	Fast
	NoAuth // allowed before authentication
	AllowBusy
	NoMulti     // refused inside MULTI
	MovableKeys // set by the registry for Find-style key specs
	Asking

	// LockAll: the handler sees all shards locked. For commands that touch keys no spec can name.
	LockAll
	// Container commands have subcommands and no handler.
	Container
	// Immediate commands run at once even inside MULTI (EXEC, DISCARD, MULTI, WATCH, QUIT, RESET).
	Immediate
	// Session commands may change the state of the connection: they end a batch under one lock visit.
	Session
	// Brief commands do no more than their arguments ask for, as Fast ones do; but Redis does not call them fast.
	Brief
	// Script commands run Lua: they lock what they need themselves, and may be long (see server/executor.go).
	Script
	// Follows commands read keys that their arguments do not name: those that patterns lead to.
	Follows
	// Keyless commands without keys do not look at any: they need no shard.
	Keyless
	// WhileSubscribed commands may be sent on a RESP2 connection that listens to channels.
	WhileSubscribed
)

// Categories are ACL categories. Those that follow from flags (read, write, fast, slow, admin, dangerous,
// blocking, pubsub) are added by the registry.
type Categories uint32

// The ACL categories of Redis.
const (
	CatKeyspace Categories = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
)

var categoryNames = [...]string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo",
	"stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
}

// CategoryNames lists the names of all categories, in the order of their bits.
func CategoryNames() []string { return categoryNames[:] }

// Names lists the names of the categories in c.
func (c Categories) Names() []string {
	var names []string
	for i, n := range categoryNames {
		if c&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// Command is the declaration of a command: see GUIDE for an example.
type Command struct {
	Name       string // lower case; subcommands are "container|sub"
	Arity      int    // as COMMAND reports: arguments with the name, negative = at least
	Flags      Flags
	ACL        Categories // beyond what follows from Flags
	Keys       KeySpec
	Channels   Channels
	Since      string // Redis version
	Complexity string
	Summary    string
	Syntax     string // arguments as in documentation
	Group      string // documentation group; filled by the registry if empty
	Run        func(c *Ctx)

	// Written by the registry.
	Index  int                 // its place among all commands, in the order of their names
	Subs   map[string]*Command // subcommands by lower-case name
	Parent *Command
	Stats  Stats
}

// Stats count the calls of a command over all loops.
type Stats struct {
	Calls, Rejected, Failed atomic.Int64

	took atomic.Int64 // ns
	// Latency is that of the calls; nil while there are none.
	Latency atomic.Pointer[Histogram]
}

// Timed counts a call that took d, in the histogram too if that is wanted.
func (s *Stats) Timed(d time.Duration, histogram bool) { s.Counted(1, d, histogram) }

// Counted counts n calls that took d each.
func (s *Stats) Counted(n int64, d time.Duration, histogram bool) {
	s.Calls.Add(n)
	s.took.Add(n * int64(d))
	if !histogram {
		return
	}
	h := s.Latency.Load()
	if h == nil {
		s.Latency.CompareAndSwap(nil, &Histogram{})
		h = s.Latency.Load()
	}
	if h != nil { // Reset came between
		h.Add(d, n)
	}
}

// Usec returns the microseconds that all calls took together.
func (s *Stats) Usec() int64 { return s.took.Load() / int64(time.Microsecond) }

// Reset sets all counters to zero.
func (s *Stats) Reset() {
	s.Calls.Store(0)
	s.took.Store(0)
	s.Rejected.Store(0)
	s.Failed.Store(0)
	s.Latency.Store(nil)
}

// SubName returns the name of a subcommand without its container, or the whole name.
func (c *Command) SubName() string {
	if i := strings.IndexByte(c.Name, '|'); i >= 0 {
		return c.Name[i+1:]
	}
	return c.Name
}

// ArityOK tells whether a request with n arguments (name included) fits.
func (c *Command) ArityOK(n int) bool {
	if c.Arity >= 0 {
		return n == c.Arity
	}
	return n >= -c.Arity
}
