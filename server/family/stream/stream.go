package stream

import (
	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// eventClass is the class of the keyspace events of this family.
const eventClass = store.EventStream

// find returns the stream of a key for reading; found is false if there is none. If the key is no stream it answers
// so, and ok is false.
func find(c *command.Ctx, key []byte) (s stream.Stream, found, ok bool) {
	return opened(c, c.DB.Find(key))
}

// edit is find for changing the stream.
func edit(c *command.Ctx, key []byte) (s stream.Stream, found, ok bool) {
	return opened(c, c.DB.Edit(key))
}

func opened(c *command.Ctx, cell object.Cell) (s stream.Stream, found, ok bool) {
	switch {
	case !cell.Ok():
		return s, false, true
	case cell.Type() != object.Stream:
		c.Fail(resperr.WrongType)
		return s, false, false
	default:
		return stream.Open(cell), true, true
	}
}

// create adds a key with an empty stream.
func create(c *command.Ctx, key []byte) stream.Stream {
	return stream.New(c.DB.Add(key, object.Attrs{Type: object.Stream, Encoding: object.StreamTree}, stream.ValueBytes))
}

// findGroup returns the group of a key for reading. If there is none it answers so, and ok is false. A change to what
// it returns must be announced with announce.
func findGroup(c *command.Ctx, key, name []byte) (s stream.Stream, g stream.Group, ok bool) {
	s, found, ok := find(c, key)
	if !ok {
		return s, g, false
	}
	if found {
		g = s.Group(name)
	}
	if !g.Ok() {
		c.Fail(resperr.StreamNoGroup(key, name))
		return s, g, false
	}
	return s, g, true
}

// announce tells the store that the stream at a key, found for reading, is about to change.
func announce(c *command.Ctx, key []byte) { c.DB.Edit(key) }

// noted counts n changes that do not touch the entries of the stream at key.
func noted(c *command.Ctx, n int) { c.DB.Store().AddDirty(int64(n)) }

// changed tells that the entries of the stream at key changed, n of them.
func changed(c *command.Ctx, key []byte, event string, n int64) {
	c.DB.Changed(key, eventClass, event)
	c.DB.Store().AddDirty(n - 1)
}

// replyID answers an ID.
func replyID(w *reply.Writer, id stream.ID) {
	var scratch [41]byte
	w.Bulk(id.AppendText(scratch[:0]))
}

// replyEntry answers the current entry of an iterator: its ID and its fields and values.
func replyEntry(w *reply.Writer, it *stream.Iter) {
	w.Array(2)
	replyID(w, it.ID)
	w.Array(2 * it.Fields)
	for field, value, ok := it.NextField(); ok; field, value, ok = it.NextField() {
		w.Bulk(field)
		w.Bulk(value)
	}
}

// replyEntries answers the entries of an iterator, at most count unless that is 0.
func replyEntries(w *reply.Writer, it *stream.Iter, count int64) {
	mark, n := w.Defer(), 0
	for (count == 0 || int64(n) < count) && it.Next() {
		replyEntry(w, it)
		n++
	}
	w.CloseArray(mark, n)
}

// replyEntryOf answers the entry with an ID and tells whether there is one.
func replyEntryOf(w *reply.Writer, s stream.Stream, id stream.ID) bool {
	it := s.Range(id, id)
	if !it.Next() {
		return false
	}
	replyEntry(w, &it)
	return true
}

// parseID parses an argument that must be an ID; without a seq it is 0.
func parseID(arg []byte) (stream.ID, error) {
	id, ok := stream.ParseID(arg, 0)
	if !ok {
		return id, resperr.StreamIDInvalid
	}
	return id, nil
}

// checkIDs checks arguments that must be IDs: no command is executed in part.
func checkIDs(args [][]byte) error {
	for _, arg := range args {
		if _, err := parseID(arg); err != nil {
			return err
		}
	}
	return nil
}
