// Package session is what the server remembers of one client: data only.
package session

import (
	"sync/atomic"

	"dragonfly/store"
)

// ReplyMode is what CLIENT REPLY set.
type ReplyMode uint8

// The modes of CLIENT REPLY.
const (
	ReplyOn ReplyMode = iota
	ReplyOff
	ReplySkipNext // CLIENT REPLY SKIP was just answered; the next command is silent
	ReplySkip     // this command is silent
)

// Session is the state of one client. It belongs to the loop of its connection; what others read is atomic or
// copied under the client registry's lock.
type Session struct {
	ID      int64
	DB      int // selected database
	Proto   int // 2 or 3
	Authed  bool
	User    string
	Name    string
	LibName string
	LibVer  string

	Reply   ReplyMode
	NoEvict bool
	NoTouch bool
	Monitor bool

	Multi *Multi         // commands queued since MULTI, or nil
	Watch *store.Watcher // keys watched for EXEC, or nil

	Commands atomic.Int64 // commands processed
	LastCmd  atomic.Pointer[string]
}

// Multi is a transaction being queued.
type Multi struct {
	Queue       [][][]byte // arguments of each command, copied from the request
	Bytes       int        // of all arguments
	Abort       bool       // a command was refused while queueing: EXEC answers EXECABORT
	NeedsMemory bool       // a command in the queue is refused when there is no memory left
	Writes      bool       // a command in the queue waits for the end of CLIENT PAUSE WRITE
	NeedsData   bool       // a command in the queue is refused while the data set is being loaded
}
