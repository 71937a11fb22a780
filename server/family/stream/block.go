package stream

import (
	"bytes"
	"slices"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// wait makes the client wait for entries in one of the streams. A group can only be read while it is there, so its reader
// is told when that changes; what one of its readers does not find, another does not. Without a group, each has read up to
// another ID.
func (a *readArgs) wait(c *command.Ctx, want []wanted) {
	c.Wait(command.Wait{
		Keys:     a.keys,
		Timeout:  a.timeout,
		Args:     a.settled(c.Args, want),
		Gone:     a.group != nil,
		Alike:    string(a.group),
		TimedOut: func(w *reply.Writer) { w.NullArray() },
	})
}

// settled returns the arguments to run again with, nil for the same: an ID that stands for the end of a stream means the
// end as it was when the client came.
func (a *readArgs) settled(args [][]byte, want []wanted) [][]byte {
	if !slices.ContainsFunc(a.ids, isEnd) {
		return nil
	}
	args = slices.Clone(args)
	ids := args[len(args)-len(a.ids):]
	for i, id := range ids {
		if isEnd(id) {
			ids[i] = want[i].after.AppendText(nil)
		}
	}
	return args
}

// isEnd tells whether an ID argument stands for the end of a stream.
func isEnd(arg []byte) bool { return bytes.Equal(arg, []byte("$")) || bytes.Equal(arg, []byte("+")) }

// open is find for the client that runs the command. When it has waited for a group and the key is a stream no more, it
// learns that; without a group it goes on waiting for a stream, and whatever else is there counts as nothing.
func (a *readArgs) open(c *command.Ctx, key []byte) (s stream.Stream, found, ok bool) {
	if !c.Resumed {
		return find(c, key)
	}
	cell := c.DB.Find(key)
	switch {
	case cell.Ok() && cell.Type() == object.Stream:
		return stream.Open(cell), true, true
	case a.group != nil:
		c.Fail(resperr.StreamKeyGone)
		return s, false, false
	default:
		return s, false, true
	}
}
