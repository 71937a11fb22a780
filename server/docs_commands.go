package server

import (
	"maps"
	"slices"

	"dragonfly/server/command"
	"dragonfly/server/reply"
)

// COMMAND DOCS is what redis-cli makes its hints from.

func commandDocs(c *command.Ctx) {
	var cmds []*command.Command
	if len(c.Args) == 2 {
		for _, name := range c.Registry.Names() {
			cmds = append(cmds, c.Registry.Get(name))
		}
	}
	for _, name := range c.Args[2:] {
		if cmd := lookup(c.Registry, name); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	c.Reply.Map(len(cmds))
	for _, cmd := range cmds {
		c.Reply.BulkString(cmd.Name)
		writeDocs(c.Reply, cmd)
	}
}

// writeDocs answers the documentation of a command.
func writeDocs(w *reply.Writer, cmd *command.Command) {
	mark, n := w.Defer(), 0
	text := func(name, value string) {
		if value != "" {
			w.BulkString(name)
			w.BulkString(value)
			n++
		}
	}
	text("summary", cmd.Summary)
	text("since", cmd.Since)
	text("group", cmd.Group)
	text("complexity", cmd.Complexity)
	if args := parseSyntax(cmd.Syntax); len(args) > 0 {
		w.BulkString("arguments")
		specs := len(keySpecs(cmd))
		writeDocArgs(w, args, &specIndex{specs: specs})
		n++
	}
	if len(cmd.Subs) > 0 {
		w.BulkString("subcommands")
		w.Map(len(cmd.Subs))
		for _, name := range slices.Sorted(maps.Keys(cmd.Subs)) {
			sub := cmd.Subs[name]
			w.BulkString(sub.Name)
			writeDocs(w, sub)
		}
		n++
	}
	w.CloseMap(mark, n)
}

// specIndex numbers the keys among the arguments by the key specs that find them: in order, the last for the rest.
type specIndex struct{ next, specs int }

func (x *specIndex) take() int {
	i := max(0, min(x.next, x.specs-1))
	x.next++
	return i
}

func writeDocArgs(w *reply.Writer, args []syntaxArg, keys *specIndex) {
	w.Array(len(args))
	for i := range args {
		a := &args[i]
		mark, n := w.Defer(), 0
		text := func(name, value string) {
			if value != "" {
				w.BulkString(name)
				w.BulkString(value)
				n++
			}
		}
		text("name", a.title())
		text("type", a.kind)
		if len(a.args) == 0 && a.kind != "pure-token" {
			text("display_text", a.title())
		}
		if a.kind == "key" {
			w.BulkString("key_spec_index")
			w.Int(int64(keys.take()))
			n++
		}
		text("token", a.token)
		if flags := a.flags(); len(flags) > 0 {
			w.BulkString("flags")
			w.Set(len(flags))
			for _, f := range flags {
				w.Simple(f)
			}
			n++
		}
		if len(a.args) > 0 {
			w.BulkString("arguments")
			writeDocArgs(w, a.args, keys)
			n++
		}
		w.CloseMap(mark, n)
	}
}

func (a *syntaxArg) flags() []string {
	var flags []string
	if a.optional {
		flags = append(flags, "optional")
	}
	if a.multiple {
		flags = append(flags, "multiple")
	}
	return flags
}
