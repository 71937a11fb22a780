package server

import (
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reactor"
	"dragonfly/server/reply"
	"dragonfly/server/session"
)

// async answers a command that must wait or do I/O: the client is parked, work runs on a goroutine of its own, and
// the reply it returns is written when it is done. The loop goes on meanwhile. The command must not run inside a
// transaction.
func (co *coordinator) async(c *command.Ctx, work func() func(w *reply.Writer)) {
	cl := co.client(c)
	cl.waiting = true
	cl.conn.Park()
	cmd, args, start := c.Cmd, copyArgs(c.Args), time.Now()
	silent := cl.Reply != session.ReplyOn
	co.s.work.Go(func() {
		answer := work()
		took := time.Since(start)
		cl.conn.Post(func(conn *reactor.Conn) {
			co.s.accountWait(cl, cmd, args, took)
			w := reply.Writer{Buf: conn.Out, Proto: cl.Proto}
			answer(&w)
			if w.Errors > 0 {
				cmd.Stats.Failed.Add(1)
				co.s.countError(w.LastError)
			}
			if !silent {
				conn.Out = w.Buf
			}
			if cl.tracking != nil {
				conn.Out = cl.afterReply(conn.Out, cmd)
			}
			cl.waiting = false
		})
		cl.conn.Resume()
	})
}

// answerOK and answerErr are the usual ends of work done by async.
func answerOK(w *reply.Writer) { w.OK() }

func answerErr(err error) func(w *reply.Writer) {
	return func(w *reply.Writer) { w.Err(err) }
}
