package stream

import (
	"dragonfly/server/command"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/stream"
)

// addArgs are the parsed arguments of XADD and XTRIM.
type addArgs struct {
	trim     stream.Trim
	trims    bool // there is a trim
	noCreate bool
	id       stream.NewID
	pairs    [][]byte // field, value, …
}

// parseAdd parses the arguments behind the key; with add up to the ID, and what follows are the pairs.
func parseAdd(args [][]byte, lim *object.Limits, add bool) (a addArgs, err error) {
	limited := false
	i := 2
options:
	for ; i < len(args); i++ {
		opt, more := args[i], len(args)-1-i
		switch {
		case add && string(opt) == "*":
			a.id.Auto = true
			break options
		case more > 0 && (command.Is(opt, "maxlen") || command.Is(opt, "minid")):
			if a.trims {
				return a, resperr.StreamTwoTrims
			}
			a.trims = true
			a.trim.ByID = command.Is(opt, "minid")
			if more >= 2 && (string(args[i+1]) == "~" || string(args[i+1]) == "=") {
				a.trim.Approx = args[i+1][0] == '~'
				i++
			}
			i++
			err = a.parseThreshold(args[i])
		case more > 0 && command.Is(opt, "limit"):
			i++
			limited = true
			if a.trim.Limit, err = command.Int(args[i]); err == nil && a.trim.Limit < 0 {
				err = resperr.StreamLimit
			}
		case add && command.Is(opt, "nomkstream"):
			a.noCreate = true
		case add:
			var ok bool
			if a.id, ok = stream.ParseNewID(opt); !ok {
				return a, resperr.StreamIDInvalid
			}
			break options
		default:
			return a, resperr.Syntax
		}
		if err != nil {
			return a, err
		}
	}
	a.pairs = args[min(i+1, len(args)):]
	return a, a.checkTrim(lim, limited, add)
}

func (a *addArgs) parseThreshold(arg []byte) (err error) {
	if a.trim.ByID {
		a.trim.MinID, err = parseID(arg)
		return err
	}
	if a.trim.MaxLen, err = command.Int(arg); err == nil && a.trim.MaxLen < 0 {
		err = resperr.StreamMaxLen
	}
	return err
}

// checkTrim checks what trim options there are, and limits an approximate trim that is not limited itself.
func (a *addArgs) checkTrim(lim *object.Limits, limited, add bool) error {
	switch {
	case a.trim.Limit != 0 && !a.trims:
		return resperr.StreamLimitAlone
	case !add && !a.trims:
		return resperr.StreamNoTrim
	case limited && !a.trim.Approx:
		return resperr.StreamLimitExact
	case !limited && a.trim.Approx:
		// A hundred full nodes, but within reason whatever a node may hold.
		a.trim.Limit = 100 * int64(lim.StreamNodeMaxEntries)
		if a.trim.Limit <= 0 {
			a.trim.Limit = 10000
		}
		a.trim.Limit = min(a.trim.Limit, 1000000)
	}
	return nil
}

func xadd(c *command.Ctx) {
	a, err := parseAdd(c.Args, c.DB.Limits(), true)
	switch {
	case err != nil:
	case len(a.pairs) < 2 || len(a.pairs)%2 == 1:
		err = resperr.WrongArgs(c.Cmd.Name)
	case !a.id.Auto && !a.id.AutoSeq && a.id.ID.IsZero():
		err = resperr.StreamIDZero
	}
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	s, found, ok := edit(c, key)
	switch {
	case !ok:
		return
	case !found && a.noCreate:
		c.Reply.Null()
		return
	case !found:
		s = create(c, key)
	}
	a.add(c, key, s)
}

// add appends the entry to the stream, and trims it.
func (a *addArgs) add(c *command.Ctx, key []byte, s stream.Stream) {
	if s.Exhausted() {
		c.Fail(resperr.StreamExhausted)
		return
	}
	id, err := s.NextID(a.id, c.DB.NowMs)
	if err == nil {
		err = s.Append(id, a.pairs, c.DB.Limits())
	}
	switch err {
	case nil:
	case stream.ErrTooLarge:
		c.Fail(resperr.StreamTooLarge)
		return
	default:
		c.Fail(resperr.StreamIDTooSmall)
		return
	}
	replyID(c.Reply, id)
	changed(c, key, "xadd", 1)
	if a.trims && s.Trim(a.trim) > 0 {
		c.DB.Event(key, eventClass, "xtrim")
	}
}

func xtrim(c *command.Ctx) {
	a, err := parseAdd(c.Args, c.DB.Limits(), false)
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	s, found, ok := edit(c, key)
	if !ok {
		return
	}
	removed := int64(0)
	if found {
		removed = s.Trim(a.trim)
	}
	if removed > 0 {
		changed(c, key, "xtrim", removed)
	}
	c.Reply.Int(removed)
}

func xdel(c *command.Ctx) {
	key, ids := c.Args[1], c.Args[2:]
	s, found, ok := edit(c, key)
	if !ok {
		return
	}
	if !found {
		c.Reply.Int(0)
		return
	}
	if err := checkIDs(ids); err != nil {
		c.Fail(err)
		return
	}
	deleted := int64(0)
	for _, arg := range ids {
		if id, _ := parseID(arg); s.Delete(id) {
			deleted++
		}
	}
	if deleted > 0 {
		changed(c, key, "xdel", deleted)
	}
	c.Reply.Int(deleted)
}

func xlen(c *command.Ctx) {
	s, found, ok := find(c, c.Args[1])
	if !ok {
		return
	}
	n := 0
	if found {
		n = s.Len()
	}
	c.Reply.Int(int64(n))
}

// setIDArgs are the parsed arguments of XSETID.
type setIDArgs struct {
	last, maxDeleted stream.ID
	added            int64 // -1 = as it is
}

func parseSetID(args [][]byte) (a setIDArgs, err error) {
	a.added = -1
	if a.last, err = parseID(args[2]); err != nil {
		return a, err
	}
	for rest := args[3:]; len(rest) > 0; rest = rest[2:] {
		switch {
		case len(rest) > 1 && command.Is(rest[0], "entriesadded"):
			if a.added, err = command.Int(rest[1]); err == nil && a.added < 0 {
				err = resperr.StreamEntriesAdded
			}
		case len(rest) > 1 && command.Is(rest[0], "maxdeletedid"):
			if a.maxDeleted, err = parseID(rest[1]); err == nil && a.last.Less(a.maxDeleted) {
				err = resperr.StreamSetIDOwnDeleted
			}
		default:
			err = resperr.Syntax
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// check refuses what would contradict the entries that are there.
func (a *setIDArgs) check(s stream.Stream) error {
	switch {
	case a.last.Less(s.MaxDeletedID()):
		return resperr.StreamSetIDDeleted
	case s.Len() > 0 && a.last.Less(s.LastEntryID()):
		return resperr.StreamSetIDTop
	case s.Len() > 0 && a.added != -1 && int64(s.Len()) > a.added:
		return resperr.StreamSetIDLength
	}
	return nil
}

func xsetid(c *command.Ctx) {
	a, err := parseSetID(c.Args)
	if err != nil {
		c.Fail(err)
		return
	}
	key := c.Args[1]
	s, found, ok := edit(c, key)
	if !ok {
		return
	}
	if !found {
		c.Fail(resperr.NoSuchKey)
		return
	}
	if err := a.check(s); err != nil {
		c.Fail(err)
		return
	}
	s.SetLastID(a.last)
	if a.added != -1 {
		s.SetAdded(a.added)
	}
	if !a.maxDeleted.IsZero() {
		s.SetMaxDeletedID(a.maxDeleted)
	}
	c.Reply.OK()
	noted(c, 1)
	c.DB.Event(key, eventClass, "xsetid")
}
