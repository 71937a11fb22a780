package set

import (
	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/resperr"
	"dragonfly/store/types/set"
)

// saddexArgs are the arguments of SADDEX.
type saddexArgs struct {
	deadline int64
	keepTTL  bool
	members  [][]byte
}

// parseSaddex parses [KEEPTTL] seconds member…; there are at least two arguments.
func parseSaddex(args [][]byte, nowMs int64) (a saddexArgs, err error) {
	if command.Is(args[0], "keepttl") {
		a.keepTTL = true
		args = args[1:]
	}
	a.members = args[1:]
	if len(a.members) == 0 {
		return a, resperr.WrongArgs("saddex")
	}
	a.deadline, err = command.MemberDeadline(args[0], nowMs)
	return a, err
}

func saddex(c *command.Ctx) {
	key := c.Args[1]
	a, err := parseSaddex(c.Args[2:], c.DB.NowMs)
	if err != nil {
		c.Fail(err)
		return
	}
	cell, ok := edit(c, key)
	if !ok {
		return
	}
	if !cell.Ok() {
		cell = add(c, key, a.members[0], len(a.members))
	}
	added := 0
	for _, m := range a.members {
		if set.AddUntil(cell, m, a.deadline, a.keepTTL) {
			added++
		}
	}
	c.Reply.Int(int64(added))
	if added == 0 && a.keepTTL {
		return
	}
	c.DB.NoteFieldDeadline(key, a.deadline)
	changes := len(a.members)
	if a.keepTTL {
		changes = added
	}
	if added > 0 {
		c.DB.Changed(key, store.EventSet, "sadd")
	} else {
		c.DB.Changed(key, store.EventSet, "sexpire")
	}
	moreChanges(c, changes)
}
