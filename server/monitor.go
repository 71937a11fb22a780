package server

import (
	"fmt"
	"strings"
	"time"

	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

// monitorCommands is MONITOR.
var monitorCommands = []command.Command{
	{
		Name: "monitor", Arity: 1, Since: "1.0.0", Complexity: "O(1)",
		Flags:   command.Admin | command.NoScript | command.WhileLoading | command.Session,
		Group:   "server",
		Summary: "Shows every command that the server runs.",
		Run: func(c *command.Ctx) {
			if c.InExec {
				c.Fail(resperr.New("MONITOR isn't allowed for DENY BLOCKING client"))
				return
			}
			co := of(c)
			co.s.clients.setMonitor(co.client(c), true)
			c.Reply.OK()
		},
	},
}

// monitor shows a command that has run to all clients in MONITOR mode.
func (s *Server) monitor(cl *client, cmd *command.Command, args [][]byte) {
	if cmd.Flags&(command.SkipMonitor|command.Admin) == 0 {
		s.showMonitors(cl, cmd, args)
	}
}

// monitorScript shows a command that is about to run a script: it comes before the commands of the script, which have
// lua as their client.
func (s *Server) monitorScript(cl *client, cmd *command.Command, args [][]byte) {
	if s.clients.monitors.Load() > 0 {
		s.showMonitors(cl, cmd, args)
	}
}

func (s *Server) showMonitors(cl *client, cmd *command.Command, args [][]byte) {
	var b strings.Builder
	us := time.Now().UnixMicro() // finer than the clock of the loop, to tell how long commands take
	fmt.Fprintf(&b, "+%d.%06d [%d %s]", us/1e6, us%1e6, cl.DB, cl.addr)
	for _, a := range s.redact(cmd, args) {
		b.WriteByte(' ')
		b.WriteString(quoted(a))
	}
	b.WriteString("\r\n")
	line := []byte(b.String())
	for _, m := range s.clients.monitoring() {
		m.conn.Push(line)
	}
}
