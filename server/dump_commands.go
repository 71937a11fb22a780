package server

import (
	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/snapshot"
	"dragonfly/server/command"
	"dragonfly/server/loader"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// dumpCommands move values as RDB payloads. They are here and not in a family because they need the formats.
var dumpCommands = []command.Command{
	{
		Name: "dump", Arity: 2, Since: "2.6.0", Complexity: "O(1) for the key and O(N) for its elements",
		Flags: command.ReadOnly, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Answers the value of a key as an RDB payload.", Syntax: "key",
		Run: dump,
	},
	{
		Name: "restore", Arity: -4, Since: "2.6.0", Complexity: "O(1) for the key and O(N) for its elements",
		Flags: command.Write | command.DenyOOM, ACL: command.CatKeyspace | command.CatDangerous, Keys: command.Key(1),
		Summary: "Creates a key from the payload that DUMP answered.",
		Syntax:  "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency] [STICK]",
		Run:     restore,
	},
	{
		Name: "restore-asking", Arity: -4, Since: "3.0.0", Complexity: "O(1) for the key and O(N) for its elements",
		Flags: command.Write | command.DenyOOM | command.Asking, ACL: command.CatKeyspace | command.CatDangerous, Keys: command.Key(1),
		Summary: "RESTORE as cluster nodes send it.",
		Syntax:  "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency] [STICK]",
		Run:     restore,
	},
}

func dump(c *command.Ctx) {
	cell := c.DB.Peek(c.Args[1])
	if !cell.Ok() {
		c.Reply.Null()
		return
	}
	c.Reply.Bulk(snapshot.AppendDump(nil, cell))
}

// restoreArgs are the options of RESTORE.
type restoreArgs struct {
	key, payload    []byte
	ttl             int64
	replace, absTTL bool
	sticky          bool
	idle            int64 // -1 not given
	freq            int   // -1 not given
}

func parseRestore(args [][]byte) (a restoreArgs, err error) {
	a = restoreArgs{key: args[1], payload: args[3], idle: -1, freq: -1}
	for i := 4; i < len(args); i++ {
		more := len(args) - i - 1
		switch {
		case equalFold(args[i], "replace"):
			a.replace = true
		case equalFold(args[i], "absttl"):
			a.absTTL = true
		case equalFold(args[i], "stick"):
			a.sticky = true
		case equalFold(args[i], "idletime") && more >= 1 && a.freq < 0:
			i++
			n, ok := number.ParseInt(args[i])
			if !ok {
				return a, resperr.NotInteger
			}
			if n < 0 {
				return a, resperr.InvalidIdle
			}
			a.idle = n
		case equalFold(args[i], "freq") && more >= 1 && a.idle < 0:
			i++
			n, ok := number.ParseInt(args[i])
			if !ok {
				return a, resperr.NotInteger
			}
			if n < 0 || n > 255 {
				return a, resperr.InvalidFreq
			}
			a.freq = int(n)
		default:
			return a, resperr.Syntax
		}
	}
	return a, nil
}

func restore(c *command.Ctx) {
	a, err := parseRestore(c.Args)
	if err != nil {
		c.Fail(err)
		return
	}
	exists := c.DB.Peek(a.key).Ok()
	if exists && !a.replace {
		c.Fail(resperr.BusyKey)
		return
	}
	var ok bool
	if a.ttl, ok = number.ParseInt(c.Args[2]); !ok {
		c.Fail(resperr.NotInteger)
		return
	}
	if a.ttl < 0 {
		c.Fail(resperr.InvalidTTL)
		return
	}
	if _, _, err := rdbfmt.CheckFooter(a.payload); err != nil {
		c.Fail(resperr.BadPayload)
		return
	}
	deadline := a.ttl
	if deadline != 0 && !a.absTTL {
		deadline += c.DB.NowMs
	}
	expired := deadline != 0 && deadline < c.DB.ExpiryMs()
	if expired {
		deadline = 0 // the key is made to see whether it can be, and does not stay
	}
	// What is replaced stays until the payload is known to be good.
	old, _ := c.DB.Detach(a.key)
	at := object.Attrs{DeadlineMs: deadline, Clock: c.DB.ClockFor(a.idle, a.freq), Sticky: a.sticky}
	if err := loader.Restore(&c.DB, a.key, a.payload, at); err != nil {
		old.PutBack()
		c.Fail(resperr.BadDataFormat)
		return
	}
	old.Discard()
	if expired {
		c.DB.Delete(a.key)
		if exists {
			c.DB.Changed(a.key, store.EventGeneric, "del")
		}
		c.Reply.OK()
		return
	}
	c.DB.Changed(a.key, store.EventGeneric, "restore")
	c.Reply.OK()
}
