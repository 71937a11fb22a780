package server

import (
	"dragonfly/server/command"
	"dragonfly/server/script"
	"dragonfly/server/tx"
	"dragonfly/store/resperr"
)

// scripting is the state of the script that an executor runs: what its commands may do.
type scripting struct {
	vm       *script.VM // made with the first script
	readOnly bool       // EVAL_RO and its like, and scripts with the flag no-writes
	full     bool       // there was no memory left when it began, and it may not add data
	// unread are the keys that it declares; nil once they count as read, see coordinator.track.
	unread [][]byte
}

// scriptRun is a script, or a function of a library, that a command runs.
type scriptRun struct {
	script.Run
	flags    script.Flags
	readOnly bool // EVAL_RO, FCALL_RO
	// declared tells that the script can reach no other keys than Run.Keys: only their shards are locked.
	declared bool
}

// runScript runs a script for the client of the command that is being handled, and answers its result. What r holds must
// not be in the arguments of the command.
func runScript(c *command.Ctx, r scriptRun) {
	co := of(c)
	full := co.full
	if err := co.s.mayRun(&r, full); err != nil {
		c.Fail(err)
		return
	}
	cl, cmd, args := co.current, c.Cmd, c.Args
	co.execute(c, job{
		script:   true,
		function: r.Function,
		lock: func(t *tx.Tx) bool {
			if !r.declared {
				return t.LockAll()
			}
			for _, key := range r.Keys {
				t.AddKey(key)
			}
			return t.Lock()
		},
		run: func(x *executor) {
			co.s.monitorScript(cl, cmd, args)
			x.runScript(&r, full && r.flags&script.AllowOOM == 0)
		},
	})
}

// mayRun makes the checks that are the same for all scripts that say in their first line what they do.
func (s *Server) mayRun(r *scriptRun, full bool) error {
	if r.flags&script.Plain != 0 {
		return nil
	}
	writes := r.flags&script.NoWrites == 0
	switch {
	case writes && r.readOnly:
		return resperr.ScriptWritesReadOnly
	case writes && s.persist.stopped():
		return resperr.Misconf
	case writes && full && r.flags&script.AllowOOM == 0:
		return resperr.ScriptOOM
	}
	return nil
}

// runScript runs a script, with the commands of the current client.
func (x *executor) runScript(r *scriptRun, full bool) {
	cl := x.co.current
	if x.caller != nil {
		cl = x.caller
	}
	x.impersonate(cl)
	x.script.unread = r.Keys
	x.script.readOnly, x.script.full = r.readOnly || r.flags&script.NoWrites != 0, full
	x.wrote.Store(false)
	outcome := x.machine().Run(r.Run, &x.co.out)
	x.script.unread = nil
	x.co.out.Counted = outcome == script.Counted
	x.co.current = cl
}

// machine returns the VM of the executor.
func (x *executor) machine() *script.VM {
	if x.script.vm == nil {
		x.script.vm = script.NewVM(x, x.s.scriptOptions())
	}
	return x.script.vm
}

// scriptOptions are the settings of all scripts.
func (s *Server) scriptOptions() script.Options {
	return script.Options{Version: redisVersion, Deprecated: s.param("lua-enable-deprecated-api") == "yes"}
}

// CheckCommand tells whether the user of the script may run a command, for redis.acl_check_cmd.
func (x *executor) CheckCommand(args [][]byte) (allowed bool, err error) {
	cmd := x.co.find(args)
	if cmd == nil {
		return false, resperr.InvalidCommand
	}
	if !cmd.ArityOK(len(args)) && !x.cl.user.Unrestricted() {
		return false, resperr.InvalidCommand // whether its keys are allowed cannot be told
	}
	return x.co.allows(&x.cl, cmd, args), nil
}

// Log writes a line of the script to the log, if that is wanted: redis.log.
func (x *executor) Log(level int, text string) {
	if !x.s.cfg.LuaEnableRedisLog {
		return
	}
	switch level {
	case script.LogWarning:
		x.s.log.Warn(text)
	case script.LogNotice:
		x.s.log.Info(text)
	default:
		x.s.log.Debug(text)
	}
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
		x.co.counted = out.Errors
	} else {
		if cmd.Flags&command.Write != 0 {
			x.wrote.Store(true)
		}
		x.co.ctx.InScript = true
		x.co.run(&x.cl, cmd, args)
		x.co.ctx.InScript = false
	}
	x.co.ctx.Waiting = nil
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
	case cmd.Flags&command.NoScript != 0 && !s.forScripts(cmd, args):
		return cmd, resperr.NotFromScript
	case s.loading.Load() && x.home != nil && cmd.Flags&command.WhileLoading == 0:
		return cmd, resperr.Loading
	}
	if err := x.co.permitted(&x.cl, cmd, args); err != nil {
		return cmd, err
	}
	if waits(cmd, args) {
		return cmd, resperr.BlockFromScript(string(args[0]))
	}
	switch {
	case x.script.readOnly && writes(cmd):
		return cmd, resperr.WriteFromReadOnly
	case cmd.Flags&command.Write != 0 && s.persist.stopped():
		return cmd, resperr.Misconf
	}
	if cmd.Flags&command.DenyOOM != 0 && x.script.full && !x.wrote.Load() {
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
