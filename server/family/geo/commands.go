package geo

import "dragonfly/server/command"

// Commands declares the family of positions.
var Commands = []command.Command{
	{
		Name: "geoadd", Arity: -5, Since: "3.2.0",
		Flags: command.Write | command.DenyOOM, ACL: command.CatGeo, Keys: command.Key(1),
		Complexity: "O(log(N)) for each member added, N = number of members",
		Summary:    "Adds members at positions, or moves them.",
		Syntax:     "key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
		Run:        geoadd,
	},
	{
		Name: "geodist", Arity: -4, Since: "3.2.0",
		Flags: command.ReadOnly, ACL: command.CatGeo, Keys: command.Key(1),
		Complexity: "O(1)",
		Summary:    "Returns the distance between two members.",
		Syntax:     "key member1 member2 [M | KM | FT | MI]",
		Run:        geodist,
	},
	{
		Name: "geohash", Arity: -2, Since: "3.2.0",
		Flags: command.ReadOnly, ACL: command.CatGeo, Keys: command.Key(1),
		Complexity: "O(N), N = number of members asked for",
		Summary:    "Returns the positions of members as geohash texts.",
		Syntax:     "key [member [member ...]]",
		Run:        geohash,
	},
	{
		Name: "geopos", Arity: -2, Since: "3.2.0",
		Flags: command.ReadOnly, ACL: command.CatGeo, Keys: command.Key(1),
		Complexity: "O(N), N = number of members asked for",
		Summary:    "Returns the longitudes and latitudes of members.",
		Syntax:     "key [member [member ...]]",
		Run:        geopos,
	},
	{
		Name: "georadius", Arity: -6, Since: "3.2.0",
		Flags: command.Write | command.DenyOOM | command.MovableKeys, ACL: command.CatGeo, Keys: radiusKeys(6),
		Complexity: "O(N+log(M)), N = members in the cells around the circle, M = members in it",
		Summary:    "Returns or stores the members in a circle around a position.",
		Syntax: "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] " +
			"[ASC | DESC] [STORE key | STOREDIST key]",
		Run: georadius,
	},
	{
		Name: "georadius_ro", Arity: -6, Since: "3.2.10",
		Flags: command.ReadOnly, ACL: command.CatGeo, Keys: command.Key(1),
		Complexity: "O(N+log(M)), N = members in the cells around the circle, M = members in it",
		Summary:    "Returns the members in a circle around a position.",
		Syntax: "key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] " +
			"[ASC | DESC]",
		Run: georadiusRO,
	},
	{
		Name: "georadiusbymember", Arity: -5, Since: "3.2.0",
		Flags: command.Write | command.DenyOOM | command.MovableKeys, ACL: command.CatGeo, Keys: radiusKeys(5),
		Complexity: "O(N+log(M)), N = members in the cells around the circle, M = members in it",
		Summary:    "Returns or stores the members in a circle around a member.",
		Syntax: "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] " +
			"[ASC | DESC] [STORE key | STOREDIST key]",
		Run: georadiusbymember,
	},
	{
		Name: "georadiusbymember_ro", Arity: -5, Since: "3.2.10",
		Flags: command.ReadOnly, ACL: command.CatGeo, Keys: command.Key(1),
		Complexity: "O(N+log(M)), N = members in the cells around the circle, M = members in it",
		Summary:    "Returns the members in a circle around a member.",
		Syntax: "key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] " +
			"[ASC | DESC]",
		Run: georadiusbymemberRO,
	},
	{
		Name: "geosearch", Arity: -7, Since: "6.2.0",
		Flags: command.ReadOnly, ACL: command.CatGeo, Keys: command.Key(1),
		Complexity: "O(N+log(M)), N = members in the cells around the shape, M = members in it",
		Summary:    "Returns the members in a circle or a box.",
		Syntax: "key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | " +
			"BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
		Run: geosearch,
	},
	{
		Name: "geosearchstore", Arity: -8, Since: "6.2.0",
		Flags: command.Write | command.DenyOOM, ACL: command.CatGeo, Keys: command.Keys(1, 2, 1),
		Complexity: "O(N+log(M)), N = members in the cells around the shape, M = members in it",
		Summary:    "Stores the members in a circle or a box.",
		Syntax: "destination source <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | " +
			"BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]",
		Run: geosearchstore,
	},
}

// radiusKeys is the spec of GEORADIUS and GEORADIUSBYMEMBER: the key at 1, and
// the last one that STORE or STOREDIST names behind options from first on.
func radiusKeys(first int) command.KeySpec {
	return command.KeySpec{First: 1, Last: 1, Step: 1, Find: func(dst []int, args [][]byte) []int {
		dst = append(dst, 1)
		target := 0
		for i := first; i+1 < len(args); i++ {
			if command.Is(args[i], "store") || command.Is(args[i], "storedist") {
				i++
				target = i
			}
		}
		if target > 0 {
			dst = append(dst, target)
		}
		return dst
	}}
}
