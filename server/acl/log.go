package acl

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Event is something that was refused.
type Event struct {
	Reason  Reason
	Context Context
	Object  string // the command, key or channel; of a wrong password, the command that had it
	User    string
}

// Context is where it was refused.
type Context uint8

// The contexts.
const (
	TopLevel Context = iota
	InMulti
	InScript
)

// String returns the word that ACL LOG has for the context.
func (c Context) String() string { return [...]string{"toplevel", "multi", "lua"}[c] }

// Entry is an event, or several like it, in the log.
type Entry struct {
	Event
	ID      int64
	Count   int64
	Created time.Time
	Updated time.Time
	Client  string // the line of CLIENT LIST of the one who was last refused
}

const (
	logObject = 4096        // bytes kept of an object or user: who is refused fills no memory
	logSame   = time.Minute // events further apart are not the same
	logLook   = 10          // entries among which the same is looked for
)

// Log remembers what was refused, and counts it. Any goroutine may use it; the zero Log keeps nothing but counts.
type Log struct {
	counts [DeniedChannel + 1]atomic.Int64

	mu      sync.Mutex
	max     int
	nextID  int64
	entries []Entry // newest first
}

// SetMax sets how many entries are kept.
func (l *Log) SetMax(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max = n
	l.trim()
}

func (l *Log) trim() {
	l.entries = slices.Delete(l.entries, min(l.max, len(l.entries)), len(l.entries))
}

// Add notes an event at a time: in a new entry, or in that of the same event a short time ago.
func (l *Log) Add(e Event, client string, now time.Time) {
	l.counts[e.Reason].Add(1)
	e.Object, e.User = e.Object[:min(len(e.Object), logObject)], e.User[:min(len(e.User), logObject)]
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := Entry{Event: e, ID: l.nextID, Created: now}
	same := slices.IndexFunc(l.entries[:min(logLook, len(l.entries))], func(old Entry) bool {
		return old.Event == e && now.Sub(old.Updated).Abs() <= logSame
	})
	if same >= 0 {
		entry = l.entries[same]
		l.entries = slices.Delete(l.entries, same, same+1)
	} else {
		l.nextID++
	}
	entry.Count++
	entry.Updated, entry.Client = now, client
	l.entries = slices.Insert(l.entries, 0, entry)
	l.trim()
}

// Entries lists the newest n entries, the newest first.
func (l *Log) Entries(n int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries[:max(0, min(n, len(l.entries)))])
}

// Reset removes all entries. Counts and ids go on.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

// Count returns how much was refused for a reason since the start or ResetCounts.
func (l *Log) Count(r Reason) int64 { return l.counts[r].Load() }

// ResetCounts begins to count anew.
func (l *Log) ResetCounts() {
	for i := range l.counts {
		l.counts[i].Store(0)
	}
}
