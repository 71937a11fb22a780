package command

import (
	"time"

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
	// InScript tells that the command runs inside a script; InExec is set too.
	InScript bool
	// Limited tells a command that Follows keys that its client may read only some: it must not follow any.
	Limited bool
	// Resumed tells that the command runs again after its client has waited, since one of the keys it waits for changed.
	Resumed bool
	// Pause lets others be served, nil where that cannot be; see Breathe.
	Pause func()
	// Relocated tells that Long was true.
	Relocated bool
	breaths   uint
	// Waiting is what Wait was called with, nil if it was not.
	Waiting *Wait
}

// longSteps is how many steps of the order of a copy of a short string a command does on a loop: some milliseconds.
const longSteps = 50_000

// Long tells a handler that has found how many steps it has before it, and has changed nothing yet, that these are too
// many to hold up a loop: it must return, without a reply, and runs again where it may last. There Long is false, and
// the handler calls Breathe in its loops.
func (c *Ctx) Long(steps int) bool {
	if steps < longSteps || c.Pause != nil || c.InExec {
		return false
	}
	c.Relocated = true
	return true
}

// Breathe lets others be served now and then; it is to be called once for each step of a long command. The shards of
// the command stay as they are.
func (c *Ctx) Breathe() {
	if c.breaths++; c.breaths%1024 == 0 && c.Pause != nil {
		c.Pause()
	}
}

// Wait says what a command that found nothing waits for.
type Wait struct {
	// Keys are those whose change makes the command run again. Their bytes must stay as they are: copies, or arguments,
	// which are copied.
	Keys [][]byte
	// Timeout is how long the client waits at most, 0 for ever.
	Timeout time.Duration
	// Args are the arguments to run again with; nil for those of the command.
	Args [][]byte
	// Gone tells that the command runs again, too, when a key is gone, and not only when it is there.
	Gone bool
	// Alike, unless empty, says that of those who wait for a key with the same command and the same Alike, the others find
	// nothing in it when one does: they are not tried.
	Alike string
	// TimedOut writes the reply when time runs out.
	TimedOut func(w *reply.Writer)
}

// Wait makes the client wait until one of the keys changes; then the command runs again with Resumed set, and may call
// Wait again. Where nothing may wait, the reply of a timeout is written. The handler has written no reply and returns
// without one.
func (c *Ctx) Wait(w Wait) {
	if c.InExec {
		w.TimedOut(c.Reply)
		return
	}
	c.Waiting = &w
}

// Fail answers an error.
func (c *Ctx) Fail(err error) { c.Reply.Err(err) }
