// Package hll is the HyperLogLog family.
package hll

import "dragonfly/server/command"

// Commands declares the HyperLogLog family.
var Commands = []command.Command{
	{
		Name: "pfadd", Arity: -2, Since: "2.8.9", Complexity: "O(1) for each element",
		Flags: command.Write | command.DenyOOM | command.Fast, ACL: command.CatHyperLogLog, Keys: command.Key(1),
		Summary: "Adds elements to a HyperLogLog, which is created if missing.",
		Syntax:  "key [element [element ...]]", Run: pfadd,
	},
	{
		Name: "pfcount", Arity: -2, Since: "2.8.9", Complexity: "O(1) for one key, O(N) for N keys",
		Flags: command.ReadOnly, ACL: command.CatHyperLogLog, Keys: counted(command.Keys(1, -1, 1)),
		Summary: "Estimates how many different elements were added to HyperLogLogs.",
		Syntax:  "key [key ...]", Run: pfcount,
	},
	{
		Name: "pfdebug", Arity: 3, Since: "2.8.9", Complexity: "N/A",
		Flags: command.Write | command.DenyOOM | command.Admin, ACL: command.CatHyperLogLog, Keys: command.Key(2),
		Summary: "Looks into a HyperLogLog; for tests.",
		Syntax:  "GETREG|DECODE|ENCODING|TODENSE key", Run: pfdebug,
	},
	{
		Name: "pfmerge", Arity: -2, Since: "2.8.9", Complexity: "O(N) for N keys",
		Flags: command.Write | command.DenyOOM, ACL: command.CatHyperLogLog, Keys: command.Keys(1, -1, 1),
		Summary: "Merges HyperLogLogs into one.",
		Syntax:  "destkey [sourcekey [sourcekey ...]]", Run: pfmerge,
	},
	{
		Name: "pfselftest", Arity: 1, Since: "2.8.9", Complexity: "N/A",
		Flags: command.Admin, ACL: command.CatHyperLogLog,
		Summary: "Tests HyperLogLogs; for tests.", Run: pfselftest,
	},
}

// counted marks keys whose cached counts may be written.
func counted(k command.KeySpec) command.KeySpec {
	k.Access = command.RW
	return k
}
