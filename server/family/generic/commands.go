// Package generic is the family of commands that take a key of any type: deletion, expiry, renaming and copying,
// the walks over the keyspace, OBJECT and SORT.
//
// RM, SHRINK and STICK, and the options ATTR and MINMSZ of SCAN, are Dragonfly's, as are FIELDEXPIRE and FIELDTTL. Whether a
// key was accessed since it was made is not known here: ATTR a and ATTR u are refused. Tables of members shrink by
// themselves, so SHRINK finds nothing to do.
//
// Differences from Redis: KEYS, SCAN and RANDOMKEY visit one shard after the other, so KEYS is no picture of one
// instant unless it runs in a transaction. OBJECT REFCOUNT is always 1, also for small integers, which Redis may
// share. OBJECT HELP is worded differently.
package generic

import "dragonfly/server/command"

// Commands declares the generic family.
var Commands = []command.Command{
	{
		Name: "del", Arity: -2, Since: "1.0.0", Complexity: "O(1) for every key; big values are freed in the background",
		Flags: command.Write, ACL: command.CatKeyspace, Keys: command.KeySpec{First: 1, Last: -1, Step: 1, Access: command.RM},
		Summary: "Deletes keys.",
		Syntax:  "key [key ...]", Run: del,
	},
	{
		Name: "unlink", Arity: -2, Since: "4.0.0", Complexity: "O(1) for every key; big values are freed in the background",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.KeySpec{First: 1, Last: -1, Step: 1, Access: command.RM},
		Summary: "Deletes keys; the same as DEL.",
		Syntax:  "key [key ...]", Run: del,
	},
	{
		Name: "exists", Arity: -2, Since: "1.0.0", Complexity: "O(1) for every key",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Keys(1, -1, 1),
		Summary: "Counts how many of the keys exist.",
		Syntax:  "key [key ...]", Run: exists,
	},
	{
		Name: "touch", Arity: -2, Since: "3.2.1", Complexity: "O(1) for every key",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Keys(1, -1, 1),
		Summary: "Notes an access to keys and counts those that exist.",
		Syntax:  "key [key ...]", Run: touch,
	},
	{
		Name: "type", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Names the type of a key's value.",
		Syntax:  "key", Run: typeOf,
	},
	{
		Name: "stick", Arity: -2, Since: "1.0.0", Complexity: "O(1) for every key",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Keys(1, -1, 1),
		Summary: "Exempts keys from eviction and counts those that were not exempt before.",
		Syntax:  "key [key ...]", Run: stick,
	},
	{
		Name: "expire", Arity: -3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Makes a key expire after a number of seconds.",
		Syntax:  "key seconds [NX | XX | GT | LT]", Run: expire,
	},
	{
		Name: "pexpire", Arity: -3, Since: "2.6.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Makes a key expire after a number of milliseconds.",
		Syntax:  "key milliseconds [NX | XX | GT | LT]", Run: pexpire,
	},
	{
		Name: "expireat", Arity: -3, Since: "1.2.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Makes a key expire at a Unix time in seconds.",
		Syntax:  "key unix-time-seconds [NX | XX | GT | LT]", Run: expireat,
	},
	{
		Name: "pexpireat", Arity: -3, Since: "2.6.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Makes a key expire at a Unix time in milliseconds.",
		Syntax:  "key unix-time-milliseconds [NX | XX | GT | LT]", Run: pexpireat,
	},
	{
		Name: "ttl", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Tells in how many seconds a key expires.",
		Syntax:  "key", Run: ttl,
	},
	{
		Name: "pttl", Arity: 2, Since: "2.6.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Tells in how many milliseconds a key expires.",
		Syntax:  "key", Run: pttl,
	},
	{
		Name: "expiretime", Arity: 2, Since: "7.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Tells at which Unix time in seconds a key expires.",
		Syntax:  "key", Run: expiretime,
	},
	{
		Name: "pexpiretime", Arity: 2, Since: "7.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Tells at which Unix time in milliseconds a key expires.",
		Syntax:  "key", Run: pexpiretime,
	},
	{
		Name: "persist", Arity: 2, Since: "2.2.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Makes a key never expire.",
		Syntax:  "key", Run: persist,
	},
	{
		Name: "fieldexpire", Arity: -4, Since: "1.0.0", Complexity: "O(N), N = fields named",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHash | command.CatSet, Keys: command.Key(1),
		Group:   "generic",
		Summary: "Makes fields of a hash, or members of a set, expire after a number of seconds.",
		Syntax:  "key seconds field [field ...]", Run: fieldexpire,
	},
	{
		Name: "fieldttl", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Tells in how many seconds a field of a hash, or a member of a set, expires.",
		Syntax:  "key field", Run: fieldttl,
	},
	{
		Name: "keys", Arity: 2, Since: "1.0.0", Complexity: "O(N) in the number of keys of the database",
		Flags: command.ReadOnly, ACL: command.CatKeyspace | command.CatDangerous,
		Summary: "Lists the keys whose names match a pattern.",
		Syntax:  "pattern", Run: keys,
	},
	{
		Name: "scan", Arity: -2, Since: "2.8.0", Complexity: "O(1) for every call, O(N) for a whole walk",
		Flags: command.ReadOnly, ACL: command.CatKeyspace,
		Summary: "Walks over the keys of the database in many small steps.",
		Syntax:  "cursor [MATCH pattern] [COUNT count] [TYPE type] [ATTR <v | p>] [MINMSZ bytes]", Run: scan,
	},
	{
		Name: "rm", Arity: -2, Since: "1.0.0", Complexity: "O(1) for every call, O(N) for a whole walk",
		Flags: command.Write, ACL: command.CatKeyspace | command.CatDangerous,
		Summary: "Walks over the keys of the database in many small steps and deletes those that it finds.",
		Syntax:  "cursor [MATCH pattern] [COUNT count] [TYPE type] [ATTR <v | p>] [MINMSZ bytes]", Run: rm,
	},
	{
		Name: "shrink", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Answers 0: the table of a set or a hash needs no command to give memory back.",
		Syntax:  "key", Run: shrink,
	},
	{
		Name: "randomkey", Arity: 1, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly, ACL: command.CatKeyspace,
		Summary: "Names a key chosen at random.", Run: randomkey,
	},
	{
		Name: "rename", Arity: 3, Since: "1.0.0", Complexity: "O(1) within a shard, else O(N) in the size of the value",
		Flags: command.Write, ACL: command.CatKeyspace, Keys: command.Keys(1, 2, 1),
		Summary: "Gives a key another name, replacing what had it.",
		Syntax:  "key newkey", Run: rename,
	},
	{
		Name: "renamenx", Arity: 3, Since: "1.0.0", Complexity: "O(1) within a shard, else O(N) in the size of the value",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Keys(1, 2, 1),
		Summary: "Gives a key another name if nothing has it.",
		Syntax:  "key newkey", Run: renamenx,
	},
	{
		Name: "copy", Arity: -3, Since: "6.2.0", Complexity: "O(N) in the size of the value",
		Flags: command.Write | command.DenyOOM, ACL: command.CatKeyspace, Keys: command.Keys(1, 2, 1),
		Summary: "Copies a value to another key, in this database or another.",
		Syntax:  "source destination [DB destination-db] [REPLACE]", Run: copyKey,
	},
	{
		Name: "move", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatKeyspace, Keys: command.Key(1),
		Summary: "Moves a key to another database.",
		Syntax:  "key db", Run: move,
	},
	{
		Name: "object", Arity: -2, Since: "2.2.3", Complexity: "Depends on the subcommand",
		Flags:   command.Container,
		Summary: "Introspection of a value.",
		Group:   "generic",
	},
	{
		Name: "object|encoding", Arity: 3, Since: "2.2.3", Complexity: "O(1)",
		Flags: command.ReadOnly, ACL: command.CatKeyspace, Keys: command.Key(2),
		Summary: "Names the encoding of a value.",
		Syntax:  "key", Run: objectEncoding,
	},
	{
		Name: "object|freq", Arity: 3, Since: "4.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly, ACL: command.CatKeyspace, Keys: command.Key(2),
		Summary: "Tells the access frequency of a key, on a logarithmic scale.",
		Syntax:  "key", Run: objectFreq,
	},
	{
		Name: "object|idletime", Arity: 3, Since: "2.2.3", Complexity: "O(1)",
		Flags: command.ReadOnly, ACL: command.CatKeyspace, Keys: command.Key(2),
		Summary: "Tells the seconds since the last access of a key.",
		Syntax:  "key", Run: objectIdletime,
	},
	{
		Name: "object|refcount", Arity: 3, Since: "2.2.3", Complexity: "O(1)",
		Flags: command.ReadOnly, ACL: command.CatKeyspace, Keys: command.Key(2),
		Summary: "Tells how many references a value has: one.",
		Syntax:  "key", Run: objectRefcount,
	},
	{
		Name: "object|help", Arity: 2, Since: "6.2.0", Complexity: "O(1)",
		Flags: command.WhileLoading, ACL: command.CatKeyspace,
		Summary: "Lists the subcommands of OBJECT.", Run: objectHelp,
	},
	{
		Name: "sort", Arity: -2, Since: "1.0.0", Complexity: "O(N+M*log(M)), N elements, M of them returned",
		Flags: command.Write | command.DenyOOM | command.MovableKeys | command.LockAll | command.Follows,
		ACL:   command.CatSet | command.CatSortedSet | command.CatList | command.CatDangerous,
		Keys:  command.KeySpec{First: 1, Last: 1, Step: 1, Find: findSort}, Group: "generic",
		Summary: "Sorts a list, set or sorted set, by its elements or by values found elsewhere, and may store the result.",
		Syntax:  "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]",
		Run:     sortStore,
	},
	{
		Name: "sort_ro", Arity: -2, Since: "7.0.0", Complexity: "O(N+M*log(M)), N elements, M of them returned",
		Flags: command.ReadOnly | command.MovableKeys | command.LockAll | command.Follows,
		ACL:   command.CatSet | command.CatSortedSet | command.CatList | command.CatDangerous,
		Keys:  command.Key(1), Group: "generic",
		Summary: "Sorts a list, set or sorted set, by its elements or by values found elsewhere.",
		Syntax:  "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]",
		Run:     sortRO,
	},
}
