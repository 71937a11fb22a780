package hash

import "dragonfly/server/command"

// What most commands of the family have in common.
const (
	reads  = command.ReadOnly | command.Fast
	writes = command.Write | command.DenyOOM | command.Fast
)

// Complexities that several commands share.
const (
	perField = "O(N), N = fields named"
	whole    = "O(N), N = fields of the hash"
)

// Arguments that several commands share.
const (
	fieldList   = "FIELDS numfields field [field ...]"
	expireTails = " [NX | XX | GT | LT] " + fieldList
)

// Commands declares the hash family.
var Commands = []command.Command{
	{
		Name: "hdel", Arity: -3, Since: "2.0.0", Complexity: perField,
		Flags: command.Write | command.Fast, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Removes fields of a hash, and the hash with its last field.",
		Syntax:  "key field [field ...]", Run: hdel,
	},
	{
		Name: "hexists", Arity: 3, Since: "2.0.0", Complexity: "O(1)",
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Tells whether a hash has a field.",
		Syntax:  "key field", Run: hexists,
	},
	{
		Name: "hexpire", Arity: -6, Since: "7.4.0", Complexity: perField,
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Lets fields of a hash expire in some seconds.",
		Syntax:  "key seconds" + expireTails, Run: hexpire,
	},
	{
		Name: "hexpireat", Arity: -6, Since: "7.4.0", Complexity: perField,
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Lets fields of a hash expire at a time in seconds.",
		Syntax:  "key unix-time-seconds" + expireTails, Run: hexpireat,
	},
	{
		Name: "hexpiretime", Arity: -5, Since: "7.4.0", Complexity: perField,
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the times in seconds at which fields of a hash expire.",
		Syntax:  "key " + fieldList, Run: hexpiretime,
	},
	{
		Name: "hget", Arity: 3, Since: "2.0.0", Complexity: "O(1)",
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the value of a field of a hash.",
		Syntax:  "key field", Run: hget,
	},
	{
		Name: "hgetall", Arity: 2, Since: "2.0.0", Complexity: whole,
		Flags: command.ReadOnly, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns all fields of a hash and their values.",
		Syntax:  "key", Run: hgetall,
	},
	{
		Name: "hgetdel", Arity: -5, Since: "8.0.0", Complexity: perField,
		Flags: command.Write | command.Fast, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the values of fields of a hash and deletes the fields.",
		Syntax:  "key " + fieldList, Run: hgetdel,
	},
	{
		Name: "hgetex", Arity: -5, Since: "8.0.0", Complexity: perField,
		Flags: command.Write | command.Fast, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the values of fields of a hash after setting or removing their expiry.",
		Syntax:  "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] " + fieldList,
		Run:     hgetex,
	},
	{
		Name: "hincrby", Arity: 4, Since: "2.0.0", Complexity: "O(1)",
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Adds to the integer value of a field; a missing field counts as 0.",
		Syntax:  "key field increment", Run: hincrby,
	},
	{
		Name: "hincrbyfloat", Arity: 4, Since: "2.6.0", Complexity: "O(1)",
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Adds to the value of a field as a floating point number; a missing field counts as 0.",
		Syntax:  "key field increment", Run: hincrbyfloat,
	},
	{
		Name: "hkeys", Arity: 2, Since: "2.0.0", Complexity: whole,
		Flags: command.ReadOnly, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns all fields of a hash.",
		Syntax:  "key", Run: hkeys,
	},
	{
		Name: "hlen", Arity: 2, Since: "2.0.0", Complexity: "O(1)",
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the number of fields of a hash.",
		Syntax:  "key", Run: hlen,
	},
	{
		Name: "hmget", Arity: -3, Since: "2.0.0", Complexity: perField,
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the values of several fields of a hash.",
		Syntax:  "key field [field ...]", Run: hmget,
	},
	{
		Name: "hmset", Arity: -4, Since: "2.0.0", Complexity: perField,
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Sets fields of a hash; HSET does the same with another answer.",
		Syntax:  "key field value [field value ...]", Run: hmset,
	},
	{
		Name: "hpersist", Arity: -5, Since: "7.4.0", Complexity: perField,
		Flags: command.Write | command.Fast, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Keeps fields of a hash from expiring.",
		Syntax:  "key " + fieldList, Run: hpersist,
	},
	{
		Name: "hpexpire", Arity: -6, Since: "7.4.0", Complexity: perField,
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Lets fields of a hash expire in some milliseconds.",
		Syntax:  "key milliseconds" + expireTails, Run: hpexpire,
	},
	{
		Name: "hpexpireat", Arity: -6, Since: "7.4.0", Complexity: perField,
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Lets fields of a hash expire at a time in milliseconds.",
		Syntax:  "key unix-time-milliseconds" + expireTails, Run: hpexpireat,
	},
	{
		Name: "hpexpiretime", Arity: -5, Since: "7.4.0", Complexity: perField,
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the times in milliseconds at which fields of a hash expire.",
		Syntax:  "key " + fieldList, Run: hpexpiretime,
	},
	{
		Name: "hpttl", Arity: -5, Since: "7.4.0", Complexity: perField,
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns how many milliseconds fields of a hash have to live.",
		Syntax:  "key " + fieldList, Run: hpttl,
	},
	{
		Name: "hrandfield", Arity: -2, Since: "6.2.0", Complexity: "O(N), N = fields returned",
		Flags: command.ReadOnly, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns fields of a hash that are chosen at random.",
		Syntax:  "key [count [WITHVALUES]]", Run: hrandfield,
	},
	{
		Name: "hscan", Arity: -3, Since: "2.8.0", Complexity: "O(1) for a call, O(N) for a full iteration",
		Flags: command.ReadOnly, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Goes through the fields of a hash step by step.",
		Syntax:  "key cursor [MATCH pattern] [COUNT count] [NOVALUES]", Run: hscan,
	},
	{
		Name: "hset", Arity: -4, Since: "2.0.0", Complexity: perField,
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Sets fields of a hash, which is created if missing.",
		Syntax:  "key field value [field value ...]", Run: hset,
	},
	{
		Name: "hsetex", Arity: -5, Since: "8.0.0", Complexity: perField,
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Sets fields of a hash and their expiry, if a condition holds.",
		Syntax: "key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] " +
			"FIELDS numfields field value [field value ...]",
		Run: hsetex,
	},
	{
		Name: "hsetnx", Arity: 4, Since: "2.0.0", Complexity: "O(1)",
		Flags: writes, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Sets a field of a hash unless it exists.",
		Syntax:  "key field value", Run: hsetnx,
	},
	{
		Name: "hstrlen", Arity: 3, Since: "3.2.0", Complexity: "O(1)",
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the length of the value of a field.",
		Syntax:  "key field", Run: hstrlen,
	},
	{
		Name: "httl", Arity: -5, Since: "7.4.0", Complexity: perField,
		Flags: reads, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns how many seconds fields of a hash have to live.",
		Syntax:  "key " + fieldList, Run: httl,
	},
	{
		Name: "hvals", Arity: 2, Since: "2.0.0", Complexity: whole,
		Flags: command.ReadOnly, ACL: command.CatHash, Keys: command.Key(1),
		Summary: "Returns the values of all fields of a hash.",
		Syntax:  "key", Run: hvals,
	},
}
