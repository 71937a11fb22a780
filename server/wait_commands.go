package server

import (
	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
)

// waitCommands wait for others to have what was written. There are no replicas and no append-only file, so all that they
// can wait for is the end of their time.
var waitCommands = []command.Command{
	{
		Name: "wait", Arity: 3, Since: "3.0.0", Complexity: "O(1)",
		Flags: command.NoScript | command.Blocking, ACL: command.CatConnection, Group: "generic",
		Summary: "Waits until so many replicas have the writes of this connection.", Syntax: "numreplicas timeout",
		Run: wait,
	},
	{
		Name: "waitaof", Arity: 4, Since: "7.2.0", Complexity: "O(1)",
		Flags: command.NoScript | command.Blocking, ACL: command.CatConnection, Group: "generic",
		Summary: "Waits until the writes of this connection are in so many append only files.", Syntax: "numlocal numreplicas timeout",
		Run: waitaof,
	},
}

func wait(c *command.Ctx) {
	replicas, err := command.Int(c.Args[1])
	if err != nil {
		c.Fail(err)
		return
	}
	timeout, err := command.TimeoutMs(c.Args[2], c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	if replicas <= 0 {
		noneHave(c.Reply)
		return
	}
	c.Wait(command.Wait{Timeout: timeout, TimedOut: noneHave})
}

// noneHave answers how many replicas have what was written.
func noneHave(w *reply.Writer) { w.Int(0) }

func waitaof(c *command.Ctx) {
	local, err := command.Int(c.Args[1])
	switch {
	case err != nil:
		c.Fail(err)
		return
	case local < 0 || local > 1:
		c.Fail(resperr.WaitLocal)
		return
	}
	replicas, err := command.IntFrom(c.Args[2], 0, resperr.NotPositive)
	if err != nil {
		c.Fail(err)
		return
	}
	timeout, err := command.TimeoutMs(c.Args[3], c.DB.NowMs)
	switch {
	case err != nil:
		c.Fail(err)
	case local > 0:
		c.Fail(resperr.WaitNoAOF)
	case replicas == 0:
		noFileHas(c.Reply)
	default:
		c.Wait(command.Wait{Timeout: timeout, TimedOut: noFileHas})
	}
}

// noFileHas answers how many append-only files have what was written, here and on replicas.
func noFileHas(w *reply.Writer) {
	w.Array(2)
	w.Int(0)
	w.Int(0)
}
