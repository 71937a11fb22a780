// Package bitmap is the bitmap family: strings as arrays of bits, the highest bit of a byte being its first.
package bitmap

import "dragonfly/server/command"

// Commands declares the bitmap family.
var Commands = []command.Command{
	{
		Name: "bitcount", Arity: -2, Since: "2.6.0", Complexity: "O(N)",
		Flags: command.ReadOnly, ACL: command.CatBitmap, Keys: command.Key(1),
		Summary: "Counts the set bits of a string.",
		Syntax:  "key [start end [BYTE | BIT]]", Run: bitcount,
	},
	{
		Name: "bitfield", Arity: -2, Since: "3.2.0", Complexity: "O(1) for each operation",
		Flags: command.Write | command.DenyOOM, ACL: command.CatBitmap, Keys: command.Key(1),
		Summary: "Reads, sets and increments integers of any width at any bits of a string.",
		Syntax: "key [GET encoding offset | [OVERFLOW WRAP|SAT|FAIL] SET encoding offset value | " +
			"INCRBY encoding offset increment ...]",
		Run: bitfield,
	},
	{
		Name: "bitfield_ro", Arity: -2, Since: "6.0.0", Complexity: "O(1) for each operation",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatBitmap, Keys: command.Key(1),
		Summary: "Reads integers of any width at any bits of a string.",
		Syntax:  "key [GET encoding offset ...]", Run: bitfieldRO,
	},
	{
		Name: "bitop", Arity: -4, Since: "2.6.0", Complexity: "O(N)",
		Flags: command.Write | command.DenyOOM, ACL: command.CatBitmap, Keys: command.Keys(2, -1, 1),
		Summary: "Combines strings bit by bit and stores the result.",
		Syntax:  "AND|OR|XOR|NOT destkey key [key ...]", Run: bitop,
	},
	{
		Name: "bitpos", Arity: -3, Since: "2.8.7", Complexity: "O(N)",
		Flags: command.ReadOnly, ACL: command.CatBitmap, Keys: command.Key(1),
		Summary: "Finds the first set or clear bit of a string.",
		Syntax:  "key bit [start [end [BYTE | BIT]]]", Run: bitpos,
	},
	{
		Name: "getbit", Arity: 3, Since: "2.2.0", Complexity: "O(1)",
		Flags: command.ReadOnly | command.Fast, ACL: command.CatBitmap, Keys: command.Key(1),
		Summary: "Returns a bit of a string by its offset.",
		Syntax:  "key offset", Run: getbit,
	},
	{
		Name: "setbit", Arity: 4, Since: "2.2.0", Complexity: "O(1)",
		Flags: command.Write | command.DenyOOM, ACL: command.CatBitmap, Keys: command.Key(1),
		Summary: "Sets or clears a bit of a string, which grows as needed, and returns what it was.",
		Syntax:  "key offset value", Run: setbit,
	},
}
