// Package set is the set family: membership, random members, and the algebra of sets.
//
// # Members that expire
//
// A member that SADDEX or FIELDEXPIRE gave a deadline is gone when its time has come: package store removes it before a
// command sees the set, and the set with its last member. That is reported as sexpired, a new deadline as sexpire. SADD of
// such a member leaves its deadline alone. The copy of a set has the deadlines of the set, and a member that SMOVE moves
// keeps its own, unless the target has it already; a set that is computed has none.
//
// Differences from Redis: SRANDMEMBER with a negative count is refused beyond a bound, where Redis would build the
// reply until memory is gone.
package set

import "dragonfly/server/command"

// Complexities that several commands share.
const (
	perMember    = "O(N), N = members named"
	intersection = "O(N*M), N = size of the smallest set, M = number of sets"
	allMembers   = "O(N), N = members of all sets together"
)

// Commands declares the set family.
var Commands = []command.Command{
	{
		Name: "sadd", Arity: -3, Since: "1.0.0", Complexity: perMember,
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Adds members to a set, which is created if missing.",
		Syntax:  "key member [member ...]", Run: sadd,
	},
	{
		Name: "saddex", Arity: -4, Since: "1.0.0", Complexity: perMember,
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Adds members that expire after a number of seconds to a set, which is created if missing.",
		Syntax:  "key [KEEPTTL] seconds member [member ...]", Run: saddex,
	},
	{
		Name: "scard", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Returns the number of members of a set.",
		Syntax:  "key", Run: scard,
	},
	{
		Name: "sdiff", Arity: -2, Since: "1.0.0", Complexity: allMembers,
		Flags: command.ReadOnly, ACL: command.CatSet, Keys: command.Keys(1, -1, 1),
		Summary: "Returns the members of the first set that are in none of the others.",
		Syntax:  "key [key ...]", Run: sdiff,
	},
	{
		Name: "sdiffstore", Arity: -3, Since: "1.0.0", Complexity: allMembers,
		Flags: command.Write | command.DenyOOM, ACL: command.CatSet, Keys: command.Keys(1, -1, 1),
		Summary: "Stores the members of the first set that are in none of the others.",
		Syntax:  "destination key [key ...]", Run: sdiffstore,
	},
	{
		Name: "sinter", Arity: -2, Since: "1.0.0", Complexity: intersection,
		Flags: command.ReadOnly, ACL: command.CatSet, Keys: command.Keys(1, -1, 1),
		Summary: "Returns the members that all sets have.",
		Syntax:  "key [key ...]", Run: sinter,
	},
	{
		Name: "sintercard", Arity: -3, Since: "7.0.0", Complexity: intersection,
		Flags: command.ReadOnly, ACL: command.CatSet, Keys: command.NumKeys(1),
		Summary: "Returns how many members all sets have.",
		Syntax:  "numkeys key [key ...] [LIMIT limit]", Run: sintercard,
	},
	{
		Name: "sinterstore", Arity: -3, Since: "1.0.0", Complexity: intersection,
		Flags: command.Write | command.DenyOOM, ACL: command.CatSet, Keys: command.Keys(1, -1, 1),
		Summary: "Stores the members that all sets have.",
		Syntax:  "destination key [key ...]", Run: sinterstore,
	},
	{
		Name: "sismember", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Tells whether a set has a member.",
		Syntax:  "key member", Run: sismember,
	},
	{
		Name: "smembers", Arity: 2, Since: "1.0.0", Complexity: "O(N), N = members of the set",
		Flags: command.ReadOnly, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Returns all members of a set.",
		Syntax:  "key", Run: smembers,
	},
	{
		Name: "smismember", Arity: -3, Since: "6.2.0", Complexity: perMember,
		Flags: command.ReadOnly | command.Fast, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Tells for several members whether a set has them.",
		Syntax:  "key member [member ...]", Run: smismember,
	},
	{
		Name: "smove", Arity: 4, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Write | command.Fast, ACL: command.CatSet, Keys: command.Keys(1, 2, 1),
		Summary: "Moves a member from one set to another.",
		Syntax:  "source destination member", Run: smove,
	},
	{
		Name: "spop", Arity: -2, Since: "1.0.0", Complexity: "O(N), N = members removed",
		Flags: command.Write | command.Fast, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Removes members that are chosen at random and returns them.",
		Syntax:  "key [count]", Run: spop,
	},
	{
		Name: "srandmember", Arity: -2, Since: "1.0.0", Complexity: "O(N), N = members returned",
		Flags: command.ReadOnly, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Returns members that are chosen at random.",
		Syntax:  "key [count]", Run: srandmember,
	},
	{
		Name: "srem", Arity: -3, Since: "1.0.0", Complexity: perMember,
		Flags: command.Write | command.Fast, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Removes members of a set, and the set with its last member.",
		Syntax:  "key member [member ...]", Run: srem,
	},
	{
		Name: "sscan", Arity: -3, Since: "2.8.0", Complexity: "O(1) for a call, O(N) for a full iteration",
		Flags: command.ReadOnly, ACL: command.CatSet, Keys: command.Key(1),
		Summary: "Goes through the members of a set step by step.",
		Syntax:  "key cursor [MATCH pattern] [COUNT count]", Run: sscan,
	},
	{
		Name: "sunion", Arity: -2, Since: "1.0.0", Complexity: allMembers,
		Flags: command.ReadOnly, ACL: command.CatSet, Keys: command.Keys(1, -1, 1),
		Summary: "Returns the members that any of the sets has.",
		Syntax:  "key [key ...]", Run: sunion,
	},
	{
		Name: "sunionstore", Arity: -3, Since: "1.0.0", Complexity: allMembers,
		Flags: command.Write | command.DenyOOM, ACL: command.CatSet, Keys: command.Keys(1, -1, 1),
		Summary: "Stores the members that any of the sets has.",
		Syntax:  "destination key [key ...]", Run: sunionstore,
	},
}
