package stream

import (
	"dragonfly/server/command"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// groupArgs are the parsed options of XGROUP CREATE and XGROUP SETID.
type groupArgs struct {
	mkstream    bool
	entriesRead int64
}

// parseGroup parses the options behind the ID; create allows those of CREATE.
func parseGroup(args [][]byte, create bool) (a groupArgs, err error) {
	a.entriesRead = stream.UnknownRead
	for rest := args[5:]; len(rest) > 0; rest = rest[1:] {
		switch {
		case create && command.Is(rest[0], "mkstream"):
			a.mkstream = true
		case len(rest) > 1 && command.Is(rest[0], "entriesread"):
			rest = rest[1:]
			a.entriesRead, err = command.Int(rest[0])
			if err == nil && a.entriesRead < 0 && a.entriesRead != stream.UnknownRead {
				err = resperr.StreamEntriesRead
			}
			if err != nil {
				return a, err
			}
		default:
			return a, resperr.SubcommandSyntax(args[1], "XGROUP")
		}
	}
	return a, nil
}

// editKey returns the stream that a subcommand of XGROUP needs. If there is none it answers so, and ok is false.
func editKey(c *command.Ctx) (s stream.Stream, ok bool) {
	s, found, ok := edit(c, c.Args[2])
	if ok && !found {
		c.Fail(resperr.StreamGroupNeedsKey)
	}
	return s, found
}

// editGroup returns the group that a subcommand of XGROUP needs. If there is none it answers so, and ok is false.
func editGroup(c *command.Ctx) (s stream.Stream, g stream.Group, ok bool) {
	if s, ok = editKey(c); !ok {
		return s, g, false
	}
	if g = s.Group(c.Args[3]); !g.Ok() {
		c.Fail(resperr.StreamNoGroupOfKey(c.Args[2], c.Args[3]))
		return s, g, false
	}
	return s, g, true
}

func xgroupCreate(c *command.Ctx) {
	a, err := parseGroup(c.Args, true)
	if err != nil {
		c.Fail(err)
		return
	}
	key, arg := c.Args[2], c.Args[4]
	s, found, ok := edit(c, key)
	switch {
	case !ok:
		return
	case !found && !a.mkstream:
		c.Fail(resperr.StreamGroupNeedsKey)
		return
	case len(c.Args) > 8:
		c.Fail(resperr.SubcommandSyntax(c.Args[1], "XGROUP"))
		return
	}
	var id stream.ID
	if string(arg) != "$" {
		if id, err = parseID(arg); err != nil {
			c.Fail(err)
			return
		}
	} else if found {
		id = s.LastID()
	}
	if !found {
		s = create(c, key)
	}
	if _, ok := s.CreateGroup(c.Args[3], id, a.entriesRead); !ok {
		c.Fail(resperr.StreamGroupExists)
		return
	}
	c.Reply.OK()
	if found {
		noted(c, 1)
	} else {
		c.DB.Changed(key, eventClass, "")
	}
	c.DB.Event(key, eventClass, "xgroup-create")
}

func xgroupSetID(c *command.Ctx) {
	a, err := parseGroup(c.Args, false)
	if err != nil {
		c.Fail(err)
		return
	}
	s, g, ok := editGroup(c)
	switch {
	case !ok:
		return
	case len(c.Args) > 7:
		c.Fail(resperr.SubcommandSyntax(c.Args[1], "XGROUP"))
		return
	}
	id := s.LastID()
	if arg := c.Args[4]; string(arg) != "$" {
		if id, ok = stream.ParseRangeID(arg, 0); !ok {
			c.Fail(resperr.StreamIDInvalid)
			return
		}
	}
	g.SetID(id, a.entriesRead)
	c.Reply.OK()
	noted(c, 1)
	c.DB.Event(c.Args[2], eventClass, "xgroup-setid")
}

func xgroupDestroy(c *command.Ctx) {
	s, ok := editKey(c)
	if !ok {
		return
	}
	destroyed := s.DestroyGroup(c.Args[3])
	c.Reply.Flag(destroyed)
	if destroyed {
		noted(c, 1)
		c.DB.Event(c.Args[2], eventClass, "xgroup-destroy")
		c.DB.Wake(c.Args[2]) // its readers learn that it is gone
	}
}

func xgroupCreateConsumer(c *command.Ctx) {
	_, g, ok := editGroup(c)
	if !ok {
		return
	}
	_, created := g.CreateConsumer(c.Args[4], c.DB.NowMs)
	if created {
		noted(c, 1)
		c.DB.Event(c.Args[2], eventClass, "xgroup-createconsumer")
	}
	c.Reply.Flag(created)
}

func xgroupDelConsumer(c *command.Ctx) {
	_, g, ok := editGroup(c)
	if !ok {
		return
	}
	pending, deleted := g.DeleteConsumer(c.Args[4])
	if deleted {
		noted(c, 1)
		c.DB.Event(c.Args[2], eventClass, "xgroup-delconsumer")
	}
	c.Reply.Int(int64(pending))
}

func xgroupHelp(c *command.Ctx) {
	help(c,
		"XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"CREATE <key> <groupname> <id|$> [option]",
		"    Make a consumer group that begins after <id>. Options:",
		"    * MKSTREAM",
		"      Make an empty stream if the key is missing.",
		"    * ENTRIESREAD entries_read",
		"      How many entries of the stream <id> stands for.",
		"CREATECONSUMER <key> <groupname> <consumer>",
		"    Make a consumer in a group.",
		"DELCONSUMER <key> <groupname> <consumer>",
		"    Remove a consumer and what is pending for it.",
		"DESTROY <key> <groupname>",
		"    Remove a group.",
		"SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
		"    Let a group go on after <id>.",
		"HELP",
		"    Print this help.",
	)
}

func help(c *command.Ctx, lines ...string) {
	c.Reply.Array(len(lines))
	for _, line := range lines {
		c.Reply.Simple(line)
	}
}
