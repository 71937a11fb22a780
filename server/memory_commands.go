package server

import (
	"fmt"
	godebug "runtime/debug"
	"strings"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store"
	"dragonfly/store/arena"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// memoryCommands are MEMORY and its subcommands.
var memoryCommands = []command.Command{
	{
		Name: "memory", Arity: -2, Since: "4.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Summary: "Tells what memory is used for.",
	},
	{
		Name: "memory|usage", Arity: -3, Since: "4.0.0", Complexity: "O(1), or O(N) in the number of nodes of a big value",
		Flags: command.ReadOnly, Keys: command.Key(2),
		Summary: "Answers the bytes of a key with its value, or without the key. Many elements are estimated; SAMPLES changes nothing.",
		Syntax:  "key [SAMPLES count | WITHOUTKEY]",
		Run:     memoryUsage,
	},
	{
		Name: "memory|stats", Arity: 2, Since: "4.0.0", Complexity: "O(1)",
		Summary: "Answers what memory is used for, in numbers.", Run: memoryStats,
	},
	{
		Name: "memory|doctor", Arity: 2, Since: "4.0.0", Complexity: "O(1)",
		Summary: "Reports in words what is wrong with the use of memory.",
		Run:     func(c *command.Ctx) { c.Reply.Verbatim(memoryReport(of(c).s.memoryUse(c.DB.NowMs, c.Tx.VisitAll))) },
	},
	{
		Name: "memory|purge", Arity: 2, Since: "4.0.0", Complexity: "O(N) in the amount of free memory",
		Summary: "Gives free memory back to the system.", Run: memoryPurge,
	},
	{
		Name: "memory|decommit", Arity: 2, Since: "4.0.0", Complexity: "O(N) in the amount of free memory",
		Summary: "Gives free memory back to the system, as PURGE does.", Run: memoryPurge,
	},
	{
		Name: "memory|defragment", Arity: -2, Since: "4.0.0", Complexity: "O(N) in the number of keys and elements",
		Summary: "Moves data together that is spread over memory in use for less than a share, 0.8 unless told, and gives the rest back.",
		Syntax:  "[threshold]", Run: memoryDefragment,
	},
	{
		Name: "memory|arena", Arity: -2, Since: "4.0.0", Complexity: "O(N) in the amount of memory",
		Summary: "Reports the state of the allocator, by size of blocks.", Run: memoryMallocStats,
	},
	{
		Name: "memory|malloc-stats", Arity: 2, Since: "4.0.0", Complexity: "O(N) in the number of shards",
		Summary: "Reports the state of the allocator.", Run: memoryMallocStats,
	},
	{
		Name: "memory|help", Arity: 2, Since: "4.0.0", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

func memoryUsage(c *command.Ctx) {
	withoutKey := false
	for opts := c.Args[3:]; len(opts) > 0; {
		if equalFold(opts[0], "withoutkey") {
			withoutKey = true
			opts = opts[1:]
			continue
		}
		if !equalFold(opts[0], "samples") || len(opts) < 2 {
			c.Fail(resperr.Syntax)
			return
		}
		n, err := command.Int(opts[1])
		if err == nil && n < 0 {
			err = resperr.Syntax
		}
		if err != nil {
			c.Fail(err)
			return
		}
		opts = opts[2:]
	}
	n, ok := c.DB.Usage(c.Args[2])
	if !ok {
		c.Reply.Null()
		return
	}
	if withoutKey {
		n -= len(c.Args[2])
	}
	c.Reply.Int(int64(n))
}

func memoryStats(c *command.Ctx) {
	m := of(c).s.memoryUse(c.DB.NowMs, c.Tx.VisitAll)
	mark, n := c.Reply.Defer(), 0
	num := func(name string, value int64) {
		c.Reply.BulkString(name)
		c.Reply.Int(value)
		n++
	}
	text := func(name, value string) {
		c.Reply.BulkString(name)
		c.Reply.DoubleText([]byte(value))
		n++
	}
	num("peak.allocated", m.peak)
	num("total.allocated", m.used)
	num("startup.allocated", baseMemory)
	num("replication.backlog", 0)
	num("clients.slaves", 0)
	num("clients.normal", m.clients)
	num("cluster.links", 0)
	num("aof.buffer", 0)
	num("lua.caches", m.scripts)
	num("functions.caches", m.functions)
	for i, keys := range m.data.keys {
		if keys > 0 {
			c.Reply.BulkString(fmt.Sprintf("db.%d", i))
			c.Reply.Map(2)
			c.Reply.BulkString("overhead.hashtable.main")
			c.Reply.Int(m.data.tables[i])
			c.Reply.BulkString("overhead.hashtable.expires")
			c.Reply.Int(0) // deadlines are in the entries
			n++
		}
	}
	num("overhead.db.hashtable.lut", m.tables)
	num("overhead.db.hashtable.rehashing", 0)
	num("overhead.total", m.overhead())
	num("db.dict.rehashing.count", 0)
	num("keys.count", m.keys)
	num("keys.bytes-per-key", m.perKey())
	num("dataset.bytes", m.dataset())
	text("dataset.percentage", share(m.dataset(), m.used-baseMemory))
	text("peak.percentage", share(m.used, m.peak))
	num("allocator.allocated", m.allocated())
	num("allocator.active", m.active())
	num("allocator.resident", m.rss)
	num("allocator.muzzy", 0)
	text("allocator-fragmentation.ratio", ratio(m.active(), m.allocated()))
	num("allocator-fragmentation.bytes", m.active()-m.allocated())
	text("allocator-rss.ratio", ratio(m.rss, m.active()))
	num("allocator-rss.bytes", m.rss-m.active())
	text("rss-overhead.ratio", "1")
	num("rss-overhead.bytes", 0)
	text("fragmentation", ratio(m.rss, m.used))
	num("fragmentation.bytes", m.rss-m.used)
	num("connections.direct_bytes", m.clients)
	num("replication.connections_count", 0)
	num("replication.direct_bytes", 0)
	c.Reply.CloseMap(mark, n)
}

// share writes a part of a whole in percent.
func share(part, whole int64) string { return strings.TrimSuffix(percent(part, whole), "%") }

// memoryReport is what MEMORY DOCTOR says.
func memoryReport(m memoryUse) string {
	const little, much = 5 << 20, 1.4
	switch {
	case m.used < little:
		return "This server is empty or nearly so: there is nothing to say about its memory yet.\n"
	case float64(m.rss) > much*float64(m.used):
		return fmt.Sprintf("The process takes %s times the memory of the data. Free memory between the keys is reused, and given "+
			"back as it empties; MEMORY DEFRAGMENT moves keys together so that it does, MEMORY PURGE gives back at once what is "+
			"empty.\n", ratio(m.rss, m.used))
	}
	return "Nothing is wrong with the memory of this server.\n"
}

func memoryPurge(c *command.Ctx) {
	c.Tx.VisitAll(func(sh *store.Shard) { sh.A.Trim() })
	of(c).s.work.Go(godebug.FreeOSMemory)
	c.Reply.OK()
}

// memoryDefragment waits for the end, but in a transaction, whose shards cannot be visited before it has ended.
func memoryDefragment(c *command.Ctx) {
	below := 0.8
	switch {
	case len(c.Args) > 3:
		c.Fail(resperr.Syntax)
		return
	case len(c.Args) == 3:
		f, ok := number.ParseFloat(c.Args[2])
		if !ok || f < 0 || f > 1 {
			c.Fail(resperr.NotFloat)
			return
		}
		below = f
	}
	co := of(c)
	st, ctx := co.s.store, co.s.ctx
	work := func() {
		for ctx.Err() == nil && st.Defragment(store.Defrag{Below: below}, time.Now().Add(10*time.Millisecond)) {
		}
	}
	if c.InExec {
		co.s.work.Go(work)
		c.Reply.OK()
		return
	}
	co.async(c, func() func(w *reply.Writer) {
		work()
		return answerOK
	})
}

func memoryMallocStats(c *command.Ctx) {
	var b strings.Builder
	b.WriteString("___ Begin arena statistics ___\n")
	var classes []arena.ClassUse
	c.Tx.VisitAll(func(sh *store.Shard) {
		fmt.Fprintf(&b, "shard %d: used %d, resident %d\n", sh.ID(), sh.A.Used(), sh.A.Resident())
		classes = sh.A.Uses(classes)
	})
	b.WriteString("size of blocks, blocks in use, slabs, utilization\n")
	for _, u := range classes {
		if u.Slabs > 0 {
			fmt.Fprintf(&b, "%6d %10d %7d %s\n", u.Size, u.Blocks, u.Slabs, percent(int64(u.Blocks*u.Size), int64(u.Slabs)*arena.SlabBytes))
		}
	}
	heap, resident := goHeap()
	fmt.Fprintf(&b, "Go heap: used %d, resident %d\n--- End arena statistics ---\n", heap, resident)
	c.Reply.Verbatim(b.String())
}
