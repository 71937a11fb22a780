package server

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"dragonfly/persistence/snapshot"
	"dragonfly/server/command"
	"dragonfly/server/digest"
	"dragonfly/server/glob"
	"dragonfly/server/reply"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// debugCommands is DEBUG. It is allowed unless told otherwise, unlike in Redis: its subcommands that crash the
// server on purpose do not exist here.
var debugCommands = []command.Command{
	{
		Name: "debug", Arity: -2, Since: "1.0.0", Complexity: "That of the subcommand",
		Flags:   command.Admin | command.NoScript | command.WhileLoading | command.LockAll,
		Summary: "Looks into the server, for tests and for those who develop it.", Syntax: "subcommand [argument [argument ...]]",
		Run: debug,
	},
}

// debugSub is a subcommand of DEBUG. min and max count its arguments; max -1 means any number.
type debugSub struct {
	name, syntax, help string
	min, max           int
	run                func(c *command.Ctx, args [][]byte)
}

// debugSubs lists the subcommands. All shards are locked when one runs.
func debugSubs() []debugSub {
	return []debugSub{
		{"aof-flush-sleep", "<microsec>", "Accepted; there is no append only file.", 1, 1, debugOK},
		{"change-repl-id", "", "Begin another replication history.", 0, 0, debugChangeReplID},
		{"client-eviction", "", "Tell about the eviction of clients.", 0, 0, debugClientEviction},
		{"client-enforce-reply-list", "<0|1>", "Accepted; replies have one buffer.", 1, 1, debugOK},
		{"dict-resizing", "<0|1>", "Accepted; tables grow and shrink by single segments.", 1, 1, debugOK},
		{"digest", "", "Answer a fingerprint of the data set.", 0, 0, debugDigest},
		{"digest-value", "<key> [<key> ...]", "Answer fingerprints of the values of keys.", 0, -1, debugDigestValue},
		{"error", "<string>", "Answer an error with this text.", 1, 1, debugError},
		{"htstats", "<dbid> [full]", "Describe the tables of a database.", 1, 2, debugHTStats},
		{"htstats-key", "<key> [full]", "Describe the table of a value.", 1, 2, debugHTStatsKey},
		{"listpack", "<key>", "Describe a value that is a listpack.", 1, 1, debugListpack},
		{"load", "<filename> [APPEND]", "Replace the data set by that of a snapshot, or add it.", 1, 2, debugLoad},
		{"loadaof", "", "Fails; there is no append only file.", 0, 0, debugLoadAOF},
		{"log", "<message>", "Write a message to the log.", 1, 1, debugLog},
		{"object", "<key>", "Describe a key and its value.", 1, 1, debugObject},
		{"pause-cron", "<0|1>", "Stop and start the search for expired keys.", 1, 1, debugPauseCron},
		{"populate", "<count> [<prefix> [<size>]] [RAND] [TYPE <type>] [ELEMENTS <n>] [EXPIRE <min> <max>]", "Add count keys named key:<n>, or prefix:<n>: strings of size bytes, or collections of n such elements.", 1, -1, debugPopulate},
		{"protocol", "<type>", "Answer an example of a reply type: " + protocolTypes + ".", 1, 1, debugProtocol},
		{"quicklist", "<key> [<0|1>]", "Describe a value that is a list of nodes.", 1, 2, debugQuicklist},
		{"quicklist-packed-threshold", "<size>", "Set the size from which an element of a list has a node of its own; 0 for the default.", 1, 1, debugPackedThreshold},
		{"reload", "[NOSAVE] [NOFLUSH] [MERGE]", "Save the data set and load it again.", 0, -1, debugReload},
		{"replicate", "<argument> [<argument> ...]", "Accepted; there are no replicas.", 1, -1, debugOK},
		{"replybuffer", "<PEAK-RESET-TIME <NEVER|RESET|time>|RESIZING <0|1>>", "Accepted; reply buffers belong to the loops.", 2, 2, debugReplyBuffer},
		{"sdslen", "<key>", "Describe the memory of a key and a string.", 1, 1, debugSDSLen},
		{"set-active-expire", "<0|1>", "Stop and start the search for expired keys.", 1, 1, debugSetActiveExpire},
		{"set-disable-deny-scripts", "<0|1>", "Let scripts run DEBUG SLEEP and PROTOCOL, and CLIENT LIST.", 1, 1, debugDenyScripts},
		{"set-skip-checksum-validation", "<0|1>", "Accepted; checksums are always checked.", 1, 1, debugOK},
		{"sleep", "<seconds>", "Let this connection wait.", 1, 1, debugSleep},
		{"stringmatch-len", "<pattern> <string>", "Match a string with a pattern.", 2, 2, debugMatch},
		{"structsize", "", "Answer sizes of structures.", 0, 0, debugStructSize},
		{"ziplist", "<key>", "Fails; small values are listpacks.", 1, 1, debugListpack},
	}
}

func debug(c *command.Ctx) {
	name := strings.ToLower(string(c.Args[1]))
	args := c.Args[2:]
	if name == "help" && len(args) == 0 {
		debugHelp(c)
		return
	}
	for _, sub := range debugSubs() {
		if sub.name == name && len(args) >= sub.min && (sub.max < 0 || len(args) <= sub.max) {
			sub.run(c, args)
			return
		}
	}
	c.Fail(wrongSubcommandArgs(string(c.Args[1]), "DEBUG"))
}

func debugHelp(c *command.Ctx) {
	lines := []string{"DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"}
	for _, sub := range debugSubs() {
		lines = append(lines, strings.TrimRight(strings.ToUpper(sub.name)+" "+sub.syntax, " "), "    "+sub.help)
	}
	helpLines(c, append(lines, "HELP", "    Lists the subcommands."))
}

func debugOK(c *command.Ctx, _ [][]byte) { c.Reply.OK() }

func debugChangeReplID(c *command.Ctx, _ [][]byte) {
	of(c).s.newReplID()
	c.Reply.OK()
}

func debugClientEviction(c *command.Ctx, _ [][]byte) {
	s := of(c).s
	c.Reply.Verbatim(fmt.Sprintf("Clients take %d bytes of %d that they may, 0 for any number.\n", s.clientBuffers(), s.clientLimit()))
}

func debugDigest(c *command.Ctx, _ [][]byte) {
	c.Reply.Simple(digest.Of(c.DB.Store()).String())
}

func debugDigestValue(c *command.Ctx, keys [][]byte) {
	c.Reply.Array(len(keys))
	for _, key := range keys {
		var d digest.Digest
		if v := c.DB.Peek(key); v.Ok() {
			d = digest.Value(v)
		}
		c.Reply.Simple(d.String())
	}
}

func debugError(c *command.Ctx, args [][]byte) {
	// The text is the whole error, code included; line breaks would end the reply.
	c.Fail(resperr.Error(args[0]))
}

func debugLoadAOF(c *command.Ctx, _ [][]byte) {
	c.Fail(resperr.New("Error trying to load the AOF files, check server logs."))
}

func debugLog(c *command.Ctx, args [][]byte) {
	of(c).s.log.Warn("DEBUG LOG: " + string(args[0]))
	c.Reply.OK()
}

// debugFind answers an error if there is no such key.
func debugFind(c *command.Ctx, key []byte) (object.Cell, bool) {
	db := c.DB.Store().View(c.Session.DB, 0) // no time has come: keys that have expired are shown while they are there
	v := db.Peek(key)
	if !v.Ok() {
		c.Fail(resperr.NoSuchKey)
	}
	return v, v.Ok()
}

func debugHTStats(c *command.Ctx, args [][]byte) {
	n, err := command.Int(args[0])
	if err != nil {
		c.Fail(err)
		return
	}
	st := c.DB.Store()
	if n < 0 || n >= int64(st.NumDBs()) {
		c.Fail(resperr.New("Out of range database"))
		return
	}
	var b strings.Builder
	b.WriteString("[Dictionary HT]\n")
	for i := range st.NumShards() {
		db := st.Shard(i).DB(int(n))
		if db.Len() > 0 {
			fmt.Fprintf(&b, "Hash table %d stats:\n table size: %d\n number of elements: %d\n bytes: %d\n", i, db.Capacity(), db.Len(), db.Bytes())
		}
	}
	b.WriteString("[Expires HT]\n")
	for i := range st.NumShards() {
		if db := st.Shard(i).DB(int(n)); db.Expires() > 0 {
			fmt.Fprintf(&b, "Hash table %d stats:\n number of elements: %d\n", i, db.Expires())
		}
	}
	c.Reply.Verbatim(b.String())
}

func debugHTStatsKey(c *command.Ctx, args [][]byte) {
	v, ok := debugFind(c, args[0])
	if !ok {
		return
	}
	if e := v.Encoding(); e != object.Hashtable && e != object.Skiplist {
		c.Fail(resperr.New("The value stored at the specified key is not represented using an hash table"))
		return
	}
	c.Reply.Verbatim(fmt.Sprintf("Hash table 0 stats:\n number of elements: %d\n bytes: %d\n", store.Elements(v), store.MemUsage(v)))
}

func debugListpack(c *command.Ctx, args [][]byte) {
	v, ok := debugFind(c, args[0])
	if !ok {
		return
	}
	if e := v.Encoding(); e != object.Listpack && e != object.ListpackEx {
		c.Fail(resperr.New("Not a listpack encoded object."))
		return
	}
	c.Reply.Simple(fmt.Sprintf("listpack bytes:%d elements:%d", len(v.View()), binary.LittleEndian.Uint16(v.View()[4:])))
}

func debugQuicklist(c *command.Ctx, args [][]byte) {
	v, ok := debugFind(c, args[0])
	if !ok {
		return
	}
	if v.Encoding() != object.Quicklist {
		c.Fail(resperr.New("Not a quicklist encoded object."))
		return
	}
	c.Reply.Simple(fmt.Sprintf("quicklist elements:%d bytes:%d", store.Elements(v), store.MemUsage(v)))
}

func debugObject(c *command.Ctx, args [][]byte) {
	v, ok := debugFind(c, args[0])
	if !ok {
		return
	}
	// What DUMP would answer, without type, version and checksum.
	size := len(snapshot.AppendDump(nil, v)) - 11
	// The reference stands for the address: equal for one value and never for two.
	address := uint64(of(c).s.store.ShardOf(args[0])+1)<<36 | uint64(*v.Slot)<<3
	line := fmt.Sprintf("Value at:0x%x refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d",
		address, v.Encoding(), size, v.Clock(), c.DB.IdleMs(v)/1000)
	if v.Encoding() == object.Quicklist {
		line += fmt.Sprintf(" ql_listpack_max:%d ql_compressed:0 ql_uncompressed_size:%d", c.DB.Limits().ListMaxListpackSize, store.MemUsage(v))
	}
	c.Reply.Simple(line)
}

func debugSDSLen(c *command.Ctx, args [][]byte) {
	v, ok := debugFind(c, args[0])
	if !ok {
		return
	}
	if v.Type() != object.String || v.Encoding() == object.Int {
		c.Fail(resperr.New("Not an sds encoded string."))
		return
	}
	val := v.Value()
	c.Reply.Simple(fmt.Sprintf("key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, val_sds_len:%d, val_sds_avail:%d, val_zmalloc: %d",
		len(v.Key()), v.Size()-cap(val), len(val), cap(val)-len(val), cap(val)))
}

func debugSetActiveExpire(c *command.Ctx, args [][]byte) {
	c.DB.Store().NoActiveExpire.Store(string(args[0]) == "0")
	c.Reply.OK()
}

func debugDenyScripts(c *command.Ctx, args [][]byte) {
	of(c).s.scriptsMayMore.Store(string(args[0]) != "0")
	c.Reply.OK()
}

func debugPauseCron(c *command.Ctx, args [][]byte) {
	c.DB.Store().NoActiveExpire.Store(string(args[0]) != "0")
	c.Reply.OK()
}

func debugPackedThreshold(c *command.Ctx, args [][]byte) {
	n, ok := parseMemory(string(args[0]))
	if !ok || n > math.MaxUint32 {
		c.Fail(resperr.New("argument must be a memory value bigger than 1 and smaller than 4gb"))
		return
	}
	c.DB.Limits().PackedThreshold = int(n)
	c.Reply.OK()
}

func debugReload(c *command.Ctx, _ [][]byte) {
	if c.InExec {
		c.Fail(resperr.New("DEBUG RELOAD is not allowed in transactions"))
		return
	}
	of(c).s.debugReload(c)
}

func debugReplyBuffer(c *command.Ctx, args [][]byte) {
	if !equalFold(args[0], "peak-reset-time") && !equalFold(args[0], "resizing") {
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "DEBUG"))
		return
	}
	c.Reply.OK()
}

// maxSleep bounds DEBUG SLEEP.
const maxSleep = 1 << 20 // seconds

// debugSleep lets the connection wait. In a transaction it is the loop that waits, all keys locked: what a
// transaction sees of time can be tested in no other way.
func debugSleep(c *command.Ctx, args [][]byte) {
	secs, ok := number.ParseFloat(args[0])
	if !ok {
		secs = 0
	}
	d := time.Duration(min(max(secs, 0), maxSleep) * float64(time.Second))
	if c.InExec {
		time.Sleep(d)
		c.Reply.OK()
		return
	}
	s := of(c).s
	of(c).async(c, func() func(w *reply.Writer) {
		select {
		case <-time.After(d):
		case <-s.ctx.Done():
		}
		return answerOK
	})
}

func debugMatch(c *command.Ctx, args [][]byte) { c.Reply.Flag(glob.Match(args[0], args[1])) }

func debugStructSize(c *command.Ctx, _ [][]byte) {
	c.Reply.Verbatim("bits:64 shards:" + strconv.Itoa(c.DB.Store().NumShards()) + "\n")
}

// protocolTypes are the arguments of DEBUG PROTOCOL.
const protocolTypes = "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"

func debugProtocol(c *command.Ctx, args [][]byte) {
	w := c.Reply
	switch strings.ToLower(string(args[0])) {
	case "string":
		w.BulkString("Hello World")
	case "integer":
		w.Int(12345)
	case "double":
		w.DoubleText([]byte("3.141"))
	case "bignum":
		const n = "1234567999999999999999999999999999999"
		if w.RESP3() {
			w.Buf = append(w.Buf, "("+n+"\r\n"...)
		} else {
			w.BulkString(n)
		}
	case "null":
		w.Null()
	case "array":
		w.Array(3)
		for i := range int64(3) {
			w.Int(i)
		}
	case "set":
		w.Set(3)
		for i := range int64(3) {
			w.Int(i)
		}
	case "map":
		w.Map(3)
		for i := range int64(3) {
			w.Int(i)
			w.Bool(i == 1)
		}
	case "attrib":
		if w.RESP3() {
			w.Buf = append(w.Buf, "|1\r\n"...)
			w.BulkString("key-popularity")
			w.Array(2)
			w.BulkString("key:123")
			w.Int(90)
		}
		w.BulkString("Some real reply following the attribute")
	case "push":
		if !w.RESP3() {
			c.Fail(resperr.New("RESP2 is not supported by this command"))
			return
		}
		w.Push(2)
		w.BulkString("server-cpu-usage")
		w.Int(42)
		// A push is no answer; clients wait for one.
		w.BulkString("Some real reply following the push reply")
	case "true":
		w.Bool(true)
	case "false":
		w.Bool(false)
	case "verbatim":
		w.Verbatim("This is a verbatim\nstring")
	default:
		c.Fail(resperr.New("Wrong protocol type name. Please use one of the following: " + protocolTypes))
	}
}
