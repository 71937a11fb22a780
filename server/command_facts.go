package server

import (
	"slices"
	"strings"

	"dragonfly/server/command"
)

// What COMMAND says of commands beyond their declarations: for clients of a cluster, and for nothing here.

// Words of key specs. RO, RW, OW and RM are reading, changing, replacing and removing the value as a whole.
const (
	specRead     = "RO access"
	specMeta     = "RO"
	specUpdate   = "RW update"
	specModify   = "RW access update"
	specTake     = "RW access delete"
	specDelete   = "RW delete"
	specInsert   = "RW insert"
	specReplace  = "OW update"
	specCreate   = "OW insert"
	specRemove   = "RM delete"
	specVariable = "RW access update variable_flags"
)

// keyFlags returns the words of the key specs of a command, one list for each spec; the last counts for all further
// keys.
func keyFlags(cmd *command.Command) [][]string {
	text := keySpecWords(cmd.Name)
	if text == "" {
		text = map[command.Access]string{command.RO: specRead, command.RW: specModify, command.OW: specReplace, command.RM: specRemove}[cmd.Keys.Access]
	}
	if text == "" {
		text = specModify
		if cmd.Flags&command.Write == 0 {
			text = specRead
		}
	}
	var list [][]string
	for _, spec := range strings.Split(text, ";") {
		list = append(list, strings.Fields(spec))
	}
	return list
}

// optionFlags returns the words for commands of which the options decide what is done to the key, else nothing.
func optionFlags(name string, args [][]byte) string {
	has := func(from int, words ...string) bool {
		return slices.ContainsFunc(args[min(from, len(args)):], func(arg []byte) bool {
			return slices.ContainsFunc(words, func(word string) bool { return equalFold(arg, word) })
		})
	}
	switch {
	case name == "set" && has(3, "get"):
		return specModify
	case name == "set":
		return specReplace
	case name == "bitfield" && !has(2, "set", "incrby"):
		return specRead
	case name == "bitfield":
		return specModify
	}
	return ""
}

// keySpecWords returns the words of the key specs of commands where they do not follow from the flags: specs are
// separated by semicolons.
func keySpecWords(name string) string {
	switch name {
	case "exists", "hexists", "hlen", "hstrlen", "llen", "memory|usage", "object|encoding", "object|idletime", "object|freq",
		"object|refcount", "scard", "sismember", "strlen", "touch", "type", "watch", "xlen", "zcard":
		return specMeta
	case "expire", "expireat", "geoadd", "hmset", "hset", "lset", "persist", "pexpire", "pexpireat", "setrange", "xack",
		"xadd", "xclaim", "xgroup|setid", "xsetid", "zadd", "hexpire", "hexpireat", "hpexpire", "hpexpireat", "hpersist", "fieldexpire":
		return specUpdate
	case "blmpop", "blpop", "brpop", "bzmpop", "bzpopmax", "bzpopmin", "getdel", "lmpop", "lpop", "rpop", "spop", "zmpop",
		"zpopmax", "zpopmin":
		return specTake
	case "hdel", "lrem", "ltrim", "srem", "xautoclaim", "xdel", "xgroup|destroy", "xgroup|delconsumer", "xtrim", "zrem",
		"zremrangebylex", "zremrangebyrank", "zremrangebyscore":
		return specDelete
	case "append", "hsetnx", "linsert", "lpush", "lpushx", "pfadd", "rpush", "rpushx", "sadd", "saddex", "xgroup|createconsumer", "xgroup|create":
		return specInsert
	case "bitop", "geosearchstore", "sdiffstore", "sunionstore", "zdiffstore", "zinterstore", "zrangestore", "zunionstore":
		return specReplace + ";" + specRead
	case "sinterstore":
		return specUpdate + ";" + specRead
	case "blmove", "brpoplpush", "lmove", "rpoplpush", "smove":
		return specTake + ";" + specInsert
	case "mset", "psetex", "restore", "restore-asking", "setex":
		return specReplace
	case "msetnx", "setnx":
		return specCreate
	case "bitfield", "set":
		return specVariable
	case "del", "unlink":
		return specRemove
	case "copy":
		return specRead + ";" + specReplace
	case "rename":
		return specTake + ";" + specReplace
	case "renamenx":
		return specTake + ";" + specCreate
	case "pfcount", "pfdebug":
		return "RW access"
	case "pfmerge":
		return "RW access insert;" + specRead
	case "sort", "georadius", "georadiusbymember":
		return specRead + ";" + specReplace
	case "xread", "xreadgroup":
		return specRead
	}
	return ""
}

// furtherFlags returns those flags of a command that mean nothing to this server.
func furtherFlags(cmd *command.Command) []string {
	switch cmd.Name {
	case "eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro":
		return []string{"no_mandatory_keys", "stale"}
	case "script|load", "failover", "cluster|count-failure-reports", "cluster|countkeysinslot", "cluster|getkeysinslot", "cluster|info",
		"cluster|keyslot", "cluster|links", "cluster|myid", "cluster|myshardid", "cluster|nodes", "cluster|replicas", "cluster|reset", "cluster|shards",
		"cluster|slaves", "cluster|slots":
		return []string{"stale"}
	case "cluster|addslots", "cluster|addslotsrange", "cluster|bumpepoch", "cluster|delslots", "cluster|delslotsrange", "cluster|failover",
		"cluster|flushslots", "cluster|forget", "cluster|meet", "cluster|replicate", "cluster|saveconfig", "cluster|set-config-epoch",
		"cluster|setslot", "replicaof", "slaveof":
		return []string{"no_async_loading", "stale"}
	case "bgsave", "save", "module|load", "module|loadex", "module|unload":
		return []string{"no_async_loading"}
	}
	return nil
}

// commandTips returns hints for proxies: which nodes of a cluster a command goes to, how replies are joined, and
// whether they may differ for equal data.
func commandTips(name string) []string {
	switch name {
	case "client|info", "client|list", "dump", "hrandfield", "hscan", "lastsave", "object|encoding", "object|idletime",
		"object|freq", "object|refcount", "pttl", "spop", "srandmember", "sscan", "time", "ttl", "xadd", "xautoclaim", "xclaim",
		"xinfo|consumers", "xpending", "xtrim", "zrandmember", "zscan", "httl", "hpttl", "fieldttl":
		return []string{"nondeterministic_output"}
	case "cluster|bumpepoch", "cluster|count-failure-reports", "cluster|getkeysinslot", "cluster|info", "cluster|links", "cluster|nodes",
		"cluster|replicas", "cluster|shards", "cluster|slaves", "cluster|slots":
		return []string{"nondeterministic_output"}
	case "command", "command|info", "command|docs", "command|list", "function|list", "hgetall", "hkeys", "hvals", "module|list",
		"sdiff", "sinter", "smembers", "sunion":
		return []string{"nondeterministic_output_order"}
	case "config|set", "latency|reset", "script|flush", "script|load", "slowlog|reset":
		return []string{"request_policy:all_nodes", "response_policy:all_succeeded"}
	case "dbsize":
		return []string{"request_policy:all_shards", "response_policy:agg_sum"}
	case "del", "exists", "touch", "unlink":
		return []string{"request_policy:multi_shard", "response_policy:agg_sum"}
	case "flushall", "flushdb", "function|restore", "function|load", "function|delete", "function|flush", "memory|purge", "ping":
		return []string{"request_policy:all_shards", "response_policy:all_succeeded"}
	case "function|kill", "script|kill":
		return []string{"request_policy:all_shards", "response_policy:one_succeeded"}
	case "function|stats", "info", "memory|malloc-stats", "memory|doctor", "memory|stats":
		return []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}
	case "keys":
		return []string{"request_policy:all_shards", "nondeterministic_output_order"}
	case "latency|histogram", "latency|latest", "latency|history", "latency|doctor", "latency|graph":
		return []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"}
	case "mget":
		return []string{"request_policy:multi_shard"}
	case "mset":
		return []string{"request_policy:multi_shard", "response_policy:all_succeeded"}
	case "randomkey":
		return []string{"request_policy:all_shards", "response_policy:special", "nondeterministic_output"}
	case "scan":
		return []string{"nondeterministic_output", "request_policy:special", "response_policy:special"}
	case "script|exists":
		return []string{"request_policy:all_shards", "response_policy:agg_logical_and"}
	case "slowlog|len":
		return []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"}
	case "slowlog|get":
		return []string{"request_policy:all_nodes", "nondeterministic_output"}
	case "wait", "waitaof":
		return []string{"request_policy:all_shards", "response_policy:agg_min"}
	}
	return nil
}
