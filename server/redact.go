package server

import (
	"slices"

	"dragonfly/server/command"
)

// redacted stands for what is not shown of a command.
const redacted = "(redacted)"

// redact returns the arguments of a command as they may be shown in MONITOR and the slow log: without passwords and what
// is said about users. If nothing is to be hidden it returns args itself.
func (s *Server) redact(cmd *command.Command, args [][]byte) [][]byte {
	var hidden []int
	hide := func(from, to int) {
		for i := from; i < min(to, len(args)); i++ {
			hidden = append(hidden, i)
		}
	}
	switch cmd.Name {
	case "auth":
		hide(1, len(args))
	case "hello":
		for i := 2; i < len(args); i++ {
			if equalFold(args[i], "auth") {
				hide(i+1, i+3)
				i += 2
			}
		}
	case "acl|setuser", "acl|deluser", "acl|getuser":
		hide(2, len(args))
	case "config|set":
		for i := 2; i < len(args); i += 2 {
			if q := s.params.find(string(args[i])); q != nil && q.flags&sensitive != 0 {
				hide(i+1, i+2)
			}
		}
	case "migrate":
		for i := 6; i < len(args); i++ {
			switch {
			case equalFold(args[i], "auth"):
				hide(i+1, i+2)
				i++
			case equalFold(args[i], "auth2"):
				hide(i+1, i+3)
				i += 2
			case equalFold(args[i], "keys"):
				i = len(args)
			}
		}
	}
	if len(hidden) == 0 {
		return args
	}
	shown := slices.Clone(args)
	for _, i := range hidden {
		shown[i] = []byte(redacted)
	}
	return shown
}
