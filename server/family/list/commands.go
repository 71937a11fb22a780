// Package list is the list family.
//
// To a client that has waited, a key of another type counts as missing, and it waits on. Redis since 7.2 answers an error
// if such a key stands before the one that an element came to.
package list

import "dragonfly/server/command"

// Commands declares the list family.
var Commands = []command.Command{
	{
		Name: "blmove", Arity: 6, Since: "6.2.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.NoScript | command.Blocking,
		ACL:   command.CatList, Keys: command.Keys(1, 2, 1),
		Summary: "Pops an element from a list, pushes it to another and returns it. Waits until there is one.",
		Syntax:  "source destination LEFT|RIGHT LEFT|RIGHT timeout", Run: blmove,
	},
	{
		Name: "blmpop", Arity: -5, Since: "7.0.0", Complexity: "O(N+M), N = number of keys, M = of elements returned",
		Flags: command.Write | command.Blocking, ACL: command.CatList, Keys: command.NumKeys(2),
		Summary: "Pops elements from the first of several lists that is not empty. Waits until there is one.",
		Syntax:  "timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]", Run: blmpop,
	},
	{
		Name: "blpop", Arity: -3, Since: "2.0.0", Complexity: "O(N), N = number of keys",
		Flags: command.Write | command.NoScript | command.Blocking, ACL: command.CatList, Keys: command.Keys(1, -2, 1),
		Summary: "Removes the first element of the first of several lists that is not empty, and returns it. Waits until there is one.",
		Syntax:  "key [key ...] timeout", Run: blpop,
	},
	{
		Name: "brpop", Arity: -3, Since: "2.0.0", Complexity: "O(N), N = number of keys",
		Flags: command.Write | command.NoScript | command.Blocking, ACL: command.CatList, Keys: command.Keys(1, -2, 1),
		Summary: "Removes the last element of the first of several lists that is not empty, and returns it. Waits until there is one.",
		Syntax:  "key [key ...] timeout", Run: brpop,
	},
	{
		Name: "brpoplpush", Arity: 4, Since: "2.2.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM | command.NoScript | command.Blocking,
		ACL:   command.CatList, Keys: command.Keys(1, 2, 1),
		Summary: "Moves the last element of a list to the head of another and returns it. Waits until there is one.",
		Syntax:  "source destination timeout", Run: brpoplpush,
	},
	{
		Name: "lindex", Arity: 3, Since: "1.0.0", Complexity: "O(N), N = distance of the element from the nearer end",
		Flags: command.ReadOnly, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Returns an element of a list by its index.",
		Syntax:  "key index", Run: lindex,
	},
	{
		Name: "linsert", Arity: 5, Since: "2.2.0", Complexity: "O(N), N = distance of the pivot from the head",
		Flags: command.Write | command.DenyOOM, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Inserts an element before or after another element of a list.",
		Syntax:  "key BEFORE|AFTER pivot element", Run: linsert,
	},
	{
		Name: "llen", Arity: 2, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Returns the number of elements of a list.",
		Syntax:  "key", Run: llen,
	},
	{
		Name: "lmove", Arity: 5, Since: "6.2.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM, ACL: command.CatList, Keys: command.Keys(1, 2, 1),
		Summary: "Pops an element from a list, pushes it to another and returns it.",
		Syntax:  "source destination LEFT|RIGHT LEFT|RIGHT", Run: lmove,
	},
	{
		Name: "lmpop", Arity: -4, Since: "7.0.0", Complexity: "O(N+M), N = number of keys, M = of elements returned",
		Flags: command.Write, ACL: command.CatList, Keys: command.NumKeys(1),
		Summary: "Pops elements from the first of several lists that is not empty.",
		Syntax:  "numkeys key [key ...] LEFT|RIGHT [COUNT count]", Run: lmpop,
	},
	{
		Name: "lpop", Arity: -2, Since: "1.0.0", Complexity: "O(N), N = number of elements returned",
		Flags: command.Write | command.Fast, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Removes the first elements of a list and returns them.",
		Syntax:  "key [count]", Run: lpop,
	},
	{
		Name: "lpos", Arity: -3, Since: "6.0.6", Complexity: "O(N), N = number of elements compared",
		Flags: command.ReadOnly, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Returns the indexes of the elements of a list that equal a given one.",
		Syntax:  "key element [RANK rank] [COUNT num-matches] [MAXLEN len]", Run: lpos,
	},
	{
		Name: "lpush", Arity: -3, Since: "1.0.0", Complexity: "O(N), N = number of elements given",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Adds elements at the head of a list, one after the other.",
		Syntax:  "key element [element ...]", Run: lpush,
	},
	{
		Name: "lpushx", Arity: -3, Since: "2.2.0", Complexity: "O(N), N = number of elements given",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Adds elements at the head of a list, but only if the list exists.",
		Syntax:  "key element [element ...]", Run: lpushx,
	},
	{
		Name: "lrange", Arity: 4, Since: "1.0.0", Complexity: "O(S+N), S = distance of the range from the nearer end, N = its length",
		Flags: command.ReadOnly, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Returns a range of the elements of a list.",
		Syntax:  "key start stop", Run: lrange,
	},
	{
		Name: "lrem", Arity: 4, Since: "1.0.0", Complexity: "O(N), N = length of the list",
		Flags: command.Write, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Removes elements that equal a given one from a list.",
		Syntax:  "key count element", Run: lrem,
	},
	{
		Name: "lset", Arity: 4, Since: "1.0.0", Complexity: "O(N), N = distance of the element from the nearer end",
		Flags: command.Write | command.DenyOOM, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Replaces an element of a list by its index.",
		Syntax:  "key index element", Run: lset,
	},
	{
		Name: "ltrim", Arity: 4, Since: "1.0.0", Complexity: "O(N), N = number of elements removed",
		Flags: command.Write, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Removes the elements of a list that are outside a range.",
		Syntax:  "key start stop", Run: ltrim,
	},
	{
		Name: "rpop", Arity: -2, Since: "1.0.0", Complexity: "O(N), N = number of elements returned",
		Flags: command.Write | command.Fast, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Removes the last elements of a list and returns them, last one first.",
		Syntax:  "key [count]", Run: rpop,
	},
	{
		Name: "rpoplpush", Arity: 3, Since: "1.2.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM, ACL: command.CatList, Keys: command.Keys(1, 2, 1),
		Summary: "Moves the last element of a list to the head of another and returns it.",
		Syntax:  "source destination", Run: rpoplpush,
	},
	{
		Name: "rpush", Arity: -3, Since: "1.0.0", Complexity: "O(N), N = number of elements given",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Adds elements at the tail of a list.",
		Syntax:  "key element [element ...]", Run: rpush,
	},
	{
		Name: "rpushx", Arity: -3, Since: "2.2.0", Complexity: "O(N), N = number of elements given",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatList, Keys: command.Key(1),
		Summary: "Adds elements at the tail of a list, but only if the list exists.",
		Syntax:  "key element [element ...]", Run: rpushx,
	},
}
