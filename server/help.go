package server

import (
	"maps"
	"slices"
	"strings"

	"dragonfly/server/command"
)

// containerHelp answers the HELP subcommand of any container, from what its subcommands declare.
func containerHelp(c *command.Ctx) {
	container := c.Cmd.Parent
	lines := []string{strings.ToUpper(container.Name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"}
	for _, name := range slices.Sorted(maps.Keys(container.Subs)) {
		sub := container.Subs[name]
		lines = append(lines, strings.TrimRight(strings.ToUpper(name)+" "+sub.Syntax, " "), "    "+sub.Summary)
	}
	helpLines(c, lines)
}

// helpLines answers lines of text as Redis's HELP subcommands do.
func helpLines(c *command.Ctx, lines []string) {
	c.Reply.Array(len(lines))
	for _, line := range lines {
		c.Reply.Simple(line)
	}
}
