package integration

import (
	"slices"
	"strconv"
	"strings"
)

// sameReply tells whether two replies to a command say the same: after putting what has no order in order, and
// leaving out what depends on chance or the clock, they are equal, or differ as the versions of Redis do.
func sameReply(args []string, ours, redis *value) bool {
	name := strings.ToUpper(args[0])
	if _, mark := commandsOf(args); mark == "#call" || mark != "" && (ours.kind != '-' || redis.kind != '-') {
		return sameScript(args, ours, redis)
	}
	if ours.kind == '-' || redis.kind == '-' {
		return ours.kind == redis.kind && ours.text == redis.text || knownDifference(name, args, ours, redis)
	}
	if unordered := orderRules[name]; unordered != nil {
		unordered(args, ours)
		unordered(args, redis)
	}
	if ours.String() == redis.String() {
		return true
	}
	if slack, ok := clockReplies[name]; ok && nearTexts(ours.text, redis.text, slack) {
		return true
	}
	return knownDifference(name, args, ours, redis)
}

// clockReplies are integer replies that depend on the clock, and how much they may differ.
var clockReplies = map[string]int64{"TTL": slackMs / 1000, "PTTL": slackMs, "EXPIRETIME": slackMs / 1000, "PEXPIRETIME": slackMs}

// nearTexts tells whether both are times and not far apart.
func nearTexts(a, b string, slack int64) bool {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	return errX == nil && errY == nil && near(x, y, slack)
}

// orderRules take order, chance and time out of replies.
var orderRules = map[string]func(args []string, v *value){
	"SMEMBERS": anyOrder, "SINTER": anyOrder, "SUNION": anyOrder, "SDIFF": anyOrder, "SPOP": anyOrder,
	"KEYS": anyOrder, "HKEYS": anyOrder, "HVALS": anyOrder,
	"HGETALL":     func(_ []string, v *value) { v.sorted(2) },
	"SCAN":        func(_ []string, v *value) { sortPage(v, 1) },
	"SSCAN":       func(_ []string, v *value) { sortPage(v, 1) },
	"HSCAN":       func(_ []string, v *value) { sortPage(v, 2) },
	"ZSCAN":       func(_ []string, v *value) { sortPage(v, 2) },
	"RANDOMKEY":   func(_ []string, v *value) { shapeOnly(v) },
	"SRANDMEMBER": random,
	"HRANDFIELD":  random,
	"ZRANDMEMBER": random,
	"SORT":        sortCommand,
	"SORT_RO":     sortCommand,
	"GEOSEARCH":   geoSearch,
	"GEORADIUS":   geoSearch, "GEORADIUS_RO": geoSearch, "GEORADIUSBYMEMBER": geoSearch, "GEORADIUSBYMEMBER_RO": geoSearch,
	"DBSIZE":   func(_ []string, v *value) { shapeOnly(v) }, // counts what is past its deadline but still there
	"XINFO":    xinfo,
	"XPENDING": xpending,
}

func anyOrder(_ []string, v *value) { v.sorted(1) }

// sortPage puts the elements of a SCAN reply in order.
func sortPage(v *value, group int) {
	if len(v.items) == 2 {
		v.items[1].sorted(group)
	}
}

// shapeOnly keeps how many items there are and of what kinds.
func shapeOnly(v *value) {
	if !v.aggregate() {
		v.text = ""
	}
	for _, item := range v.items {
		shapeOnly(item)
	}
}

// geoSearch is for searches by place: equal distances have no order, so that any of them may be what COUNT leaves, and
// ANY is whichever are found first.
func geoSearch(args []string, v *value) {
	if has(args, "COUNT") {
		shapeOnly(v)
	}
	v.sorted(1)
}

// random is for commands that answer random members: without repetition and more than there are, all of them.
func random(args []string, v *value) {
	if len(args) < 3 || strings.HasPrefix(args[2], "-") {
		shapeOnly(v)
		return
	}
	group := 1
	if len(args) > 3 && len(v.items) > 0 && v.items[0].items == nil {
		group = 2
	}
	v.sorted(group)
}

// sortCommand is for SORT: by a pattern without * nothing is sorted, and by ALPHA equal weights have no order, to
// which belong, in Redis, texts that differ after a zero byte.
func sortCommand(args []string, v *value) {
	zero := slices.ContainsFunc(v.items, func(item *value) bool { return strings.Contains(item.text, "\x00") })
	by := slices.IndexFunc(args, func(a string) bool { return strings.EqualFold(a, "BY") })
	switch {
	case has(args, "ALPHA") && (zero || by > 0): // no order
	case by > 0 && by+1 < len(args) && !strings.Contains(args[by+1], "*"): // not sorted
	default:
		return
	}
	if has(args, "LIMIT") { // any of them
		v.items = v.items[:0]
		return
	}
	group := 0
	for _, a := range args {
		if strings.EqualFold(a, "GET") {
			group++
		}
	}
	v.sorted(max(1, group))
}

func has(args []string, word string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, word) })
}

// xinfo drops what depends on the clock or on how a tree is laid out, and what differs between 7.0 and 7.4: the times
// of activity, consumers who have nothing (XCLAIM makes them since 7.2), how many entries were read and the lag (estimated otherwise).
func xinfo(args []string, v *value) {
	if len(args) < 2 {
		return
	}
	switch strings.ToUpper(args[1]) {
	case "STREAM":
		v.drop("radix-tree-keys", "radix-tree-nodes")
		for _, g := range v.field("groups").items {
			g.drop("lag", "entries-read")
			dropTimes(g.field("pending"), 2)
			consumers := g.field("consumers")
			for _, c := range consumers.items {
				c.drop("seen-time", "active-time")
				dropTimes(c.field("pending"), 1)
			}
			consumers.items = slices.DeleteFunc(consumers.items, func(c *value) bool { return c.field("pel-count").text == "0" })
		}
	case "GROUPS":
		for _, g := range v.items {
			g.drop("lag", "entries-read", "consumers")
		}
	case "CONSUMERS":
		for _, c := range v.items {
			c.drop("idle", "inactive")
		}
		v.items = slices.DeleteFunc(v.items, func(c *value) bool { return c.field("pending").text == "0" })
	}
}

// xpending drops the idle times of entries.
func xpending(args []string, v *value) {
	if len(args) > 3 {
		dropTimes(v, 2)
	}
}

// dropTimes removes the item at an index from each item.
func dropTimes(list *value, at int) {
	for _, p := range list.items {
		if len(p.items) > at {
			p.items = slices.Delete(p.items, at, at+1)
		}
	}
}

// difference is a case in which we answer as Redis 7.4 does, and 7.0.15 otherwise.
type difference struct {
	reason   string
	commands []string // "" in it: all
	allows   func(args []string, ours, redis *value) bool
}

// differences lists all of them.
var differences = []difference{
	{
		reason: "scores: 7.0 prints 17 digits, later the shortest text that reads back the same",
		commands: []string{"ZSCORE", "ZMSCORE", "ZINCRBY", "ZADD", "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZPOPMIN", "ZPOPMAX",
			"ZMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "ZUNION", "ZINTER", "ZDIFF", "ZRANDMEMBER", "ZSCAN", "GEOSEARCH", "SORT", "SORT_RO"},
		allows: func(_ []string, ours, redis *value) bool { return sameScores(ours, redis) },
	},
	{
		reason:   "small sets are listpacks since 7.2, small lists too",
		commands: []string{"OBJECT"},
		allows: func(args []string, ours, redis *value) bool {
			return len(args) == 3 && ours.text == "listpack" && (redis.text == "hashtable" || redis.text == "quicklist")
		},
	},
	{
		reason:   "arguments are checked before the key is looked up since 7.2",
		commands: []string{"BITCOUNT", "BITPOS"},
		allows: func(_ []string, ours, redis *value) bool {
			return ours.kind == '-' && (redis.kind == ':' || strings.HasPrefix(redis.text, "WRONGTYPE"))
		},
	},
	{
		reason:   "the text names the command since 7.2",
		commands: []string{"XREAD", "XREADGROUP"},
		allows: func(_ []string, ours, redis *value) bool {
			return strings.HasPrefix(ours.text, "ERR Unbalanced 'x") && strings.HasPrefix(redis.text, "ERR Unbalanced XREAD list")
		},
	},
	{
		reason:   "the ID + of the last entry is there since 7.4",
		commands: []string{"XREAD", "XREADGROUP"},
		allows:   func(args []string, _, redis *value) bool { return has(args, "+") && redis.kind == '-' },
	},
	{
		reason:   "XCLAIM makes the consumer even when it claims nothing since 7.2",
		commands: []string{"XGROUP"},
		allows: func(args []string, ours, redis *value) bool {
			return has(args, "CREATECONSUMER") && ours.text == "0" && redis.text == "1"
		},
	},
	{
		reason:   "the option WITHSCORE is there since 7.2",
		commands: []string{"ZRANK", "ZREVRANK"},
		allows: func(args []string, _, redis *value) bool {
			return len(args) > 3 && strings.HasPrefix(redis.text, "ERR wrong number of arguments")
		},
	},
	{
		reason:   "Redis cuts a word in an error text at a zero byte",
		commands: []string{""},
		allows: func(_ []string, ours, redis *value) bool {
			before, _, found := strings.Cut(ours.text, "\x00")
			return found && ours.kind == '-' && strings.HasPrefix(redis.text, before)
		},
	},
}

// knownDifference tells whether a difference is in the list.
func knownDifference(name string, args []string, ours, redis *value) bool {
	for _, d := range differences {
		if (slices.Contains(d.commands, name) || d.commands[0] == "") && d.allows(args, ours, redis) {
			return true
		}
	}
	return false
}

// sameScores tells whether replies are equal but for the text of numbers that are equal.
func sameScores(a, b *value) bool {
	if a.kind != b.kind || a.null != b.null || len(a.items) != len(b.items) {
		return false
	}
	for i := range a.items {
		if !sameScores(a.items[i], b.items[i]) {
			return false
		}
	}
	if a.text == b.text {
		return true
	}
	x, errX := strconv.ParseFloat(a.text, 64)
	y, errY := strconv.ParseFloat(b.text, 64)
	return errX == nil && errY == nil && x == y // of -0 too, which is kept or not by the encoding at each step
}
