package server

import (
	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

// scripting is the state of the script that an executor runs: what its commands may do.
type scripting struct {
	readOnly bool // EVAL_RO and its like, and scripts with the flag no-writes
	allowOOM bool // it may add data when there is no memory left: the flag allow-oom, or it was not full when it began
	declared bool // only the shards of its keys are locked
}

// Call runs a command of the script, as redis.call does, and appends its reply in a protocol.
func (x *executor) Call(dst []byte, args [][]byte, proto int) []byte {
	out := &x.co.out
	outer := *out
	out.Buf, out.Proto = dst, proto
	x.cl.Proto = proto
	if cmd, err := x.admit(args); err != nil {
		if cmd != nil {
			cmd.Stats.Rejected.Add(1)
		}
		out.Err(err)
		x.s.countError(out.LastError)
	} else {
		if cmd.Flags&command.Write != 0 {
			x.wrote.Store(true)
		}
		x.co.run(&x.cl, cmd, args)
	}
	dst = out.Buf
	errors := out.Errors
	*out = outer
	out.Errors = errors
	return dst
}

// find returns the command, or the subcommand, that args name; nil if there is none.
func (co *coordinator) find(args [][]byte) *command.Command {
	if len(args) == 0 {
		return nil
	}
	cmd := co.s.registry.Find(args[0])
	if cmd != nil && cmd.Flags&command.Container != 0 && len(args) > 1 {
		if sub := cmd.Sub(args[1]); sub != nil {
			return sub
		}
		if cmd.Run == nil || cmd.Subs != nil {
			return nil
		}
	}
	return cmd
}

// admit makes the checks of a command that a script calls, in Redis's order.
func (x *executor) admit(args [][]byte) (*command.Command, error) {
	s := x.s
	cmd := x.co.find(args)
	switch {
	case cmd == nil:
		return nil, resperr.ScriptUnknownCommand
	case !cmd.ArityOK(len(args)):
		return cmd, resperr.ScriptWrongArgs
	case cmd.Flags&command.NoScript != 0:
		return cmd, resperr.NotFromScript
	case s.loading.Load() && x.home != nil && cmd.Flags&command.WhileLoading == 0:
		return cmd, resperr.Loading
	}
	if cmd.Flags&command.Write != 0 {
		switch {
		case x.script.readOnly:
			return cmd, resperr.WriteFromReadOnly
		case s.persist.stopped():
			return cmd, resperr.Misconf
		}
	}
	if cmd.Flags&command.DenyOOM != 0 && !x.script.allowOOM && !x.wrote.Load() && s.outOfMemory() {
		return cmd, resperr.OOM
	}
	return cmd, x.mayReach(cmd, args)
}

// mayReach refuses a command that needs a shard which is not locked.
func (x *executor) mayReach(cmd *command.Command, args [][]byte) error {
	t := x.co.tx
	if x.home == nil {
		// A log that is replayed: nobody else is there.
		if cmd.Flags&command.LockAll != 0 || !cmd.Keys.Has() {
			t.LockAll()
		} else {
			t.LockKeys(args, cmd.Keys.Append(nil, args))
		}
		return nil
	}
	if t.HoldsAll() {
		return nil
	}
	if cmd.Flags&command.LockAll != 0 || !cmd.Keys.Has() && cmd.Flags&command.Keyless == 0 {
		return resperr.UndeclaredKey
	}
	for _, k := range cmd.Keys.Append(nil, args) {
		if !t.Holds(x.s.store.ShardOf(args[k])) {
			return resperr.UndeclaredKey
		}
	}
	return nil
}
