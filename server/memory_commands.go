package server

import (
	"fmt"
	godebug "runtime/debug"
	"strings"

	"dragonfly/server/command"
	"dragonfly/store"
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
		Summary: "Answers the bytes of a key with its value. They are counted, not sampled: SAMPLES changes nothing.",
		Syntax:  "key [SAMPLES count]",
		Run:     memoryUsage,
	},
	{
		Name: "memory|stats", Arity: 2, Since: "4.0.0", Complexity: "O(1)",
		Summary: "Answers what memory is used for, in numbers.", Run: memoryStats,
	},
	{
		Name: "memory|doctor", Arity: 2, Since: "4.0.0", Complexity: "O(1)",
		Summary: "Reports in words what is wrong with the use of memory.",
		Run:     func(c *command.Ctx) { c.Reply.Verbatim(memoryReport(of(c).s.usedMemory(), residentMemory())) },
	},
	{
		Name: "memory|purge", Arity: 2, Since: "4.0.0", Complexity: "O(N) in the amount of free memory",
		Summary: "Gives free memory back to the system.", Run: memoryPurge,
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
	for opts := c.Args[3:]; len(opts) > 0; opts = opts[2:] {
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
	}
	v := c.DB.Peek(c.Args[2])
	if !v.Ok() {
		c.Reply.Null()
		return
	}
	c.Reply.Int(int64(store.MemUsage(v)))
}

func memoryStats(c *command.Ctx) {
	s := of(c).s
	d := s.dataStats(c.DB.NowMs, c.Tx.VisitAll)
	used, rss, heap := baseMemory+d.used, residentMemory(), goHeap()
	clients := int64(clientMemory * s.clients.len())
	keys, dbs := 0, 0
	for _, n := range d.keys {
		keys += n
		if n > 0 {
			dbs++
		}
	}
	perKey := int64(0)
	if keys > 0 {
		perKey = d.used / int64(keys)
	}
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
	num("peak.allocated", max(s.peak.Load(), used))
	num("total.allocated", used)
	num("startup.allocated", baseMemory)
	num("replication.backlog", 0)
	num("clients.slaves", 0)
	num("clients.normal", clients)
	num("cluster.links", 0)
	num("aof.buffer", 0)
	num("lua.caches", 0)
	num("functions.caches", 0)
	for i, k := range d.keys {
		if k > 0 {
			c.Reply.BulkString(fmt.Sprintf("db.%d", i))
			c.Reply.Map(2)
			c.Reply.BulkString("overhead.hashtable.main")
			c.Reply.Int(0)
			c.Reply.BulkString("overhead.hashtable.expires")
			c.Reply.Int(0)
			n++
		}
	}
	num("overhead.total", baseMemory+clients)
	num("keys.count", int64(keys))
	num("keys.bytes-per-key", perKey)
	num("dataset.bytes", d.used)
	text("dataset.percentage", "100")
	text("peak.percentage", strings.TrimSuffix(percent(used, max(s.peak.Load(), used)), "%"))
	num("allocator.allocated", d.used+heap)
	num("allocator.active", rss)
	num("allocator.resident", rss)
	text("allocator-fragmentation.ratio", ratio(rss, d.used+heap))
	num("allocator-fragmentation.bytes", max(0, rss-d.used-heap))
	text("fragmentation", ratio(rss, used))
	num("fragmentation.bytes", rss-used)
	num("connections.direct_bytes", clients)
	num("replication.connections_count", 0)
	num("replication.direct_bytes", 0)
	c.Reply.CloseMap(mark, n)
}

// memoryReport is what MEMORY DOCTOR says.
func memoryReport(used, rss int64) string {
	const little, much = 5 << 20, 1.4
	switch {
	case used < little:
		return "This server is empty or nearly so: there is nothing to say about its memory yet.\n"
	case float64(rss) > much*float64(used):
		return fmt.Sprintf("The process takes %s times the memory of the data. Free memory between the keys is reused and "+
			"given back as it empties; MEMORY PURGE gives back at once what it can.\n", ratio(rss, used))
	}
	return "Nothing is wrong with the memory of this server.\n"
}

func memoryPurge(c *command.Ctx) {
	c.Tx.VisitAll(func(sh *store.Shard) { sh.A.Trim() })
	of(c).s.work.Go(godebug.FreeOSMemory)
	c.Reply.OK()
}

func memoryMallocStats(c *command.Ctx) {
	var b strings.Builder
	b.WriteString("___ Begin arena statistics ___\n")
	c.Tx.VisitAll(func(sh *store.Shard) {
		fmt.Fprintf(&b, "shard %d: used %d, resident %d\n", sh.ID(), sh.A.Used(), sh.A.Resident())
	})
	fmt.Fprintf(&b, "Go heap: %d\n--- End arena statistics ---\n", goHeap())
	c.Reply.Verbatim(b.String())
}
