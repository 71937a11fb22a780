package snapshot

import "fmt"

// Target says for which reader a file is written.
type Target struct {
	// Version is the RDB version of the file: 9 for Redis 5 and 6, 10 for 7.0, 11 for 7.2 and Valkey 8, 12 for 7.4. 0 is
	// the lowest that holds the data, in which what only Dragonfly knows is written its way.
	Version int
	// Drop leaves out what the version cannot hold, and counts it. Without it that is an error.
	Drop bool
}

// The versions that a Target can name.
const (
	MinTarget = 9
	MaxTarget = 12
)

// Loss is something that a target cannot hold.
type Loss uint8

// What a target may be unable to hold.
const (
	FieldTTLs Loss = iota
	MemberTTLs
	StickyMarks
	MemcacheFlags
	OtherTypes // keys of modules and of types of Dragonfly
	Functions  // function libraries
	ModuleData // global data of modules
	// StreamCounters are the entries ever added, the largest ID deleted and the entries read by a group, of streams in
	// version 9. They are estimated when the file is loaded, so losing them is never an error.
	StreamCounters
	NumLosses
)

var lossNames = [NumLosses]string{
	"field TTLs", "member TTLs", "sticky marks", "memcache flags", "keys of other types", "function libraries",
	"module data", "stream counters",
}

// String names what was lost.
func (l Loss) String() string { return lossNames[l] }

// TargetError says what a target cannot hold.
type TargetError struct {
	Version int
	What    Loss
	Type    string // of the key, if What is OtherTypes
	DB      int
	Key     []byte // nil if it is not a key that cannot be held
}

// Error names the key and what cannot be held of it.
func (e *TargetError) Error() string {
	what := "no " + e.What.String()
	if e.What == OtherTypes {
		what = "no type " + e.Type
	}
	if e.Key == nil {
		return fmt.Sprintf("RDB version %d has %s", e.Version, what)
	}
	key := e.Key[:min(len(e.Key), maxKeyShown)]
	return fmt.Sprintf("key %q in database %d: RDB version %d has %s", key, e.DB, e.Version, what)
}

// maxKeyShown is how much of a key an error shows.
const maxKeyShown = 128

// Lose notes in counts that the target cannot hold n of something. It returns an error if nothing may be dropped.
func (t Target) Lose(counts *Counts, what Loss, n int64) error {
	if !t.Drop {
		return &TargetError{Version: t.Version, What: what}
	}
	counts.Lost[what] += n
	return nil
}
