package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dragonfly/rdbload/aof"
	"dragonfly/server/command"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// replay runs the commands of an append-only log, in the place of a client that may do everything and gets no replies.
// It goes past what dispatch adds for clients: statistics, slow log, MONITOR, and the refusal of commands while loading.
type replay struct {
	ctx context.Context
	s   *Server
	co  *coordinator // of no loop
	cl  client       // of no connection
	req request

	path   string   // of the file under way
	multi  bool     // a transaction is under way
	queue  []queued // its commands
	before int64    // bytes of the files that are done

	sum   aofSummary
	began time.Time
	next  time.Time // of the next report
}

// queued is a command that waits for EXEC.
type queued struct {
	args   [][]byte
	offset int64
}

func newReplay(ctx context.Context, s *Server) *replay {
	now := time.Now()
	p := &replay{ctx: ctx, s: s, co: newCoordinator(s, 0), began: now, next: now.Add(logEvery)}
	p.co.nowMs = now.UnixMilli()
	newSteadyExecutor(p.co)
	p.cl.Proto, p.cl.User, p.cl.Authed = 2, "default", true
	p.co.out.Proto = p.cl.Proto
	return p
}

// command takes the command at an offset of the file. An error ends loading.
func (p *replay) command(args [][]byte, offset int64) error {
	r := &p.req
	r.args = args
	p.co.resolve(r)
	switch cmd := r.cmd; {
	case cmd != nil && cmd.Name == "multi":
		p.multi = true
		return nil
	case cmd != nil && cmd.Name == "exec":
		return p.exec()
	case p.multi:
		p.queue = append(p.queue, queued{copyArgs(args), offset})
		return nil
	}
	return p.run(r, offset)
}

// exec runs the commands of a transaction. Nobody can come between them, or see a part of what they do: clients are
// refused while loading.
func (p *replay) exec() error {
	queue := p.queue
	p.multi, p.queue = false, nil
	for i := range queue {
		p.req.args = queue[i].args
		p.co.resolve(&p.req)
		if err := p.run(&p.req, queue[i].offset); err != nil {
			return err
		}
	}
	return nil
}

// run runs one command.
func (p *replay) run(r *request, offset int64) error {
	cmd, args := r.cmd, r.args
	if cmd != nil && cmd.Flags&command.Container != 0 && len(args) > 1 {
		cmd = cmd.Sub(args[1])
	}
	if cmd == nil || cmd.Flags&(command.Write|command.Script) == 0 && cmd.Name != "script|load" {
		return p.other(cmd, args, offset)
	}
	co := p.co
	errs := co.out.Errors
	switch {
	case !cmd.ArityOK(len(args)):
		co.out.Err(resperr.WrongArgs(cmd.Name))
	case !p.s.cfg.RDBLoadDryRun:
		co.lock(&p.cl, cmd, r)
		p.call(cmd, args)
		if cmd.Flags&(command.LockAll|command.Session) != 0 || len(co.keys) > 1 {
			co.tx.Unlock()
		}
	}
	p.sum.Commands++
	if co.out.Errors != errs {
		if p.sum.Errors++; p.sum.Errors == 1 {
			p.sum.FirstError = fmt.Sprintf("%s at offset %d of %s: %s", commandName(args), offset, p.path, co.out.LastError)
		}
	}
	if co.out.Buf = co.out.Buf[:0]; cap(co.out.Buf) > flushAt {
		co.out.Buf = nil
	}
	if p.sum.Commands%replaySlice == 0 {
		return p.breathe(offset)
	}
	return nil
}

// call calls the handler of a command. The shards are locked.
func (p *replay) call(cmd *command.Command, args [][]byte) {
	co := p.co
	ctx := &co.ctx
	p.co.current = &p.cl
	ctx.Args, ctx.Cmd, ctx.Session = args, cmd, &p.cl.Session
	ctx.DB = p.s.store.View(p.cl.DB, co.nowMs)
	ctx.DB.Know(co.known, co.hash)
	ctx.InExec = true // it must not wait
	cmd.Run(ctx)
}

// other takes a command that is no write of this server's.
func (p *replay) other(cmd *command.Command, args [][]byte, offset int64) error {
	name := strings.ToLower(commandName(args))
	switch name {
	case "select":
		return p.selectDB(args, offset)
	case "publish", "spublish", "script flush":
		p.sum.PassedOver++
		return nil
	}
	if cmd == nil {
		return p.fail(offset, fmt.Errorf("unknown command %q", commandName(args)))
	}
	p.sum.PassedOver++
	return nil
}

// selectDB is SELECT. Redis goes on with the database it had if the number is wrong; the writes that follow would go
// astray.
func (p *replay) selectDB(args [][]byte, offset int64) error {
	if len(args) != 2 {
		return p.fail(offset, errors.New("SELECT without a database"))
	}
	n, ok := number.ParseInt(args[1])
	if max := p.s.store.NumDBs(); !ok || n < 0 || n >= int64(max) {
		return p.fail(offset, fmt.Errorf("database %q, but --dbnum is %d", args[1], max))
	}
	p.cl.DB = int(n)
	return nil
}

// fail tells where in the log an error lies.
func (p *replay) fail(offset int64, err error) error {
	return &aof.Error{File: p.path, Offset: offset, Err: err}
}

// maxCommandName is how much of an unknown name messages show.
const maxCommandName = 64

// commandName returns the name of a command as messages show it, with that of a subcommand.
func commandName(args [][]byte) string {
	name := string(args[0][:min(len(args[0]), maxCommandName)])
	switch strings.ToLower(name) {
	case "function", "script", "xgroup":
		if len(args) > 1 {
			name += " " + string(args[1][:min(len(args[1]), maxCommandName)])
		}
	}
	return name
}
