package generic

import (
	"dragonfly/server/command"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// inspected returns the entry that an OBJECT subcommand is about; looking at it counts as no access. If there is
// none it answers null.
func inspected(c *command.Ctx) (cell object.Cell, ok bool) {
	cell = c.DB.Peek(c.Args[2])
	if !cell.Ok() {
		c.Reply.Null()
	}
	return cell, cell.Ok()
}

func objectEncoding(c *command.Ctx) {
	if cell, ok := inspected(c); ok {
		c.Reply.BulkString(cell.Encoding().String())
	}
}

func objectFreq(c *command.Ctx) {
	cell, ok := inspected(c)
	switch {
	case !ok:
	case !c.DB.Store().LFU.Load():
		c.Fail(resperr.NoFreq)
	default:
		c.Reply.Int(int64(c.DB.Freq(cell)))
	}
}

func objectIdletime(c *command.Ctx) {
	cell, ok := inspected(c)
	switch {
	case !ok:
	case c.DB.Store().LFU.Load():
		c.Fail(resperr.NoIdle)
	default:
		c.Reply.Int(c.DB.IdleMs(cell) / 1000)
	}
}

// objectRefcount answers 1: nothing is shared here.
func objectRefcount(c *command.Ctx) {
	if _, ok := inspected(c); ok {
		c.Reply.Int(1)
	}
}

func objectHelp(c *command.Ctx) {
	lines := [...]string{
		"OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"ENCODING <key>",
		"    Name the encoding of the value at <key>.",
		"FREQ <key>",
		"    Tell how often <key> was accessed lately, on a logarithmic scale.",
		"IDLETIME <key>",
		"    Tell how many seconds ago <key> was accessed, roughly.",
		"REFCOUNT <key>",
		"    Tell how many references the value at <key> has.",
		"HELP",
		"    Print this help.",
	}
	c.Reply.Array(len(lines))
	for _, line := range lines {
		c.Reply.Simple(line)
	}
}
