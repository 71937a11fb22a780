package command

import (
	"dragonfly/server/reply"
	"dragonfly/server/session"
	"dragonfly/server/tx"
	"dragonfly/store"
)

// Ctx is what a handler runs in. It belongs to the loop and is reused: nothing of it may be kept.
//
// When a handler runs, the shards of its keys (or all, with LockAll) are locked: it may read and write them
// through DB, and must not wait or do I/O. Arguments and views into the store are valid until it returns.
type Ctx struct {
	Args    [][]byte // Args[0] is the command name; a subcommand's name is Args[1]
	Reply   *reply.Writer
	DB      store.View // the selected database
	Cmd     *Command
	Session *session.Session
	Tx      *tx.Tx // for handlers that visit shards themselves
	// Server is the server's own state, for the commands of the server package. Data families do not use it.
	Server any
	// Registry is where introspection finds the commands.
	Registry *Registry
	// KeysLimit is how many keys KEYS answers at most, 0 = no limit.
	KeysLimit int
	// InExec tells that the command runs inside EXEC or a script: it must not wait.
	InExec bool
}

// Fail answers an error.
func (c *Ctx) Fail(err error) { c.Reply.Err(err) }
