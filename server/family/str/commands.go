// Package str is the string family: SET, GET and what counts, cuts and compares strings.
//
// Differences from Redis: LCS needs a bit of transient memory per pair of characters where Redis needs four
// bytes, but refuses the same sizes. DIGEST, DELEX, MSETEX and the conditions IFEQ, IFNE, IFDEQ and IFDNE of SET are those
// of Redis 8.4; PREPEND, and STICK of SET, are Dragonfly's. CL.THROTTLE is that of the module redis-cell, but rounds times
// up to whole seconds, as its documentation says; it adds a second to those that are whole.
package str

import "dragonfly/server/command"

// Commands declares the string family.
var Commands = []command.Command{
	{
		Name: "append", Arity: 3, Since: "2.0.0", Complexity: "O(1) amortized",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Adds a string at the end of a key's value, which is created if missing.",
		Syntax:  "key value", Run: appendValue,
	},
	{
		Name: "cl.throttle", Arity: -5, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Limits a rate: tells whether quantity more of something is allowed, and counts it if so.",
		Syntax:  "key max_burst count period [quantity]", Run: throttle,
	},
	{
		Name: "decr", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Takes one from the integer value of a key; a missing key counts as 0.",
		Syntax:  "key", Run: decr,
	},
	{
		Name: "decrby", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Takes a number from the integer value of a key; a missing key counts as 0.",
		Syntax:  "key decrement", Run: decrby,
	},
	{
		Name: "delex", Arity: -2, Since: "8.4.0", Complexity: "O(1), O(N) with a digest, N = length of the value",
		Flags: command.Write | command.Fast, ACL: command.CatString, Keys: command.KeySpec{First: 1, Last: 1, Step: 1, Access: command.RM},
		Summary: "Deletes a key, or only if its string value, or the digest of it, is, or is not, the one given.",
		Syntax:  "key [IFEQ value | IFNE value | IFDEQ digest | IFDNE digest]", Run: delex,
	},
	{
		Name: "digest", Arity: 2, Since: "8.4.0", Complexity: "O(N), N = length of the value",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Returns the XXH3 hash of the string value of a key, in hexadecimal.",
		Syntax:  "key", Run: digest,
	},
	{
		Name: "get", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Returns the string value of a key.",
		Syntax:  "key", Run: get,
	},
	{
		Name: "getdel", Arity: 2, Since: "6.2.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Returns the string value of a key and deletes the key.",
		Syntax:  "key", Run: getdel,
	},
	{
		Name: "getex", Arity: -2, Since: "6.2.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Returns the string value of a key after setting or removing its expiry.",
		Syntax:  "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
		Run:     getex,
	},
	{
		Name: "getrange", Arity: 4, Since: "2.4.0", Complexity: "O(N), N = length of the result",
		Flags: command.ReadOnly, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Returns a part of the string value of a key.",
		Syntax:  "key start end", Run: getrange,
	},
	{
		Name: "getset", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Sets a key to a string and returns its value before.",
		Syntax:  "key value", Run: getset,
	},
	{
		Name: "incr", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Adds one to the integer value of a key; a missing key counts as 0.",
		Syntax:  "key", Run: incr,
	},
	{
		Name: "incrby", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Adds a number to the integer value of a key; a missing key counts as 0.",
		Syntax:  "key increment", Run: incrby,
	},
	{
		Name: "incrbyfloat", Arity: 3, Since: "2.6.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Adds a floating point number to the value of a key; a missing key counts as 0.",
		Syntax:  "key increment", Run: incrbyfloat,
	},
	{
		Name: "lcs", Arity: -3, Since: "7.0.0", Complexity: "O(N*M), N and M = lengths of the strings",
		Flags: command.ReadOnly, ACL: command.CatString, Keys: command.Keys(1, 2, 1),
		Summary: "Finds the longest common subsequence of two strings.",
		Syntax:  "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]", Run: lcs,
	},
	{
		Name: "gat", Arity: -2, Since: "7.4.0", Complexity: "O(N), N = number of keys",
		Flags: command.Write | command.DenyOOM, ACL: command.CatString, Keys: command.Keys(1, -1, 1),
		Summary: "Returns the string values of several keys and counts that as an access to each: what memcached calls get and touch, without a new expiry.",
		Syntax:  "key [key ...]", Run: mget,
	},
	{
		Name: "mget", Arity: -2, Since: "1.0.0", Complexity: "O(N), N = number of keys",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatString, Keys: command.Keys(1, -1, 1),
		Summary: "Returns the string values of several keys at one instant.",
		Syntax:  "key [key ...]", Run: mget,
	},
	{
		Name: "mset", Arity: -3, Since: "1.0.1", Complexity: "O(N), N = number of keys",
		Flags: command.Write | command.DenyOOM | command.Brief, ACL: command.CatString, Keys: overwritten(command.Keys(1, -1, 2)),
		Summary: "Sets several keys to strings at one instant.",
		Syntax:  "key value [key value ...]", Run: mset,
	},
	{
		Name: "msetex", Arity: -4, Since: "8.4.0", Complexity: "O(N), N = number of keys",
		Flags: command.Write | command.DenyOOM, ACL: command.CatString,
		Keys:    command.KeySpec{NumKeys: 1, Step: 2, Find: findMsetex, Access: command.OW},
		Summary: "Sets several keys to strings that expire together, at one instant.",
		Syntax: "numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | " +
			"PXAT unix-time-milliseconds | KEEPTTL]",
		Run: msetex,
	},
	{
		Name: "msetnx", Arity: -3, Since: "1.0.1", Complexity: "O(N), N = number of keys",
		Flags: command.Write | command.DenyOOM | command.Brief, ACL: command.CatString, Keys: overwritten(command.Keys(1, -1, 2)),
		Summary: "Sets several keys to strings at one instant, but only if none of them exists.",
		Syntax:  "key value [key value ...]", Run: msetnx,
	},
	{
		Name: "prepend", Arity: 3, Since: "1.0.0", Complexity: "O(N), N = length of the result",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Adds a string before a key's value, which is created if missing.",
		Syntax:  "key value", Run: prepend,
	},
	{
		Name: "psetex", Arity: 4, Since: "2.6.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Brief, ACL: command.CatString, Keys: overwritten(command.Key(1)),
		Summary: "Sets a key to a string that expires after some milliseconds.",
		Syntax:  "key milliseconds value", Run: psetex,
	},
	{
		Name: "set", Arity: -3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Brief, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Sets a key to a string, whatever its value was, and its expiry.",
		Syntax: "key value [NX | XX | IFEQ value | IFNE value | IFDEQ digest | IFDNE digest] [GET] [EX seconds | PX milliseconds | " +
			"EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] [STICK]",
		Run: set,
	},
	{
		Name: "setex", Arity: 4, Since: "2.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Brief, ACL: command.CatString, Keys: overwritten(command.Key(1)),
		Summary: "Sets a key to a string that expires after some seconds.",
		Syntax:  "key seconds value", Run: setex,
	},
	{
		Name: "setnx", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatString, Keys: overwritten(command.Key(1)),
		Summary: "Sets a key to a string, but only if the key does not exist.",
		Syntax:  "key value", Run: setnx,
	},
	{
		Name: "setrange", Arity: 4, Since: "2.2.0", Complexity: "O(N), N = length of the value",
		Flags: command.Write | command.DenyOOM, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Overwrites a part of a key's string value, which grows with zero bytes as needed.",
		Syntax:  "key offset value", Run: setrange,
	},
	{
		Name: "strlen", Arity: 2, Since: "2.2.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Returns the length of the string value of a key.",
		Syntax:  "key", Run: strlen,
	},
	{
		Name: "substr", Arity: 4, Since: "1.0.0", Complexity: "O(N), N = length of the result",
		Flags: command.ReadOnly, ACL: command.CatString, Keys: command.Key(1),
		Summary: "Returns a part of the string value of a key; the old name of GETRANGE.",
		Syntax:  "key start end", Run: getrange,
	},
}

// overwritten marks keys whose values before do not matter.
func overwritten(k command.KeySpec) command.KeySpec {
	k.Access = command.OW
	return k
}
