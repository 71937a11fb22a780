package server

import (
	"fmt"
	"strings"

	"dragonfly/server/command"
)

// monitor shows a command to all clients in MONITOR mode.
func (s *Server) monitor(cl *client, cmd *command.Command, args [][]byte, nowMs int64) {
	if cmd.Flags&(command.SkipMonitor|command.Admin) != 0 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "+%d.%06d [%d %s]", nowMs/1000, nowMs%1000*1000, cl.DB, cl.addr)
	for _, a := range args {
		b.WriteByte(' ')
		b.WriteString(quoted(a))
	}
	b.WriteString("\r\n")
	line := []byte(b.String())
	for _, m := range s.clients.all() {
		if m.Monitor {
			m.conn.Push(line)
		}
	}
}
